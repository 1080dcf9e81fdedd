package tessella.models.moe;

import tessella.autodiff.Softmax;
import tessella.autodiff.Tensor;

/**
 * What a router sees of a group of tokens: the logits of every expert for every token.
 *
 * @param clean x W [tokens, experts]
 * @param noisy the same with noise N(0, std^2); clean itself when there is none
 * @param std standard deviation of the noise, 0 for none
 */
public record GateLogits(Tensor clean, Tensor noisy, double std) {
    /**
     * Checks the shapes.
     *
     * @throws IllegalArgumentException if they are not those of a group, or there is noise without a deviation
     */
    public GateLogits {
        if (clean.shape().rank() != 2 || !clean.shape().equals(noisy.shape()) || !(std >= 0) || (std == 0) != (clean == noisy)) {
            throw new IllegalArgumentException("router: expected logits [tokens, experts], clean and noisy alike, and a "
                    + "standard deviation "
                    + "above 0 where they differ, found " + clean.shape() + ", " + noisy.shape() + " and " + std);
        }
    }

    /** Logits without noise. */
    public GateLogits(Tensor clean) {
        this(clean, clean, 0);
    }

    /** S, the tokens of the group. */
    public int tokens() {
        return Math.toIntExact(clean.dim(0));
    }

    /** E, the experts. */
    public int experts() {
        return Math.toIntExact(clean.dim(1));
    }

    /** g = softmax over experts of the noisy logits [tokens, experts], in the innermost scope. */
    public Tensor gates() {
        return Softmax.softmax(noisy, 1);
    }
}
