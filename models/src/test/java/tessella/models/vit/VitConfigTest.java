package tessella.models.vit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tessella.autodiff.Losses;
import tessella.autodiff.Reductions;
import tessella.autodiff.Tape;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.models.nn.QkNorm;
import tessella.models.softmoe.SoftMoeConfig;

/** Published parameter counts, from shapes alone, and presets run at full width. */
class VitConfigTest {
    @AfterEach
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    @ParameterizedTest
    @CsvSource({
        // Soft MoE paper, 29,593 classes
        "soft-moe-s16-128e, 933709471", "soft-moe-s14-256e, 1841402527", "soft-moe-b16-128e, 3707638687",
        "soft-moe-l16-128e, 13127249829", "soft-moe-h14-128e, 27318132649", "soft-moe-h14-256e, 54177406889",
        // class token, 1,000 classes
        "vit-ti16, 5717416", "vit-s16, 22050664", "vit-s32, 22878952", "vit-b16, 86567656", "vit-b32, 88224232",
        "vit-l16, 304326632", "vit-h14, 632045800"})
    void parameterCountsAreThePublishedOnes(String name, long count) {
        assertEquals(count, VitConfig.preset(name).parameterCount());
    }

    @ParameterizedTest
    @CsvSource({"soft-moe-s16-128e, 8.55", "soft-moe-b16-128e, 31.83", "soft-moe-l16-128e, 110.68", "soft-moe-h14-256e, 341.37",
        "vit-b16, 35.13", "vit-l16, 123.1"})
    void forwardCostIsTheComputedOne(String name, double gflop) {
        assertEquals(gflop, 2e-9 * VitConfig.preset(name).multiplyAdds(), 0.006 * (gflop > 120 ? 10 : 1));
    }

    @Test
    void aPublishedWidthRunsForwardAndBackwardAtDepthOne() {
        VitConfig b16 = VitConfig.preset("soft-moe-b16-128e");
        VitConfig shallow = new VitConfig(64, 64, 3, 16, b16.dim(), 1, b16.mlp(), b16.heads(), 10, b16.position(), b16.head(),
                b16.qkNorm(), b16.headBias(), new SoftMoeConfig(4, 4, 1));
        try (VisionTransformer model = VisionTransformer.initialized(shallow, DType.F32, 0); Tape tape = Tape.record()) {
            Tensor images = Tensor.of(NdArray.full(Scope.current(), DType.F32, Shape.of(1, 64, 64, 3), 0.5));
            Tensor loss = Reductions.mean(Losses.softmaxCrossEntropy(model.logits(images), new int[] {3}, 0)).keep();
            assertTrue(Arrays.stream(tape.gradients(loss).of(model.parameters().get("head.bias")).toDoubles())
                    .allMatch(Double::isFinite));
            assertEquals(Math.log(10), loss.item(), 1e-5);
        }
    }

    @Test
    void aConfigurationSurvivesJson() {
        for (String name : VitConfig.presets()) {
            assertEquals(VitConfig.preset(name), VitConfig.fromJson(VitConfig.preset(name).toJson()));
        }
    }

    @Test
    void whatDoesNotFitIsRefusedInASentence() {
        assertMessage("heads divide", () -> new VitConfig(8, 8, 1, 4, 10, 1, 4, 3, 2, Position.LEARNED, Head.GAP, QkNorm.NONE, 0,
                null));
        assertMessage("at least one patch", () -> new VitConfig(3, 8, 1, 4, 8, 1, 4, 2, 2, Position.LEARNED, Head.GAP, QkNorm.NONE, 0,
                null));
        assertMessage("that 4 divides", () -> new VitConfig(8, 8, 1, 4, 6, 1, 4, 2, 2, Position.SINCOS_2D, Head.GAP, QkNorm.NONE, 0,
                null));
        assertMessage("soft-moe-tiny", () -> VitConfig.preset("soft-moe-huge"));
        try (VisionTransformer model = VisionTransformer.initialized(VitConfig.preset("vit-tiny"), DType.F32, 0);
                Scope scope = Scope.open()) {
            assertMessage("expected images [batch, 28, 28, 1], found [2, 28, 28, 3]",
                    () -> model.logits(Tensor.of(NdArray.zeros(scope, DType.F32, Shape.of(2, 28, 28, 3)))));
        }
    }

    private static void assertMessage(String part, Runnable action) {
        String message = assertThrows(IllegalArgumentException.class, action::run).getMessage();
        assertTrue(message.contains(part), message);
    }
}
