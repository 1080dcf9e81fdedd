package tessella.reference;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Sparse differentiable top-k of one row in two independent ways: by sorting and {@link IsotonicOracle}, and for k ones by bisection of a
 * threshold, without a sort or blocks. Projections onto the simplex by sorting.
 */
public final class TopKOracle {
    private TopKOracle() {}

    /** The indices of x from its largest element to its smallest, those that come first among equals first. */
    private static int[] order(double[] x) {
        return IntStream.range(0, x.length).boxed().sorted(Comparator.comparingDouble(i -> -x[i] == 0 ? 0 : -x[i]))
                .mapToInt(Integer::intValue).toArray();
    }

    /** k ones, then zeros. */
    public static double[] ones(int n, int k) {
        double[] w = new double[n];
        Arrays.fill(w, 0, k, 1);
        return w;
    }

    /** {@code argmax <x, y> - lambda / p sum y^p} over {@code 0 <= y <= 1, sum y = k}. */
    public static double[] mask(double[] x, int k, double lambda, double p) {
        return permutahedron(x, ones(x.length, k), lambda, p);
    }

    /** {@code argmax <x, y> - lambda / p sum y^p} over the convex hull of the permutations of w, which does not rise. */
    public static double[] permutahedron(double[] x, double[] w, double lambda, double p) {
        int n = x.length;
        int[] order = order(x);
        double[] s = new double[n];
        for (int i = 0; i < n; i++) {
            s[i] = x[order[i]] - x[order[n / 2]];
        }
        double[] v = IsotonicOracle.mask(s, w, lambda, p);
        double[] y = new double[n];
        for (int i = 0; i < n; i++) {
            y[order[i]] = IsotonicOracle.power((s[i] - v[i]) / lambda, IsotonicOracle.exponent(p));
        }
        return y;
    }

    /** {@code sign(x) z^(q-1)}, z of the isotonic solution of |x|: {@code argmax <x, y> - |y|_k^2 / 2 - lambda / p sum |y|^p}. */
    public static double[] raw(double[] x, int k, double lambda, double p) {
        double[] z = magnitudes(x, k, lambda, p);
        double[] y = new double[x.length];
        for (int i = 0; i < y.length; i++) {
            y[i] = Math.signum(x[i]) * IsotonicOracle.power(z[i], IsotonicOracle.exponent(p));
        }
        return y;
    }

    /** {@code sign(x) (|y| + lambda |y|^(p-1))}, y the {@link #raw} one. */
    public static double[] magnitude(double[] x, int k, double lambda, double p) {
        double[] z = magnitudes(x, k, lambda, p);
        double[] y = raw(x, k, lambda, p);
        for (int i = 0; i < y.length; i++) {
            y[i] += Math.signum(x[i]) * lambda * z[i];
        }
        return y;
    }

    private static double[] magnitudes(double[] x, int k, double lambda, double p) {
        int n = x.length;
        double[] size = Arrays.stream(x).map(Math::abs).toArray();
        int[] order = order(size);
        double[] s = new double[n];
        for (int i = 0; i < n; i++) {
            s[i] = size[order[i]];
        }
        double[] v = IsotonicOracle.magnitude(s, ones(n, k), lambda, p);
        double[] z = new double[n];
        for (int i = 0; i < n; i++) {
            z[order[i]] = (s[i] - v[i]) / lambda;
        }
        return z;
    }

    /** The mask by bisection: {@code y_i = clip(z_i, 0, 1)^(q-1)}, z the {@link #levels}, 0 < k < n. */
    public static double[] maskByThreshold(double[] x, int k, double lambda, double p) {
        double e = IsotonicOracle.exponent(p);
        return Arrays.stream(levels(x, k, lambda, p)).map(z -> IsotonicOracle.power(Math.clamp(z, 0.0, 1.0), e)).toArray();
    }

    /** {@code z_i = (x_i - tau) / lambda}, tau such that the sum of {@code clip(z_i, 0, 1)^(q-1)} is k, 0 < k < n. */
    public static double[] levels(double[] x, int k, double lambda, double p) {
        double[] sorted = x.clone();
        Arrays.sort(sorted);
        double kth = sorted[x.length - k];
        double[] z = Arrays.stream(x).map(v -> (v - kth) / lambda).toArray();
        double e = IsotonicOracle.exponent(p);
        // in units of lambda, from the k-th element on: it has 1 at -1, and 0 at 0
        double low = -1;
        double high = 0;
        while (true) {
            double tau = low / 2 + high / 2;
            if (!(tau > low && tau < high)) {
                return Arrays.stream(z).map(v -> v - tau).toArray();
            }
            double sum = 0;
            for (double v : z) {
                sum += IsotonicOracle.power(Math.clamp(v - tau, 0.0, 1.0), e);
            }
            if (sum > k) {
                low = tau;
            } else {
                high = tau;
            }
        }
    }

    /** The {@link #raw} magnitudes by bisection of g: {@code sum min(((|x_i| - g)+ / lambda)^(q-1), g) = k g}. */
    public static double[] rawByThreshold(double[] x, int k, double lambda, double p) {
        double e = IsotonicOracle.exponent(p);
        double g = ground(x, k, lambda, p);
        return Arrays.stream(x).map(v -> {
            double y = IsotonicOracle.power(Math.max(0, (Math.abs(v) - g) / lambda), e);
            return Math.signum(v) * (y < g ? y : alone(Math.abs(v), lambda, e));
        }).toArray();
    }

    /** The {@link #magnitude} by bisection. */
    public static double[] magnitudeByThreshold(double[] x, int k, double lambda, double p) {
        double e = IsotonicOracle.exponent(p);
        double g = ground(x, k, lambda, p);
        return Arrays.stream(x).map(v -> {
            double z = Math.max(0, (Math.abs(v) - g) / lambda);
            double y = IsotonicOracle.power(z, e);
            return y < g ? Math.signum(v) * (y + lambda * z) : v;
        }).toArray();
    }

    /** The g of magnitudes: the least at which k of them, whole or in parts, are selected: {@code sum min(z_i^(q-1), g) = k g}. */
    public static double ground(double[] x, int k, double lambda, double p) {
        double e = IsotonicOracle.exponent(p);
        double low = 0;
        double high = Arrays.stream(x).map(Math::abs).max().orElse(0);
        while (true) {
            double g = low / 2 + high / 2;
            if (!(g > low && g < high)) {
                return high;
            }
            // those that have all of g are counted, so that no rounding takes k of them for more or less
            int left = k;
            double sum = 0;
            for (double v : x) {
                double y = IsotonicOracle.power(Math.max(0, (Math.abs(v) - g) / lambda), e);
                left -= y >= g ? 1 : 0;
                sum += y < g ? y : 0;
            }
            if (sum > left * g) {
                low = g;
            } else {
                high = g;
            }
        }
    }

    /** {@code z^e} where {@code z^e + lambda z = s}. */
    private static double alone(double s, double lambda, double e) {
        double low = 0;
        double high = s / lambda;
        while (true) {
            double z = low / 2 + high / 2;
            if (!(z > low && z < high)) {
                return IsotonicOracle.power(z, e);
            }
            if (IsotonicOracle.power(z, e) + lambda * z > s) {
                high = z;
            } else {
                low = z;
            }
        }
    }

    /** What a magnitude s that is selected alone gives up: up to here others are not selected. */
    public static double groundOf(double s, double lambda, double p) {
        double e = IsotonicOracle.exponent(p);
        return s - lambda * Math.pow(alone(s, lambda, e), 1 / e);
    }

    /** The square of the k-support norm, in closed form. */
    public static double kSupportSquared(double[] y, int k) {
        double[] t = Arrays.stream(y).map(v -> -Math.abs(v)).sorted().map(v -> -v).toArray();
        for (int r = 0; r < k; r++) {
            double rest = 0;
            for (int i = k - r - 1; i < t.length; i++) {
                rest += t[i];
            }
            double before = r == k - 1 ? Double.POSITIVE_INFINITY : t[k - r - 2];
            // elements may be equal but for rounding
            if (before * (1 + 1e-12) > rest / (r + 1) && rest / (r + 1) >= t[k - r - 1] * (1 - 1e-12)) {
                double sum = rest * rest / (r + 1);
                for (int i = 0; i < k - r - 1; i++) {
                    sum += t[i] * t[i];
                }
                return sum;
            }
        }
        throw new AssertionError("no r for " + Arrays.toString(y));
    }

    /**
     * Whether the operators on k ones are smooth near x: no element of a mask is within the margin of its ends, and if none is between
     * them, the gap is not within the margin of lambda; margins are in units of lambda.
     */
    public static boolean isMaskSmooth(double[] x, int k, double lambda, double p, double margin) {
        double[] sorted = x.clone();
        Arrays.sort(sorted);
        int n = x.length;
        if (k == 0 || k == n) {
            return true;
        }
        if (sorted[n - k] - sorted[n - k - 1] >= lambda) {
            return sorted[n - k] - sorted[n - k - 1] > lambda * (1 + margin);
        }
        for (double z : levels(x, k, lambda, p)) {
            if (Math.abs(z) < margin || Math.abs(z - 1) < margin) {
                return false;
            }
        }
        return true;
    }

    /** Whether the magnitudes are smooth near x: no element is near 0, and none is near the ends of the block. */
    public static boolean isMagnitudeSmooth(double[] x, int k, double lambda, double p, double margin) {
        double e = IsotonicOracle.exponent(p);
        for (double v : x) {
            if (Math.abs(v) < margin * lambda) {
                return false;
            }
        }
        if (k == 0 || k == x.length) {
            return true;
        }
        double[] sorted = Arrays.stream(x).map(Math::abs).sorted().toArray();
        double kth = sorted[x.length - k];
        double ground = groundOf(kth, lambda, p);
        double next = sorted[x.length - k - 1];
        if (next <= ground) {
            return next < ground - margin * lambda;
        }
        double g = ground(x, k, lambda, p);
        for (double v : x) {
            double z = (Math.abs(v) - g) / lambda;
            if (Math.abs(z) < margin || Math.abs(z - Math.pow(g, 1 / e)) < margin) {
                return false;
            }
        }
        return true;
    }

    /** {@code <x, y> - lambda / p sum |y|^p}. */
    public static double value(double[] x, double[] y, double lambda, double p) {
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += x[i] * y[i] - lambda / p * Math.pow(Math.abs(y[i]), p);
        }
        return sum;
    }

    /** 1 for the k largest, those that come first among equals. */
    public static double[] hardMask(double[] x, int k) {
        double[] y = new double[x.length];
        int[] order = order(x);
        for (int i = 0; i < k; i++) {
            y[order[i]] = 1;
        }
        return y;
    }

    /** x for the k largest in magnitude. */
    public static double[] hardMagnitude(double[] x, int k) {
        double[] y = hardMask(Arrays.stream(x).map(Math::abs).toArray(), k);
        for (int i = 0; i < y.length; i++) {
            y[i] *= x[i];
        }
        return y;
    }

    /** The nearest y of at least 0 and sum z. */
    public static double[] simplex(double[] x, double z) {
        double[] u = x.clone();
        Arrays.sort(u);
        double sum = 0;
        double tau = Double.NaN;
        double most = u[u.length - 1];
        for (int r = 1; r <= u.length; r++) {
            double next = u[u.length - r] - most;
            sum += next;
            if (next - (sum - z) / r > 0) {
                tau = (sum - z) / r;
            }
        }
        double level = tau;
        return Arrays.stream(x).map(v -> Math.max(v - most - level, 0)).toArray();
    }

    /** The nearest y of at least 0, sum z and at most k elements that are not 0. */
    public static double[] sparseSimplex(double[] x, int k, double z) {
        int[] order = order(x);
        int most = Math.min(k, x.length);
        double[] among = new double[most];
        for (int i = 0; i < most; i++) {
            among[i] = x[order[i]];
        }
        double[] projected = simplex(among, z);
        double[] y = new double[x.length];
        for (int i = 0; i < most; i++) {
            y[order[i]] = projected[i];
        }
        return y;
    }
}
