package tessella.models.train;

/** How gradients are kept short before the rule of an optimiser sees them. */
public sealed interface Clip {
    /** Gradients are left as they are. */
    record None() implements Clip {}

    /** All gradients times min(1, max / |all gradients|), so that their direction stays. */
    record GlobalNorm(double max) implements Clip {
        /** Checks that max is positive. */
        public GlobalNorm {
            require("global norm", max);
        }
    }

    /** Each element limited to [-max, max]. */
    record Value(double max) implements Clip {
        /** Checks that max is positive. */
        public Value {
            require("element", max);
        }
    }

    private static void require(String what, double max) {
        if (!(max > 0)) {
            throw new IllegalArgumentException("clip: expected a largest " + what + " above 0, found " + max);
        }
    }
}
