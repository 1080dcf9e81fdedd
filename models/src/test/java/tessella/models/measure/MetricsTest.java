package tessella.models.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.function.Executable;

/** Metrics against worked examples and their definitions. */
class MetricsTest {
    @Example
    void theTopKAreThoseWithTheHighestScoresTheFirstOfEquals() {
        float[][] scores = {{0.1f, 0.7f, 0.2f}, {0.5f, 0.5f, 0}, {1, 2, 3}};
        int[] labels = {1, 1, 0};
        assertEquals(1 / 3.0, Metrics.topK(scores, labels, 1));
        assertEquals(2 / 3.0, Metrics.topK(scores, labels, 2));
        assertEquals(1, Metrics.topK(scores, labels, 3));
        assertEquals(2 / 3.0, Metrics.recallAt(new float[][] {{1, 0, 0}, {0, 1, 0}, {5, 0, 1}}, 1));
    }

    @Example
    void theCalibrationErrorIsTheDistanceOfConfidenceAndAccuracy() {
        // two of confidence 0.8, one of them right; one of 0.55, right: |1 - 1.6| / 3 + |1 - 0.55| / 3
        float[][] p = {{0.8f, 0.2f}, {0.8f, 0.2f}, {0.45f, 0.55f}};
        assertEquals((0.6 + 0.45) / 3, Metrics.calibrationError(p, new int[] {0, 1, 1}, 10), 1e-6);
        assertEquals(0, Metrics.calibrationError(new float[][] {{1, 0}, {0, 1}}, new int[] {0, 1}, 15));
        // on the upper bound of a bin: it belongs to the lower one, with 0.75
        assertEquals(Math.abs(1 - 1.75) / 2, Metrics.calibrationError(new float[][] {{1, 0}, {0.75f, 0.25f}}, new int[] {0, 1}, 1),
                1e-6);
        assertEquals((0 + 0.75) / 2, Metrics.calibrationError(new float[][] {{1, 0}, {0.75f, 0.25f}}, new int[] {0, 1}, 4), 1e-6);
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void averagePrecisionFollowsItsDefinition(@ForAll @IntRange(min = 1, max = 30) int n, @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] scores = new float[n];
        boolean[] relevant = new boolean[n];
        int count = 0;
        for (int i = 0; i < n; i++) {
            scores[i] = random.nextInt(10);
            relevant[i] = random.nextInt(3) == 0;
            count += relevant[i] ? 1 : 0;
        }
        double sum = 0;
        for (int i = 0; i < n; i++) {
            if (relevant[i]) {
                int before = 0;
                int found = 0;
                for (int j = 0; j < n; j++) {
                    if (scores[j] > scores[i] || scores[j] == scores[i] && j <= i) {
                        before++;
                        found += relevant[j] ? 1 : 0;
                    }
                }
                sum += (double) found / before;
            }
        }
        assertEquals(sum / count, Metrics.averagePrecision(scores, relevant), 1e-12);
    }

    @Example
    void theMeanLeavesClassesWithoutPicturesOut() {
        float[][] scores = {{0.9f, 0.1f, 0}, {0.2f, 0.8f, 0}, {0.6f, 0.3f, 0}};
        boolean[][] relevant = {{true, false, false}, {true, true, false}, {false, false, false}};
        // class 0: hits at places 1 and 3; class 1: at place 1
        assertEquals(((1 + 2 / 3.0) / 2 + 1) / 2, Metrics.meanAveragePrecision(scores, relevant), 1e-12);
        assertTrue(Double.isNaN(Metrics.averagePrecision(new float[] {1}, new boolean[] {false})));
    }

    @Example
    void whatDoesNotFitIsRefused() {
        refused("positive k", () -> Metrics.topK(new float[][] {{1}}, new int[] {0}, 0));
        refused("1 rows and 2 labels", () -> Metrics.topK(new float[][] {{1}}, new int[] {0, 0}, 1));
        refused("0 rows", () -> Metrics.calibrationError(new float[0][], new int[0], 3));
        refused("at least 1 bin", () -> Metrics.calibrationError(new float[][] {{1}}, new int[] {0}, 0));
        refused("2 scores, found 1", () -> Metrics.averagePrecision(new float[2], new boolean[1]));
    }

    static void refused(String part, Executable action) {
        String message = assertThrows(IllegalArgumentException.class, action).getMessage();
        assertTrue(message.contains(part), message);
    }
}
