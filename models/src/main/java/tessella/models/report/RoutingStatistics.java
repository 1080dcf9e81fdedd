package tessella.models.report;

import java.util.Arrays;

/**
 * Means over pictures of what a Soft MoE layer does. Not thread-safe.
 *
 * <ul>
 * <li>dispatch entropy of slot j: the mean over pictures of -sum_i D[i,j] ln D[i,j]; ln(tokens) when the slot takes the
 * same from every token, 0 when it takes one token alone;
 * <li>combine mass of expert e: the mean over pictures and tokens of the sum of C[i,j] over its slots; 1/experts when
 * all contribute alike; the masses sum to 1;
 * <li>weight of token i: the mean over pictures and slots of D[i,j], times the number of tokens; 1 when all tokens
 * fill the slots alike.
 * </ul>
 */
public final class RoutingStatistics {
    private final int tokens;
    private final int experts;
    private final int slotsPerExpert;
    private final double[] entropy;
    private final double[] mass;
    private final double[] weight;
    private long pictures;

    /**
     * Starts with no picture.
     *
     * @param tokens         tokens of a picture, m
     * @param experts        experts of the layer, n
     * @param slotsPerExpert slots of an expert, p
     */
    public RoutingStatistics(int tokens, int experts, int slotsPerExpert) {
        if (tokens < 1 || experts < 1 || slotsPerExpert < 1) {
            throw new IllegalArgumentException("routing: expected at least 1 token, expert and slot, found %d, %d, %d"
                    .formatted(tokens, experts, slotsPerExpert));
        }
        this.tokens = tokens;
        this.experts = experts;
        this.slotsPerExpert = slotsPerExpert;
        this.entropy = new double[experts * slotsPerExpert];
        this.mass = new double[experts];
        this.weight = new double[tokens];
    }

    /**
     * Adds one picture.
     *
     * @param dispatch D [tokens, experts * slotsPerExpert]
     * @param combine  C, of the same shape
     * @throws IllegalArgumentException if a shape differs
     */
    public void add(float[][] dispatch, float[][] combine) {
        requireShape("dispatch", dispatch);
        requireShape("combine", combine);
        for (int i = 0; i < tokens; i++) {
            for (int j = 0; j < entropy.length; j++) {
                double d = dispatch[i][j];
                entropy[j] -= d > 0 ? d * Math.log(d) : 0;
                weight[i] += d;
                mass[j / slotsPerExpert] += combine[i][j];
            }
        }
        pictures++;
    }

    private void requireShape(String name, float[][] weights) {
        if (weights.length != tokens || Arrays.stream(weights).anyMatch(row -> row.length != entropy.length)) {
            throw new IllegalArgumentException("routing: expected %s weights [%d, %d], found [%d, %d]".formatted(name,
                    tokens, entropy.length, weights.length, weights.length == 0 ? 0 : weights[0].length));
        }
    }

    /**
     * Returns the mean dispatch entropy of each slot.
     *
     * @return [experts * slotsPerExpert], 0 to ln(tokens); NaN without a picture
     */
    public double[] dispatchEntropy() {
        return Arrays.stream(entropy).map(sum -> sum / pictures).toArray();
    }

    /**
     * Returns the mean combine mass of each expert.
     *
     * @return [experts]; NaN without a picture
     */
    public double[] combineMass() {
        return Arrays.stream(mass).map(sum -> sum / pictures / tokens).toArray();
    }

    /**
     * Returns the mean weight of each token over all slots, in multiples of the uniform weight.
     *
     * @return [tokens]; NaN without a picture
     */
    public double[] tokenWeight() {
        return Arrays.stream(weight).map(sum -> sum / pictures / entropy.length * tokens).toArray();
    }

    /**
     * Returns the number of pictures added.
     *
     * @return 0 or more
     */
    public long pictures() {
        return pictures;
    }

    /** Tokens of a picture. */
    int tokens() {
        return tokens;
    }

    /** Experts of the layer. */
    int experts() {
        return experts;
    }

    /** Slots of an expert. */
    int slotsPerExpert() {
        return slotsPerExpert;
    }
}
