package tessella.models.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import tessella.autodiff.Tensor;
import tessella.engine.Memory;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.models.data.Batch;
import tessella.models.data.ImageSet;

class ObjectiveTest {
    /** Rows of targets, and logits, by their definitions in float64. */
    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void lossesFollowTheirDefinitions(@ForAll @IntRange(min = 1, max = 5) int rows, @ForAll @IntRange(min = 2, max = 9) int classes,
            @ForAll @DoubleRange(min = 0, max = 1) double smoothing, @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] logits = new float[rows * classes];
        float[] hot = new float[rows * classes];
        float[] mixed = new float[rows * classes];
        int[] labels = new int[rows];
        for (int i = 0; i < rows; i++) {
            labels[i] = random.nextInt(classes);
            hot[i * classes + labels[i]] = 1;
            float weight = (float) random.nextDouble();
            mixed[i * classes + labels[i]] += weight;
            mixed[i * classes + random.nextInt(classes)] += 1 - weight;
        }
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) (3 * random.nextGaussian());
        }
        try (Scope scope = Scope.open()) {
            Tensor z = Tensor.of(scope, Shape.of(rows, classes), logits);
            Batch one = batch(hot, labels, rows);
            assertNear(softmax(logits, hot, classes, smoothing), Objective.ONE_CLASS.losses(z, one, smoothing));
            assertNear(softmax(logits, hot, classes, smoothing), Objective.ONE_CLASS.targetLosses(z, one, smoothing));
            Batch two = batch(mixed, labels, rows);
            assertNear(softmax(logits, mixed, classes, smoothing), Objective.ONE_CLASS.targetLosses(z, two, smoothing));
            assertNear(sigmoid(logits, mixed, classes, smoothing), Objective.ANY_CLASSES.losses(z, two, smoothing));
            assertNear(sigmoid(logits, mixed, classes, smoothing), Objective.ANY_CLASSES.targetLosses(z, two, smoothing));
            float[] p = Objective.ANY_CLASSES.probabilities(z).toFloats();
            for (int i = 0; i < p.length; i++) {
                assertEquals(1 / (1 + Math.exp(-logits[i])), p[i], 1e-6);
            }
        }
        assertEquals(0, Memory.inUse());
    }

    private static Batch batch(float[] targets, int[] labels, int rows) {
        return new Batch(new float[rows], targets, labels, new int[rows], 1, 1, 1);
    }

    private static double[] softmax(float[] z, float[] t, int classes, double smoothing) {
        double[] losses = new double[z.length / classes];
        for (int i = 0; i < losses.length; i++) {
            double sum = 0;
            for (int c = 0; c < classes; c++) {
                sum += Math.exp(z[i * classes + c]);
            }
            for (int c = 0; c < classes; c++) {
                losses[i] -= ((1 - smoothing) * t[i * classes + c] + smoothing / classes) * (z[i * classes + c] - Math.log(sum));
            }
        }
        return losses;
    }

    private static double[] sigmoid(float[] z, float[] t, int classes, double smoothing) {
        double[] losses = new double[z.length / classes];
        for (int i = 0; i < z.length; i++) {
            double target = (1 - smoothing) * t[i] + smoothing / 2;
            losses[i / classes] += Math.log1p(Math.exp(z[i])) - target * z[i];
        }
        return losses;
    }

    private static void assertNear(double[] expected, Tensor found) {
        assertArrayEquals(expected, found.toDoubles(), 1e-4);
    }

    @Test
    void picturesWithAnyNumberOfClassesAskForABinaryLoss() {
        assertEquals(Objective.ONE_CLASS, Objective.of(ImageSet.of("a", 1, 1, 1, new byte[1], new int[1], List.of("x"), "")));
        assertEquals(Objective.ANY_CLASSES,
                Objective.of(ImageSet.ofMany("a", 1, 1, 1, new byte[1], List.of(List.of(0)), List.of("x"), "")));
    }
}
