package tessella.autodiff;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tessella.autodiff.TopKRow.gaussians;
import static tessella.autodiff.TopKRow.map;

import java.math.BigDecimal;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import net.jqwik.api.Assume;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Tag;
import net.jqwik.api.lifecycle.AddLifecycleHook;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Regularizer;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.Workers;
import tessella.reference.TopKOracle;

/** The properties of soft top-k masks, TK-1 to TK-18, on rows of all kinds, a fourth of them so long that they are sampled. */
@AddLifecycleHook(MemoryReturned.class)
@Tag("one-width")
class SparseTopKProperties {
    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    private static double norm(double[] a) {
        double most = Arrays.stream(a).map(Math::abs).max().orElse(0);
        return most == 0 ? 0 : most * Math.sqrt(Arrays.stream(a).map(v -> v / most * (v / most)).sum());
    }

    private static double[] minus(double[] a, double[] b) {
        return map(a.length, i -> a[i] - b[i]);
    }

    /** No derivative is above this. */
    private static double steepest(TopKRow row) {
        return 1 / (row.p() - 1) / row.lambda();
    }

    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void tk1TheMaskSumsToK(@ForAll long seed) {
        TopKRow row = TopKRow.any(seed);
        // the rounding of the thousands of elements that a threshold is made of
        assertEquals(row.k(), Arrays.stream(row.mask()).sum(), Math.max(1e-9, 1e-12 * row.k()), row::toString);
    }

    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void tk2TheMaskIsFromZeroToOne(@ForAll long seed) {
        TopKRow row = TopKRow.any(seed);
        for (double y : row.mask()) {
            assertTrue(y >= 0 && y <= 1, () -> y + " of " + row);
        }
    }

    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void tk3LargerElementsAreSelectedNoLessAndEqualOnesAlike(@ForAll long seed) {
        TopKRow row = TopKRow.any(seed);
        double[] y = row.mask();
        Integer[] order = IntStream.range(0, row.n()).boxed().sorted((a, b) -> Double.compare(row.x()[a], row.x()[b]))
                .toArray(Integer[]::new);
        for (int i = 1; i < order.length; i++) {
            double below = y[order[i - 1]];
            double above = y[order[i]];
            assertTrue(row.x()[order[i - 1]] == row.x()[order[i]] ? below == above : below <= above, () -> below + " then " + above
                    + " of " + row);
        }
    }

    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void tk4AtLeastKAreSelectedAndNoneFurtherThanLambdaFromTheLastOfThem(@ForAll long seed) {
        TopKRow row = TopKRow.any(seed);
        double[] y = row.mask();
        double last = row.sorted()[row.k() - 1];
        long selected = Arrays.stream(y).filter(v -> v > 0).count();
        long near = Arrays.stream(row.x()).filter(v -> (v - last) / row.lambda() > -1 - 1e-12).count();
        assertTrue(row.k() <= selected && selected <= near, () -> selected + " of " + near + " near: " + row);
    }

    private static boolean isDifference(double gap, double a, double b) {
        return new BigDecimal(a).subtract(new BigDecimal(b)).compareTo(new BigDecimal(gap)) == 0;
    }

    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void tk5AGapOfLambdaGivesTheHardMask(@ForAll long seed) {
        TopKRow row = TopKRow.any(seed);
        double[] s = row.sorted();
        double gap = s[row.k() - 1] - s[row.k()];
        Assume.that(gap > 0);
        SplittableRandom random = new SplittableRandom(seed);
        // a gap that was rounded up is none of lambda
        double whole = isDifference(gap, s[row.k() - 1], s[row.k()]) ? gap : Math.nextDown(gap);
        double lambda = random.nextBoolean() ? whole : gap * random.nextDouble();
        Assume.that(lambda > 0);
        TopKRow hard = row.with(lambda, row.p());
        assertArrayEquals(TopKOracle.hardMask(row.x(), row.k()), hard.mask(), hard.toString());
        double[] dx = hard.gradient(SparseTopK::mask, gaussians(seed, row.n()));
        assertTrue(Arrays.stream(dx).allMatch(d -> d == 0), hard::toString);
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void tk6AnOffsetChangesNothing(@ForAll long seed) {
        TopKRow any = TopKRow.any(seed);
        // multiples of 2^-20, so that no offset is rounded
        TopKRow row = any.of(map(any.n(), i -> Math.rint(Math.clamp(any.x()[i], -2e6, 2e6) * 0x1p20) * 0x1p-20));
        double offset = new SplittableRandom(seed).nextInt(-1 << 24, 1 << 24);
        assertArrayEquals(row.mask(), row.of(map(row.n(), i -> row.x()[i] + offset)).mask(), 1e-12, row.toString());
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void tk7ScaledElementsAndLambdaGiveTheSame(@ForAll long seed) {
        TopKRow row = TopKRow.any(seed).with(Math.exp(new SplittableRandom(seed).nextDouble(-4, 2)), TopKRow.any(seed).p());
        double scale = Math.scalb(1.0, new SplittableRandom(seed).nextInt(-850, 850));
        TopKRow scaled = row.of(map(row.n(), i -> row.x()[i] * scale)).with(row.lambda() * scale, row.p());
        assertArrayEquals(row.mask(), scaled.mask(), 1e-12, () -> scale + " times " + row);
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void tk8AnotherOrderGivesTheSameInThatOrder(@ForAll long seed) {
        TopKRow row = TopKRow.any(seed);
        int n = row.n();
        int[] order = new SplittableRandom(seed).ints(4L * n, 0, n).distinct().toArray();
        boolean[] taken = new boolean[n];
        Arrays.stream(order).forEach(i -> taken[i] = true);
        int[] all = IntStream.concat(Arrays.stream(order), IntStream.range(0, n).filter(i -> !taken[i])).toArray();
        double[] y = row.mask();
        assertArrayEquals(map(n, i -> y[all[i]]), row.of(map(n, i -> row.x()[all[i]])).mask(), 1e-12, row.toString());
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void tk9OnePlaceMoreSelectsNoElementLess(@ForAll long seed) {
        TopKRow row = TopKRow.any(seed);
        double[] y = row.mask();
        double[] more = row.with(row.k() + 1).mask();
        for (int i = 0; i < row.n(); i++) {
            int at = i;
            assertTrue(more[i] >= y[i] - 1e-12, () -> y[at] + " then " + more[at] + " of " + row);
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void tk10TheMaskOfTheOthersIsTheRest(@ForAll long seed) {
        TopKRow row = TopKRow.any(seed).with(TopKRow.any(seed).lambda(), 2);
        double[] others = row.of(map(row.n(), i -> -row.x()[i])).with(row.n() - row.k()).mask();
        assertArrayEquals(row.mask(), map(row.n(), i -> 1 - others[i]), 1e-12, row.toString());
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void tk11TheMaskMovesNoFasterThanItsLipschitzBound(@ForAll long seed) {
        TopKRow row = TopKRow.any(seed);
        double step = Math.min(row.lambda(), 1e100) * Math.pow(10, new SplittableRandom(seed).nextDouble(-6, 1));
        double[] noise = gaussians(seed, row.n());
        TopKRow moved = row.of(map(row.n(), i -> row.x()[i] + step * noise[i]));
        double found = norm(minus(row.mask(), moved.mask()));
        double bound = norm(minus(row.x(), moved.x())) / row.lambda() / (row.p() - 1);
        assertTrue(found <= bound * (1 + 1e-9) + 1e-11, () -> found + " above " + bound + " of " + row);
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void tk12TheGradientIsLinearSymmetricPositiveAndBlindToOffsets(@ForAll long seed) {
        TopKRow any = TopKRow.any(seed);
        TopKRow row = any.with(Math.clamp(any.lambda(), 1e-100, 1e100), any.p());
        int n = row.n();
        double[] g = gaussians(seed, n);
        double[] h = gaussians(seed + 1, n);
        double[] jg = row.gradient(SparseTopK::mask, g);
        double[] jh = row.gradient(SparseTopK::mask, h);
        double allowed = 1e-12 * n * steepest(row);
        double[] both = row.gradient(SparseTopK::mask, map(n, i -> 2 * g[i] - 3 * h[i]));
        assertArrayEquals(map(n, i -> 2 * jg[i] - 3 * jh[i]), both, allowed, row.toString());
        assertEquals(dot(jg, h), dot(g, jh), allowed * n, row::toString);
        assertTrue(dot(g, jg) >= -allowed, row::toString);
        assertArrayEquals(new double[n], row.gradient(SparseTopK::mask, map(n, i -> 1)), allowed, row.toString());
        assertEquals(0, Arrays.stream(jg).sum(), allowed * n, row::toString);
    }

    /** Away from 1 for every norm, and from 0 for p = 2. */
    private static void assumeSmooth(TopKRow row) {
        double[] s = row.sorted();
        double gap = s[row.k() - 1] - s[row.k()];
        if (gap >= row.lambda()) {
            Assume.that(gap > 1.001 * row.lambda());
            return;
        }
        for (double z : TopKOracle.levels(row.x(), row.k(), row.lambda(), row.p())) {
            Assume.that(Math.abs(z - 1) > 1e-3 && (row.p() < 2 || Math.abs(z) > 1e-3));
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void tk13TheGradientIsThatOfDifferencesOfTheOracle(@ForAll long seed) {
        TopKRow any = TopKRow.few(seed);
        TopKRow row = any.with(Math.clamp(any.lambda(), 0.02, 8), any.p());
        Assume.that(Arrays.stream(row.x()).allMatch(v -> Math.abs(v) < 1e4));
        assumeSmooth(row);
        double[] dy = gaussians(seed, row.n());
        double[] dx = row.gradient(SparseTopK::mask, dy);
        double step = 1e-6 * row.lambda();
        double[] x = row.x().clone();
        double[] expected = map(row.n(), i -> {
            double kept = x[i];
            x[i] = kept + step;
            double above = dot(dy, TopKOracle.maskByThreshold(x, row.k(), row.lambda(), row.p()));
            x[i] = kept - step;
            double below = dot(dy, TopKOracle.maskByThreshold(x, row.k(), row.lambda(), row.p()));
            x[i] = kept;
            return (above - below) / (2 * step);
        });
        assertArrayEquals(expected, dx, 1e-5 * steepest(row), row.toString());
    }

    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void tk14ThresholdPoolingAndBothOraclesAgree(@ForAll long seed) {
        TopKRow row = TopKRow.any(seed);
        double[] y = row.mask();
        if (row.p() == 2 || row.p() == 4.0 / 3 || row.n() <= 40) {
            assertArrayEquals(TopKOracle.maskByThreshold(row.x(), row.k(), row.lambda(), row.p()), y, 1e-10, row.toString());
            double[] w = TopKOracle.ones(row.n(), row.k());
            double[] pooled = row.apply((x, _, regularizer) -> SparseTopK.permutahedron(x, w, regularizer));
            assertArrayEquals(pooled, y, 1e-10, row.toString());
        }
        double[] s = row.sorted();
        // this oracle subtracts v from s, which loses a lambda that is small beside them
        if (row.n() <= 12 && row.lambda() > 1e-5 * (s[0] - s[row.n() - 1])) {
            assertArrayEquals(TopKOracle.mask(row.x(), row.k(), row.lambda(), row.p()), y, 1e-9, row.toString());
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void tk15OnePlaceIsSparsemaxAndEntmax(@ForAll long seed) {
        TopKRow any = TopKRow.any(seed);
        TopKRow row = any.with(Math.clamp(any.lambda(), 1e-10, 1e10), 2).with(1);
        double[] scaled = map(row.n(), i -> row.x()[i] / row.lambda());
        double size = Arrays.stream(scaled).map(v -> Math.abs(v)).max().orElse(0);
        assertArrayEquals(TopKOracle.simplex(scaled, 1), row.mask(), 1e-12 + 1e-15 * Math.min(size, 1e15), row.toString());
        assertArrayEquals(entmax(row.x()), row.with(3, 4.0 / 3).mask(), 1e-9, row.toString());
    }

    /** Entmax of 4/3: y_i = max(x_i / 3 - tau, 0)^3, of sum 1. */
    private static double[] entmax(double[] x) {
        double most = Arrays.stream(x).max().orElse(0);
        double low = -1;
        double high = 0;
        for (int i = 0; i < 200; i++) {
            double tau = (low + high) / 2;
            double sum = Arrays.stream(x).map(v -> Math.pow(Math.max((v - most) / 3 - tau, 0), 3)).sum();
            low = sum > 1 ? tau : low;
            high = sum > 1 ? high : tau;
        }
        double tau = high;
        return Arrays.stream(x).map(v -> Math.pow(Math.max((v - most) / 3 - tau, 0), 3)).toArray();
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void tk16NoOtherSelectionIsBetter(@ForAll long seed) {
        TopKRow any = TopKRow.few(seed);
        TopKRow row = any.within(100, 1e-3, 1e3);
        double best = row.apply(SparseTopK::value)[0];
        double own = TopKOracle.value(row.x(), row.mask(), row.lambda(), row.p());
        double allowed = 1e-9 * (1 + Math.abs(best));
        assertEquals(own, best, allowed, row::toString);
        SplittableRandom random = new SplittableRandom(seed);
        for (int trial = 0; trial < 20; trial++) {
            // a mean of hard masks, near the best or far from it
            double near = random.nextDouble();
            double[] u = map(row.n(), i -> near * row.mask()[i]);
            for (int part = 0; part < 4; part++) {
                double[] hard = TopKOracle.hardMask(gaussians(random.nextLong(), row.n()), row.k());
                for (int i = 0; i < row.n(); i++) {
                    u[i] += (1 - near) * hard[i] / 4;
                }
            }
            assertTrue(TopKOracle.value(row.x(), u, row.lambda(), row.p()) <= best + allowed, row::toString);
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void tk17TheGradientOfTheValueIsTheMask(@ForAll long seed) {
        TopKRow row = TopKRow.any(seed);
        double[] y = row.mask();
        assertArrayEquals(map(row.n(), i -> -1.5 * y[i]), row.gradient(SparseTopK::value, -1.5), row.toString());
        TopKRow few = TopKRow.few(seed);
        TopKRow smooth = few.within(100, 0.02, 8);
        double[] mask = smooth.mask();
        double step = 1e-5 * smooth.lambda();
        for (int i = 0; i < smooth.n(); i++) {
            double[] x = smooth.x().clone();
            x[i] += step;
            double above = smooth.of(x.clone()).apply(SparseTopK::value)[0];
            double from = x[i];
            x[i] = smooth.x()[i] - step;
            double below = smooth.of(x).apply(SparseTopK::value)[0];
            assertEquals(mask[i], (above - below) / (from - x[i]), 1e-4, smooth::toString);
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void tk18SmallLambdasEndAtTheHardMaskAndLargeOnesAtTheMean(@ForAll long seed) {
        TopKRow row = TopKRow.few(seed);
        double[] s = row.sorted();
        int n = row.n();
        if (s[row.k() - 1] > s[row.k()]) {
            double[] hard = TopKOracle.hardMask(row.x(), row.k());
            double before = Double.POSITIVE_INFINITY;
            double gap = s[row.k() - 1] - s[row.k()];
            for (double lambda = 64 * gap; lambda >= gap; lambda /= 2) {
                double off = norm(minus(row.with(lambda, row.p()).mask(), hard));
                assertTrue(off <= before + 1e-12, row::toString);
                before = off;
            }
            // of so small a gap between large elements the last digits are rounding
            assertEquals(0, before, 1e-12, row::toString);
            assertEquals(0, norm(minus(row.with(gap / 2, row.p()).mask(), hard)), row::toString);
        }
        double spread = s[0] - s[n - 1];
        TopKRow large = row.with(spread * n + 1, 2);
        double mean = Arrays.stream(row.x()).map(v -> (v - row.x()[0]) / n).sum();
        assertArrayEquals(map(n, i -> (double) row.k() / n + (row.x()[i] - row.x()[0] - mean) / large.lambda()), large.mask(), 1e-12,
                large.toString());
        double[] endless = row.with(Double.POSITIVE_INFINITY, row.p()).mask();
        assertArrayEquals(map(n, i -> (double) row.k() / n), endless, 1e-15, row.toString());
    }

    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void float32IsThatOfFloat64ToTwoInAMillion(@ForAll long seed) {
        TopKRow any = TopKRow.any(seed);
        TopKRow row = any.of(map(any.n(), i -> (float) any.x()[i]));
        assertArrayEquals(row.mask(), row.apply(SparseTopK::mask, DType.F32), 2e-6, row.toString());
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void gradientsInFloat32AreThoseOfFloat64AwayFromKinks(@ForAll long seed) {
        TopKRow any = TopKRow.few(seed);
        TopKRow row = any.of(map(any.n(), i -> (float) any.x()[i])).with(Math.clamp(any.lambda(), 1e-20, 1e20), any.p());
        assumeSmooth(row);
        double[] dy = map(row.n(), i -> (float) gaussians(seed, row.n())[i]);
        double[] expected = row.gradient(SparseTopK::mask, dy);
        double most = Arrays.stream(expected).map(Math::abs).max().orElse(0);
        // c (dy - mean): what is left of dy may be little
        double[] found = row.gradient(SparseTopK::mask, DType.F32, dy);
        assertArrayEquals(expected, found, 1e-4 * most + 1e-6 * steepest(row), row.toString());
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void rowsOfAnyLayoutAreThoseOfEachAlone(@ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        TopKRow row = TopKRow.any(seed);
        int a = random.nextInt(0, 4);
        int b = random.nextInt(1, 4);
        int n = row.n();
        double[][] rows = new double[a * b][];
        for (int i = 0; i < rows.length; i++) {
            double[] noise = gaussians(random.nextLong(), n);
            rows[i] = map(n, j -> row.x()[j] + noise[j]);
        }
        for (TopKRow.Op op : new TopKRow.Op[] {SparseTopK::mask, SparseTopK::magnitude, SparseTopK::rawMagnitude}) {
            try (Scope _ = Scope.open()) {
                // [n, a, b], read as [a, b, n]
                NdArray x = NdArray.empty(Scope.current(), DType.F64, Shape.of(n, a, b));
                x.copyFrom(map(n * a * b, i -> rows[i % (a * b)][i / (a * b)]));
                double[] y = op.apply(Shapes.permute(Tensor.of(x), 1, 2, 0), row.k(), row.regularizer()).toDoubles();
                for (int i = 0; i < rows.length; i++) {
                    assertArrayEquals(row.of(rows[i]).apply(op), Arrays.copyOfRange(y, i * n, (i + 1) * n), row.toString());
                }
            }
        }
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void bitsDoNotDependOnTheNumberOfThreads(@ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        TopKRow row = TopKRow.any(seed);
        int copies = row.n() > 4000 ? 3 : random.nextInt(1, 900);
        double[] all = map(copies * row.n(), i -> row.x()[i % row.n()] + (i / row.n()) * 0.125);
        double[] dy = gaussians(seed, all.length);
        double[][] found = new double[3][];
        for (int threads = 1; threads <= 3; threads++) {
            try (Workers workers = Workers.of(threads)) {
                found[threads - 1] = Workers.with(workers, () -> row.of(all).gradient((x, k, regularizer) -> Shapes.reshape(
                        SparseTopK.mask(Shapes.reshape(x, copies, row.n()), k, regularizer), all.length), dy));
            }
        }
        assertArrayEquals(found[0], found[1]);
        assertArrayEquals(found[0], found[2]);
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void theFenchelYoungLossIsAboveZeroAndZeroAtItsMask(@ForAll long seed) {
        TopKRow any = TopKRow.few(seed);
        TopKRow row = any.within(100, 0.02, 8);
        double[] own = row.mask();
        double[] other = TopKOracle.hardMask(gaussians(seed, row.n()), row.k());
        Regularizer regularizer = row.regularizer();
        double zero = row.apply((x, k, r) -> SparseTopK.fenchelYoungLoss(x, TopKRow.tensor(DType.F64, own), k, r))[0];
        double loss = row.apply((x, k, r) -> SparseTopK.fenchelYoungLoss(x, TopKRow.tensor(DType.F64, other), k, r))[0];
        assertEquals(0, zero, 1e-12, row::toString);
        assertEquals(TopKOracle.value(row.x(), own, regularizer.lambda(), regularizer.p())
                - TopKOracle.value(row.x(), other, regularizer.lambda(), regularizer.p()), loss, 1e-9 * (1 + Math.abs(loss)),
                row::toString);
        assertTrue(loss >= -1e-12, row::toString);
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void theLossOfALabelIsZeroExactlyWhereItIsSelectedWhole(@ForAll long seed) {
        TopKRow any = TopKRow.few(seed);
        TopKRow row = any.within(100, 0.02, 8);
        double[] y = row.mask();
        for (int label = 0; label < row.n(); label++) {
            int at = label;
            double loss = row.apply((x, k, r) -> SparseTopK.labelLoss(Shapes.reshape(x, 1, row.n()), new int[] {at}, k, r))[0];
            if (y[label] == 1) {
                assertEquals(0, loss, 1e-12, row::toString);
            } else {
                assertTrue(loss >= (y[label] < 0.9 ? 1e-9 : 0), () -> loss + " of " + at + " of " + row);
            }
        }
    }
}
