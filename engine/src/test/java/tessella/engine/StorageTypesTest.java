package tessella.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tessella.engine.io.Npy;
import tessella.engine.io.Safetensors;

/** float16 and bfloat16 arrays: conversions of every pair of types, files, and what they refuse. */
@ExtendWith(MemoryReturned.class)
class StorageTypesTest {
    /** More than a task, and not a whole number of them. */
    private static final int N = 40_003;

    private static double[] values() {
        SplittableRandom random = new SplittableRandom(3);
        double[] out = new double[N];
        Arrays.setAll(out, i -> Math.scalb(random.nextDouble(-2, 2), random.nextInt(-20, 15)));
        out[0] = 1e300;
        out[1] = -0.0;
        out[2] = Double.NaN;
        // just above the middle between two bfloat16 numbers: rounding by way of float32 would go down to the even one
        out[3] = 1 + 0x1p-8 + 0x1p-40;
        out[4] = 1 + 0x1p-11 + 0x1p-40;
        return out;
    }

    /** A number rounded to the given bits of fraction, to nearest and even, by float64 arithmetic; normal range only. */
    private static double rounded(double x, int fraction) {
        double unit = Math.scalb(1.0, Math.getExponent(x) - fraction);
        return Math.rint(x / unit) * unit;
    }

    private static DoubleUnaryOperator reference(DType type) {
        return switch (type) {
            case F64 -> x -> x;
            case F32 -> x -> (float) x;
            case BF16 -> x -> x == 0 || Double.isNaN(x) ? x : Math.abs(x) > 3.4e38 ? x * Double.POSITIVE_INFINITY : rounded(x, 7);
            case F16 -> x -> x == 0 || Double.isNaN(x) ? x : Math.abs(x) >= 65520 ? x * Double.POSITIVE_INFINITY
                    : Math.abs(x) < 0x1p-14 ? Math.rint(x * 0x1p24) * 0x1p-24 : rounded(x, 10);
        };
    }

    @ParameterizedTest
    @EnumSource
    void everyPairOfTypesConvertsWithOneRounding(DType from) {
        try (Scope scope = Scope.open()) {
            NdArray x = NdArray.of(scope, Shape.of(N), values()).to(from);
            double[] held = x.toDoubles();
            assertArrayEquals(Arrays.stream(values()).map(reference(from)).toArray(), held, "to " + from);
            for (DType to : DType.values()) {
                NdArray y = x.to(to);
                assertEquals(to, y.dtype());
                assertArrayEquals(Arrays.stream(held).map(reference(to)).toArray(), y.toDoubles(), from + " to " + to);
                assertEquals(y.toDoubles()[7], y.get(7));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void arraysOfEveryTypeAreFilledAndCopied(DType type) {
        try (Scope scope = Scope.open()) {
            NdArray full = NdArray.full(scope, type, Shape.of(2, 3), 1.5);
            assertArrayEquals(new double[] {1.5, 1.5, 1.5, 1.5, 1.5, 1.5}, full.toDoubles());
            full.copyFrom(new float[] {1, 2, 3, 4, 5, 6});
            NdArray zeros = NdArray.zeros(scope, type, Shape.of(2, 3));
            zeros.copyFrom(full);
            assertArrayEquals(new double[] {1, 2, 3, 4, 5, 6}, zeros.toDoubles());
            assertEquals(5, zeros.slice(0, 1, 2).get(0, 1));
            assertArrayEquals(new double[] {1, 4, 2, 5, 3, 6}, zeros.transpose().to(DType.F64).toDoubles());
            assertEquals(6L * type.bytes(), (long) zeros.withSegment(s -> s.byteSize()));
        }
    }

    @Test
    void operatorsRefuseTypesOfStorageInASentence() {
        try (Scope scope = Scope.open()) {
            NdArray half = NdArray.zeros(scope, DType.BF16, Shape.of(4, 4));
            refused(() -> Pointwise.apply(Pointwise.Binary.ADD, half, half), "add", "bfloat16 [4, 4]", "to(DType.F32)");
            refused(() -> MatMul.multiply(half, half), "matmul", "bfloat16", "to(DType.F32)");
            refused(() -> Sums.sum(half, 1, 0), "sum", "bfloat16", "to(DType.F32)");
            refused(() -> Softmaxes.forward(half, 1), "softmax", "bfloat16", "to(DType.F32)");
            refused(() -> Gathers.select(half, 0, new int[] {1}), "indexSelect", "bfloat16", "to(DType.F32)");
        }
    }

    private static void refused(Executable action, String... parts) {
        String message = assertThrows(IllegalArgumentException.class, action).getMessage();
        for (String part : parts) {
            assertTrue(message.contains(part), "expected \"" + part + "\" in: " + message);
        }
    }

    @Test
    void filesKeepTheirSixteenBits(@TempDir Path directory) throws Exception {
        try (Scope scope = Scope.open()) {
            for (DType type : new DType[] {DType.F16, DType.BF16}) {
                NdArray x = NdArray.of(scope, Shape.of(N), values()).to(type);
                Path file = directory.resolve(type + ".safetensors");
                Safetensors.write(file, Map.of("x", x), Map.of());
                try (Safetensors stored = Safetensors.open(file)) {
                    assertEquals(type.name(), stored.tensors().get("x").type().name());
                    NdArray wide = stored.load(scope, "x");
                    assertEquals(DType.F32, wide.dtype());
                    assertArrayEquals(x.toFloats(), wide.toFloats());
                    NdArray same = NdArray.zeros(scope, type, Shape.of(N));
                    stored.loadInto(same, "x");
                    assertArrayEquals(x.toFloats(), same.toFloats());
                }
            }
            NdArray half = NdArray.of(scope, Shape.of(N), values()).to(DType.F16);
            Path npy = directory.resolve("half.npy");
            Npy.write(npy, half);
            assertArrayEquals(half.toFloats(), Npy.load(scope, npy).toFloats());
            refused(() -> Npy.write(directory.resolve("brain.npy"), half.to(DType.BF16)), "npy", "bfloat16", "safetensors");
        }
    }
}
