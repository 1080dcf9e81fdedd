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
import tessella.engine.Memory;
import tessella.engine.Workers;
import tessella.reference.NeighbourOracle;
import tessella.reference.RidgeOracle;

/** Nearest neighbours and the ridge probe. */
class ProbesTest {
    @Example
    void neighboursAreRankedByTheirCosine() {
        Neighbours kept = Neighbours.of(new float[][] {{10, 0}, {0, 1}, {1, 1}, {-1, 0}, {3, 3}, {0, 0}},
                new int[] {0, 1, 2, 0, 2, 1});
        assertArrayEquals(new int[] {0, 2, 4}, kept.nearest(new float[] {5, 1}, 3));
        assertEquals(0, kept.predict(new float[] {5, 1}, 1));
        // two votes of cosine 0.83 beat one of 0.98
        assertEquals(2, kept.predict(new float[] {5, 1}, 3));
        assertArrayEquals(new double[] {5 / Math.sqrt(26), 0, 6 / Math.sqrt(52)}, kept.cosines(new float[] {5, 1}, 0, 5, 4), 1e-7);
        refused("query of width 2, found width 1 at query 0", () -> kept.nearest(new float[] {1}, 3));
        refused("query of width 2, found width 3 at query 1", () -> kept.predict(new float[][] {{1, 2}, {1, 2, 3}}, 3));
        refused("k in [1, 6], found k = 7", () -> kept.nearest(new float[] {1, 2}, 7));
        refused("found k = 0", () -> kept.nearest(new float[] {1, 2}, 0));
        refused("finite features, found NaN at query 0, feature 1", () -> kept.cosines(new float[] {1, Float.NaN}, 0));
        refused("finite features, found Infinity at picture 0, feature 0",
                () -> Neighbours.of(new float[][] {{Float.POSITIVE_INFINITY}}, new int[1]));
        refused("width 1, found width 0", () -> Neighbours.of(new float[1][0], new int[1]));
        refused("one class of at least 0 for each picture, found -1 at picture 0", () -> Neighbours.of(new float[1][1], new int[] {-1}));
        refused("2 labels", () -> Neighbours.of(new float[1][1], new int[2]));
    }

    /** Of -1, 0 and 1, times 1, 2 or 3: cosines are far apart or equal, and equal ones abound. */
    private static long[][] whole(int n, int width, SplittableRandom random) {
        long[][] out = new long[n][width];
        for (long[] row : out) {
            int times = 1 + random.nextInt(3);
            Arrays.setAll(row, j -> times * (random.nextInt(3) - 1));
        }
        return out;
    }

    private static float[][] floats(long[][] rows) {
        float[][] out = new float[rows.length][rows[0].length];
        for (int i = 0; i < rows.length; i++) {
            for (int j = 0; j < rows[0].length; j++) {
                out[i][j] = rows[i][j];
            }
        }
        return out;
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void theNearestAreThoseOfTheOracleAndOfEqualsTheFirst(@ForAll @IntRange(min = 1, max = 70) int n,
            @ForAll @IntRange(min = 1, max = 8) int width, @ForAll @IntRange(min = 1, max = 12) int asked, @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        long[][] keys = whole(n, width, random);
        long[][] queries = whole(asked, width, random);
        int k = 1 + random.nextInt(n);
        Neighbours kept = Neighbours.of(floats(keys), new int[n]);
        int[][] nearest = kept.nearest(floats(queries), k);
        for (int i = 0; i < asked; i++) {
            assertArrayEquals(NeighbourOracle.nearestOfWholeNumbers(keys, queries[i], k), nearest[i]);
            assertArrayEquals(nearest[i], kept.nearest(floats(queries)[i], k), "a query that is asked alone");
        }
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void cosinesAreThoseOfTheOracleAndFallInOrder(@ForAll @IntRange(min = 1, max = 40) int n,
            @ForAll @IntRange(min = 1, max = 90) int width, @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        double size = Math.pow(10, random.nextInt(-15, 16));
        float[][] keys = new float[n][width];
        int[] labels = new int[n];
        for (int i = 0; i < n; i++) {
            labels[i] = random.nextInt(4);
            for (int j = 0; j < width; j++) {
                keys[i][j] = (float) (size * random.nextGaussian());
            }
        }
        float[] query = new float[width];
        double[] wide = new double[width];
        for (int j = 0; j < width; j++) {
            query[j] = (float) random.nextGaussian();
            wide[j] = query[j];
        }
        Neighbours kept = Neighbours.of(keys, labels);
        int k = 1 + random.nextInt(n);
        int[] nearest = kept.nearest(query, k);
        double[] cosines = kept.cosines(query, nearest);
        double[] votes = new double[4];
        boolean[] isNear = new boolean[n];
        for (int r = 0; r < k; r++) {
            double expected = cosine(keys[nearest[r]], wide);
            assertEquals(expected, cosines[r], 3e-7);
            assertTrue(r == 0 || cosines[r] <= cosines[r - 1] + 1e-12);
            votes[labels[nearest[r]]] += expected;
            isNear[nearest[r]] = true;
        }
        for (int i = 0; i < n; i++) {
            assertTrue(isNear[i] || cosine(keys[i], wide) <= cosines[k - 1] + 3e-7, "a nearer one is left out");
        }
        int said = kept.predict(query, k);
        assertTrue(Arrays.stream(nearest).anyMatch(i -> labels[i] == said), "a class that has a vote");
        for (int i : nearest) {
            assertTrue(votes[labels[i]] <= votes[said] + 1e-5);
        }
    }

    private static double cosine(float[] key, double[] query) {
        double[] wide = new double[key.length];
        Arrays.setAll(wide, j -> key[j]);
        return NeighbourOracle.cosine(wide, query);
    }

    @Example
    void manyQueriesAreAskedInBlocksOnAnyNumberOfThreads() {
        SplittableRandom random = new SplittableRandom(3);
        long[][] keys = whole(1300, 4, random);
        long[][] queries = whole(1700, 4, random); // more cosines than a block holds
        Neighbours kept = Neighbours.of(floats(keys), new int[keys.length]);
        int[][] expected = new int[queries.length][];
        Arrays.setAll(expected, i -> NeighbourOracle.nearestOfWholeNumbers(keys, queries[i], 7));
        for (int threads : new int[] {1, 3}) {
            Memory.resetPeak();
            long before = Memory.inUse();
            try (Workers workers = Workers.of(threads)) {
                assertArrayEquals(expected, Workers.with(workers, () -> kept.nearest(floats(queries), 7)));
            }
            assertEquals(before, Memory.inUse());
            assertTrue(Memory.peak() - before < 10 << 20, "the cosines of all queries would take 17 MB, found " + Memory.peak());
        }
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

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void theScoresOfTheRidgeAreThoseOfTheOracle(@ForAll @IntRange(min = 1, max = 30) int n,
            @ForAll @IntRange(min = 1, max = 9) int width, @ForAll @IntRange(min = 1, max = 4) int classes, @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        float[][] x = new float[n][width];
        double[][] wide = new double[n][width];
        int[] labels = new int[n];
        for (int i = 0; i < n; i++) {
            labels[i] = random.nextInt(classes);
            for (int j = 0; j < width; j++) {
                x[i][j] = (float) (3 + random.nextGaussian());
                wide[i][j] = x[i][j];
            }
        }
        double penalty = Math.pow(2, random.nextInt(-1, 11));
        double[][] expected = RidgeOracle.scores(wide, labels, classes, wide, penalty, 100, 1e-5);
        RidgeProbe probe = RidgeProbe.learn(x, labels, classes, penalty);
        for (int i = 0; i < n; i++) {
            assertArrayEquals(expected[i], probe.scores(x[i]), 1e-8);
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
