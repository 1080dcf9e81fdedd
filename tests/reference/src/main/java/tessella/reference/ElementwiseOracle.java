package tessella.reference;

/** Elementwise functions of one or two broadcast arrays, with their gradients. */
public final class ElementwiseOracle {
    private static final double SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);
    private static final double CUBIC = 0.044715;

    private ElementwiseOracle() {}

    /** The gradients of an operation on two broadcast operands, in the operands' own shapes. */
    public record Gradients(Array a, Array b) {}

    /** {@code a + b}. */
    public static Array add(Array a, Array b) {
        return a.zip(b, (x, y) -> x + y);
    }

    /** {@code da = dy}, {@code db = dy}. */
    public static Gradients addVjp(Array a, Array b, Array dy) {
        return new Gradients(dy.sumTo(a.shape()), dy.sumTo(b.shape()));
    }

    /** {@code a - b}. */
    public static Array sub(Array a, Array b) {
        return a.zip(b, (x, y) -> x - y);
    }

    /** {@code da = dy}, {@code db = -dy}. */
    public static Gradients subVjp(Array a, Array b, Array dy) {
        return new Gradients(dy.sumTo(a.shape()), dy.times(-1).sumTo(b.shape()));
    }

    /** {@code a b}. */
    public static Array mul(Array a, Array b) {
        return a.times(b);
    }

    /** {@code da = dy b}, {@code db = dy a}. */
    public static Gradients mulVjp(Array a, Array b, Array dy) {
        return new Gradients(dy.times(b).sumTo(a.shape()), dy.times(a).sumTo(b.shape()));
    }

    /** {@code a / b}. */
    public static Array div(Array a, Array b) {
        return a.zip(b, (x, y) -> x / y);
    }

    /** {@code da = dy / b}, {@code db = -dy a / b^2}. */
    public static Gradients divVjp(Array a, Array b, Array dy) {
        Array quotientSlope = a.zip(b, (x, y) -> -x / (y * y));
        return new Gradients(dy.zip(b, (g, y) -> g / y).sumTo(a.shape()), dy.times(quotientSlope).sumTo(b.shape()));
    }

    /** {@code -x}. */
    public static Array neg(Array x) {
        return x.map(v -> -v);
    }

    /** {@code dx = -dy}. */
    public static Array negVjp(Array dy) {
        return dy.map(v -> -v);
    }

    /** The tanh form of GELU: {@code x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2}. */
    public static Array geluTanh(Array x) {
        return x.map(v -> v * (1 + Math.tanh(SQRT_2_OVER_PI * (v + CUBIC * v * v * v))) / 2);
    }

    /** {@code dx = dy ((1 + t)/2 + x (1 - t^2)/2 sqrt(2/pi) (1 + 3 * 0.044715 x^2))}, t the tanh of the forward. */
    public static Array geluTanhVjp(Array x, Array dy) {
        return x.zip(dy, (v, g) -> {
            double t = Math.tanh(SQRT_2_OVER_PI * (v + CUBIC * v * v * v));
            // (1 - t^2) is exactly 0 before v^2 can overflow, and 0 * infinity must not make a NaN
            double bell = t * t == 1 ? 0 : v * (1 - t * t) / 2 * SQRT_2_OVER_PI * (1 + 3 * CUBIC * v * v);
            return g * ((1 + t) / 2 + bell);
        });
    }

    /** The exact GELU: {@code x Phi(x)}, {@code Phi(x) = (1 + erf(x / sqrt 2)) / 2}. */
    public static Array geluErf(Array x) {
        return x.map(v -> v * normalCdf(v));
    }

    /** {@code dx = dy (Phi(x) + x phi(x))}, {@code phi(x) = exp(-x^2/2) / sqrt(2 pi)}. */
    public static Array geluErfVjp(Array x, Array dy) {
        return x.zip(dy, (v, g) -> g * (normalCdf(v) + v * Math.exp(-v * v / 2) / Math.sqrt(2 * Math.PI)));
    }

    /** The logistic function {@code 1 / (1 + e^-x)}. */
    public static Array sigmoid(Array x) {
        return x.map(ElementwiseOracle::logistic);
    }

    /** {@code dx = dy s (1 - s)}. */
    public static Array sigmoidVjp(Array x, Array dy) {
        return x.zip(dy, (v, g) -> g * logistic(v) * logistic(-v));
    }

    static double logistic(double x) {
        return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
    }

    /** {@code ln(1 + e^x)} without overflow. */
    static double softplus(double x) {
        return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    }

    /** {@code erf(x) = 2/sqrt(pi) * integral from 0 to x of exp(-t^2)}. */
    public static double erf(double x) {
        double magnitude = Math.abs(x) < 2 ? erfSeries(Math.abs(x)) : 1 - erfcFraction(Math.abs(x));
        return Math.copySign(magnitude, x);
    }

    private static double normalCdf(double x) {
        double z = Math.abs(x) / Math.sqrt(2);
        double upperTail = (z < 2 ? 1 - erfSeries(z) : erfcFraction(z)) / 2;
        return x < 0 ? upperTail : 1 - upperTail;
    }

    /** erf by {@code 2/sqrt(pi) exp(-x^2) sum_n 2^n x^(2n+1) / (1 3 5 ... (2n+1))}: for {@code 0 <= x < 2}. */
    private static double erfSeries(double x) {
        double term = x;
        double sum = x;
        for (int n = 1; term > 1e-18 * sum; n++) {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
    }

    /** 1 - erf by {@code exp(-x^2)/sqrt(pi) / (x + (1/2)/(x + (2/2)/(x + (3/2)/(x + ...))))}: for {@code x >= 2}. */
    private static double erfcFraction(double x) {
        double fraction = 0;
        for (int n = 200; n >= 1; n--) {
            fraction = n / 2.0 / (x + fraction);
        }
        return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + fraction);
    }
}
