package tessella.autodiff;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;
import tessella.engine.DType;
import tessella.engine.Isotonics;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.engine.Regularizer;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.reference.TopKOracle;

/** Degenerate rows, what public code is known to get wrong, and the numbers that the specification gives. */
@ExtendWith(MemoryReturned.class)
class SparseTopKEdgesTest {
    private static final double INFINITY = Double.POSITIVE_INFINITY;
    private static final double FOUR_THIRDS = 4.0 / 3;
    private static final double[] EXPONENTS = {2, FOUR_THIRDS, 1.5, 1.25};
    private static final List<TopKRow.Op> ALL = List.of(SparseTopK::mask, SparseTopK::magnitude, SparseTopK::rawMagnitude);

    private static TopKRow row(int k, double lambda, double p, double... x) {
        return new TopKRow(x, k, lambda, p);
    }

    private static double[] gaussians(long seed, int n) {
        SplittableRandom random = new SplittableRandom(seed);
        return random.doubles(n).map(_ -> random.nextGaussian()).toArray();
    }

    private static void requireAll(double expected, double... found) {
        for (int i = 0; i < found.length; i++) {
            assertEquals(expected, found[i] + 0.0, "at " + i);
        }
    }

    // ---- k

    @Test
    void noPlaceSelectsNothing() {
        for (double p : EXPONENTS) {
            for (double lambda : new double[] {0, 1e-300, 0.5, INFINITY}) {
                TopKRow row = row(0, lambda, p, 3, -1, 0, 2);
                for (TopKRow.Op op : ALL) {
                    requireAll(0, row.apply(op));
                    requireAll(0, row.gradient(op, 1, 2, 3, 4));
                }
            }
        }
    }

    @Test
    void aPlaceForEachSelectsAll() {
        for (double p : EXPONENTS) {
            for (double lambda : new double[] {0, 1e-300, 0.5, 1e6, INFINITY}) {
                TopKRow row = row(4, lambda, p, 3, -1, 0, 2);
                requireAll(1, row.mask());
                requireAll(0, row.gradient(SparseTopK::mask, 1, 2, 3, 4));
                assertArrayEquals(row.x(), row.magnitude());
                assertArrayEquals(new double[] {1, 2, 3, 4}, row.gradient(SparseTopK::magnitude, 1, 2, 3, 4));
            }
            // y + lambda y^(p-1) = x
            double[] y = row(4, 0.5, p, 3, -1, 0, 2).raw();
            for (int i = 0; i < 4; i++) {
                double x = new double[] {3, -1, 0, 2}[i];
                assertEquals(x, Math.copySign(Math.abs(y[i]) + 0.5 * Math.pow(Math.abs(y[i]), p - 1), x), 1e-14);
            }
        }
    }

    @Test
    void oneElementAndRowsWithoutElements() {
        for (TopKRow.Op op : ALL) {
            assertEquals(0, row(0, 1, 2).apply(op).length);
            assertEquals(0, row(0, 1, 2).gradient(op).length);
            try (Scope _ = Scope.open()) {
                for (DType dtype : new DType[] {DType.F32, DType.F64}) {
                    Tensor none = Tensor.of(NdArray.empty(Scope.current(), dtype, Shape.of(3, 0)));
                    assertEquals(Shape.of(3, 0), op.apply(none, 0, Regularizer.l2(1)).shape());
                    Tensor noRows = Tensor.of(NdArray.empty(Scope.current(), dtype, Shape.of(0, 5)));
                    assertEquals(Shape.of(0, 5), op.apply(noRows, 2, Regularizer.l2(1)).shape());
                }
            }
        }
        requireAll(1, row(1, 1, 2, -7).mask());
        requireAll(-7, row(1, 1, 2, -7).magnitude());
        requireAll(-3.5, row(1, 1, 2, -7).raw());
    }

    // ---- lambda

    @Test
    void aLambdaOfZeroIsTheHardOperator() {
        double[] x = {1, -3, 2, -2, 3, 0, 2};
        for (double p : EXPONENTS) {
            for (int k = 0; k <= x.length; k++) {
                TopKRow row = row(k, 0, p, x);
                assertArrayEquals(TopKOracle.hardMask(x, k), row.mask());
                double[] hard = TopKOracle.hardMagnitude(x, k);
                double[] chosen = TopKOracle.hardMask(row.sizes().x(), k);
                double[] dy = gaussians(k, x.length);
                for (TopKRow.Op op : ALL.subList(1, 3)) {
                    double[] found = row.apply(op);
                    double[] dx = row.gradient(op, dy);
                    for (int i = 0; i < x.length; i++) {
                        assertEquals(hard[i] + 0.0, found[i] + 0.0, 1e-15 * Math.abs(hard[i]));
                        assertEquals(chosen[i] * dy[i] + 0.0, dx[i] + 0.0);
                    }
                }
            }
        }
        requireAll(0, row(2, 0, 2, x).gradient(SparseTopK::mask, x));
    }

    @Test
    void anEndlessLambdaSharesAlikeAndHasNoGradient() {
        for (double p : EXPONENTS) {
            TopKRow row = row(3, INFINITY, p, 1, 5, -2, 0.5);
            assertArrayEquals(new double[] {0.75, 0.75, 0.75, 0.75}, row.mask(), 1e-15);
            requireAll(0, row.gradient(SparseTopK::mask, 1, 2, 3, 4));
            assertArrayEquals(row.x(), row.magnitude());
            assertArrayEquals(new double[] {1, 2, 3, 4}, row.gradient(SparseTopK::magnitude, 1, 2, 3, 4));
            requireAll(0, row.raw());
            requireAll(0, row.gradient(SparseTopK::rawMagnitude, 1, 2, 3, 4));
            // as many elements as places, so that none is pooled
            requireAll(0, row(3, INFINITY, p, 1, 5, -2, 0).raw());
        }
    }

    @Test
    void subnormalAndHugeLambdasShareTiesAndNothingElse() {
        for (double p : EXPONENTS) {
            for (double lambda : new double[] {Double.MIN_VALUE, 1e-310, 1e-200, 1e-120, 1e-61, 1e-59}) {
                TopKRow row = row(2, lambda, p, 1, 1, 3, 0, 1);
                assertArrayEquals(new double[] {1 / 3.0, 1 / 3.0, 1, 0, 1 / 3.0}, row.mask(), 1e-15, row.toString());
                // of equal cotangents, but for the rounding of their mean
                for (double d : row.gradient(SparseTopK::mask, 1, 1, 5, 7, 1)) {
                    assertEquals(0, lambda * d, 1e-15, row.toString());
                }
                assertArrayEquals(new double[] {3, 0, 0}, row(1, lambda, p, 3, 1, 2).magnitude());
                double[] shared = row.magnitude();
                assertEquals(shared[0], shared[1]);
                assertEquals(3, shared[2]);
                assertTrue(shared[0] > 0 && shared[0] < 1, row::toString);
            }
            for (double lambda : new double[] {1e59, 1e61, 1e200, 1e300}) {
                TopKRow row = row(2, lambda, p, 1, 1, 3, 0, 1);
                assertArrayEquals(new double[] {0.4, 0.4, 0.4, 0.4, 0.4}, row.mask(), 1e-15, row.toString());
                assertArrayEquals(row.x(), row.magnitude(), 1e-12, row.toString());
            }
        }
    }

    // ---- ties and zeros

    @Test
    void equalElementsShareAlike() {
        for (double p : EXPONENTS) {
            for (int n : new int[] {5, 5000}) {
                double[] x = new double[n];
                Arrays.fill(x, 7.25);
                double[] dy = gaussians(1, n);
                TopKRow row = row(2, 0.3, p, x);
                double[] y = row.mask();
                double share = 2.0 / n;
                for (double v : y) {
                    assertEquals(share, v, 1e-15);
                }
                double q = p / (p - 1);
                double c = (q - 1) * Math.pow(share, (q - 2) / (q - 1)) / 0.3;
                double mean = Arrays.stream(dy).average().orElseThrow();
                double[] dx = row.gradient(SparseTopK::mask, dy);
                for (int i = 0; i < n; i++) {
                    assertEquals(c * (dy[i] - mean), dx[i], 1e-12 * c);
                }
            }
        }
    }

    @Test
    void tiesAcrossTheLastPlaceShareWhatIsLeft() {
        for (double p : EXPONENTS) {
            assertArrayEquals(new double[] {0.5, 1, 0.5, 0, 0.5, 0.5}, row(3, 1, p, 2, 4, 2, 0, 2, 2).mask(), 1e-15);
            // in the tail and at the top they share nothing, and have no derivative
            TopKRow apart = row(2, 0.5, p, 4, 4, 1, 1, 1);
            assertArrayEquals(new double[] {1, 1, 0, 0, 0}, apart.mask());
            requireAll(0, apart.gradient(SparseTopK::mask, 1, 2, 3, 4, 5));
        }
    }

    @Test
    void fewerElementsThanPlacesAreAllSelectedAndZerosStay() {
        for (double p : EXPONENTS) {
            for (int n : new int[] {6, 5000}) {
                double[] x = new double[n];
                x[1] = -2;
                x[n - 1] = 0.5;
                TopKRow row = row(4, 0.7, p, x);
                assertArrayEquals(x, row.magnitude());
                double[] dx = row.gradient(SparseTopK::magnitude, gaussians(3, n));
                assertEquals(gaussians(3, n)[1], dx[1]);
                assertEquals(0, row.raw()[2]);
            }
        }
    }

    @Test
    void minusZeroEqualsZero() {
        assertArrayEquals(new double[] {1, 0, 0}, row(1, 0, 2, -0.0, 0.0, -0.0).mask());
        assertArrayEquals(new double[] {1, 1, 0}, row(2, 0, 2, -0.0, 0.0, 0.0).mask());
        assertArrayEquals(new double[] {1 / 3.0, 1 / 3.0, 1 / 3.0}, row(1, 1, 2, 0.0, -0.0, 0.0).mask(), 1e-16);
        double[] one = {1, 0, 0};
        double[] found = row(1, 1, 2, 0.0, -0.0, 0.0).apply((x, _, r) -> SparseTopK.permutahedron(x, one, r));
        assertArrayEquals(new double[] {1 / 3.0, 1 / 3.0, 1 / 3.0}, found, 1e-16);
        requireAll(0, row(1, 1, 2, 0.0, -0.0, 0.0).magnitude());
    }

    // ---- infinities and NaN

    @Test
    void infinitiesAreSelectedFirstAndTheRestSharesWhatIsLeft() {
        for (DType dtype : new DType[] {DType.F32, DType.F64}) {
            for (double p : EXPONENTS) {
                double[] rest = {1, 0.5, 0.25};
                double[] expected = row(1, 1, p, rest).mask();
                TopKRow row = row(3, 1, p, 1, INFINITY, 0.5, -INFINITY, INFINITY, 0.25);
                assertArrayEquals(new double[] {expected[0], 1, expected[1], 0, 1, expected[2]}, row.apply(SparseTopK::mask, dtype),
                        2e-7);
                double[] dx = row.gradient(SparseTopK::mask, dtype, 1, 2, 3, 4, 5, 6);
                double[] dRest = row(1, 1, p, rest).gradient(SparseTopK::mask, 1, 3, 6);
                assertArrayEquals(new double[] {dRest[0], 0, dRest[1], 0, 0, dRest[2]}, dx, 1e-5);
                double[] magnitude = row(3, 1, p, 1, -INFINITY, 0.5, 0.25, INFINITY).apply(SparseTopK::magnitude, dtype);
                double[] largest = row(1, 1, p, rest).magnitude();
                assertArrayEquals(new double[] {largest[0], -INFINITY, largest[1], largest[2], INFINITY}, magnitude, 2e-7);
                double[] raw = row(3, 1, p, 1, -INFINITY, 0.5, 0.25, INFINITY).apply(SparseTopK::rawMagnitude, dtype);
                assertEquals(-INFINITY, raw[1]);
                assertEquals(row(1, 1, p, rest).raw()[0], raw[0], 2e-7);
            }
        }
    }

    @Test
    void moreInfinitiesThanPlacesShareThem() {
        for (int n : new int[] {5, 5000}) {
            for (double p : EXPONENTS) {
                double[] x = gaussians(5, n);
                x[0] = INFINITY;
                x[2] = INFINITY;
                x[n - 1] = INFINITY;
                double[] y = row(2, 0.5, p, x).mask();
                double[] expected = new double[n];
                expected[0] = 2 / 3.0;
                expected[2] = 2 / 3.0;
                expected[n - 1] = 2 / 3.0;
                assertArrayEquals(expected, y, 1e-16);
                requireAll(0, row(2, 0.5, p, x).gradient(SparseTopK::mask, x.clone()));
                expected[0] = 1;
                expected[2] = 1;
                expected[n - 1] = 0;
                assertArrayEquals(expected, row(2, 0, p, x).mask());
                double[] first = row(2, 0.5, p, x).magnitude();
                assertEquals(INFINITY, first[2]);
                assertEquals(0, first[n - 1]);
            }
        }
    }

    @Test
    void minusInfinityIsSelectedOnlyIfNothingElseIsLeft() {
        for (int n : new int[] {6, 5000}) {
            double[] x = new double[n];
            Arrays.fill(x, -INFINITY);
            x[1] = 3;
            x[4] = -5;
            double[] y = row(2, 10, 2, x).mask();
            double[] two = new double[n];
            two[1] = 1;
            two[4] = 1;
            assertArrayEquals(two, y);
            // one place of the n - 2 for each further one that is wanted
            double[] more = row(4, 10, 2, x).mask();
            for (int i = 0; i < n; i++) {
                assertEquals(i == 1 || i == 4 ? 1 : 2.0 / (n - 2), more[i], 1e-16);
            }
            double[] one = row(1, 10, 2, x).mask();
            assertEquals(0.9, one[1], 1e-15);
            assertEquals(0.1, one[4], 1e-15);
            assertEquals(0, one[0]);
            assertArrayEquals(new double[] {0, 1, 0, 0, 0}, row(1, 0.5, FOUR_THIRDS, -INFINITY, 1, -INFINITY, 0, 0.25).mask());
        }
    }

    @Test
    void oneNaNMakesTheRowNaNAndLeavesOthersAlone() {
        for (DType dtype : new DType[] {DType.F32, DType.F64}) {
            for (double p : EXPONENTS) {
                for (int n : new int[] {3, 40, 5000}) {
                    for (int at : new int[] {0, n / 2, n - 1}) {
                        for (double lambda : new double[] {0, 0.5, INFINITY}) {
                            double[] x = gaussians(2, 2 * n);
                            x[at] = Double.NaN;
                            for (TopKRow.Op op : ALL) {
                                TopKRow.Op rows = (v, k, r) -> Shapes.reshape(op.apply(Shapes.reshape(v, 2, n), k, r), 2L * n);
                                double[] y = row(n / 2, lambda, p, x).apply(rows, dtype);
                                assertTrue(Arrays.stream(y, 0, n).allMatch(Double::isNaN));
                                assertTrue(Arrays.stream(y, n, 2 * n).noneMatch(Double::isNaN));
                                double[] dx = row(n / 2, lambda, p, x).gradient(rows, dtype, gaussians(4, 2 * n));
                                assertTrue(Arrays.stream(dx, 0, n).allMatch(Double::isNaN));
                                assertTrue(Arrays.stream(dx, n, 2 * n).noneMatch(Double::isNaN));
                            }
                        }
                    }
                }
            }
        }
        try (Scope _ = Scope.open()) {
            Tensor x = TopKRow.tensor(DType.F64, 1, Double.NaN, INFINITY);
            Regularizer l2 = Regularizer.l2(1);
            for (Tensor y : List.of(SparseTopK.permutahedron(x, new double[] {2, 1, 0}, l2), Projections.simplex(x, 1),
                    Projections.sparseSimplex(x, 2, 1), SparseTopK.isotonicMask(x, TopKRow.tensor(DType.F64, 1, 1, 0), l2))) {
                assertTrue(Arrays.stream(y.toDoubles()).allMatch(Double::isNaN));
            }
        }
    }

    @Test
    void infinitiesAndNaNInLongRowsAreFoundWhereverTheyAre() {
        for (double special : new double[] {INFINITY, -INFINITY, Double.NaN}) {
            for (int at : new int[] {0, 1, 4095, 4096, 5555, 6000}) {
                double[] x = gaussians(6, 6001);
                x[at] = special;
                double[] y = row(700, 0.2, 2, x).mask();
                if (special != special) {
                    assertTrue(Arrays.stream(y).allMatch(Double::isNaN));
                } else {
                    assertEquals(special > 0 ? 1 : 0, y[at]);
                    assertEquals(700, Arrays.stream(y).sum(), 1e-9);
                    x[at] = special > 0 ? 100 : -100;
                    assertArrayEquals(TopKOracle.maskByThreshold(x, 700, 0.2, 2), y, 1e-11);
                }
            }
        }
    }

    // ---- other calls

    @Test
    void aSecondCallGivesTheSameBits() {
        TopKRow row = row(3, 0.5, FOUR_THIRDS, gaussians(8, 50));
        try (Scope _ = Scope.open()) {
            Tensor x = TopKRow.tensor(DType.F64, row.x());
            for (TopKRow.Op op : ALL) {
                double[] first = op.apply(x, 3, row.regularizer()).toDoubles();
                assertArrayEquals(first, op.apply(x, 3, row.regularizer()).toDoubles());
                assertArrayEquals(row.x(), x.toDoubles());
            }
        }
    }

    @Test
    void aBlockOfAHundredThousandElementsIsExact() {
        int n = 100_000;
        double[] x = gaussians(9, n);
        double mean = Arrays.stream(x).average().orElseThrow();
        double[] y = row(n / 3, 1000, 2, x).mask();
        double[] expected = Arrays.stream(x).map(v -> (double) (n / 3) / n + (v - mean) / 1000).toArray();
        assertArrayEquals(expected, y, 1e-13);
    }

    // ---- what public code is known to get wrong

    @Test
    void pitfall1SmallLambdasKeepTheMagnitudes() {
        for (double lambda : new double[] {1e-3, 4e-4, 1e-9}) {
            assertArrayEquals(new double[] {5, 0, 0}, row(1, lambda, FOUR_THIRDS, 5, 1, -2).magnitude());
        }
    }

    @Test
    void pitfall2OffsetsDoNotBreakTheCubic() {
        double[] x = {0.31, 0.27, 0.25, 0.22, 0.05};
        double[] base = row(2, 0.1, FOUR_THIRDS, x).mask();
        for (double offset : new double[] {1e4, 1e6}) {
            double[] y = row(2, 0.1, FOUR_THIRDS, Arrays.stream(x).map(v -> v + offset).toArray()).mask();
            assertEquals(2, Arrays.stream(y).sum(), 1e-12);
            assertArrayEquals(base, y, 1e-8);
            assertTrue(Arrays.stream(y).allMatch(v -> v >= 0));
        }
    }

    @Test
    void pitfall3WhatIsSelectedWholeIsExactlyOneInFloat32() {
        for (double p : new double[] {2, FOUR_THIRDS}) {
            for (double s = 0; s <= 5; s += 0.125) {
                double[] y = row(2, 0.6, p, 3, 1, s - 1, s).apply(SparseTopK::mask, DType.F32);
                double[] exact = row(2, 0.6, p, 3, 1, s - 1, s).mask();
                for (int i = 0; i < 4; i++) {
                    assertTrue(y[i] >= 0 && y[i] <= 1);
                    assertTrue(exact[i] != 1 || y[i] == 1, "at " + i + " of s = " + s + ": " + y[i]);
                }
            }
        }
    }

    @Test
    void pitfall4TiesInTheTailHaveNoGradient() {
        requireAll(0, row(1, 1, 2, 3, 1, 1).gradient(SparseTopK::mask, 0, 1, 0));
    }

    @Test
    void pitfall5AnIsotonicElementWithoutWeightHandsItsGradientOn() {
        for (double p : EXPONENTS) {
            for (boolean magnitude : new boolean[] {false, true}) {
                try (Tape tape = Tape.record()) {
                    Tensor s = tape.watch(TopKRow.tensor(DType.F64, 3, 2, 1));
                    Tensor w = TopKRow.tensor(DType.F64, 0, 0, 0);
                    Tensor v = magnitude ? SparseTopK.isotonicMagnitude(s, w, new Regularizer(0.5, p))
                            : SparseTopK.isotonicMask(s, w, new Regularizer(0.5, p));
                    assertArrayEquals(new double[] {3, 2, 1}, v.toDoubles());
                    assertArrayEquals(new double[] {5, 6, 7}, tape.gradients(List.of(v), List.of(TopKRow.tensor(DType.F64, 5, 6, 7)
                            .value())).of(s).toDoubles());
                }
            }
        }
    }

    /** The 1e-15 in a denominator that would be |s - v|^(q-2) was an error of a tenth here. */
    @Test
    void pitfall5SmallLambdasKeepTheirGradients() {
        double lambda = 1e-7;
        double[] dy = {1, -2, 0.5};
        double[] small = row(1, lambda, FOUR_THIRDS, 2e-8, 1e-8, 0).gradient(SparseTopK::mask, dy);
        double[] one = row(1, 1, FOUR_THIRDS, 0.2, 0.1, 0).gradient(SparseTopK::mask, dy);
        for (int i = 0; i < 3; i++) {
            assertEquals(one[i], small[i] * lambda, 1e-7);
        }
    }

    @Test
    void pitfall6TheBracketOfLargeMagnitudesHoldsTheRoot() {
        try (Scope _ = Scope.open()) {
            double[] v = SparseTopK.isotonicMagnitude(TopKRow.tensor(DType.F64, 100, 100), TopKRow.tensor(DType.F64, 1, 0),
                    new Regularizer(1, 1.5)).toDoubles();
            assertEquals(93.1745, v[0], 5e-5);
            assertEquals(v[0], v[1]);
        }
        // z = 100 - 93.1745, y = z^2
        double[] o = row(1, 1, 1.5, 100, 100).magnitude();
        double z = o[0] - 93.1745 / 2;
        assertEquals(100 - 93.1745, z, 1e-3);
    }

    @Test
    void pitfall7GradientsAreNumbersWhereMagnitudesAreZero() {
        for (double p : EXPONENTS) {
            // the second is exactly where z is 0: its own v is that of the first
            double ground = TopKOracle.groundOf(2, 0.5, p);
            for (double second : new double[] {ground, 1, 0}) {
                for (TopKRow.Op op : ALL) {
                    double[] dx = row(1, 0.5, p, 2, second, 0).gradient(op, 1, 2, 3);
                    assertTrue(Arrays.stream(dx).allMatch(Double::isFinite), Arrays.toString(dx));
                }
            }
        }
    }

    // ---- numbers of the specification

    @Test
    void theMaskOfFourThirdsHasAKinkAtOne() {
        double third = Math.cbrt(0.271);
        double[][] expected = {{1.654, 1.547}, {0, 0.828}};
        for (int side = 0; side < 2; side++) {
            double[] x = {1 + (side == 0 ? -1e-9 : 1e-9), 0.9, third};
            TopKRow row = row(2, 1, FOUR_THIRDS, x);
            assertEquals(expected[side][0], row.gradient(SparseTopK::mask, 1, 0, 0)[0], 1e-3);
            assertEquals(expected[side][1], row.gradient(SparseTopK::mask, 0, 1, 0)[1], 1e-3);
        }
    }

    @Test
    void e1TheFigureOfTheReadme() {
        double[] s = {0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5};
        double[] two = {1, 0.916667, 0.5, 0.083333, 0, 0, 0, 0.083333, 0.5, 0.916667, 1};
        double[] smooth = {1, 0.995495, 0.5, 0.004505, 0, 0, 0, 0.004505, 0.5, 0.995495, 1};
        for (int i = 0; i < s.length; i++) {
            double[] x = {3, 1, s[i] - 1, s[i]};
            double[] y = row(2, 0.6, 2, x).mask();
            assertEquals(two[i], y[1] + y[2], 1e-6, "p = 2, s = " + s[i]);
            y = row(2, 0.6, FOUR_THIRDS, x).mask();
            assertEquals(smooth[i], y[1] + y[2], 1e-6, "p = 4/3, s = " + s[i]);
        }
    }

    @Test
    void onePlaceOfLambdaOneIsSparsemax() {
        assertArrayEquals(new double[] {0.75, 0.25, 0}, row(1, 1, 2, 1, 0.5, -0.5).mask(), 1e-15);
        double[] projected = row(1, 1, 2, 1, 0.5, -0.5).apply((x, _, _) -> Projections.simplex(x, 1));
        assertArrayEquals(new double[] {0.75, 0.25, 0}, projected, 1e-15);
    }

    // ---- what is refused

    private static void refused(String message, Executable call) {
        long before = Memory.inUse();
        assertEquals(message, assertThrows(IllegalArgumentException.class, call).getMessage());
        assertEquals(before, Memory.inUse(), "taken before it was refused");
    }

    @Test
    void whatDoesNotFitIsRefusedInOneSentence() {
        try (Scope _ = Scope.open()) {
            Tensor x = TopKRow.tensor(DType.F64, 1, 2, 3);
            Tensor one = Tensor.of(NdArray.full(Scope.current(), DType.F64, Shape.of(), 1));
            Tensor floats = TopKRow.tensor(DType.F32, 1, 2, 3);
            Tensor none = TopKRow.tensor(DType.F64);
            Tensor negative = TopKRow.tensor(DType.F64, -1, 0, 0);
            Regularizer l2 = Regularizer.l2(1);
            Regularizer hard = Regularizer.l2(0);
            double[] w = {1, 1, 0};
            Tensor weights = TopKRow.tensor(DType.F64, w);
            String range = ": expected a k from 0 to the extent of the last axis of [3], found ";
            refused("topK mask" + range + "-1", () -> SparseTopK.mask(x, -1, l2));
            refused("topK mask" + range + "4", () -> SparseTopK.mask(x, 4, l2));
            refused("topK magnitude" + range + "4", () -> SparseTopK.magnitude(x, 4, l2));
            refused("topK raw magnitude" + range + "4", () -> SparseTopK.rawMagnitude(x, 4, l2));
            refused("topK mask: expected an array of at least one axis, found shape []", () -> SparseTopK.mask(one, 0, l2));
            refused("regularizer: expected a lambda of at least 0, found -1.0", () -> Regularizer.l2(-1));
            refused("regularizer: expected a lambda of at least 0, found NaN", () -> Regularizer.smooth(Double.NaN));
            refused("norm: expected a finite p above 1, found 1.0", () -> new Regularizer(1, 1));
            refused("permutahedron mask: expected a finite lambda above 0, found 0.0", () -> SparseTopK.permutahedron(x, w, hard));
            refused("permutahedron mask: expected a weight for each element of the last axis of [3], found 2",
                    () -> SparseTopK.permutahedron(x, new double[2], l2));
            String falling = "permutahedron mask: expected finite weights of at least 0 that do not rise, found ";
            refused(falling + "2.0 at 1 of [1.0, 2.0, 0.0]",
                    () -> SparseTopK.permutahedron(x, new double[] {1, 2, 0}, l2));
            refused(falling + "Infinity at 0 of [Infinity, 1.0, 0.0]",
                    () -> SparseTopK.permutahedron(x, new double[] {INFINITY, 1, 0}, l2));
            refused("isotonic mask: expected a finite lambda above 0, found Infinity",
                    () -> SparseTopK.isotonicMask(x, weights, Regularizer.l2(INFINITY)));
            refused("isotonic magnitude: expected finite weights of at least 0, found -1.0",
                    () -> SparseTopK.isotonicMagnitude(x, negative, l2));
            refused("isotonic magnitude: expected sizes of at least 0, found -1.0; take the magnitudes first",
                    () -> SparseTopK.isotonicMagnitude(negative, weights, l2));
            refused("isotonic mask: expected weights of the last axis of [3] or of all of it, found []",
                    () -> SparseTopK.isotonicMask(x, one, l2));
            refused("fenchelYoungLoss: expected targets of type float64 and shape [3], found float64 and [0]",
                    () -> SparseTopK.fenchelYoungLoss(x, none, 1, l2));
            refused("fenchelYoungLoss: expected targets of type float64 and shape [3], found float32 and [3]",
                    () -> SparseTopK.fenchelYoungLoss(x, floats, 1, l2));
            refused("labelLoss: expected a k of at least 1 and one label for each row of [3], found 0 and 1 labels",
                    () -> SparseTopK.labelLoss(x, new int[1], 0, l2));
            refused("labelLoss: expected a k of at least 1 and one label for each row of [3], found 1 and 2 labels",
                    () -> SparseTopK.labelLoss(x, new int[2], 1, l2));
            refused("labelLoss: expected labels in [0, 3), found 3 at row 0", () -> SparseTopK.labelLoss(x, new int[] {3}, 1, l2));
            refused("topK mask" + range + "4", () -> SparseTopK.labelLoss(x, new int[] {1}, 4, l2));
            refused("simplex: expected a finite mass above 0, found 0.0", () -> Projections.simplex(x, 0));
            refused("sparseSimplex: expected a finite mass above 0, found Infinity",
                    () -> Projections.sparseSimplex(x, 1, INFINITY));
            refused("sparseSimplex: expected a k of at least 1, found 0", () -> Projections.sparseSimplex(x, 0, 1));
            refused("simplex: expected rows of at least one element, found shape [0]", () -> Projections.simplex(none, 1));
            refused("isotonic dykstra: expected weights above 0, found 0.0",
                    () -> Isotonics.dykstra(x.value(), weights.value(), 5, 0));
            refused("isotonic dykstra: expected cycles and a tolerance of at least 0, found -1 and 0.0",
                    () -> Isotonics.dykstra(x.value(), x.value(), -1, 0));
        }
    }

    @Test
    void dykstraSaysWhetherItConverged() {
        try (Scope _ = Scope.open()) {
            NdArray s = TopKRow.tensor(DType.F64, IntStream.range(0, 40).mapToDouble(i -> i).toArray()).value();
            NdArray u = NdArray.full(Scope.current(), DType.F64, Shape.of(40), 1);
            Isotonics.Approximation few = Isotonics.dykstra(s, u, 250, 1e-6);
            assertTrue(!few.converged() && few.cycles() == 250 && few.violation() > 1e-6);
            Isotonics.Approximation many = Isotonics.dykstra(s, u, 100_000, 1e-10);
            assertTrue(many.converged() && many.cycles() < 100_000 && many.violation() <= 1e-10 && many.change() <= 1e-10);
            for (double v : many.v().toDoubles()) {
                assertEquals(19.5, v, 1e-6);
            }
        }
    }
}
