package tessella.engine.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import tessella.engine.Computed;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.reference.Array;
import tessella.reference.NpyFile;
import tessella.reference.ShapeArbitraries;
import tessella.reference.ValueArbitraries;

/** What is written is read, here and by the oracle; what the oracle writes in any form is read as it was meant. */
class NpyProperties {
    private static Path path;

    @BeforeContainer
    static void makeFile() throws IOException {
        path = Files.createTempFile("tessella", ".npy");
    }

    @AfterContainer
    static void deleteFile() throws IOException {
        Files.delete(path);
    }

    @Provide
    Arbitrary<int[]> shapes() {
        return Arbitraries.oneOf(ShapeArbitraries.shapes(0, 5),
                ShapeArbitraries.extentsWithZero().array(int[].class).ofSize(2));
    }

    @Provide
    Arbitrary<Array> arrays() {
        return ValueArbitraries.arrays(shapes());
    }

    @Provide
    Arbitrary<Array> integers() {
        return ValueArbitraries.arrays(shapes(), ValueArbitraries.Kind.TIES);
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void whatIsWrittenIsRead(@ForAll("arrays") Array x, @ForAll(supplier = Computed.class) DType dtype, @ForAll boolean turned)
            throws IOException {
        try (Scope scope = Scope.open()) {
            NdArray array = NdArray.empty(scope, dtype, shape(x));
            array.copyFrom(x.data());
            NdArray seen = turned && x.rank() > 1 ? array.transpose() : array;
            Npy.write(path, seen);
            NdArray read = Npy.load(scope, path);
            assertEquals(dtype, read.dtype());
            assertEquals(seen.shape(), read.shape());
            assertArrayEquals(seen.toDoubles(), read.toDoubles());
            byte[] bytes = Files.readAllBytes(path);
            Array independent = NpyFile.read(bytes);
            assertArrayEquals(seen.shape().dims(), shape(independent).dims());
            assertArrayEquals(seen.toDoubles(), independent.data());
            assertEquals(0, (bytes.length - x.size() * dtype.bytes()) % 64);
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void realsAreReadInEveryVersionTypeAndOrder(@ForAll("arrays") Array x,
            @ForAll @IntRange(min = 1, max = 3) int version, @ForAll NpyFile.Order order,
            @ForAll("realTypes") String type) throws IOException {
        Files.write(path, NpyFile.write(version, type, order, x));
        double[] want = Arrays.stream(x.data()).map(value -> type.equals("<f2")
                ? Float.float16ToFloat(Float.floatToFloat16((float) value)) : value).toArray();
        try (Scope scope = Scope.open()) {
            NdArray read = Npy.load(scope, path);
            assertEquals(type.equals("<f8") ? DType.F64 : DType.F32, read.dtype());
            assertEquals(shape(x), read.shape());
            assertArrayEquals(want, read.toDoubles());
            NdArray into = NdArray.full(scope, read.dtype(), read.shape(), 7);
            Npy.loadInto(into, path);
            assertArrayEquals(want, into.toDoubles());
            assertThrows(TensorFileException.class, () -> Npy.loadIntegers(path));
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void integersAreReadInEveryVersionTypeAndOrder(@ForAll("integers") Array x,
            @ForAll @IntRange(min = 1, max = 3) int version, @ForAll NpyFile.Order order,
            @ForAll("integerTypes") String type) throws IOException {
        Array kept = x.map(value -> switch (type) {
            case "|b1" -> value > 0 ? 1 : 0;
            case "|u1" -> 200 + value;
            case "<u2" -> 60_000 + value;
            case "<u4" -> 4e9 + value;
            case "<i8" -> 9e15 + value;
            default -> value;
        });
        Files.write(path, NpyFile.write(version, type, order, kept));
        assertArrayEquals(Arrays.stream(kept.data()).mapToLong(value -> (long) value).toArray(),
                Npy.loadIntegers(path));
        assertEquals(shape(x), Npy.stored(path).shape());
        try (Scope scope = Scope.open()) {
            assertThrows(TensorFileException.class, () -> Npy.load(scope, path));
            assertEquals(0, scope.bytes());
        }
    }

    @Provide
    Arbitrary<String> realTypes() {
        return Arbitraries.of("<f8", "<f4", "<f2");
    }

    @Provide
    Arbitrary<String> integerTypes() {
        return Arbitraries.of("<i8", "<i4", "<i2", "|i1", "|u1", "|b1", "<u4", "<u2");
    }

    private static Shape shape(Array x) {
        return Shape.of(Arrays.stream(x.shape()).asLongStream().toArray());
    }
}
