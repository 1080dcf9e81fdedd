package tessella.reference;

/**
 * Isotonic optimisation by the min-max formula: {@code v_i = min over l <= i of max over j >= i of g(l..j)}, {@code g(l..j)} what the
 * elements l to j would have in common if they were alone, found by bisection. All {@code n^2 / 2} runs of elements are solved.
 */
public final class IsotonicOracle {
    private IsotonicOracle() {}

    /** {@code v_1 >= v_2 >= ..} that minimises {@code sum |s_i - v_i|^q / (q lambda^(q-1)) + sum w_i v_i}, {@code q = p / (p - 1)}. */
    public static double[] mask(double[] s, double[] w, double lambda, double p) {
        return solve(s, w, lambda, p, false);
    }

    /** {@code v} as for {@link #mask}, with {@code w_i v_i^2 / 2} in the second sum. */
    public static double[] magnitude(double[] s, double[] w, double lambda, double p) {
        return solve(s, w, lambda, p, true);
    }

    /**
     * Whether {@link #mask} is smooth near s: blocks of other values are more than the margin apart, in units of lambda, and each
     * pair inside a block is held together by more than the margin.
     */
    public static boolean isMaskSmooth(double[] s, double[] w, double lambda, double p, double margin) {
        return isSmooth(s, w, mask(s, w, lambda, p), lambda, p, margin, false);
    }

    /** Whether {@link #magnitude} is smooth near s, as {@link #isMaskSmooth}. */
    public static boolean isMagnitudeSmooth(double[] s, double[] w, double lambda, double p, double margin) {
        return isSmooth(s, w, magnitude(s, w, lambda, p), lambda, p, margin, true);
    }

    private static boolean isSmooth(double[] s, double[] w, double[] v, double lambda, double p, double margin, boolean squared) {
        double held = 0;
        for (int i = 1; i < s.length; i++) {
            held += w[i - 1] * (squared ? v[i - 1] : 1) - power((s[i - 1] - v[i - 1]) / lambda, exponent(p));
            double apart = (v[i - 1] - v[i]) / lambda;
            boolean pooled = apart < 1e-9;
            if (pooled ? held < margin || bends(s[i - 1], v[i - 1], lambda, p, margin) || bends(s[i], v[i], lambda, p, margin)
                    : apart < margin) {
                return false;
            }
            held = pooled ? held : 0;
        }
        return true;
    }

    /** Whether an element of a block is where sign(z) |z|^(q-1) has a slope, but no curvature: differences of the slope are none there. */
    private static boolean bends(double s, double v, double lambda, double p, double margin) {
        return exponent(p) % 2 == 0 && Math.abs(s - v) < margin * lambda;
    }

    /** {@code q - 1} of a norm p, a whole number for 2, 3/2, 4/3 and 5/4. */
    static double exponent(double p) {
        double e = 1 / (p - 1);
        return Math.abs(e - Math.rint(e)) < 1e-9 ? Math.rint(e) : e;
    }

    /** {@code sign(z) |z|^e}. */
    static double power(double z, double e) {
        if (e == 1) {
            return z;
        }
        return e == 3 ? z * z * z : Math.copySign(Math.pow(Math.abs(z), e), z);
    }

    private static double[] solve(double[] s, double[] w, double lambda, double p, boolean squared) {
        int n = s.length;
        double[] v = new double[n];
        double[][] g = new double[n][n];
        for (int l = 0; l < n; l++) {
            for (int j = l; j < n; j++) {
                g[l][j] = common(s, w, l, j, lambda, exponent(p), squared);
            }
        }
        for (int i = 0; i < n; i++) {
            v[i] = Double.POSITIVE_INFINITY;
            for (int l = 0; l <= i; l++) {
                double most = Double.NEGATIVE_INFINITY;
                for (int j = i; j < n; j++) {
                    most = Math.max(most, g[l][j]);
                }
                v[i] = Math.min(v[i], most);
            }
        }
        return v;
    }

    /** The zero of {@code sum ((s_i - g) / lambda)^(q-1) - sum w_i}, or {@code - g sum w_i}, which falls as g rises. */
    private static double common(double[] s, double[] w, int from, int to, double lambda, double e, boolean squared) {
        double low = squared ? 0 : Double.POSITIVE_INFINITY;
        double high = squared ? 0 : Double.NEGATIVE_INFINITY;
        double weight = 0;
        for (int i = from; i <= to; i++) {
            weight += w[i];
            low = Math.min(low, s[i]);
            high = Math.max(high, s[i]);
        }
        double reach = squared ? 0 : lambda * Math.pow(weight, 1 / e);
        low -= reach;
        high += reach;
        while (true) {
            double g = low / 2 + high / 2;
            if (!(g > low && g < high)) {
                // the nearer of two neighbours, so that elements alone and without weight stay what they are
                return Math.abs(left(s, from, to, low, lambda, e, weight, squared)) < Math.abs(left(s, from, to, high, lambda, e, weight,
                        squared)) ? low : high;
            }
            if (left(s, from, to, g, lambda, e, weight, squared) > 0) {
                low = g;
            } else {
                high = g;
            }
        }
    }

    private static double left(double[] s, int from, int to, double g, double lambda, double e, double weight, boolean squared) {
        double sum = squared ? -g * weight : -weight;
        for (int i = from; i <= to; i++) {
            sum += power((s[i] - g) / lambda, e);
        }
        return sum;
    }
}
