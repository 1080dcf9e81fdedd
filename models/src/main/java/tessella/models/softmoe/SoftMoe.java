package tessella.models.softmoe;

import static tessella.autodiff.LinearAlgebra.einsum;

import java.util.ArrayList;
import java.util.List;
import tessella.autodiff.Tensor;
import tessella.models.nn.Experts;
import tessella.models.nn.Layer;
import tessella.models.nn.Observer;
import tessella.models.nn.ParameterSpec;
import tessella.models.nn.Parameters;

/**
 * The Soft MoE layer (Puigcerver et al., From Sparse to Soft Mixtures of Experts, ICLR 2024): every slot is a convex
 * combination of all tokens of a sequence, every expert works on its own slots, every token is a convex combination of all
 * outputs. With m tokens, n experts of p slots, width d: X [m, d], D and C [m, n p].
 */
public final class SoftMoe implements Layer {
    private final String prefix;
    private final SoftRouter router;
    private final Experts experts;

    /** The layer whose parameters start with prefix. */
    public SoftMoe(Parameters parameters, String prefix, SoftMoeConfig config) {
        this(prefix, new SoftRouter(parameters, prefix + ".router", config), new Experts(parameters, prefix + ".experts"));
    }

    /** A layer of these parts; prefix names its observed values. */
    public SoftMoe(String prefix, SoftRouter router, Experts experts) {
        this.prefix = prefix;
        this.router = router;
        this.experts = experts;
    }

    /**
     * Its parameters. With learned dispatch all experts start bit-identical; without it they start independent, for else they would never
     * separate.
     */
    public static List<ParameterSpec> specs(String prefix, long width, long hidden, SoftMoeConfig config) {
        List<ParameterSpec> specs = new ArrayList<>(SoftRouter.specs(prefix + ".router", width, config));
        specs.addAll(Experts.specs(prefix + ".experts", width, hidden, config.experts(),
                config.dispatch() == Mixing.SOFT ? Experts.Start.IDENTICAL : Experts.Start.INDEPENDENT));
        return specs;
    }

    /**
     * Xt = D^T X (the tokens themselves, not the normalised ones that the logits see), Yt_j = f_{j div p}(Xt_j), Y = C Yt.
     * The observer sees prefix.dispatch and prefix.combine, both [b, m, n, p].
     */
    @Override
    public Tensor apply(Tensor x, Observer observer) {
        SoftRouter.Routing routing = router.route(x);                                   // D, C [b, m, n, p]
        observer.see(prefix + ".dispatch", routing.dispatch());
        observer.see(prefix + ".combine", routing.combine());
        Tensor slots = einsum("bmd,bmnp->nbpd", x, routing.dispatch());                 // Xt = D^T X
        Tensor outputs = experts.apply(slots);                                          // Yt [n, b, p, d]
        return einsum("nbpd,bmnp->bmd", outputs, routing.combine());                    // Y = C Yt
    }

    /** Multiply-adds for one sequence: 3 m n p d + 2 n p d h, whatever n is for a fixed number of slots n p. */
    public static long multiplyAdds(long tokens, long width, long hidden, SoftMoeConfig config) {
        long slots = (long) config.experts() * config.slots();
        return 3 * tokens * slots * width + 2 * slots * width * hidden;
    }
}
