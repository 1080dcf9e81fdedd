package tessella.models.measure;

import java.util.Arrays;

/**
 * A mean over runs with its 95 % interval by Student's t distribution, which takes the runs for independent and about normal.
 *
 * @param mean of the values
 * @param low lower bound
 * @param high upper bound
 * @param count number of values, at least 2
 */
public record Interval(double mean, double low, double high, int count) {
    /** The 97.5 % point of the t distribution with 1, 2, ... 30 degrees of freedom. */
    private static final double[] T = {12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281, 2.2010,
        2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860, 2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555,
        2.0518, 2.0484, 2.0452, 2.0423};
    private static final double Z = 1.959963984540054;

    /**
     * The interval of the mean.
     *
     * @throws IllegalArgumentException if there are fewer than two values
     */
    public static Interval of(double... values) {
        int n = values.length;
        if (n < 2) {
            throw new IllegalArgumentException("interval: expected at least two values, found " + n
                    + "; a single run says nothing about others");
        }
        double mean = Arrays.stream(values).sum() / n;
        double square = 0;
        for (double value : values) {
            square += (value - mean) * (value - mean);
        }
        double half = point(n - 1) * Math.sqrt(square / (n - 1) / n);
        return new Interval(mean, mean - half, mean + half, n);
    }

    /**
     * The interval of the mean difference of pairs, such as two methods with the same seeds: what all pairs share does not
     * widen it.
     *
     * @throws IllegalArgumentException if there are not as many of both, or fewer than two
     */
    public static Interval ofPairs(double[] first, double[] second) {
        if (first.length != second.length) {
            throw new IllegalArgumentException("interval: expected pairs, found " + first.length + " and " + second.length
                    + " values");
        }
        double[] differences = new double[first.length];
        Arrays.setAll(differences, i -> first[i] - second[i]);
        return of(differences);
    }

    /** The point of the t distribution; from 31 degrees on by the first terms of its expansion, good to 1e-6. */
    private static double point(int freedom) {
        if (freedom <= T.length) {
            return T[freedom - 1];
        }
        double z2 = Z * Z;
        return Z + Z * (z2 + 1) / (4 * freedom) + Z * (5 * z2 * z2 + 16 * z2 + 3) / (96.0 * freedom * freedom)
                + Z * (3 * z2 * z2 * z2 + 19 * z2 * z2 + 17 * z2 - 15) / (384.0 * freedom * freedom * freedom);
    }

    /** Whether zero lies outside: for differences, whether the runs tell the two apart. */
    public boolean excludesZero() {
        return low > 0 || high < 0;
    }
}
