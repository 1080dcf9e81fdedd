package tessella.engine.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.reference.Array;
import tessella.reference.GoldenFile;
import tessella.reference.ShapeArbitraries;
import tessella.reference.ValueArbitraries;

class SafetensorsProperties {
    private static final String JSON = "0123456789[]{},:\"-.eFIU \\";
    private static Path path;

    @BeforeContainer
    static void makeFile() throws IOException {
        path = Files.createTempFile("tessella", ".safetensors");
    }

    @AfterContainer
    static void deleteFile() throws IOException {
        Files.delete(path);
    }

    @Provide
    Arbitrary<Map<String, Array>> tensors() {
        Arbitrary<String> names = Arbitraries.strings().ofMinLength(1).ofMaxLength(8)
                .filter(name -> name.chars().noneMatch(c -> Character.isSurrogate((char) c)));
        Arbitrary<int[]> shapes = Arbitraries.oneOf(ShapeArbitraries.shapes(0, 4),
                ShapeArbitraries.extentsWithZero().array(int[].class).ofSize(2));
        return Arbitraries.maps(names, ValueArbitraries.arrays(shapes)).ofMaxSize(6);
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void whatIsWrittenIsRead(@ForAll("tensors") Map<String, Array> tensors, @ForAll boolean wide,
            @ForAll @Size(max = 4) Map<String, Integer> numbers) throws IOException {
        Map<String, String> metadata = new HashMap<>();
        numbers.forEach((key, value) -> metadata.put(key.replaceAll("[\\ud800-\\udfff]", "?"), "" + value));
        try (Scope scope = Scope.open()) {
            Map<String, NdArray> arrays = new LinkedHashMap<>();
            tensors.forEach((name, x) -> arrays.put(name, wide == (name.length() % 2 == 0)
                    ? NdArray.of(scope, shape(x), x.data()) : NdArray.of(scope, shape(x), x.toFloats())));
            Safetensors.write(path, arrays, metadata);
            try (Safetensors file = Safetensors.open(path)) {
                assertEquals(metadata, file.metadata());
                Map<String, NdArray> read = file.loadAll(scope);
                assertEquals(tensors.keySet(), read.keySet());
                read.forEach((name, array) -> {
                    assertEquals(arrays.get(name).dtype(), array.dtype());
                    assertEquals(arrays.get(name).shape(), array.shape());
                    assertArrayEquals(tensors.get(name).data(), array.toDoubles());
                });
            }
            GoldenFile independent = GoldenFile.read(path);
            tensors.forEach((name, x) -> assertEquals(x, independent.array(name)));
        }
    }

    /** Whatever happens to the bytes, the reader reads or says one sentence: never another exception, never a crash. */
    @Property(tries = 10, edgeCases = EdgeCasesMode.NONE)
    void mutatedFilesAreReadOrRefused(@ForAll("tensors") Map<String, Array> tensors, @ForAll long seed)
            throws IOException {
        byte[] original;
        try (Scope scope = Scope.open()) {
            Map<String, NdArray> arrays = new LinkedHashMap<>();
            tensors.forEach((name, x) -> arrays.put(name, NdArray.of(scope, shape(x), x.toFloats())));
            Safetensors.write(path, arrays, Map.of("format", "pt"));
            original = Files.readAllBytes(path);
        }
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 1000; i++) {
            Files.write(path, mutate(original, random));
            try (Scope scope = Scope.open(); Safetensors file = Safetensors.open(path)) {
                file.loadAll(scope);
                for (StoredTensor tensor : file.tensors().values()) {
                    if (tensor.type().dtype() == null && tensor.type() != StoredType.U64) {
                        file.loadIntegers(tensor.name());
                    }
                }
            } catch (TensorFileException e) {
                assertTrue(e.getMessage().contains(path.toString()), e.getMessage());
            }
        }
    }

    private static byte[] mutate(byte[] original, SplittableRandom random) {
        byte[] bytes = original.clone();
        int header = Math.min(bytes.length, 8 + (bytes[0] & 0xff) + ((bytes[1] & 0xff) << 8));
        int changes = random.nextInt(1, 4);
        for (int i = 0; i < changes; i++) {
            // mostly the header, where a changed byte has meaning, and there mostly another character of JSON
            int at = random.nextInt(4) == 0 ? random.nextInt(bytes.length) : random.nextInt(header);
            int any = random.nextInt(256);
            bytes[at] = (byte) (random.nextInt(3) == 0 ? any : JSON.charAt(any % JSON.length()));
        }
        return switch (random.nextInt(5)) {
            case 0 -> Arrays.copyOf(bytes, random.nextInt(bytes.length));
            case 1 -> Arrays.copyOf(bytes, bytes.length + random.nextInt(1, 9));
            default -> bytes;
        };
    }

    private static Shape shape(Array x) {
        return Shape.of(Arrays.stream(x.shape()).asLongStream().toArray());
    }
}
