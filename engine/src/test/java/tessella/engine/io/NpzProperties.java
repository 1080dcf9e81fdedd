package tessella.engine.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.reference.Array;
import tessella.reference.NpyFile;
import tessella.reference.ShapeArbitraries;
import tessella.reference.ValueArbitraries;

/** What is written is read, here and by java.util.zip with the oracle; what these write is read here. */
class NpzProperties {
    private static Path path;

    @BeforeContainer
    static void makeFile() throws IOException {
        path = Files.createTempFile("tessella", ".npz");
    }

    @AfterContainer
    static void deleteFile() throws IOException {
        Files.delete(path);
    }

    @Provide
    Arbitrary<Map<String, Array>> arrays() {
        Arbitrary<String> names = Arbitraries.strings().ofMaxLength(8)
                .filter(name -> name.chars().noneMatch(c -> c == 0 || Character.isSurrogate((char) c)));
        Arbitrary<int[]> shapes = Arbitraries.oneOf(ShapeArbitraries.shapes(0, 4),
                ShapeArbitraries.extentsWithZero().array(int[].class).ofSize(2));
        return Arbitraries.maps(names, ValueArbitraries.arrays(shapes)).ofMaxSize(5);
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void whatIsWrittenIsRead(@ForAll("arrays") Map<String, Array> arrays, @ForAll boolean compressed)
            throws IOException {
        try (Scope scope = Scope.open()) {
            Map<String, NdArray> written = new LinkedHashMap<>();
            arrays.forEach((name, x) -> written.put(name, name.length() % 2 == 0
                    ? NdArray.of(scope, shape(x), x.data()) : NdArray.of(scope, shape(x), x.toFloats())));
            if (compressed) {
                Npz.writeCompressed(path, written);
            } else {
                Npz.write(path, written);
            }
            try (Npz file = Npz.open(path)) {
                assertEquals(arrays.keySet(), file.names());
                Map<String, NdArray> read = file.loadAll(scope);
                assertEquals(arrays.keySet(), read.keySet());
                read.forEach((name, array) -> {
                    assertEquals(written.get(name).dtype(), array.dtype());
                    assertEquals(written.get(name).shape(), array.shape());
                    assertArrayEquals(arrays.get(name).data(), array.toDoubles());
                });
            }
            Map<String, Array> independent = new TreeMap<>();
            NpyFile.entries(Files.readAllBytes(path)).forEach((name, npy) ->
                    independent.put(name.replaceAll("[.]npy$", ""), NpyFile.read(npy)));
            assertEquals(new TreeMap<>(arrays), independent);
        }
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void whatOthersWriteIsRead(@ForAll("arrays") Map<String, Array> arrays, @ForAll NpyFile.Order order,
            @ForAll @IntRange(min = 1, max = 3) int version, @ForAll boolean stored, @ForAll boolean wide)
            throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            zip.setComment("from a test");
            for (var x : arrays.entrySet()) {
                ZipEntry entry = new ZipEntry(x.getKey() + ".npy");
                byte[] npy = NpyFile.write(version, wide ? "<f8" : "<f4", order, x.getValue());
                entry.setComment("an array");
                entry.setExtra("\u00fe\u00ca\4\0abcd".getBytes(StandardCharsets.ISO_8859_1));
                if (stored) {
                    CRC32 crc = new CRC32();
                    crc.update(npy);
                    entry.setCrc(crc.getValue());
                    entry.setSize(npy.length);
                    entry.setMethod(ZipEntry.STORED);
                }
                zip.putNextEntry(entry);
                zip.write(npy);
                zip.closeEntry();
            }
        }
        Files.write(path, bytes.toByteArray());
        try (Scope scope = Scope.open(); Npz file = Npz.open(path)) {
            Map<String, NdArray> read = file.loadAll(scope);
            assertEquals(arrays.keySet(), read.keySet());
            arrays.forEach((name, x) -> {
                assertEquals(shape(x), read.get(name).shape());
                assertArrayEquals(x.data(), read.get(name).toDoubles());
            });
        }
    }

    private static Shape shape(Array x) {
        return Shape.of(Arrays.stream(x.shape()).asLongStream().toArray());
    }
}
