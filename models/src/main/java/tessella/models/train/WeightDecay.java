package tessella.models.train;

import java.util.List;

/** Rules of decay from the papers, to be multiplied by the learning rate; what no rule names does not decay. */
public final class WeightDecay {
    private WeightDecay() {}

    /** The rule of the Soft MoE paper: kernels and the router's scale decay, the classifier at its own rate, Phi does not. */
    public static ByName softMoe(double kernels, double head) {
        return new ByName(List.of(ByName.Rule.of("head\\.kernel", head), ByName.Rule.of(".*\\.kernel", kernels),
                ByName.Rule.of(".*\\.router\\.scale", kernels)), 0);
    }

    /** The rule of V-MoE: everything decays alike, biases, norms and positions too. */
    public static ByName everything(double decay) {
        return ByName.all(decay);
    }
}
