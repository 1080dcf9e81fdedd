package tessella.engine.transport;

import java.util.Arrays;

/**
 * Row and column offsets on the entries of a plan: [[diag(A 1), A], [A', diag(A' 1)]] (u, v) = (r, c), A the 0-1 matrix of the entries.
 * The side of more lines is eliminated, the rest solved by Cholesky. A connected part of rows and columns leaves one shift (u + s, v - s)
 * open, so its first line of the smaller side has the offset 0; what (r, c) has along such a shift is taken out, so that the system is
 * solvable: least squares.
 */
final class SupportSystem {
    private final boolean turned;
    /** Entries of the lines of the larger side, each by its line of the smaller. */
    private final int[] starts;
    private final int[] indices;
    private final int large;
    private final int small;
    /** The connected part of each line of the smaller side, by its first such line. */
    private final int[] parts;
    /** The lower Cholesky factor, row by row; the first line of each part is left out, as a row of the identity. */
    private final double[][] factor;

    private SupportSystem(SparsePlan byLarge, boolean turned) {
        this.turned = turned;
        starts = byLarge.starts();
        indices = byLarge.indices();
        large = byLarge.columns();
        small = byLarge.rows();
        parts = connected();
        factor = factored(complement());
    }

    /** The system of the entries of a plan. */
    static SupportSystem of(SparsePlan plan) {
        boolean turned = plan.rows() > plan.columns();
        return new SupportSystem(turned ? plan.transposed() : plan, turned);
    }

    private int[] connected() {
        int[] parent = new int[small];
        Arrays.setAll(parent, s -> s);
        for (int l = 0; l < large; l++) {
            for (int e = starts[l] + 1; e < starts[l + 1]; e++) {
                int first = root(parent, indices[starts[l]]);
                int other = root(parent, indices[e]);
                parent[Math.max(first, other)] = Math.min(first, other);
            }
        }
        int[] roots = new int[small];
        Arrays.setAll(roots, s -> root(parent, s));
        return roots;
    }

    private static int root(int[] parent, int line) {
        int at = line;
        while (parent[at] != at) {
            parent[at] = parent[parent[at]];
            at = parent[at];
        }
        return at;
    }

    /** diag(A' 1) - A' diag(A 1)^-1 A. */
    private double[][] complement() {
        double[][] out = new double[small][small];
        for (int l = 0; l < large; l++) {
            double share = 1.0 / (starts[l + 1] - starts[l]);
            for (int e = starts[l]; e < starts[l + 1]; e++) {
                double[] row = out[indices[e]];
                row[indices[e]] += 1;
                for (int f = starts[l]; f < starts[l + 1]; f++) {
                    row[indices[f]] -= share;
                }
            }
        }
        return out;
    }

    private double[][] factored(double[][] matrix) {
        for (int i = 0; i < small; i++) {
            double[] row = matrix[i];
            for (int j = 0; j < i; j++) {
                double[] other = matrix[j];
                double sum = row[j];
                for (int p = 0; p < j; p++) {
                    sum -= row[p] * other[p];
                }
                row[j] = parts[i] == i || parts[j] == j ? 0 : sum / other[j];
            }
            double pivot = row[i];
            for (int p = 0; p < i; p++) {
                pivot -= row[p] * row[p];
            }
            row[i] = parts[i] == i ? 1 : Math.sqrt(pivot);
        }
        return matrix;
    }

    /** Offsets [m] and [n] for right sides [m] and [n], which stay as they are. */
    double[][] solve(double[] rows, double[] columns) {
        double[] r = (turned ? rows : columns).clone();
        double[] c = (turned ? columns : rows).clone();
        balance(r, c);
        for (int l = 0; l < large; l++) {
            for (int e = starts[l]; e < starts[l + 1]; e++) {
                c[indices[e]] -= r[l] / (starts[l + 1] - starts[l]);
            }
        }
        for (int i = 0; i < small; i++) {
            double sum = parts[i] == i ? 0 : c[i];
            for (int p = 0; p < i; p++) {
                sum -= factor[i][p] * c[p];
            }
            c[i] = sum / factor[i][i];
        }
        for (int i = small - 1; i >= 0; i--) {
            c[i] /= factor[i][i];
            for (int p = 0; p < i; p++) {
                c[p] -= factor[i][p] * c[i];
            }
        }
        for (int l = 0; l < large; l++) {
            int count = starts[l + 1] - starts[l];
            for (int e = starts[l]; e < starts[l + 1]; e++) {
                r[l] -= c[indices[e]];
            }
            r[l] = count == 0 ? 0 : r[l] / count;
        }
        return turned ? new double[][] {r, c} : new double[][] {c, r};
    }

    /** Takes out of the right sides what they have along the shift of each connected part. */
    private void balance(double[] r, double[] c) {
        double[] excess = new double[small];
        int[] lines = new int[small];
        for (int s = 0; s < small; s++) {
            excess[parts[s]] -= c[s];
            lines[parts[s]]++;
        }
        for (int l = 0; l < large; l++) {
            if (starts[l + 1] > starts[l]) {
                int part = parts[indices[starts[l]]];
                excess[part] += r[l];
                lines[part]++;
            }
        }
        for (int s = 0; s < small; s++) {
            c[s] += excess[parts[s]] / lines[parts[s]];
        }
        for (int l = 0; l < large; l++) {
            if (starts[l + 1] > starts[l]) {
                int part = parts[indices[starts[l]]];
                r[l] -= excess[part] / lines[part];
            }
        }
    }
}
