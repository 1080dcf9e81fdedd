package tessella.models.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import tessella.engine.Random;

/** Mixup and CutMix on batches. */
class MixingTest {
    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void mixupMixesEachExampleWithTheNextAndTargetsAlike(@ForAll @IntRange(min = 1, max = 6) int size,
            @ForAll @DoubleRange(min = 0.05, max = 5) double alpha, @ForAll long seed) {
        Batch batch = batch(size, 2, 3, 2, seed);
        float[] images = batch.images().clone();
        Batch mixed = new MixUp(alpha).apply(batch, source(seed));
        double weight = Beta.larger(alpha, source(seed));
        assertTrue(weight >= 0.5 && weight <= 1, "weight " + weight);
        for (int i = 0; i < size; i++) {
            int next = i == size - 1 ? 0 : i + 1;
            for (int j = 0; j < 12; j++) {
                assertEquals(weight * images[12 * i + j] + (1 - weight) * images[12 * next + j], mixed.images()[12 * i + j], 1e-6);
            }
            for (int c = 0; c < 4; c++) {
                assertEquals(weight * batch.targets()[4 * i + c] + (1 - weight) * batch.targets()[4 * next + c],
                        mixed.targets()[4 * i + c], 1e-6);
            }
        }
        assertArrayEquals(images, batch.images(), "the batch itself stays");
        assertArrayEquals(batch.labels(), mixed.labels());
        assertArrayEquals(batch.indices(), mixed.indices());
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void cutMixShowsTheNextExampleInOneBoxAndWeighsTargetsByItsArea(@ForAll @IntRange(min = 2, max = 5) int size,
            @ForAll @IntRange(min = 1, max = 9) int height, @ForAll @IntRange(min = 1, max = 9) int width, @ForAll long seed) {
        Batch batch = batch(size, height, width, 3, seed);
        Batch mixed = new CutMix(1).apply(batch, source(seed));
        int pixels = height * width;
        int top = height;
        int left = width;
        int bottom = -1;
        int right = -1;
        int inside = 0;
        for (int i = 0; i < size; i++) {
            for (int p = 0; p < pixels; p++) {
                for (int c = 0; c < 3; c++) {
                    int at = (i * pixels + p) * 3 + c;
                    boolean cut = mixed.images()[at] != batch.images()[at]; // all values of a batch differ
                    assertEquals(batch.images()[cut ? ((i + 1) % size * pixels + p) * 3 + c : at], mixed.images()[at]);
                    if (cut) {
                        top = Math.min(top, p / width);
                        bottom = Math.max(bottom, p / width);
                        left = Math.min(left, p % width);
                        right = Math.max(right, p % width);
                        inside++;
                    }
                }
            }
        }
        assertEquals(size * 3 * Math.max(0, bottom - top + 1) * Math.max(0, right - left + 1), inside, "one box, the same in all");
        double side = Math.sqrt(1 - Beta.larger(1, source(seed)));
        assertEquals(Math.round(height * side) * Math.round(width * side) * size * 3, inside);
        double outside = 1 - (double) inside / (size * 3 * pixels);
        for (int i = 0; i < size * 4; i++) {
            assertEquals(outside * batch.targets()[i] + (1 - outside) * batch.targets()[(i + 4) % (size * 4)], mixed.targets()[i], 1e-6);
        }
    }

    @Test
    void theBoxOfCutMixLiesAnywhere() {
        Batch batch = batch(2, 4, 4, 1, 1);
        boolean[] hit = new boolean[16];
        for (int seed = 0; seed < 400; seed++) {
            Batch mixed = new CutMix(1).apply(batch, source(seed));
            for (int p = 0; p < 16; p++) {
                hit[p] |= mixed.images()[p] != batch.images()[p];
            }
        }
        for (int p = 0; p < 16; p++) {
            assertTrue(hit[p], "pixel " + p);
        }
    }

    /** For x of Beta(a, a): E[x (1 - x)] = a / (2 (2 a + 1)), E[(x (1 - x))^2] = a (a + 1) / (4 (2 a + 1) (2 a + 3)). */
    @Test
    void weightsHaveTheMomentsOfBeta() {
        for (double a : new double[] {0.01, 0.2, 0.5, 1, 2, 10}) {
            RandomSource source = source(3);
            double sum = 0;
            double squares = 0;
            int n = 20_000;
            for (int i = 0; i < n; i++) {
                double x = Beta.larger(a, source);
                sum += x * (1 - x);
                squares += x * (1 - x) * x * (1 - x);
            }
            double mean = a / (2 * (2 * a + 1));
            double square = a * (a + 1) / (4 * (2 * a + 1) * (2 * a + 3));
            double error = 4 * Math.sqrt((square - mean * mean) / n);
            assertEquals(mean, sum / n, error, "alpha " + a);
            assertEquals(square, squares / n, 0.25 * error, "alpha " + a); // x (1 - x) is at most 1/4
        }
    }

    @Test
    void anyAlphaGivesANumber() {
        for (double a : new double[] {1e-300, 1e-6, 1e6}) {
            for (int seed = 0; seed < 50; seed++) {
                double weight = Beta.larger(a, source(seed));
                assertTrue(weight >= 0.5 && weight <= 1, a + ": " + weight);
            }
        }
        assertEquals("mixup: expected a positive alpha, found 0.0",
                assertThrows(IllegalArgumentException.class, () -> new MixUp(0)).getMessage());
        assertEquals("CutMix: expected a positive alpha, found NaN",
                assertThrows(IllegalArgumentException.class, () -> new CutMix(Double.NaN)).getMessage());
    }

    private static RandomSource source(long seed) {
        return RandomSource.of(Random.of(seed, "mix").at(1, 0));
    }

    /** All values differ; example i has class i mod 4. */
    private static Batch batch(int size, int height, int width, int channels, long seed) {
        float[] images = new float[size * height * width * channels];
        int[] order = Random.of(seed, "values").permutation(images.length);
        for (int i = 0; i < images.length; i++) {
            images[i] = order[i] / 64f - 1;
        }
        float[] targets = new float[size * 4];
        int[] labels = new int[size];
        for (int i = 0; i < size; i++) {
            labels[i] = i % 4;
            targets[4 * i + i % 4] = 1;
        }
        return new Batch(images, targets, labels, new int[size], height, width, channels);
    }
}
