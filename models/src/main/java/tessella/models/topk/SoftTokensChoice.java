package tessella.models.topk;

import static tessella.autodiff.Elementwise.mul;

import tessella.autodiff.SparseTopK;
import tessella.engine.Regularizer;
import tessella.models.moe.Assignment;
import tessella.models.moe.GateLogits;
import tessella.models.moe.Router;

/**
 * Tokens choose experts by the soft top-k mask (Sander et al. 2023): m_t = mask of the logits of token t over the experts, of sum K, and pair (t,
 * e) weighs m_te g_te, g the gates. Experts whose logits are within lambda of the last place share it. No expert drops a token, however many
 * choose it.
 *
 * @param chosen K, experts of each token
 * @param regularizer how softly
 */
public record SoftTokensChoice(int chosen, Regularizer regularizer) implements Router {
    /** Checks the number. */
    public SoftTokensChoice {
        if (chosen < 1) {
            throw new IllegalArgumentException("soft tokens choice: expected at least 1 chosen expert of a token, found " + chosen);
        }
    }

    @Override
    public Assignment route(GateLogits logits) {
        return Assignment.ofNonzeros(mul(SparseTopK.mask(logits.noisy(), chosen, regularizer), logits.gates()));
    }

    @Override
    public void check(int experts, double noise) {
        if (chosen > experts) {
            throw new IllegalArgumentException("soft tokens choice: expected at most " + experts
                    + " chosen experts, as many as there are, found " + chosen);
        }
    }

    @Override
    public Router hard() {
        return new SoftTokensChoice(chosen, new Regularizer(0, regularizer.p()));
    }

    @Override
    public String describe() {
        return "tokens choose " + chosen + " softly, lambda " + regularizer.lambda() + ", p " + regularizer.p();
    }

    /** Choices; pairs that share a place come on top, as many as there are experts at the most. */
    @Override
    public long rows(long tokens, int experts) {
        check(experts, 0);
        return tokens * chosen;
    }
}
