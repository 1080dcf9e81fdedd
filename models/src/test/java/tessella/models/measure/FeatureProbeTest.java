package tessella.models.measure;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tessella.models.measure.MetricsTest.refused;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.engine.Scope;
import tessella.engine.Workers;
import tessella.models.data.ImageSet;
import tessella.models.data.Preprocessing;
import tessella.models.train.Checkpoint;
import tessella.models.vit.VisionTransformer;
import tessella.models.vit.VitConfig;
import tessella.reference.RidgeOracle;

/** The features of a frozen model, and what is measured of them. */
class FeatureProbeTest {
    private static final List<String> NAMES = List.of("a", "b", "c");

    /** Colour pictures of three classes of their own, larger than the model's. */
    private static ImageSet pictures(int count) {
        SplittableRandom random = new SplittableRandom(1);
        byte[] pixels = new byte[count * 12 * 10 * 3];
        random.nextBytes(pixels);
        return ImageSet.of("noise", 12, 10, 3, pixels, IntStream.range(0, count).map(i -> i * 7 % 3).toArray(), NAMES, "");
    }

    @Example
    void featuresDoNotDependOnTheBatchTheThreadsOrTheClassesOfTheModel() {
        VitConfig config = VitConfig.preset("vit-tiny").forImages(8, 8, 1, 2, 10);
        ImageSet pictures = pictures(23);
        long before = Memory.inUse();
        try (Checkpoint model = new Checkpoint(VisionTransformer.initialized(config, DType.F32, 1), Preprocessing.symmetric(8, 8, 1),
                IntStream.range(0, 10).mapToObj(Integer::toString).toList(), Map.of())) {
            float[][] expected = new float[23][];
            for (int i = 0; i < 23; i++) {
                try (Scope scope = Scope.open()) {
                    expected[i] = model.model().features(model.batch(scope, List.of(pictures.picture(i)))).toFloats();
                }
            }
            for (int batch : new int[] {1, 7, 20, 100}) {
                List<Integer> done = new ArrayList<>();
                long held = Memory.inUse();
                Features features;
                try (Workers workers = Workers.of(1 + batch % 3)) {
                    features = Workers.with(workers, () -> Features.of(model.model(), pictures, model.preprocessing(), batch, done::add));
                }
                assertEquals(held, Memory.inUse());
                assertArrayEquals(expected, features.rows(), "batch " + batch);
                assertArrayEquals(pictures.labels(), features.labels());
                assertEquals(64, features.width());
                assertEquals(23, features.size());
                assertEquals(Math.ceilDiv(23, batch), done.size());
                assertEquals(Math.min(batch, 23), done.getFirst());
                assertEquals(23, done.getLast());
            }
            refused("at least one picture", () -> Features.of(model.model(), pictures.first(0), model.preprocessing(), 5, done -> { }));
        }
        assertEquals(before, Memory.inUse());
        refused("1 pictures and 2 labels", () -> new Features(new float[1][1], new int[2]));
    }

    private static Features features(int n, int width, double apart, SplittableRandom random) {
        float[][] rows = new float[n][width];
        int[] labels = new int[n];
        for (int i = 0; i < n; i++) {
            labels[i] = i % 3;
            for (int j = 0; j < width; j++) {
                rows[i][j] = (float) (random.nextGaussian() + (j % 3 == labels[i] ? apart : 0));
            }
        }
        return new Features(rows, labels);
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void theNumbersAreThoseOfItsParts(@ForAll @IntRange(min = 12, max = 40) int n, @ForAll @IntRange(min = 1, max = 20) int tests,
            @ForAll @IntRange(min = 2, max = 6) int width, @ForAll @IntRange(min = 1, max = 12) int k,
            @ForAll @IntRange(min = 1, max = 4) int shots, @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Features train = features(n, width, 1, random);
        Features test = features(tests, width, 1, random);
        FeatureProbe probe = FeatureProbe.of(train, test, NAMES, new FeatureProbe.Settings(shots, k, 3));
        Neighbours kept = Neighbours.of(train.rows(), train.labels());
        int right = 0;
        int[] found = new int[3];
        for (int i = 0; i < tests; i++) {
            assertArrayEquals(kept.nearest(test.rows()[i], Math.max(10, k)), probe.nearest()[i]);
            assertEquals(kept.predict(test.rows()[i], k), probe.predictions()[i]);
            right += probe.predictions()[i] == test.labels()[i] ? 1 : 0;
            for (int r = 9; r >= 0; r--) {
                if (train.labels()[probe.nearest()[i][r]] == test.labels()[i]) {
                    found[2] |= 1 << i;
                    found[1] |= r < 5 ? 1 << i : 0;
                    found[0] |= r < 1 ? 1 << i : 0;
                }
            }
        }
        assertEquals((double) right / tests, probe.neighbours());
        for (int r = 0; r < 3; r++) {
            assertEquals((double) Integer.bitCount(found[r]) / tests, probe.recalls()[r]);
        }
        assertEquals(ridge(train, IntStream.range(0, n).toArray(), test), probe.full());
        double sum = 0;
        for (int draw = 0; draw < 3; draw++) {
            double expected = ridge(train, RidgeProbe.shots(train.labels(), 3, shots, draw + 1), test);
            assertEquals(expected, probe.fewShot()[draw]);
            sum += expected;
        }
        assertEquals(sum / 3, probe.fewShotMean().mean(), 1e-12);
    }

    private static double ridge(Features train, int[] places, Features test) {
        double[][] scores = RidgeOracle.scores(Arrays.stream(places).mapToObj(i -> wide(train.rows()[i])).toArray(double[][]::new),
                Arrays.stream(places).map(i -> train.labels()[i]).toArray(), 3, Arrays.stream(test.rows()).map(FeatureProbeTest::wide)
                        .toArray(double[][]::new), 1024, 100, 1e-5);
        int right = 0;
        for (int i = 0; i < scores.length; i++) {
            double highest = Arrays.stream(scores[i]).max().orElseThrow();
            right += scores[i][test.labels()[i]] == highest ? 1 : 0;
        }
        return (double) right / scores.length;
    }

    private static double[] wide(float[] row) {
        return IntStream.range(0, row.length).mapToDouble(j -> row[j]).toArray();
    }

    @Example
    void featuresThatTellClassesApartAreFoundOut() {
        SplittableRandom random = new SplittableRandom(4);
        FeatureProbe good = FeatureProbe.of(features(90, 9, 5, random), features(60, 9, 5, random), NAMES, new FeatureProbe.Settings(5, 3, 4));
        assertEquals(1, good.neighbours());
        assertEquals(1, good.recalls()[0]);
        assertTrue(good.fewShotMean().low() > 0.9 && good.full() == 1);
        FeatureProbe none = FeatureProbe.of(features(90, 9, 0, random), features(60, 9, 0, random), NAMES, new FeatureProbe.Settings(5, 3, 4));
        assertTrue(none.neighbours() < 0.6 && none.full() < 0.6 && none.recalls()[0] < 0.6 && none.recalls()[2] > 0.9);
    }

    @Example
    void whatCannotBeMeasuredIsRefused() {
        SplittableRandom random = new SplittableRandom(4);
        Features train = features(31, 4, 1, random);
        FeatureProbe.Settings settings = new FeatureProbe.Settings(10, 10, 2);
        refused("1 shot, 1 neighbour and 2 draws, found 1, 1 and 1", () -> new FeatureProbe.Settings(1, 1, 1));
        refused("found 0, 1 and 2", () -> new FeatureProbe.Settings(0, 1, 2));
        refused("found 1, 0 and 2", () -> new FeatureProbe.Settings(1, 0, 2));
        refused("expected at least 11 training pictures of each class, found 10 of b; use fewer --shots",
                () -> FeatureProbe.of(train, train, NAMES, new FeatureProbe.Settings(11, 1, 2)));
        refused("expected at least 32 training pictures, as many as neighbours are looked at, found 31",
                () -> FeatureProbe.of(train, train, NAMES, new FeatureProbe.Settings(1, 32, 2)));
        refused("expected at least 10 training pictures, as many as neighbours are looked at, found 9",
                () -> new FeatureProbe.Settings(1, 1, 2).check(features(9, 1, 0, random).labels(), NAMES));
        refused("expected one of 2 classes for each picture, found 2 at training picture 2",
                () -> FeatureProbe.of(train, train, NAMES.subList(0, 2), settings));
        refused("expected one of 3 classes for each picture, found -1 at test picture 0",
                () -> FeatureProbe.of(train, new Features(new float[1][4], new int[] {-1}), NAMES, settings));
        refused("query of width 4, found width 3", () -> FeatureProbe.of(train, features(5, 3, 0, random), NAMES, settings));
    }
}
