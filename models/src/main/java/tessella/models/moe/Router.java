package tessella.models.moe;

import java.util.Optional;
import java.util.OptionalDouble;
import tessella.autodiff.Tensor;

/**
 * Decides which experts work on which tokens of a group, and what their outputs weigh. Immutable: any thread may route with it.
 * Whatever computes weights [tokens, experts] may be one, by a softmax, by a differentiable top-k or by a transport plan
 * ({@link Assignment#ofNonzeros}).
 */
public interface Router {
    /** Assigns the tokens of a group; what the assignment holds is in the innermost scope. */
    Assignment route(GateLogits logits);

    /** What the group adds to the loss of a training step, a scalar; empty if nothing. */
    default Optional<Tensor> loss(GateLogits logits) {
        return Optional.empty();
    }

    /** Whether {@link #loss} adds anything. */
    default boolean hasLoss() {
        return false;
    }

    /**
     * Refuses what it cannot work with; called when a model is configured.
     *
     * @param experts E
     * @param noise the deviation of the noise of training, times E
     * @throws IllegalArgumentException saying what does not fit
     */
    default void check(int experts, double noise) {}

    /** The router of hard choices that this one is compared with: as many, by the largest logits or gates; itself if its choices are hard. */
    default Router hard() {
        return this;
    }

    /**
     * How far what this router solves is off what it asks for, where it solves something: of a transport plan the largest difference from a
     * marginal, in masses of a token.
     */
    default OptionalDouble marginalError(GateLogits logits) {
        return OptionalDouble.empty();
    }

    /** A few words for people, such as "tokens choose 2, ...". */
    String describe();

    /**
     * Rows that all experts together have for a group of so many tokens: the most there can be, from which costs are counted.
     *
     * @throws IllegalArgumentException if such a group cannot be routed
     */
    long rows(long tokens, int experts);
}
