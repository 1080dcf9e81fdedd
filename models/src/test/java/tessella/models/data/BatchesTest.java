package tessella.models.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Random;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import tessella.models.data.Batches.Remainder;

class BatchesTest {
    private static final Preprocessing BYTES = new Preprocessing(2, 2, 1, List.of(0.0), List.of(1 / 255.0));

    @Test
    void followsTheOrderAndKeepsOrDropsTheRest() {
        ImageSet set = numbered(5);
        int[] order = {4, 2, 0, 3, 1};
        List<Batch> kept = list(Batches.of(set, BYTES, 2, Remainder.KEEP).epoch(order, Augmentation.NONE, zeros()));
        assertEquals(3, kept.size());
        assertArrayEquals(new int[] {4, 2}, kept.get(0).indices());
        assertArrayEquals(new int[] {1}, kept.get(2).indices());
        assertEquals(1, kept.get(2).size());
        assertEquals(4, kept.get(2).images().length);
        List<Batch> dropped = list(Batches.of(set, BYTES, 2, Remainder.DROP).epoch(order, Augmentation.NONE, zeros()));
        assertEquals(2, dropped.size());
        assertArrayEquals(new int[] {0, 3}, dropped.get(1).indices());
    }

    @Property(tries = 200)
    void everyExampleComesOnceWithItsLabelAndPixels(@ForAll @IntRange(min = 0, max = 30) int size,
            @ForAll @IntRange(min = 1, max = 12) int batchSize, @ForAll long seed) {
        ImageSet set = numbered(size);
        List<Integer> order = new ArrayList<>(IntStream.range(0, size).boxed().toList());
        Collections.shuffle(order, new Random(seed));
        int[] permutation = order.stream().mapToInt(i -> i).toArray();
        List<Integer> seen = new ArrayList<>();
        Batches batches = Batches.of(set, BYTES, batchSize, Remainder.KEEP);
        for (Batch batch : batches.epoch(permutation, Augmentation.NONE, zeros())) {
            for (int i = 0; i < batch.size(); i++) {
                int index = batch.indices()[i];
                seen.add(index);
                assertEquals(set.label(index), batch.labels()[i]);
                assertArrayEquals(new float[] {index, index + 1, index + 2, index + 3},
                        Arrays.copyOfRange(batch.images(), 4 * i, 4 * i + 4), 1e-4f);
            }
        }
        assertEquals(order, seen);
        assertEquals(Math.ceilDiv(size, batchSize), batches.count(size));
    }

    @Property(tries = 200)
    void anExampleLooksTheSameInABatchOfAnySize(@ForAll @IntRange(min = 1, max = 12) int batchSize,
            @ForAll long seed) {
        ImageSet set = numbered(12);
        IntFunction<RandomSource> randoms = index -> new Random(seed + index)::nextInt;
        int[] order = IntStream.range(0, 12).toArray();
        float[] together = list(Batches.of(set, BYTES, 12, Remainder.KEEP)
                .epoch(order, Augmentation.flipsAndShifts(1), randoms)).get(0).images();
        float[] apart = new float[together.length];
        int at = 0;
        for (Batch batch : Batches.of(set, BYTES, batchSize, Remainder.KEEP)
                .epoch(order, Augmentation.flipsAndShifts(1), randoms)) {
            System.arraycopy(batch.images(), 0, apart, at, batch.images().length);
            at += batch.images().length;
        }
        assertArrayEquals(together, apart);
    }

    @Test
    void anEpochCanBeIteratedAgain() {
        Iterable<Batch> epoch = Batches.of(numbered(4), BYTES, 3, Remainder.KEEP).inOrder();
        assertArrayEquals(list(epoch).get(1).images(), list(epoch).get(1).images());
        Iterator<Batch> iterator = epoch.iterator();
        iterator.next();
        iterator.next();
        assertThrows(NoSuchElementException.class, iterator::next);
    }

    @Test
    void refusesWhatDoesNotFit() {
        assertEquals("batches: expected at least 1 example in a batch, found 0",
                assertThrows(IllegalArgumentException.class,
                        () -> Batches.of(numbered(1), BYTES, 0, Remainder.KEEP)).getMessage());
        assertThrows(IndexOutOfBoundsException.class, () -> Batches.of(numbered(3), BYTES, 2, Remainder.KEEP)
                .epoch(new int[] {3}, Augmentation.NONE, zeros()));
    }

    private static IntFunction<RandomSource> zeros() {
        return index -> bound -> 0;
    }

    private static List<Batch> list(Iterable<Batch> batches) {
        List<Batch> list = new ArrayList<>();
        batches.forEach(list::add);
        return list;
    }

    /** Picture i holds i, i + 1, i + 2, i + 3 and has label i mod 3. */
    private static ImageSet numbered(int size) {
        byte[] pixels = new byte[size * 4];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (i / 4 + i % 4);
        }
        return ImageSet.of("numbers", 2, 2, 1, pixels, IntStream.range(0, size).map(i -> i % 3).toArray(),
                List.of("a", "b", "c"), "");
    }
}
