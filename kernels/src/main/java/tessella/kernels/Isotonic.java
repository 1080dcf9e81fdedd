package tessella.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Isotonic optimisation of one row by pooling adjacent violators (PAV), exact and in linear time for p = 2 and 4/3: the
 * non-increasing v [n] that minimises sum_i |s_i - v_i|^q / (q lambda^(q-1)) plus the penalty (Sander et al. 2023, section 4).
 * In a block of equal v = g the sum of sign(s_i - g) |s_i - g|^(q-1) is lambda^(q-1) times W, the sum of its weights, or times W g.
 *
 * <p>Blocks keep their mean and the central moments of s / lambda, so that two merge in a few operations; powers of s itself would cancel.
 * The value of a block is kept as t = (g - mean) / lambda: z = (s - v) / lambda then has no rounding of v in it.
 *
 * <p>An instance is the memory of one thread; rows follow each other in it.
 */
public final class Isotonic {
    private static final ValueLayout.OfDouble LAYOUT = ValueLayout.JAVA_DOUBLE;
    /** 2/3 of the bits of 1, so that x^(1/3) has a third of the exponent of x. */
    private static final long THIRD = Double.doubleToRawLongBits(1) / 3 * 2;
    private static final int NEWTON = 60;

    private final int[] starts;
    private final double[] means;
    private final double[] squares;
    private final double[] cubes;
    private final double[] weights;
    private final double[] shifts;
    private int blocks;

    private double[] s;
    private int n;
    private double lambda;
    private Norm norm;
    private Penalty penalty;

    /** What is added to the distance of s and v. */
    public enum Penalty {
        /** sum w_i v_i: (s - v) / lambda is a mask. */
        LINEAR,
        /** sum w_i v_i^2 / 2: (s - v) / lambda is a magnitude. */
        SQUARED
    }

    /** Memory for rows of at most n elements. */
    public Isotonic(int n) {
        starts = new int[n + 1];
        means = new double[n];
        squares = new double[n];
        cubes = new double[n];
        weights = new double[n];
        shifts = new double[n];
    }

    /**
     * Solves for the first n elements of s, with weights w of at least 0; s is read until the next row is solved. A NaN in s makes
     * results of NaN.
     */
    public void solve(double[] s, double[] w, int n, double lambda, Norm norm, Penalty penalty) {
        this.s = s;
        this.n = n;
        this.lambda = lambda;
        this.norm = norm;
        this.penalty = penalty;
        blocks = 0;
        for (int i = 0; i < n; i++) {
            starts[blocks] = i;
            starts[blocks + 1] = i + 1;
            means[blocks] = s[i];
            squares[blocks] = 0;
            cubes[blocks] = 0;
            weights[blocks] = w[i];
            shifts[blocks] = shift(blocks);
            blocks++;
            // strictly: equal neighbours stay apart, and what is not pooled has the derivative of one element
            while (blocks > 1 && rises(blocks - 2, blocks - 1)) {
                merge();
            }
        }
    }

    /** Number of blocks. */
    public int blocks() {
        return blocks;
    }

    /** The first element of a block; that of block {@link #blocks} is n. */
    public int start(int block) {
        return starts[block];
    }

    /** The sum of the weights of a block. */
    public double weight(int block) {
        return weights[block];
    }

    /** v of all elements of a block. */
    public double value(int block) {
        return means[block] + lambda * shifts[block];
    }

    /** z = (s - v) / lambda of an element of a block. */
    public double z(int block, int i) {
        return (s[i] - means[block]) / lambda - shifts[block];
    }

    /** Whether b stands above a, which their values would not tell if lambda is less than their rounding. */
    private boolean rises(int a, int b) {
        return value(a) < value(b) || means[a] - means[b] < lambda * (shifts[b] - shifts[a]);
    }

    /** The last two blocks become one. */
    private void merge() {
        int a = blocks - 2;
        int b = blocks - 1;
        double na = starts[b] - starts[a];
        double nb = starts[b + 1] - starts[b];
        double count = na + nb;
        double delta = (means[b] - means[a]) / lambda;
        cubes[a] += cubes[b] + delta * delta * delta * na * nb * (na - nb) / (count * count)
                + 3 * delta * (na * squares[b] - nb * squares[a]) / count;
        squares[a] += squares[b] + delta * delta * na * nb / count;
        means[a] += (means[b] - means[a]) * nb / count;
        weights[a] += weights[b];
        starts[a + 1] = starts[b + 1];
        blocks--;
        shifts[a] = shift(a);
    }

    /** t = (g - mean) / lambda of a block. */
    private double shift(int block) {
        double count = starts[block + 1] - starts[block];
        double w = weights[block];
        if (norm.q() == 2 || norm.q() == 4) {
            return shift(norm, penalty, lambda, count, means[block], squares[block], cubes[block], w);
        }
        return count == 1 && penalty == Penalty.LINEAR ? -norm.root(w) : bisected(block, count, w);
    }

    /**
     * t = (g - mean) / lambda of count elements with these central moments of s / lambda, q being 2 or 4. The penalty sees the mean as it is,
     * the moments may be of elements that were shifted.
     */
    static double shift(Norm norm, Penalty penalty, double lambda, double count, double mean, double squares, double cubes, double w) {
        if (norm.q() == 2) {
            return switch (penalty) {
                case LINEAR -> -w / count;
                case SQUARED -> -w * mean / (count + lambda * w);
            };
        }
        // sum ((s - mean) / lambda - t)^3 = W, or W g
        return switch (penalty) {
            case LINEAR -> cubicRoot(3 * squares / count, (w - cubes) / count);
            case SQUARED -> cubicRoot((3 * squares + lambda * w) / count, (w * mean - cubes) / count);
        };
    }

    /** The only real t with t^3 + p t + q = 0, for p of at least 0. */
    static double cubicRoot(double p, double q) {
        double size = Math.abs(q);
        if (size == 0) {
            return 0;
        }
        // a third of the exponent: the cube root to one part in 20
        double root = Double.longBitsToDouble(Double.doubleToRawLongBits(size) / 3 + THIRD);
        double t = Math.min(size / p, root);
        // t^3 + p t is convex: steps come from above and the last changes nothing
        for (int i = 0; i < NEWTON; i++) {
            double next = (2 * t * t * t + size) / (3 * t * t + p);
            if (Math.abs(next - t) <= 1e-9 * t) {
                t = (2 * next * next * next + size) / (3 * next * next + p);
                break;
            }
            t = next;
        }
        return Math.copySign(t, -q);
    }

    /** t of a block for a q without a formula: what is left over falls as t rises. */
    private double bisected(int block, double count, double w) {
        double low = Double.POSITIVE_INFINITY;
        double high = Double.NEGATIVE_INFINITY;
        for (int i = starts[block]; i < starts[block + 1]; i++) {
            low = Math.min(low, s[i]);
            high = Math.max(high, s[i]);
        }
        double mean = means[block];
        double from;
        double to;
        switch (penalty) {
            case LINEAR -> {
                double reach = norm.root(w / count);
                from = (low - mean) / lambda - reach;
                to = (high - mean) / lambda + reach;
            }
            case SQUARED -> {
                from = (Math.min(0, low) - mean) / lambda;
                to = (Math.max(0, high) - mean) / lambda;
            }
            default -> throw new IllegalStateException();
        }
        while (true) {
            double t = from + (to - from) / 2;
            if (!(from < t && t < to)) {
                return t;
            }
            double left = 0;
            for (int i = starts[block]; i < starts[block + 1]; i++) {
                left += norm.power((s[i] - mean) / lambda - t);
            }
            if (left > (penalty == Penalty.LINEAR ? w : w * (mean + lambda * t))) {
                from = t;
            } else {
                to = t;
            }
        }
    }

    /** v of rows of n, float64; those with NaN or infinities give NaN. */
    public static void values(Penalty penalty, MemorySegment s, long so, MemorySegment w, long wo, double lambda, Norm norm, MemorySegment v,
            long vo, int rows, int n) {
        Isotonic isotonic = new Isotonic(n);
        double[] values = new double[n];
        double[] weights = new double[n];
        for (int row = 0; row < rows; row++) {
            long at = row * n * 8L;
            if (isotonic.solve(s, so + at, w, wo + at, values, weights, n, lambda, norm, penalty)) {
                for (int block = 0; block < isotonic.blocks; block++) {
                    Arrays.fill(weights, isotonic.starts[block], isotonic.starts[block + 1], isotonic.value(block));
                }
            } else {
                Arrays.fill(weights, Double.NaN);
            }
            MemorySegment.copy(weights, 0, v, LAYOUT, vo + at, n);
        }
    }

    /** ds of dv, for the rows of {@link #values}. */
    public static void gradients(Penalty penalty, MemorySegment s, long so, MemorySegment w, long wo, double lambda, Norm norm,
            MemorySegment dv, long dvo, MemorySegment ds, long dso, int rows, int n) {
        Isotonic isotonic = new Isotonic(n);
        double[] values = new double[n];
        double[] weights = new double[n];
        double[] cotangents = new double[n];
        for (int row = 0; row < rows; row++) {
            long at = row * n * 8L;
            if (isotonic.solve(s, so + at, w, wo + at, values, weights, n, lambda, norm, penalty)) {
                MemorySegment.copy(dv, LAYOUT, dvo + at, cotangents, 0, n);
                isotonic.gradient(cotangents, weights);
            } else {
                Arrays.fill(weights, Double.NaN);
            }
            MemorySegment.copy(weights, 0, ds, LAYOUT, dso + at, n);
        }
    }

    /** Reads a row and solves it; false if it has an element without an order. */
    private boolean solve(MemorySegment s, long so, MemorySegment w, long wo, double[] values, double[] weights, int n, double lambda,
            Norm norm, Penalty penalty) {
        MemorySegment.copy(s, LAYOUT, so, values, 0, n);
        MemorySegment.copy(w, LAYOUT, wo, weights, 0, n);
        for (int i = 0; i < n; i++) {
            if (!Double.isFinite(values[i])) {
                return false;
            }
        }
        solve(values, weights, n, lambda, norm, penalty);
        return true;
    }

    /** ds = dv^T (dv / ds): in a block of several, each gets a share c_i of the sum of dv, c the slopes of y. */
    public void gradient(double[] dv, double[] ds) {
        for (int block = 0; block < blocks; block++) {
            int from = starts[block];
            int to = starts[block + 1];
            boolean alone = to - from == 1;
            if (alone && (penalty == Penalty.LINEAR || weights[block] == 0)) {
                ds[from] = dv[from];
                continue;
            }
            double sum = 0;
            double slopes = penalty == Penalty.SQUARED ? lambda * weights[block] : 0;
            for (int i = from; i < to; i++) {
                sum += dv[i];
                slopes += norm.slope(z(block, i));
            }
            for (int i = from; i < to; i++) {
                ds[i] = slopes > 0 ? norm.slope(z(block, i)) * sum / slopes : 0;
            }
        }
    }
}
