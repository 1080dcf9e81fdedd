package tessella.models.topk;

import static tessella.autodiff.Elementwise.mul;
import static tessella.autodiff.Shapes.permute;

import tessella.autodiff.SparseTopK;
import tessella.autodiff.Tensor;
import tessella.engine.Regularizer;
import tessella.models.moe.Assignment;
import tessella.models.moe.Capacity;
import tessella.models.moe.GateLogits;
import tessella.models.moe.Router;

/**
 * Experts choose tokens by the soft top-k mask (Sander et al. 2023): m_e = mask of the logits of expert e over the tokens, of sum C, and pair
 * (t, e) weighs m_te g_te, g the gates. Tokens whose logits are within lambda of the last place share it, so the gradient reaches pairs that are
 * not selected whole, and an expert may have more than C tokens; where no two are so near it is {@link tessella.models.moe.ExpertsChoice}, but for
 * the order, which is that of the logits, not of the gates.
 *
 * @param capacity C of an expert, counted from S tokens, and at most S
 * @param regularizer how softly
 */
public record SoftExpertsChoice(Capacity capacity, Regularizer regularizer) implements Router {
    @Override
    public Assignment route(GateLogits logits) {
        Tensor byExpert = permute(logits.noisy(), 1, 0);                                // [E, S]
        Tensor mask = SparseTopK.mask(byExpert, room(logits.tokens(), logits.experts()), regularizer);
        return Assignment.ofNonzeros(mul(permute(mask, 1, 0), logits.gates()));         // [S, E]
    }

    private int room(int tokens, int experts) {
        return Math.min(tokens, capacity.of(tokens, experts));
    }

    @Override
    public Router hard() {
        return new SoftExpertsChoice(capacity, new Regularizer(0, regularizer.p()));
    }

    @Override
    public String describe() {
        return "experts choose softly, lambda " + regularizer.lambda() + ", p " + regularizer.p() + ", " + capacity.describe();
    }

    /** Places; pairs that share one come on top, as many as there are tokens at the most. */
    @Override
    public long rows(long tokens, int experts) {
        return (long) experts * room(Math.toIntExact(tokens), experts);
    }
}
