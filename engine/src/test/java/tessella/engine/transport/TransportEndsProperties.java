package tessella.engine.transport;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import tessella.engine.Scope;
import tessella.reference.TransportOracle;

/** The ends of the problem, without squares and with entropy, and the k-support norm. */
class TransportEndsProperties {
    private static LeastCost leastCost(Instance x) {
        try (Scope _ = Scope.open()) {
            return LeastCost.of(x.costs(), x.a(), x.b());
        }
    }

    private static Sinkhorn sinkhorn(Instance x, double epsilon, double tolerance, int iterations) {
        try (Scope _ = Scope.open()) {
            return Sinkhorn.of(x.costs(), x.a(), x.b(), epsilon, tolerance, iterations);
        }
    }

    private static void requireMarginals(Instance x, SparsePlan plan, double tolerance) {
        assertArrayEquals(x.a(), plan.rowSums(), tolerance);
        assertArrayEquals(x.b(), plan.columnSums(), tolerance);
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void theLeastCostIsThatOfTheBestVertex(@ForAll long seed) {
        SplittableRandom random = new SplittableRandom(~seed);
        Instance x = Instance.of(seed, random.nextInt(1, 5), random.nextInt(1, 4));
        LeastCost found = leastCost(x);
        double[][] best = TransportOracle.leastCostPlan(x.cost(), x.a(), x.b());
        assertEquals(TransportOracle.cost(x.cost(), best), found.value(), 1e-12);
        assertArrayEquals(Instance.flat(best), found.plan().toDoubles(), 1e-12);
        requireMarginals(x, found.plan(), 1e-13);
    }

    /** Also where nothing can be tried out: potentials below every cost, equal to it on the entries. Masses and costs with ties. */
    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void potentialsCertifyTheLeastCost(@ForAll long seed, @ForAll boolean ties) {
        SplittableRandom random = new SplittableRandom(seed);
        Instance x = Instance.of(seed, random.nextInt(1, 30), random.nextInt(1, 12));
        if (ties) {
            double[][] cost = Arrays.stream(x.cost()).map(row -> Arrays.stream(row).map(c -> Math.rint(4 * c)).toArray())
                    .toArray(double[][]::new);
            double[] a = new double[x.m()];
            Arrays.fill(a, x.n());
            double[] b = new double[x.n()];
            Arrays.fill(b, x.m());
            a[0] = 0;
            b[0] -= x.n();
            if (b[0] < 0) {
                return;
            }
            x = new Instance(cost, a, b, 1, 1);
        }
        LeastCost found = leastCost(x);
        requireMarginals(x, found.plan(), 1e-12);
        double[] rows = found.plan().rowSums();
        double[] columns = found.plan().columnSums();
        double dual = IntStream.range(0, x.m()).mapToDouble(i -> found.alpha()[i] * rows[i]).sum()
                + IntStream.range(0, x.n()).mapToDouble(j -> found.beta()[j] * columns[j]).sum();
        assertEquals(found.value(), dual, 1e-11 * (1 + Math.abs(dual)));
        double[] plan = found.plan().toDoubles();
        for (int i = 0; i < x.m(); i++) {
            for (int j = 0; j < x.n(); j++) {
                double slack = x.cost()[i][j] - found.alpha()[i] - found.beta()[j];
                assertTrue(slack >= -1e-12 && (plan[i * x.n() + j] == 0 || slack < 1e-12), "slack " + slack + " at " + i + ", " + j);
            }
        }
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void sinkhornEqualsTheOracleIterationByIteration(@ForAll long seed, @ForAll @IntRange(min = 1, max = 20) int iterations) {
        Instance x = Instance.upTo(seed, 8);
        Sinkhorn found = sinkhorn(x, 0.2, 0, iterations);
        double[][] expected = TransportOracle.sinkhorn(x.cost(), x.a(), x.b(), 0.2, iterations);
        assertArrayEquals(Instance.flat(expected), found.plan(), 1e-13);
        assertEquals(TransportOracle.cost(x.cost(), expected), found.value(), 1e-12);
        double error = 0;
        for (int i = 0; i < x.m(); i++) {
            error = Math.max(error, Math.abs(x.a()[i] - Arrays.stream(expected[i]).sum()));
        }
        assertEquals(error, found.rowError(), 1e-13);
        assertTrue(found.iterations() == iterations || found.iterations() < iterations && found.rowError() < 1e-15);
        for (int at = 0; at < found.plan().length; at++) {
            double c = x.cost()[at / x.n()][at % x.n()];
            assertEquals(found.plan()[at], Math.exp((found.f()[at / x.n()] + found.g()[at % x.n()] - c) / 0.2), 1e-12);
        }
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void ot17SinkhornIsDenseWithExactColumnsAndTendsToTheLeastCost(@ForAll long seed) {
        Instance x = Instance.upTo(seed, 6);
        double least = leastCost(x).value();
        double above = 1;
        for (double epsilon : new double[] {0.3, 0.1, 0.03}) {
            Sinkhorn found = sinkhorn(x, epsilon, 1e-9, 100_000);
            assertTrue(found.rowError() <= 1e-9 || found.iterations() == 100_000);
            SparsePlan all = dense(x, found.plan());
            assertArrayEquals(x.b(), all.columnSums(), 1e-12);
            assertTrue(Arrays.stream(found.plan()).allMatch(t -> t > 0), "an entry is 0");
            above = found.value() - least;
            // the entropy of a plan of mass 1 is at most the logarithm of its number of pairs
            assertTrue(above <= epsilon * Math.log(x.m() * x.n()) + 1e-8, "epsilon " + epsilon + ": " + above);
            assertTrue(above >= -1e-8, "ot18: below the least cost by " + -above);
        }
    }

    private static SparsePlan dense(Instance x, double[] plan) {
        int[] starts = new int[x.n() + 1];
        int[] rows = new int[plan.length];
        double[] masses = new double[plan.length];
        for (int j = 0; j < x.n(); j++) {
            starts[j + 1] = starts[j] + x.m();
            for (int i = 0; i < x.m(); i++) {
                rows[starts[j] + i] = i;
                masses[starts[j] + i] = plan[i * x.n() + j];
            }
        }
        return new SparsePlan(x.m(), x.n(), starts, rows, masses);
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void ot18CostsOfQuadraticPlansAreNotBelowTheLeastAndReachItAtASmallGamma(@ForAll long seed) {
        Instance x = Instance.of(seed, 4, 3);
        double least = leastCost(x).value();
        for (double gamma : new double[] {1, 0.1, 1e-3}) {
            TransportResult found = new Instance(x.cost(), x.a(), x.b(), gamma, 4).solve(SolverOptions.DEFAULT.until(1e-9, 2000));
            double cost = found.primalValue() - gamma / 2 * Arrays.stream(found.plan().masses()).map(t -> t * t).sum();
            assertTrue(cost >= least - 1e-8, "gamma " + gamma + ": " + cost + " below " + least);
            assertTrue(cost <= least + gamma / 2 + 1e-8, "gamma " + gamma + ": " + cost + " far above " + least);
        }
    }

    /** Between two Gaussians on 32 bins, by the numbers that the specification gives of this experiment (E3). */
    @Example
    void betweenGaussiansTheValuesAreThoseThatWerePublished() {
        double[] a = gaussian(10, 4);
        double[] b = gaussian(16, 5);
        double[][] cost = new double[32][32];
        for (int i = 0; i < 32; i++) {
            for (int j = 0; j < 32; j++) {
                cost[i][j] = (i - j) * (i - j) / (31.0 * 31);
            }
        }
        Instance x = new Instance(cost, a, b, 1, 32);
        double least = leastCost(x).value();
        assertEquals(0.0380418922, least, 1e-10);
        assertEquals(0.0663317401, least + Arrays.stream(b).map(v -> v * v).sum() / 2, 1e-10);
        TransportResult quadratic = x.solve(SolverOptions.DEFAULT);
        assertEquals(0.0457701364, quadratic.value(), 1e-10);
        assertEquals(0.0404386286, quadratic.primalValue() - Arrays.stream(quadratic.plan().masses()).map(t -> t * t).sum() / 2, 1e-8);
        assertEquals(10, IntStream.range(0, 32).map(quadratic.plan()::entries).max().orElseThrow());
        assertEquals(0.0457701364, x.withK(10).solve(SolverOptions.DEFAULT).value(), 1e-10);
        double[] bounds = {0.065804, 0.052422, 0.048263, 0.046593};
        for (int k = 1; k <= 4; k++) {
            TransportResult found = x.withK(k).solve(SolverOptions.DEFAULT);
            assertEquals(bounds[k - 1], found.value(), 6e-4, "k = " + k);
            assertTrue(found.plan().entries() <= 32 * k);
        }
    }

    private static double[] gaussian(double mean, double deviation) {
        double[] out = new double[32];
        Arrays.setAll(out, i -> Math.exp(-(i - mean) * (i - mean) / (2 * deviation * deviation)));
        double sum = Arrays.stream(out).sum();
        return Arrays.stream(out).map(v -> v / sum).toArray();
    }

    /** T = a_i / n + b_j / m - 1 / (m n) at a large gamma. */
    @Example
    void quadraticPlansAtALargeGammaAreTheClosestToUniform() {
        Instance x = Instance.of(3, 4, 3);
        TransportResult found = new Instance(x.cost(), x.a(), x.b(), 1e6, 4).solve(SolverOptions.DEFAULT);
        double[] plan = found.plan().toDoubles();
        for (int at = 0; at < plan.length; at++) {
            assertEquals(Math.max(0, x.a()[at / 3] / 3 + x.b()[at % 3] / 4 - 1.0 / 12), plan[at], 0.02);
        }
    }

    @Example
    void rowsAndColumnsWithoutMassAreLeftOutOfSinkhorn() {
        double[][] cost = {{0.1, 0.7, 0.4}, {5, 5, 5}, {0.9, 0.2, 0.3}};
        Instance x = new Instance(cost, new double[] {0.5, 0, 0.5}, new double[] {0.25, 0.75, 0}, 1, 3);
        Sinkhorn found = sinkhorn(x, 0.1, 1e-12, 10_000);
        double[][] kept = TransportOracle.sinkhorn(new double[][] {{0.1, 0.7}, {0.9, 0.2}}, new double[] {0.5, 0.5},
                new double[] {0.25, 0.75}, 0.1, 10_000);
        assertArrayEquals(new double[] {kept[0][0], kept[0][1], 0, 0, 0, 0, kept[1][0], kept[1][1], 0}, found.plan(), 1e-11);
        assertEquals(Double.NEGATIVE_INFINITY, found.f()[1]);
        assertEquals(Double.NEGATIVE_INFINITY, found.g()[2]);
        assertTrue(found.iterations() < 10_000 && found.rowError() <= 1e-12);
        Instance none = new Instance(cost, new double[3], new double[3], 1, 3);
        assertArrayEquals(new double[9], sinkhorn(none, 0.1, 0, 1).plan());
    }

    /** In the log domain a temperature at which e^(-C / eps) is 0 everywhere is no harm. */
    @Example
    void sinkhornStandsSmallTemperatures() {
        Instance x = Instance.of(9, 5, 4);
        Instance far = x.withCost(Arrays.stream(x.cost()).map(row -> Arrays.stream(row).map(c -> c + 10).toArray())
                .toArray(double[][]::new));
        Sinkhorn near = sinkhorn(x, 0.005, 0, 200);
        assertArrayEquals(near.plan(), sinkhorn(far, 0.005, 0, 200).plan(), 1e-9);
        assertTrue(Arrays.stream(near.plan()).allMatch(Double::isFinite));
    }

    @Property(tries = 500, edgeCases = EdgeCasesMode.NONE)
    void theKSupportNormIsTheLeastOfItsWeights(@ForAll @IntRange(min = 1, max = 12) int n, @ForAll @IntRange(min = 1, max = 14) int k,
            @ForAll boolean ties, @ForAll long seed) {
        double[] t = Arrays.stream(Instance.potentials(seed, n)).map(v -> ties ? Math.rint(v) : v).toArray();
        double expected = TransportOracle.kSupportSquared(t, k);
        double found = KSupport.squared(t, k);
        assertEquals(expected, found, 1e-11 * (1 + expected));
        double sum = Arrays.stream(t).map(Math::abs).sum();
        double squares = Arrays.stream(t).map(v -> v * v).sum();
        assertTrue(found >= squares - 1e-12 * squares && found <= sum * sum * (1 + 1e-12));
        assertTrue(KSupport.squared(t, k + 1) <= found + 1e-12 * (1 + found), "it rises with k");
        if (k == 1) {
            assertEquals(sum * sum, found, 1e-12 * (1 + sum * sum));
        }
        if (Arrays.stream(t).filter(v -> v != 0).count() <= k) {
            assertEquals(squares, found, 1e-12 * (1 + squares));
        }
    }
}
