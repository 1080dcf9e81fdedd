package tessella.kernels;

/**
 * The norm of a regulariser R(y) = lambda / p sum |y|^p, and q = p / (p - 1), the exponent of its conjugate
 * R*(z lambda) = lambda / q sum |z|^q, whose gradient makes y of z.
 *
 * @param p above 1: 2 is piecewise linear, below 2 the result is smooth where it reaches 0
 * @param q p / (p - 1), a whole number if it is one but for rounding
 */
public record Norm(double p, double q) {
    /** p = 2. */
    public static final Norm TWO = new Norm(2, 2);
    /** p = 4/3, for which blocks solve a cubic equation. */
    public static final Norm FOUR_THIRDS = new Norm(4.0 / 3, 4);

    /**
     * The norm of this exponent.
     *
     * @throws IllegalArgumentException if p is not a finite number above 1
     */
    public static Norm of(double p) {
        if (!(p > 1 && Double.isFinite(p))) {
            throw new IllegalArgumentException("norm: expected a finite p above 1, found " + p);
        }
        double q = p / (p - 1);
        // 4/3 / (4/3 - 1) is not 4 in binary64, and the power of a negative number to it would be none
        return new Norm(p, Math.abs(q - Math.rint(q)) <= 1e-12 * q ? Math.rint(q) : q);
    }

    /** y = sign(z) |z|^(q - 1). */
    double power(double z) {
        if (q == 2) {
            return z;
        }
        return q == 4 ? z * z * z : Math.copySign(StrictMath.pow(Math.abs(z), q - 1), z);
    }

    /** dy / dz = (q - 1) |z|^(q - 2); 0 at z = 0 if p is above 2, where it would be infinite. */
    double slope(double z) {
        if (q == 2) {
            return 1;
        }
        if (q == 4) {
            return 3 * z * z;
        }
        return z == 0 ? 0 : (q - 1) * StrictMath.pow(Math.abs(z), q - 2);
    }

    /** z of y = w: w^(1 / (q - 1)). */
    double root(double w) {
        if (q == 2) {
            return w;
        }
        return q == 4 ? StrictMath.cbrt(w) : StrictMath.pow(w, 1 / (q - 1));
    }

    /** |y|^p. */
    double regular(double y) {
        double a = Math.abs(y);
        if (q == 2) {
            return a * a;
        }
        return a == 0 || a == 1 ? a : q == 4 ? a * StrictMath.cbrt(a) : StrictMath.pow(a, p);
    }

    /** z of a magnitude s of at least 0 that is selected alone: z^(q - 1) + lambda z = s. */
    double single(double s, double lambda) {
        if (s == 0 || s == Double.POSITIVE_INFINITY) {
            return s;
        }
        if (lambda == Double.POSITIVE_INFINITY) {
            return 0;
        }
        if (q == 2) {
            return s / (1 + lambda);
        }
        if (q == 4) {
            return Isotonic.cubicRoot(lambda, -s);
        }
        double low = 0;
        double high = Math.min(root(s), s / lambda);
        double z = high;
        while (z > low) {
            double left = power(z) + lambda * z - s;
            if (left > 0) {
                high = z;
            } else {
                low = z;
            }
            double next = z - left / (slope(z) + lambda);
            if (Math.abs(next - z) <= Math.ulp(z)) {
                return next;
            }
            z = next > low && next < high ? next : low + (high - low) / 2;
            if (z == high) {
                return z;
            }
        }
        return z;
    }
}
