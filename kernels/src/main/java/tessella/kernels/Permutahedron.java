package tessella.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import tessella.kernels.Isotonic.Penalty;

/**
 * The mask for any weights w: y = argmax over the convex hull of all permutations of w of &lt;x, y&gt; - lambda / p sum y^p, by sorting x and
 * isotonic optimisation (Sander et al. 2023, section 4). Rows of n, float64; w does not rise and is at least 0. Rows with NaN or infinities
 * give NaN.
 */
public final class Permutahedron {
    private static final ValueLayout.OfDouble LAYOUT = ValueLayout.JAVA_DOUBLE;

    private final Isotonic isotonic;
    private final double lambda;
    private final Norm norm;
    private final int n;
    private final double[] w;
    private final double[] x;
    private final double[] s;
    private final double[] z;
    private final double[] d;
    /** Where w falls most: places are shared about there. */
    private final int edge;
    private int[] order;

    private Permutahedron(double[] w, double lambda, Norm norm) {
        this.w = w;
        this.lambda = lambda;
        this.norm = norm;
        n = w.length;
        isotonic = new Isotonic(n);
        x = new double[n];
        s = new double[n];
        z = new double[n];
        d = new double[n];
        int steepest = 0;
        for (int i = 1; i + 1 < n; i++) {
            steepest = w[i] - w[i + 1] > w[steepest] - w[steepest + 1] ? i : steepest;
        }
        edge = steepest;
    }

    /** y of x. */
    public static void forward(MemorySegment x, long xo, double[] w, double lambda, Norm norm, MemorySegment y, long yo, int rows) {
        Permutahedron row = new Permutahedron(w, lambda, norm);
        for (int i = 0; i < rows; i++) {
            long at = (long) i * row.n * 8;
            row.forward(x, xo + at);
            MemorySegment.copy(row.d, 0, y, LAYOUT, yo + at, row.n);
        }
    }

    /** dx of dy: c_i (dy_i - sum c dy / sum c) in each block of several, c the slopes of y, and 0 elsewhere. */
    public static void gradient(MemorySegment x, long xo, double[] w, double lambda, Norm norm, MemorySegment dy, long dyo,
            MemorySegment dx, long dxo, int rows) {
        Permutahedron row = new Permutahedron(w, lambda, norm);
        for (int i = 0; i < rows; i++) {
            long at = (long) i * row.n * 8;
            row.gradient(x, xo + at, dy, dyo + at);
            MemorySegment.copy(row.d, 0, dx, LAYOUT, dxo + at, row.n);
        }
    }

    /** z of x in the order of size; false if x has an element without an order. */
    private boolean solve(MemorySegment from, long at) {
        MemorySegment.copy(from, LAYOUT, at, x, 0, n);
        for (double v : x) {
            if (!Double.isFinite(v)) {
                return false;
            }
        }
        // -0 equals 0
        order = IntStream.range(0, n).boxed().sorted(Comparator.comparingDouble(i -> -(x[i] + 0.0))).mapToInt(i -> i).toArray();
        for (int i = 0; i < n; i++) {
            // an offset changes nothing, and would cost digits
            s[i] = x[order[i]] - x[order[edge]];
        }
        isotonic.solve(s, w, n, lambda, norm, Penalty.LINEAR);
        for (int block = 0; block < isotonic.blocks(); block++) {
            for (int i = isotonic.start(block); i < isotonic.start(block + 1); i++) {
                z[i] = isotonic.z(block, i);
            }
        }
        return true;
    }

    private void forward(MemorySegment from, long at) {
        if (!solve(from, at)) {
            Arrays.fill(d, Double.NaN);
            return;
        }
        for (int block = 0; block < isotonic.blocks(); block++) {
            int first = isotonic.start(block);
            int end = isotonic.start(block + 1);
            for (int i = first; i < end; i++) {
                d[order[i]] = end - first == 1 ? w[i] : norm.power(z[i]);
            }
        }
    }

    private void gradient(MemorySegment from, long at, MemorySegment dy, long dyo) {
        if (!solve(from, at)) {
            Arrays.fill(d, Double.NaN);
            return;
        }
        for (int block = 0; block < isotonic.blocks(); block++) {
            int first = isotonic.start(block);
            int end = isotonic.start(block + 1);
            double sum = 0;
            double slopes = 0;
            for (int i = first; i < end; i++) {
                double c = norm.slope(z[i]);
                slopes += c;
                sum += c * dy.get(LAYOUT, dyo + order[i] * 8L);
            }
            boolean pooled = end - first > 1 && slopes > 0;
            for (int i = first; i < end; i++) {
                d[order[i]] = pooled ? norm.slope(z[i]) / lambda * (dy.get(LAYOUT, dyo + order[i] * 8L) - sum / slopes) : 0;
            }
        }
    }
}
