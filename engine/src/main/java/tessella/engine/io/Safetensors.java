package tessella.engine.io;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
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
    /** Bytes that one call hands to the operating system. */
    private static final long CHUNK = 1 << 26;
    /** Bytes that are converted at a time. */
    private static final int CONVERTED = 1 << 16;

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
        if (!Files.isRegularFile(path)) {
            throw new TensorFileException(path + ": expected a safetensors file, found "
                    + (Files.exists(path) ? "a directory or device" : "nothing of this name"));
        }
        FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
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
        ByteBuffer length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        readFully(file, channel, length, 0);
        long bytes = length.getLong(0);
        long limit = Math.min(SafetensorsHeader.MAX_LENGTH, fileLength - Long.BYTES);
        if (bytes < 2 || bytes > limit) {
            throw new TensorFileException(file + ": expected a header of 2 to " + limit + " bytes, found a length of "
                    + Long.toUnsignedString(bytes) + "; this is not a safetensors file, or it was cut short");
        }
        ByteBuffer json = ByteBuffer.allocate((int) bytes);
        readFully(file, channel, json, Long.BYTES);
        return SafetensorsHeader.parse(file, json.array(), Long.BYTES + bytes, fileLength);
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
     * Loads one tensor into scope: F64 as float64, F32 as float32, F16 and BF16 widened to float32.
     *
     * @throws TensorFileException if there is no such tensor, it holds integers, or the file was cut short meanwhile
     */
    public NdArray load(Scope scope, String name) throws IOException {
        StoredTensor tensor = real(name);
        NdArray array = NdArray.empty(scope, tensor.type().dtype(), tensor.shape());
        fill(tensor, array);
        return array;
    }

    /**
     * Loads one tensor into a contiguous array that exists.
     *
     * @throws TensorFileException as {@link #load}, and if type or shape are not those of the array
     */
    public void loadInto(NdArray target, String name) throws IOException {
        StoredTensor tensor = real(name);
        if (!tensor.shape().equals(target.shape()) || tensor.type().dtype() != target.dtype()) {
            throw wrong(tensor, "expected " + target.dtype() + " " + target.shape() + ", found " + tensor.type() + " "
                    + tensor.shape());
        }
        fill(tensor, target);
    }

    /** Loads every tensor of real numbers into scope, sorted by name; tensors of integers are left out. */
    public Map<String, NdArray> loadAll(Scope scope) throws IOException {
        Map<String, NdArray> arrays = new LinkedHashMap<>();
        for (StoredTensor tensor : header.tensors().values()) {
            if (tensor.type().dtype() != null) {
                arrays.put(tensor.name(), load(scope, tensor.name()));
            }
        }
        return arrays;
    }

    /**
     * The elements of a tensor of integers or truth values, row-major.
     *
     * @throws TensorFileException if there is no such tensor, or it is stored as real numbers or as U64
     */
    public long[] loadIntegers(String name) throws IOException {
        StoredTensor tensor = tensor(name);
        if (tensor.type().dtype() != null || tensor.type() == StoredType.U64) {
            throw wrong(tensor, "expected signed integers, unsigned integers of at most 32 bits or truth values, found "
                    + tensor.type());
        }
        if (tensor.bytes() > Integer.MAX_VALUE - 8) {
            throw wrong(tensor, "expected at most 2 GiB of integers, found " + tensor.bytes() + " bytes");
        }
        ByteBuffer bytes = ByteBuffer.allocate((int) tensor.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        readFully(path + ": tensor " + name, channel, bytes, tensor.offset());
        bytes.flip();
        long[] values = new long[(int) tensor.shape().size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (tensor.type()) {
                case I64 -> bytes.getLong();
                case I32 -> bytes.getInt();
                case U32 -> Integer.toUnsignedLong(bytes.getInt());
                case I16 -> bytes.getShort();
                case U16 -> Short.toUnsignedLong(bytes.getShort());
                case I8 -> bytes.get();
                default -> Byte.toUnsignedLong(bytes.get());
            };
        }
        return values;
    }

    private StoredTensor real(String name) throws TensorFileException {
        StoredTensor tensor = tensor(name);
        if (tensor.type().dtype() == null) {
            throw wrong(tensor, "expected real numbers, found " + tensor.type() + "; use loadIntegers");
        }
        return tensor;
    }

    private StoredTensor tensor(String name) throws TensorFileException {
        StoredTensor tensor = header.tensors().get(name);
        if (tensor == null) {
            throw new TensorFileException(path + ": expected a tensor named " + name + ", found "
                    + header.tensors().size() + " tensors of other names");
        }
        return tensor;
    }

    private TensorFileException wrong(StoredTensor tensor, String what) {
        return new TensorFileException(path + ": tensor " + tensor.name() + ": " + what);
    }

    /**
     * Copies the elements into engine memory. They are read through the channel: a mapped file would change the type
     * profile of the kernels for good, and turn a file cut short into a crash.
     */
    private void fill(StoredTensor tensor, NdArray target) throws IOException {
        IOException failure = target.withSegment(segment -> {
            try {
                switch (tensor.type()) {
                    case F16, BF16 -> widen(tensor, segment);
                    default -> copy(tensor, segment);
                }
                return null;
            } catch (IOException e) {
                return e;
            }
        });
        if (failure != null) {
            throw failure;
        }
    }

    private void copy(StoredTensor tensor, MemorySegment target) throws IOException {
        for (long at = 0; at < tensor.bytes(); at += CHUNK) {
            MemorySegment part = target.asSlice(at, Math.min(CHUNK, tensor.bytes() - at));
            readFully(path + ": tensor " + tensor.name(), channel, part.asByteBuffer(), tensor.offset() + at);
        }
    }

    private void widen(StoredTensor tensor, MemorySegment target) throws IOException {
        boolean half = tensor.type() == StoredType.F16;
        ByteBuffer bytes = ByteBuffer.allocate(CONVERTED).order(ByteOrder.LITTLE_ENDIAN);
        long index = 0;
        for (long at = 0; at < tensor.bytes(); at += CONVERTED) {
            bytes.clear().limit((int) Math.min(CONVERTED, tensor.bytes() - at));
            readFully(path + ": tensor " + tensor.name(), channel, bytes, tensor.offset() + at);
            bytes.flip();
            while (bytes.hasRemaining()) {
                short stored = bytes.getShort();
                float value = half ? Float.float16ToFloat(stored) : Float.intBitsToFloat(stored << 16);
                target.setAtIndex(ValueLayout.JAVA_FLOAT, index++, value);
            }
        }
    }

    private static void readFully(String what, FileChannel channel, ByteBuffer target, long position)
            throws IOException {
        long at = position;
        while (target.hasRemaining()) {
            int count = channel.read(target, at);
            if (count < 0) {
                throw new TensorFileException(what + ": expected " + target.remaining() + " more bytes from byte " + at
                        + ", found the end of the file; it was cut short after it was opened");
            }
            at += count;
        }
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
            writeFully(out, ByteBuffer.wrap(header));
            for (String name : SafetensorsHeader.order(dtypes)) {
                writeElements(out, tensors.get(name));
            }
        });
    }

    private static void writeElements(FileChannel out, NdArray array) throws IOException {
        try (Scope _ = Scope.open()) {
            IOException failure = array.contiguous().withSegment(segment -> {
                try {
                    for (long at = 0; at < segment.byteSize(); at += CHUNK) {
                        writeFully(out, segment.asSlice(at, Math.min(CHUNK, segment.byteSize() - at)).asByteBuffer());
                    }
                    return null;
                } catch (IOException e) {
                    return e;
                }
            });
            if (failure != null) {
                throw failure;
            }
        }
    }

    private static void writeFully(FileChannel out, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            out.write(bytes);
        }
    }
}
