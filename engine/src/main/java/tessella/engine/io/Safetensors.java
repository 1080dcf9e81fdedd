package tessella.engine.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;

/**
 * A safetensors file: tensors by name, and metadata.
 *
 * <p>{@link #open} reads and checks the header only; tensors are then loaded one by one, copied into engine memory, and
 * may be larger than 2 GiB. Every error of the file is a {@link TensorFileException}. Loading from several threads at
 * the same time is safe.
 */
public final class Safetensors implements AutoCloseable {
    private final Path path;
    private final FileChannel channel;
    private final SafetensorsHeader header;

    private Safetensors(Path path, FileChannel channel, SafetensorsHeader header) {
        this.path = path;
        this.channel = channel;
        this.header = header;
    }

    /**
     * Opens a file and checks its whole header: JSON, names, types, shapes, and that the tensors fill the file without
     * overlap or hole.
     *
     * @throws TensorFileException if there is no such file, or it is not well-formed
     */
    public static Safetensors open(Path path) throws IOException {
        FileChannel channel = ChannelSource.open(path, "a safetensors file");
        try {
            return new Safetensors(path, channel, header(path.toString(), channel));
        } catch (Throwable e) {
            channel.close();
            throw e;
        }
    }

    private static SafetensorsHeader header(String file, FileChannel channel) throws IOException {
        long fileLength = channel.size();
        if (fileLength < Long.BYTES) {
            throw new TensorFileException(file + ": expected 8 bytes of header length, found a file of " + fileLength
                    + " bytes");
        }
        long bytes = ChannelSource.bytes(file, channel, 0, Long.BYTES).getLong();
        long limit = Math.min(SafetensorsHeader.MAX_LENGTH, fileLength - Long.BYTES);
        if (bytes < 2 || bytes > limit) {
            throw new TensorFileException(file + ": expected a header of 2 to " + limit + " bytes, found a length of "
                    + Long.toUnsignedString(bytes) + "; this is not a safetensors file, or it was cut short");
        }
        byte[] json = ChannelSource.bytes(file, channel, Long.BYTES, (int) bytes).array();
        return SafetensorsHeader.parse(file, json, Long.BYTES + bytes, fileLength);
    }

    /** The metadata, in the order of the file; empty if it has none. */
    public Map<String, String> metadata() {
        return Collections.unmodifiableMap(header.metadata());
    }

    /** The tensors by name, sorted. */
    public Map<String, StoredTensor> tensors() {
        return Collections.unmodifiableSortedMap(header.tensors());
    }

    /**
     * Loads one tensor into scope: F64 as float64, F32 as float32, F16 and BF16 widened to float32. If that fails, no
     * memory of it stays.
     *
     * @throws TensorFileException if there is no such tensor, it holds integers, or the file was cut short meanwhile
     */
    public NdArray load(Scope scope, String name) throws IOException {
        StoredTensor tensor = tensor(name);
        return Elements.load(scope, tensor.stored(), source(tensor));
    }

    /**
     * Loads one tensor into a contiguous array that exists, F16 and BF16 also into an array of their own type, as they are.
     * If the file is cut short meanwhile, some elements may be set.
     *
     * @throws TensorFileException as {@link #load}, and if type or shape are not those of the array
     */
    public void loadInto(NdArray target, String name) throws IOException {
        StoredTensor tensor = tensor(name);
        Elements.loadInto(target, tensor.stored(), source(tensor));
    }

    /**
     * Loads every tensor of real numbers into scope, sorted by name; tensors of integers are left out. If one fails, no
     * memory of the others stays.
     *
     * @throws TensorFileException as {@link #load}
     */
    public Map<String, NdArray> loadAll(Scope scope) throws IOException {
        Map<String, NdArray> arrays = new LinkedHashMap<>();
        try {
            for (StoredTensor tensor : header.tensors().values()) {
                if (tensor.type().dtype() != null) {
                    arrays.put(tensor.name(), load(scope, tensor.name()));
                }
            }
            return arrays;
        } catch (Throwable e) {
            arrays.values().forEach(NdArray::free);
            throw e;
        }
    }

    /**
     * The elements of a tensor of integers or truth values, row-major.
     *
     * @throws TensorFileException if there is no such tensor, it is stored as real numbers or as U64, it has more
     *     than 2^28 elements, or a truth value is neither 0 nor 1
     */
    public long[] loadIntegers(String name) throws IOException {
        StoredTensor tensor = tensor(name);
        return Elements.integers(tensor.stored(), source(tensor));
    }

    private StoredTensor tensor(String name) throws TensorFileException {
        StoredTensor tensor = header.tensors().get(name);
        if (tensor == null) {
            throw new TensorFileException(path + ": expected a tensor named " + name + ", found "
                    + header.tensors().size() + " tensors of other names");
        }
        return tensor;
    }

    private Source source(StoredTensor tensor) {
        return new ChannelSource(path + ": tensor " + tensor.name(), channel, tensor.offset(), tensor.end());
    }

    /** Closes the file; loaded tensors stay. */
    @Override
    public void close() throws IOException {
        channel.close();
    }

    // ---- writing

    /**
     * Writes a file, or replaces it, atomically: float64 arrays as F64, float32 as F32. Equal names, arrays and
     * metadata give equal bytes.
     *
     * @throws IOException if writing fails; the old file, if there was one, is then as it was
     * @throws IllegalArgumentException if a name is not allowed
     */
    public static void write(Path path, Map<String, NdArray> tensors, Map<String, String> metadata) throws IOException {
        Map<String, DType> dtypes = new TreeMap<>();
        Map<String, Shape> shapes = new TreeMap<>();
        tensors.forEach((name, array) -> {
            if (name.equals(SafetensorsHeader.METADATA)) {
                throw new IllegalArgumentException("safetensors: expected a tensor name other than " + name);
            }
            dtypes.put(name, array.dtype());
            shapes.put(name, array.shape());
        });
        byte[] header = SafetensorsHeader.write(metadata, dtypes, shapes);
        if (header.length - Long.BYTES > SafetensorsHeader.MAX_LENGTH) {
            throw new IllegalArgumentException("safetensors: expected a header of at most "
                    + SafetensorsHeader.MAX_LENGTH + " bytes, found " + header.length + " for " + tensors.size()
                    + " tensors");
        }
        AtomicFile.write(path, out -> {
            AtomicFile.writeFully(out, ByteBuffer.wrap(header));
            for (String name : SafetensorsHeader.order(dtypes)) {
                Elements.write(tensors.get(name), bytes -> AtomicFile.writeFully(out, bytes));
            }
        });
    }
}
