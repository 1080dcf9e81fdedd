package tessella.bench.peers;

import java.util.Arrays;
import java.util.stream.DoubleStream;

/** Median, least and greatest of some numbers. */
record Spread(double median, double least, double greatest) {
    /** Of at least one number. */
    static Spread of(DoubleStream numbers) {
        double[] sorted = numbers.sorted().toArray();
        int n = sorted.length;
        return new Spread((sorted[(n - 1) / 2] + sorted[n / 2]) / 2, sorted[0], sorted[n - 1]);
    }

    /** The geometric mean of at least one number. */
    static double geometricMean(double... numbers) {
        return Math.exp(Arrays.stream(numbers).map(Math::log).average().orElseThrow());
    }
}
