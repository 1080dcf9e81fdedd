package tessella.engine.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.reference.GoldenFile;

final class SafetensorsTest {
    private static final String TWO_FLOATS = "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";

    @TempDir
    private Path folder;

    @Test
    void halvesAreWidened() throws IOException {
        ByteBuffer data = data(16);
        data.putShort(Float.floatToFloat16(1.5f)).putShort(Float.floatToFloat16(-65504));
        data.putShort(Float.floatToFloat16(6e-8f)).putShort(Float.floatToFloat16(Float.NEGATIVE_INFINITY));
        for (float value : new float[] {1.5f, -3.0e38f, 1e-40f, Float.NaN}) {
            data.putShort((short) (Float.floatToRawIntBits(value) >>> 16));
        }
        Path path = write("{\"half\":{\"dtype\":\"F16\",\"shape\":[2,2],\"data_offsets\":[0,8]},"
                + "\"brain\":{\"dtype\":\"BF16\",\"shape\":[4],\"data_offsets\":[8,16]}}", data);
        try (Scope scope = Scope.open(); Safetensors file = Safetensors.open(path)) {
            assertArrayEquals(new float[] {1.5f, -65504, 5.9604645e-8f, Float.NEGATIVE_INFINITY},
                    file.load(scope, "half").toFloats());
            assertArrayEquals(new float[] {1.5f, Float.intBitsToFloat(0xff61 << 16),
                    Float.intBitsToFloat(1 << 16), Float.NaN}, file.load(scope, "brain").toFloats());
            assertEquals(Shape.of(2, 2), file.load(scope, "half").shape());
            assertEquals(List.of("brain", "half"), List.copyOf(file.tensors().keySet()));
        }
    }

    @Test
    void integersAreReadExactly() throws IOException {
        ByteBuffer data = data(8 + 4 + 4 + 2 + 2 + 1 + 1 + 1);
        data.putLong(Long.MIN_VALUE + 1).putInt(-5).putInt(-5).putShort((short) -5).putShort((short) -5);
        data.put((byte) -5).put((byte) -5).put((byte) 1);
        StringBuilder header = new StringBuilder("{");
        int at = 0;
        for (StoredType type : List.of(StoredType.I64, StoredType.I32, StoredType.U32, StoredType.I16, StoredType.U16,
                StoredType.I8, StoredType.U8, StoredType.BOOL)) {
            header.append(at == 0 ? "" : ",").append("\"").append(type).append("\":{\"dtype\":\"").append(type)
                    .append("\",\"shape\":[1],\"data_offsets\":[").append(at).append(",");
            at += type.bytes();
            header.append(at).append("]}");
        }
        Path path = write(header.append("}").toString(), data);
        try (Scope scope = Scope.open(); Safetensors file = Safetensors.open(path)) {
            Map<String, Long> want = Map.of("I64", Long.MIN_VALUE + 1, "I32", -5L, "U32", (1L << 32) - 5, "I16", -5L,
                    "U16", (1L << 16) - 5, "I8", -5L, "U8", 251L, "BOOL", 1L);
            for (var entry : want.entrySet()) {
                assertArrayEquals(new long[] {entry.getValue()}, file.loadIntegers(entry.getKey()), entry.getKey());
            }
            assertMessage("expected real numbers, found I64; use loadIntegers", () -> file.load(scope, "I64"));
            assertTrue(file.loadAll(scope).isEmpty());
        }
    }

    @Test
    void everyFaultIsOneSentence() throws IOException {
        refused("expected to start at byte 0 of the data, where the one before ends, found 4, a hole",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8);
        refused("expected to start at byte 8 of the data, where the one before ends, found 0, an overlap",
                "{\"a\":" + TWO_FLOATS + ",\"b\":" + TWO_FLOATS + "}", 8);
        refused("expected a file of 70 bytes, where the last tensor ends, found 74 bytes",
                "{\"a\":" + TWO_FLOATS + "}", 12);
        refused("tensor a: expected two data_offsets that rise within the 4 bytes of data, found [0, 8]",
                "{\"a\":" + TWO_FLOATS + "}", 4);
        refused("tensor a: expected two data_offsets that rise within the 8 bytes of data, found [8, 0]",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8);
        refused("tensor a: expected two data_offsets that rise within the 8 bytes of data, found [-8, 0]",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]}}", 8);
        refused("tensor a: expected 4 bytes for F32 [1], found data_offsets [0, 8] of 8 bytes",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,8]}}", 8);
        refused("tensor a: expected 12 bytes for F32 [3], found data_offsets [0, 8] of 8 bytes",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8);
        refused("tensor a: expected a dtype of [F64, F32, F16, BF16, I64, U64, I32, U32, I16, U16, I8, U8, BOOL], "
                + "found F8_E4M3", "{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[8],\"data_offsets\":[0,8]}}", 8);
        refused("expected distinct keys in an object, found \"a\" again",
                "{\"a\":" + TWO_FLOATS + ",\"a\":" + TWO_FLOATS + "}", 8);
        refused("tensor a: expected a shape of extents from 0 whose bytes fit 63 bits, found [-1, -2]",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1,-2],\"data_offsets\":[0,8]}}", 8);
        refused("tensor a: expected a shape of extents from 0 whose bytes fit 63 bits, found [4611686018427387904]",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,0]}}", 0);
        refused("tensor a: expected a shape of extents from 0", "{\"a\":{\"dtype\":\"U8\",\"shape\":[4294967296,"
                + "4294967296],\"data_offsets\":[0,0]}}", 0);
        refused("tensor a: expected the fields dtype, shape and data_offsets, found [dtype, shape]",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8);
        refused("expected the fields dtype, shape and data_offsets, found [dtype, shape, data_offsets, order]",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"order\":\"C\"}}", 8);
        refused("tensor a shape: expected an integer, found 2.0",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}}", 8);
        refused("__metadata__ k: expected a JSON string, found 7", "{\"__metadata__\":{\"k\":7}}", 0);
        refused("expected a header that starts with '{', found byte 0x5b", "[]", 0);
        refused("JSON: expected", "{\"a\":" + TWO_FLOATS, 8);
        refused("expected a header of 2 to 2 bytes, found a length of 9; this is not a safetensors file, or it was cut short",
                Files.write(folder.resolve("short"), new byte[] {9, 0, 0, 0, 0, 0, 0, 0, '{', '}'}));
        refused("found a length of 9223372036854775808",
                Files.write(folder.resolve("long"), new byte[] {0, 0, 0, 0, 0, 0, 0, -128, '{', '}'}));
        refused("found a file of 3 bytes", Files.write(folder.resolve("tiny"), new byte[3]));
        refused("found nothing of this name", folder.resolve("none"));
        refused("found a directory or device", folder);
    }

    @Test
    void aFileCutShortAfterOpeningIsASentence() throws IOException {
        Path path = write("{\"a\":" + TWO_FLOATS + "}", data(8));
        try (Scope scope = Scope.open(); Safetensors file = Safetensors.open(path)) {
            try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
                channel.truncate(channel.size() - 3);
            }
            assertMessage("tensor a: expected 3 more bytes from byte 67, found the end of the file; it was cut short",
                    () -> file.load(scope, "a"));
        }
    }

    @Test
    void aLoadingThatFailsLeavesNoMemory() throws IOException {
        Path path = write("{\"a\":" + TWO_FLOATS + ",\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}}",
                data(16));
        try (Scope scope = Scope.open(); Safetensors file = Safetensors.open(path)) {
            try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
                channel.truncate(channel.size() - 3);
            }
            assertMessage("tensor b: expected 3 more bytes", () -> file.load(scope, "b"));
            assertEquals(0, scope.bytes());
            assertMessage("tensor b: expected 3 more bytes", () -> file.loadAll(scope));
            assertEquals(0, scope.bytes());
        }
    }

    @Test
    void truthValuesAreZeroOrOneAndIntegersFitTheHeap() throws IOException {
        Path path = write("{\"a\":{\"dtype\":\"BOOL\",\"shape\":[2],\"data_offsets\":[0,2]}}",
                data(2).put((byte) 1).put((byte) 2));
        try (Safetensors file = Safetensors.open(path)) {
            assertMessage("tensor a: expected truth values of 0 or 1, found 2", () -> file.loadIntegers("a"));
        }
        long many = (1L << 28) + 1;
        path = write("{\"a\":{\"dtype\":\"U8\",\"shape\":[" + many + "],\"data_offsets\":[0," + many + "]}}", data(0));
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
            channel.write(data(1), channel.size() + many - 1);
        }
        try (Safetensors file = Safetensors.open(path)) {
            assertMessage("tensor a: expected at most 268435456 integers, found 268435457",
                    () -> file.loadIntegers("a"));
        }
    }

    @Test
    void namesCannotBreakTheLineOfAMessage() throws IOException {
        Path path = write("{\"x\\ny\\u202e\\u2028\":" + TWO_FLOATS + "}", data(4));
        assertMessage("tensor x\\u000ay\\u202e\\u2028: expected two data_offsets", () -> Safetensors.open(path));
        String message = new TensorFileException("file: " + "a".repeat(1_000_000) + ", found none").getMessage();
        assertEquals(2_000, message.length());
        assertTrue(message.startsWith("file: aaa") && message.endsWith("aaa, found none"), message);
    }

    @Test
    void missingAndMisshapenTensorsAreNamed() throws IOException {
        Path path = write("{\"a\":" + TWO_FLOATS + "}", data(8));
        try (Scope scope = Scope.open(); Safetensors file = Safetensors.open(path)) {
            assertMessage("expected a tensor named b, found 1 tensors of other names", () -> file.load(scope, "b"));
            assertMessage("expected signed integers", () -> file.loadIntegers("a"));
            NdArray other = NdArray.zeros(scope, DType.F32, Shape.of(2, 1));
            assertMessage("tensor a: expected float32 [2, 1], found F32 [2]", () -> file.loadInto(other, "a"));
            NdArray wide = NdArray.zeros(scope, DType.F64, Shape.of(2));
            assertMessage("tensor a: expected float64 [2], found F32 [2]", () -> file.loadInto(wide, "a"));
            NdArray same = NdArray.full(scope, DType.F32, Shape.of(2), 7);
            file.loadInto(same, "a");
            assertArrayEquals(new float[2], same.toFloats());
        }
    }

    @Test
    void equalContentsAreEqualBytesAndAligned() throws IOException {
        Path first = folder.resolve("first");
        Path second = folder.resolve("second");
        try (Scope scope = Scope.open()) {
            NdArray a = NdArray.of(scope, Shape.of(3), new float[] {1, 2, 3});
            NdArray b = NdArray.of(scope, Shape.of(2, 1), new double[] {4, 5});
            NdArray c = NdArray.of(scope, Shape.of(), new float[] {6});
            Safetensors.write(first, Map.of("a", a, "b", b, "c", c), Map.of("k", "v", "j", "ä\n"));
            Safetensors.write(second, Map.of("c", c, "b", b, "a", a), Map.of("j", "ä\n", "k", "v"));
        }
        assertArrayEquals(Files.readAllBytes(first), Files.readAllBytes(second));
        try (Safetensors file = Safetensors.open(first)) {
            assertEquals(0, file.tensors().get("b").offset() % 64);
            assertEquals(Map.of("k", "v", "j", "ä\n"), file.metadata());
        }
        GoldenFile other = GoldenFile.read(first);
        assertArrayEquals(new double[] {4, 5}, other.array("b").data());
        assertArrayEquals(new double[] {1, 2, 3}, other.array("a").data());
        assertEquals(0, other.array("c").rank());
    }

    @Test
    void anInterruptedWriteLeavesTheOldFile() throws IOException {
        Path path = folder.resolve("model.safetensors");
        AtomicFile.write(path, out -> out.write(ByteBuffer.wrap("old".getBytes(StandardCharsets.UTF_8))));
        IOException thrown = assertThrows(IOException.class, () -> AtomicFile.write(path, out -> {
            out.write(ByteBuffer.wrap("new, but not all of it".getBytes(StandardCharsets.UTF_8)));
            throw new IOException("disk full");
        }));
        assertEquals("disk full", assertInstanceOf(UnwrittenFileException.class, thrown).getCause().getMessage());
        assertEquals("old", Files.readString(path));
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(path), files.toList());
        }
        assertMessage("expected an existing directory to write to",
                () -> AtomicFile.write(folder.resolve("no/where"), out -> {}));
        assertMessage("found a directory", () -> AtomicFile.write(folder, out -> {}));
    }

    @Test
    void viewsAreWrittenAsTheyAreSeen() throws IOException {
        Path path = folder.resolve("view");
        long before = Memory.inUse();
        try (Scope scope = Scope.open()) {
            NdArray a = NdArray.of(scope, Shape.of(2, 3), new float[] {1, 2, 3, 4, 5, 6});
            Safetensors.write(path, Map.of("t", a.permute(1, 0), "row", a.slice(0, 1, 2)), Map.of());
            try (Safetensors file = Safetensors.open(path)) {
                Map<String, NdArray> all = file.loadAll(scope);
                assertArrayEquals(new float[] {1, 4, 2, 5, 3, 6}, all.get("t").toFloats());
                assertArrayEquals(new float[] {4, 5, 6}, all.get("row").toFloats());
            }
        }
        assertEquals(before, Memory.inUse());
    }

    @Test
    void offsetsBeyondFourGigabytes() throws IOException {
        long large = (1L << 32) + 8;
        Path path = write("{\"big\":{\"dtype\":\"U8\",\"shape\":[" + large + "],\"data_offsets\":[0," + large + "]},"
                + "\"tail\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[" + large + "," + (large + 4) + "]}}",
                data(0));
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
            // a hole of the file system: nothing of this size is written
            channel.write(data(4).putFloat(2.5f).flip(), channel.size() + large);
        }
        try (Scope scope = Scope.open(); Safetensors file = Safetensors.open(path)) {
            assertEquals(2.5, file.load(scope, "tail").item());
            assertEquals(large, file.tensors().get("big").bytes());
        }
    }

    @Test
    void arraysOfSeveralChunks() throws IOException {
        Path path = folder.resolve("chunks");
        int size = (1 << 24) + 5;
        try (Scope scope = Scope.open()) {
            float[] values = new float[size];
            for (int i = 0; i < size; i++) {
                values[i] = i;
            }
            Safetensors.write(path, Map.of("a", NdArray.of(scope, Shape.of(size), values)), Map.of());
            try (Safetensors file = Safetensors.open(path)) {
                assertArrayEquals(values, file.load(scope, "a").toFloats());
            }
        }
    }

    private void refused(String why, String header, int dataBytes) throws IOException {
        refused(why, write(header, data(dataBytes)));
    }

    private static void refused(String why, Path path) {
        assertMessage(why, () -> Safetensors.open(path));
        assertMessage(path.toString(), () -> Safetensors.open(path));
    }

    private static void assertMessage(String part, Executable action) {
        String message = assertThrows(TensorFileException.class, action).getMessage();
        assertTrue(message.contains(part), message);
        assertTrue(!message.contains("\n"), message);
    }

    private static ByteBuffer data(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private Path write(String header, ByteBuffer data) throws IOException {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer all = data(8 + json.length + data.capacity());
        all.putLong(json.length).put(json).put(data.array());
        return Files.write(folder.resolve("case.safetensors"), all.array());
    }
}
