package tessella.bench;

import java.util.Arrays;
import org.apache.commons.math3.distribution.TDistribution;

/**
 * A ratio of two speeds, the new over the old, with its interval by Student's t distribution on logarithms, on which a ratio and
 * its inverse are equally far from 1.
 *
 * @param ratio of the geometric means
 * @param low lower bound
 * @param high upper bound
 */
record Ratio(double ratio, double low, double high) {
    /** Of two lists of speeds that have nothing to do with each other, at least two each (Welch). */
    static Ratio of(double[] before, double[] after, double confidence) {
        Moments a = Moments.ofLogs(before);
        Moments b = Moments.ofLogs(after);
        double va = a.variance() / a.count();
        double vb = b.variance() / b.count();
        double freedom = (va + vb) * (va + vb) / (va * va / (a.count() - 1) + vb * vb / (b.count() - 1));
        return around(b.mean() - a.mean(), Math.sqrt(va + vb), freedom, confidence);
    }

    /** The mean of ratios that were each measured side by side, at least two. */
    static Ratio ofPairs(double[] ratios, double confidence) {
        Moments m = Moments.ofLogs(ratios);
        return around(m.mean(), Math.sqrt(m.variance() / m.count()), m.count() - 1, confidence);
    }

    private static Ratio around(double log, double error, double freedom, double confidence) {
        double half = error == 0 ? 0 : error * new TDistribution(freedom).inverseCumulativeProbability((1 + confidence) / 2);
        return new Ratio(Math.exp(log), Math.exp(log - half), Math.exp(log + half));
    }

    private record Moments(int count, double mean, double variance) {
        static Moments ofLogs(double... values) {
            if (values.length < 2) {
                throw new IllegalArgumentException("ratio: expected at least two measurements of each side, found "
                        + values.length);
            }
            double[] logs = Arrays.stream(values).map(Math::log).toArray();
            double mean = Arrays.stream(logs).average().orElseThrow();
            double square = Arrays.stream(logs).map(v -> (v - mean) * (v - mean)).sum();
            return new Moments(logs.length, mean, square / (logs.length - 1));
        }
    }

    /** Whether the interval leaves 1 out. */
    boolean excludesOne() {
        return low > 1 || high < 1;
    }
}
