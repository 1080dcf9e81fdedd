package tessella.models.vit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import tessella.autodiff.Gradients;
import tessella.autodiff.Losses;
import tessella.autodiff.Parameter;
import tessella.autodiff.Reductions;
import tessella.autodiff.Tape;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.Regularizer;
import tessella.engine.json.Json;
import tessella.engine.transport.Cardinality;
import tessella.models.moe.Assignment;
import tessella.models.moe.Balance;
import tessella.models.moe.Capacity;
import tessella.models.moe.ExpertsChoice;
import tessella.models.moe.GateLogits;
import tessella.models.moe.Placement;
import tessella.models.moe.Priority;
import tessella.models.moe.Router;
import tessella.models.moe.Router;
import tessella.models.moe.SparseMoeConfig;
import tessella.models.moe.TokensChoice;
import tessella.models.nn.MixtureConfig;
import tessella.models.nn.QkNorm;
import tessella.models.softmoe.SoftMoeConfig;
import tessella.models.topk.SoftExpertsChoice;
import tessella.models.topk.SoftTokensChoice;
import tessella.models.transport.TransportRouter;

/** Published parameter counts, from shapes alone, and presets run at full width. */
class VitConfigTest {
    @AfterEach
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    private static VitConfig gap(VitConfig config, int side, int classes) {
        return new VitConfig(side, side, 3, config.patch(), config.dim(), config.depth(), config.mlp(), config.heads(), classes,
                config.position(), Head.GAP, config.qkNorm(), config.form(), 0, config.moe());
    }

    /** Parameters of everything but the classifier of a model that pools by the mean. */
    private static long trunk(VitConfig config) {
        return gap(config, config.height(), 1).parameterCount() - (config.dim() + 1L);
    }

    /** Multiply-adds of the same. */
    private static long trunkMultiplyAdds(VitConfig config, int side) {
        return gap(config, side, 1).multiplyAdds() - config.dim();
    }

    private static VitConfig resized(String name, int side, int classes) {
        VitConfig config = VitConfig.preset(name);
        return new VitConfig(side, side, 3, config.patch(), config.dim(), config.depth(), config.mlp(), config.heads(), classes,
                config.position(), config.head(), config.qkNorm(), config.form(), 0, config.moe());
    }

    @ParameterizedTest
    @CsvSource({
        // D, L, F, A, d; F is stored, not 4 D
        "vit-mu16, 32, 1, 128, 2, 16", "vit-ti16, 192, 12, 768, 3, 64", "vit-s16, 384, 12, 1536, 6, 64",
        "vit-m16, 512, 12, 2048, 8, 64", "vit-b16, 768, 12, 3072, 12, 64", "vit-l16, 1024, 24, 4096, 16, 64",
        "vit-so400m14, 1152, 27, 4304, 16, 72", "vit-h14, 1280, 32, 5120, 16, 80", "vit-giant14, 1408, 40, 6144, 16, 88",
        "vit-gigantic14, 1664, 48, 8192, 16, 104", "vit-e14, 1792, 56, 15360, 16, 112", "vit-22b14, 6144, 48, 24576, 48, 128"})
    void presetsHaveTheShapesOfTheTable(String name, int dim, int depth, int mlp, int heads, int headWidth) {
        VitConfig config = VitConfig.preset(name);
        assertEquals(List.of(dim, depth, mlp, heads, headWidth), List.of(config.dim(), config.depth(), config.mlp(),
                config.heads(), config.dim() / config.heads()));
        assertEquals(List.of(224, 224, 3), List.of(config.height(), config.width(), config.channels()));
    }

    @ParameterizedTest
    @EnumSource
    void gainsStartAtOneAndBiasesAtNothing(BlockForm form) {
        VitConfig config = new VitConfig(8, 8, 1, 4, 8, 2, 12, 2, 3, Position.LEARNED, Head.MAP, QkNorm.RMS_NORM, form, -10, null);
        try (VisionTransformer model = VisionTransformer.initialized(config, DType.F64, 1)) {
            for (Parameter parameter : model.parameters().all()) {
                String name = parameter.name();
                double expected = name.endsWith(".scale") ? 1 : name.equals("head.bias") ? -10 : 0;
                if (name.endsWith(".scale") || name.endsWith(".bias")) {
                    double[] values = new double[(int) parameter.shape().size()];
                    Arrays.fill(values, expected);
                    // the biases of an MLP are N(0, 1e-6)
                    assertArrayEquals(values, parameter.value().toDoubles(), name.contains("mlp") ? 1e-5 : 0, name);
                }
            }
        }
    }

    /** GFLOP with the places of the table. */
    private static void requireGflop(String table, long multiplyAdds) {
        BigDecimal gflop = BigDecimal.valueOf(2 * multiplyAdds, 9);
        assertEquals(table, gflop.setScale(new BigDecimal(table).scale(), RoundingMode.HALF_UP).toPlainString());
    }

    @ParameterizedTest
    @CsvSource({
        // trunk without head, class token and 1,000 classes; GFLOP of both: the shapes of the papers, by formula
        "vit-ti16, 5524032, 5717416, 2.49, 2.51", "vit-s16, 21664896, 22050664, 9.15, 9.20",
        "vit-b32, 87453696, 88224232, 8.64, 8.82", "vit-b16, 85797120, 86567656, 34.94, 35.13",
        "vit-l16, 303299584, 304326632, 122.5, 123.1", "vit-h14, 630762240, 632045800, 333.2, 334.6",
        "vit-giant14, 1011199616, 1012611432, 531.9, 534.1", "vit-gigantic14, 1842772352, 1844440680, 963.6, 967.5",
        "vit-e14, 3805417728, 3807214312, 1973.5, 1981.4"})
    void denseModelsHaveTheCountsOfTheTable(String name, long trunk, long whole, String trunkGflop, String gflop) {
        assertEquals(trunk, trunk(VitConfig.preset(name)));
        assertEquals(whole, VitConfig.preset(name).parameterCount());
        requireGflop(trunkGflop, trunkMultiplyAdds(VitConfig.preset(name), 224));
        requireGflop(gflop, VitConfig.preset(name).multiplyAdds());
    }

    @ParameterizedTest
    @CsvSource({
        // counts that the published code's own tests state
        "vit-s32, 22878952", "vit-b8, 86576872", "vit-l32, 306535400"})
    void otherPatchesHaveThePublishedCounts(String name, long whole) {
        assertEquals(whole, VitConfig.preset(name).parameterCount());
    }

    @ParameterizedTest
    @CsvSource({
        // GAP, 1,000 classes, no layer before the classifier: stated by the published code's own tests
        "vit-s16, 22049896", "vit-b16, 86566120", "vit-s32, 22878184", "vit-b32, 88222696"})
    void modelsThatPoolByTheMeanHaveThePublishedCounts(String name, long whole) {
        assertEquals(whole, gap(VitConfig.preset(name), 224, 1000).parameterCount());
    }

    @ParameterizedTest
    @CsvSource({"vit-b16, 86859496", "vit-b32, 88297192", "vit-l16, 304715752", "vit-s16, 22196584", "vit-ti16, 5790376"})
    void largerPicturesHaveMorePositions(String name, long whole) {
        assertEquals(whole, resized(name, 384, 1000).parameterCount());
    }

    @ParameterizedTest
    @CsvSource({
        // the trunk; patches of 14 make 27 x 27 of what papers call 384
        "vit-s16, 384, 30.9", "vit-b16, 384, 110.8", "vit-b32, 384, 25.9", "vit-l16, 384, 381.4", "vit-h14, 378, 1005.5",
        "vit-giant14, 378, 1592.4", "vit-gigantic14, 378, 2854.3", "vit-e14, 378, 5758"})
    void largerPicturesCostTheGflopOfTheTable(String name, int side, String gflop) {
        requireGflop(gflop, trunkMultiplyAdds(VitConfig.preset(name), side));
        requireGflop(gflop, trunkMultiplyAdds(VitConfig.preset(name), 384));
    }

    @ParameterizedTest
    @CsvSource({
        // AugReg files of ImageNet-21k (published: 37, 115, 391, 398, 1243 MiB); the last were fine-tuned (336.9)
        "vit-ti16, 224, 21843, 37.2", "vit-s16, 224, 21843, 114.7", "vit-b16, 224, 21843, 391.4", "vit-b32, 224, 21843, 397.7",
        "vit-l16, 224, 21843, 1242.4", "vit-b32, 384, 1000, 336.83"})
    void filesOfSinglePrecisionHaveTheSizesOfTheTable(String name, int side, int classes, String mebibytes) {
        BigDecimal size = BigDecimal.valueOf(4 * resized(name, side, classes).parameterCount()).divide(BigDecimal.valueOf(1 << 20));
        assertEquals(mebibytes, size.setScale(new BigDecimal(mebibytes).scale(), RoundingMode.HALF_UP).toPlainString());
    }

    @ParameterizedTest
    @CsvSource({
        // what papers and timm print, who count softmax, norms and GELU too; 0 classes: the trunk alone
        "vit-ti16, CLS, 1000, 2.52", "vit-s16, CLS, 1000, 9.22", "vit-b32, CLS, 1000, 8.82", "vit-b16, CLS, 1000, 35.2",
        "vit-l16, CLS, 1000, 123.2", "vit-h14, CLS, 1000, 334.8", "vit-giant14, CLS, 1000, 534.4",
        "vit-gigantic14, CLS, 1000, 967.9", "vit-giant14, GAP, 0, 533.1", "vit-gigantic14, GAP, 0, 965.3",
        "vit-e14-jft, MAP, 29593, 1980", "vit-s16, GAP, 29593, 9.2", "vit-b16, GAP, 29593, 35.1", "vit-l16, GAP, 29593, 122.9",
        "vit-h14, GAP, 29593, 334.2", "soft-moe-s16-128e, GAP, 29593, 8.6", "soft-moe-s14-256e, GAP, 29593, 13.2",
        "soft-moe-b16-128e, GAP, 29593, 32.0", "soft-moe-l16-128e, GAP, 29593, 111.1",
        "soft-moe-h14-128e, GAP, 29593, 284.6", "soft-moe-h14-256e, GAP, 29593, 342.4"})
    void publishedGflopAreAtMostFivePerMilleAway(String name, Head head, int classes, String published) {
        VitConfig config = head == Head.GAP ? gap(VitConfig.preset(name), 224, Math.max(1, classes)) : VitConfig.preset(name);
        assertEquals(head, config.head());
        long multiplyAdds = classes == 0 ? trunkMultiplyAdds(config, 224) : config.multiplyAdds();
        BigDecimal table = new BigDecimal(published);
        assertEquals(table.doubleValue(), 2e-9 * multiplyAdds, 0.005 * table.doubleValue() + 0.5 * table.ulp().doubleValue());
    }

    @ParameterizedTest
    @CsvSource({
        // trunk, attention pooling, classifier of 29,593, all: 3926M is how ViT-e was published; multiply-adds of the pooling
        "vit-giant14-jft, 1011199616, 25248768, 41696537, 1078144921, 1037008896",
        "vit-gigantic14-jft, 1842772352, 38360064, 49272345, 1930404761, 1451327488",
        "vit-e14-jft, 3805417728, 67924992, 53060249, 3926402969, 1706557440",
        "vit-22b14, 21750251520, 453058560, 181848985, 22385159065, 19707985920"})
    void modelsOfJftHaveTheCountsOfTheirParts(String name, long trunk, long pooling, long head, long whole,
            long poolingMultiplyAdds) {
        VitConfig config = VitConfig.preset(name);
        assertEquals(trunk, trunk(config));
        assertEquals(pooling, count(config, "map\\..*"));
        assertEquals(head, count(config, "head\\..*"));
        assertEquals(whole, config.parameterCount());
        assertEquals(poolingMultiplyAdds,
                config.multiplyAdds() - trunkMultiplyAdds(config, 224) - (long) config.dim() * config.classes());
    }

    /** Elements of the parameters whose whole name matches. */
    private static long count(VitConfig config, String pattern) {
        return VisionTransformer.specs(config).stream().filter(spec -> spec.name().matches(pattern))
                .mapToLong(spec -> spec.shape().size()).sum();
    }

    /** Dehghani et al., ViT-22B; 21743M, the published number, are the matrices of the blocks. */
    @Test
    void vit22bHasThePartsOfItsPaper() {
        VitConfig config = VitConfig.preset("vit-22b14");
        assertEquals(21_743_271_936L, count(config, "blocks\\..*\\.kernel"));
        assertEquals(453_021_952, count(config, "blocks\\.17\\..*"));
        assertEquals(150_994_944, count(config, "blocks\\.17\\.attention\\..*kernel"));
        assertEquals(301_989_888, count(config, "blocks\\.17\\.mlp\\..*kernel"));
        assertEquals(37_120, count(config, "blocks\\.17\\..*(bias|scale)"));
        assertEquals(3_618_816, count(config, "embedding\\..*"));
        assertEquals(1_572_864, count(config, "position"));
        assertEquals(6_144, count(config, "norm\\..*"));
        requireGflop("11211.7", trunkMultiplyAdds(config, 224));
        assertEquals(256 * 43.8, 2e-9 * trunkMultiplyAdds(config, 224), 256 * 0.05);
    }

    /** Names that checkpoints rely on: one gain a block, no biases in the attention, biases in the MLP. */
    @Test
    void aParallelBlockHasTheseParameters() {
        VitConfig config = VitConfig.preset("vit-22b14");
        assertEquals(List.of("norm.scale", "attention.query.kernel", "attention.key.kernel", "attention.value.kernel",
                "attention.out.kernel", "attention.query_norm.scale", "attention.key_norm.scale", "mlp.in.kernel", "mlp.in.bias",
                "mlp.out.kernel", "mlp.out.bias"),
                Block.specs(config, 0).stream().map(spec -> spec.name().replace("blocks.0.", "")).toList());
        assertEquals(List.of("norm1.scale", "norm1.bias", "norm2.scale", "norm2.bias"),
                Block.specs(VitConfig.preset("vit-b16"), 0).stream().map(spec -> spec.name().replace("blocks.0.", ""))
                        .filter(name -> name.startsWith("norm")).toList());
        assertEquals(List.of(), MapHead.specs(config).stream().filter(spec -> spec.name().contains("_norm")).toList());
    }

    @ParameterizedTest
    @CsvSource({
        // size, patch, trunk, with 29,593 classes, with 1,000; GFLOP with 29,593: Soft MoE paper, its dense models, QK-norm
        "s, 32, 22494720, 33888025, 22879720, 2.26", "s, 16, 21666432, 33059737, 22051432, 9.17",
        "s, 14, 21620352, 33013657, 22005352, 12.22", "s, 8, 21671040, 33064345, 22056040, 44.76",
        "b, 32, 87455232, 110212249, 88224232, 8.69", "b, 16, 85798656, 108555673, 86567656, 34.99",
        "l, 32, 305511424, 335844249, 306536424, 30.20", "l, 16, 303302656, 333635481, 304327656, 122.53",
        "h, 14, 630767360, 668675993, 632048360, 333.32"})
    void denseModelsOfTheSoftMoePaperHaveTheCountsOfTheTable(String size, int patch, long trunk, long jft, long imageNet,
            String gflop) {
        requireRow(size, patch, null, trunk, jft, imageNet, gflop);
    }

    @ParameterizedTest
    @CsvSource({
        // trunk, with 29,593 classes, with 1,000; GFLOP with 29,593: Soft MoE paper, tables 1 and 9
        "soft-moe-s16-128e, 922316166, 933709471, 922701166, 8.55", "soft-moe-s14-256e, 1830009222, 1841402527, 1830394222, 13.12",
        "soft-moe-b16-128e, 3684881670, 3707638687, 3685650670, 31.83",
        "soft-moe-l16-128e, 13096917004, 13127249829, 13097942004, 110.68",
        "soft-moe-h14-128e, 27280224016, 27318132649, 27281505016, 283.66",
        "soft-moe-h14-256e, 54139498256, 54177406889, 54140779256, 341.37"})
    void softMoeModelsHaveTheCountsOfTheTable(String name, long trunk, long jft, long imageNet, String gflop) {
        VitConfig config = VitConfig.preset(name);
        assertEquals(trunk, trunk(config));
        assertEquals(jft, config.parameterCount());
        assertEquals(imageNet, resized(name, 224, 1000).parameterCount());
        requireGflop(gflop, config.multiplyAdds());
    }

    @ParameterizedTest
    @CsvSource({
        // size, patch, experts of one slot, mixture layers, trunk, with 29,593 classes, with 1,000; GFLOP with 29,593
        "s, 32, 32, 6, 242340102, 253733407, 242725102, 2.04", "s, 16, 32, 6, 241511814, 252905119, 241896814, 6.94",
        "s, 8, 512, 6, 3645538182, 3656931487, 3645923182, 46.46", "b, 32, 32, 6, 965975046, 988732063, 966744046, 7.77",
        "b, 16, 512, 6, 14567134470, 14589891487, 14567903470, 55.65",
        "l, 32, 32, 12, 3428371468, 3458704293, 3429396468, 26.89"})
    void otherMixturesOfTheTableFollowFromTheirNumbers(String size, int patch, int experts, int layers, long trunk, long jft,
            long imageNet, String gflop) {
        requireRow(size, patch, new SoftMoeConfig(experts, 1, layers), trunk, jft, imageNet, gflop);
    }

    private static void requireRow(String size, int patch, SoftMoeConfig moe, long trunk, long jft, long imageNet, String gflop) {
        VitConfig dense = VitConfig.preset("vit-" + size + (size.equals("h") ? 14 : 16));
        VitConfig config = new VitConfig(224, 224, 3, patch, dense.dim(), dense.depth(), dense.mlp(), dense.heads(), 29_593,
                Position.LEARNED, Head.GAP, QkNorm.LAYER_NORM, 0, moe);
        assertEquals(trunk, trunk(config));
        assertEquals(jft, config.parameterCount());
        assertEquals(imageNet, gap(config, 224, 1000).parameterCount());
        requireGflop(gflop, config.multiplyAdds());
    }

    @ParameterizedTest
    @CsvSource({
        // dense twin, and with 32 experts; in thousands as published
        "v-moe-s32, 36466, 296895", "v-moe-b32, 102112, 980631", "v-moe-b16, 100455, 978975", "v-moe-l32, 325308, 3448168",
        "v-moe-l32-last2, 325308, 845785", "v-moe-l16, 323100, 3445960", "v-moe-h14, 655835, 7160836",
        "v-moe-h14-last5, 655835, 2688648"})
    void sparseModelsHaveThePublishedCounts(String name, long dense, long sparse) {
        VitConfig config = VitConfig.preset(name);
        assertEquals(18_291, config.classes());
        assertEquals(dense, Math.round(config.withMoe(null).parameterCount() / 1e3));
        assertEquals(sparse, Math.round(config.parameterCount() / 1e3));
    }

    @Test
    void theLargestSparseModelAndThoseThatWerePublishedHaveTheirCounts() {
        assertEquals(14_705_071_769L, VitConfig.preset("v-moe-15b").parameterCount());
        assertEquals(300_974_931, published(VitConfig.preset("v-moe-b16"), 6, 21_843, 0).parameterCount());
        assertEquals(56_999_400, published(VitConfig.preset("v-moe-s32"), 2, 1000, 512).parameterCount());
    }

    /** With 8 experts in so many blocks. */
    private static VitConfig published(VitConfig c, int layers, int classes, int representation) {
        SparseMoeConfig moe = (SparseMoeConfig) c.moe();
        return new VitConfig(224, 224, 3, c.patch(), c.dim(), c.depth(), c.mlp(), c.heads(), classes, c.position(), c.head(), c.qkNorm(),
                c.form(), 0, new SparseMoeConfig(8, layers, moe.placement(), moe.group(), moe.noise(), moe.router()), representation);
    }

    @ParameterizedTest
    @CsvSource({
        // model, its sparse layers, capacity factor; per cent of the multiply-adds of the dense ViT-H/14
        "v-moe-h14, 5, 1.05, 111.1", "v-moe-h14, 16, 1.05, 135.5", "v-moe-l16, 2, 1.05, 39.0", "v-moe-h14, 5, 0.5, 100.0"})
    void sparseModelsHaveThePublishedShareOfTheCostOfViTH(String name, int layers, double factor, double percent) {
        VitConfig config = VitConfig.preset(name);
        SparseMoeConfig moe = (SparseMoeConfig) config.moe();
        // the published shares are of capacities that are not brought to multiples of 4
        VitConfig exact = config.withMoe(new SparseMoeConfig(32, layers, moe.placement(), moe.group(), moe.noise(), new TokensChoice(2,
                new Capacity.Factor(factor, Capacity.Rounding.HALF_EVEN, 1), Priority.LARGEST_GATE, Balance.V_MOE)));
        long dense = VitConfig.preset("v-moe-h14").withMoe(null).multiplyAdds();
        assertEquals(percent, 100.0 * exact.multiplyAdds() / dense, 0.1);
    }

    /** Every parameter gets a gradient. */
    @ParameterizedTest
    @MethodSource("presets")
    void everyPresetRunsForwardAndBackwardAtFullWidthAndDepthOne(String name) {
        VitConfig full = VitConfig.preset(name);
        int side = 2 * full.patch();
        // two experts: their number is not the width
        MixtureConfig moe = switch (full.moe()) {
            case null -> null;
            // experts start alike: were all of them chosen, their gates would sum to 1 and the router get no gradient
            case SparseMoeConfig sparse -> new SparseMoeConfig(3, 1, Placement.LAST, 1, 0, sparse.router());
            default -> new SoftMoeConfig(2, 2, 1);
        };
        VitConfig shallow = new VitConfig(side, side, full.channels(), full.patch(), full.dim(), 1, full.mlp(), full.heads(), 3,
                full.position(), full.head(), full.qkNorm(), full.form(), full.headBias(), moe, full.representation());
        try (VisionTransformer model = VisionTransformer.initialized(shallow, DType.F32, 0)) {
            // a head of zeros would pass nothing back
            NdArray head = model.parameters().get("head.kernel").value();
            double[] values = new double[(int) head.size()];
            Arrays.setAll(values, Math::sin);
            head.copyFrom(values);
            List<String> without = new ArrayList<>();
            assertTrue(Double.isFinite(step(model, without)));
            // softmax does not see what all keys have in common: that gradient is zero but for rounding
            without.removeIf(parameter -> parameter.endsWith("key.bias"));
            assertEquals(List.of(), without, name);
        }
    }

    /** The loss of one picture; the names of the parameters whose gradient is not finite or zero join the list. */
    private static double step(VisionTransformer model, List<String> without) {
        VitConfig config = model.config();
        Shape shape = Shape.of(1, config.height(), config.width(), config.channels());
        double[] pixels = OracleParameters.normal(1, "picture", shape);
        try (Tape tape = Tape.record()) {
            NdArray picture = NdArray.empty(Scope.current(), DType.F32, shape);
            picture.copyFrom(pixels);
            Tensor loss = Reductions.mean(Losses.softmaxCrossEntropy(model.logits(Tensor.of(picture)), new int[] {2}, 0)).keep();
            Gradients gradients = tape.gradients(loss);
            for (Parameter parameter : model.parameters().all()) {
                double squares = gradients.of(parameter).withSegment(VitConfigTest::squares);
                if (!Double.isFinite(squares) || squares == 0) {
                    without.add(parameter.name());
                }
            }
            return loss.item();
        }
    }

    private static double squares(MemorySegment floats) {
        double sum = 0;
        for (long i = 0; i < floats.byteSize() / Float.BYTES; i++) {
            double value = floats.getAtIndex(ValueLayout.JAVA_FLOAT, i);
            sum += value * value;
        }
        return sum;
    }

    /** The presets whose widest block fits any machine; with -Plong ViT-22B too, which takes 8 GB. */
    static List<String> presets() {
        return VitConfig.presets().stream()
                .filter(name -> Boolean.getBoolean("tessella.long") || VitConfig.preset(name).dim() < 4096).toList();
    }

    @Test
    void sequentialBlocksAreWrittenAsBeforeThereWasAnotherForm() {
        VitConfig config = new VitConfig(8, 12, 1, 4, 8, 2, 12, 2, 10, Position.LEARNED, Head.GAP, QkNorm.LAYER_NORM, -0.5,
                new SoftMoeConfig(2, 3, 1));
        String json = "{\"height\":8,\"width\":12,\"channels\":1,\"patch\":4,\"dim\":8,\"depth\":2,\"mlp\":12,\"heads\":2,"
                + "\"classes\":10,\"position\":\"learned\",\"head\":\"gap\",\"qk_norm\":\"layer_norm\",\"head_bias\":-0.5,"
                + "\"moe\":{\"experts\":2,\"slots\":3,\"layers\":1,\"dispatch\":\"soft\",\"combine\":\"soft\"}}";
        assertEquals(json, Json.write(config.toJson()));
        assertEquals(config, VitConfig.fromJson(Json.parse(json)));
        assertEquals(BlockForm.SEQUENTIAL, VitConfig.fromJson(Json.parse(json)).form());
        VitConfig parallel = VitConfig.fromJson(Json.parse(json.replace("\"moe\"", "\"form\":\"parallel\",\"moe\"")));
        assertEquals(BlockForm.PARALLEL, parallel.form());
        assertEquals(json.replace("\"moe\"", "\"form\":\"parallel\",\"moe\""), Json.write(parallel.toJson()));
        assertMessage("configuration form: expected one of [sequential, parallel], found \"fused\"",
                () -> VitConfig.fromJson(Json.parse(json.replace("\"moe\"", "\"form\":\"fused\",\"moe\""))));
    }

    @Test
    void sparseMixturesAreWrittenWithTheirRouter() {
        VitConfig config = new VitConfig(8, 12, 1, 4, 8, 2, 12, 2, 10, Position.LEARNED, Head.GAP, QkNorm.LAYER_NORM, BlockForm.SEQUENTIAL, -0.5,
                new SparseMoeConfig(4, 1, Placement.ODD, 8, 1, new TokensChoice(2, new Capacity.Factor(1.05, Capacity.Rounding.UP, 4),
                        Priority.LARGEST_GATE, new Balance(0.005, 0.25, 0.5, 1))), 6);
        String json = "{\"height\":8,\"width\":12,\"channels\":1,\"patch\":4,\"dim\":8,\"depth\":2,\"mlp\":12,\"heads\":2,"
                + "\"classes\":10,\"position\":\"learned\",\"head\":\"gap\",\"qk_norm\":\"layer_norm\",\"head_bias\":-0.5,"
                + "\"representation\":6,\"moe\":{\"experts\":4,\"layers\":1,\"placement\":\"odd\",\"group\":8,\"noise\":1.0,"
                + "\"router\":\"tokens_choice\",\"chosen\":2,\"capacity\":{\"factor\":1.05,\"rounding\":\"up\",\"multiple_of\":4},"
                + "\"priority\":\"largest_gate\",\"balance\":{\"importance\":0.005,\"load\":0.25,\"gshard\":0.5,\"z\":1.0}}}";
        assertEquals(json, Json.write(config.toJson()));
        assertEquals(config, VitConfig.fromJson(Json.parse(json)));
        VitConfig fixed = config.withMoe(new SparseMoeConfig(4, 1, Placement.LAST, 1, 0, new ExpertsChoice(new Capacity.Fixed(3))));
        assertEquals(fixed, VitConfig.fromJson(Json.parse(Json.write(fixed.toJson()))));
        for (Router router : List.of(new SoftTokensChoice(2, new Regularizer(0.25, 4.0 / 3)),
                new SoftExpertsChoice(new Capacity.Fixed(3), Regularizer.l2(0.5)),
                TransportRouter.expertsChoose(new Capacity.Fixed(3), TransportRouter.Weights.PLAN),
                new TransportRouter(Cardinality.Side.ROWS, new Capacity.Fixed(1), 2, 7, TransportRouter.Weights.GATES))) {
            VitConfig other = config.withMoe(new SparseMoeConfig(4, 1, Placement.LAST, 1, 0, router));
            assertEquals(other, VitConfig.fromJson(Json.parse(Json.write(other.toJson()))));
        }
        assertEquals(6, fixed.representation(), "a representation stays");
        assertEquals(fixed.moe(), fixed.forImages(16, 16, 3, 4, 5).moe(), "capacities follow the tokens of a group");
        assertEquals(6, fixed.forImages(16, 16, 3, 4, 5).representation());
        assertMessage("configuration moe router: expected one of [tokens_choice, experts_choice, soft_tokens_choice, "
                + "soft_experts_choice, transport], found \"hash\"",
                () -> VitConfig.fromJson(Json.parse(json.replace("tokens_choice", "hash"))));
        assertMessage("configuration moe capacity rounding: expected one of [up, half_even], found \"down\"",
                () -> VitConfig.fromJson(Json.parse(json.replace("\"up\"", "\"down\""))));
        assertMessage("configuration moe balance: expected a field z, found [importance, load, gshard]",
                () -> VitConfig.fromJson(Json.parse(json.replace(",\"z\":1.0", ""))));
        assertMessage("there is no JSON of a router of ", () -> config.withMoe(new SparseMoeConfig(4, 1, Placement.LAST, 1, 0,
                new Router() {
                    @Override
                    public Assignment route(GateLogits logits) {
                        return Assignment.ofNonzeros(logits.clean());
                    }

                    @Override
                    public long rows(long tokens, int experts) {
                        return tokens;
                    }

                    @Override
                    public String describe() {
                        return "a router of a test";
                    }
                })).toJson());
    }

    @Test
    void aRepresentationIsReadByTheClassifier() {
        VitConfig config = new VitConfig(8, 8, 1, 4, 8, 1, 12, 2, 3, Position.LEARNED, Head.CLS, QkNorm.NONE, BlockForm.SEQUENTIAL, 0, null, 5);
        VitConfig without = new VitConfig(8, 8, 1, 4, 8, 1, 12, 2, 3, Position.LEARNED, Head.CLS, QkNorm.NONE, 0, null);
        assertEquals(8 * 5 + 5 + (5 - 8) * 3, config.parameterCount() - without.parameterCount());
        assertEquals(8 * 5 + (5 - 8) * 3, config.multiplyAdds() - without.multiplyAdds());
        try (VisionTransformer model = VisionTransformer.initialized(config, DType.F64, 1); Scope scope = Scope.open()) {
            double[] pixels = OracleParameters.normal(1, "picture", Shape.of(2, 8, 8, 1));
            Tensor pictures = Tensor.of(scope, Shape.of(2, 8, 8, 1), pixels);
            double[][] seen = new double[2][];
            model.logits(pictures, (name, value) -> {
                if (name.equals("representation") || name.equals("features")) {
                    seen[name.equals("features") ? 1 : 0] = value.toDoubles();
                }
            });
            assertEquals(10, seen[0].length);
            assertArrayEquals(Arrays.stream(seen[0]).map(Math::tanh).toArray(), seen[1], 1e-15);
            assertArrayEquals(seen[1], model.features(pictures).toDoubles());
        }
        assertMessage("vit: expected a representation of at least 1, or 0 for none, found -1", () -> new VitConfig(8, 8, 1, 4, 8, 1, 12, 2, 3,
                Position.LEARNED, Head.CLS, QkNorm.NONE, BlockForm.SEQUENTIAL, 0, null, -1));
    }

    @Test
    void theFormStaysWhenImagesAndMixturesChange() {
        VitConfig config = VitConfig.preset("vit-22b14");
        assertEquals(BlockForm.PARALLEL, config.forImages(28, 28, 1, 4, 10).form());
        assertEquals(BlockForm.PARALLEL, config.withMoe(new SoftMoeConfig(2, 2, 1)).form());
        assertEquals(config, config.withMoe(new SoftMoeConfig(2, 2, 1)).withMoe(null));
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
        assertMessage("soft moe: expected at most 4 mixture layers, found 5",
                () -> VitConfig.preset("vit-tiny").withMoe(new SoftMoeConfig(2, 2, 5)));
        assertMessage("capacity: expected room for at least 1 token of an expert, found 4 choices times 1.0 over 16 experts",
                () -> VitConfig.preset("experts-choice-tiny").forImages(8, 8, 1, 4, 10));
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
