package tessella.models.vit;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tessella.engine.Regularizer;
import tessella.models.moe.Balance;
import tessella.models.moe.Capacity;
import tessella.models.moe.ExpertsChoice;
import tessella.models.moe.Placement;
import tessella.models.moe.Priority;
import tessella.models.moe.SparseMoeConfig;
import tessella.models.moe.TokensChoice;
import tessella.models.nn.QkNorm;
import tessella.models.softmoe.SoftMoeConfig;
import tessella.models.topk.SoftExpertsChoice;
import tessella.models.topk.SoftTokensChoice;
import tessella.models.transport.TransportRouter;

/** Named configurations; parameter counts of all published ones are tested. */
final class Presets {
    /** Classes of JFT, on which the largest models were trained. */
    private static final int JFT = 29_593;
    /** Where a classifier of so many classes begins under the sigmoid loss: almost none of them is there. */
    private static final double SIGMOID_BIAS = -10;
    /** Classes of JFT-300M as V-MoE counts them. */
    private static final int JFT_300M = 18_291;
    /** Two experts a token, and just enough room for them, first for the tokens that the router is surest of; room in fours. */
    private static final TokensChoice V_MOE = new TokensChoice(2, new Capacity.Factor(1.05, Capacity.Rounding.UP, 4),
            Priority.LARGEST_GATE, Balance.V_MOE);
    /** As many tokens of an expert as all have on average. */
    private static final Capacity EVEN = new Capacity.Factor(1, Capacity.Rounding.HALF_EVEN, 1);
    private static final Map<String, VitConfig> ALL = new LinkedHashMap<>();

    static {
        // for two cores: 28 x 28 grey images, 49 tokens; fixed positions, for a table of N(0, 0.02) takes epochs to matter
        VitConfig tiny = new VitConfig(28, 28, 1, 4, 64, 4, 256, 4, 10, Position.SINCOS_2D, Head.GAP, QkNorm.LAYER_NORM, 0,
                null);
        ALL.put("vit-tiny", tiny);
        ALL.put("soft-moe-tiny", tiny.withMoe(new SoftMoeConfig(16, 3, 2)));
        // as many experts: tokens of 8 images choose two each, or experts choose as many tokens of an image as they have slots above
        ALL.put("v-moe-tiny", tiny.withMoe(new SparseMoeConfig(16, 2, Placement.ODD, 8, 1, V_MOE)));
        ALL.put("experts-choice-tiny", tiny.withMoe(new SparseMoeConfig(16, 2, Placement.LAST, 1, 1,
                new ExpertsChoice(EVEN))));
        // the same places, shared softly, or by transport plans
        ALL.put("soft-experts-choice-tiny", tiny.withMoe(new SparseMoeConfig(16, 2, Placement.LAST, 1, 1,
                new SoftExpertsChoice(EVEN, Regularizer.l2(0.3)))));
        ALL.put("soft-tokens-choice-tiny", tiny.withMoe(new SparseMoeConfig(16, 2, Placement.LAST, 1, 1,
                new SoftTokensChoice(1, Regularizer.l2(0.3)))));
        ALL.put("transport-experts-tiny", tiny.withMoe(new SparseMoeConfig(16, 2, Placement.LAST, 1, 1,
                TransportRouter.expertsChoose(EVEN, TransportRouter.Weights.GATES))));
        ALL.put("transport-tokens-tiny", tiny.withMoe(new SparseMoeConfig(16, 2, Placement.LAST, 1, 1,
                TransportRouter.tokensChoose(1, TransportRouter.Weights.GATES))));

        // Soft MoE paper, tables 1 and 8: GAP, learned positions, QK-norm, JFT-4B classes, one slot an expert
        published("s", 384, 12, 6, 16, 128, 6);
        published("s", 384, 12, 6, 14, 256, 6);
        published("b", 768, 12, 12, 16, 128, 6);
        published("l", 1024, 24, 16, 16, 128, 12);
        published("h", 1280, 32, 16, 14, 128, 16);
        published("h", 1280, 32, 16, 14, 256, 16);

        // V-MoE paper: 32 experts, class token, a representation before the classifier; every other block, or the last of those
        sparse("s32", 512, 8, 8, 32, 4);
        sparse("b32", 768, 12, 12, 32, 6);
        sparse("b16", 768, 12, 12, 16, 6);
        sparse("l32", 1024, 24, 16, 32, 12);
        sparse("l32-last2", 1024, 24, 16, 32, 2);
        sparse("l16", 1024, 24, 16, 16, 12);
        sparse("h14", 1280, 32, 16, 14, 16);
        sparse("h14-last5", 1280, 32, 16, 14, 5);
        ALL.put("v-moe-15b", new VitConfig(224, 224, 3, 14, 1408, 48, 6400, 16, JFT, Position.LEARNED, Head.CLS, QkNorm.NONE,
                -Math.log(JFT), new SparseMoeConfig(32, 24, Placement.ODD, 8, 1, V_MOE)));

        // ImageNet-1k, class token, learned positions; the shapes of the ViT and Scaling ViT papers and of big_vision
        dense("mu", 32, 1, 128, 2, 16);
        dense("ti", 192, 12, 768, 3, 16);
        dense("s", 384, 12, 1536, 6, 16, 32);
        dense("m", 512, 12, 2048, 8, 16);
        dense("b", 768, 12, 3072, 12, 8, 16, 32);
        dense("l", 1024, 24, 4096, 16, 16, 32);
        dense("so400m", 1152, 27, 4304, 16, 14);
        dense("h", 1280, 32, 5120, 16, 14);
        dense("giant", 1408, 40, 6144, 16, 14);
        dense("gigantic", 1664, 48, 8192, 16, 14);
        dense("e", 1792, 56, 15360, 16, 14);

        // as trained on JFT-3B and its successor: attention pooling, sigmoid loss; Scaling ViT, PaLI and ViT-22B papers
        pooled("giant14-jft", 1408, 40, 6144, 16, QkNorm.NONE, BlockForm.SEQUENTIAL);
        pooled("gigantic14-jft", 1664, 48, 8192, 16, QkNorm.NONE, BlockForm.SEQUENTIAL);
        pooled("e14-jft", 1792, 56, 15360, 16, QkNorm.NONE, BlockForm.SEQUENTIAL);
        pooled("22b14", 6144, 48, 24576, 48, QkNorm.LAYER_NORM, BlockForm.PARALLEL);
    }

    private Presets() {}

    private static void published(String size, int dim, int depth, int heads, int patch, int experts, int layers) {
        ALL.put("soft-moe-" + size + patch + "-" + experts + "e", new VitConfig(224, 224, 3, patch, dim, depth, 4 * dim, heads,
                JFT, Position.LEARNED, Head.GAP, QkNorm.LAYER_NORM, -Math.log(JFT), new SoftMoeConfig(experts, 1, layers)));
    }

    private static void sparse(String name, int dim, int depth, int heads, int patch, int layers) {
        ALL.put("v-moe-" + name, new VitConfig(224, 224, 3, patch, dim, depth, 4 * dim, heads, JFT_300M, Position.LEARNED,
                Head.CLS, QkNorm.NONE, BlockForm.SEQUENTIAL, -Math.log(JFT_300M),
                new SparseMoeConfig(32, layers, Placement.ODD, 8, 1, V_MOE), dim));
    }

    private static void dense(String size, int dim, int depth, int mlp, int heads, int... patches) {
        for (int patch : patches) {
            ALL.put("vit-" + size + patch, new VitConfig(224, 224, 3, patch, dim, depth, mlp, heads, 1000, Position.LEARNED,
                    Head.CLS, QkNorm.NONE, 0, null));
        }
    }

    private static void pooled(String name, int dim, int depth, int mlp, int heads, QkNorm qkNorm, BlockForm form) {
        ALL.put("vit-" + name, new VitConfig(224, 224, 3, 14, dim, depth, mlp, heads, JFT, Position.LEARNED, Head.MAP, qkNorm, form,
                SIGMOID_BIAS, null));
    }

    static List<String> names() {
        return List.copyOf(ALL.keySet());
    }

    static VitConfig of(String name) {
        VitConfig config = ALL.get(name);
        if (config == null) {
            throw new IllegalArgumentException("model: expected one of " + String.join(", ", ALL.keySet()) + ", found \"" + name
                    + "\"");
        }
        return config;
    }
}
