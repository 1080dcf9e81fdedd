package tessella.models.moe;

import java.util.Optional;
import java.util.stream.IntStream;
import tessella.autodiff.Tensor;

/**
 * Tokens choose experts (Riquelme et al., Scaling Vision with Sparse Mixture of Experts, NeurIPS 2021): each token takes the K
 * experts of its largest gates, of equal ones the first; all first choices are served before all second ones, in the order of the
 * {@link Priority}; an expert that is full drops what comes later, that choice only. A kept pair weighs its gate, which is not
 * normalised again: with K = 1 it would be 1, and the router would learn nothing.
 *
 * @param chosen K, experts of each token
 * @param capacity of an expert, counted from S K choices
 * @param priority in which order tokens are served
 * @param balance what is added to the loss
 */
public record TokensChoice(int chosen, Capacity capacity, Priority priority, Balance balance) implements Router {
    /** Checks the number. */
    public TokensChoice {
        if (chosen < 1) {
            throw new IllegalArgumentException("tokens choice: expected at least 1 chosen expert of a token, found " + chosen);
        }
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException if there are fewer experts than each token chooses, or no room
     */
    @Override
    public Assignment route(GateLogits logits) {
        int s = logits.tokens();
        int experts = logits.experts();
        Buffers buffers = new Buffers(experts, room(s, experts));
        Tensor gates = logits.gates();                                                  // [S, E]
        double[] g = gates.toDoubles();
        int[][] choices = IntStream.range(0, s).mapToObj(t -> Ranking.descending(g, t * experts, 1, experts))
                .toArray(int[][]::new);
        int[] order = order(g, choices);
        for (int k = 0; k < chosen; k++) {
            for (int token : order) {
                buffers.offer(choices[token][k], token);
            }
        }
        return new Assignment(gates, buffers.tokens());
    }

    private int[] order(double[] gates, int[][] choices) {
        int s = choices.length;
        int counted = switch (priority) {
            case POSITION -> 0;
            case LARGEST_GATE -> 1;
            case SUM_OF_CHOSEN_GATES -> chosen;
        };
        double[] scores = new double[s];
        for (int t = 0; t < s; t++) {
            for (int k = 0; k < counted; k++) {
                scores[t] += gates[t * choices[t].length + choices[t][k]];
            }
        }
        return Ranking.descending(scores, 0, 1, s);
    }

    @Override
    public void check(int experts, double noise) {
        if (chosen > experts) {
            throw new IllegalArgumentException("tokens choice: expected at most " + experts
                    + " chosen experts, as many as there are, found " + chosen);
        }
        if (noise > 0 && balance.load() > 0 && (experts <= 2 || chosen == experts)) {
            throw new IllegalArgumentException("tokens choice: the load loss expects at least 3 experts, and one that is not "
                    + "chosen, found " + experts + " experts of which " + chosen + " are chosen; use gshard in its place");
        }
    }

    private int room(long tokens, int experts) {
        check(experts, 0);
        return capacity.of(tokens * chosen, experts);
    }

    @Override
    public Optional<Tensor> loss(GateLogits logits) {
        return balance.of(logits, chosen);
    }

    @Override
    public boolean hasLoss() {
        return balance.isAny();
    }

    @Override
    public String describe() {
        return "tokens choose " + chosen + " in order of " + priority + ", " + capacity.describe();
    }

    /** Buffers of the full capacity, used or not. */
    @Override
    public long rows(long tokens, int experts) {
        return (long) experts * room(tokens, experts);
    }
}
