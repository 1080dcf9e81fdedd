package tessella.models.transport;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.transport.Ascent;
import tessella.engine.transport.Cardinality;
import tessella.engine.transport.LeastCost;
import tessella.engine.transport.Sinkhorn;
import tessella.engine.transport.SolverOptions;
import tessella.engine.transport.SparsePlan;
import tessella.engine.transport.TransportProblem;
import tessella.engine.transport.TransportResult;
import tessella.engine.transport.TransportSolver;

/**
 * Solves a {@link TransportDemo} for several k, without a limit, and with an entropy: the semi-dual by L-BFGS from 0, which is not polished, so
 * that the last number of a trace is that of the plan.
 *
 * <p>The upper bound of k is the least {@code <T, C> + gamma/2 sum_j |t_j|^2} in squared k-support norms over three T, rounded to
 * the marginals: the plan of k, the plan of least cost, which is the best for k = 1, and the quadratic plan.
 */
public final class DemoPlans {
    /** Pairs of L-BFGS. With 10, k = 1 and 2 end some 0.1 % lower on the bins, at kinks. */
    private static final int MEMORY = 40;
    private static final double TOLERANCE = 1e-9;
    /** Iterations of Sinkhorn for each one of the solver: they cost a fraction. */
    private static final int SINKHORN = 10;

    private final double[] cost;
    private final double[] a;
    private final double[] b;
    private final double gamma;
    private final SolverOptions options;

    private DemoPlans(TransportDemo demo, double gamma, int iterations) {
        cost = demo.cost();
        a = demo.a();
        b = demo.b();
        this.gamma = gamma;
        options = SolverOptions.DEFAULT.with(new Ascent.LBfgs(MEMORY)).with(SolverOptions.Polish.NONE).until(TOLERANCE, iterations);
    }

    /**
     * The plans of each k, in their order, then the quadratic and the entropic one.
     *
     * @param ks the most entries of a column, each at least 1
     * @param gamma weight of the squares, above 0
     * @param epsilon temperature of the entropic plan, above 0
     * @param iterations of a solver, at most; the entropic plan may take ten times as many
     * @throws IllegalArgumentException if one of these does not hold
     */
    public static List<DemoPlan> of(TransportDemo demo, List<Integer> ks, double gamma, double epsilon, int iterations) {
        return new DemoPlans(demo, gamma, iterations).solved(ks, epsilon);
    }

    private List<DemoPlan> solved(List<Integer> ks, double epsilon) {
        try (Scope scope = Scope.open()) {
            NdArray costs = NdArray.of(scope, Shape.of(a.length, b.length), cost);
            SparsePlan cheapest = LeastCost.of(costs, a, b).plan();
            TransportProblem unlimited = TransportProblem.of(costs, a, b, gamma, Cardinality.unlimited());
            TransportResult quadratic = TransportSolver.solve(unlimited, options);
            List<DemoPlan> plans = new ArrayList<>();
            for (int k : ks) {
                TransportProblem problem = TransportProblem.of(costs, a, b, gamma, Cardinality.columns(k));
                plans.add(sparse("k = " + k, problem, TransportSolver.solve(problem, options), cheapest, quadratic.plan()));
            }
            plans.add(sparse("quadratic", unlimited, quadratic, cheapest, quadratic.plan()));
            plans.add(entropic(costs, epsilon));
            return plans;
        }
    }

    private DemoPlan sparse(String label, TransportProblem problem, TransportResult result, SparsePlan cheapest, SparsePlan quadratic) {
        double[] plan = result.plan().toDoubles();
        double upper = Math.min(result.upperBound(), Math.min(problem.upperBound(cheapest), problem.upperBound(quadratic)));
        return new DemoPlan(label, plan, b.length, product(plan), result.value(), upper, result.marginalError(), result.ties(),
                result.iterations(), result.stop().name().toLowerCase(Locale.ROOT), result.trace().values(), result.trace().errors());
    }

    private DemoPlan entropic(NdArray costs, double epsilon) {
        Sinkhorn found = Sinkhorn.of(costs, a, b, epsilon, TOLERANCE, SINKHORN * options.maxIterations());
        TransportResult.Stop stop = found.rowError() <= TOLERANCE ? TransportResult.Stop.CONVERGED : TransportResult.Stop.LIMIT;
        return new DemoPlan("entropic", found.plan(), b.length, found.value(), Double.NaN, Double.NaN, found.rowError(), 0, found.iterations(),
                stop.name().toLowerCase(Locale.ROOT), new double[0], new double[0]);
    }

    private double product(double[] plan) {
        double sum = 0;
        for (int at = 0; at < plan.length; at++) {
            sum += plan[at] * cost[at];
        }
        return sum;
    }
}
