package tessella.engine.transport;

/**
 * A dual function at given potentials: its value, a lower bound of the least cost, and the gradient of it, which is what the plan
 * leaves of the marginals.
 *
 * @param value D(alpha, beta) or S(alpha)
 * @param alpha the potentials of the rows [m]
 * @param beta the potentials of the columns [n]; of the semi-dual those at which the dual has the same value
 * @param alphaGradient a - T 1
 * @param betaGradient b - T' 1; 0 but for rounding where the semi-dual keeps the sums
 * @param plan T, one that the maxima of the columns are reached at
 */
public record Evaluation(double value, double[] alpha, double[] beta, double[] alphaGradient, double[] betaGradient,
        SparsePlan plan) {}
