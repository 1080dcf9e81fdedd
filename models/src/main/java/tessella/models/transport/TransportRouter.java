package tessella.models.transport;

import static tessella.autodiff.Elementwise.mul;
import static tessella.autodiff.Elementwise.neg;

import java.util.Arrays;
import java.util.OptionalDouble;
import tessella.autodiff.Tensor;
import tessella.autodiff.Transport;
import tessella.engine.NdArray;
import tessella.engine.Regularizer;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.transport.Cardinality;
import tessella.engine.transport.SolverOptions;
import tessella.engine.transport.TransportProblem;
import tessella.engine.transport.TransportSolver;
import tessella.models.moe.Assignment;
import tessella.models.moe.Capacity;
import tessella.models.moe.ExpertsChoice;
import tessella.models.moe.GateLogits;
import tessella.models.moe.Router;
import tessella.models.topk.SoftTokensChoice;

/**
 * Routes by a sparse transport plan (Liu, Puigcerver, Blondel 2022, section 6.3): the similarity of a token and an expert is its gate, every token
 * has mass 1, every expert S / E, gamma is 1, and the semi-dual takes so many steps of Adam from 0. The plan's pairs are those that are
 * dispatched; what the steps leave of the marginals is left, so a token may have no expert.
 *
 * @param side who has few: an expert (columns of the plan) or a token (rows)
 * @param capacity the most tokens of an expert, counted from S tokens, where experts have few
 * @param chosen the most experts of a token, where tokens have few
 * @param iterations of Adam, 20 in V-MoE
 * @param weights what a pair weighs
 */
public record TransportRouter(Cardinality.Side side, Capacity capacity, int chosen, int iterations, Weights weights) implements Router {
    /** What a dispatched pair weighs. */
    public enum Weights {
        /** Its gate; the plan only selects, and has no gradient. */
        GATES,
        /** Its mass in the plan, with the gradient of the plan by the gates. */
        PLAN
    }

    /** Checks the numbers. */
    public TransportRouter {
        if (chosen < 1 || iterations < 1) {
            throw new IllegalArgumentException("transport router: expected at least 1 chosen expert and 1 iteration, found " + chosen + " and "
                    + iterations);
        }
    }

    /** At most so many tokens an expert. */
    public static TransportRouter expertsChoose(Capacity capacity, Weights weights) {
        return new TransportRouter(Cardinality.Side.COLUMNS, capacity, 1, 20, weights);
    }

    /** At most so many experts a token. */
    public static TransportRouter tokensChoose(int chosen, Weights weights) {
        return new TransportRouter(Cardinality.Side.ROWS, new Capacity.Factor(1, Capacity.Rounding.UP, 1), chosen, 20, weights);
    }

    @Override
    public Assignment route(GateLogits logits) {
        Tensor gates = logits.gates();                                                  // [S, E]
        int s = logits.tokens();
        int experts = logits.experts();
        Tensor plan = Transport.transportPlan(neg(weights == Weights.PLAN ? gates : Tensor.of(gates.value())), masses(gates, s, 1),
                masses(gates, experts, (double) s / experts), 1, cardinality(s, experts), SolverOptions.router(iterations));
        return switch (weights) {
            case PLAN -> Assignment.ofNonzeros(plan);
            case GATES -> {
                double[] pairs = Arrays.stream(plan.toDoubles()).map(mass -> mass > 0 ? 1 : 0).toArray();
                NdArray mask = NdArray.empty(Scope.current(), gates.dtype(), gates.shape());
                mask.copyFrom(pairs);
                yield Assignment.ofNonzeros(mul(gates, Tensor.of(mask)));
            }
        };
    }

    @Override
    public Router hard() {
        return side == Cardinality.Side.COLUMNS ? new ExpertsChoice(capacity) : new SoftTokensChoice(chosen, Regularizer.l2(0));
    }

    @Override
    public OptionalDouble marginalError(GateLogits logits) {
        int s = logits.tokens();
        int experts = logits.experts();
        double[] a = new double[s];
        double[] b = new double[experts];
        Arrays.fill(a, 1);
        Arrays.fill(b, (double) s / experts);
        return OptionalDouble.of(TransportSolver.solve(TransportProblem.of(neg(logits.gates()).value(), a, b, 1, cardinality(s, experts)),
                SolverOptions.router(iterations)).marginalError());
    }

    private static Tensor masses(Tensor like, int count, double mass) {
        return Tensor.of(NdArray.full(Scope.current(), like.dtype(), Shape.of(count), mass));
    }

    private Cardinality cardinality(int tokens, int experts) {
        return side == Cardinality.Side.COLUMNS ? Cardinality.columns(Math.min(tokens, capacity.of(tokens, experts)))
                : Cardinality.rows(chosen);
    }

    @Override
    public void check(int experts, double noise) {
        if (side == Cardinality.Side.ROWS && chosen > experts) {
            throw new IllegalArgumentException("transport router: expected at most " + experts
                    + " chosen experts, as many as there are, found " + chosen);
        }
    }

    @Override
    public String describe() {
        return "transport plans with few " + (side == Cardinality.Side.COLUMNS ? "tokens an expert, " + capacity.describe()
                : "experts a token, " + chosen) + ", " + iterations + " iterations, weights of " + (weights == Weights.PLAN ? "the plan" : "gates");
    }

    @Override
    public long rows(long tokens, int experts) {
        check(experts, 0);
        return side == Cardinality.Side.COLUMNS ? experts * Math.min(tokens, capacity.of(tokens, experts)) : tokens * chosen;
    }
}
