package tessella.models.moe;

import java.util.Arrays;
import java.util.stream.IntStream;
import tessella.autodiff.Tensor;

/**
 * The experts' shares of a group of S tokens: y_t = sum over the experts e that work on t of w_te f_e(x_t). Which tokens an
 * expert works on is a constant; the weights have a gradient, back to whatever computed them.
 */
public final class Assignment {
    private final Tensor weights;
    private final int[][] tokens;

    /**
     * An assignment of these pairs.
     *
     * @param weights w [S, E]; those of other pairs are not read, and get no gradient
     * @param tokens for each of the E experts the tokens it works on, in the order of its rows
     * @throws IllegalArgumentException if there is not a list for each expert, or one holds what is no token, or a token twice
     */
    public Assignment(Tensor weights, int[][] tokens) {
        if (weights.shape().rank() != 2 || weights.dim(1) != tokens.length) {
            throw new IllegalArgumentException("assignment: expected weights [tokens, experts] and a list of tokens for each "
                    + "expert, found " + weights.shape() + " and " + tokens.length + " lists");
        }
        int s = Math.toIntExact(weights.dim(0));
        this.weights = weights;
        this.tokens = new int[tokens.length][];
        for (int e = 0; e < tokens.length; e++) {
            this.tokens[e] = tokens[e].clone();
            boolean[] seen = new boolean[s];
            for (int token : this.tokens[e]) {
                if (token < 0 || token >= s || seen[token]) {
                    throw new IllegalArgumentException("assignment: expected tokens in [0, " + s + "), each once, for expert " + e
                            + ", found " + Arrays.toString(tokens[e]));
                }
                seen[token] = true;
            }
        }
    }

    /** The assignment of all pairs whose weight is not 0, the tokens of each expert ascending: weights [S, E]. */
    public static Assignment ofNonzeros(Tensor weights) {
        double[] w = weights.toDoubles();
        int experts = Math.toIntExact(weights.dim(1));
        int s = Math.toIntExact(weights.dim(0));
        return new Assignment(weights, IntStream.range(0, experts).mapToObj(e -> IntStream.range(0, s)
                .filter(t -> w[t * experts + e] != 0).toArray()).toArray(int[][]::new));
    }

    /** w [S, E]. */
    public Tensor weights() {
        return weights;
    }

    /** E. */
    public int experts() {
        return tokens.length;
    }

    /** The tokens that an expert works on, in the order of its rows. */
    public int[] tokens(int expert) {
        return tokens[expert].clone();
    }

    /** Rows of an expert: the tokens it works on. */
    public int rows(int expert) {
        return tokens[expert].length;
    }
}
