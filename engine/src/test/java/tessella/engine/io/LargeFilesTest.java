package tessella.engine.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.reference.NpyFile;

/** Arrays of more than 2 and 4 GiB, where there is room for them. */
@Tag("one-width")
@EnabledIfSystemProperty(named = "tessella.long", matches = "true")
final class LargeFilesTest {
    /** Elements of a little more than 2 GiB of float32. */
    private static final long TWO = (1L << 29) + 3;
    /** Elements of a little more than 4 GiB of float32. */
    private static final long FOUR = (1L << 30) + 3;

    @TempDir
    private Path folder;

    @BeforeEach
    void room() throws IOException {
        long disk = Files.getFileStore(folder).getUsableSpace();
        assumeTrue(disk > 6L << 30, "expected 6 GiB of disk, found " + disk);
        assumeTrue(Memory.budget() > 6L << 30, "expected a budget of 6 GiB of memory, found " + Memory.budget());
    }

    @Test
    void npyOfMoreThanTwoGigabytes() throws IOException {
        Path path = folder.resolve("large.npy");
        String header = "{'descr': '<f4', 'fortran_order': False, 'shape': (%d,), }\n".formatted(TWO);
        Files.write(path, NpyFile.write(1, header, new byte[0]));
        ends(path, Files.size(path), TWO);
        try (Scope scope = Scope.open()) {
            requireEnds(Npy.load(scope, path), TWO);
        }
    }

    @Test
    void safetensorsOfMoreThanTwoGigabytes() throws IOException {
        Path path = folder.resolve("large.safetensors");
        String header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[%d],\"data_offsets\":[0,%d]}}".formatted(TWO, 4 * TWO);
        ByteBuffer start = ByteBuffer.allocate(8 + header.length()).order(ByteOrder.LITTLE_ENDIAN);
        Files.write(path, start.putLong(header.length()).put(header.getBytes()).array());
        ends(path, Files.size(path), TWO);
        try (Scope scope = Scope.open(); Safetensors file = Safetensors.open(path)) {
            requireEnds(file.load(scope, "a"), TWO);
        }
    }

    /** Sizes and places beyond 4 GiB take the fields of zip64, for arrays that are stored and deflated. */
    @Test
    void npzOfMoreThanFourGigabytes() throws IOException {
        Path path = folder.resolve("large.npz");
        try (Scope scope = Scope.open()) {
            NdArray large = NdArray.zeros(scope, DType.F32, Shape.of(FOUR));
            NdArray one = NdArray.of(scope, Shape.of(), new float[] {3});
            for (boolean compressed : new boolean[] {true, false}) {
                large.slice(0, 0, 1).copyFrom(new float[] {1.5f});
                large.slice(0, FOUR - 1, FOUR).copyFrom(new float[] {2.5f});
                if (compressed) {
                    Npz.writeCompressed(path, Map.of("a", large, "b", one));
                    assertTrue(Files.size(path) < 1 << 24, "" + Files.size(path));
                } else {
                    Npz.write(path, Map.of("a", large, "b", one));
                    assertTrue(Files.size(path) > 4 * FOUR, "" + Files.size(path));
                }
                large.slice(0, 0, 1).copyFrom(new float[1]);
                large.slice(0, FOUR - 1, FOUR).copyFrom(new float[1]);
                try (Npz file = Npz.open(path)) {
                    file.loadInto(large, "a");
                    requireEnds(large, FOUR);
                    assertEquals(3, file.load(scope, "b").item());
                }
            }
        }
    }

    /** Sets the first and the last element; between them lies a hole of the file system. */
    private static void ends(Path path, long start, long size) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
            ByteBuffer value = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
            channel.write(value.putFloat(1.5f).flip(), start);
            channel.write(value.clear().putFloat(2.5f).flip(), start + 4 * (size - 1));
        }
    }

    private static void requireEnds(NdArray array, long size) {
        assertEquals(Shape.of(size), array.shape());
        assertEquals(1.5, array.get(0));
        assertEquals(0, array.get(1));
        assertEquals(0, array.get(size - 2));
        assertEquals(2.5, array.get(size - 1));
    }
}
