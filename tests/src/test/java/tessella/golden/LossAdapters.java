package tessella.golden;

import java.util.Map;
import tessella.autodiff.Contrastive;
import tessella.autodiff.Elementwise;
import tessella.autodiff.Losses;
import tessella.autodiff.Reductions;
import tessella.autodiff.Tensor;

/** Cross-entropies with the reductions of the files. */
final class LossAdapters {
    private LossAdapters() {}

    static Map<String, Adapter> all() {
        return Map.ofEntries(
                Map.entry("softmax_cross_entropy", c -> c.out("y", reduced(c, Losses.softmaxCrossEntropy(c.in("logits"),
                        c.indices("labels"), c.attrs().real("label_smoothing"))))),
                Map.entry("softmax_cross_entropy_soft", c -> c.out("y",
                        reduced(c, Losses.softmaxCrossEntropy(c.in("logits"), c.in("targets"))))),
                Map.entry("softmax_cross_entropy_z_loss", LossAdapters::zLoss),
                Map.entry("token_cross_entropy", c -> c.out("y", Losses.tokenCrossEntropy(c.in("logits"), c.indices("labels"),
                        c.file().array("in.weights").data(), c.attrs().real("z_loss")))),
                Map.entry("sigmoid_bce", c -> c.out("y",
                        reduced(c, Losses.sigmoidCrossEntropy(c.in("logits"), c.in("targets"))))),
                Map.entry("mse", c -> c.out("y", Losses.meanSquaredError(c.in("a"), c.in("b")))),
                Map.entry("contrastive", c -> pairs(c, Contrastive.softmaxLoss(logits(c)))),
                Map.entry("contrastive_masked", LossAdapters::masked),
                Map.entry("siglip", LossAdapters::siglip));
    }

    private static void zLoss(Case c) {
        Tensor z = c.in("logits");
        Tensor ce = Losses.softmaxCrossEntropy(z, c.indices("labels"), 0);
        c.out("y", reduced(c, Elementwise.add(ce, Elementwise.scale(Losses.zLoss(z), c.attrs().real("z_loss")))));
    }

    private static Tensor logits(Case c) {
        Tensor logits = Contrastive.logits(c.in("img"), c.in("txt"), c.param("log_t"), c.attrs().real("l2_eps"));
        c.out("logits", logits);
        return logits;
    }

    private static void pairs(Case c, Tensor loss) {
        c.out("loss", loss);
        c.out("y", loss);
    }

    private static void masked(Case c) {
        int[] mask = c.indices("mask");
        boolean[] real = new boolean[mask.length];
        for (int i = 0; i < real.length; i++) {
            real[i] = mask[i] != 0;
        }
        pairs(c, Contrastive.softmaxLoss(logits(c), real));
    }

    private static void siglip(Case c) {
        Tensor logits = Elementwise.add(logits(c), c.param("bias"));
        c.out("logits", logits);
        pairs(c, Contrastive.sigmoidLoss(logits));
    }

    private static Tensor reduced(Case c, Tensor losses) {
        String reduction = c.attrs().text("reduction");
        return switch (reduction) {
            case "mean", "sum over classes, mean over batch" -> Reductions.mean(losses);
            case "sum" -> Reductions.sum(losses);
            case "none", "sum over classes, no batch reduction" -> losses;
            default -> throw new IllegalArgumentException("reduction " + reduction);
        };
    }
}
