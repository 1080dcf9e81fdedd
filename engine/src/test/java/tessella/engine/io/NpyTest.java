package tessella.engine.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.reference.NpyFile;

final class NpyTest {
    private static final String TWO_FLOATS = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";

    @TempDir
    private Path folder;

    /** The bytes are those that NumPy 2.4.6 wrote for these arrays. */
    @Test
    void filesOfNumPyAreRead() throws IOException {
        String scalar = "\u0093NUMPY\1\0v\0{'descr': '<f8', 'fortran_order': False, 'shape': (), }" + " ".repeat(62)
                + "\n\0\0\0\0\0\0\4\u00c0";
        String columns = "\u0093NUMPY\1\0v\0{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }" + " ".repeat(59)
                + "\n\0\0\u0080?\0\0\u0080@\0\0\0@\0\0\u00a0@\0\0@@\0\0\u00c0@";
        String third = "\u0093NUMPY\3\0t\0\0\0{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }"
                + " ".repeat(58) + "\n\0\0\0\0\0\0\u0080?\0\0\0@";
        String truths = "\u0093NUMPY\1\0v\0{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }" + " ".repeat(60)
                + "\n\1\0";
        try (Scope scope = Scope.open()) {
            assertEquals(-2.5, Npy.load(scope, file(scalar)).item());
            NdArray matrix = Npy.load(scope, file(columns));
            assertEquals(Shape.of(2, 3), matrix.shape());
            assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, matrix.toFloats());
            assertEquals("F32 [2, 3] column-major", Npy.stored(file(columns)).toString());
            assertArrayEquals(new float[] {0, 1, 2}, Npy.load(scope, file(third)).toFloats());
        }
        assertArrayEquals(new long[] {1, 0}, Npy.loadIntegers(file(truths)));
    }

    @Test
    void theBytesAreThoseOfNumPy() throws IOException {
        Path path = folder.resolve("a.npy");
        try (Scope scope = Scope.open()) {
            Npy.write(path, NdArray.of(scope, Shape.of(), new double[] {-2.5}));
            assertEquals("\u0093NUMPY\1\0v\0{'descr': '<f8', 'fortran_order': False, 'shape': (), }" + " ".repeat(62)
                    + "\n\0\0\0\0\0\0\4\u00c0", Files.readString(path, StandardCharsets.ISO_8859_1));
            Npy.write(path, NdArray.of(scope, Shape.of(1, 2), new float[] {1, 2}));
            assertEquals("\u0093NUMPY\1\0v\0{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }"
                    + " ".repeat(58) + "\n\0\0\u0080?\0\0\0@", Files.readString(path, StandardCharsets.ISO_8859_1));
        }
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(path), files.toList());
        }
    }

    @Test
    void otherSpellingsOfADictionaryAreRead() throws IOException {
        for (String header : List.of("{'descr':'<f4','fortran_order':False,'shape':(2L,)}",
                "{\"shape\": (2 ,) , \"descr\": \"<f4\",\n\t\"fortran_order\": True}\r\n",
                TWO_FLOATS + " ".repeat(50_000) + "\n")) {
            try (Scope scope = Scope.open()) {
                assertArrayEquals(new float[] {1, 2},
                        Npy.load(scope, file(1, header, floats(1, 2))).toFloats(), header);
            }
        }
    }

    @Test
    void typesThatAreNotReadSayWhatToDo() throws IOException {
        refusedHeader("expected a dtype of [<f8, <f4, <f2, <i8, <u8, <i4, <u4, <i2, <u2, |i1, |u1, |b1], found >f4, "
                + "which is big-endian; save a.astype('<f4')",
                "{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }");
        refusedHeader("found |O, pickled Python objects, which are never read; save each array in it by its own name",
                "{'descr': '|O', 'fortran_order': False, 'shape': (2,), }");
        refusedHeader("found |V2, bytes without a type, as JAX saves bfloat16; save a.astype('<f4')",
                "{'descr': '|V2', 'fortran_order': False, 'shape': (4,), }");
        refusedHeader("found <c8; save a.astype() of one of these",
                "{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }");
        refusedHeader("found a structured type; save each field as an array",
                "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }");
        Path unsigned = file(1, "{'descr': '<u8', 'fortran_order': False, 'shape': (1,), }", new byte[8]);
        assertMessage("expected signed integers, unsigned integers of at most 32 bits or truth values, found U64",
                () -> Npy.loadIntegers(unsigned));
        try (Scope scope = Scope.open()) {
            assertMessage("expected real numbers, found U64; use loadIntegers", () -> Npy.load(scope, unsigned));
            NdArray other = NdArray.zeros(scope, DType.F64, Shape.of(2));
            Path floats = file(1, TWO_FLOATS, floats(1, 2));
            assertMessage("expected float64 [2], found F32 [2]", () -> Npy.loadInto(other, floats));
        }
    }

    @Test
    void everyFaultOfTheHeaderIsOneSentence() throws IOException {
        refusedHeader("expected the keys descr, fortran_order and shape in the header, found order",
                "{'descr': '<f4', 'order': False, 'shape': (2,), }");
        refusedHeader("expected the keys descr, fortran_order and shape in the header, found 2 of them",
                "{'descr': '<f4', 'shape': (2,), }");
        refusedHeader("expected each key of the header once, found shape twice",
                "{'descr': '<f4', 'shape': (2,), 'shape': (2,), 'fortran_order': False}");
        refusedHeader("expected ',' after the only extent at character 49 of the header, found ')'",
                "{'descr': '<f4', 'fortran_order':False,'shape':(2)}");
        refusedHeader("expected True or False at character 33 of the header, found '0'",
                "{'descr': '<f4', 'fortran_order':0,'shape':(2,)}");
        refusedHeader("expected a header that starts with '{' at character 0 of the header, found 'd'", "dict()");
        refusedHeader("expected a header that starts with '{' at character 0 of the header, found its end", "");
        refusedHeader("expected an integer at character 48 of the header, found 'x'",
                "{'descr': '<f4', 'fortran_order':False,'shape':(x2,)}");
        refusedHeader("expected ',' after the only extent at character 49 of the header, found '.'",
                "{'descr': '<f4', 'fortran_order':False,'shape':(2.0,)}");
        refusedHeader("expected a shape in parentheses at character 47 of the header, found '['",
                "{'descr': '<f4', 'fortran_order':False,'shape':[2]}");
        refusedHeader("expected spaces up to the end at character 57 of the header, found '\\u0000'",
                TWO_FLOATS + "\0");
        refusedHeader("expected a string without escapes at character 12 of the header, found '\\'",
                "{'descr': '<\\x66', 'fortran_order':False,'shape':(2,)}");
        refusedHeader("expected a string without escapes at character 10 of the header, found its end", "{'descr':'");
        refusedHeader("expected ',' or '}' at character 51 of the header, found its end",
                "{'descr': '<f4', 'fortran_order':False,'shape':(2,)");
        refusedHeader("expected ':' after a key at character 9 of the header, found '''", "{'descr' '<f4'}");
        refusedHeader("expected extents of 64 bits in the header, found 9223372036854775808",
                "{'descr': '<f4', 'fortran_order':False,'shape':(9223372036854775808,)}");
        refusedHeader("expected a shape of extents from 0 whose bytes fit 63 bits, found [-1, -2]",
                "{'descr': '<f4', 'fortran_order':False,'shape':(-1,-2)}");
        refusedHeader("expected a shape of extents from 0 whose bytes fit 63 bits, found [4294967296, 4294967296]",
                "{'descr': '<f4', 'fortran_order':False,'shape':(4294967296,4294967296)}");
        refusedHeader("expected a shape of extents from 0 whose bytes fit 63 bits, found [4611686018427387904]",
                "{'descr': '<f4', 'fortran_order':False,'shape':(4611686018427387904,)}");
        refused("expected the keys descr, fortran_order and shape in the header, found \u00ff",
                file("\u0093NUMPY\2\0\5\0\0\0{'\u00ff':"));
        refused("expected a header in UTF-8, found other bytes",
                file("\u0093NUMPY\3\0\3\0\0\0{'\u00ff"));
    }

    @Test
    void everyFaultOfTheFileIsOneSentence() throws IOException {
        refused("expected 8 bytes of magic bytes and a version, found 0; this is not an npy file, or it was cut short",
                file(""));
        refused("expected an npy file, which starts with the bytes 93 4e 55 4d 50 59, found 50 4b 03 04 00 00",
                file("PK\3\4\0\0\0\0"));
        refused("starts with the bytes 93 4e 55 4d 50 59, found 93 4e 55 4d 50 58", file("\u0093NUMPX\1\0\2\0{}"));
        refused("expected the npy version 1.0, 2.0 or 3.0, found 4.0", file("\u0093NUMPY\4\0\0\0\0\0"));
        refused("expected the npy version 1.0, 2.0 or 3.0, found 255.0", file("\u0093NUMPY\u00ff\0\0\0\0\0"));
        refused("expected the npy version 1.0, 2.0 or 3.0, found 1.1", file("\u0093NUMPY\1\1\0\0"));
        refused("expected 4 bytes of the length of the header, found 3", file("\u0093NUMPY\2\0\0\0\0"));
        refused("expected 3 bytes of header, found 2; this is not an npy file, or it was cut short",
                file("\u0093NUMPY\1\0\3\0{}"));
        refused("expected a header of at most 65535 bytes, found a length of 4294967295",
                file("\u0093NUMPY\2\0\u00ff\u00ff\u00ff\u00ff{}"));
        refused("expected 8 bytes for F32 [2], found 7", file(1, TWO_FLOATS, new byte[7]));
        refused("expected 8 bytes for F32 [2], found 9", file(1, TWO_FLOATS, new byte[9]));
        refused("expected an npy file, found nothing of this name", folder.resolve("none"));
        refused("expected an npy file, found a directory or device", folder);
        Path truths = file(1, "{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }", new byte[] {1, 2});
        assertMessage("expected truth values of 0 or 1, found 2", () -> Npy.loadIntegers(truths));
    }

    @Test
    void aFileCutShortWhileItIsReadIsASentenceAndLeavesNoMemory() throws IOException {
        Path path = file("x".repeat(71));
        try (Scope scope = Scope.open(); FileChannel channel = FileChannel.open(path)) {
            // one byte more than the file has, as if it had shrunk after its size was asked
            for (StoredArray.Order order : StoredArray.Order.values()) {
                StoredArray stored = new StoredArray(StoredType.F32, Shape.of(2, 9), order);
                Source source = new ChannelSource("a.npy", channel, 0, 72);
                assertMessage("a.npy: expected 1 more bytes from byte 71, found the end of the file; it was cut short "
                        + "after it was opened", () -> Elements.load(scope, stored, source));
                assertEquals(0, scope.bytes());
            }
        }
    }

    @Test
    void aRangeOfAFileIsNeverLeft() throws IOException {
        Path path = file("abcdefgh");
        try (FileChannel channel = FileChannel.open(path)) {
            Source source = new ChannelSource("a.npy", channel, 2, 6);
            ByteBuffer bytes = ByteBuffer.allocate(3);
            source.read(bytes);
            assertArrayEquals(new byte[] {'c', 'd', 'e'}, bytes.array());
            assertEquals(1, source.remaining());
            assertMessage("a.npy: expected 2 more bytes, found 1", () -> source.read(ByteBuffer.allocate(2)));
        }
    }

    @Test
    void extentsZeroNextToHugeOnesAreEmptyArrays() throws IOException {
        String header = "{'descr': '<f4', 'fortran_order': True, 'shape': (0, 4611686018427387904, "
                + "4611686018427387904)}";
        try (Scope scope = Scope.open()) {
            NdArray empty = Npy.load(scope, file(1, header, new byte[0]));
            assertEquals(Shape.of(0, 1L << 62, 1L << 62), empty.shape());
            assertArrayEquals(new float[0], empty.toFloats());
        }
        Path integers = file(1, header.replace("<f4", "<i4"), new byte[0]);
        assertArrayEquals(new long[0], Npy.loadIntegers(integers));
    }

    @Test
    void manyAxesAreReadAndWritten() throws IOException {
        Path path = folder.resolve("many.npy");
        long[] ones = new long[1_000];
        Arrays.fill(ones, 1);
        ones[3] = 2;
        ones[997] = 3;
        try (Scope scope = Scope.open()) {
            Npy.write(path, NdArray.of(scope, Shape.of(ones), new float[] {1, 2, 3, 4, 5, 6}));
            NdArray read = Npy.load(scope, path);
            assertEquals(Shape.of(ones), read.shape());
            assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, read.toFloats());
            byte[] columns = Files.readString(path, StandardCharsets.ISO_8859_1).replace("False", "True ")
                    .getBytes(StandardCharsets.ISO_8859_1);
            Files.write(path, columns);
            assertArrayEquals(new float[] {1, 3, 5, 2, 4, 6}, Npy.load(scope, path).toFloats());
            NdArray tooMany = NdArray.zeros(scope, DType.F32, Shape.of(tooMany()));
            String message = assertThrows(IllegalArgumentException.class, () -> Npy.write(path, tooMany)).getMessage();
            assertEquals("npy: expected a header of at most 65535 bytes, found 90102 for a shape of 30000 axes",
                    message);
            assertArrayEquals(columns, Files.readAllBytes(path));
        }
    }

    private static long[] tooMany() {
        long[] ones = new long[30_000];
        Arrays.fill(ones, 1);
        return ones;
    }

    @Test
    void aWriteThatFailsLeavesTheOldFile() throws IOException {
        Path path = file("old");
        NdArray gone;
        try (Scope scope = Scope.open()) {
            gone = NdArray.zeros(scope, DType.F32, Shape.of(2));
            assertMessage("expected an existing directory", () -> Npy.write(folder.resolve("no/where"), gone));
        }
        assertThrows(IllegalStateException.class, () -> Npy.write(path, gone));
        assertEquals("old", Files.readString(path));
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(path), files.toList());
        }
    }

    @Test
    void filesOfMoreThanTwoGigabytes() throws IOException {
        long large = (1L << 31) + 8;
        String header = "{'descr': '|u1', 'fortran_order': False, 'shape': (%d,), }";
        Path path = file(1, header.formatted(large), new byte[0]);
        extend(path, large);
        assertEquals(Shape.of(large), Npy.stored(path).shape());
        assertMessage("expected at most 268435456 integers, found " + large, () -> Npy.loadIntegers(path));
        extend(path, 1);
        assertMessage("expected " + large + " bytes for U8 [" + large + "], found " + (large + 1),
                () -> Npy.stored(path));
    }

    @Test
    void columnsBeyondTwoToThe31AreRefusedBeforeMemoryIsTaken() throws IOException {
        Path path = file(1, "{'descr': '<f2', 'fortran_order': True, 'shape': (2147483648, 2), }", new byte[0]);
        extend(path, 1L << 33);
        try (Scope scope = Scope.open()) {
            assertMessage("expected extents of at most 2^31 - 1 in column-major order, found [2147483648, 2]; save "
                    + "it in row-major order", () -> Npy.load(scope, path));
            assertEquals(0, scope.peakBytes());
        }
    }

    /** Makes a file longer by a hole of the file system: nothing of this size is written. */
    private static void extend(Path path, long bytes) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[1]), channel.size() + bytes - 1);
        }
    }

    private void refusedHeader(String why, String header) throws IOException {
        refused(why, file(1, header, new byte[8]));
    }

    private static void refused(String why, Path path) {
        assertMessage(path + ": ", () -> Npy.stored(path));
        assertMessage(why, () -> Npy.stored(path));
        try (Scope scope = Scope.open()) {
            assertMessage(why, () -> Npy.load(scope, path));
            assertEquals(0, scope.peakBytes());
        }
        assertMessage(why, () -> Npy.loadIntegers(path));
    }

    private static void assertMessage(String part, Executable action) {
        String message = assertThrows(TensorFileException.class, action).getMessage();
        assertTrue(message.contains(part), message);
        assertFalse(message.contains("\n") || message.endsWith("."), message);
    }

    private static byte[] floats(float... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            bytes.putFloat(value);
        }
        return bytes.array();
    }

    private Path file(int version, String header, byte[] elements) throws IOException {
        return Files.write(folder.resolve("case.npy"), NpyFile.write(version, header, elements));
    }

    private Path file(String latin) throws IOException {
        return Files.write(folder.resolve("case.npy"), latin.getBytes(StandardCharsets.ISO_8859_1));
    }
}
