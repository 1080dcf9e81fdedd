package tessella.engine.transport;

import java.util.Arrays;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.TransportColumns;

/**
 * Sparsity-constrained optimal transport (Liu, Puigcerver, Blondel 2022):
 *
 * <pre>minimise {@code <T, C> + gamma/2 |T|^2} over T [m, n] >= 0 with T 1 = a, T' 1 = b and at most k entries in each column (or row)</pre>
 *
 * <p>That is not convex. Its dual functions are those of the convex problem in which |T|^2 is the sum of the squared k-support norms
 * of the columns: the two have one value, and a plan recovered from the maximum has the marginals, where in no column the k-th and the next
 * largest element of alpha + beta_j - c_j tie. They often do when k binds.
 *
 * <p>The costs are copied, in float64, into the scope that is innermost when the problem is made; the problem lives as long as that. One
 * thread at a time may use it. Bits do not depend on the number of threads that share its columns.
 */
public final class TransportProblem {
    /** Of the sum of the masses: two sums that differ by less are equal but for rounding. */
    private static final double BALANCE = 1e-9;

    private final ColumnProblem columns;
    private final Cardinality cardinality;

    private TransportProblem(ColumnProblem columns, Cardinality cardinality) {
        this.columns = columns;
        this.cardinality = cardinality;
    }

    /**
     * A problem.
     *
     * @param cost C [m, n], finite
     * @param a masses of the rows [m], at least 0
     * @param b masses of the columns [n], at least 0, of the sum of a
     * @param gamma weight of the squares, above 0
     * @param cardinality the most entries of a column or of a row; more than there are rows, or columns, is no limit
     * @throws IllegalArgumentException if one of these does not hold, before anything is computed
     */
    public static TransportProblem of(NdArray cost, double[] a, double[] b, double gamma, Cardinality cardinality) {
        checkMasses(cost, a, b);
        if (!(gamma > 0 && Double.isFinite(gamma))) {
            throw new IllegalArgumentException("transport: expected a finite gamma above 0, found " + gamma
                    + "; LeastCost is the problem without squares");
        }
        boolean turned = cardinality.side() == Cardinality.Side.ROWS;
        NdArray oriented = turned ? cost.transpose() : cost;
        int k = Math.min(cardinality.most(), turned ? b.length : a.length);
        TransportColumns columns = TransportColumns.of(oriented, k);
        return new TransportProblem(new ColumnProblem(columns, (turned ? b : a).clone(), (turned ? a : b).clone(), gamma), cardinality);
    }

    /** Refuses costs and masses that are no transport problem. */
    static void checkMasses(NdArray cost, double[] a, double[] b) {
        if (cost.shape().rank() != 2 || cost.shape().size() == 0 || cost.shape().dim(0) != a.length || cost.shape().dim(1) != b.length) {
            throw new IllegalArgumentException("transport: expected costs [m, n] of at least one row and column with m and n masses, "
                    + "found shape " + cost.shape() + " with " + a.length + " and " + b.length);
        }
        double rows = checkedSum("row", a);
        double columns = checkedSum("column", b);
        if (!(Math.abs(rows - columns) <= BALANCE * Math.max(rows, columns))) {
            throw new IllegalArgumentException("transport: expected rows and columns of one sum of masses, found " + rows + " and " + columns
                    + "; scale one of them");
        }
        double[] costs = cost.toDoubles();
        for (int at = 0; at < costs.length; at++) {
            if (!Double.isFinite(costs[at])) {
                throw new IllegalArgumentException("transport: expected finite costs, found " + costs[at] + " at row " + at / b.length
                        + ", column " + at % b.length + "; a large cost keeps a pair apart");
            }
        }
    }

    private static double checkedSum(String what, double[] masses) {
        double sum = 0;
        for (int i = 0; i < masses.length; i++) {
            if (!(masses[i] >= 0 && Double.isFinite(masses[i]))) {
                throw new IllegalArgumentException("transport: expected finite masses of at least 0, found " + masses[i] + " at " + what
                        + " " + i);
            }
            sum += masses[i];
        }
        return sum;
    }

    /** Moves the memory of the costs to another scope, with which the problem then ends. Returns this problem. */
    public TransportProblem moveTo(Scope scope) {
        columns.moveTo(scope);
        return this;
    }

    /** Number of rows m. */
    public int rows() {
        return isTurned() ? columns.columns() : columns.rows();
    }

    /** Number of columns n. */
    public int columns() {
        return isTurned() ? columns.rows() : columns.columns();
    }

    /** The weight of the squares. */
    public double gamma() {
        return columns.gamma();
    }

    /** The most entries of a line, as it was given. */
    public Cardinality cardinality() {
        return cardinality;
    }

    /**
     * D(alpha, beta) = {@code <alpha, a> + <beta, b>} - sum_j delta_k(alpha + beta_j - c_j), delta_k(x) = 1/(2 gamma) times the sum of squares
     * of the k largest positive x (equation 10 and Table 1); of sparse rows with the sides exchanged.
     *
     * @throws IllegalArgumentException if there is not one finite potential for each row and each column
     */
    public Evaluation dual(double[] alpha, double[] beta) {
        checkPotentials("row", alpha, rows());
        checkPotentials("column", beta, columns());
        double[] dalpha = new double[alpha.length];
        double[] dbeta = new double[beta.length];
        double value = isTurned() ? columns.dual(beta, alpha, dbeta, dalpha) : columns.dual(alpha, beta, dalpha, dbeta);
        return new Evaluation(value, alpha.clone(), beta.clone(), dalpha, dbeta, plan());
    }

    /**
     * S(alpha) = {@code <alpha, a>} - sum_j max_k(alpha - c_j), max_k(x) the maximum of {@code <x, t>} - gamma/2 |t|^2 over t >= 0 of sum
     * b_j and at most k entries: the dual at its best beta (equation 11 and Table 1). Of sparse rows it is a function of beta.
     *
     * @param potentials of the rows, or of the columns if the rows are sparse
     * @throws IllegalArgumentException if there is not one finite potential for each of those
     */
    public Evaluation semiDual(double[] potentials) {
        checkPotentials(isTurned() ? "column" : "row", potentials, columns.rows());
        double[] dense = new double[columns.rows()];
        double[] sparse = new double[columns.columns()];
        double value = columns.semiDual(potentials, dense, sparse);
        double[] thresholds = columns.thresholdPotentials();
        return isTurned() ? new Evaluation(value, thresholds, potentials.clone(), sparse, dense, plan())
                : new Evaluation(value, potentials.clone(), thresholds, dense, sparse, plan());
    }

    /**
     * An upper bound of the value, from any plan: {@code <T, C> + gamma/2} times the squared k-support norms of the sparse lines of T, the plan
     * rounded to the marginals (Altschuler, Weed, Rigollet 2017, Algorithm 2).
     *
     * @param plan [m, n], of this problem or of another with these marginals
     * @throws IllegalArgumentException if it has another shape
     */
    public double upperBound(SparsePlan plan) {
        if (plan.rows() != rows() || plan.columns() != columns()) {
            throw new IllegalArgumentException("transport: expected a plan [" + rows() + ", " + columns() + "] as the costs are, found ["
                    + plan.rows() + ", " + plan.columns() + "]");
        }
        return columns.upperBound(isTurned() ? plan.transposed() : plan);
    }

    static void checkPotentials(String what, double[] potentials, int count) {
        if (potentials.length != count || !Arrays.stream(potentials).allMatch(Double::isFinite)) {
            throw new IllegalArgumentException("transport: expected a finite potential for each of " + count + " " + what + "s, found "
                    + (potentials.length == count ? "one that is not" : potentials.length + " of them"));
        }
    }

    /** Whether rows are the sparse lines, and so the columns of the problem inside. */
    boolean isTurned() {
        return cardinality.side() == Cardinality.Side.ROWS;
    }

    ColumnProblem inside() {
        return columns;
    }

    private SparsePlan plan() {
        return oriented(columns.plan());
    }

    SparsePlan oriented(SparsePlan inside) {
        return isTurned() ? inside.transposed() : inside;
    }
}
