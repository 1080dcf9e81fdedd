package tessella.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tessella.engine.Samples.illegal;
import static tessella.engine.Samples.refused;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tessella.reference.ValueArbitraries;

/** Packed matrices: what they say of themselves, how long they live, and what is refused. */
@ExtendWith(MemoryReturned.class)
class PackedMatrixTest {
    private static NdArray normal(DType dtype, long seed, int... shape) {
        return Samples.contiguous(dtype, ValueArbitraries.normal(seed, shape));
    }

    private static NdArray zeros(DType dtype, long... dims) {
        return NdArray.zeros(Scope.current(), dtype, Shape.of(dims));
    }

    private static PackedMatrix packed(DType stored, Scope scope, NdArray b) {
        return stored == DType.BF16 ? PackedMatrix.bfloat16(scope, b) : PackedMatrix.of(scope, b);
    }

    /** What an array that is packed as this type holds before. */
    private static DType computed(DType stored) {
        return stored == DType.BF16 ? DType.F32 : stored;
    }

    /** Nothing is taken by what is refused. */
    private static void takesNothing(Executable refusal) throws Throwable {
        long before = Memory.inUse();
        refusal.execute();
        assertEquals(before, Memory.inUse(), "bytes taken by what was refused");
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F64", "BF16"})
    void saysWhatWasPackedAndHow(DType stored) {
        try (Scope scope = Scope.open()) {
            PackedMatrix b = packed(stored, scope, zeros(computed(stored), 5, 3, 4));
            assertEquals(Shape.of(5, 3, 4), b.shape());
            assertEquals(stored, b.dtype());
            assertEquals("packed " + stored + " [5, 3, 4]", b.toString());
            assertEquals(Shape.of(5, 2, 4), MatMul.multiply(zeros(computed(stored), 2, 3), b).shape());
        }
    }

    @Test
    void sixteenBitsTakeHalfTheBytes() {
        try (Scope scope = Scope.shared(); Scope _ = Scope.open()) {
            NdArray b = zeros(DType.F32, 256, 1024);
            PackedMatrix half = PackedMatrix.bfloat16(scope, b);
            long bytes = scope.bytes();
            half.free();
            PackedMatrix.of(scope, b);
            assertEquals(2 * bytes, scope.bytes());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F64", "BF16"})
    void whatTheArrayHoldsLaterDoesNotMatter(DType stored) {
        try (Scope scope = Scope.open()) {
            DType dtype = computed(stored);
            NdArray a = normal(dtype, 1, 3, 40);
            NdArray b = normal(dtype, 2, 40, 50);
            PackedMatrix packed = packed(stored, scope, b);
            double[] before = MatMul.multiply(a, packed).toDoubles();
            b.copyFrom(new double[40 * 50]);
            assertArrayEquals(before, MatMul.multiply(a, packed).toDoubles());
            b.free();
            assertArrayEquals(before, MatMul.multiply(a, packed).toDoubles());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F64", "BF16"})
    void memoryGoesWithTheScopeOrBefore(DType stored) {
        DType dtype = computed(stored);
        try (Scope _ = Scope.open()) {
            NdArray a = zeros(dtype, 2, 40);
            NdArray b = zeros(dtype, 40, 50);
            long before = Memory.inUse();
            PackedMatrix freed = packed(stored, Scope.current(), b);
            assertTrue(Memory.inUse() >= before + stored.bytes() * 40 * 50, "nothing was taken");
            freed.free();
            assertEquals(before, Memory.inUse());
            illegal(freed::free, "made by packing [40, 50]", "freed");
            illegal(() -> MatMul.multiply(a, freed), "matmul", stored + " array", "made by packing [40, 50]", "freed");
            illegal(() -> MatMul.multiply(a, freed, zeros(dtype, 50)), "linear", "made by packing [40, 50]", "freed");
            PackedMatrix ended;
            try (Scope inner = Scope.open()) {
                ended = packed(stored, inner, b);
            }
            assertEquals(0, MatMul.multiply(a, packed(stored, Scope.current(), b)).get(1, 1));
            illegal(() -> MatMul.multiply(a, ended), "matmul", "made by packing [40, 50]", "freed", "scope");
        }
    }

    @Test
    void aFreedOperandIsRefusedAndNothingTaken() throws Throwable {
        try (Scope scope = Scope.open()) {
            NdArray a = zeros(DType.F32, 2, 3);
            NdArray bias = zeros(DType.F32, 4);
            NdArray freed = zeros(DType.F32, 2, 3);
            freed.free();
            NdArray freedBias = zeros(DType.F32, 4);
            freedBias.free();
            PackedMatrix b = PackedMatrix.of(scope, zeros(DType.F32, 3, 4));
            PackedMatrix gone = PackedMatrix.of(scope, zeros(DType.F32, 3, 4));
            gone.free();
            takesNothing(() -> illegal(() -> MatMul.multiply(freed, b), "matmul", "float32 array [2, 3]", "freed"));
            takesNothing(() -> illegal(() -> MatMul.multiply(a, b, freedBias), "linear", "float32 array [4]", "freed"));
            takesNothing(() -> illegal(() -> MatMul.multiply(a, gone, bias), "linear", "packing [3, 4]", "freed"));
            takesNothing(() -> illegal(() -> PackedMatrix.of(scope, freed), "packing", "float32 array [2, 3]", "freed"));
            takesNothing(() -> illegal(() -> PackedMatrix.bfloat16(scope, freed), "packing", "float32 array [2, 3]", "freed"));
            Scope closed = Scope.shared();
            closed.close();
            takesNothing(() -> illegal(() -> PackedMatrix.of(closed, a), "packing [2, 3]", "scope", "closed"));
            takesNothing(() -> illegal(() -> PackedMatrix.bfloat16(closed, a), "packing [2, 3]", "scope", "closed"));
        }
    }

    @Test
    void whatCannotBePackedIsRefused() throws Throwable {
        try (Scope scope = Scope.open()) {
            for (DType dtype : DType.values()) {
                NdArray b = zeros(dtype, 3, 4);
                NdArray vector = zeros(dtype, 3);
                if (!dtype.isComputed()) {
                    takesNothing(() -> refused(() -> PackedMatrix.of(scope, b), "packing", "float32 or float64", dtype + " [3, 4]",
                            "to(DType.F32)"));
                } else {
                    takesNothing(() -> refused(() -> PackedMatrix.of(scope, vector), "packing", "[.., k, n]", "[3]"));
                }
                if (dtype != DType.F32) {
                    takesNothing(() -> refused(() -> PackedMatrix.bfloat16(scope, b), "packing", "expected float32", dtype + " [3, 4]",
                            "to(DType.F32)"));
                }
            }
            NdArray scalar = zeros(DType.F32);
            takesNothing(() -> refused(() -> PackedMatrix.bfloat16(scope, scalar), "packing", "[.., k, n]"));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F64", "BF16"})
    void whatDoesNotFitIsRefusedWithItsShape(DType stored) throws Throwable {
        DType dtype = computed(stored);
        DType other = dtype == DType.F32 ? DType.F64 : DType.F32;
        try (Scope scope = Scope.open()) {
            PackedMatrix b = packed(stored, scope, zeros(dtype, 3, 4));
            PackedMatrix many = packed(stored, scope, zeros(dtype, 5, 3, 4));
            NdArray a = zeros(dtype, 2, 3);
            NdArray batch = zeros(dtype, 2, 2, 3);
            NdArray narrow = zeros(dtype, 2, 4);
            NdArray vector = zeros(dtype, 3);
            NdArray wrong = zeros(other, 2, 3);
            NdArray half = zeros(DType.BF16, 2, 3);
            NdArray shortBias = zeros(dtype, 3);
            NdArray otherBias = zeros(other, 4);
            NdArray gaps = zeros(dtype, 4, 2).slice(1, 0, 1).reshape(Shape.of(4));
            String name = "packed " + stored + " [3, 4]";
            takesNothing(() -> refused(() -> MatMul.multiply(wrong, b), "matmul", "expected " + dtype + " times " + name,
                    "found " + other + " [2, 3]", "to(DType." + dtype.name() + ")"));
            takesNothing(() -> refused(() -> MatMul.multiply(half, b), "matmul", name, "found bfloat16 [2, 3]"));
            takesNothing(() -> refused(() -> MatMul.multiply(narrow, b), "matmul", "[.., k, n]", "[2, 4] times [3, 4]"));
            takesNothing(() -> refused(() -> MatMul.multiply(vector, b), "matmul", "[.., k, n]", "[3] times [3, 4]"));
            takesNothing(() -> refused(() -> MatMul.multiply(batch, many), "matmul", "broadcast", "[2]", "[5]"));
            takesNothing(() -> refused(() -> MatMul.multiply(a, b, shortBias), "linear", "bias [.., 4] with contiguous rows", "[3]"));
            takesNothing(() -> refused(() -> MatMul.multiply(a, b, gaps), "linear", "bias [.., 4] with contiguous rows"));
            takesNothing(() -> refused(() -> MatMul.multiply(a, b, otherBias), "linear", "one type", other + " [4]"));
        }
    }

    @Test
    void oneOfASharedScopeIsReadByAllThreads() throws Exception {
        List<double[]> found = new ArrayList<>();
        try (Scope shared = Scope.shared()) {
            PackedMatrix b;
            double[] expected;
            try (Scope _ = Scope.open()) {
                b = PackedMatrix.bfloat16(shared, normal(DType.F32, 2, 60, 70));
                expected = MatMul.multiply(normal(DType.F32, 1, 5, 60), b).toDoubles();
            }
            try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
                List<Future<double[]>> products = new ArrayList<>();
                for (int i = 0; i < 8; i++) {
                    products.add(threads.submit(() -> {
                        try (Scope _ = Scope.open()) {
                            return MatMul.multiply(normal(DType.F32, 1, 5, 60), b).toDoubles();
                        }
                    }));
                }
                for (Future<double[]> product : products) {
                    found.add(product.get());
                }
            }
            found.forEach(product -> assertArrayEquals(expected, product));
        }
    }

    @Test
    void oneOfAnotherThreadsScopeIsRefused() throws Exception {
        try (Scope scope = Scope.open(); ExecutorService other = Executors.newSingleThreadExecutor()) {
            PackedMatrix b = PackedMatrix.of(scope, zeros(DType.F32, 3, 4));
            other.submit(() -> {
                try (Scope _ = Scope.open()) {
                    NdArray a = zeros(DType.F32, 2, 3);
                    illegal(() -> MatMul.multiply(a, b), "matmul", "belongs to thread", "Scope.shared()");
                }
            }).get();
        }
    }
}
