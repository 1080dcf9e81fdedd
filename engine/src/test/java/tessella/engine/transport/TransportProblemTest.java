package tessella.engine.transport;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;
import tessella.engine.DType;
import tessella.engine.MemoryReturned;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.Workers;

/** What problems refuse, their edges, threads and memory. */
@ExtendWith(MemoryReturned.class)
class TransportProblemTest {
    private static final double[] HALVES = {0.5, 0.5};

    private static <T extends RuntimeException> void says(Class<T> type, Executable action, String... parts) {
        String message = assertThrows(type, action).getMessage();
        for (String part : parts) {
            assertTrue(message.contains(part), "expected \"" + part + "\" in: " + message);
        }
        assertFalse(message.contains("\n") || message.endsWith(".") || message.length() > 400, message);
    }

    private static void refused(Executable action, String... parts) {
        says(IllegalArgumentException.class, action, parts);
    }

    private static TransportProblem problem(NdArray cost, double[] a, double[] b, double gamma, int k) {
        return TransportProblem.of(cost, a, b, gamma, Cardinality.columns(k));
    }

    @Test
    void whatIsNoTransportProblemIsRefused() {
        try (Scope scope = Scope.open()) {
            NdArray cost = NdArray.zeros(scope, DType.F64, Shape.of(2, 2));
            refused(() -> problem(cost, new double[] {0.5, 0.6}, HALVES, 1, 1), "one sum", "1.1", "1.0");
            refused(() -> problem(cost, new double[] {1.5, -0.5}, HALVES, 1, 1), "at least 0", "-0.5", "row 1");
            refused(() -> problem(cost, HALVES, new double[] {Double.NaN, 1}, 1, 1), "at least 0", "NaN", "column 0");
            refused(() -> problem(cost, HALVES, new double[] {Double.POSITIVE_INFINITY, 1}, 1, 1), "finite", "column 0");
            refused(() -> problem(cost, HALVES, HALVES, 0, 1), "gamma above 0", "0.0", "LeastCost");
            refused(() -> problem(cost, HALVES, HALVES, -1, 1), "gamma above 0", "-1.0");
            refused(() -> problem(cost, HALVES, HALVES, Double.NaN, 1), "gamma above 0", "NaN");
            refused(() -> problem(cost, HALVES, HALVES, 1, 0), "at least 1 entry", "columns", "k = 0");
            refused(() -> Cardinality.rows(-3), "at least 1 entry", "rows", "k = -3");
            refused(() -> problem(cost, new double[] {1}, HALVES, 1, 1), "[2, 2]", "1 and 2");
            refused(() -> problem(cost.reshape(Shape.of(4)), HALVES, HALVES, 1, 1), "[m, n]", "[4]");
            refused(() -> problem(NdArray.zeros(scope, DType.F64, Shape.of(0, 2)), new double[0], HALVES, 1, 1), "[0, 2]");
            for (double bad : new double[] {Double.NaN, Double.NEGATIVE_INFINITY}) {
                NdArray broken = NdArray.of(scope, Shape.of(2, 2), new double[] {0, 0, bad, 0});
                refused(() -> problem(broken, HALVES, HALVES, 1, 1), "finite costs", "" + bad, "row 1, column 0");
                refused(() -> LeastCost.of(broken, HALVES, HALVES), "finite costs");
                refused(() -> Sinkhorn.of(broken, HALVES, HALVES, 1, 0, 1), "finite costs");
            }
        }
    }

    @Test
    void potentialsAndOptionsThatDoNotFitAreRefused() {
        try (Scope scope = Scope.open()) {
            TransportProblem t = problem(NdArray.zeros(scope, DType.F64, Shape.of(2, 2)), HALVES, HALVES, 1, 1);
            refused(() -> t.dual(new double[1], new double[2]), "2 rows", "1 of them");
            refused(() -> t.dual(new double[2], new double[] {0, Double.NaN}), "2 columns", "one that is not");
            refused(() -> t.semiDual(new double[3]), "2 rows", "3 of them");
            refused(() -> TransportSolver.solve(t, SolverOptions.DEFAULT.with(new Start.Potentials(new double[2], new double[3]))),
                    "2 columns", "3 of them");
            refused(() -> SolverOptions.DEFAULT.until(-1, 5), "tolerance", "-1.0");
            refused(() -> SolverOptions.DEFAULT.until(Double.NaN, 5), "tolerance", "NaN");
            refused(() -> SolverOptions.DEFAULT.until(0, -1), "at least 0 iterations", "-1");
            refused(() -> Ascent.Adam.of(0), "rate above 0", "0.0");
            refused(() -> new Ascent.Adam(1, 1, 0, 1), "b1", "1.0");
            refused(() -> new Ascent.Adam(1, 0, -0.1, 1), "b2", "-0.1");
            refused(() -> new Ascent.Adam(1, 0, 0, 0), "eps", "0.0");
            refused(() -> new Ascent.LBfgs(0), "memory", "0.0");
            refused(() -> KSupport.squared(new double[2], 0), "k of at least 1", "0");
            NdArray cost = NdArray.zeros(scope, DType.F64, Shape.of(2, 2));
            refused(() -> Sinkhorn.of(cost, HALVES, HALVES, 0, 0, 1), "epsilon", "0.0");
            refused(() -> Sinkhorn.of(cost, HALVES, HALVES, 1, -1, 1), "tolerance", "-1.0");
            refused(() -> Sinkhorn.of(cost, HALVES, HALVES, 1, 0, 0), "1 iteration", "0");
            SparsePlan plan = t.semiDual(new double[2]).plan();
            refused(() -> PlanGradient.of(plan, 1, new double[3]), "4 elements", "found 3");
        }
    }

    @Test
    void aColumnWithoutMassIsEmptyAndValuesStayFinite() {
        double[][] cost = {{0.1, 0.2, 0.3}, {0.3, 0.1, 0.2}};
        Instance x = new Instance(cost, HALVES, new double[] {0.25, 0, 0.75}, 1, 2);
        for (Formulation formulation : Formulation.values()) {
            TransportResult found = x.solve(SolverOptions.DEFAULT.with(formulation));
            assertTrue(found.isConverged() && Double.isFinite(found.value()), formulation + ": " + found.stop());
            assertEquals(0, found.plan().columnSums()[1]);
            assertEquals(0, found.gap(), 1e-12);
        }
        TransportResult nothing = new Instance(cost, new double[2], new double[3], 1, 1).solve(SolverOptions.DEFAULT);
        assertEquals(0, nothing.plan().entries());
        assertEquals(0, nothing.value());
        assertTrue(nothing.isConverged());
    }

    @Test
    void oneRowOrOneColumnIsFixedByTheMarginals() {
        for (int k : new int[] {1, 5}) {
            TransportResult row = new Instance(new double[][] {{0.3, 0.9, 0.1}}, new double[] {2}, new double[] {0.5, 1, 0.5}, 0.1, k)
                    .solve(SolverOptions.DEFAULT);
            assertArrayEquals(new double[] {0.5, 1, 0.5}, row.plan().toDoubles(), 1e-12);
            assertTrue(row.isConverged());
        }
        TransportResult column = new Instance(new double[][] {{0.3}, {0.9}, {0.1}}, new double[] {0.5, 1, 0.5}, new double[] {2}, 0.1, 3)
                .solve(SolverOptions.DEFAULT);
        assertArrayEquals(new double[] {0.5, 1, 0.5}, column.plan().toDoubles(), 1e-12);
    }

    /** k above the number of rows is no limit. */
    @Test
    void largerNumbersOfEntriesThanRowsAreNoLimit() {
        Instance x = Instance.of(11, 4, 3);
        TransportResult all = x.withK(4).solve(SolverOptions.DEFAULT);
        TransportResult more = x.withK(Integer.MAX_VALUE).solve(SolverOptions.DEFAULT.with(new Start.Unlimited()));
        assertArrayEquals(all.plan().toDoubles(), more.plan().toDoubles());
        assertEquals(0, more.startIterations());
        try (Scope _ = Scope.open()) {
            TransportProblem unlimited = TransportProblem.of(x.costs(), x.a(), x.b(), x.gamma(), Cardinality.unlimited());
            assertArrayEquals(all.plan().toDoubles(), TransportSolver.solve(unlimited, SolverOptions.DEFAULT).plan().toDoubles());
        }
    }

    /** The library of the field returned such plans without a word (section 10 of the specification, item 9). */
    @Test
    void aPlanThatTiesLeaveOffItsMarginalsSaysSo() {
        int told = 0;
        for (int seed = 0; seed < 20; seed++) {
            Instance drawn = Instance.of(seed, 6, 5);
            Instance x = new Instance(drawn.cost(), drawn.a(), drawn.b(), 0.5, 2);
            TransportResult found = x.solve(SolverOptions.DEFAULT);
            double[] rows = found.plan().rowSums();
            double off = IntStream.range(0, 6).mapToDouble(i -> Math.abs(rows[i] - x.a()[i])).max().orElseThrow();
            assertEquals(off, found.marginalError(), 1e-14, "seed " + seed);
            assertEquals(off <= 1e-9, found.isConverged(), "seed " + seed);
            told += found.isConverged() ? 0 : 1;
            assertTrue(found.isConverged() || found.gap() > 0, "seed " + seed + ": gap " + found.gap());
        }
        assertTrue(told > 5, told + " of 20 plans were off their marginals");
    }

    @Test
    void columnsThatTieAreCounted() {
        double[][] cost = {{0, 3}, {0, 3}, {3, 0}};
        Instance x = new Instance(cost, new double[] {0.25, 0.25, 0.5}, HALVES, 1, 1);
        TransportResult found = x.solve(SolverOptions.DEFAULT);
        assertEquals(1, found.ties());
        assertEquals(0.25, found.rowError(), 1e-12);
        assertEquals(TransportResult.Stop.STALLED, found.stop());
        // the relaxed problem shares the tied column, at the price of a whole entry
        assertEquals(0.25, found.value(), 1e-12);
        assertEquals(0.25, found.upperBound(), 1e-12);
        assertEquals(0, x.withK(2).solve(SolverOptions.DEFAULT).ties());
    }

    @Test
    void everyPlanRoundedToTheMarginalsIsAnUpperBound() {
        try (Scope scope = Scope.open()) {
            NdArray cost = NdArray.of(scope, Shape.of(9, 6), IntStream.range(0, 54).mapToDouble(i -> (i * 37 % 23) / 23.0).toArray());
            double[] a = IntStream.range(0, 9).mapToDouble(i -> (i + 1) / 45.0).toArray();
            double[] b = IntStream.range(0, 6).mapToDouble(_ -> 1 / 6.0).toArray();
            TransportProblem columns = problem(cost, a, b, 1, 2);
            TransportResult solved = TransportSolver.solve(columns, SolverOptions.DEFAULT);
            assertEquals(solved.upperBound(), columns.upperBound(solved.plan()));
            SparsePlan cheapest = LeastCost.of(cost, a, b).plan();
            SparsePlan nothing = new SparsePlan(9, 6, new int[7], new int[0], new double[0]);
            for (SparsePlan plan : List.of(cheapest, nothing)) {
                assertTrue(columns.upperBound(plan) >= solved.value(), plan + " gives " + columns.upperBound(plan));
                TransportProblem turned = problem(cost.transpose(), b, a, 1, 2);
                TransportProblem rows = TransportProblem.of(cost, a, b, 1, Cardinality.rows(2));
                assertEquals(turned.upperBound(plan.transposed()), rows.upperBound(plan), 1e-12);
            }
            // nothing, rounded, is a b', whose cost without a limit is known
            double expected = 0;
            double[] costs = cost.toDoubles();
            for (int at = 0; at < 54; at++) {
                double mass = a[at / 6] * b[at % 6];
                expected += mass * costs[at] + mass * mass / 2;
            }
            assertEquals(expected, problem(cost, a, b, 1, 9).upperBound(nothing), 1e-12);
            refused(() -> columns.upperBound(nothing.transposed()), "[9, 6]", "[6, 9]");
        }
    }

    @Test
    void bitsDoNotDependOnTheNumberOfThreads() {
        Instance x = Instance.of(1, 700, 150).withK(9);
        double[] alpha = Instance.potentials(2, 700);
        List<double[]> alone = evaluated(x, alpha, 1);
        for (int threads : new int[] {2, 3, 8}) {
            List<double[]> shared = evaluated(x, alpha, threads);
            for (int i = 0; i < alone.size(); i++) {
                assertArrayEquals(alone.get(i), shared.get(i), threads + " threads, result " + i);
            }
        }
    }

    private static List<double[]> evaluated(Instance x, double[] alpha, int threads) {
        try (Workers workers = Workers.of(threads); Scope _ = Scope.open()) {
            return Workers.with(workers, () -> {
                Evaluation semi = x.problem().semiDual(alpha);
                Evaluation dual = x.problem().dual(alpha, semi.beta());
                TransportResult found = TransportSolver.solve(x.problem(), SolverOptions.router(3));
                return List.of(new double[] {semi.value(), dual.value(), found.value()}, semi.alphaGradient(), dual.alphaGradient(),
                        dual.betaGradient(), semi.plan().masses(), found.plan().masses(), found.alpha());
            });
        }
    }

    @Test
    void costsOfAnyTypeAndLayoutAreCopied() {
        try (Scope scope = Scope.open()) {
            NdArray single = NdArray.of(scope, Shape.of(3, 2), new float[] {1, 2, 3, 4, 5, 6}).transpose();
            TransportProblem t = problem(single, HALVES, new double[] {0.25, 0.25, 0.5}, 1, 2);
            double before = t.semiDual(new double[2]).value();
            single.copyFrom(NdArray.zeros(scope, DType.F32, Shape.of(2, 3)));
            assertEquals(before, t.semiDual(new double[2]).value());
            assertEquals(2, t.rows());
            assertEquals(3, t.columns());
            assertEquals(1, t.gamma());
            assertEquals(Cardinality.columns(2), t.cardinality());
        }
    }

    @Test
    void aProblemEndsWithItsScope() {
        TransportProblem t;
        try (Scope scope = Scope.open()) {
            t = problem(NdArray.zeros(scope, DType.F64, Shape.of(2, 2)), HALVES, HALVES, 1, 1);
        }
        says(IllegalStateException.class, () -> t.semiDual(new double[2]), "freed", "[2, 2]");
        try (Scope outer = Scope.open()) {
            TransportProblem moved;
            try (Scope inner = Scope.open()) {
                moved = problem(NdArray.zeros(inner, DType.F64, Shape.of(2, 2)), HALVES, HALVES, 1, 1).moveTo(outer);
            }
            assertEquals(0.25, moved.semiDual(new double[2]).value());
        }
        try (Scope scope = Scope.open()) {
            NdArray freed = NdArray.zeros(scope, DType.F64, Shape.of(2, 2));
            freed.free();
            says(IllegalStateException.class, () -> problem(freed, HALVES, HALVES, 1, 1), "freed", "[2, 2]");
        }
    }

    @Test
    void plansAreReadInEveryForm() {
        SparsePlan plan = new SparsePlan(3, 2, new int[] {0, 2, 3}, new int[] {0, 2, 1}, new double[] {0.25, 0.5, 0.125});
        assertArrayEquals(new double[] {0.25, 0, 0, 0.125, 0.5, 0}, plan.toDoubles());
        assertArrayEquals(new double[] {0.25, 0.125, 0.5}, plan.rowSums());
        assertArrayEquals(new double[] {0.75, 0.125}, plan.columnSums());
        assertEquals(3, plan.entries());
        assertEquals(2, plan.entries(0));
        SparsePlan turned = plan.transposed();
        assertArrayEquals(new double[] {0.25, 0, 0.5, 0, 0.125, 0}, turned.toDoubles());
        assertArrayEquals(new int[] {0, 1, 2, 3}, turned.starts());
        try (Scope _ = Scope.open()) {
            assertEquals(Shape.of(3, 2), plan.toDense().shape());
            assertArrayEquals(plan.toDoubles(), plan.toDense().toDoubles());
        }
    }
}
