package tessella.engine;

/**
 * How an optimiser turns gradients into a step; {@link Update} carries it out. With g the gradient and u what the rule makes
 * of it, a parameter moves by p -= lr (multiplier u + decay p), p on the right being the value before the step.
 */
public sealed interface UpdateRule {
    /**
     * Gradient descent: with h = g + l2 p and m = momentum m + h, u is m, or h + momentum m after Nesterov. Without momentum
     * u is h, and nothing is kept.
     *
     * @param momentum in [0, 1)
     * @param kind what momentum means
     * @param l2 of the penalty l2 p^2 / 2, whose gradient goes through the momentum
     */
    record Sgd(double momentum, Momentum kind, double l2) implements UpdateRule {
        /** Checks the ranges. */
        public Sgd {
            require("sgd", momentum >= 0 && momentum < 1, "a momentum in [0, 1)", momentum);
            require("sgd", l2 >= 0 && Double.isFinite(l2), "a finite l2 of at least 0", l2);
        }
    }

    /** The two momenta of gradient descent. */
    enum Momentum {
        /** u = m. */
        HEAVY_BALL,
        /** u = g + momentum m. */
        NESTEROV
    }

    /**
     * Adam: m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2, u = m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps), t from 1. With
     * the decay of {@link UpdateRule} it is AdamW (Loshchilov and Hutter, 2019).
     */
    record Adam(double b1, double b2, double eps) implements UpdateRule {
        /** b1 0.9, b2 0.999, eps 1e-8. */
        public static final Adam DEFAULT = new Adam(0.9, 0.999, 1e-8);

        /** Checks the ranges. */
        public Adam {
            require("adam", b1 >= 0 && b1 < 1, "a b1 in [0, 1)", b1);
            require("adam", b2 >= 0 && b2 < 1, "a b2 in [0, 1)", b2);
            require("adam", eps > 0 && Double.isFinite(eps), "a finite eps above 0", eps);
        }
    }

    /**
     * Adafactor (Shazeer and Stern, 2018): v = b v + (1 - b) (g^2 + eps) with b = min(cap, 1 - t^-exponent), t from 1, and
     * w = g / sqrt(v). If the two largest axes of an array have at least {@code leastFactored} elements, of equal axes the later
     * ones, only the means of v over either axis are kept, and v = row column / mean. Then w /= max(1, rms(w) / clip), times
     * max(leastScale, rms(p)) if scaled by the parameter, and u = m = momentum m + (1 - momentum) w.
     *
     * @param leastFactored extent from which on axes are factored
     * @param exponent of the decay of v, in (0, 1]
     * @param cap the largest b, in (0, 1]
     * @param eps at least 1e-37, so that no v is subnormal
     * @param momentum in [0, 1), without correction of its start at 0; with 0 nothing is kept
     * @param clip largest root mean square of w; positive infinity for none
     * @param scale whether the length of a parameter counts
     * @param leastScale of a parameter that is 0
     */
    record Adafactor(long leastFactored, double exponent, double cap, double eps, double momentum, double clip, Scale scale,
            double leastScale) implements UpdateRule {
        /** Checks the ranges. */
        public Adafactor {
            require("adafactor", leastFactored >= 1, "a least extent of at least 1", leastFactored);
            require("adafactor", exponent > 0 && exponent <= 1, "an exponent in (0, 1]", exponent);
            require("adafactor", cap > 0 && cap <= 1, "a cap in (0, 1]", cap);
            require("adafactor", eps >= 1e-37 && eps <= 1, "an eps in [1e-37, 1]", eps);
            require("adafactor", momentum >= 0 && momentum < 1, "a momentum in [0, 1)", momentum);
            require("adafactor", clip > 0, "a clip above 0", clip);
            require("adafactor", leastScale >= 0 && Double.isFinite(leastScale), "a finite least scale of at least 0", leastScale);
        }

        /** That of big_vision: axes of 32 and more, b up to 0.999, momentum 0.9, neither clip nor scale. */
        public static Adafactor bigVision() {
            return new Adafactor(32, 0.8, 0.999, 1e-30, 0.9, Double.POSITIVE_INFINITY, Scale.NONE, 0);
        }

        /** That of T5: axes of 128 and more, clipped at 1, scaled by the parameter's root mean square, no momentum. */
        public static Adafactor t5() {
            return new Adafactor(128, 0.8, 1, 1e-30, 0, 1, Scale.PARAMETER, 1e-3);
        }
    }

    /** What an update of Adafactor is multiplied by. */
    enum Scale {
        /** By nothing. */
        NONE,
        /** By the root mean square of the parameter. */
        PARAMETER
    }

    private static void require(String rule, boolean holds, String expected, Object found) {
        if (!holds) {
            throw new IllegalArgumentException(rule + ": expected " + expected + ", found " + found);
        }
    }
}
