package tessella.models.data;

import java.io.IOException;
import java.util.List;

/**
 * Examples at the places 0 to size() - 1. What is at a place never changes: shuffling and random transforms are the
 * business of {@link Batches}. Implementations are safe for any number of threads, because {@link Prefetch} reads several
 * examples at a time.
 */
public interface Dataset {
    /**
     * Returns the number of examples.
     *
     * @return 0 or more
     */
    int size();

    /**
     * Reads one example.
     *
     * @param index 0 to {@code size() - 1}
     * @return the example; its classes are numbers of {@link #classNames()}
     * @throws IndexOutOfBoundsException if there is no such example
     * @throws IOException if it cannot be read
     */
    Example get(int index) throws IOException;

    /**
     * Returns the names of the classes, in the order of their numbers.
     *
     * @return an unmodifiable list
     */
    List<String> classNames();
}
