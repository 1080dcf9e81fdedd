package tessella.engine.io;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import tessella.engine.NdArray;
import tessella.engine.Scope;

/**
 * An npz file: arrays by name, as {@code numpy.savez} and {@code numpy.savez_compressed} write them: a zip file of an
 * npy file for each array.
 *
 * <p>{@link #open} reads and checks the zip directory only; arrays are then loaded one by one, as {@link Npy} does, and
 * checked against their checksum. One that cannot be read does not keep others from being read. Every error of the file
 * is a {@link TensorFileException}. Files may be larger than 4 GiB (zip64). Loading from several threads at the same
 * time is safe.
 */
public final class Npz implements AutoCloseable {
    private static final String SUFFIX = ".npy";
    /** Name, suffix and the rest of an entry of the directory must fit 65,535 bytes. */
    private static final int MAX_NAME = 65_000;
    /** Bytes that are deflated at a time. */
    private static final int CHUNK = 1 << 16;
    /** The time of every entry; java.util.zip would write the first days of 1980 with the time zone of the machine. */
    private static final LocalDateTime TIME = LocalDateTime.of(1980, 2, 1, 0, 0);

    private final Path path;
    private final FileChannel channel;
    private final NavigableMap<String, ZipMember> members;

    private Npz(Path path, FileChannel channel, NavigableMap<String, ZipMember> members) {
        this.path = path;
        this.channel = channel;
        this.members = members;
    }

    /** What is done with an array. */
    @FunctionalInterface
    private interface Reading<R> {
        R of(StoredArray stored, Source source) throws IOException;
    }

    /**
     * Opens a file and checks its zip directory: names, sizes, places, and that entries do not overlap.
     *
     * @throws TensorFileException if there is no such file, it is not well-formed, or it has entries other than arrays
     */
    public static Npz open(Path path) throws IOException {
        FileChannel channel = ChannelSource.open(path, "an npz file");
        try {
            NavigableMap<String, ZipMember> members = new TreeMap<>();
            for (var entry : ZipDirectory.read(path.toString(), channel).entrySet()) {
                String name = entry.getKey();
                if (!name.endsWith(SUFFIX)) {
                    throw new TensorFileException(path + ": expected entries that end in " + SUFFIX
                            + ", found " + name);
                }
                members.put(name.substring(0, name.length() - SUFFIX.length()), entry.getValue());
            }
            return new Npz(path, channel, members);
        } catch (Throwable e) {
            channel.close();
            throw e;
        }
    }

    /** The names of the arrays, sorted, without the {@code .npy} that they have in the file. */
    public SortedSet<String> names() {
        return Collections.unmodifiableNavigableSet(members.navigableKeySet());
    }

    /**
     * How an array lies in the file: type, shape and order. No element is read.
     *
     * @throws TensorFileException if there is no such array, it is not well-formed, or its elements are of no
     *     {@link StoredType}
     */
    public StoredArray stored(String name) throws IOException {
        return read(name, (stored, source) -> stored);
    }

    /**
     * Loads an array of real numbers into scope: {@code <f8} as float64, {@code <f4} as float32, {@code <f2} widened to
     * float32. If that fails, no memory of it stays.
     *
     * @throws TensorFileException as {@link #stored}, and if it holds integers, its bytes have another checksum, or the
     *     file was cut short meanwhile
     */
    public NdArray load(Scope scope, String name) throws IOException {
        return read(name, (stored, source) -> Elements.load(scope, stored, source));
    }

    /**
     * Loads an array of real numbers into a contiguous array that exists. If the bytes are damaged, or the file is cut
     * short meanwhile, some elements may be set.
     *
     * @throws TensorFileException as {@link #load}, and if type or shape are not those of the array
     */
    public void loadInto(NdArray target, String name) throws IOException {
        read(name, (stored, source) -> {
            Elements.loadInto(target, stored, source);
            return target;
        });
    }

    /**
     * Loads every array of real numbers into scope, sorted by name; arrays of integers are left out. If one fails, no
     * memory of the others stays.
     *
     * @throws TensorFileException as {@link #load}
     */
    public Map<String, NdArray> loadAll(Scope scope) throws IOException {
        Map<String, NdArray> arrays = new LinkedHashMap<>();
        try {
            for (String name : members.keySet()) {
                if (stored(name).type().dtype() != null) {
                    arrays.put(name, load(scope, name));
                }
            }
            return arrays;
        } catch (Throwable e) {
            arrays.values().forEach(NdArray::free);
            throw e;
        }
    }

    /**
     * The elements of an array of integers or truth values, row-major.
     *
     * @throws TensorFileException as {@link #stored}, and if it holds real numbers, U64 or more than 2^28 elements,
     *     a truth value is neither 0 nor 1, its bytes have another checksum, or the file was cut short meanwhile
     */
    public long[] loadIntegers(String name) throws IOException {
        return read(name, Elements::integers);
    }

    private <R> R read(String name, Reading<R> reading) throws IOException {
        ZipMember member = members.get(name);
        if (member == null) {
            throw new TensorFileException(path + ": expected an array named " + name + ", found " + members.size()
                    + " arrays of other names");
        }
        try (Source source = member.source(path + ": array " + name, channel)) {
            return reading.of(NpyHeader.read(source), source);
        }
    }

    /** Closes the file; loaded arrays stay. */
    @Override
    public void close() throws IOException {
        channel.close();
    }

    // ---- writing

    /**
     * Writes a file, or replaces it, atomically, with every array stored as {@link Npy#write} does. Equal names and
     * arrays give equal bytes.
     *
     * @throws IOException if writing fails; the old file, if there was one, is then as it was
     * @throws IllegalArgumentException if a name has a NUL, half of a surrogate pair, or more than 65,000 bytes in
     *     UTF-8, or an array has too many axes
     */
    public static void write(Path path, Map<String, NdArray> arrays) throws IOException {
        write(path, arrays, ZipEntry.STORED);
    }

    /**
     * As {@link #write}, with every array deflated. Equal names and arrays give equal bytes as long as the Java runtime
     * brings the same zlib.
     *
     * @throws IOException as {@link #write}
     * @throws IllegalArgumentException as {@link #write}
     */
    public static void writeCompressed(Path path, Map<String, NdArray> arrays) throws IOException {
        write(path, arrays, ZipEntry.DEFLATED);
    }

    private static void write(Path path, Map<String, NdArray> arrays, int method) throws IOException {
        SortedMap<String, byte[]> headers = new TreeMap<>();
        arrays.forEach((name, array) -> {
            requireName(name);
            headers.put(name, NpyHeader.write(array.dtype(), array.shape()));
        });
        AtomicFile.write(path, out -> {
            try (ZipOutputStream zip = new ZipOutputStream(new BufferedOutputStream(new Unclosed(out), CHUNK))) {
                for (var header : headers.entrySet()) {
                    write(zip, header.getKey(), header.getValue(), arrays.get(header.getKey()), method);
                }
            }
        });
    }

    /** A channel as a stream whose end leaves it open: the file still has to be forced to the disk. */
    private static final class Unclosed extends OutputStream {
        private final FileChannel channel;

        private Unclosed(FileChannel channel) {
            this.channel = channel;
        }

        @Override
        public void write(int value) throws IOException {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int count) throws IOException {
            AtomicFile.writeFully(channel, ByteBuffer.wrap(bytes, from, count));
        }
    }

    private static void requireName(String name) {
        if (name.indexOf('\0') >= 0 || !StandardCharsets.UTF_8.newEncoder().canEncode(name)
                || name.getBytes(StandardCharsets.UTF_8).length > MAX_NAME) {
            String shown = name.length() > 80 ? name.substring(0, 80) + "..." : name;
            throw new IllegalArgumentException("npz: expected names of whole characters, without NUL, of at most "
                    + MAX_NAME + " bytes in UTF-8, found " + shown.replace('\0', '?'));
        }
    }

    private static void write(ZipOutputStream zip, String name, byte[] header, NdArray array, int method)
            throws IOException {
        try (Scope _ = Scope.open()) {
            NdArray elements = array.contiguous();
            ZipEntry entry = new ZipEntry(name + SUFFIX);
            entry.setTimeLocal(TIME);
            entry.setMethod(method);
            if (method == ZipEntry.STORED) {
                CRC32 crc = new CRC32();
                crc.update(header);
                Elements.write(elements, crc::update);
                entry.setCrc(crc.getValue());
                entry.setSize(header.length + array.size() * array.dtype().bytes());
            }
            zip.putNextEntry(entry);
            zip.write(header);
            byte[] chunk = new byte[CHUNK];
            Elements.write(elements, bytes -> {
                while (bytes.hasRemaining()) {
                    int count = Math.min(CHUNK, bytes.remaining());
                    bytes.get(chunk, 0, count);
                    zip.write(chunk, 0, count);
                }
            });
            zip.closeEntry();
        }
    }
}
