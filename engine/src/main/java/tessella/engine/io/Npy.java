package tessella.engine.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import tessella.engine.NdArray;
import tessella.engine.Scope;

/**
 * An npy file: one array, as {@code numpy.save} writes it.
 *
 * <p>Formats 1.0, 2.0 and 3.0 are read, in row-major (C) and column-major (Fortran) order, of any rank; arrays in
 * memory are row-major. Python objects, structured types, text, complex numbers and big-endian numbers are refused.
 * Every error of the file is a {@link TensorFileException}, and comes before any memory is taken, unless the file is
 * changed while it is read. Files may be larger than 2 GiB. All methods may be called by any number of threads.
 */
public final class Npy {
    private Npy() {}

    /** What is done with an open file. */
    @FunctionalInterface
    private interface Reading<R> {
        R of(StoredArray stored, Source source) throws IOException;
    }

    /**
     * How the array lies in the file: type, shape and order. No element is read.
     *
     * @throws TensorFileException if there is no such file, it is not well-formed, or its elements are of no
     *     {@link StoredType}
     */
    public static StoredArray stored(Path path) throws IOException {
        return read(path, (stored, source) -> stored);
    }

    /**
     * Loads an array of real numbers into scope: {@code <f8} as float64, {@code <f4} as float32, {@code <f2} widened to
     * float32. If that fails, no memory of it stays.
     *
     * @throws TensorFileException as {@link #stored}, and if it holds integers, or was cut short while it was read
     */
    public static NdArray load(Scope scope, Path path) throws IOException {
        return read(path, (stored, source) -> Elements.load(scope, stored, source));
    }

    /**
     * Loads an array of real numbers into a contiguous array that exists. If the file is cut short meanwhile, some
     * elements may be set.
     *
     * @throws TensorFileException as {@link #load}, and if type or shape are not those of the array
     */
    public static void loadInto(NdArray target, Path path) throws IOException {
        read(path, (stored, source) -> {
            Elements.loadInto(target, stored, source);
            return target;
        });
    }

    /**
     * The elements of an array of integers or truth values, row-major.
     *
     * @throws TensorFileException as {@link #stored}, and if it holds real numbers, U64 or more than 2^28 elements,
     *     or a truth value that is neither 0 nor 1
     */
    public static long[] loadIntegers(Path path) throws IOException {
        return read(path, Elements::integers);
    }

    private static <R> R read(Path path, Reading<R> reading) throws IOException {
        try (FileChannel channel = ChannelSource.open(path, "an npy file");
                Source source = new ChannelSource(path.toString(), channel, 0, channel.size())) {
            return reading.of(NpyHeader.read(source), source);
        }
    }

    /**
     * Writes an array, or replaces the file, atomically, in format 1.0, row-major: float64 as {@code <f8}, float32 as
     * {@code <f4}, float16 as {@code <f2}. Equal arrays give equal bytes.
     *
     * @throws IOException if writing fails; the old file, if there was one, is then as it was
     * @throws IllegalArgumentException if the array has too many axes for a header of 64 KiB
     */
    public static void write(Path path, NdArray array) throws IOException {
        byte[] header = NpyHeader.write(array.dtype(), array.shape());
        AtomicFile.write(path, out -> {
            AtomicFile.writeFully(out, ByteBuffer.wrap(header));
            Elements.write(array, bytes -> AtomicFile.writeFully(out, bytes));
        });
    }
}
