package tessella.engine.transport;

import java.util.Arrays;
import tessella.engine.NdArray;

/**
 * Optimal transport without squares, exactly: the least {@code <T, C>} over T >= 0 with the marginals, by shortest augmenting paths in
 * the residual graph (Ahuja, Magnanti, Orlin 1993, section 9.7). The end gamma = 0; and the end k = 1, whose value is that cost plus
 * gamma/2 |b|^2, with the potentials of this problem.
 *
 * @param plan of at most m + n - 1 entries where no two ways cost the same
 * @param alpha potentials of the rows
 * @param beta potentials of the columns: alpha_i + beta_j is at most the cost, and equal to it on the entries
 * @param value the least cost
 */
public record LeastCost(SparsePlan plan, double[] alpha, double[] beta, double value) {
    /**
     * Solves the problem of these costs [m, n] and masses [m] and [n]. Paths begin at the side of fewer lines; each path
     * may look at all pairs, and there are m + n of them and more, so that some 100,000 pairs take seconds.
     *
     * @throws IllegalArgumentException if costs are not finite, masses are negative, or their sums differ
     */
    public static LeastCost of(NdArray cost, double[] a, double[] b) {
        TransportProblem.checkMasses(cost, a, b);
        if (a.length <= b.length) {
            return new Paths(cost.toDoubles(), a, b).solved();
        }
        LeastCost turned = new Paths(cost.transpose().toDoubles(), b, a).solved();
        return new LeastCost(turned.plan.transposed(), turned.beta, turned.alpha, turned.value);
    }

    /** Flows along shortest paths; potentials keep every reduced cost at 0 or above, and at 0 where there is flow. */
    private static final class Paths {
        private final double[] cost;
        private final int m;
        private final int n;
        private final double[] supply;
        private final double[] demand;
        private final double[] flow;
        private final double[] u;
        private final double[] v;
        /** Of rows, then columns: length of the shortest path, where it comes from, and whether it is final. */
        private final double[] distance;
        private final int[] from;
        private final boolean[] done;

        Paths(double[] cost, double[] a, double[] b) {
            this.cost = cost;
            m = a.length;
            n = b.length;
            supply = a.clone();
            demand = b.clone();
            flow = new double[m * n];
            u = new double[m];
            v = new double[n];
            Arrays.fill(v, Double.POSITIVE_INFINITY);
            for (int at = 0; at < cost.length; at++) {
                v[at % n] = Math.min(v[at % n], cost[at]);
            }
            distance = new double[m + n];
            from = new int[m + n];
            done = new boolean[m + n];
        }

        LeastCost solved() {
            for (int target = search(); target >= 0; target = search()) {
                augment(target);
            }
            double value = 0;
            int[] starts = new int[n + 1];
            int[] indices = new int[m * n];
            double[] masses = new double[m * n];
            int entries = 0;
            for (int j = 0; j < n; j++) {
                for (int i = 0; i < m; i++) {
                    if (flow[i * n + j] > 0) {
                        indices[entries] = i;
                        masses[entries++] = flow[i * n + j];
                        value += flow[i * n + j] * cost[i * n + j];
                    }
                }
                starts[j + 1] = entries;
            }
            return new LeastCost(new SparsePlan(m, n, starts, Arrays.copyOf(indices, entries), Arrays.copyOf(masses, entries)), u, v, value);
        }

        /** The nearest column that wants mass from the rows that have some left, or -1; potentials are brought up to it. */
        private int search() {
            for (int line = 0; line < m + n; line++) {
                distance[line] = line < m && supply[line] > 0 ? 0 : Double.POSITIVE_INFINITY;
                from[line] = -1;
                done[line] = false;
            }
            while (true) {
                int nearest = -1;
                for (int line = 0; line < m + n; line++) {
                    if (!done[line] && distance[line] < Double.POSITIVE_INFINITY
                            && (nearest < 0 || distance[line] < distance[nearest])) {
                        nearest = line;
                    }
                }
                if (nearest < 0) {
                    return -1;
                }
                if (nearest >= m && demand[nearest - m] > 0) {
                    raise(distance[nearest]);
                    return nearest;
                }
                done[nearest] = true;
                relax(nearest);
            }
        }

        private void relax(int line) {
            if (line < m) {
                for (int j = 0; j < n; j++) {
                    double length = distance[line] + Math.max(0, cost[line * n + j] - u[line] - v[j]);
                    if (!done[m + j] && length < distance[m + j]) {
                        distance[m + j] = length;
                        from[m + j] = line;
                    }
                }
            } else {
                for (int i = 0; i < m; i++) {
                    if (!done[i] && flow[i * n + line - m] > 0 && distance[line] < distance[i]) {
                        distance[i] = distance[line];
                        from[i] = line;
                    }
                }
            }
        }

        private void raise(double reached) {
            for (int i = 0; i < m; i++) {
                u[i] += Math.max(0, reached - distance[i]);
            }
            for (int j = 0; j < n; j++) {
                v[j] -= Math.max(0, reached - distance[m + j]);
            }
        }

        /** Moves what the path allows: what its row has, its column wants, and the flows that it takes back can give. */
        private void augment(int target) {
            double mass = demand[target - m];
            int line = target;
            while (from[line] >= 0) {
                if (line < m) {
                    mass = Math.min(mass, flow[line * n + from[line] - m]);
                }
                line = from[line];
            }
            mass = Math.min(mass, supply[line]);
            supply[line] -= mass;
            demand[target - m] -= mass;
            line = target;
            while (from[line] >= 0) {
                if (line < m) {
                    flow[line * n + from[line] - m] -= mass;
                } else {
                    flow[from[line] * n + line - m] += mass;
                }
                line = from[line];
            }
        }
    }
}
