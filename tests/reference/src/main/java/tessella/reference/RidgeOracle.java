package tessella.reference;

/** Ridge regression onto targets of 1 for the class of a picture and -1 for the others, by the normal equations. */
public final class RidgeOracle {
    private RidgeOracle() {}

    /**
     * {@code scores = z W} with {@code W = (Z^T Z + penalty I)^-1 Z^T T}, z a query and Z the pictures, standardised by the mean and
     * the deviation plus {@code least} of the pictures, with a constant feature beside them; solved by Gaussian elimination.
     */
    public static double[][] scores(double[][] x, int[] labels, int classes, double[][] queries, double penalty, double constant,
            double least) {
        int n = x.length;
        int d = x[0].length;
        double[] mean = new double[d];
        double[] deviation = new double[d];
        for (int j = 0; j < d; j++) {
            for (double[] row : x) {
                mean[j] += row[j];
            }
            mean[j] /= n;
            for (double[] row : x) {
                deviation[j] += Math.pow(row[j] - mean[j], 2);
            }
            deviation[j] = Math.sqrt(deviation[j] / n) + least;
        }
        double[][] z = standardised(x, mean, deviation, constant);
        double[][] left = new double[d + 1][d + 1 + classes]; // Z^T Z + penalty I, and beside it Z^T T
        for (int i = 0; i <= d; i++) {
            for (int row = 0; row < n; row++) {
                for (int j = 0; j <= d; j++) {
                    left[i][j] += z[row][i] * z[row][j];
                }
                for (int c = 0; c < classes; c++) {
                    left[i][d + 1 + c] += z[row][i] * (labels[row] == c ? 1 : -1);
                }
            }
            left[i][i] += penalty;
        }
        eliminate(left);
        double[][] asked = standardised(queries, mean, deviation, constant);
        double[][] out = new double[queries.length][classes];
        for (int i = 0; i < out.length; i++) {
            for (int c = 0; c < classes; c++) {
                for (int j = 0; j <= d; j++) {
                    out[i][c] += asked[i][j] * left[j][d + 1 + c];
                }
            }
        }
        return out;
    }

    private static double[][] standardised(double[][] rows, double[] mean, double[] deviation, double constant) {
        double[][] out = new double[rows.length][mean.length + 1];
        for (int i = 0; i < rows.length; i++) {
            for (int j = 0; j < mean.length; j++) {
                out[i][j] = (rows[i][j] - mean[j]) / deviation[j];
            }
            out[i][mean.length] = constant;
        }
        return out;
    }

    /** Turns [A | B] into [I | A^-1 B], the largest pivot first. */
    private static void eliminate(double[][] a) {
        for (int k = 0; k < a.length; k++) {
            int pivot = k;
            for (int i = k; i < a.length; i++) {
                pivot = Math.abs(a[i][k]) > Math.abs(a[pivot][k]) ? i : pivot;
            }
            double[] row = a[pivot];
            a[pivot] = a[k];
            a[k] = row;
            double scale = row[k];
            for (int j = 0; j < row.length; j++) {
                row[j] /= scale;
            }
            for (int i = 0; i < a.length; i++) {
                double factor = a[i][k];
                for (int j = 0; i != k && j < row.length; j++) {
                    a[i][j] -= factor * row[j];
                }
            }
        }
    }
}
