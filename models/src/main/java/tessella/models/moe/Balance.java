package tessella.models.moe;

import static tessella.autodiff.Elementwise.scale;

import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import tessella.autodiff.Elementwise;
import tessella.autodiff.Softmax;
import tessella.autodiff.Tensor;

/**
 * How much each of the {@link BalanceLosses} counts; one of weight 0 is not computed.
 *
 * @param importance of the importance loss, 0.005 in V-MoE
 * @param load of the load loss, 0.005 in V-MoE; where there is no noise it is left out
 * @param gshard of the loss of GShard
 * @param z of the z-loss
 */
public record Balance(double importance, double load, double gshard, double z) {
    /** No loss. */
    public static final Balance NONE = new Balance(0, 0, 0, 0);
    /** Importance and load alike (V-MoE). */
    public static final Balance V_MOE = new Balance(0.005, 0.005, 0, 0);

    /** Checks the ranges. */
    public Balance {
        for (double weight : new double[] {importance, load, gshard, z}) {
            if (!(weight >= 0 && weight < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException("balance: expected weights of at least 0, found " + importance + ", " + load
                        + ", " + gshard + " and " + z);
            }
        }
    }

    /** Whether any loss counts. */
    public boolean isAny() {
        return !equals(NONE);
    }

    /** The weighted sum for a group whose tokens choose so many experts each, a scalar; empty if no loss counts. */
    Optional<Tensor> of(GateLogits logits, int chosen) {
        return Stream.of(
                term(importance, () -> BalanceLosses.importance(Softmax.softmax(logits.clean(), 1))),
                term(logits.std() == 0 ? 0 : load, () -> BalanceLosses.load(logits, chosen)),
                term(gshard, () -> BalanceLosses.gshard(logits.gates())),
                term(z, () -> BalanceLosses.routerZ(logits.clean()))).flatMap(Optional::stream).reduce(Elementwise::add);
    }

    private static Optional<Tensor> term(double weight, Supplier<Tensor> loss) {
        return weight == 0 ? Optional.empty() : Optional.of(scale(loss.get(), weight));
    }
}
