package tessella.engine.transport;

import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;

/**
 * A transport plan T [m, n] by its entries above 0, column by column, rows ascending: the entries of column j are those from
 * {@code starts[j]} to {@code starts[j + 1]}. On the heap; the arrays are the plan's own and are not to be written to.
 *
 * @param rows m
 * @param columns n
 * @param starts n + 1 positions
 * @param indices the row of each entry
 * @param masses what each entry moves
 */
public record SparsePlan(int rows, int columns, int[] starts, int[] indices, double[] masses) {
    /** Number of entries. */
    public int entries() {
        return starts[columns];
    }

    /** Entries of a column. */
    public int entries(int column) {
        return starts[column + 1] - starts[column];
    }

    /** T [m, n], row-major. */
    public double[] toDoubles() {
        double[] out = new double[Math.multiplyExact(rows, columns)];
        for (int j = 0; j < columns; j++) {
            for (int e = starts[j]; e < starts[j + 1]; e++) {
                out[indices[e] * columns + j] = masses[e];
            }
        }
        return out;
    }

    /** T [m, n] as a float64 array in the innermost scope. */
    public NdArray toDense() {
        return NdArray.of(Scope.current(), Shape.of(rows, columns), toDoubles());
    }

    /** T 1, what leaves each row. */
    public double[] rowSums() {
        double[] out = new double[rows];
        for (int e = 0; e < entries(); e++) {
            out[indices[e]] += masses[e];
        }
        return out;
    }

    /** T' 1, what reaches each column. */
    public double[] columnSums() {
        double[] out = new double[columns];
        for (int j = 0; j < columns; j++) {
            for (int e = starts[j]; e < starts[j + 1]; e++) {
                out[j] += masses[e];
            }
        }
        return out;
    }

    /** T' [n, m]. */
    public SparsePlan transposed() {
        int[] turned = new int[rows + 1];
        for (int e = 0; e < entries(); e++) {
            turned[indices[e] + 1]++;
        }
        for (int i = 0; i < rows; i++) {
            turned[i + 1] += turned[i];
        }
        int[] next = turned.clone();
        int[] turnedIndices = new int[entries()];
        double[] turnedMasses = new double[entries()];
        for (int j = 0; j < columns; j++) {
            for (int e = starts[j]; e < starts[j + 1]; e++) {
                int at = next[indices[e]]++;
                turnedIndices[at] = j;
                turnedMasses[at] = masses[e];
            }
        }
        return new SparsePlan(columns, rows, turned, turnedIndices, turnedMasses);
    }
}
