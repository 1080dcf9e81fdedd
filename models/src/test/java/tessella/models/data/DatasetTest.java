package tessella.models.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import tessella.autodiff.Resize;

/** Data sets of users, what batches make of them, and mixtures. */
class DatasetTest {
    private static final Preprocessing BYTES = new Preprocessing(1, 2, 1, List.of(0.0), List.of(1 / 255.0));

    /** Ten lines: a data set of a user, grey squares that are dark or bright, of growing sizes. */
    record Squares(int size) implements Dataset {
        @Override
        public Example get(int index) {
            byte[] pixels = new byte[(index + 1) * (index + 1)];
            java.util.Arrays.fill(pixels, (byte) (index % 2 == 0 ? 10 + index : 200 + index));
            return Example.of(Picture.of(index + 1, index + 1, 1, pixels), index % 2);
        }

        @Override
        public List<String> classNames() {
            return List.of("dark", "bright");
        }
    }

    @Test
    void aDataSetOfAUserMakesBatches() throws IOException {
        Epoch epoch = Batches.of(new Squares(5), BYTES, 2, Batches.Remainder.KEEP).inOrder();
        assertEquals(3, epoch.size());
        Batch second = epoch.batch(1);
        assertArrayEquals(new float[] {12, 12, 203, 203}, second.images(), 1e-4f);
        assertArrayEquals(new float[] {1, 0, 0, 1}, second.targets());
        assertArrayEquals(new int[] {0, 1}, second.labels());
        assertArrayEquals(new int[] {2, 3}, second.indices());
        assertEquals(2, second.classes());
        assertThrows(IndexOutOfBoundsException.class, () -> epoch.batch(3));
    }

    @Test
    void theTransformComesBeforeThePreprocessing() throws IOException {
        int[] asked = new int[1];
        Batch batch = Batches.of(new Squares(4), BYTES, 1, Batches.Remainder.KEEP)
                .epoch(new int[] {3}, (picture, random) -> {
                    asked[0] = random.nextInt(9);
                    assertEquals(4, picture.height());
                    return Picture.of(1, 2, 3, new byte[] {1, 1, 1, 2, 2, 2});
                }, index -> bound -> index).batch(0);
        assertEquals(3, asked[0], "the source of the example at place 3");
        assertArrayEquals(new float[] {1, 2}, batch.images(), 1e-4f);
    }

    @Test
    void anExampleMayHaveAnyNumberOfClasses() throws IOException {
        Picture picture = Picture.of(1, 2, 1, new byte[2]);
        List<Example> examples = List.of(Example.of(picture), Example.of(picture, 2, 0), Example.of(picture, 1));
        Batch batch = Batches.of(data(examples, "a", "b", "c"), BYTES, 3, Batches.Remainder.KEEP).inOrder().batch(0);
        assertArrayEquals(new float[] {0, 0, 0, 1, 0, 1, 0, 1, 0}, batch.targets());
        assertArrayEquals(new int[] {-1, -1, 1}, batch.labels());
        assertEquals(List.of(0, 2), examples.get(1).classes());
        assertMessage("example: expected classes from 0 on, ascending and each once, found [1, 1]", () -> Example.of(picture, 1, 1));
        assertMessage("example: expected classes from 0 on, ascending and each once, found [-1]", () -> Example.of(picture, -1));
        assertThrows(IndexOutOfBoundsException.class, () -> Batches.of(data(examples, "a", "b"), BYTES, 3,
                Batches.Remainder.KEEP).inOrder().batch(0));
    }

    @Test
    void anExampleThatCannotBeReadEndsTheIteration() {
        DataException damaged = new DataException("p.png: damaged");
        Dataset bad = new Dataset() {
            @Override
            public int size() {
                return 1;
            }

            @Override
            public Example get(int index) throws IOException {
                throw damaged;
            }

            @Override
            public List<String> classNames() {
                return List.of("a");
            }
        };
        Epoch epoch = Batches.of(bad, BYTES, 1, Batches.Remainder.KEEP).inOrder();
        assertEquals(damaged, assertThrows(DataException.class, () -> epoch.batch(0)));
        assertEquals(damaged, assertThrows(UncheckedIOException.class, () -> epoch.iterator().next()).getCause());
    }

    @Test
    void aDataSetIsReadIntoMemoryAtOneSize() throws IOException {
        ImageSet set = ImageSet.of("squares", new Squares(3), 2, 2, 3);
        assertEquals("squares: 3 pictures of 2 x 2 x 3 in 2 classes", set.toString());
        for (int i = 0; i < 3; i++) {
            Example source = new Squares(3).get(i);
            assertEquals(source.picture().withChannels(3).resized(2, 2), set.get(i).picture());
            assertEquals(source.classes(), set.get(i).classes());
        }
        Picture picture = Picture.of(1, 1, 1, new byte[1]);
        assertMessage("many: expected one class for each example, found the classes [0, 1] at 1", () -> ImageSet.of("many",
                data(List.of(Example.of(picture, 0), Example.of(picture, 0, 1)), "a", "b"), 1, 1, 1));
        assertMessage("big: expected at least 1 x 1 pixels and less than 2^31 bytes in all, found 3 pictures of 40000 x 40000 x 1",
                () -> ImageSet.of("big", new Squares(3), 40_000, 40_000, 1));
    }

    @Test
    void partsOfAMixtureComeInProportionToTheirWeights() {
        Mixture mixture = Mixture.of(20_000, 1, new Mixture.Part(new Squares(3), 1), new Mixture.Part(new Squares(5), 3));
        long first = IntStream.range(0, mixture.size()).filter(i -> mixture.part(i) == 0).count();
        assertEquals(5_000, first, 250);
    }

    /** However unequal the weights: what is seldom met is repeated evenly. */
    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void examplesOfAPartComeEquallyOftenOrOnceMore(@ForAll @IntRange(max = 60) int size, @ForAll @IntRange(min = 1, max = 9) int one,
            @ForAll @IntRange(min = 1, max = 9) int other, @ForAll long seed, @ForAll @IntRange(max = 3) int epoch)
            throws IOException {
        Mixture mixture = Mixture.of(size, seed, new Mixture.Part(new Squares(one), 2), new Mixture.Part(new Squares(other), 1))
                .epoch(epoch);
        int[][] counts = {new int[one], new int[other]};
        for (int i = 0; i < size; i++) {
            counts[mixture.part(i)][mixture.get(i).picture().height() - 1]++;
        }
        for (int[] part : counts) {
            int least = IntStream.of(part).min().orElseThrow();
            int most = IntStream.of(part).max().orElseThrow();
            assertTrue(most - least <= 1, least + " to " + most);
        }
    }

    @Test
    void aMixtureDependsOnSeedEpochAndPlaceAlone() throws IOException {
        Mixture.Part[] parts = {new Mixture.Part(new Squares(7), 1), new Mixture.Part(new Squares(4), 1)};
        assertEquals(heights(Mixture.of(50, 3, parts)), heights(Mixture.of(50, 3, parts)));
        assertEquals(heights(Mixture.of(50, 3, parts)), heights(Mixture.of(50, 3, parts).epoch(5).epoch(0)));
        assertEquals(heights(Mixture.of(50, 3, parts)).subList(0, 20), heights(Mixture.of(20, 3, parts)));
        assertNotEquals(heights(Mixture.of(50, 3, parts)), heights(Mixture.of(50, 4, parts)));
        Set<List<Integer>> epochs = new HashSet<>();
        for (int epoch = 0; epoch < 5; epoch++) {
            epochs.add(heights(Mixture.of(50, 3, parts).epoch(epoch)));
        }
        assertEquals(5, epochs.size());
    }

    @Test
    void everyRoundAndEpochHasAnOrderOfItsOwn() throws IOException {
        Mixture one = Mixture.of(24, 5, new Mixture.Part(new Squares(8), 1));
        Set<List<Integer>> orders = new HashSet<>();
        for (int epoch = 0; epoch < 3; epoch++) {
            List<Integer> heights = heights(one.epoch(epoch));
            for (int round = 0; round < 3; round++) {
                orders.add(heights.subList(8 * round, 8 * round + 8));
            }
        }
        assertEquals(9, orders.size());
    }

    @Test
    void aChangeOfABatchDrawsFromTheSourceOfItsPlace() throws IOException {
        Epoch epoch = Batches.of(new Squares(5), BYTES, 2, Batches.Remainder.KEEP).inOrder().then(
                (batch, random) -> new Batch(new float[] {random.nextInt(9)}, batch.targets(), batch.labels(), batch.indices(), 1, 1, 1),
                place -> bound -> 10 * place);
        assertEquals(3, epoch.size());
        for (int place : new int[] {2, 0, 1}) {
            assertArrayEquals(new float[] {10 * place}, epoch.batch(place).images());
            assertEquals(2 * place, epoch.batch(place).indices()[0]);
        }
    }

    @Test
    void classesOfOneNameAreOneClassInAMixture() throws IOException {
        Picture picture = Picture.of(1, 1, 1, new byte[1]);
        Dataset cats = data(List.of(Example.of(picture, 0, 1)), "cat", "dog");
        Dataset birds = data(List.of(Example.of(picture, 0, 1)), "bird", "cat");
        Mixture mixture = Mixture.of(40, 1, new Mixture.Part(cats, 1), new Mixture.Part(birds, 1));
        assertEquals(List.of("cat", "dog", "bird"), mixture.classNames());
        for (int i = 0; i < 40; i++) {
            assertEquals(mixture.part(i) == 0 ? List.of(0, 1) : List.of(0, 2), mixture.get(i).classes());
        }
        assertThrows(IndexOutOfBoundsException.class, () -> mixture.get(40));
    }

    @Test
    void aMixtureRefusesPartsThatCannotBeMet() {
        assertMessage("mixture: expected parts with examples and positive weights, found 0 examples and the weight 1.0",
                () -> new Mixture.Part(new Squares(0), 1));
        for (double weight : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertMessage("mixture: expected parts with examples and positive weights, found 1 examples and the weight " + weight,
                    () -> new Mixture.Part(new Squares(1), weight));
        }
        assertMessage("mixture: expected at least one part and a size of 0 or more, found 0 parts and 3", () -> Mixture.of(3, 1));
        assertMessage("mixture: expected at least one part and a size of 0 or more, found 1 parts and -1",
                () -> Mixture.of(-1, 1, new Mixture.Part(new Squares(1), 1)));
    }

    /** What a user writes to train on small colour pictures of all sizes, with everything in its place. */
    @Test
    void sourcesTransformsMixturesAndMixingFitTogether() throws IOException {
        Mixture data = Mixture.of(8, 1, new Mixture.Part(new Squares(9), 2), new Mixture.Part(new Squares(3), 1));
        Transform transform = new Resized(6, 6, Resize.BICUBIC_ANTIALIAS).then(new CentreCrop(4, 4)).then(Augmentation.shifts(1));
        Epoch epoch = Batches.of(data, Preprocessing.symmetric(4, 4, 3), 4, Batches.Remainder.DROP)
                .epoch(IntStream.range(0, 8).toArray(), transform, index -> bound -> index % bound)
                .then(new MixUp(0.2), place -> RandomSource.of(tessella.engine.Random.of(1, "mixup").at(0, place)));
        for (Batch batch : epoch) {
            assertEquals(4 * 48, batch.images().length);
            for (int i = 0; i < 4; i++) {
                assertEquals(1, batch.targets()[2 * i] + batch.targets()[2 * i + 1], 1e-6);
            }
        }
    }

    private static List<Integer> heights(Dataset data) throws IOException {
        List<Integer> heights = new java.util.ArrayList<>();
        for (int i = 0; i < data.size(); i++) {
            heights.add(data.get(i).picture().height());
        }
        return heights;
    }

    private static Dataset data(List<Example> examples, String... names) {
        return new Dataset() {
            @Override
            public int size() {
                return examples.size();
            }

            @Override
            public Example get(int index) {
                return examples.get(index);
            }

            @Override
            public List<String> classNames() {
                return List.of(names);
            }
        };
    }

    private static void assertMessage(String message, Executable action) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, action).getMessage());
    }
}
