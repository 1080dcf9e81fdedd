package tessella.models.moe;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import tessella.autodiff.Tape;
import tessella.autodiff.Tensor;
import tessella.engine.NdArray;
import tessella.engine.Random;
import tessella.engine.Scope;

/**
 * How a router treats groups of tokens, beside hard choices of the same logits. Sums over groups; not thread-safe.
 *
 * <ul>
 * <li>{@link #pairs}: experts that work on a token, on average;
 * <li>{@link #unrouted}: share of the tokens that no expert works on;
 * <li>{@link #busiest}: tokens of the busiest expert of a group over those of all experts on average, the mean over groups;
 * <li>{@link #others}: share of the pairs that {@link Router#hard} would not choose;
 * <li>{@link #gradient}: of the gradient by the logits, its squares summed, the share at pairs that {@link Router#hard} would not choose, where
 * the weights of the pairs that are chosen have independent cotangents N(0, 1). Hard choices have some too: gates sum to 1;
 * <li>{@link #marginalError}: {@link Router#marginalError}, the mean over groups.
 * </ul>
 */
public final class RoutingMeasures {
    private final Router router;
    private final Random random;
    private long groups;
    private long tokens;
    private long pairs;
    private long unrouted;
    private long others;
    private double busiest;
    private double squares;
    private double squaresOfOthers;
    private double marginalError;
    private boolean solves;

    /** Of no group yet; the seed is that of the cotangents. */
    public RoutingMeasures(Router router, long seed) {
        this.router = router;
        random = Random.of(seed, "routing cotangents");
    }

    /** Adds a group by its logits [S, E] without noise. */
    public void add(NdArray logits) {
        int s = Math.toIntExact(logits.shape().dim(0));
        try (Tape tape = Tape.record()) {
            Tensor watched = tape.watch(Tensor.of(logits));
            Assignment assigned = router.route(new GateLogits(watched));
            boolean[] chosen = chosen(assigned, s);
            boolean[] hard = chosen(router.hard().route(new GateLogits(watched)), s);
            count(assigned, chosen, hard, s);
            addGradient(tape.gradients(List.of(assigned.weights()), List.of(cotangent(assigned.weights().value(), chosen))).of(watched), hard);
        }
        try (Scope _ = Scope.open()) {
            OptionalDouble error = router.marginalError(new GateLogits(Tensor.of(logits)));
            solves |= error.isPresent();
            marginalError += error.orElse(0);
        }
        groups++;
        tokens += s;
    }

    /** Of pairs (t, e), at t E + e. */
    private static boolean[] chosen(Assignment assigned, int tokens) {
        int experts = assigned.experts();
        boolean[] out = new boolean[tokens * experts];
        for (int e = 0; e < experts; e++) {
            for (int t : assigned.tokens(e)) {
                out[t * experts + e] = true;
            }
        }
        return out;
    }

    private void count(Assignment assigned, boolean[] chosen, boolean[] hard, int s) {
        int experts = assigned.experts();
        int all = 0;
        for (int t = 0; t < s; t++) {
            int own = 0;
            for (int e = 0; e < experts; e++) {
                own += chosen[t * experts + e] ? 1 : 0;
                others += chosen[t * experts + e] && !hard[t * experts + e] ? 1 : 0;
            }
            unrouted += own == 0 ? 1 : 0;
            all += own;
        }
        pairs += all;
        int most = IntStream.range(0, experts).map(assigned::rows).max().orElse(0);
        busiest += all == 0 ? 1 : (double) most * experts / all;
    }

    private NdArray cotangent(NdArray weights, boolean[] chosen) {
        Random drawn = random.at(groups, 0);
        double[] dw = new double[chosen.length];
        Arrays.setAll(dw, at -> chosen[at] ? drawn.normal(at) : 0);
        NdArray out = NdArray.empty(Scope.current(), weights.dtype(), weights.shape());
        out.copyFrom(dw);
        return out;
    }

    private void addGradient(NdArray dLogits, boolean[] hard) {
        double[] g = dLogits.toDoubles();
        for (int at = 0; at < g.length; at++) {
            squares += g[at] * g[at];
            squaresOfOthers += hard[at] ? 0 : g[at] * g[at];
        }
    }

    /** Experts of a token. */
    public double pairs() {
        return (double) pairs / tokens;
    }

    /** Share of tokens, 0 to 1. */
    public double unrouted() {
        return (double) unrouted / tokens;
    }

    /** 1 where all experts have as many tokens. */
    public double busiest() {
        return busiest / groups;
    }

    /** Share of pairs, 0 to 1; 0 for a router of hard choices. */
    public double others() {
        return (double) others / pairs;
    }

    /** Share of squares, 0 to 1. */
    public double gradient() {
        return squaresOfOthers / squares;
    }

    /** In masses of a token; empty if the router solves nothing. */
    public OptionalDouble marginalError() {
        return solves ? OptionalDouble.of(marginalError / groups) : OptionalDouble.empty();
    }
}
