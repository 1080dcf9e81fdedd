package tessella.engine;

import java.util.Arrays;
import tessella.kernels.DoubleTransport;
import tessella.kernels.SparseColumns;

/**
 * The columns of a transport plan with at most k entries each, computed side by side for given potentials; what
 * {@code tessella.engine.transport} evaluates its dual functions by. One evaluation overwrites the one before, so one thread at a
 * time may use it. The costs are a copy in float64 that lives as long as the scope in which it was made.
 */
public final class TransportColumns {
    /** Elements of the costs that a task looks through. */
    private static final long GRAIN = 1 << 14;

    private final NdArray cost;
    private final int m;
    private final int n;
    private final int k;
    private final SparseColumns columns;
    private final Split split;
    private final SparseColumns.Scratch[] scratch;

    private TransportColumns(NdArray cost, int k) {
        this.cost = cost;
        n = Math.toIntExact(cost.shape().dim(0));
        m = Math.toIntExact(cost.shape().dim(1));
        this.k = k;
        columns = SparseColumns.of(n, k);
        split = Split.rows(n, m, GRAIN);
        scratch = new SparseColumns.Scratch[split.parts()];
        Arrays.setAll(scratch, part -> SparseColumns.Scratch.of(m));
    }

    /**
     * Columns of at most k entries for costs [m, n], copied into the innermost scope.
     *
     * @throws IllegalArgumentException if the costs are no matrix with a row and a column, or k is not in [1, m]
     */
    public static TransportColumns of(NdArray cost, int k) {
        cost.check("transport");
        if (cost.shape().rank() != 2 || cost.shape().size() == 0 || k < 1 || k > cost.shape().dim(0)) {
            throw new IllegalArgumentException("transport: expected costs [m, n] of at least one row and column and k in [1, m], "
                    + "found shape " + cost.shape() + " and k = " + k);
        }
        NdArray turned = cost.transpose().copy();
        if (turned.dtype() == DType.F64) {
            return new TransportColumns(turned, k);
        }
        NdArray wide = turned.to(DType.F64);
        turned.free();
        return new TransportColumns(wide, k);
    }

    /** The same costs for columns of at most so many entries; the memory is shared. */
    public TransportColumns withCardinality(int cardinality) {
        return new TransportColumns(cost, cardinality);
    }

    /** Moves the costs to another scope. */
    public void moveTo(Scope scope) {
        cost.moveTo(scope);
    }

    /** The costs, column by column: element (i, j) at j * m + i. */
    public double[] costs() {
        return cost.toDoubles();
    }

    /**
     * Column j is the t that maximises {@code <alpha - c_j, t> - gamma/2 |t|^2} over t >= 0 of sum masses_j and at most k
     * entries (Liu, Puigcerver, Blondel 2022, semi-dual).
     */
    public void semiDual(double[] alpha, double[] masses, double gamma) {
        Region.run("transport semi-dual", split.parts(), (part, _) -> DoubleTransport.semiDual(cost.segment(), cost.offset(), alpha,
                masses, gamma, m, k, (int) split.from(part), (int) split.to(part), columns, scratch[part]), cost);
    }

    /** Column j holds the k largest positive (alpha + beta_j - c_j) / gamma (Liu, Puigcerver, Blondel 2022, dual). */
    public void dual(double[] alpha, double[] beta, double gamma) {
        Region.run("transport dual", split.parts(), (part, _) -> DoubleTransport.dual(cost.segment(), cost.offset(), alpha, beta,
                gamma, m, k, (int) split.from(part), (int) split.to(part), columns, scratch[part]), cost);
    }

    /** Number of rows m. */
    public int rows() {
        return m;
    }

    /** Number of columns n. */
    public int columns() {
        return n;
    }

    /** The most entries of a column. */
    public int cardinality() {
        return k;
    }

    /** What the columns take from the objective, added up in their order. */
    public double terms() {
        return sum(columns.terms());
    }

    /** Sum of mass times cost. */
    public double cost() {
        return sum(columns.costs());
    }

    /** Sum of squared masses. */
    public double squares() {
        return sum(columns.squares());
    }

    private static double sum(double[] x) {
        double sum = 0;
        for (double v : x) {
            sum += v;
        }
        return sum;
    }

    /** The threshold of column j: its entries are (x - threshold) / gamma. */
    public double threshold(int j) {
        return columns.thresholds()[j];
    }

    /** How far the k-th largest x of column j lies above the next one that would be an entry; infinity where k does not bind. */
    public double margin(int j) {
        return columns.margins()[j];
    }

    /** Adds the entries of each row to rowSums, in the order of the columns, and sets columnSums. */
    public void sums(double[] rowSums, double[] columnSums) {
        for (int j = 0; j < n; j++) {
            double sum = 0;
            for (int e = j * k; e < j * k + columns.counts()[j]; e++) {
                rowSums[columns.rows()[e]] += columns.values()[e];
                sum += columns.values()[e];
            }
            columnSums[j] = sum;
        }
    }

    /** Number of entries of column j. */
    public int count(int j) {
        return columns.counts()[j];
    }

    /** Copies rows and masses of the entries of column j. */
    public void column(int j, int[] rows, double[] masses, int at) {
        System.arraycopy(columns.rows(), j * k, rows, at, columns.counts()[j]);
        System.arraycopy(columns.values(), j * k, masses, at, columns.counts()[j]);
    }
}
