package tessella.models.moe;

import static tessella.autodiff.Elementwise.add;
import static tessella.autodiff.Elementwise.div;
import static tessella.autodiff.Elementwise.erf;
import static tessella.autodiff.Elementwise.mul;
import static tessella.autodiff.Elementwise.scale;
import static tessella.autodiff.Elementwise.square;
import static tessella.autodiff.Elementwise.sub;
import static tessella.autodiff.Reductions.mean;
import static tessella.autodiff.Reductions.sum;
import static tessella.autodiff.Reductions.variance;

import tessella.autodiff.Indexing;
import tessella.autodiff.Losses;
import tessella.autodiff.Reductions;
import tessella.autodiff.Shapes;
import tessella.autodiff.Tensor;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;

/**
 * Losses of a group of S tokens that grow as the group is spread less evenly over E experts: scalars in the innermost scope. All
 * have a finite gradient at perfect balance, for no standard deviation is ever taken.
 */
public final class BalanceLosses {
    private BalanceLosses() {}

    /**
     * cv2(v) = variance(v) / mean(v)^2, the variance that of a population: 0 for equal elements, E - 1 for a single one that is
     * not 0. dv_e = 2 dy ((v_e - mean) / mean^2 - variance / mean^3) / E.
     */
    public static Tensor squaredVariation(Tensor v) {
        return div(variance(v, 0, 0), square(mean(v, 0)));
    }

    /**
     * The importance loss of gates [S, E] without noise: cv2 of their sums over tokens (Shazeer et al. 2017; V-MoE, appendix A).
     */
    public static Tensor importance(Tensor gates) {
        return squaredVariation(sum(gates, 0));
    }

    /**
     * The load loss: cv2 over experts of the mean over tokens of p_te, the probability that with new noise expert e would be
     * among the chosen: p_te = 1 - Phi((thr_t - clean_te) / std), thr_t the chosen-th largest noisy logit of token t, which has
     * its gradient (V-MoE, appendix A).
     *
     * @throws IllegalArgumentException if there is no noise, or no such expert
     */
    public static Tensor load(GateLogits logits, int chosen) {
        if (logits.std() == 0 || chosen < 1 || chosen > logits.experts()) {
            throw new IllegalArgumentException("load: expected noise and chosen experts in [1, " + logits.experts()
                    + "], found a standard deviation of " + logits.std() + " and " + chosen
                    + "; without noise use importance or gshard");
        }
        Tensor threshold = Shapes.slice(Indexing.topK(logits.noisy(), chosen).values(), 1, chosen - 1, chosen);   // [S, 1]
        Tensor margin = scale(sub(logits.clean(), threshold), 1 / (logits.std() * Math.sqrt(2)));                 // [S, E]
        Tensor one = Tensor.of(NdArray.full(Scope.current(), margin.dtype(), Shape.of(), 1));
        return squaredVariation(mean(scale(add(erf(margin), one), 0.5), 0));
    }

    /**
     * The loss of GShard: E sum_e f_e P_e, f_e the share of tokens whose largest gate is that of e, a constant, P_e the mean gate
     * of e (Lepikhin et al. 2020). 1 where f is uniform, at most E.
     */
    public static Tensor gshard(Tensor gates) {
        int experts = Math.toIntExact(gates.dim(1));
        int[] largest = Reductions.argmax(gates, 1);
        double[] f = new double[experts];
        for (int expert : largest) {
            f[expert] += (double) experts / largest.length;
        }
        NdArray shares = NdArray.empty(Scope.current(), gates.dtype(), Shape.of(experts));
        shares.copyFrom(f);
        return sum(mul(Tensor.of(shares), mean(gates, 0)));
    }

    /** The z-loss of logits [S, E]: the mean over tokens of logsumexp^2, which keeps them small (ST-MoE). */
    public static Tensor routerZ(Tensor logits) {
        return mean(Losses.zLoss(logits));
    }
}
