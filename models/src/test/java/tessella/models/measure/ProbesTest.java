package tessella.models.measure;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tessella.models.measure.MetricsTest.refused;

import java.util.Arrays;
import java.util.SplittableRandom;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Nearest neighbours and the ridge probe. */
class ProbesTest {
    @Example
    void neighboursAreRankedByTheirCosine() {
        Neighbours kept = Neighbours.of(new float[][] {{10, 0}, {0, 1}, {1, 1}, {-1, 0}, {3, 3}}, new int[] {0, 1, 2, 0, 2});
        assertArrayEquals(new int[] {0, 2, 4}, kept.nearest(new float[] {5, 1}, 3));
        assertEquals(0, kept.predict(new float[] {5, 1}, 1));
        // two votes of cosine 0.83 beat one of 0.98
        assertEquals(2, kept.predict(new float[] {5, 1}, 3));
        refused("width 2 and k in [1, 5]", () -> kept.nearest(new float[] {1}, 3));
        refused("k = 6", () -> kept.nearest(new float[] {1, 2}, 6));
        refused("2 labels", () -> Neighbours.of(new float[1][1], new int[2]));
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void theWeightsMakeTheGradientOfTheRidgeZero(@ForAll @IntRange(min = 2, max = 12) int n,
            @ForAll @IntRange(min = 1, max = 8) int d, @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[][] x = new float[n][d];
        int[] labels = new int[n];
        for (int i = 0; i < n; i++) {
            labels[i] = i % 3;
            for (int j = 0; j < d; j++) {
                x[i][j] = (float) (random.nextGaussian() * (j + 1) + j);
            }
        }
        double penalty = 2;
        RidgeProbe probe = RidgeProbe.learn(x, labels, 3, penalty);
        // the penalty holds for every weight, so the optimum of a rescaled problem tells: scores - targets is orthogonal to all
        // features up to the penalty times the weights, found here by differences of the scores
        for (int c = 0; c < 3; c++) {
            double[] mean = new double[d];
            double[] deviation = new double[d];
            for (int j = 0; j < d; j++) {
                for (float[] row : x) {
                    mean[j] += row[j] / n;
                }
                for (float[] row : x) {
                    deviation[j] += (row[j] - mean[j]) * (row[j] - mean[j]) / n;
                }
                deviation[j] = Math.sqrt(deviation[j]) + 1e-5;
            }
            float[] centre = new float[d];
            for (int j = 0; j < d; j++) {
                centre[j] = (float) mean[j];
            }
            double atCentre = probe.scores(centre)[c];
            for (int j = 0; j < d; j++) {
                float[] moved = centre.clone();
                moved[j] += (float) deviation[j];
                double step = (moved[j] - centre[j]) / deviation[j];
                double weight = (probe.scores(moved)[c] - atCentre) / step;
                double residual = 0;
                for (int i = 0; i < n; i++) {
                    residual += (probe.scores(x[i])[c] - (labels[i] == c ? 1 : -1)) * (x[i][j] - mean[j]) / deviation[j];
                }
                assertEquals(-penalty * weight, residual, 1e-4 * (1 + Math.abs(residual)), "class " + c + ", feature " + j);
            }
        }
    }

    @Example
    void separateClassesAreToldApart() {
        SplittableRandom random = new SplittableRandom(5);
        float[][] x = new float[90][20];
        int[] labels = new int[90];
        for (int i = 0; i < 90; i++) {
            labels[i] = i % 3;
            for (int j = 0; j < 20; j++) {
                x[i][j] = (float) (random.nextGaussian() + (j % 3 == labels[i] ? 4 : 0));
            }
        }
        int[] shots = RidgeProbe.shots(labels, 3, 10, 1);
        assertEquals(30, shots.length);
        assertEquals(30, Arrays.stream(shots).distinct().count());
        for (int i = 0; i < 30; i++) {
            assertEquals(i / 10, labels[shots[i]]);
        }
        assertTrue(!Arrays.equals(shots, RidgeProbe.shots(labels, 3, 10, 2)));
        float[][] few = Arrays.stream(shots).mapToObj(i -> x[i]).toArray(float[][]::new);
        int[] fewLabels = Arrays.stream(shots).map(i -> labels[i]).toArray();
        RidgeProbe probe = RidgeProbe.learn(few, fewLabels, 3, 1);
        int right = 0;
        for (int i = 0; i < 90; i++) {
            right += probe.predict(x[i]) == labels[i] ? 1 : 0;
        }
        assertTrue(right > 85, right + " of 90");
        refused("at least 31 pictures of class 0, found 30", () -> RidgeProbe.shots(labels, 3, 31, 1));
        refused("width 20, found 3", () -> probe.scores(new float[3]));
        refused("positive penalty", () -> RidgeProbe.learn(x, labels, 3, 0));
    }
}
