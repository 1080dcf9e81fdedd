package tessella.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tessella.engine.Samples.refused;

import java.util.Arrays;
import java.util.function.LongToDoubleFunction;
import org.junit.jupiter.api.Test;

class RandomTest {
    private static final int N = 200_000;

    /** The generator with a raw key, as the published vectors have it. */
    private static int[] philox(int c0, int c1, long step, long key) {
        Random random = new Random(key, step, c1);
        int[] out = new int[4];
        for (int lane = 0; lane < 4; lane++) {
            out[lane] = random.bits((c0 & 0xffffffffL) * 4 + lane);
        }
        return out;
    }

    @Test
    void bitsAreThePublishedVectorsOfPhilox() {
        assertArrayEquals(new int[] {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}, philox(0, 0, 0, 0));
        assertArrayEquals(new int[] {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}, philox(-1, -1, -1, -1));
        assertArrayEquals(new int[] {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
                philox(0x243f6a88, 0x85a308d3, 0x0370734413198a2eL, 0x299f31d0a4093822L));
    }

    private static void requireMoments(LongToDoubleFunction draw, double mean, double variance) {
        double sum = 0;
        double squares = 0;
        for (int i = 0; i < N; i++) {
            double x = draw.applyAsDouble(i);
            sum += x;
            squares += (x - mean) * (x - mean);
        }
        assertEquals(mean, sum / N, 5 * Math.sqrt(variance / N));
        assertEquals(1, squares / N / variance, 0.02);
    }

    @Test
    void uniformNormalAndTruncatedNormalHaveTheirMoments() {
        Random random = Random.of(1, "moments");
        requireMoments(random::uniform, 0.5, 1 / 12.0);
        requireMoments(random::normal, 0, 1);
        // variance of a normal cut at 2: 1 - 4 phi(2) / (Phi(2) - Phi(-2))
        requireMoments(random::truncatedNormal, 0, 0.774);
        int beyond = 0;
        for (int i = 0; i < N; i++) {
            double u = random.uniform(i);
            assertTrue(u > 0 && u < 1);
            assertTrue(Math.abs(random.truncatedNormal(i)) <= 2);
            beyond += Math.abs(random.normal(i)) > 1.959964 ? 1 : 0;
        }
        assertEquals(0.05, beyond / (double) N, 0.003);
    }

    @Test
    void belowIsUniform() {
        Random random = Random.of(2, "below");
        int[] counts = new int[7];
        for (int i = 0; i < N; i++) {
            counts[random.below(7, i)]++;
        }
        double chi = 0;
        for (int count : counts) {
            chi += (count - N / 7.0) * (count - N / 7.0) / (N / 7.0);
        }
        assertTrue(chi < 27.9, "chi squared of 6 degrees " + chi);
        assertEquals(0, random.below(1, 3));
    }

    /** Of 8 consecutive 32-bit numbers, 3 go to a value of remainder 0, 3 to 1, but only 2 to 2: the two thirds are rejected. */
    @Test
    void belowIsUniformWhereMultiplicationAloneIsNot() {
        int bound = 3 << 29;
        Random random = Random.of(2, "below");
        int[] counts = new int[3];
        int kept = 0;
        for (int i = 0; i < N; i++) {
            int value = random.below(bound, i);
            assertTrue(value >= 0 && value < bound);
            counts[value % 3]++;
            kept += value == (int) ((random.bits(i) & 0xffffffffL) * bound >>> 32) ? 1 : 0;
        }
        for (int count : counts) {
            assertEquals(N / 3.0, count, 5 * Math.sqrt(N * 2 / 9.0));
        }
        // a quarter is drawn again, the others are those of the first draw
        assertEquals(0.75, kept / (double) N, 0.005);
    }

    @Test
    void aRejectedNumberIsDrawnAgainFromElementsThatNobodyElseHas() {
        Random random = Random.of(2, "below");
        int bound = 3 << 29;
        int rejected = 0;
        for (int i = 0; i < 1000; i++) {
            long x = random.bits(i) & 0xffffffffL;
            int attempt = 0;
            while (Long.remainderUnsigned(x * bound, 1L << 32) < 1L << 30) {
                attempt++;
                x = random.bits(i + ((long) attempt << 56)) & 0xffffffffL;
            }
            rejected += attempt;
            assertEquals((int) (x * bound >>> 32), random.below(bound, i));
        }
        assertEquals(333, rejected, 100);
        assertNotEquals(random.bits(7), random.bits(7 + (1L << 56)));
        assertNotEquals(random.bits(7 + (2L << 56)), random.bits(7 + (1L << 56)));
    }

    @Test
    void aBoundBelowOneIsRefused() {
        refused(() -> Random.of(1, "below").below(0, 0), "random", "at least 1", "0");
        refused(() -> Random.of(1, "below").below(-3, 0), "bound", "-3");
    }

    /** The orders of the default run: no draw of theirs is rejected, so its bits are those of multiplication alone. */
    @Test
    void theOrdersOfTheDefaultRunAreThoseOfTheFirstDraws() {
        for (long seed = 1; seed <= 5; seed++) {
            for (int epoch = 1; epoch <= 22; epoch++) {
                Random random = Random.of(seed, "shuffle").at(epoch, 0);
                int[] expected = new int[5400];
                for (int i = 0; i < expected.length; i++) {
                    int j = (int) ((random.bits(i) & 0xffffffffL) * (i + 1) >>> 32);
                    expected[i] = expected[j];
                    expected[j] = i;
                }
                assertArrayEquals(expected, random.permutation(5400), "seed " + seed + ", epoch " + epoch);
            }
        }
    }

    @Test
    void microBatchesDrawWhatTheFullBatchWould() {
        Random dropout = Random.of(4, "blocks.3.dropout");
        double[][] full = masks(dropout, 17, 0, 12);
        double[][] first = masks(dropout, 17, 0, 5);
        double[][] rest = masks(dropout, 17, 5, 12);
        for (int example = 0; example < 12; example++) {
            assertArrayEquals(full[example], example < 5 ? first[example] : rest[example - 5], "example " + example);
            assertTrue(example == 0 || !Arrays.equals(full[example], full[example - 1]));
        }
        assertTrue(!Arrays.equals(full[3], masks(dropout, 18, 3, 4)[0]), "another step");
    }

    /** The numbers of the examples [from, to) of a batch. */
    private static double[][] masks(Random random, long step, int from, int to) {
        double[][] out = new double[to - from][32];
        for (int example = from; example < to; example++) {
            Arrays.setAll(out[example - from], random.at(step, example)::uniform);
        }
        return out;
    }

    @Test
    void streamsOfOtherSeedsNamesStepsAndIndicesAreUncorrelated() {
        Random one = Random.of(1, "name");
        for (Random other : new Random[] {Random.of(2, "name"), Random.of(1, "nam"), Random.of(1, ""), one.at(1, 0),
                one.at(0, 1),
            one.at(1L << 32, 0), Random.of(-1, "name")}) {
            double dot = 0;
            for (int i = 0; i < N; i++) {
                dot += one.normal(i) * other.normal(i);
            }
            assertEquals(0, dot / N, 5 / Math.sqrt(N));
        }
        double next = 0;
        for (int i = 0; i < N; i++) {
            next += one.normal(i) * one.normal(i + 1);
        }
        assertEquals(0, next / N, 5 / Math.sqrt(N));
        assertNotEquals(one.bits(5), one.bits(5 + (1L << 34)));
    }

    @Test
    void anElementIsTheSameInAnyOrderOfDrawing() {
        Random random = Random.of(9, "order").at(3, 4);
        int[] forward = new int[1000];
        int[] backward = new int[1000];
        for (int i = 0; i < 1000; i++) {
            forward[i] = random.bits(i);
        }
        for (int i = 999; i >= 0; i--) {
            backward[i] = Random.of(9, "order").at(7, 7).at(3, 4).bits(i);
        }
        assertArrayEquals(forward, backward);
    }

    @Test
    void numbersDrawnTogetherAreThoseOfEachElement() {
        Random random = Random.of(9, "together").at(1, 2);
        for (long first : new long[] {0, 1, 2, 3, 70, (1L << 34) - 3}) {
            for (int count = 0; count < 12; count++) {
                double[] out = new double[count];
                random.uniform(first, out);
                double[] expected = new double[count];
                Arrays.setAll(expected, i -> random.uniform(first + i));
                assertArrayEquals(expected, out);
            }
        }
    }

    @Test
    void everyElementOfADrawnArrayHasItsOwnNumber() {
        Random random = Random.of(3, "mask");
        try (Scope _ = Scope.open()) {
            NdArray drawn = Draws.bernoulli(random, DType.F64, Shape.of(100, 203), 0.3, 2.5);
            double[] expected = new double[100 * 203];
            Arrays.setAll(expected, i -> random.uniform(i) < 0.3 ? 2.5 : 0);
            assertArrayEquals(expected, drawn.toDoubles());
            // the elements from the 70th on are those of the whole, also where tasks are cut
            double[] normal = new double[100 * 203];
            Arrays.setAll(normal, i -> (float) random.normal(70 + i));
            assertArrayEquals(normal, Draws.normal(random, DType.F32, Shape.of(203, 100), 70).toDoubles());
        }
    }

    @Test
    void aFilledArrayHasTheNumbersOfItsPlacesAndNothingElseChanges() {
        try (Scope scope = Scope.open()) {
            NdArray array = NdArray.full(scope, DType.F64, Shape.of(3, 7001), -1);
            NdArray row = array.slice(0, 1, 2);
            for (int threads = 1; threads <= 3; threads++) {
                try (Workers workers = Workers.of(threads)) {
                    Workers.with(workers, () -> Draws.fill(row, (first, out) -> Arrays.setAll(out, i -> first + i + 0.1)));
                }
                double[] expected = new double[3 * 7001];
                Arrays.setAll(expected, i -> i / 7001 == 1 ? i % 7001 + 0.1 : -1);
                assertArrayEquals(expected, array.toDoubles());
            }
            NdArray single = NdArray.empty(scope, DType.F32, Shape.of(2));
            Draws.fill(single, (first, out) -> Arrays.fill(out, 0.1));
            assertArrayEquals(new float[] {0.1f, 0.1f}, single.toFloats());
        }
    }

    @Test
    void aFillOfAViewWithGapsOrOfATypeOfStorageIsRefused() {
        try (Scope scope = Scope.open()) {
            NdArray view = NdArray.full(scope, DType.F64, Shape.of(2, 3), 1).transpose();
            NdArray half = NdArray.zeros(scope, DType.BF16, Shape.of(2, 3));
            refused(() -> Draws.fill(view, (first, out) -> {}), "fill", "float64 [3, 2], a view with gaps");
            refused(() -> Draws.fill(half, (first, out) -> {}), "fill", "bfloat16 [2, 3]; fill such an array");
            NdArray freed = NdArray.full(scope, DType.F64, Shape.of(2), 1);
            freed.free();
            assertThrows(IllegalStateException.class, () -> Draws.fill(freed, (first, out) -> {}));
        }
    }

    @Test
    void aPermutationHoldsEachNumberOnceAndEveryPlaceIsEquallyLikely() {
        for (int n : new int[] {0, 1, 2, 1000}) {
            int[] sorted = Random.of(3, "shuffle").permutation(n);
            Arrays.sort(sorted);
            for (int i = 0; i < n; i++) {
                assertEquals(i, sorted[i]);
            }
        }
        int[] places = new int[5];
        for (int epoch = 0; epoch < 50_000; epoch++) {
            int[] order = Random.of(3, "shuffle").at(epoch, 0).permutation(5);
            for (int i = 0; i < 5; i++) {
                places[i] += order[i] == 0 ? 1 : 0;
            }
        }
        for (int count : places) {
            assertEquals(10_000, count, 450);
        }
    }
}
