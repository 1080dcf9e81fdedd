package tessella.golden.topkot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.transport.Cardinality;
import tessella.engine.transport.Evaluation;
import tessella.engine.transport.KSupport;
import tessella.engine.transport.LeastCost;
import tessella.engine.transport.PlanGradient;
import tessella.engine.transport.Sinkhorn;
import tessella.engine.transport.SolverOptions;
import tessella.engine.transport.TransportProblem;
import tessella.engine.transport.TransportResult;
import tessella.engine.transport.TransportSolver;
import tessella.reference.Attributes;
import tessella.reference.GoldenJson;

/** The cases of optimal transport of a golden file: the property {@code tessella.golden.topk}, by default the one beside this test. */
final class TransportGoldenTest {
    /** What a first-order solver may leave of the value at few entries a column, where the function has kinks. */
    private static final double SOLVER = 1e-3;
    /** Below it a gradient is the rounding of a 0. */
    private static final double ROUNDING = 1e-12;

    private final List<String> failures = new ArrayList<>();
    private final Map<String, Integer> passed = new TreeMap<>();

    private static double[] flat(double[][] rows) {
        return Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
    }

    private void near(String what, double tolerance, double[] want, double[] got) {
        assertEquals(want.length, got.length, what);
        double worst = 0;
        for (int i = 0; i < want.length; i++) {
            worst = Double.isNaN(got[i]) ? Double.POSITIVE_INFINITY : Math.max(worst, Math.abs(want[i] - got[i]));
        }
        if (!(worst <= tolerance)) {
            failures.add(what + ": off by " + worst + ", allowed " + tolerance);
        }
    }

    private static double largest(double[] x) {
        return Arrays.stream(x).map(Math::abs).max().orElse(0);
    }

    /** One case and how its results are compared. */
    private final class Case {
        final Attributes all;
        final Attributes params;
        final Attributes inputs;
        final Attributes expected;

        Case(Attributes all) {
            this.all = all;
            params = all.object("params");
            inputs = all.object("inputs");
            expected = all.object("expected");
        }

        void forward(String name, double[] want, double[] got) {
            near(all.text("id") + " " + name, all.object("tol").real("fwd") * Math.max(1, largest(want)), want, got);
        }

        void forward(String name, double[] got) {
            forward(name, expected.reals(name), got);
        }

        void value(double got) {
            forward("value", new double[] {expected.real("value")}, new double[] {got});
        }

        void plan(double[] got) {
            forward("plan", flat(expected.realRows("plan")), got);
        }

        NdArray cost() {
            double[][] rows = inputs.realRows("C");
            return NdArray.of(Scope.current(), Shape.of(rows.length, rows[0].length), flat(rows));
        }

        TransportProblem problem(int k) {
            return TransportProblem.of(cost(), inputs.reals("a"), inputs.reals("b"), params.real("gamma"), Cardinality.columns(k));
        }

        void run() {
            switch (all.text("op")) {
                case "ot_dual" -> {
                    Evaluation found = problem(params.integer("k")).dual(inputs.reals("alpha"), inputs.reals("beta"));
                    value(found.value());
                    forward("grad_alpha", found.alphaGradient());
                    forward("grad_beta", found.betaGradient());
                    plan(found.plan().toDoubles());
                }
                case "ot_semidual" -> {
                    Evaluation found = problem(params.integer("k")).semiDual(inputs.reals("alpha"));
                    value(found.value());
                    forward("grad_alpha", found.alphaGradient());
                    plan(found.plan().toDoubles());
                }
                case "ot_solve" -> solve();
                case "ot_relaxed_value" -> relaxed();
                case "ot_unregularised_value" -> value(LeastCost.of(cost(), inputs.reals("a"), inputs.reals("b")).value());
                case "sinkhorn" -> {
                    Sinkhorn found = Sinkhorn.of(cost(), inputs.reals("a"), inputs.reals("b"), params.real("epsilon"), 0,
                            params.integer("iterations"));
                    plan(found.plan());
                    forward("f", found.f());
                    forward("g", found.g());
                }
                case "ksupport_sq" -> value(KSupport.squared(inputs.reals("t"), params.integer("k")));
                default -> throw new AssertionError(all.text("op"));
            }
        }

        private void solve() {
            TransportProblem problem = problem(params.integer("k"));
            TransportResult found = TransportSolver.solve(problem, SolverOptions.DEFAULT);
            value(found.value());
            plan(found.plan().toDoubles());
            double[] certified = {problem.dual(expected.reals("alpha_certificate"), expected.reals("beta_certificate")).value()};
            forward("value of the certificate", certified, new double[] {found.value()});
            assertTrue(found.isConverged() && found.gap() < 1e-7, all.text("id") + ": " + found.stop() + ", gap " + found.gap());
            double[] want = flat(all.object("vjp").realRows("C"));
            double[] got = PlanGradient.of(found.plan(), params.real("gamma"), flat(all.object("cotangent").realRows("plan"))).cost();
            double scale = largest(want) < ROUNDING ? 1 : largest(want);
            near(all.text("id") + " vjp C", all.object("tol").real("vjp") * scale, want, got);
        }

        /** The value of the best potentials is below the least cost of the relaxed problem, and near it; with one entry, exactly. */
        private void relaxed() {
            Attributes values = expected.object("value_by_k");
            double tolerance = all.object("tol").real("fwd");
            for (String k : values.names()) {
                double want = values.real(k);
                TransportResult found = TransportSolver.solve(problem(Integer.parseInt(k)), SolverOptions.DEFAULT.until(1e-9, 3000));
                double got = found.value();
                if (got > want + tolerance || got < want - SOLVER || found.upperBound() < want - tolerance) {
                    failures.add(all.text("id") + " k = " + k + ": expected a value just below " + want + ", found " + got
                            + " and the bound " + found.upperBound());
                }
                if (k.equals("1")) {
                    LeastCost exact = LeastCost.of(cost(), inputs.reals("a"), inputs.reals("b"));
                    near(all.text("id") + " k = 1 from the least cost", tolerance, new double[] {want},
                            new double[] {problem(1).semiDual(exact.alpha()).value()});
                }
            }
        }
    }

    @Test
    void everyCaseOfTransportPasses() throws IOException {
        long before = Memory.inUse();
        for (Attributes all : GoldenJson.cases(GoldenCase.file())) {
            String op = all.text("op");
            if (op.startsWith("ot_") || op.equals("sinkhorn") || op.equals("ksupport_sq")) {
                int failed = failures.size();
                try (Scope _ = Scope.open()) {
                    new Case(all).run();
                }
                passed.merge(op, failures.size() == failed ? 1 : 0, Integer::sum);
            }
        }
        System.out.println("transport golden cases passed: " + passed);
        assertEquals(List.of(), failures);
        assertEquals(7, passed.size(), "operators: " + passed);
        assertEquals(before, Memory.inUse(), "bytes left after the golden cases");
    }
}
