package tessella.engine.transport;

/**
 * What a solver found, feasible or not: where k binds and elements tie, the plan may be off its marginals, and says by how much.
 * All of it is on the heap; the arrays are the result's own and are not to be written to.
 *
 * @param plan T [m, n], recovered from the potentials
 * @param alpha potentials of the rows [m]
 * @param beta potentials of the columns [n]; only alpha_i + beta_j is determined
 * @param value the dual function there: a lower bound of the least cost of all plans with the marginals
 * @param primalValue {@code <T, C> + gamma/2 |T|^2} of the recovered plan; no bound unless it is feasible
 * @param upperBound the cost of a plan with the marginals, of the convex problem with k-support norms: that of the recovered one, rounded
 *     to its marginals; infinite if the options leave it out
 * @param rowError the largest |a - T 1|
 * @param columnError the largest |b - T' 1|
 * @param ties sparse lines whose k-th and next largest elements tie, so that the plan is one of several
 * @param iterations of the ascent
 * @param startIterations of the ascent that found the start, if it is {@link Start.Unlimited}
 * @param stop why it ended
 * @param trace value and error at the start and after each iteration of the ascent
 */
public record TransportResult(SparsePlan plan, double[] alpha, double[] beta, double value, double primalValue, double upperBound,
        double rowError, double columnError, int ties, int iterations, int startIterations, Stop stop, Trace trace) {
    /** Why a solver ended. */
    public enum Stop {
        /** The marginal error is at most the tolerance. */
        CONVERGED,
        /** No step leads up any more: the maximum, or a kink near it, to rounding. */
        STALLED,
        /** The value changed by no more than was asked for. */
        SETTLED,
        /** The iterations were used up. */
        LIMIT
    }

    /**
     * The way of the ascent: one element for the start and one for each iteration.
     *
     * @param values of the dual function
     * @param errors the largest size of an element of its gradient
     */
    public record Trace(double[] values, double[] errors) {}

    /** The largest error of a row or a column. */
    public double marginalError() {
        return Math.max(rowError, columnError);
    }

    /** How far the upper bound is above the value, at least 0: no plan is cheaper by more than that. */
    public double gap() {
        return Math.max(0, upperBound - value);
    }

    /** Whether the plan has the marginals to the tolerance. */
    public boolean isConverged() {
        return stop == Stop.CONVERGED;
    }

    /** The largest size of an element. */
    static double largest(double[] x) {
        double largest = 0;
        for (double v : x) {
            largest = Math.max(largest, Math.abs(v));
        }
        return largest;
    }
}
