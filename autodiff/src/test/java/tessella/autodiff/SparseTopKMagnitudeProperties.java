package tessella.autodiff;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tessella.autodiff.TopKRow.gaussians;
import static tessella.autodiff.TopKRow.map;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import net.jqwik.api.Assume;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Tag;
import net.jqwik.api.lifecycle.AddLifecycleHook;
import tessella.engine.DType;
import tessella.reference.TopKOracle;

/** The properties of soft top-k magnitudes, MG-1 to MG-10, with the bias and without, on rows as those of the masks. */
@AddLifecycleHook(MemoryReturned.class)
@Tag("one-width")
class SparseTopKMagnitudeProperties {
    private static final List<TopKRow.Op> BOTH = List.of(SparseTopK::magnitude, SparseTopK::rawMagnitude);

    private static double dot(double[] a, double[] b) {
        return IntStream.range(0, a.length).mapToDouble(i -> a[i] * b[i]).sum();
    }

    private static double most(double[] a) {
        return Arrays.stream(a).map(Math::abs).max().orElse(0);
    }

    /** Lambda within bounds, and elements of ordinary size. */
    private static TopKRow moderate(TopKRow any) {
        return any.within(50, 0.02, 8);
    }

    /** Relative to each element; beside the last of the k what is 1e15 times smaller has no digits, nor what is 1e28 times smaller than lambda. */
    private static void requireNear(double[] expected, double[] found, double tolerance, TopKRow row) {
        double last = 1e-15 * row.sizes().sorted()[row.k() - 1] + 1e-28 * Math.min(row.lambda(), 1e8) + Double.MIN_NORMAL;
        for (int i = 0; i < expected.length; i++) {
            int at = i;
            assertEquals(expected[i], found[i], tolerance * Math.abs(row.x()[i]) + last, () -> "at " + at + " of " + row);
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void mg1TheOppositeRowGivesTheOppositeAndSignsStay(@ForAll long seed) {
        TopKRow row = TopKRow.any(seed);
        for (TopKRow.Op op : BOTH) {
            double[] o = row.apply(op);
            double[] opposite = row.of(map(row.n(), i -> -row.x()[i])).apply(op);
            for (int i = 0; i < row.n(); i++) {
                assertEquals(0, o[i] + opposite[i], row::toString);
                assertTrue(o[i] == 0 || Math.signum(o[i]) == Math.signum(row.x()[i]), row::toString);
            }
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void mg2MagnitudesAreNoLargerThanTheElements(@ForAll long seed) {
        TopKRow row = TopKRow.any(seed);
        double[] o = row.magnitude();
        for (int i = 0; i < row.n(); i++) {
            int at = i;
            assertTrue(Math.abs(o[i]) <= Math.abs(row.x()[i]) * (1 + 1e-12), () -> o[at] + " of " + row.x()[at] + " of " + row);
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void mg3LargerElementsGiveNoLess(@ForAll long seed) {
        TopKRow row = TopKRow.any(seed);
        for (TopKRow.Op op : BOTH) {
            double[] o = row.apply(op);
            Integer[] order = IntStream.range(0, row.n()).boxed().sorted((a, b) -> Double.compare(Math.abs(row.x()[a]),
                    Math.abs(row.x()[b]))).toArray(Integer[]::new);
            for (int i = 1; i < order.length; i++) {
                double below = Math.abs(o[order[i - 1]]);
                double above = Math.abs(o[order[i]]);
                assertTrue(below <= above * (1 + 1e-12), () -> below + " then " + above + " of " + row);
            }
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void mg4AtLeastKAreSelectedAsFarAsThereAreSoMany(@ForAll long seed) {
        TopKRow any = TopKRow.any(seed);
        int every = new SplittableRandom(seed).nextInt(1, 5);
        TopKRow row = any.of(map(any.n(), i -> i % every == 0 ? any.x()[i] : 0));
        long nonzero = Arrays.stream(row.x()).filter(v -> v != 0).count();
        assertTrue(Arrays.stream(row.magnitude()).filter(v -> v != 0).count() >= Math.min(row.k(), nonzero), row::toString);
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void mg5OnePlaceMoreMakesNoElementSmaller(@ForAll long seed) {
        TopKRow row = TopKRow.any(seed);
        for (TopKRow.Op op : BOTH) {
            double[] o = row.apply(op);
            double[] more = row.with(row.k() + 1).apply(op);
            double last = 1e-15 * row.sizes().sorted()[row.k() - 1];
            for (int i = 0; i < row.n(); i++) {
                int at = i;
                assertTrue(Math.abs(more[i]) >= Math.abs(o[i]) - 1e-12 * Math.abs(row.x()[i]) - last, () -> o[at] + " then " + more[at]
                        + " of " + row);
            }
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void mg6ScaledElementsWithTheirLambdaGiveTheScaled(@ForAll long seed) {
        TopKRow row = TopKRow.any(seed);
        double scale = Math.scalb(1.0, new SplittableRandom(seed).nextInt(-12, 12));
        TopKRow scaled = row.of(map(row.n(), i -> row.x()[i] * scale)).with(row.lambda() * Math.pow(scale, 2 - row.p()), row.p());
        for (TopKRow.Op op : BOTH) {
            double[] o = row.apply(op);
            // a lambda that was rounded may let an element of the block in or out
            requireNear(map(row.n(), i -> o[i] * scale), scaled.apply(op), 1e-9, scaled);
        }
    }

    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void mg7ALastPlaceThatGivesUpLittleGivesTheHardOnes(@ForAll long seed) {
        TopKRow row = TopKRow.any(seed);
        double[] s = row.sizes().sorted();
        double last = s[row.k() - 1];
        double next = s[row.k()];
        Assume.that(last > 0);
        // halved until the last of the k, alone, still stands above the next
        double lambda = Math.min(row.lambda(), 1e6);
        // a ground far below the element is a difference without digits
        double clear = next * (1 + 1e-12) + 1e-14 * last;
        while (lambda > 1e-290 && !(TopKOracle.groundOf(last, lambda, row.p()) >= clear)) {
            lambda /= 4;
        }
        Assume.that(TopKOracle.groundOf(last, lambda, row.p()) >= clear);
        TopKRow hard = row.with(lambda, row.p());
        double[] found = hard.magnitude();
        double[] expected = TopKOracle.hardMagnitude(row.x(), row.k());
        for (int i = 0; i < row.n(); i++) {
            assertTrue(expected[i] == found[i], hard::toString);
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void mg8TheRawOnesAndTheirSupportNormMeetInFenchelsEquality(@ForAll long seed) {
        TopKRow row = moderate(TopKRow.few(seed)).sizes();
        double[] y = row.raw();
        double[] v = map(row.n(), i -> row.x()[i] - row.lambda() * Math.pow(y[i], row.p() - 1));
        double largest = Arrays.stream(v).map(u -> -u * u).sorted().limit(row.k()).map(u -> -u).sum();
        assertEquals(dot(v, y), largest / 2 + TopKOracle.kSupportSquared(y, row.k()) / 2, 1e-9 * (1 + largest), row::toString);
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void mg9TheGradientOfRawOnesIsSymmetricAndPositive(@ForAll long seed) {
        TopKRow any = TopKRow.any(seed);
        TopKRow row = any.within(50, 1e-3, 1e3);
        int n = row.n();
        double[] g = gaussians(seed, n);
        double[] h = gaussians(seed + 1, n);
        double[] jg = row.gradient(SparseTopK::rawMagnitude, g);
        double[] jh = row.gradient(SparseTopK::rawMagnitude, h);
        double allowed = 1e-12 * n * (1 + 50 / row.lambda());
        assertEquals(dot(jg, h), dot(g, jh), allowed * n, row::toString);
        assertTrue(dot(g, jg) >= -allowed, row::toString);
        double[] both = row.gradient(SparseTopK::rawMagnitude, map(n, i -> 2 * g[i] - 3 * h[i]));
        assertArrayEquals(map(n, i -> 2 * jg[i] - 3 * jh[i]), both, allowed, row.toString());
        TopKRow two = row.with(row.lambda(), 2);
        assertEquals(dot(two.gradient(SparseTopK::magnitude, g), h), dot(g, two.gradient(SparseTopK::magnitude, h)), allowed * n,
                row::toString);
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void mg10LargeLambdasEndAtTheRowItselfAndSmallOnesAtTheHardOnes(@ForAll long seed) {
        TopKRow row = moderate(TopKRow.few(seed));
        assertArrayEquals(row.x(), row.with(1e13, row.p()).magnitude(), 1e-6 * most(row.x()), row.toString());
        assertArrayEquals(row.x(), row.with(Double.POSITIVE_INFINITY, row.p()).magnitude(), row.toString());
        assertEquals(0, most(row.with(Double.POSITIVE_INFINITY, row.p()).raw()), row.k() == row.n() ? 1e-300 : 0, row::toString);
        double[] s = row.sizes().sorted();
        if (TopKOracle.groundOf(s[row.k() - 1], 1e-15, row.p()) > s[row.k()]) {
            requireNear(TopKOracle.hardMagnitude(row.x(), row.k()), row.with(1e-15, row.p()).magnitude(), 1e-12, row);
        }
    }

    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void magnitudesAreThoseOfBothOracles(@ForAll long seed) {
        TopKRow any = TopKRow.any(seed);
        TopKRow row = any.with(Math.clamp(any.lambda(), 1e-8, 1e8), any.p());
        double size = most(row.x());
        double smallest = Arrays.stream(row.x()).map(Math::abs).filter(v -> v > 0).min().orElse(1);
        // (s - g) / lambda of the oracle's g, which is rounded
        double q = row.p() / (row.p() - 1);
        double last = row.sizes().sorted()[row.k() - 1];
        double steep = last == 0 ? 0 : 8 * (q - 1) * Math.pow(last, (q - 2) / (q - 1)) * Math.ulp(last) / row.lambda() / last;
        double allowed = Math.max(1e-11 * Math.max(1, 1 / row.lambda()), steep);
        if (row.p() == 2 || row.p() == 4.0 / 3 || row.n() <= 40) {
            requireNear(TopKOracle.magnitudeByThreshold(row.x(), row.k(), row.lambda(), row.p()), row.magnitude(),
                    Math.max(1e-9, allowed), row);
        }
        if (row.n() <= 12 && size < 100 && smallest > 1e-3 && row.lambda() > 1e-3 && row.lambda() < 1e3) {
            assertArrayEquals(TopKOracle.magnitude(row.x(), row.k(), row.lambda(), row.p()), row.magnitude(), 1e-8 * size,
                    row.toString());
            assertArrayEquals(TopKOracle.raw(row.x(), row.k(), row.lambda(), row.p()), row.raw(), 1e-8 * size, row.toString());
            assertArrayEquals(TopKOracle.rawByThreshold(row.x(), row.k(), row.lambda(), row.p()), row.raw(), 1e-8 * size,
                    row.toString());
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void gradientsAreThoseOfDifferencesOfTheOracle(@ForAll long seed) {
        TopKRow row = moderate(TopKRow.few(seed));
        Assume.that(TopKOracle.isMagnitudeSmooth(row.x(), row.k(), row.lambda(), row.p(), 2e-3));
        double[] dy = gaussians(seed, row.n());
        double step = 1e-6 * row.lambda();
        for (TopKRow.Op op : BOTH) {
            double[] dx = row.gradient(op, dy);
            double[] x = row.x().clone();
            double[] expected = map(row.n(), i -> {
                double kept = x[i];
                x[i] = kept + step;
                double above = dot(dy, oracle(op, row.of(x)));
                x[i] = kept - step;
                double below = dot(dy, oracle(op, row.of(x)));
                x[i] = kept;
                return (above - below) / (2 * step);
            });
            assertArrayEquals(expected, dx, 2e-5 * (1 + most(expected)), row.toString());
        }
    }

    private static double[] oracle(TopKRow.Op op, TopKRow row) {
        return op == BOTH.get(0) ? TopKOracle.magnitudeByThreshold(row.x(), row.k(), row.lambda(), row.p())
                : TopKOracle.rawByThreshold(row.x(), row.k(), row.lambda(), row.p());
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void float32IsThatOfFloat64(@ForAll long seed) {
        TopKRow any = TopKRow.any(seed);
        TopKRow row = any.of(map(any.n(), i -> (float) any.x()[i]));
        for (TopKRow.Op op : BOTH) {
            double[] expected = row.apply(op);
            assertArrayEquals(expected, row.apply(op, DType.F32), 2e-6 * most(expected) + Float.MIN_NORMAL, row.toString());
        }
    }
}
