package tessella.models.data;

/** Beta(a, a), from two Gamma(a): a = 1 is uniform on (0, 1), a below 1 prefers the ends, above 1 the middle. */
final class Beta {
    private Beta() {
    }

    static void requirePositive(String what, double alpha) {
        if (!(alpha > 0 && alpha < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(what + ": expected a positive alpha, found " + alpha);
        }
    }

    /** The larger of x and 1 - x, in logarithms because a Gamma of a small a is smaller than any double. */
    static double larger(double a, RandomSource random) {
        double difference = Math.abs(logGamma(a, random) - logGamma(a, random));
        return 1 / (1 + StrictMath.exp(-difference));
    }

    /**
     * The logarithm of a Gamma(a): ln g + ln(u) / a with g from Gamma(a + 1) and u uniform, and g by the rejection of
     * Marsaglia and Tsang (A simple method for generating gamma variables, 2000).
     */
    private static double logGamma(double a, RandomSource random) {
        double d = a + 2.0 / 3;
        double c = 1 / Math.sqrt(9 * d);
        while (true) {
            double x = random.nextNormal();
            double v = (1 + c * x) * (1 + c * x) * (1 + c * x);
            double u = random.nextUniform();
            if (v > 0 && StrictMath.log(u) < 0.5 * x * x + d - d * v + d * StrictMath.log(v)) {
                return StrictMath.log(d * v) + StrictMath.log(random.nextUniform()) / a;
            }
        }
    }
}
