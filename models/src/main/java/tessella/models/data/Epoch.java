package tessella.models.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.Objects;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * The batches of one pass over a data set, from {@link Batches}. Each can be made on its own, on any thread, any number of
 * times, and is the same every time.
 */
public final class Epoch implements Iterable<Batch> {
    private final int size;
    private final Source source;

    /** Makes the batch at a place. */
    @FunctionalInterface
    interface Source {
        Batch batch(int place) throws IOException;
    }

    Epoch(int size, Source source) {
        this.size = size;
        this.source = source;
    }

    /**
     * Returns the number of batches.
     *
     * @return 0 or more
     */
    public int size() {
        return size;
    }

    /**
     * Makes one batch.
     *
     * @param place 0 to {@code size() - 1}
     * @return the batch
     * @throws IndexOutOfBoundsException if there is no such batch
     * @throws IOException if an example cannot be read
     */
    public Batch batch(int place) throws IOException {
        return source.batch(Objects.checkIndex(place, size));
    }

    /**
     * Returns these batches, each changed as a whole after it is made.
     *
     * @param transform what happens to a batch
     * @param randoms   from the place of a batch to where its random numbers come from
     * @return the changed batches
     */
    public Epoch then(BatchTransform transform, IntFunction<RandomSource> randoms) {
        return new Epoch(size, place -> transform.apply(source.batch(place), randoms.apply(place)));
    }

    /**
     * Makes one batch after the other, on the thread of the caller; {@link Prefetch} makes them ahead. An example that
     * cannot be read ends the iteration with an {@link UncheckedIOException}.
     */
    @Override
    public Iterator<Batch> iterator() {
        return IntStream.range(0, size).mapToObj(place -> {
            try {
                return batch(place);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }).iterator();
    }
}
