package tessella.models.data;

import java.io.IOException;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Cuts a data set into batches: an example is read, changed by a transform and preprocessed. What a batch holds depends on the arguments alone: the order is given, and
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

    private final Dataset data;
    private final Preprocessing preprocessing;
    private final float[] table;
    private final int classes;
    private final int batchSize;
    private final Remainder remainder;

    private Batches(Dataset data, Preprocessing preprocessing, int batchSize, Remainder remainder) {
        this.data = data;
        this.preprocessing = preprocessing;
        this.table = preprocessing.table();
        this.classes = data.classNames().size();
        this.batchSize = batchSize;
        this.remainder = remainder;
    }

    /**
     * Prepares to cut.
     *
     * @param data          the examples
     * @param preprocessing what happens to a picture last; pictures of other sizes are brought to its own
     * @param batchSize     examples in a full batch, at least 1
     * @param remainder     what happens to the examples left over
     * @return the batches
     * @throws IllegalArgumentException if the batch size is below 1
     */
    public static Batches of(Dataset data, Preprocessing preprocessing, int batchSize, Remainder remainder) {
        if (batchSize < 1) {
            throw new IllegalArgumentException("batches: expected at least 1 example in a batch, found " + batchSize);
        }
        return new Batches(data, preprocessing, batchSize, Objects.requireNonNull(remainder));
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
     * Returns the batches of all examples in their own order, unchanged.
     *
     * @return to be iterated any number of times
     */
    public Epoch inOrder() {
        return epoch(IntStream.range(0, data.size()).toArray(), Augmentation.NONE, index -> bound -> 0);
    }

    /**
     * Returns the batches of one epoch.
     *
     * @param order     which examples in which order, usually a permutation of all; copied
     * @param transform what happens to a picture between its source and the preprocessing
     * @param randoms   from the place of an example in its set to where its random numbers come from
     * @return to be iterated any number of times, with the same batches if {@code randoms} repeats itself
     * @throws IndexOutOfBoundsException if there is no example at a place that the order names
     */
    public Epoch epoch(int[] order, Transform transform, IntFunction<RandomSource> randoms) {
        int[] kept = order.clone();
        for (int index : kept) {
            Objects.checkIndex(index, data.size());
        }
        return new Epoch(count(kept.length), batch -> {
            int start = batch * batchSize;
            int end = Math.min(kept.length, start + batchSize);
            return fill(Arrays.copyOfRange(kept, start, end), transform, randoms);
        });
    }

    private Batch fill(int[] indices, Transform transform, IntFunction<RandomSource> randoms) throws IOException {
        int height = preprocessing.height();
        int width = preprocessing.width();
        int channels = preprocessing.channels();
        int values = height * width * channels;
        float[] images = new float[Math.multiplyExact(indices.length, values)];
        float[] targets = new float[Math.multiplyExact(indices.length, classes)];
        int[] labels = new int[indices.length];
        for (int i = 0; i < indices.length; i++) {
            Example example = data.get(indices[i]);
            Picture changed = transform.apply(example.picture(), randoms.apply(indices[i]));
            preprocessing.apply(table, changed, images, i * values);
            labels[i] = example.label();
            for (int label : example.classes()) {
                targets[i * classes + Objects.checkIndex(label, classes)] = 1;
            }
        }
        return new Batch(images, targets, labels, indices, height, width, channels);
    }
}
