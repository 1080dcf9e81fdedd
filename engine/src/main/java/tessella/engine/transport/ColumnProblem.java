package tessella.engine.transport;

import java.util.Arrays;
import tessella.engine.Scope;
import tessella.engine.TransportColumns;

/**
 * A problem whose columns are the sparse lines: values and gradients into arrays that are given, and the plan of the last
 * evaluation.
 */
final class ColumnProblem {
    /** Of the largest mass of a column: k-th and next largest elements that are no further apart count as a tie. */
    private static final double TIE = 1e-6;

    private final TransportColumns columns;
    private final double[] a;
    private final double[] b;
    private final double gamma;

    ColumnProblem(TransportColumns columns, double[] a, double[] b, double gamma) {
        this.columns = columns;
        this.a = a;
        this.b = b;
        this.gamma = gamma;
    }

    int rows() {
        return a.length;
    }

    int columns() {
        return b.length;
    }

    double gamma() {
        return gamma;
    }

    void moveTo(Scope scope) {
        columns.moveTo(scope);
    }

    boolean isLimited() {
        return columns.cardinality() < a.length;
    }

    /** The same problem without a limit of entries. */
    ColumnProblem unlimited() {
        return new ColumnProblem(columns.withCardinality(a.length), a, b, gamma);
    }

    /** D(alpha, beta); the gradients are set. */
    double dual(double[] alpha, double[] beta, double[] alphaGradient, double[] betaGradient) {
        columns.dual(alpha, beta, gamma);
        gradients(alphaGradient, betaGradient);
        return dot(alpha, a) + dot(beta, b) - columns.terms();
    }

    /** S(alpha); the gradients are set, that of beta to what rounding leaves. */
    double semiDual(double[] alpha, double[] alphaGradient, double[] betaGradient) {
        columns.semiDual(alpha, b, gamma);
        gradients(alphaGradient, betaGradient);
        return dot(alpha, a) - columns.terms();
    }

    private void gradients(double[] alphaGradient, double[] betaGradient) {
        Arrays.fill(alphaGradient, 0);
        columns.sums(alphaGradient, betaGradient);
        for (int i = 0; i < a.length; i++) {
            alphaGradient[i] = a[i] - alphaGradient[i];
        }
        for (int j = 0; j < b.length; j++) {
            betaGradient[j] = b[j] - betaGradient[j];
        }
    }

    /** The potentials of the columns at which the dual has the value of the semi-dual that was evaluated. */
    double[] thresholdPotentials() {
        double[] beta = new double[b.length];
        Arrays.setAll(beta, j -> -columns.threshold(j));
        return beta;
    }

    /** The plan of the last evaluation. */
    SparsePlan plan() {
        int[] starts = new int[b.length + 1];
        for (int j = 0; j < b.length; j++) {
            starts[j + 1] = starts[j] + columns.count(j);
        }
        int[] indices = new int[starts[b.length]];
        double[] masses = new double[starts[b.length]];
        for (int j = 0; j < b.length; j++) {
            columns.column(j, indices, masses, starts[j]);
        }
        return new SparsePlan(a.length, b.length, starts, indices, masses);
    }

    /** Columns of the last evaluation whose k-th and next largest elements tie: the plan is one of several. */
    int ties(SparsePlan plan) {
        int ties = 0;
        for (int j = 0; j < b.length; j++) {
            double most = Arrays.stream(plan.masses(), plan.starts()[j], plan.starts()[j + 1]).max().orElse(0);
            ties += columns.margin(j) <= TIE * gamma * most ? 1 : 0;
        }
        return ties;
    }

    /** {@code <T, C> + gamma/2 |T|^2} of the plan of the last evaluation. */
    double primal() {
        return columns.cost() + gamma / 2 * columns.squares();
    }

    /**
     * {@code <T, C> + gamma/2} times the squared k-support norms of the columns of a plan that the given one is rounded to: rows,
     * then columns, that move too much are scaled down, and what is missing is shared among those that miss it (Altschuler,
     * Weed, Rigollet 2017, Algorithm 2). The rounded plan has the marginals, so this is at least the least cost.
     */
    double upperBound(SparsePlan plan) {
        double[] masses = plan.masses().clone();
        double[] rowSums = plan.rowSums();
        double[] columnSums = new double[b.length];
        for (int j = 0; j < b.length; j++) {
            for (int e = plan.starts()[j]; e < plan.starts()[j + 1]; e++) {
                int i = plan.indices()[e];
                masses[e] *= Math.min(1, a[i] / rowSums[i]);
                columnSums[j] += masses[e];
            }
        }
        double[] rowsMiss = a.clone();
        double[] columnsMiss = new double[b.length];
        for (int j = 0; j < b.length; j++) {
            double scale = columnSums[j] > b[j] ? b[j] / columnSums[j] : 1;
            columnsMiss[j] = b[j] - scale * columnSums[j];
            for (int e = plan.starts()[j]; e < plan.starts()[j + 1]; e++) {
                masses[e] *= scale;
                rowsMiss[plan.indices()[e]] -= masses[e];
            }
        }
        for (int i = 0; i < a.length; i++) {
            rowsMiss[i] = Math.max(0, rowsMiss[i]);
        }
        double missing = Arrays.stream(rowsMiss).sum();
        double[] cost = columns.costs();
        double[] column = new double[a.length];
        double total = 0;
        for (int j = 0; j < b.length; j++) {
            for (int i = 0; i < a.length; i++) {
                column[i] = missing > 0 ? rowsMiss[i] / missing * Math.max(0, columnsMiss[j]) : 0;
            }
            for (int e = plan.starts()[j]; e < plan.starts()[j + 1]; e++) {
                column[plan.indices()[e]] += masses[e];
            }
            for (int i = 0; i < a.length; i++) {
                total += column[i] * cost[j * a.length + i];
            }
            total += gamma / 2 * KSupport.squared(column, columns.cardinality());
        }
        return total;
    }

    private static double dot(double[] x, double[] y) {
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += x[i] * y[i];
        }
        return sum;
    }
}
