package tessella.models.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Intervals against worked numbers, and how often they hold the truth. */
class IntervalTest {
    @Test
    void theIntervalOfFiveRunsIsTheTextbooks() {
        // mean 3, deviation sqrt(2.5), half width 2.7764 sqrt(2.5 / 5)
        Interval interval = Interval.of(1, 2, 3, 4, 5);
        assertEquals(3, interval.mean());
        assertEquals(3 - 2.7764 * Math.sqrt(0.5), interval.low(), 1e-12);
        assertEquals(3 + 2.7764 * Math.sqrt(0.5), interval.high(), 1e-12);
        assertTrue(interval.excludesZero());
        assertFalse(Interval.of(-1, 1).excludesZero());
        assertTrue(Interval.of(-1, -1.1, -1.05).excludesZero());
    }

    @Test
    void pairsTakeOffWhatTheyShare() {
        double[] a = {10, 20, 30};
        double[] b = {9, 19.1, 28.9};
        Interval pairs = Interval.ofPairs(a, b);
        assertEquals(1, pairs.mean(), 1e-12);
        assertTrue(pairs.excludesZero());
        MetricsTest.refused("3 and 2 values", () -> Interval.ofPairs(a, new double[2]));
        MetricsTest.refused("at least two values, found 1", () -> Interval.of(1));
    }

    @Test
    void nineteenOfTwentyIntervalsHoldTheTruth() {
        for (int n : new int[] {2, 5, 31, 60}) {
            SplittableRandom random = new SplittableRandom(n);
            int held = 0;
            for (int trial = 0; trial < 20_000; trial++) {
                double[] values = new double[n];
                Arrays.setAll(values, i -> 0.7 + random.nextGaussian());
                Interval interval = Interval.of(values);
                held += interval.low() <= 0.7 && 0.7 <= interval.high() ? 1 : 0;
            }
            // four deviations of a share of 0.95 in 20,000 trials
            assertEquals(0.95, held / 20_000.0, 0.0062, n + " values");
        }
    }

    @Test
    void theTableAndTheExpansionMeet() {
        double[] values = new double[32];
        Arrays.setAll(values, i -> i % 2);
        // 31 degrees of freedom: 2.0395
        Interval interval = Interval.of(values);
        double deviation = Math.sqrt(32 * 0.25 / 31 / 32);
        assertEquals(2.0395, (interval.high() - interval.mean()) / deviation, 5e-5);
    }
}
