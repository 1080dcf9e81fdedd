package tessella.models.vit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
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

    /** Parameters of everything but the classifier of a model that pools by the mean. */
    private static long trunk(VitConfig config) {
        VitConfig gap = new VitConfig(config.height(), config.width(), 3, config.patch(), config.dim(), config.depth(), config.mlp(),
                config.heads(), config.classes(), config.position(), Head.GAP, config.qkNorm(), 0, config.moe());
        return gap.parameterCount() - (config.dim() + 1L) * config.classes();
    }

    private static VitConfig resized(String name, int side, int classes) {
        VitConfig config = VitConfig.preset(name);
        return new VitConfig(side, side, 3, config.patch(), config.dim(), config.depth(), config.mlp(), config.heads(), classes,
                config.position(), config.head(), config.qkNorm(), 0, config.moe());
    }

    /** GFLOP as the tables round them. */
    private static void requireGflop(double table, VitConfig config) {
        double places = table > 900 ? 0.1 : table > 100 ? 0.1 : 0.01;
        assertEquals(table, 2e-9 * config.multiplyAdds(), 0.51 * places);
    }

    @ParameterizedTest
    @CsvSource({
        // trunk without head, class token and 1,000 classes; GFLOP of trunk and whole: the shapes of the papers, by formula
        "vit-ti16, 5524032, 5717416, 2.51", "vit-s16, 21664896, 22050664, 9.20", "vit-b32, 87453696, 88224232, 8.82",
        "vit-b16, 85797120, 86567656, 35.13", "vit-l16, 303299584, 304326632, 123.1", "vit-h14, 630762240, 632045800, 334.6",
        "vit-giant14, 1011199616, 1012611432, 534.1", "vit-gigantic14, 1842772352, 1844440680, 967.5",
        "vit-e14, 3805417728, 3807214312, 1981.4"})
    void denseModelsHaveTheCountsOfTheTable(String name, long trunk, long whole, double gflop) {
        assertEquals(trunk, trunk(VitConfig.preset(name)));
        assertEquals(whole, VitConfig.preset(name).parameterCount());
        requireGflop(gflop, VitConfig.preset(name));
    }

    @ParameterizedTest
    @CsvSource({
        // counts that the published code's own tests state
        "vit-s32, 22878952", "vit-b8, 86576872", "vit-l32, 306535400"})
    void otherPatchesHaveThePublishedCounts(String name, long whole) {
        assertEquals(whole, VitConfig.preset(name).parameterCount());
    }

    @ParameterizedTest
    @CsvSource({"vit-b16, 86859496", "vit-b32, 88297192", "vit-l16, 304715752", "vit-s16, 22196584", "vit-ti16, 5790376"})
    void largerPicturesHaveMorePositions(String name, long whole) {
        assertEquals(whole, resized(name, 384, 1000).parameterCount());
    }

    @ParameterizedTest
    @CsvSource({
        // trunk, with 29,593 classes, with 1,000; GFLOP with 29,593: Soft MoE paper, tables 1 and 9
        "soft-moe-s16-128e, 922316166, 933709471, 922701166, 8.55", "soft-moe-s14-256e, 1830009222, 1841402527, 1830394222, 13.12",
        "soft-moe-b16-128e, 3684881670, 3707638687, 3685650670, 31.83",
        "soft-moe-l16-128e, 13096917004, 13127249829, 13097942004, 110.7",
        "soft-moe-h14-128e, 27280224016, 27318132649, 27281505016, 283.7",
        "soft-moe-h14-256e, 54139498256, 54177406889, 54140779256, 341.4"})
    void softMoeModelsHaveTheCountsOfTheTable(String name, long trunk, long jft, long imageNet, double gflop) {
        VitConfig config = VitConfig.preset(name);
        assertEquals(trunk, trunk(config));
        assertEquals(jft, config.parameterCount());
        assertEquals(imageNet, resized(name, 224, 1000).parameterCount());
        requireGflop(gflop, config);
    }

    @ParameterizedTest
    @CsvSource({
        // size, patch, experts of one slot, mixture layers, trunk, GFLOP with 29,593 classes
        "s, 32, 32, 6, 242340102, 2.04", "s, 16, 32, 6, 241511814, 6.94", "s, 8, 512, 6, 3645538182, 46.46",
        "b, 32, 32, 6, 965975046, 7.77", "b, 16, 512, 6, 14567134470, 55.65", "l, 32, 32, 12, 3428371468, 26.89"})
    void otherMixturesOfTheTableFollowFromTheirNumbers(String size, int patch, int experts, int layers, long trunk, double gflop) {
        VitConfig dense = VitConfig.preset("vit-" + size + "16");
        VitConfig soft = new VitConfig(224, 224, 3, patch, dense.dim(), dense.depth(), dense.mlp(), dense.heads(), 29_593,
                Position.LEARNED, Head.GAP, QkNorm.LAYER_NORM, 0,
                new SoftMoeConfig(experts, 1, layers));
        assertEquals(trunk, trunk(soft));
        requireGflop(gflop, soft);
    }

    @ParameterizedTest
    @MethodSource("presets")
    void everyPresetRunsForwardAndBackwardAtFullWidthAndDepthOne(String name) {
        VitConfig full = VitConfig.preset(name);
        int side = 2 * full.patch();
        // two experts: their number is not the width
        SoftMoeConfig moe = full.moe() == null ? null : new SoftMoeConfig(2, 2, 1);
        VitConfig shallow = new VitConfig(side, side, full.channels(), full.patch(), full.dim(), 1, full.mlp(), full.heads(), 3,
                full.position(), full.head(), full.qkNorm(), full.headBias(), moe);
        try (VisionTransformer model = VisionTransformer.initialized(shallow, DType.F32, 0); Tape tape = Tape.record()) {
            Tensor images = Tensor.of(NdArray.full(Scope.current(), DType.F32, Shape.of(1, side, side, full.channels()), 0.5));
            Tensor loss = Reductions.mean(Losses.softmaxCrossEntropy(model.logits(images), new int[] {2}, 0)).keep();
            // a head of zeros passes nothing back; its own gradient shows that the pass ran
            double[] gradient = tape.gradients(loss).of(model.parameters().get("head.kernel")).toDoubles();
            assertTrue(Arrays.stream(gradient).allMatch(Double::isFinite));
            assertTrue(Arrays.stream(gradient).anyMatch(g -> g != 0), name);
            assertEquals(Math.log(3), loss.item(), 1e-5);
        }
    }

    static List<String> presets() {
        return VitConfig.presets();
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
