package tessella.kernels;

/**
 * What {@link DoubleTransport} writes: the columns of a plan with at most k entries each, and what is known of each column.
 * Entry e of column j lies at j * k + e, rows ascending.
 *
 * @param counts entries of each column, at most k
 * @param rows the row of each entry
 * @param values the mass of each entry, above 0
 * @param thresholds tau of each column: an entry is (x - tau) / gamma
 * @param terms what each column takes from the objective: delta_k, or max_k
 * @param costs sum of mass times cost over the entries of each column
 * @param squares sum of squared masses of each column
 * @param margins how much the k-th largest x lies above the next one where k binds, and so 0 at a tie; else infinity
 */
public record SparseColumns(int[] counts, int[] rows, double[] values, double[] thresholds, double[] terms, double[] costs,
        double[] squares, double[] margins) {
    /** Room for n columns of at most k entries. */
    public static SparseColumns of(int n, int k) {
        int entries = Math.multiplyExact(n, k);
        return new SparseColumns(new int[n], new int[entries], new double[entries], new double[n], new double[n], new double[n],
                new double[n], new double[n]);
    }

    /** Working memory of one task: the entries of a column of m that may stay, and a copy of them that is put in order. */
    public record Scratch(int[] rows, double[] values, double[] order) {
        /** For columns of m elements. */
        public static Scratch of(int m) {
            return new Scratch(new int[m], new double[m], new double[Math.max(1, m)]);
        }
    }
}
