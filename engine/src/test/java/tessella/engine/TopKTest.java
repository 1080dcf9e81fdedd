package tessella.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Operands of sparse top-k and isotonic optimisation that were freed or do not fit, and what Dykstra's rows tell. */
@ExtendWith(MemoryReturned.class)
class TopKTest {
    private static final Regularizer L2 = Regularizer.l2(1);

    private interface Of {
        Object apply(NdArray x, NdArray other);
    }

    private static Stream<Of> ofOne() {
        double[] w = {1, 1, 0};
        return Stream.of((x, _) -> TopK.mask(x, 1, L2), (x, _) -> TopK.magnitude(x, 1, L2), (x, _) -> TopK.raw(x, 1, L2),
                (x, _) -> Isotonics.permutahedron(x, w, L2));
    }

    private static Stream<Of> ofTwo(TopK.Selection saved) {
        double[] w = {1, 1, 0};
        return Stream.of((x, dy) -> TopK.maskGradient(x, L2, saved, dy), (x, dy) -> TopK.magnitudeGradient(x, L2, saved, dy),
                (x, dy) -> TopK.rawGradient(x, L2, saved, dy), (x, y) -> TopK.value(x, y, L2), (x, y) -> TopK.gap(x, y, y, L2),
                (x, dy) -> Isotonics.permutahedronGradient(x, w, L2, dy), (s, u) -> Isotonics.mask(s, u, L2),
                (s, u) -> Isotonics.magnitude(s, u, L2), (s, u) -> Isotonics.dykstra(s, u, 3, 0),
                (s, dv) -> Isotonics.maskGradient(s, s, L2, dv), (s, dv) -> Isotonics.magnitudeGradient(s, s, L2, dv));
    }

    private static NdArray full(DType dtype, long... dims) {
        return NdArray.full(Scope.current(), dtype, Shape.of(dims), 1);
    }

    @Test
    void freedOperandsAreRefused() {
        try (Scope _ = Scope.open()) {
            NdArray alive = full(DType.F64, 2, 3);
            NdArray freed = full(DType.F64, 2, 3);
            freed.free();
            TopK.Selection saved = TopK.mask(alive, 1, L2);
            ofOne().forEach(of -> assertThrows(IllegalStateException.class, () -> of.apply(freed, null)));
            ofTwo(saved).forEach(of -> {
                assertThrows(IllegalStateException.class, () -> of.apply(freed, alive));
                assertThrows(IllegalStateException.class, () -> of.apply(alive, freed));
            });
            saved.thresholds().free();
            assertThrows(IllegalStateException.class, () -> TopK.maskGradient(alive, L2, saved, alive));
        }
    }

    @Test
    void typesOfStorageAreRefused() {
        try (Scope _ = Scope.open()) {
            for (DType dtype : new DType[] {DType.BF16, DType.F16}) {
                NdArray x = full(DType.F64, 2, 3).to(dtype);
                Stream<Function<NdArray, Object>> masks = Stream.of(v -> TopK.mask(v, 1, L2), v -> TopK.magnitude(v, 1, L2),
                        v -> TopK.raw(v, 1, L2));
                masks.forEach(of -> assertThrows(IllegalArgumentException.class, () -> of.apply(x)));
            }
        }
    }

    @Test
    void cotangentsOfOtherShapesAndTypesAreRefused() {
        try (Scope _ = Scope.open()) {
            NdArray x = full(DType.F64, 2, 3);
            NdArray less = full(DType.F64, 1, 3);
            TopK.Selection saved = TopK.mask(x, 1, L2);
            TopK.Selection other = TopK.mask(less, 1, L2);
            assertEquals("topK mask gradient: expected a cotangent and a selection of shape [2, 3], found [1, 3] and [2, 3]",
                    assertThrows(IllegalArgumentException.class, () -> TopK.maskGradient(x, L2, saved, less)).getMessage());
            assertEquals("topK raw magnitude gradient: expected a cotangent and a selection of shape [2, 3], found [2, 3] and [1, 3]",
                    assertThrows(IllegalArgumentException.class, () -> TopK.rawGradient(x, L2, other, x)).getMessage());
            assertThrows(IllegalArgumentException.class, () -> TopK.magnitudeGradient(x, L2, saved, full(DType.F32, 2, 3)));
            assertEquals("isotonic mask gradient: expected a cotangent of shape [2, 3], found [1, 3]",
                    assertThrows(IllegalArgumentException.class, () -> Isotonics.maskGradient(x, x, L2, less)).getMessage());
            assertEquals("permutahedron mask gradient: expected a cotangent of shape [2, 3], found [1, 3]",
                    assertThrows(IllegalArgumentException.class, () -> Isotonics.permutahedronGradient(x, new double[3], L2, less))
                            .getMessage());
            assertEquals("topK value: expected masks of the shape of x [2, 3], found [1, 3] and [1, 3]",
                    assertThrows(IllegalArgumentException.class, () -> TopK.value(x, less, L2)).getMessage());
        }
    }

    @Test
    void oneRowOfDykstraThatHasNotConvergedIsTold() {
        try (Scope _ = Scope.open()) {
            NdArray s = NdArray.empty(Scope.current(), DType.F32, Shape.of(2, 30));
            double[] rows = new double[60];
            Arrays.setAll(rows, i -> i < 30 ? 30 - i : i);
            s.copyFrom(rows);
            NdArray u = full(DType.F32, 30);
            Isotonics.Approximation few = Isotonics.dykstra(s, u, 20, 1e-6);
            assertFalse(few.converged());
            assertTrue(few.violation() > 1e-6 && few.cycles() == 20);
            assertEquals(DType.F32, few.v().dtype());
            assertArrayEquals(Arrays.copyOf(rows, 30), Arrays.copyOf(few.v().toDoubles(), 30));
            Isotonics.Approximation many = Isotonics.dykstra(s, u, 100_000, 1e-9);
            assertTrue(many.converged());
            assertEquals(44.5, many.v().toDoubles()[59], 1e-5);
        }
    }
}
