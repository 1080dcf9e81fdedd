package tessella.engine.transport;

/** How a solver climbs a concave function; {@link TransportSolver} carries it out. */
public sealed interface Ascent {
    /**
     * Along the gradient: each step begins at twice the length of the one before, first at 1 / L with L the smoothness of the
     * unlimited problem, and is halved until the function has risen by 1e-4 of what the slope promises; the value never falls.
     */
    record GradientAscent() implements Ascent {}

    /**
     * Adam (Kingma and Ba, 2015): m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2, both divided by 1 - b^t, x += rate m / (sqrt(v) +
     * eps). The value may fall.
     *
     * @param rate above 0
     * @param b1 in [0, 1)
     * @param b2 in [0, 1)
     * @param eps above 0
     */
    record Adam(double rate, double b1, double b2, double eps) implements Ascent {
        /** Checks the ranges. */
        public Adam {
            require(rate > 0 && Double.isFinite(rate), "a finite rate above 0", rate);
            require(b1 >= 0 && b1 < 1, "a b1 in [0, 1)", b1);
            require(b2 >= 0 && b2 < 1, "a b2 in [0, 1)", b2);
            require(eps > 0 && Double.isFinite(eps), "a finite eps above 0", eps);
        }

        /** With b1 0.9, b2 0.999 and eps 1e-8. */
        public static Adam of(double rate) {
            return new Adam(rate, 0.9, 0.999, 1e-8);
        }
    }

    /**
     * L-BFGS (Nocedal and Wright, Algorithm 7.4) with the weak Wolfe conditions c1 = 1e-4, c2 = 0.9, found by doubling and bisection
     * (Lewis and Overton, 2013), which survives kinks; at most 50 trials a step, the first of them 1. The inverse Hessian begins as
     * s'y / y'y; pairs with s'y of at most 1e-14 |s| |y| are left out. The value never falls.
     *
     * @param memory pairs that are kept, at least 1
     */
    record LBfgs(int memory) implements Ascent {
        /** Checks the memory. */
        public LBfgs {
            require(memory >= 1, "a memory of at least 1 pair", memory);
        }
    }

    private static void require(boolean holds, String expected, double found) {
        if (!holds) {
            throw new IllegalArgumentException("transport ascent: expected " + expected + ", found " + found);
        }
    }
}
