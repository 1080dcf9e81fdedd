package tessella.autodiff;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.statistics.Statistics;
import net.jqwik.api.statistics.StatisticsReport;
import net.jqwik.api.statistics.StatisticsReport.StatisticsReportMode;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.transport.Cardinality;
import tessella.engine.transport.SolverOptions;
import tessella.engine.transport.TransportProblem;
import tessella.engine.transport.TransportResult;
import tessella.engine.transport.TransportSolver;
import tessella.reference.TransportOracle;

/** Transport as a loss and as a layer: values and plans of the oracle, gradients by central differences. */
class TransportTest {
    private static final double GAMMA = 0.5;
    private static final SolverOptions OPTIONS = SolverOptions.DEFAULT;

    /** Scores of rows and of columns, of which masses are the softmax, and costs, at which a small change moves no entry in or out. */
    private record Sample(double[] cost, double[] rows, double[] columns, int m, int n, Cardinality k) {
        static Sample of(long seed, boolean limited) {
            SplittableRandom random = new SplittableRandom(seed);
            int m = random.nextInt(1, 6);
            int n = random.nextInt(1, 5);
            double[] cost = random.doubles((long) m * n).toArray();
            double[] rows = random.doubles(m, -1, 1).toArray();
            double[] columns = random.doubles(n, -1, 1).toArray();
            Cardinality k = !limited ? Cardinality.unlimited() : random.nextBoolean() ? Cardinality.columns(Math.max(1, m - 1))
                    : Cardinality.rows(Math.max(1, n - 1));
            return new Sample(cost, rows, columns, m, n, k);
        }

        private static double[] softmax(double[] x) {
            double[] e = Arrays.stream(x).map(Math::exp).toArray();
            double sum = Arrays.stream(e).sum();
            return Arrays.stream(e).map(v -> v / sum).toArray();
        }

        TransportResult solved() {
            try (Scope scope = Scope.open()) {
                return TransportSolver.solve(TransportProblem.of(NdArray.of(scope, Shape.of(m, n), cost), softmax(rows), softmax(columns),
                        GAMMA, k), OPTIONS);
            }
        }

        /** Solved, nothing tied, and every pair well inside the plan or well outside. */
        boolean isSmooth() {
            TransportResult found = solved();
            boolean clear = found.isConverged() && found.ties() == 0;
            double[] plan = found.plan().toDoubles();
            for (int at = 0; at < plan.length; at++) {
                double x = found.alpha()[at / n] + found.beta()[at % n] - cost[at];
                // where k binds, an element above 0 without an entry would tie with a small change
                clear &= Math.abs(x) > 1e-2 && (x < 0 || plan[at] > 0 || k.most() < Math.max(m, n));
            }
            return clear;
        }

        List<NdArray> inputs() {
            Scope scope = Scope.current();
            return List.of(NdArray.of(scope, Shape.of(m, n), cost), NdArray.of(scope, Shape.of(m), rows), NdArray.of(scope, Shape.of(n),
                    columns));
        }

        double[][] costRows() {
            double[][] out = new double[m][];
            Arrays.setAll(out, i -> Arrays.copyOfRange(cost, i * n, (i + 1) * n));
            return out;
        }
    }

    private static Tensor cost(List<Tensor> x, Cardinality k) {
        return Transport.transportCost(x.get(0), Softmax.softmax(x.get(1), 0), Softmax.softmax(x.get(2), 0), GAMMA, k, OPTIONS);
    }

    private static Tensor plan(List<Tensor> x, Cardinality k) {
        return Transport.transportPlan(x.get(0), Softmax.softmax(x.get(1), 0), Softmax.softmax(x.get(2), 0), GAMMA, k, OPTIONS);
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    @StatisticsReport(StatisticsReportMode.OFF)
    void ot16GradientsOfTheCostEqualCentralDifferences(@ForAll long seed, @ForAll boolean limited) {
        Sample sample = Sample.of(seed, limited);
        boolean smooth = sample.isSmooth();
        Statistics.collect(limited, smooth);
        Statistics.coverage(seen -> seen.check(true, true).count(count -> count > 10));
        if (smooth) {
            try (Scope _ = Scope.open()) {
                GradientCheck.Worst worst = GradientCheck.worst(x -> cost(x, sample.k), sample.inputs());
                assertTrue(worst.error() < 1e-6, sample.k + ": " + worst);
            }
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    @StatisticsReport(StatisticsReportMode.OFF)
    void gradientsOfThePlanEqualCentralDifferences(@ForAll long seed, @ForAll boolean limited) {
        Sample sample = Sample.of(seed, limited);
        boolean smooth = sample.isSmooth();
        Statistics.collect(limited, smooth);
        Statistics.coverage(seen -> seen.check(true, true).count(count -> count > 10));
        if (smooth) {
            try (Scope _ = Scope.open()) {
                GradientCheck.Worst worst = GradientCheck.worst(x -> plan(x, sample.k), sample.inputs());
                assertTrue(worst.error() < 1e-6, sample.k + ": " + worst);
            }
        }
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void costAndPlanEqualTheOracle(@ForAll(supplier = Computed.class) DType dtype, @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        double[] cost = random.doubles(9).map(v -> (float) v).toArray();
        double[] a = {0.25, 0.25, 0.5};
        double[] b = {0.5, 0.375, 0.125};
        double[][] rows = {Arrays.copyOfRange(cost, 0, 3), Arrays.copyOfRange(cost, 3, 6), Arrays.copyOfRange(cost, 6, 9)};
        double[][] expected = TransportOracle.sparsePlan(rows, a, b, GAMMA, 3);
        try (Scope _ = Scope.open()) {
            Tensor c = Tensor.of(array(dtype, cost, 3, 3));
            Tensor masses = Tensor.of(array(dtype, a, 3));
            Tensor others = Tensor.of(array(dtype, b, 3));
            Tensor plan = Transport.transportPlan(c, masses, others, GAMMA, Cardinality.unlimited(), OPTIONS);
            Tensor least = Transport.transportCost(c, masses, others, GAMMA, Cardinality.unlimited(), OPTIONS);
            double tolerance = dtype == DType.F32 ? 1e-6 : 1e-8;
            assertArrayEquals(Arrays.stream(expected).flatMapToDouble(Arrays::stream).toArray(), plan.toDoubles(), tolerance);
            assertEquals(TransportOracle.primal(rows, expected, GAMMA), least.item(), tolerance);
            assertEquals(dtype, plan.dtype());
            assertEquals(dtype, least.dtype());
        }
    }

    private static NdArray array(DType dtype, double[] values, long... dims) {
        NdArray out = NdArray.empty(Scope.current(), dtype, Shape.of(dims));
        out.copyFrom(values);
        return out;
    }

    /** Float32 parts the sums of masses by their rounding; that is no error. Sums that really differ are one. */
    @Example
    void massesOfFloat32NeedNotSumToTheLastBit() {
        try (Scope _ = Scope.open()) {
            Tensor c = Tensor.of(NdArray.zeros(Scope.current(), DType.F32, Shape.of(10, 3)));
            Tensor a = Tensor.of(NdArray.full(Scope.current(), DType.F32, Shape.of(10), 1));
            Tensor b = Tensor.of(NdArray.full(Scope.current(), DType.F32, Shape.of(3), 10.0 / 3));
            Tensor plan = Transport.transportPlan(c, a, b, 1, Cardinality.unlimited(), OPTIONS);
            assertEquals(10.0, Arrays.stream(plan.toDoubles()).sum(), 1e-5);
            Tensor more = Tensor.of(NdArray.full(Scope.current(), DType.F32, Shape.of(3), 3.4));
            assertTrue(assertThrows(IllegalArgumentException.class, () -> Transport.transportCost(c, a, more, 1, Cardinality.unlimited(),
                    OPTIONS)).getMessage().contains("one sum"));
            assertTrue(assertThrows(IllegalArgumentException.class, () -> Transport.transportPlan(c, c, b, 1, Cardinality.unlimited(),
                    OPTIONS)).getMessage().contains("row masses as one axis"));
        }
    }

    /** Only what was watched has a gradient, scaled by the cotangent, and the tape keeps nothing but the results. */
    @Example
    void gradientsGoWhereTheyAreWantedAndNothingIsKept() {
        Sample sample = Sample.of(4, false);
        try (Tape tape = Tape.record()) {
            List<Tensor> x = sample.inputs().stream().map(Tensor::of).toList();
            tape.watch(x.getFirst());
            Tensor a = Softmax.softmax(x.get(1), 0);
            Tensor b = Softmax.softmax(x.get(2), 0);
            long before = Memory.inUse();
            Tensor least = Transport.transportCost(x.getFirst(), a, b, GAMMA, sample.k, OPTIONS);
            assertEquals(64, Memory.inUse() - before, "one element");
            double[] plan = sample.solved().plan().toDoubles();
            Gradients gradients = tape.gradients(least, -3);
            assertArrayEquals(Arrays.stream(plan).map(t -> -3 * t).toArray(), gradients.of(x.getFirst()).toDoubles(), 1e-12);
            assertEquals(null, gradients.of(x.get(1)));
        }
        assertEquals(TransportOracle.primal(sample.costRows(), rows(sample), GAMMA), sample.solved().value(), 1e-9);
    }

    private static double[][] rows(Sample sample) {
        double[] plan = sample.solved().plan().toDoubles();
        double[][] out = new double[sample.m][];
        Arrays.setAll(out, i -> Arrays.copyOfRange(plan, i * sample.n, (i + 1) * sample.n));
        return out;
    }
}
