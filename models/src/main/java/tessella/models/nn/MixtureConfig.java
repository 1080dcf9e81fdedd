package tessella.models.nn;

import java.util.List;

/**
 * The mixtures of experts that stand in place of the MLPs of some blocks, all of one kind; a kind belongs to the package of its
 * paper.
 */
public interface MixtureConfig {
    /**
     * The blocks of [0, depth) that have a mixture, ascending.
     *
     * @throws IllegalArgumentException if there are fewer blocks than mixtures
     */
    List<Integer> blocks(int depth);

    /**
     * Refuses a model that it does not fit.
     *
     * @param depth blocks of the model
     * @param tokens tokens of an image
     * @throws IllegalArgumentException saying what does not fit
     */
    default void check(int depth, int tokens) {
        blocks(depth);
    }

    /** The parameters of a layer, whose names start with prefix. */
    List<ParameterSpec> specs(String prefix, long width, long hidden);

    /** The layer whose parameters start with prefix, of a model of so many tokens an image. */
    Layer layer(Parameters parameters, String prefix, int tokens);

    /** Whether its layers add to the loss of a training step. */
    boolean hasLoss();

    /** Multiply-adds of a layer for one image; matrix products only. */
    long multiplyAdds(long tokens, long width, long hidden);

    /** The same experts for images of another number of tokens. */
    MixtureConfig forTokens(int tokens);

    /** The same layers in another number of blocks. */
    MixtureConfig withLayers(int layers);

    /** A line for people, such as "16 experts x 3 slots in the last 2 blocks, dispatch soft, combine soft". */
    String describe();
}
