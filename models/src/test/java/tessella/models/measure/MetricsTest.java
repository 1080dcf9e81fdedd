package tessella.models.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.function.Executable;
import tessella.reference.MetricsOracle;

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

    /** Rows of several classes each, some of none and some of all; one of eight values, so that many are equal. */
    private record Rows(float[][] values, double[][] wide, boolean[][] truth) {
        static Rows of(int n, int classes, long seed) {
            SplittableRandom random = new SplittableRandom(seed);
            Rows rows = new Rows(new float[n][classes], new double[n][classes], new boolean[n][classes]);
            int frequency = random.nextInt(10);
            for (int i = 0; i < n; i++) {
                for (int c = 0; c < classes; c++) {
                    float value = random.nextBoolean() ? random.nextInt(9) / 8f : random.nextFloat();
                    rows.values[i][c] = value;
                    rows.wide[i][c] = value;
                    rows.truth[i][c] = random.nextInt(9) < frequency;
                }
            }
            return rows;
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void averagePrecisionFollowsItsDefinition(@ForAll @IntRange(min = 1, max = 30) int n,
            @ForAll @IntRange(min = 1, max = 4) int classes, @ForAll long seed) {
        Rows rows = Rows.of(n, classes, seed);
        double[] all = Metrics.averagePrecisions(rows.values, rows.truth);
        double sum = 0;
        int with = 0;
        for (int c = 0; c < classes; c++) {
            double[] scores = new double[n];
            boolean[] relevant = new boolean[n];
            for (int i = 0; i < n; i++) {
                scores[i] = rows.wide[i][c];
                relevant[i] = rows.truth[i][c];
            }
            double expected = MetricsOracle.averagePrecision(scores, relevant);
            assertEquals(expected, all[c], 1e-12);
            sum += Double.isNaN(expected) ? 0 : expected;
            with += Double.isNaN(expected) ? 0 : 1;
        }
        assertEquals(sum / with, Metrics.meanAveragePrecision(rows.values, rows.truth), 1e-12);
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void precisionAndRecallAtKFollowTheirDefinitions(@ForAll @IntRange(min = 1, max = 12) int n,
            @ForAll @IntRange(min = 1, max = 9) int classes, @ForAll long seed) {
        Rows rows = Rows.of(n, classes, seed);
        for (int k = 1; k <= classes; k++) {
            assertEquals(MetricsOracle.precisionAt(rows.wide, rows.truth, k), Metrics.precisionAt(rows.values, rows.truth, k), 1e-12);
            assertEquals(MetricsOracle.recallAt(rows.wide, rows.truth, k), Metrics.recallAt(rows.values, rows.truth, k), 1e-12);
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void decisionsAreCountedAndAveragedAsTheirDefinitionsSay(@ForAll @IntRange(min = 1, max = 20) int n,
            @ForAll @IntRange(min = 1, max = 5) int classes, @ForAll @IntRange(min = 0, max = 8) int eighths, @ForAll long seed) {
        Rows rows = Rows.of(n, classes, seed);
        double threshold = eighths / 8.0;
        List<Decisions> decisions = Decisions.of(rows.values, rows.truth, threshold);
        for (int c = 0; c < classes; c++) {
            double[] counts = MetricsOracle.counts(rows.wide, rows.truth, c, threshold);
            assertEquals(new Decisions((long) counts[0], (long) counts[1], (long) counts[2], (long) counts[3]), decisions.get(c));
            assertEquals(counts[0] / (counts[0] + counts[1]), decisions.get(c).precision());
            assertEquals(counts[0] / (counts[0] + counts[2]), decisions.get(c).recall());
            assertEquals(counts[0] / (counts[0] + (counts[1] + counts[2]) / 2), decisions.get(c).f1(), 1e-12);
        }
        assertEquals(MetricsOracle.microF1(rows.wide, rows.truth, threshold), Metrics.microF1(rows.values, rows.truth, threshold), 1e-12);
        double[] macro = MetricsOracle.macro(rows.wide, rows.truth, threshold);
        MacroMeans means = MacroMeans.of(decisions);
        assertEquals(macro[0], means.precision(), 1e-12);
        assertEquals(macro[1], means.recall(), 1e-12);
        assertEquals(macro[2], means.f1(), 1e-12);
        assertEquals(means.f1(), Metrics.macroF1(rows.values, rows.truth, threshold));
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void theBinaryCalibrationErrorFollowsItsDefinition(@ForAll @IntRange(min = 1, max = 20) int n,
            @ForAll @IntRange(min = 1, max = 4) int classes, @ForAll @IntRange(min = 1, max = 20) int bins, @ForAll long seed) {
        Rows rows = Rows.of(n, classes, seed);
        assertEquals(MetricsOracle.binaryCalibrationError(rows.wide, rows.truth, bins),
                Metrics.binaryCalibrationError(rows.values, rows.truth, bins), 1e-12);
    }

    @Example
    void classesThatAreOnNoPictureOrOnAllOfThem() {
        float[][] p = {{0.9f, 0.1f}, {0.5f, 0.2f}};
        boolean[][] none = new boolean[2][2];
        boolean[][] all = {{true, true}, {true, true}};
        boolean[][] first = {{true, false}, {true, false}};
        assertTrue(Double.isNaN(Metrics.meanAveragePrecision(p, none)));
        assertTrue(Double.isNaN(Metrics.recallAt(p, none, 1)));
        assertEquals(0, Metrics.precisionAt(p, none, 1));
        assertEquals(1, Metrics.meanAveragePrecision(p, all));
        assertEquals(0.5, Metrics.recallAt(p, all, 1));
        assertEquals(1, Metrics.recallAt(p, all, 2));
        assertEquals(0.5, Metrics.precisionAt(p, first, 2));
        // said to be so: both of the first class; the second class is never said, so its precision counts as 0 where it has pictures
        assertEquals(new MacroMeans(0.5, 0.5, 0.5), MacroMeans.of(Decisions.of(p, all, 0.5)));
        assertEquals(new MacroMeans(1, 1, 1), MacroMeans.of(Decisions.of(p, first, 0.5)));
        assertTrue(Double.isNaN(Metrics.macroF1(p, none, 0.5)));
        assertEquals(0, Metrics.microF1(p, none, 0.5));
        assertTrue(Double.isNaN(Metrics.microF1(p, none, 1)));
        assertEquals(2 * 2 / (2.0 * 2 + 0 + 2), Metrics.microF1(p, all, 0.5));
        assertEquals(0, Metrics.binaryCalibrationError(new float[][] {{0, 1}}, new boolean[][] {{false, true}}, 10));
        assertEquals(1, Metrics.binaryCalibrationError(new float[][] {{0, 1}}, new boolean[][] {{true, false}}, 10));
    }

    @Example
    void aQueryIsFoundIfOneOfTheFirstHasItsClass() {
        int[][] nearest = {{2, 0, 1}, {0, 1, 2}, {1, 2, 0}};
        int[] labels = {5, 6, 7};
        int[] queries = {6, 5, 8};
        assertEquals(1 / 3.0, Metrics.foundAt(nearest, labels, queries, 1));
        assertEquals(1 / 3.0, Metrics.foundAt(nearest, labels, queries, 2));
        assertEquals(2 / 3.0, Metrics.foundAt(nearest, labels, queries, 3));
        refused("k in [1, 3] for query 0, found 4", () -> Metrics.foundAt(nearest, labels, queries, 4));
        refused("k in [1, 3] for query 0, found 0", () -> Metrics.foundAt(nearest, labels, queries, 0));
        refused("3 queries and 2 labels", () -> Metrics.foundAt(nearest, labels, new int[2], 1));
        refused("0 queries", () -> Metrics.foundAt(new int[0][], labels, new int[0], 1));
    }

    @Example
    void whatDoesNotFitSeveralClassesIsRefused() {
        float[][] p = {{0.5f, 0.5f}};
        boolean[][] truth = {{true, false}};
        refused("precision@3: expected k in [1, 2], found 3", () -> Metrics.precisionAt(p, truth, 3));
        refused("recall@0: expected k in [1, 2], found 0", () -> Metrics.recallAt(p, truth, 0));
        refused("expected 2 values and as many truths for each picture, found 2 and 1 at picture 0",
                () -> Metrics.averagePrecisions(p, new boolean[1][1]));
        refused("found 1 and 2 at picture 1", () -> Metrics.precisionAt(new float[][] {{0, 0}, {0}}, new boolean[2][2], 1));
        refused("expected 1 values", () -> Metrics.precisionAt(new float[1][0], new boolean[1][0], 1));
        refused("1 rows and 2 labels", () -> Metrics.microF1(p, new boolean[2][2], 0.5));
        refused("decisions: expected probabilities from 0 to 1, found 1.5 at picture 0, class 1",
                () -> Metrics.macroF1(new float[][] {{0, 1.5f}}, truth, 0.5));
        refused("calibration: expected probabilities from 0 to 1, found NaN at picture 0, class 0",
                () -> Metrics.binaryCalibrationError(new float[][] {{Float.NaN, 1}}, truth, 5));
        refused("at least 1 bin, found 0", () -> Metrics.binaryCalibrationError(p, truth, 0));
        refused("threshold that is a number", () -> Decisions.of(p, truth, Double.NaN));
        refused("found NaN at picture 0", () -> Metrics.averagePrecision(new float[] {Float.NaN}, new boolean[1]));
        refused("labels from 0 to 1, found 2 at picture 1", () -> Metrics.oneAgainstTheRest(new int[] {0, 2}, 2));
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
