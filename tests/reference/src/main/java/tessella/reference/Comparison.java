package tessella.reference;

import java.util.Arrays;

/**
 * The comparison of a computed array with the expected one: the largest error, where it is, and both values there.
 * Two NaNs, and two equal infinities, agree; a NaN or infinity on one side only is an infinite error.
 *
 * @param what what was compared, for the message
 * @param shape the shape of both
 * @param maxAbsError the largest {@code |actual - expected|}
 * @param maxAbsExpected the largest finite {@code |expected|}
 * @param worst the first index, in row-major order, of the largest error; empty for an empty array
 * @param expected the expected value at {@code worst}
 * @param actual the actual value at {@code worst}
 */
public record Comparison(String what, int[] shape, double maxAbsError, double maxAbsExpected, int[] worst,
        double expected, double actual) {

    /** Compares two arrays; different shapes are an {@link AssertionError} at once. */
    public static Comparison of(String what, Array expected, Array actual) {
        if (!Arrays.equals(expected.shape(), actual.shape())) {
            throw new AssertionError(what + ": expected the shape " + Arrays.toString(expected.shape()) + ", found "
                    + Arrays.toString(actual.shape()));
        }
        double maxError = 0;
        double maxExpected = 0;
        int worst = 0;
        for (int i = 0; i < expected.size(); i++) {
            double want = expected.data()[i];
            double error = error(want, actual.data()[i]);
            if (error > maxError) {
                maxError = error;
                worst = i;
            }
            maxExpected = Double.isFinite(want) ? Math.max(maxExpected, Math.abs(want)) : maxExpected;
        }
        if (expected.size() == 0) {
            return new Comparison(what, expected.shape(), 0, 0, new int[0], Double.NaN, Double.NaN);
        }
        return new Comparison(what, expected.shape(), maxError, maxExpected, expected.indexAt(worst),
                expected.data()[worst], actual.data()[worst]);
    }

    /** Compares values computed in float64, given as a flat array of the expected shape. */
    public static Comparison of(String what, Array expected, double[] actual) {
        return of(what, expected, sized(what, expected, actual.length) ? Array.of(expected.shape(), actual) : null);
    }

    /** Compares values computed in float32, given as a flat array of the expected shape. */
    public static Comparison of(String what, Array expected, float[] actual) {
        return of(what, expected, sized(what, expected, actual.length) ? Array.of(expected.shape(), actual) : null);
    }

    /** The largest error over the largest expected magnitude; 0 when both are 0. */
    public double maxRelError() {
        return maxAbsError == 0 ? 0 : maxAbsError / maxAbsExpected;
    }

    /** Whether {@code max|actual - expected| <= atol + rtol max|expected|}. */
    public boolean isWithin(double rtol, double atol) {
        return maxAbsError <= atol + rtol * maxAbsExpected;
    }

    /** Throws {@link AssertionError} unless {@code max|actual - expected| <= atol + rtol max|expected|}. */
    public void requireWithin(double rtol, double atol) {
        if (!isWithin(rtol, atol)) {
            throw new AssertionError(describe() + "; allowed " + (atol + rtol * maxAbsExpected));
        }
    }

    /** Throws {@link AssertionError} unless all values are equal (0.0 and -0.0 are). */
    public void requireEqual() {
        requireWithin(0, 0);
    }

    /** One line: what, the shape, the largest errors, the first worst index and both values there. */
    public String describe() {
        return what + " " + Arrays.toString(shape) + ": max error " + maxAbsError + ", relative " + maxRelError()
                + ", at " + Arrays.toString(worst) + " expected " + expected + ", found " + actual;
    }

    private static boolean sized(String what, Array expected, int found) {
        if (expected.size() != found) {
            throw new AssertionError(what + ": expected " + expected.size() + " values of the shape "
                    + Arrays.toString(expected.shape()) + ", found " + found);
        }
        return true;
    }

    private static double error(double want, double got) {
        if (want == got || Double.isNaN(want) && Double.isNaN(got)) {
            return 0;
        }
        double error = Math.abs(got - want);
        return Double.isNaN(error) ? Double.POSITIVE_INFINITY : error;
    }
}
