package tessella.golden;

import java.util.Map;
import tessella.autodiff.Losses;
import tessella.autodiff.Reductions;
import tessella.autodiff.Tensor;

/** Cross-entropies with the reductions of the files. */
final class LossAdapters {
    private LossAdapters() {}

    static Map<String, Adapter> all() {
        return Map.of(
                "softmax_cross_entropy", c -> c.out("y", reduced(c, Losses.softmaxCrossEntropy(c.in("logits"),
                        c.indices("labels"), c.attrs().real("label_smoothing")))),
                "softmax_cross_entropy_soft", c -> c.out("y",
                        reduced(c, Losses.softmaxCrossEntropy(c.in("logits"), c.in("targets")))),
                "sigmoid_bce", c -> c.out("y",
                        reduced(c, Losses.sigmoidCrossEntropy(c.in("logits"), c.in("targets")))));
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
