package tessella.models.data;

import java.util.Arrays;
import java.util.Objects;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Cuts a set of pictures into batches. What a batch holds depends on the arguments alone: the order is given, and
 * random changes draw from a source for each example, so that the same example looks the same in a batch of any size.
 * Immutable, hence safe for any number of threads.
 */
public final class Batches {
    /** What happens to the examples that are left when the last batch is not full. */
    public enum Remainder {
        /** They make a smaller batch: every example counts, for evaluation. */
        KEEP,
        /** They are left out, for training: in the next epoch others are. */
        DROP
    }

    private final ImageSet pictures;
    private final Preprocessing preprocessing;
    private final float[] table;
    private final int batchSize;
    private final Remainder remainder;

    private Batches(ImageSet pictures, Preprocessing preprocessing, int batchSize, Remainder remainder) {
        this.pictures = pictures;
        this.preprocessing = preprocessing;
        this.table = preprocessing.table();
        this.batchSize = batchSize;
        this.remainder = remainder;
    }

    /**
     * Prepares to cut.
     *
     * @param pictures      the examples
     * @param preprocessing what to do to a picture; its size must be that of the pictures
     * @param batchSize     examples in a full batch, at least 1
     * @param remainder     what happens to the examples left over
     * @return the batches
     * @throws IllegalArgumentException if the sizes differ or the batch size is below 1
     */
    public static Batches of(ImageSet pictures, Preprocessing preprocessing, int batchSize, Remainder remainder) {
        if (preprocessing.height() != pictures.height() || preprocessing.width() != pictures.width()
                || preprocessing.channels() != pictures.channels()) {
            throw new IllegalArgumentException("batches: expected pictures of %d x %d x %d, found (%s)".formatted(
                    preprocessing.height(), preprocessing.width(), preprocessing.channels(), pictures));
        }
        if (batchSize < 1) {
            throw new IllegalArgumentException("batches: expected at least 1 example in a batch, found " + batchSize);
        }
        return new Batches(pictures, preprocessing, batchSize, Objects.requireNonNull(remainder));
    }

    /**
     * Returns the number of batches in an epoch over so many examples.
     *
     * @param examples the length of the order
     * @return 0 if they do not fill one batch and the remainder is dropped
     */
    public int count(int examples) {
        return remainder == Remainder.KEEP ? Math.ceilDiv(examples, batchSize) : examples / batchSize;
    }

    /**
     * Returns the batches of all pictures in their own order, unchanged.
     *
     * @return to be iterated any number of times
     */
    public Iterable<Batch> inOrder() {
        return epoch(IntStream.range(0, pictures.size()).toArray(), Augmentation.NONE, index -> bound -> 0);
    }

    /**
     * Returns the batches of one epoch.
     *
     * @param order        which examples in which order, usually a permutation of all; copied
     * @param augmentation the random changes
     * @param randoms      from the place of an example in its set to where its random numbers come from
     * @return to be iterated any number of times, with the same batches if {@code randoms} repeats itself
     * @throws IndexOutOfBoundsException if there is no example at a place that the order names
     */
    public Iterable<Batch> epoch(int[] order, Augmentation augmentation, IntFunction<RandomSource> randoms) {
        int[] kept = order.clone();
        for (int index : kept) {
            Objects.checkIndex(index, pictures.size());
        }
        int count = count(kept.length);
        return () -> IntStream.range(0, count).mapToObj(batch -> {
            int start = batch * batchSize;
            int end = Math.min(kept.length, start + batchSize);
            return fill(Arrays.copyOfRange(kept, start, end), augmentation, randoms);
        }).iterator();
    }

    private Batch fill(int[] indices, Augmentation augmentation, IntFunction<RandomSource> randoms) {
        int bytes = pictures.pictureBytes();
        float[] images = new float[indices.length * bytes];
        int[] labels = new int[indices.length];
        for (int i = 0; i < indices.length; i++) {
            int index = indices[i];
            labels[i] = pictures.label(index);
            Picture changed = augmentation.apply(pictures.picture(index), randoms.apply(index));
            preprocessing.apply(table, changed.shared(), 0, images, i * bytes);
        }
        return new Batch(images, labels, indices, pictures.height(), pictures.width(), pictures.channels());
    }
}
