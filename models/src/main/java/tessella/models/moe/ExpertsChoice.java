package tessella.models.moe;

import java.util.stream.IntStream;
import tessella.autodiff.Tensor;

/**
 * Experts choose tokens (Zhou et al., Mixture-of-Experts with Expert Choice Routing, NeurIPS 2022): each expert takes the C
 * tokens of its largest gates, of equal ones the first; a token may have any number of experts, 0 too. A pair weighs its gate,
 * not normalised again. Every expert has the same number of tokens, so there is nothing to balance.
 *
 * @param capacity of an expert, counted from S tokens, and at most S
 */
public record ExpertsChoice(Capacity capacity) implements Router {
    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException if there is no room
     */
    @Override
    public Assignment route(GateLogits logits) {
        int s = logits.tokens();
        int experts = logits.experts();
        int rows = room(s, experts);
        Tensor gates = logits.gates();                                                  // [S, E]
        double[] g = gates.toDoubles();
        return new Assignment(gates, IntStream.range(0, experts).mapToObj(e ->
                IntStream.of(Ranking.descending(g, e, experts, s)).limit(rows).toArray()).toArray(int[][]::new));
    }

    private int room(int tokens, int experts) {
        // the first C of S tokens are not defined beyond S, where every expert takes all
        return Math.min(tokens, capacity.of(tokens, experts));
    }

    @Override
    public String describe() {
        return "experts choose, " + capacity.describe();
    }

    @Override
    public long rows(long tokens, int experts) {
        return (long) experts * room(Math.toIntExact(tokens), experts);
    }
}
