package tessella.engine.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.json.Json;
import tessella.reference.Array;
import tessella.reference.NpyFile;
import tessella.reference.ShapeArbitraries;
import tessella.reference.ValueArbitraries;

/**
 * Whatever happens to the bytes of a file, its reader gives what the bytes say or throws one sentence: never another
 * exception, never a crash, never memory that stays. 12,000 files a run, 1,200,000 with the profile long.
 */
@Tag("one-width")
class MutatedFilesProperties {
    private static final int TRIES = 200;
    private static final int FILES = Boolean.getBoolean("tessella.long") ? 2_000 : 20;

    private static final Map<String, String> SAFETENSORS_TYPES = Map.of("<f8", "F64", "<f4", "F32", "<f2", "F16", "<i8",
            "I64", "<i4", "I32", "<u2", "U16", "|i1", "I8", "|b1", "BOOL");
    private static final Map<Format, Tally> TALLIES = new EnumMap<>(Format.class);
    private static Path path;

    private enum Format { SAFETENSORS, NPY, NPZ }

    /** What happened to the files of a format. */
    private static final class Tally {
        private int read;
        private int refused;
        /** The sentences, without what differs from file to file. */
        private final Set<String> sentences = new HashSet<>();
    }

    @FunctionalInterface
    private interface Reading {
        void check(Scope scope) throws IOException;
    }

    /** An array as it is compared: NaNs of any bits are equal. */
    private record Content(Object type, Shape shape, List<Double> values) {
        static Content of(NdArray array) {
            return new Content(array.dtype(), array.shape(), Arrays.stream(array.toDoubles()).boxed().toList());
        }

        static Content of(Shape shape, long[] values) {
            return new Content("integers", shape, Arrays.stream(values).asDoubleStream().boxed().toList());
        }
    }

    @BeforeContainer
    static void makeFile() throws IOException {
        path = Files.createTempFile("tessella", ".mutated");
    }

    /** Some files must be read and some refused, in many ways: else the mutations would be too few or too rough. */
    @AfterContainer
    static void deleteFile() throws IOException {
        Files.delete(path);
        TALLIES.forEach((format, tally) -> {
            int files = tally.read + tally.refused;
            assertEquals(TRIES * FILES, files, format.name());
            assertTrue(tally.read > files / 50 && tally.refused > files / 5, format + ": " + tally.read + " read, "
                    + tally.refused + " refused");
            assertTrue(tally.sentences.size() > 12, format + ": " + tally.sentences);
        });
    }

    @Provide
    Arbitrary<Map<String, Array>> arrays() {
        Arbitrary<String> names = Arbitraries.of("w", "b/kernel", "head.bias", "é", "x1");
        Arbitrary<int[]> shapes = Arbitraries.oneOf(ShapeArbitraries.shapes(0, 4),
                ShapeArbitraries.extentsWithZero().array(int[].class).ofSize(1));
        return Arbitraries.maps(names, ValueArbitraries.arrays(shapes, ValueArbitraries.Kind.TIES)).ofMinSize(1)
                .ofMaxSize(4);
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void mutatedSafetensors(@ForAll("arrays") Map<String, Array> arrays, @ForAll("types") String type,
            @ForAll long seed) throws IOException {
        byte[] original = safetensors(arrays, type);
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < FILES; i++) {
            byte[] bytes = Mutation.of(original, random);
            read(Format.SAFETENSORS, bytes, scope -> {
                try (Safetensors file = Safetensors.open(path)) {
                    file.loadAll(scope).forEach((name, array) -> {
                        StoredTensor tensor = file.tensors().get(name);
                        requireReals(slice(bytes, tensor), tensor.stored(), array);
                    });
                    for (StoredTensor tensor : file.tensors().values()) {
                        if (tensor.type().dtype() == null) {
                            requireIntegers(slice(bytes, tensor), tensor.stored(), file.loadIntegers(tensor.name()));
                        }
                    }
                }
            });
        }
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void mutatedNpy(@ForAll("arrays") Map<String, Array> arrays, @ForAll("types") String type,
            @ForAll NpyFile.Order order, @ForAll @IntRange(min = 1, max = 3) int version, @ForAll long seed)
            throws IOException {
        byte[] original = NpyFile.write(version, type, order, fit(type, arrays.values().iterator().next()));
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < FILES; i++) {
            byte[] bytes = Mutation.of(original, random);
            read(Format.NPY, bytes, scope -> {
                StoredArray stored = Npy.stored(path);
                if (stored.type().dtype() != null) {
                    requireReals(tail(bytes, stored), stored, Npy.load(scope, path));
                } else {
                    requireIntegers(tail(bytes, stored), stored, Npy.loadIntegers(path));
                }
            });
        }
    }

    /** An array that is read has passed its checksum: it is one that was written, of whatever name. */
    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void mutatedNpz(@ForAll("arrays") Map<String, Array> arrays, @ForAll("types") String type,
            @ForAll NpyFile.Order order, @ForAll boolean deflated, @ForAll boolean rewrapped, @ForAll long seed)
            throws IOException {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        arrays.forEach((name, x) -> entries.put(name + ".npy", NpyFile.write(1, type, order, fit(type, x))));
        byte[] original = zip(entries, deflated);
        Set<Content> contents = new HashSet<>();
        Files.write(path, original);
        try (Scope scope = Scope.open(); Npz file = Npz.open(path)) {
            contents.addAll(contents(scope, file));
        }
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < FILES; i++) {
            if (rewrapped) {
                // the bytes inside an entry are changed, and the zip file around it is right: no checksum tells
                byte[] npy = Mutation.of(entries.values().iterator().next(), random);
                read(Format.NPZ, zip(Map.of("a.npy", npy), deflated), scope -> {
                    try (Npz file = Npz.open(path)) {
                        StoredArray stored = file.stored("a");
                        if (stored.type().dtype() != null) {
                            requireReals(tail(npy, stored), stored, file.loadAll(scope).get("a"));
                        } else {
                            requireIntegers(tail(npy, stored), stored, file.loadIntegers("a"));
                        }
                    }
                });
            } else {
                read(Format.NPZ, Mutation.of(original, random), scope -> {
                    try (Npz file = Npz.open(path)) {
                        assertTrue(contents.containsAll(contents(scope, file)));
                    }
                });
            }
        }
    }

    private static Array fit(String type, Array x) {
        return type.equals("|b1") ? x.map(value -> value > 0 ? 1 : 0) : x;
    }

    @Provide
    Arbitrary<String> types() {
        return Arbitraries.of("<f8", "<f4", "<f2", "<i8", "<i4", "<u2", "|i1", "|b1");
    }

    private static void read(Format format, byte[] bytes, Reading reading) throws IOException {
        Files.write(path, bytes);
        Tally tally = TALLIES.computeIfAbsent(format, key -> new Tally());
        try (Scope scope = Scope.open()) {
            try {
                reading.check(scope);
                tally.read++;
            } catch (TensorFileException e) {
                String message = e.getMessage();
                assertTrue(message.startsWith(path + ": ") && message.contains("expected ")
                        && message.contains(", found ") && message.length() <= 2_000
                        && message.chars().noneMatch(Character::isISOControl), message);
                // what was read before was given back
                assertEquals(0, scope.bytes(), message);
                tally.refused++;
                tally.sentences.add(message.replaceAll(".*?expected|[\\[#(].*|found.*|[0-9]+", "")
                        .replaceAll("CRC.*", ""));
            }
        }
    }

    /** What was read is what a naive reading of the bytes gives; the memory is returned. */
    private static void requireReals(byte[] elements, StoredArray stored, NdArray found) {
        assertEquals(stored.shape(), found.shape());
        assertEquals(stored.type().dtype(), found.dtype());
        double[] values = found.toDoubles();
        found.free();
        assertArrayEquals(naive(elements, stored), values);
    }

    private static void requireIntegers(byte[] elements, StoredArray stored, long[] found) {
        assertArrayEquals(naive(elements, stored), Arrays.stream(found).asDoubleStream().toArray());
    }

    private static double[] naive(byte[] elements, StoredArray stored) {
        if (stored.shape().size() == 0) {
            return new double[0];
        }
        ByteBuffer in = ByteBuffer.wrap(elements).order(ByteOrder.LITTLE_ENDIAN);
        int[] shape = Arrays.stream(stored.shape().dims()).mapToInt(Math::toIntExact).toArray();
        boolean columns = stored.order() == StoredArray.Order.COLUMN_MAJOR;
        Array out = Array.zeros(shape);
        for (int[] index : Array.indices(columns ? reversed(shape) : shape)) {
            out.set(switch (stored.type()) {
                case F64 -> in.getDouble();
                case F32 -> in.getFloat();
                case F16 -> Float.float16ToFloat(in.getShort());
                case BF16 -> Float.intBitsToFloat(in.getShort() << 16);
                case I64 -> in.getLong();
                case I32 -> in.getInt();
                case U32 -> in.getInt() & 0xffff_ffffL;
                case I16 -> in.getShort();
                case U16 -> in.getShort() & 0xffff;
                case I8 -> in.get();
                case U8, BOOL -> in.get() & 0xff;
                case U64 -> throw new AssertionError("U64 was read");
            }, columns ? reversed(index) : index);
        }
        assertEquals(0, in.remaining());
        return out.data();
    }

    private static int[] reversed(int[] values) {
        int[] out = new int[values.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = values[values.length - 1 - i];
        }
        return out;
    }

    private static byte[] slice(byte[] file, StoredTensor tensor) {
        return Arrays.copyOfRange(file, (int) tensor.offset(), (int) tensor.end());
    }

    private static byte[] tail(byte[] file, StoredArray stored) {
        return Arrays.copyOfRange(file, file.length - (int) stored.bytes(), file.length);
    }

    private static List<Content> contents(Scope scope, Npz file) throws IOException {
        List<Content> contents = new ArrayList<>();
        for (NdArray array : file.loadAll(scope).values()) {
            contents.add(Content.of(array));
            array.free();
        }
        for (String name : file.names()) {
            StoredArray stored = file.stored(name);
            if (stored.type().dtype() == null) {
                contents.add(Content.of(stored.shape(), file.loadIntegers(name)));
            }
        }
        return contents;
    }

    private static byte[] safetensors(Map<String, Array> arrays, String type) {
        Map<String, Object> header = new LinkedHashMap<>();
        header.put("__metadata__", Map.of("format", "pt"));
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        arrays.forEach((name, x) -> {
            // the first array has the type, the others are float32
            String own = data.size() == 0 ? type : "<f4";
            int from = data.size();
            data.writeBytes(NpyFile.elements(own, NpyFile.Order.ROWS, fit(own, x)));
            header.put(name, Map.of("dtype", SAFETENSORS_TYPES.get(own), "shape",
                    Arrays.stream(x.shape()).boxed().toList(), "data_offsets", List.of(from, data.size())));
        });
        byte[] json = Json.write(header).getBytes(StandardCharsets.UTF_8);
        ByteBuffer out = ByteBuffer.allocate(Long.BYTES + json.length + data.size()).order(ByteOrder.LITTLE_ENDIAN);
        return out.putLong(json.length).put(json).put(data.toByteArray()).array();
    }

    private static byte[] zip(Map<String, byte[]> entries, boolean deflated) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            for (var item : entries.entrySet()) {
                ZipEntry entry = new ZipEntry(item.getKey());
                if (!deflated) {
                    CRC32 crc = new CRC32();
                    crc.update(item.getValue());
                    entry.setCrc(crc.getValue());
                    entry.setSize(item.getValue().length);
                    entry.setMethod(ZipEntry.STORED);
                }
                zip.putNextEntry(entry);
                zip.write(item.getValue());
                zip.closeEntry();
            }
        }
        return bytes.toByteArray();
    }
}
