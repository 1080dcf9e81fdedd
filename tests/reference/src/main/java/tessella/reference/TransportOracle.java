package tessella.reference;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Optimal transport with at most k entries a column, for small problems: columns by sorting, linear programmes by trying every
 * vertex, norms and projections by bisection and by repetition.
 */
public final class TransportOracle {
    private TransportOracle() {}

    /**
     * A column of a plan, the value of its maximum, the threshold tau, and how far the k-th largest x lies above the next one that
     * would have had an entry too (infinity if there is none).
     */
    public record Column(double[] t, double value, double tau, double margin) {}

    /** Value and gradients of a dual function, with the plan [m, n] that they come from; b - T'1 is 0 for the semi-dual. */
    public record Evaluation(double value, double[] alphaGradient, double[] betaGradient, double[][] plan) {}

    private static Integer[] descending(double[] x) {
        Integer[] order = IntStream.range(0, x.length).boxed().toArray(Integer[]::new);
        Arrays.sort(order, Comparator.comparingDouble((Integer i) -> -x[i]).thenComparing(i -> i));
        return order;
    }

    /** The threshold of the simplex of this mass over the first r of the order. */
    private static double tau(double[] x, Integer[] order, int r, double mass) {
        double sum = 0;
        double tau = Double.NaN;
        for (int i = 0; i < r; i++) {
            sum += x[order[i]];
            double candidate = (sum - mass) / (i + 1);
            if (x[order[i]] > candidate) {
                tau = candidate;
            }
        }
        return tau;
    }

    /** max { x.t - gamma/2 |t|^2 : t >= 0, sum t = mass, at most k entries }. */
    public static Column semiDualColumn(double[] x, double mass, double gamma, int k) {
        double top = Arrays.stream(x).max().orElseThrow();
        if (mass == 0) {
            return new Column(new double[x.length], 0, top, Double.POSITIVE_INFINITY);
        }
        // a shift of x moves tau, and the value by the mass of it
        Column c = belowZero(Arrays.stream(x).map(v -> v - top).toArray(), mass, gamma, k);
        return new Column(c.t(), c.value() + mass * top, c.tau() + top, c.margin());
    }

    private static Column belowZero(double[] x, double mass, double gamma, int k) {
        double[] t = new double[x.length];
        Integer[] order = descending(x);
        int kept = Math.min(k, x.length);
        double tau = tau(x, order, kept, gamma * mass);
        double value = 0;
        for (int r = 0; r < kept; r++) {
            int i = order[r];
            t[i] = Math.max(x[i] - tau, 0) / gamma;
            value += x[i] * t[i] - gamma / 2 * t[i] * t[i];
        }
        boolean binds = kept < x.length && x[order[kept]] > tau(x, order, x.length, gamma * mass);
        return new Column(t, value, tau, binds ? x[order[kept - 1]] - x[order[kept]] : Double.POSITIVE_INFINITY);
    }

    /** delta_k(x) and its gradient. */
    public static Column dualColumn(double[] x, double gamma, int k) {
        double[] t = new double[x.length];
        Integer[] order = descending(x);
        int kept = Math.min(k, x.length);
        double value = 0;
        for (int r = 0; r < kept; r++) {
            int i = order[r];
            t[i] = Math.max(x[i], 0) / gamma;
            value += Math.max(x[i], 0) * Math.max(x[i], 0) / (2 * gamma);
        }
        boolean binds = kept < x.length && x[order[kept]] > 0;
        return new Column(t, value, 0, binds ? x[order[kept - 1]] - x[order[kept]] : Double.POSITIVE_INFINITY);
    }

    private static double[] column(double[][] cost, int j, double[] alpha, double beta) {
        double[] x = new double[cost.length];
        Arrays.setAll(x, i -> alpha[i] + beta - cost[i][j]);
        return x;
    }

    /** D(alpha, beta). */
    public static Evaluation dual(double[][] cost, double[] a, double[] b, double gamma, int k, double[] alpha, double[] beta) {
        double[][] plan = new double[a.length][b.length];
        double value = dot(alpha, a) + dot(beta, b);
        double[] columns = b.clone();
        for (int j = 0; j < b.length; j++) {
            Column c = dualColumn(column(cost, j, alpha, beta[j]), gamma, k);
            value -= c.value();
            for (int i = 0; i < a.length; i++) {
                plan[i][j] = c.t()[i];
                columns[j] -= c.t()[i];
            }
        }
        return new Evaluation(value, less(a, plan), columns, plan);
    }

    /** S(alpha). */
    public static Evaluation semiDual(double[][] cost, double[] a, double[] b, double gamma, int k, double[] alpha) {
        double[][] plan = new double[a.length][b.length];
        double value = dot(alpha, a);
        for (int j = 0; j < b.length; j++) {
            Column c = semiDualColumn(column(cost, j, alpha, 0), b[j], gamma, k);
            value -= c.value();
            for (int i = 0; i < a.length; i++) {
                plan[i][j] = c.t()[i];
            }
        }
        return new Evaluation(value, less(a, plan), new double[b.length], plan);
    }

    private static double[] less(double[] a, double[][] plan) {
        double[] out = new double[a.length];
        Arrays.setAll(out, i -> a[i] - Arrays.stream(plan[i]).sum());
        return out;
    }

    private static double dot(double[] x, double[] y) {
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += x[i] * y[i];
        }
        return sum;
    }

    /** The sum of cost times mass. */
    public static double cost(double[][] cost, double[][] plan) {
        double sum = 0;
        for (int i = 0; i < cost.length; i++) {
            sum += dot(cost[i], plan[i]);
        }
        return sum;
    }

    /** sum of cost times mass + gamma/2 sum of squares. */
    public static double primal(double[][] cost, double[][] plan, double gamma) {
        return cost(cost, plan) + gamma / 2 * cost(plan, plan);
    }

    /** The squared k-support norm as min { sum t_i^2 / h_i : 0 <= h <= 1, sum h <= k }: h = min(1, |t| / s), s by bisection. */
    public static double kSupportSquared(double[] t, int k) {
        double[] sizes = Arrays.stream(t).map(Math::abs).filter(v -> v > 0).toArray();
        double low = 0;
        double high = Arrays.stream(sizes).sum();
        for (int i = 0; i < 200 && sizes.length > k; i++) {
            double s = (low + high) / 2;
            if (Arrays.stream(sizes).map(v -> Math.min(1, v / s)).sum() > k) {
                low = s;
            } else {
                high = s;
            }
        }
        double s = sizes.length > k ? high : 0;
        return Arrays.stream(sizes).map(v -> v * Math.max(v, s)).sum();
    }

    /**
     * The least cost of a plan with these marginals, and such a plan: the best vertex of the transport polytope, every spanning tree
     * of rows and columns tried. For some 12 pairs of a row and a column.
     */
    public static double[][] leastCostPlan(double[][] cost, double[] a, double[] b) {
        int m = a.length;
        int n = b.length;
        double[][] best = null;
        for (int edges = 0; edges < 1 << m * n; edges++) {
            double[][] plan = Integer.bitCount(edges) == m + n - 1 ? vertex(edges, a, b) : null;
            if (plan != null && (best == null || cost(cost, plan) < cost(cost, best))) {
                best = plan;
            }
        }
        return best;
    }

    /** The plan on a spanning tree, found leaf by leaf; null if the edges are none, or a mass is negative. */
    private static double[][] vertex(int edges, double[] a, double[] b) {
        int m = a.length;
        int n = b.length;
        double[] left = Arrays.copyOf(a, m + n);
        System.arraycopy(b, 0, left, m, n);
        double[][] plan = new double[m][n];
        int open = edges;
        while (open != 0) {
            int leaf = leaf(open, m, n);
            if (leaf < 0) {
                return null;
            }
            int edge = 0;
            while ((open >> edge & 1) == 0 || edge / n != leaf && edge % n + m != leaf) {
                edge++;
            }
            double mass = left[leaf];
            if (mass < -1e-13) {
                return null;
            }
            plan[edge / n][edge % n] = Math.max(mass, 0);
            left[edge / n] -= mass;
            left[edge % n + m] -= mass;
            open &= ~(1 << edge);
        }
        return Arrays.stream(left).allMatch(v -> Math.abs(v) < 1e-12) ? plan : null;
    }

    private static int leaf(int edges, int m, int n) {
        int[] degrees = new int[m + n];
        for (int edge = 0; edge < m * n; edge++) {
            degrees[edge / n] += edges >> edge & 1;
            degrees[edge % n + m] += edges >> edge & 1;
        }
        return IntStream.range(0, m + n).filter(v -> degrees[v] == 1).findFirst().orElse(-1);
    }

    /**
     * The cheapest plan with these marginals and at most k entries a column, cost and gamma/2 sum of squares: on every set of entries the
     * cheapest plan that sums to the marginals, if none of it is negative. For some 9 pairs of a row and a column. Null if there is none.
     */
    public static double[][] sparsePlan(double[][] cost, double[] a, double[] b, double gamma, int k) {
        int m = a.length;
        int n = b.length;
        double[][] best = null;
        for (int entries = 0; entries < 1 << m * n; entries++) {
            boolean sparse = true;
            for (int j = 0; j < n; j++) {
                int count = 0;
                for (int i = 0; i < m; i++) {
                    count += entries >> i * n + j & 1;
                }
                sparse &= count <= k;
            }
            double[][] plan = sparse ? onEntries(entries, cost, a, b, gamma) : null;
            if (plan != null && (best == null || primal(cost, plan, gamma) < primal(cost, best, gamma))) {
                best = plan;
            }
        }
        return best;
    }

    /** (u_i + v_j - c_ij) / gamma on the entries, u and v by elimination; null if that misses the marginals or is negative. */
    private static double[][] onEntries(int entries, double[][] cost, double[] a, double[] b, double gamma) {
        int m = a.length;
        int n = b.length;
        double[][] system = new double[m + n][m + n + 1];
        for (int i = 0; i < m; i++) {
            system[i][m + n] += gamma * a[i];
            for (int j = 0; j < n; j++) {
                if ((entries >> i * n + j & 1) == 1) {
                    system[i][i]++;
                    system[i][m + j]++;
                    system[m + j][i]++;
                    system[m + j][m + j]++;
                    system[i][m + n] += cost[i][j];
                    system[m + j][m + n] += cost[i][j];
                }
            }
        }
        for (int j = 0; j < n; j++) {
            system[m + j][m + n] += gamma * b[j];
        }
        double[] offsets = eliminated(system);
        double[][] plan = new double[m][n];
        double[] left = Arrays.copyOf(a, m + n);
        System.arraycopy(b, 0, left, m, n);
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                if ((entries >> i * n + j & 1) == 1) {
                    plan[i][j] = (offsets[i] + offsets[m + j] - cost[i][j]) / gamma;
                    left[i] -= plan[i][j];
                    left[m + j] -= plan[i][j];
                    if (plan[i][j] < -1e-12) {
                        return null;
                    }
                }
            }
        }
        return Arrays.stream(left).allMatch(v -> Math.abs(v) < 1e-9) ? plan : null;
    }

    /** A solution by Gauss-Jordan elimination; unknowns without a pivot are 0. */
    private static double[] eliminated(double[][] system) {
        int size = system.length;
        int[] pivots = new int[size];
        Arrays.fill(pivots, -1);
        int row = 0;
        for (int column = 0; column < size; column++) {
            int best = Math.min(row, size - 1);
            for (int i = row; i < size; i++) {
                best = Math.abs(system[i][column]) > Math.abs(system[best][column]) ? i : best;
            }
            if (row == size || Math.abs(system[best][column]) < 1e-9) {
                continue;
            }
            double[] swapped = system[row];
            system[row] = system[best];
            system[best] = swapped;
            for (int i = 0; i < size; i++) {
                double factor = i == row ? 0 : system[i][column] / system[row][column];
                for (int j = column; j <= size && factor != 0; j++) {
                    system[i][j] -= factor * system[row][j];
                }
            }
            pivots[column] = row++;
        }
        double[] out = new double[size];
        for (int column = 0; column < size; column++) {
            out[column] = pivots[column] < 0 ? 0 : system[pivots[column]][size] / system[pivots[column]][column];
        }
        return out;
    }

    /**
     * g less the closest row and column offsets on the support: what is left has sums of 0 there. Rows and columns in turn, until
     * nothing changes.
     */
    public static double[][] projected(double[][] g, boolean[][] support) {
        double[][] out = new double[g.length][g[0].length];
        for (int i = 0; i < g.length; i++) {
            for (int j = 0; j < g[0].length; j++) {
                out[i][j] = support[i][j] ? g[i][j] : 0;
            }
        }
        double change = 1;
        for (int turn = 0; turn < 200_000 && change > 1e-15; turn++) {
            change = 0;
            for (int line = 0; line < g.length + g[0].length; line++) {
                boolean row = line < g.length;
                double sum = 0;
                int count = 0;
                for (int at = 0; at < (row ? g[0].length : g.length); at++) {
                    int i = row ? line : at;
                    int j = row ? at : line - g.length;
                    sum += out[i][j];
                    count += support[i][j] ? 1 : 0;
                }
                for (int at = 0; at < (row ? g[0].length : g.length); at++) {
                    int i = row ? line : at;
                    int j = row ? at : line - g.length;
                    out[i][j] -= support[i][j] ? sum / count : 0;
                }
                change = Math.max(change, count == 0 ? 0 : Math.abs(sum / count));
            }
        }
        return out;
    }

    /** Sinkhorn's iterations from g = 0: f, then g, each to its marginals; the plan e^((f + g - c) / epsilon). Masses above 0. */
    public static double[][] sinkhorn(double[][] cost, double[] a, double[] b, double epsilon, int iterations) {
        double[][] kernel = new double[a.length][b.length];
        for (int i = 0; i < a.length; i++) {
            for (int j = 0; j < b.length; j++) {
                kernel[i][j] = Math.exp(-cost[i][j] / epsilon);
            }
        }
        double[] v = new double[b.length];
        Arrays.fill(v, 1);
        double[] u = new double[a.length];
        for (int iteration = 0; iteration < iterations; iteration++) {
            for (int i = 0; i < a.length; i++) {
                u[i] = a[i] / dot(kernel[i], v);
            }
            for (int j = 0; j < b.length; j++) {
                double sum = 0;
                for (int i = 0; i < a.length; i++) {
                    sum += kernel[i][j] * u[i];
                }
                v[j] = b[j] / sum;
            }
        }
        for (int i = 0; i < a.length; i++) {
            for (int j = 0; j < b.length; j++) {
                kernel[i][j] *= u[i] * v[j];
            }
        }
        return kernel;
    }
}
