package tessella.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import net.jqwik.api.Assume;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import tessella.kernels.Isotonic.Penalty;

/** The properties of isotonic optimisation, IS-1 to IS-6, for norms with a formula and without. */
class IsotonicProperties {
    private static final double[] EXPONENTS = {2, 4.0 / 3, 1.5, 1.25, 3};

    /** A row, and what its solution must be. */
    private record Row(double[] s, double[] w, double lambda, Norm norm, Penalty penalty) {
        static Row of(long seed, int n, Penalty penalty) {
            SplittableRandom random = new SplittableRandom(seed);
            double[] s = random.doubles(n, -2, 2).toArray();
            if (random.nextBoolean()) {
                // sorted, as in the operators, with ties
                for (int i = 1; i < n; i++) {
                    s[i] = random.nextInt(4) == 0 ? s[i - 1] : s[i];
                }
                Arrays.sort(s);
                for (int i = 0; i < n / 2; i++) {
                    double other = s[i];
                    s[i] = s[n - 1 - i];
                    s[n - 1 - i] = other;
                }
            }
            if (penalty == Penalty.SQUARED) {
                Arrays.setAll(s, i -> Math.abs(s[i]));
            }
            double[] w = random.doubles(n, 0, 1.5).toArray();
            for (int i = 0; i < n; i++) {
                w[i] = random.nextInt(3) == 0 ? 0 : w[i];
            }
            return new Row(s, w, Math.exp(random.nextDouble(-4, 2)), Norm.of(EXPONENTS[random.nextInt(EXPONENTS.length)]), penalty);
        }

        int n() {
            return s.length;
        }

        Isotonic solve() {
            Isotonic isotonic = new Isotonic(n());
            isotonic.solve(s, w, n(), lambda, norm, penalty);
            return isotonic;
        }

        double[] values() {
            Isotonic isotonic = solve();
            double[] v = new double[n()];
            for (int block = 0; block < isotonic.blocks(); block++) {
                Arrays.fill(v, isotonic.start(block), isotonic.start(block + 1), isotonic.value(block));
            }
            return v;
        }

        double objective(double[] v) {
            double sum = 0;
            for (int i = 0; i < n(); i++) {
                sum += lambda / norm.q() * Math.pow(Math.abs(s[i] - v[i]) / lambda, norm.q())
                        + (penalty == Penalty.LINEAR ? w[i] * v[i] : w[i] * v[i] * v[i] / 2);
            }
            return sum;
        }
    }

    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void is1TheSolutionDoesNotRise(@ForAll long seed, @ForAll @IntRange(min = 1, max = 40) int n, @ForAll Penalty penalty) {
        double[] v = Row.of(seed, n, penalty).values();
        for (int i = 1; i < n; i++) {
            assertTrue(v[i] <= v[i - 1], "at " + i);
        }
    }

    /** The derivatives of the objective, summed from the start of a block, are never below 0, and 0 at its end. */
    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void is2TheConditionsOfTheOptimumHold(@ForAll long seed, @ForAll @IntRange(min = 1, max = 40) int n, @ForAll Penalty penalty) {
        Row row = Row.of(seed, n, penalty);
        Isotonic isotonic = row.solve();
        for (int block = 0; block < isotonic.blocks(); block++) {
            double g = isotonic.value(block);
            double sum = 0;
            double scale = 1;
            for (int i = isotonic.start(block); i < isotonic.start(block + 1); i++) {
                double y = row.norm.power(isotonic.z(block, i));
                double added = row.w[i] * (penalty == Penalty.LINEAR ? 1 : g);
                scale += Math.abs(y) + Math.abs(added);
                sum += added - y;
                assertTrue(sum >= -1e-9 * scale, "prefix " + sum);
            }
            assertEquals(0, sum, 1e-9 * scale);
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void noOtherRowThatDoesNotRiseIsBetter(@ForAll long seed, @ForAll @IntRange(min = 1, max = 12) int n, @ForAll Penalty penalty) {
        Row row = Row.of(seed, n, penalty);
        double[] v = row.values();
        double best = row.objective(v);
        SplittableRandom random = new SplittableRandom(seed);
        for (int trial = 0; trial < 20; trial++) {
            double[] other = v.clone();
            for (int i = 0; i < n; i++) {
                other[i] += random.nextDouble(-1, 1) * Math.pow(10, -random.nextInt(5));
                other[i] = i > 0 ? Math.min(other[i], other[i - 1]) : other[i];
            }
            assertTrue(row.objective(other) >= best - 1e-9 * (1 + Math.abs(best)));
        }
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void is3ASortedRowWithoutWeightsStays(@ForAll long seed, @ForAll @IntRange(min = 1, max = 30) int n, @ForAll Penalty penalty) {
        Row row = Row.of(seed, n, penalty);
        Arrays.sort(row.s);
        for (int i = 0; i < n; i++) {
            row.s[i] = -row.s[i];
        }
        Arrays.fill(row.w, 0);
        Isotonic isotonic = row.solve();
        assertEquals(n, isotonic.blocks());
        for (int i = 0; i < n; i++) {
            assertEquals(row.s[i], isotonic.value(i), 0);
            assertEquals(0, isotonic.z(i, i), 0);
        }
    }

    /** The magnitude's problem is a projection of s / (1 + lambda w) with the weights 1 + lambda w. */
    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void is4DykstraConvergesToTheSame(@ForAll long seed, @ForAll @IntRange(min = 1, max = 10) int n, @ForAll Penalty penalty) {
        Row random = Row.of(seed, n, penalty);
        Row row = new Row(random.s, random.w, random.lambda, Norm.TWO, penalty);
        double[] v = new double[n];
        double[] u = new double[n];
        for (int i = 0; i < n; i++) {
            u[i] = penalty == Penalty.LINEAR ? 1 : 1 + row.lambda * row.w[i];
            v[i] = penalty == Penalty.LINEAR ? row.s[i] - row.lambda * row.w[i] : row.s[i] / u[i];
        }
        Dykstra dykstra = new Dykstra(n);
        Dykstra.Progress progress = dykstra.solve(v, u, n, 200_000, 1e-13);
        assertTrue(progress.within(1e-13), () -> "not converged: " + progress);
        double[] expected = row.values();
        for (int i = 0; i < n; i++) {
            assertEquals(expected[i], dykstra.value(i), 1e-8 * (1 + Math.abs(expected[i])), "at " + i);
        }
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void is5DykstraKeepsTheWeightedSumAtEveryCycleAndComesToTheProjection(@ForAll long seed,
            @ForAll @IntRange(min = 2, max = 24) int n) {
        SplittableRandom random = new SplittableRandom(seed);
        double[] s = random.doubles(n, -1, 1).toArray();
        double[] u = random.doubles(n, 0.5, 2).toArray();
        double before = weightedSum(u, s);
        double[] projection = projection(s, u);
        Dykstra dykstra = new Dykstra(n);
        double[] v = new double[n];
        double begin = distance(s, projection, u);
        double half = begin;
        for (int cycles = 0; cycles <= 60; cycles++) {
            Dykstra.Progress progress = dykstra.solve(s, u, n, cycles, 0);
            Arrays.setAll(v, dykstra::value);
            assertEquals(before, weightedSum(u, v), 1e-12 * n, cycles + " cycles");
            double worst = 0;
            for (int i = 1; i < n; i++) {
                worst = Math.max(worst, v[i] - v[i - 1]);
            }
            assertEquals(worst, progress.violation(), 0);
            assertTrue(progress.cycles() <= cycles && (progress.within(0) || progress.cycles() == cycles));
            half = cycles == 30 ? distance(v, projection, u) : half;
        }
        double end = distance(v, projection, u);
        assertTrue(end <= half + 1e-12 && half <= begin + 1e-12, begin + ", after 30 cycles " + half + ", after 60 " + end);
        assertTrue(dykstra.solve(s, u, n, 200_000, 1e-12).within(1e-12));
        Arrays.setAll(v, dykstra::value);
        assertEquals(0, distance(v, projection, u), 1e-8);
    }

    private static double weightedSum(double[] u, double[] v) {
        return IntStream.range(0, v.length).mapToDouble(i -> u[i] * v[i]).sum();
    }

    private static double distance(double[] a, double[] b, double[] u) {
        return Math.sqrt(IntStream.range(0, a.length).mapToDouble(i -> u[i] * (a[i] - b[i]) * (a[i] - b[i])).sum());
    }

    /** min over l <= i of max over j >= i of the weighted mean of l to j. */
    private static double[] projection(double[] s, double[] u) {
        int n = s.length;
        double[] v = new double[n];
        Arrays.fill(v, Double.POSITIVE_INFINITY);
        for (int l = 0; l < n; l++) {
            for (int i = l; i < n; i++) {
                double most = Double.NEGATIVE_INFINITY;
                double sum = 0;
                double weights = 0;
                for (int j = l; j < n; j++) {
                    sum += u[j] * s[j];
                    weights += u[j];
                    most = j >= i ? Math.max(most, sum / weights) : most;
                }
                v[i] = Math.min(v[i], most);
            }
        }
        return v;
    }

    /** Elements one after the other, in the order of the paper. */
    private static double[] scalarDykstra(double[] s, double[] u, int cycles, double[] corrections) {
        double[] v = s.clone();
        for (int half = 0; half < 2 * cycles; half++) {
            for (int i = half % 2; i + 1 < v.length; i += 2) {
                double a = v[i] - corrections[i] / u[i];
                double b = v[i + 1] + corrections[i] / u[i + 1];
                double mean = (u[i] * a + u[i + 1] * b) / (u[i] + u[i + 1]);
                corrections[i] = a < b ? u[i] * (mean - a) : 0;
                v[i] = a < b ? mean : a;
                v[i + 1] = a < b ? mean : b;
            }
        }
        return v;
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void rowsOfDykstraHaveTheBitsOfOneElementAfterTheOther(@ForAll long seed, @ForAll @IntRange(min = 1, max = 90) int n,
            @ForAll @IntRange(min = 0, max = 3) int rows, @ForAll @IntRange(min = 0, max = 40) int cycles) {
        SplittableRandom random = new SplittableRandom(seed);
        Buffer s = Buffer.of(Type.DOUBLE, random.doubles((long) rows * n, -1, 1).toArray());
        Buffer u = Buffer.of(Type.DOUBLE, random.doubles((long) rows * n, 0.5, 2).toArray());
        Buffer v = Buffer.of(Type.DOUBLE, rows * n);
        Dykstra.Progress[] progress = Dykstra.values(s.segment, s.offset, u.segment, u.offset, cycles, -1, v.segment, v.offset, rows, n);
        assertEquals(rows, progress.length);
        v.requireGuards();
        for (int row = 0; row < rows; row++) {
            double[] own = Arrays.copyOfRange(s.values(), row * n, (row + 1) * n);
            double[] weights = Arrays.copyOfRange(u.values(), row * n, (row + 1) * n);
            double[] corrections = new double[n];
            double[] expected = scalarDykstra(own, weights, cycles, corrections);
            Dykstra dykstra = new Dykstra(n);
            dykstra.solve(own, weights, n, cycles, -1);
            for (int i = 0; i < n; i++) {
                assertEquals(expected[i], v.get((long) row * n + i), "at " + i);
                assertEquals(corrections[i], i + 1 < n ? dykstra.correction(i) : 0, "correction at " + i);
            }
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void is6TheGradientSumsToThatOfTheBlock(@ForAll long seed, @ForAll @IntRange(min = 1, max = 30) int n) {
        Row row = Row.of(seed, n, Penalty.LINEAR);
        Assume.that(row.norm.q() >= 2);
        Isotonic isotonic = row.solve();
        double[] dv = new SplittableRandom(seed).doubles(n, -1, 1).toArray();
        double[] ds = new double[n];
        isotonic.gradient(dv, ds);
        for (int block = 0; block < isotonic.blocks(); block++) {
            int from = isotonic.start(block);
            int to = isotonic.start(block + 1);
            assertEquals(Arrays.stream(dv, from, to).sum(), Arrays.stream(ds, from, to).sum(), 1e-9);
        }
    }

    /** Where neighbouring blocks are apart and no z is 0, v is smooth. */
    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void theGradientIsThatOfFiniteDifferences(@ForAll long seed, @ForAll @IntRange(min = 1, max = 12) int n, @ForAll Penalty penalty) {
        Row row = Row.of(seed, n, penalty);
        Isotonic isotonic = row.solve();
        double step = 1e-6 * row.lambda;
        for (int block = 0; block < isotonic.blocks(); block++) {
            Assume.that(block == 0 || isotonic.value(block - 1) - isotonic.value(block) > 1e-2 * row.lambda);
            for (int i = isotonic.start(block); i < isotonic.start(block + 1); i++) {
                Assume.that(row.norm.q() == 2 || Math.abs(isotonic.z(block, i)) > 1e-2);
            }
        }
        double[] dv = new SplittableRandom(seed + 1).doubles(n, -1, 1).toArray();
        double[] ds = new double[n];
        isotonic.gradient(dv, ds);
        for (int i = 0; i < n; i++) {
            double kept = row.s[i];
            row.s[i] = kept + step;
            double[] above = row.values();
            row.s[i] = kept - step;
            double[] below = row.values();
            row.s[i] = kept;
            double expected = 0;
            for (int j = 0; j < n; j++) {
                expected += dv[j] * (above[j] - below[j]) / (2 * step);
            }
            assertEquals(expected, ds[i], 2e-4 * (1 + Math.abs(expected)), "at " + i);
        }
    }

    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void theRootOfTheCubicIsARoot(@ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        double p = random.nextInt(4) == 0 ? 0 : Math.exp(random.nextDouble(-60, 20));
        double q = random.nextInt(8) == 0 ? 0 : Math.copySign(Math.exp(random.nextDouble(-60, 20)), random.nextDouble(-1, 1));
        double t = Isotonic.cubicRoot(p, q);
        double terms = Math.abs(t * t * t) + Math.abs(p * t) + Math.abs(q);
        assertEquals(0, t * t * t + p * t + q, 1e-14 * terms);
    }

    @Example
    void aRowWithNaNEndsAndKeepsIt() {
        for (Penalty penalty : Penalty.values()) {
            for (double p : EXPONENTS) {
                Row row = new Row(new double[] {3, Double.NaN, 1}, new double[] {1, 1, 0}, 0.5, Norm.of(p), penalty);
                assertTrue(Arrays.stream(row.values()).anyMatch(Double::isNaN));
            }
        }
    }

    @Example
    void exponentsAreSnappedAndOthersRefused() {
        assertEquals(4, Norm.of(4.0 / 3).q());
        assertEquals(3, Norm.of(1.5).q());
        assertEquals("norm: expected a finite p above 1, found 1.0",
                assertThrows(IllegalArgumentException.class, () -> Norm.of(1)).getMessage());
        assertThrows(IllegalArgumentException.class, () -> Norm.of(Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> Norm.of(Double.POSITIVE_INFINITY));
    }
}
