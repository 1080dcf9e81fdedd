package tessella.engine.io;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Bytes that are read once, from front to back; how many there should be is known before they are read. */
interface Source extends AutoCloseable {
    /** What is read, for messages: the file, and the array in it. */
    String name();

    /** Bytes that are left, as the file says. */
    long remaining();

    /**
     * Fills a buffer with the next bytes.
     *
     * @throws TensorFileException if there are fewer
     */
    void read(ByteBuffer target) throws IOException;

    /**
     * Ends a reading in which every byte was taken.
     *
     * @throws TensorFileException if there are more than was said, or they are others
     */
    void finish() throws IOException;

    /** Returns what reading took, but leaves the file open. */
    @Override
    void close();

    /** An error of these bytes. */
    default TensorFileException wrong(String what) {
        return new TensorFileException(name() + ": " + what);
    }
}
