package tessella.engine.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TimeZone;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.reference.Array;
import tessella.reference.NpyFile;

final class NpzTest {
    private static final int LOCAL = 0x04034b50;
    private static final int ENTRY = 0x02014b50;
    private static final int END = 0x06054b50;

    /** numpy.savez of NumPy 2.4.6: {'b/k': np.float32([1.5, -2])}. */
    private static final String SAVED = """
            UEsDBC0AAAAAAAAAIQDWQ0sF//////////8HABQAYi9rLm5weQEAEACIAAAAAAAAAIgAAAAAAAAAk05VTVBZAQB2AHsnZGVzY3InOiAn
            PGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg
            ICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAMA/AAAAwFBLAQItAy0AAAAAAAAAIQDWQ0sFiAAAAIgAAAAHAAAAAAAAAAAAAACA
            AQAAAABiL2subnB5UEsFBgAAAAABAAEANQAAAMEAAAAAAA==""";
    /** numpy.savez_compressed: {'w': asfortranarray(arange(6.).reshape(2, 3)), 'labels': array([3, -1])}. */
    private static final String COMPRESSED = """
            UEsDBC0AAAAIAAAAIQDkyAZg//////////8FABQAdy5ucHkBABAAsAAAAAAAAABXAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6T
            ZqGuo6Cell9UUpSYF59flJIKEg8pKk0FChdnJBakArkaRjoKxpo6CrUK5AMuBhTA4QChP9hDaAEonwFKizgAAFBLAwQtAAAACAAAACEA
            Z97/aP//////////CgAUAGxhYmVscy5ucHkBABAAkAAAAAAAAABKAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TaaGuo6Cell9U
            UpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6mjoKtQoUAC5mBgj4DwUAUEsBAi0DLQAAAAgAAAAhAOTIBmBXAAAAsAAAAAUAAAAAAAAA
            AAAAAIABAAAAAHcubnB5UEsBAi0DLQAAAAgAAAAhAGfe/2hKAAAAkAAAAAoAAAAAAAAAAAAAAIABjgAAAGxhYmVscy5ucHlQSwUGAAAA
            AAIAAgBrAAAAFAEAAAAA""";

    @TempDir
    private Path folder;

    @Test
    void filesOfNumPyAreRead() throws IOException {
        Path path = file(Base64.getMimeDecoder().decode(SAVED));
        try (Scope scope = Scope.open(); Npz file = Npz.open(path)) {
            assertEquals(Set.of("b/k"), file.names());
            assertArrayEquals(new float[] {1.5f, -2}, file.load(scope, "b/k").toFloats());
        }
        path = file(Base64.getMimeDecoder().decode(COMPRESSED));
        try (Scope scope = Scope.open(); Npz file = Npz.open(path)) {
            assertEquals(List.of("labels", "w"), List.copyOf(file.names()));
            assertEquals("F64 [2, 3] column-major", file.stored("w").toString());
            assertArrayEquals(new double[] {0, 1, 2, 3, 4, 5}, file.load(scope, "w").toDoubles());
            assertArrayEquals(new long[] {3, -1}, file.loadIntegers("labels"));
            assertEquals(Set.of("w"), file.loadAll(scope).keySet());
            NdArray into = NdArray.zeros(scope, DType.F64, Shape.of(2, 3));
            file.loadInto(into, "w");
            assertArrayEquals(new double[] {0, 1, 2, 3, 4, 5}, into.toDoubles());
        }
    }

    @Test
    void oneArrayThatIsNotReadLeavesTheOthers() throws IOException {
        byte[] objects = NpyFile.write(1, "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", new byte[8]);
        Path path = file(zip(ZipEntry.DEFLATED, Map.of("a.npy", floats(1, 2), "meta.npy", objects)));
        try (Scope scope = Scope.open(); Npz file = Npz.open(path)) {
            assertArrayEquals(new float[] {1, 2}, file.load(scope, "a").toFloats());
            String sentence = path + ": array meta: expected a dtype of [<f8, <f4, <f2, <i8, <u8, <i4, <u4, <i2, "
                    + "<u2, |i1, |u1, |b1], found |O, pickled Python objects, which are never read; save each array "
                    + "in it by its own name";
            assertMessage(sentence, () -> file.stored("meta"));
            assertMessage(sentence, () -> file.load(scope, "meta"));
            long before = scope.bytes();
            assertMessage(sentence, () -> file.loadAll(scope));
            assertEquals(before, scope.bytes());
            assertMessage("expected an array named b, found 2 arrays of other names", () -> file.load(scope, "b"));
            assertMessage("array a: expected signed integers", () -> file.loadIntegers("a"));
            NdArray other = NdArray.zeros(scope, DType.F32, Shape.of(1, 2));
            assertMessage("array a: expected float32 [1, 2], found F32 [2]", () -> file.loadInto(other, "a"));
        }
    }

    @Test
    void equalArraysAreEqualBytesInAnyTimeZoneAndOrder() throws IOException {
        TimeZone zone = TimeZone.getDefault();
        byte[][] plain = new byte[2][];
        byte[][] packed = new byte[2][];
        try (Scope scope = Scope.open()) {
            NdArray a = NdArray.of(scope, Shape.of(2, 2), new float[] {1, 2, 3, 4});
            NdArray b = NdArray.of(scope, Shape.of(), new double[] {5});
            for (int i = 0; i < 2; i++) {
                TimeZone.setDefault(TimeZone.getTimeZone(i == 0 ? "Asia/Tokyo" : "America/Lima"));
                Map<String, NdArray> arrays = new LinkedHashMap<>();
                arrays.put(i == 0 ? "a" : "é/b", i == 0 ? a : b);
                arrays.put(i == 0 ? "é/b" : "a", i == 0 ? b : a);
                Path path = folder.resolve("w.npz");
                Npz.write(path, arrays);
                plain[i] = Files.readAllBytes(path);
                Npz.writeCompressed(path, arrays);
                packed[i] = Files.readAllBytes(path);
            }
        } finally {
            TimeZone.setDefault(zone);
        }
        assertArrayEquals(plain[0], plain[1]);
        assertArrayEquals(packed[0], packed[1]);
        assertEquals(List.of("a.npy", "é/b.npy"), List.copyOf(NpyFile.entries(plain[0]).keySet()));
        assertTrue(packed[0].length < plain[0].length, packed[0].length + " " + plain[0].length);
    }

    @Test
    void viewsAreWrittenAsTheyAreSeen() throws IOException {
        Path path = folder.resolve("views.npz");
        try (Scope scope = Scope.open()) {
            NdArray a = NdArray.of(scope, Shape.of(2, 3), new float[] {1, 2, 3, 4, 5, 6});
            Npz.write(path, Map.of("", a.transpose(), "row.npy", a.slice(0, 1, 2)));
            try (Npz file = Npz.open(path)) {
                assertEquals(Set.of("", "row.npy"), file.names());
                assertArrayEquals(new float[] {1, 4, 2, 5, 3, 6}, file.load(scope, "").toFloats());
                assertArrayEquals(new float[] {4, 5, 6}, file.load(scope, "row.npy").toFloats());
            }
        }
    }

    @Test
    void noArraysAreAFileToo() throws IOException {
        Path path = folder.resolve("none.npz");
        try (Scope scope = Scope.open()) {
            Npz.write(path, Map.of());
            try (Npz file = Npz.open(path)) {
                assertTrue(file.names().isEmpty() && file.loadAll(scope).isEmpty());
            }
        }
    }

    /** More than 65,535 entries take the end record of zip64. */
    @Test
    @Tag("one-width")
    void seventyThousandArraysAreWrittenAndRead() throws IOException {
        Path path = folder.resolve("many.npz");
        try (Scope scope = Scope.open()) {
            Map<String, NdArray> many = new HashMap<>();
            NdArray empty = NdArray.zeros(scope, DType.F32, Shape.of(0));
            for (int i = 0; i < 70_000; i++) {
                many.put("n" + i, empty);
            }
            Npz.write(path, many);
            try (Npz file = Npz.open(path)) {
                assertEquals(many.keySet(), file.names());
                assertEquals(Shape.of(0), file.stored("n69999").shape());
            }
        }
    }

    @Test
    void namesThatCannotBeKeptAreRefusedBeforeAnythingIsWritten() throws IOException {
        Path path = file("old".getBytes(StandardCharsets.UTF_8));
        try (Scope scope = Scope.open()) {
            NdArray a = NdArray.zeros(scope, DType.F32, Shape.of(1));
            for (String name : List.of("a\0b", "\ud800", "x".repeat(65_001), "é".repeat(32_501))) {
                String message = assertThrows(IllegalArgumentException.class, () -> Npz.write(path, Map.of(name, a)))
                        .getMessage();
                assertTrue(message.startsWith("npz: expected names of whole characters, without NUL, of at most "
                        + "65000 bytes in UTF-8, found ") && message.length() < 200
                        && message.indexOf('\0') < 0, message);
                assertEquals("old", Files.readString(path));
            }
            String longest = "x".repeat(65_000);
            Npz.write(path, Map.of(longest, a));
            try (Npz file = Npz.open(path)) {
                assertArrayEquals(new float[1], file.load(scope, longest).toFloats());
            }
        }
    }

    @Test
    void aWriteThatFailsLeavesTheOldFile() throws IOException {
        Path path = file("old".getBytes(StandardCharsets.UTF_8));
        NdArray gone;
        try (Scope scope = Scope.open()) {
            gone = NdArray.zeros(scope, DType.F32, Shape.of(2));
        }
        assertThrows(IllegalStateException.class, () -> Npz.write(path, Map.of("a", gone)));
        assertThrows(IllegalStateException.class, () -> Npz.writeCompressed(path, Map.of("a", gone)));
        assertEquals("old", Files.readString(path));
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(path), files.toList());
        }
    }

    @Test
    void everyFaultOfTheDirectoryIsOneSentence() throws IOException {
        byte[] zip = zip(ZipEntry.STORED, Map.of("a.npy", floats(1, 2)));
        int end = zip.length - 22;
        int entry = find(zip, ENTRY);
        refused("expected an npz file, found nothing of this name", folder.resolve("none"));
        refused("expected an npz file, found a directory or device", folder);
        refused("expected an npz file of at least 22 bytes, found 21", file(new byte[21]));
        refused("expected the end record of a zip directory, found none; this is not an npz file, or it was cut short",
                file(Arrays.copyOf(zip, zip.length - 1)));
        refused("found none; this is not an npz file", file(Arrays.copyOf(zip, zip.length + 1)));
        refused("expected a zip directory that ends at byte " + end + ", where its end record starts, found 51 "
                + "bytes at " + (entry + 1), file(with(zip, end + 16, 4, entry + 1)));
        refused("found 52 bytes at " + entry, file(with(zip, end + 12, 4, 52)));
        refused("found 4294967295 bytes at", file(with(zip, end + 12, 4, 0xffffffffL)));
        refused("expected 2 entries as the zip directory says, found 1",
                file(with(with(zip, end + 10, 2, 2), end + 8, 2, 2)));
        refused("expected a zip file in one part, found one of several", file(with(zip, end + 8, 2, 2)));
        refused("expected a zip file in one part, found one of several", file(with(zip, end + 4, 2, 1)));
        refused("expected an entry of the zip directory at byte " + entry + ", found none",
                file(with(zip, entry, 4, LOCAL)));
        refused("expected an entry of the zip directory of 65581 bytes at byte " + entry + ", found the end after 51",
                file(with(zip, entry + 28, 2, 65_535)));
        for (int flag : new int[] {1, 1 << 5, 1 << 6, 1 << 13}) {
            refused("entry a.npy: expected bytes as they are, found them encrypted", file(with(zip, entry + 8, 2, flag)));
        }
        refused("entry a.npy: expected it stored or deflated, found the zip method 14; save it with numpy.savez",
                file(with(zip, entry + 10, 2, 14)));
        refused("entry a.npy: expected its own header at byte 0, found another or none",
                file(with(zip, entry + 10, 2, 8)));
        refused("entry a.npy: expected its own header at byte 0, found another or none", file(with(zip, 0, 4, ENTRY)));
        refused("entry a.npy: expected its own header at byte 0, found another or none", file(with(zip, 30, 1, 'b')));
        refused("entry a.npy: expected its own header at byte 0, found another or none", file(with(zip, 26, 2, 4)));
        refused("entry a.npy: expected it before the zip directory at byte " + entry
                + ", found it at byte " + (entry - 29), file(with(zip, entry + 42, 4, entry - 29)));
        refused("entry a.npy: expected its bytes from byte 35 to end before the zip directory at byte " + entry
                + ", found 4294967295 of them", file(with(zip, entry + 20, 4, 0xffffffffL)));
        refused("entry a.npy: expected its bytes from byte 36 to end before", file(with(zip, 28, 2, 1)));
        refused("entry a.npy: expected a size that " + (entry - 35) + " stored bytes can have, found 4",
                file(with(zip, entry + 24, 4, 4)));
        refused("expected entries that end in .npy, found a.np\\u000a",
                file(with(with(zip, entry + 50, 1, '\n'), 34, 1, '\n')));
        refused("expected names of entries in UTF-8, found other bytes", file(with(zip, entry + 46, 1, 0xff)));
    }

    @Test
    void entriesThatShareANameOrBytesAreRefused() throws IOException {
        byte[] zip = zip(ZipEntry.STORED, Map.of("a.npy", floats(1, 2), "b.npy", floats(3, 4)));
        int first = find(zip, ENTRY);
        int second = first + 51;
        byte[] twice = zip.clone();
        int other = ByteBuffer.wrap(zip).order(ByteOrder.LITTLE_ENDIAN).getInt(second + 42);
        twice[second + 46] = zip[first + 46];
        twice[other + 30] = zip[first + 46];
        refused("expected each entry once, found " + (char) zip[first + 46] + ".npy twice", file(twice));
        // the second entry is moved into the first, whose elements are a local header of that name
        byte[] inside = with(zip, second + 42, 4, 40);
        System.arraycopy(zip, other, inside, 40, 35);
        refused("expected it from byte " + other + ", where the one before ends, found it at byte 40, an overlap",
                file(inside));
    }

    @Test
    void namesAreAsciiOrMarkedAsUtf8() throws IOException {
        byte[] zip = zip(ZipEntry.STORED, Map.of("é.npy", floats(1)));
        int entry = find(zip, ENTRY);
        try (Npz file = Npz.open(file(zip))) {
            assertEquals(Set.of("é"), file.names());
        }
        refused("expected names of entries in ASCII, or marked as UTF-8, found other bytes",
                file(with(zip, entry + 8, 2, 0)));
    }

    @Test
    void anArrayWhoseEntryIsLongerOrShorterThanItClaimsIsRefused() throws IOException {
        byte[] longer = Arrays.copyOf(floats(1, 2), floats(1, 2).length + 1);
        byte[] shorter = Arrays.copyOf(floats(1, 2), floats(1, 2).length - 1);
        for (int method : new int[] {ZipEntry.STORED, ZipEntry.DEFLATED}) {
            refusedArray("array a: expected 8 bytes for F32 [2], found 9", zip(method, Map.of("a.npy", longer)));
            refusedArray("array a: expected 8 bytes for F32 [2], found 7", zip(method, Map.of("a.npy", shorter)));
        }
    }

    @Test
    void bombsAreRefusedBeforeMemoryIsTaken() throws IOException {
        byte[] npy = NpyFile.write(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", new byte[1 << 20]);
        byte[] bomb = zip(ZipEntry.DEFLATED, Map.of("a.npy", npy));
        // the array claims two elements: the directory may say so too, or not
        refusedArray("array a: expected 8 bytes for F32 [2], found 1048576", bomb);
        int entry = find(bomb, ENTRY);
        refusedArray("array a: expected the end of what is deflated where the directory says it has all its bytes, "
                + "found more", with(bomb, entry + 24, 4, npy.length - (1 << 20) + 8));
        // a directory that claims more than deflated bytes can hold
        long packed = ByteBuffer.wrap(bomb).order(ByteOrder.LITTLE_ENDIAN).getInt(entry + 20);
        refused("entry a.npy: expected a size that " + packed + " deflated bytes can have, found 4294967294",
                file(with(bomb, entry + 24, 4, 0xfffffffeL)));
    }

    /** The limit against bombs lets through the most that deflate can do. */
    @Test
    void zerosAreDeflatedAsFarAsTheyCanBe() throws IOException {
        Path path = folder.resolve("zeros.npz");
        int size = 1 << 24;
        try (Scope scope = Scope.open()) {
            Npz.writeCompressed(path, Map.of("a", NdArray.zeros(scope, DType.F32, Shape.of(size))));
            assertTrue(4L * size / Files.size(path) > 1_000, "" + Files.size(path));
            try (Npz file = Npz.open(path)) {
                assertArrayEquals(new float[size], file.load(scope, "a").toFloats());
            }
        }
    }

    @Test
    void damagedBytesAreSentencesAndLeaveNoMemory() throws IOException {
        byte[] stored = zip(ZipEntry.STORED, Map.of("a.npy", floats(1, 2)));
        int entry = find(stored, ENTRY);
        byte[] damaged = stored.clone();
        damaged[entry - 1] ^= 1;
        refusedArray("; the file is damaged, fetch it again", damaged);
        refusedArray("array a: expected bytes of the CRC-32 00000001, found ", with(stored, entry + 16, 4, 1));
        byte[] integers = NpyFile.write(1, "<i4", NpyFile.Order.ROWS, Array.of(new int[] {2}, 1.0, 2.0));
        byte[] zip = zip(ZipEntry.STORED, Map.of("a.npy", integers));
        try (Npz file = Npz.open(file(with(zip, find(zip, ENTRY) + 16, 4, 1)))) {
            assertMessage("array a: expected bytes of the CRC-32 00000001, found ", () -> file.loadIntegers("a"));
        }
        byte[] packed = zip(ZipEntry.DEFLATED, Map.of("a.npy", floats(1, 2, 3, 4, 5, 6, 7, 8)));
        entry = find(packed, ENTRY);
        int bytes = ByteBuffer.wrap(packed).order(ByteOrder.LITTLE_ENDIAN).getInt(entry + 20);
        refusedArray("array a: expected deflated bytes, found invalid block type; the file is damaged",
                with(packed, 35, 1, 7));
        refusedArray("more bytes, found the end of what is deflated", with(packed, entry + 20, 4, bytes - 6));
        refusedArray("array a: expected the end of what is deflated, found its bytes cut short",
                with(packed, entry + 20, 4, bytes - 1));
        refusedArray("array a: expected the end of its bytes where what is deflated ends, found 3 more",
                with(packed, entry + 20, 4, bytes + 3));
    }

    /** What is deflated ends where a read of 64 KiB of it does, and bytes follow: no inflater has seen them. */
    @Test
    void bytesAfterWhatIsDeflatedAreRefusedWhereverItEnds() throws IOException {
        int size = 65_536 - 5; // one block as it is: five bytes, then these
        String header = "{'descr': '|u1', 'fortran_order': False, 'shape': (65460,), }";
        byte[] npy = NpyFile.write(1, header, new byte[65_460]);
        assertEquals(size, npy.length);
        ByteBuffer block = little(size + 5 + 3);
        block.put((byte) 1).putShort((short) size).putShort((short) ~size).put(npy);
        CRC32 crc = new CRC32();
        crc.update(npy);
        for (int more : new int[] {0, 3}) {
            byte[] zip = zip(ZipEntry.STORED, Map.of("a.npy", Arrays.copyOf(block.array(), size + 5 + more)));
            int entry = find(zip, ENTRY);
            zip = with(with(zip, 8, 2, ZipEntry.DEFLATED), entry + 10, 2, ZipEntry.DEFLATED);
            zip = with(with(zip, entry + 24, 4, size), entry + 16, 4, crc.getValue());
            try (Npz file = Npz.open(file(zip))) {
                if (more == 0) {
                    assertArrayEquals(new long[65_460], file.loadIntegers("a"));
                } else {
                    assertMessage("array a: expected the end of its bytes where what is deflated ends, found 3 more",
                            () -> file.loadIntegers("a"));
                }
            }
        }
    }

    @Test
    void aFileCutShortAfterOpeningIsASentence() throws IOException {
        for (int method : new int[] {ZipEntry.STORED, ZipEntry.DEFLATED}) {
            Path path = file(zip(method, Map.of("a.npy", floats(1, 2))));
            try (Scope scope = Scope.open(); Npz file = Npz.open(path)) {
                try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
                    channel.truncate(60);
                }
                assertMessage("found the end of the file; it was cut short after it was opened",
                        () -> file.load(scope, "a"));
                assertEquals(0, scope.bytes());
            }
        }
    }

    @Test
    void placesBeyondFourGigabytesAreRead() throws IOException {
        long hole = (1L << 32) + 8;
        byte[] npy = floats(2.5f);
        CRC32 crc = new CRC32();
        crc.update(npy);
        Path path = folder.resolve("large.npz");
        byte[] big = local("big.npy");
        byte[] last = local("last.npy");
        ByteBuffer directory = little(1_000);
        directory.put(entry("big.npy", 0, hole, 0));
        directory.put(entry("last.npy", (int) crc.getValue(), npy.length, big.length + hole));
        int length = directory.position();
        long start = big.length + hole + last.length + npy.length;
        directory.putInt(0x06064b50).putLong(44).putShort((short) 45).putShort((short) 45).putInt(0).putInt(0);
        directory.putLong(2).putLong(2).putLong(length).putLong(start);
        directory.putInt(0x07064b50).putInt(0).putLong(start + length).putInt(1);
        directory.putInt(END).putInt(0).putShort((short) 2).putShort((short) 2).putInt(length).putInt(-1);
        directory.putShort((short) 0).flip();
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(big), 0);
            // between these lies a hole of the file system: nothing of this size is written
            channel.write(ByteBuffer.wrap(last), big.length + hole);
            channel.write(ByteBuffer.wrap(npy), big.length + hole + last.length);
            channel.write(directory, start);
        }
        try (Scope scope = Scope.open(); Npz file = Npz.open(path)) {
            assertEquals(2.5, file.load(scope, "last").toFloats()[0]);
            assertMessage("array big: expected an npy file, which starts with", () -> file.stored("big"));
        }
        long record = start + length;
        refusedAt("expected the zip64 end record 56 bytes or more before byte " + (record + 56) + ", found it at byte "
                + "18446744073709551615", path, record + 56 + 8, 8, -1);
        refusedAt("expected a zip64 end record of 56 bytes at byte " + record, path, record + 4, 8, 45);
        refusedAt("expected a zip file in one part", path, record + 16, 4, 1);
        refusedAt("expected 3 entries as the zip directory says, found 2", path, record + 24, 16, 3);
        refusedAt("found 9223372036854775808 bytes at " + start, path, record + 40, 8, Long.MIN_VALUE);
        refusedAt("found " + length + " bytes at 18446744073709551615", path, record + 48, 8, -1);
        // the packed size of big, then the place of last, in their zip64 fields
        refusedAt("found 9223372036854775807 of them", path, start + 46 + 7 + 4 + 8, 8, Long.MAX_VALUE);
        refusedAt("found it at byte 9223372036854775807", path, record - 8, 8, Long.MAX_VALUE);
        refusedAt("expected an extra field of 65535 bytes, found 24", path, start + 46 + 7 + 2, 2, 65_535);
    }

    @Test
    void threadsLoadFromOneFile() throws Exception {
        Map<String, byte[]> entries = new HashMap<>();
        for (int i = 0; i < 8; i++) {
            float[] values = new float[20_000];
            Arrays.fill(values, i);
            entries.put(i + ".npy", floats(values));
        }
        Path path = file(zip(ZipEntry.DEFLATED, entries));
        try (Npz file = Npz.open(path); ExecutorService threads = Executors.newFixedThreadPool(4)) {
            Callable<float[]> each = () -> {
                float[] sums = new float[8];
                for (int i = 0; i < 8; i++) {
                    try (Scope scope = Scope.open()) {
                        for (float value : file.load(scope, "" + i).toFloats()) {
                            sums[i] += value / 20_000;
                        }
                    }
                }
                return sums;
            };
            for (Future<float[]> sums : threads.invokeAll(List.of(each, each, each, each))) {
                assertArrayEquals(new float[] {0, 1, 2, 3, 4, 5, 6, 7}, sums.get(), 0.01f);
            }
        }
    }

    private void refusedAt(String why, Path path, long at, int bytes, long value) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer old = little(bytes);
            channel.read(old, at);
            ByteBuffer changed = little(bytes);
            while (changed.hasRemaining()) {
                changed.put((byte) (value >> 8 * (changed.position() % 8)));
            }
            channel.write(changed.flip(), at);
            assertMessage(why, () -> Npz.open(path));
            channel.write(old.flip(), at);
        }
    }

    private static byte[] local(String name) {
        ByteBuffer out = little(30 + name.length());
        out.putInt(LOCAL).position(26);
        out.putShort((short) name.length()).putShort((short) 0);
        return out.put(name.getBytes(StandardCharsets.UTF_8)).array();
    }

    /** An entry of the directory whose numbers are all in its zip64 field. */
    private static byte[] entry(String name, int crc, long size, long offset) {
        ByteBuffer out = little(46 + name.length() + 28);
        out.putInt(ENTRY).position(16);
        out.putInt(crc).putInt(-1).putInt(-1).putShort((short) name.length()).putShort((short) 28).position(42);
        out.putInt(-1).put(name.getBytes(StandardCharsets.UTF_8)).putShort((short) 1).putShort((short) 24);
        return out.putLong(size).putLong(size).putLong(offset).array();
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static byte[] with(byte[] bytes, int at, int count, long value) {
        byte[] out = bytes.clone();
        for (int i = 0; i < count; i++) {
            out[at + i] = (byte) (value >> 8 * i);
        }
        return out;
    }

    private static int find(byte[] bytes, int signature) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int at = 0;
        while (buffer.getInt(at) != signature) {
            at++;
        }
        return at;
    }

    private static byte[] floats(float... values) {
        return NpyFile.write(1, "<f4", NpyFile.Order.ROWS, Array.of(new int[] {values.length}, values));
    }

    private static byte[] zip(int method, Map<String, byte[]> entries) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            for (var item : entries.entrySet()) {
                ZipEntry entry = new ZipEntry(item.getKey());
                entry.setMethod(method);
                if (method == ZipEntry.STORED) {
                    CRC32 crc = new CRC32();
                    crc.update(item.getValue());
                    entry.setCrc(crc.getValue());
                    entry.setSize(item.getValue().length);
                }
                zip.putNextEntry(entry);
                zip.write(item.getValue());
                zip.closeEntry();
            }
        }
        return bytes.toByteArray();
    }

    private void refusedArray(String why, byte[] zip) throws IOException {
        Path path = file(zip);
        try (Scope scope = Scope.open(); Npz file = Npz.open(path)) {
            assertMessage(path + ": array a: ", () -> file.load(scope, "a"));
            assertMessage(why, () -> file.load(scope, "a"));
            assertEquals(0, scope.bytes());
        }
    }

    private static void refused(String why, Path path) {
        assertMessage(path + ": ", () -> Npz.open(path));
        assertMessage(why, () -> Npz.open(path));
    }

    private static void assertMessage(String part, Executable action) {
        String message = assertThrows(TensorFileException.class, action).getMessage();
        assertTrue(message.contains(part), message);
        assertFalse(message.contains("\n") || message.endsWith("."), message);
    }

    private Path file(byte[] bytes) throws IOException {
        return Files.write(folder.resolve("case.npz"), bytes);
    }
}
