package tessella.models.vit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import tessella.autodiff.Parameter;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.engine.Random;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.models.nn.QkNorm;
import tessella.models.softmoe.SoftMoeConfig;

/** Models that keep packed copies of their kernels. */
class PackedModelTest {
    @AfterEach
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    private static VitConfig config(Head head, SoftMoeConfig moe) {
        return new VitConfig(8, 12, 3, 4, 40, 2, 72, 2, 7, Position.LEARNED, head, QkNorm.LAYER_NORM, 0, moe);
    }

    static Stream<VitConfig> configs() {
        return Stream.of(config(Head.CLS, null), config(Head.GAP, new SoftMoeConfig(4, 2, 1)), config(Head.MAP, null));
    }

    private static double[] logits(VisionTransformer model, DType dtype) {
        Random random = Random.of(3, "pictures");
        double[] values = new double[2 * 8 * 12 * 3];
        Arrays.setAll(values, random::normal);
        try (Scope scope = Scope.open()) {
            return model.logits(Tensor.of(NdArray.of(scope, Shape.of(2, 8, 12, 3), values).to(dtype))).toDoubles();
        }
    }

    @ParameterizedTest
    @MethodSource("configs")
    void aPackedModelHasTheBitsOfThePlainOne(VitConfig config) {
        for (DType dtype : new DType[] {DType.F32, DType.F64}) {
            try (VisionTransformer model = SharedModelTest.random(config, dtype)) {
                double[] plain = logits(model, dtype);
                model.pack();
                assertArrayEquals(plain, logits(model, dtype));
                // once more: the copies take the place of the first ones
                long bytes = model.parameters().bytes();
                model.pack();
                assertEquals(bytes, model.parameters().bytes());
                assertArrayEquals(plain, logits(model, dtype));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("configs")
    void oneOfBfloat16HasTheBitsOfTheRoundedOne(VitConfig config) {
        try (VisionTransformer model = SharedModelTest.random(config, DType.F32)) {
            long before = model.parameters().bytes();
            double[] plain = logits(model, DType.F32);
            model.packBfloat16();
            assertTrue(model.parameters().bytes() > before);
            double[] packed = logits(model, DType.F32);
            for (Parameter parameter : model.parameters().all()) {
                if (parameter.isFrozen()) {
                    parameter.unfreeze();
                    try (Scope _ = Scope.open()) {
                        parameter.value().copyFrom(parameter.value().to(DType.BF16).to(DType.F32));
                    }
                }
            }
            assertEquals(before, model.parameters().bytes(), "copies are returned");
            assertArrayEquals(logits(model, DType.F32), packed);
            assertTrue(!Arrays.equals(plain, packed));
        }
    }

    /** So every kernel is packed that a product of this model reads. */
    @ParameterizedTest
    @MethodSource("configs")
    void whatTheKernelsHoldLaterDoesNotMatter(VitConfig config) {
        try (VisionTransformer model = SharedModelTest.random(config, DType.F32)) {
            double[] plain = logits(model, DType.F32);
            model.pack();
            for (Parameter parameter : model.parameters().all()) {
                assertEquals(parameter.name().endsWith(".kernel"), parameter.isFrozen());
                if (parameter.isFrozen()) {
                    double[] nothing = new double[(int) parameter.shape().size()];
                    Arrays.fill(nothing, Double.NaN);
                    parameter.value().copyFrom(nothing);
                }
            }
            assertArrayEquals(plain, logits(model, DType.F32));
        }
    }

    @Test
    void aModelOfFloat64IsNotRounded() {
        try (VisionTransformer model = SharedModelTest.random(config(Head.CLS, null), DType.F64)) {
            RuntimeException e = assertThrows(IllegalArgumentException.class, model::packBfloat16);
            assertTrue(e.getMessage().contains("float32"), e.getMessage());
            assertTrue(model.parameters().all().stream().noneMatch(Parameter::isFrozen));
        }
    }

    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"F32", "F64"})
    void aVectorIsNotPacked(DType dtype) {
        try (Scope scope = Scope.open()) {
            Parameter vector = new Parameter("v", NdArray.full(scope, dtype, Shape.of(3), 1));
            assertThrows(IllegalArgumentException.class, () -> vector.pack(scope, dtype));
            Parameter matrix = new Parameter("w", NdArray.full(scope, dtype, Shape.of(3, 3), 1));
            DType other = dtype == DType.F32 ? DType.F64 : DType.F32;
            RuntimeException e = assertThrows(IllegalArgumentException.class, () -> matrix.pack(scope, other));
            assertTrue(e.getMessage().contains("pack: expected " + dtype) && e.getMessage().contains("w "), e.getMessage());
            assertTrue(!vector.isFrozen() && !matrix.isFrozen());
        }
    }
}
