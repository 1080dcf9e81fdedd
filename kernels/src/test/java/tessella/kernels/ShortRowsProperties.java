package tessella.kernels;

import java.util.SplittableRandom;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Rows that stay in registers have the bits of rows that do not: every sum adds in the order of the reductions. */
class ShortRowsProperties {
    private static final double EPS = 1e-6;

    /** Lengths of 1 to 8 vectors, whole ones as often as those with a rest. */
    private static int length(Type type, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int vl = type.lanes();
        return random.nextBoolean() ? vl * random.nextInt(1, 9) : random.nextInt(1, 8 * vl + 1);
    }

    private static Buffer row(Buffer x, int row, int stride, int n) {
        Buffer out = Buffer.of(x.type, n);
        for (int i = 0; i < n; i++) {
            out.set(i, x.get(row * stride + i));
        }
        return out;
    }

    private static double sum(Type type, Buffer x, int n) {
        return ((Number) type.call("Reductions", "sum", x, n)).doubleValue();
    }

    private static double dot(Type type, Buffer a, Buffer b, int n) {
        return ((Number) type.call("Reductions", "dot", a, b, n)).doubleValue();
    }

    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void exponentialsAndTheirSumsHaveTheBitsOfOneRow(@ForAll Type type, @ForAll @IntRange(min = 1, max = 5) int rows,
            @ForAll @IntRange(min = 0, max = 5) int gap, @ForAll long seed) {
        int n = length(type, seed);
        Buffer x = Buffer.gaussians(type, seed, rows * (n + gap));
        Buffer y = x.copy();
        Buffer tops = Buffer.of(type, rows);
        Buffer sums = Buffer.of(type, rows);
        type.call("Softmax", "exponentials", y, n + gap, rows, n, tops, sums);
        Buffer expected = x.copy();
        Buffer expectedTops = Buffer.of(type, rows);
        Buffer expectedSums = Buffer.of(type, rows);
        for (int row = 0; row < rows; row++) {
            Buffer one = row(x, row, n + gap, n);
            double top = ((Number) type.call("Softmax", "max", one, n)).doubleValue();
            expectedTops.set(row, top);
            expectedSums.set(row, ((Number) type.call("Softmax", "expSum", one, top, one, n)).doubleValue());
            for (int i = 0; i < n; i++) {
                expected.set(row * (n + gap) + i, one.get(i));
            }
        }
        tops.requireSameBits("greatest", expectedTops);
        sums.requireSameBits("sums", expectedSums);
        y.requireSameBits("exponentials", expected);
    }

    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void theGradientOfSoftmaxHasTheBitsOfOneRow(@ForAll Type type, @ForAll @IntRange(min = 1, max = 5) int rows, @ForAll long seed) {
        int n = length(type, seed);
        Buffer y = Buffer.gaussians(type, seed, rows * n);
        Buffer dy = Buffer.gaussians(type, seed + 1, rows * n);
        Buffer expected = Buffer.of(type, rows * n);
        for (int row = 0; row < rows; row++) {
            double dot = dot(type, row(y, row, n, n), row(dy, row, n, n), n);
            for (int i = row * n; i < (row + 1) * n; i++) {
                expected.set(i, type.rounded(y.get(i) * type.rounded(dy.get(i) - dot)));
            }
        }
        Buffer dx = Buffer.of(type, rows * n);
        type.call("Softmax", "rowsGradient", y, dy, dx, rows, n);
        dx.requireSameBits("gradient of softmax", expected);
    }

    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void layerNormAndItsGradientHaveTheBitsOfOneRow(@ForAll Type type, @ForAll @IntRange(min = 1, max = 5) int rows,
            @ForAll boolean biased, @ForAll long seed) {
        int n = length(type, seed);
        Buffer x = Buffer.gaussians(type, seed, rows * n);
        Buffer g = Buffer.gaussians(type, seed + 1, n);
        Buffer b = biased ? Buffer.gaussians(type, seed + 2, n) : Buffer.none(type);
        Buffer dy = Buffer.gaussians(type, seed + 3, rows * n);
        Buffer y = Buffer.of(type, rows * n);
        Buffer means = Buffer.of(type, rows);
        Buffer roots = Buffer.of(type, rows);
        type.call("Norms", "layerNorm", x, g, b, y, means, roots, rows, n, EPS);
        Buffer expectedMeans = Buffer.of(type, rows);
        Buffer expectedRoots = Buffer.of(type, rows);
        Buffer expectedDx = Buffer.of(type, rows * n);
        for (int row = 0; row < rows; row++) {
            Buffer one = row(x, row, n, n);
            double mean = type.rounded(sum(type, one, n) / n);
            double squares = ((Number) type.call("Reductions", "squares", one, mean, n)).doubleValue();
            double r = type.rounded(1 / Math.sqrt(squares / n + EPS));
            expectedMeans.set(row, mean);
            expectedRoots.set(row, r);
            Buffer u = Buffer.of(type, n);
            Buffer normal = Buffer.of(type, n);
            for (int i = 0; i < n; i++) {
                u.set(i, type.rounded(dy.get(row * n + i) * g.get(i)));
                normal.set(i, type.rounded(type.rounded(one.get(i) - mean) * r));
            }
            double meanU = type.rounded(sum(type, u, n) / n);
            double meanUx = type.rounded(dot(type, u, normal, n) / n);
            for (int i = 0; i < n; i++) {
                double d = type.rounded(type.rounded(u.get(i) - meanU) - type.rounded(normal.get(i) * meanUx));
                expectedDx.set(row * n + i, type.rounded(d * r));
            }
        }
        means.requireSameBits("means", expectedMeans);
        roots.requireSameBits("roots", expectedRoots);
        Buffer dx = Buffer.of(type, rows * n);
        Buffer dg = g.copy();
        Buffer db = biased ? b.copy() : Buffer.none(type);
        type.call("Norms", "layerNormGradient", x, g, dy, means, roots, dx, dg, db, rows, n);
        dx.requireSameBits("gradient of LayerNorm", expectedDx);
    }
}
