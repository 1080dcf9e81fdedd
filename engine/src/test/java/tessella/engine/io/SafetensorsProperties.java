package tessella.engine.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
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

    private static Shape shape(Array x) {
        return Shape.of(Arrays.stream(x.shape()).asLongStream().toArray());
    }
}
