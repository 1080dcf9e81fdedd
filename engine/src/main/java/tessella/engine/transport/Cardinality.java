package tessella.engine.transport;

import java.util.Locale;

/**
 * The most entries that a plan may have in each column, or in each row: the k of the problem.
 *
 * @param side which lines are sparse
 * @param most entries of a line, at least 1; as many as it has elements, or more, is no limit
 */
public record Cardinality(Side side, int most) {
    /** Lines of a plan. */
    public enum Side {
        /** Experts choose tokens: each column has few entries. */
        COLUMNS,
        /** Tokens choose experts: each row has few entries. */
        ROWS
    }

    /**
     * Checks the number.
     *
     * @throws IllegalArgumentException if it is below 1
     */
    public Cardinality {
        if (most < 1) {
            throw new IllegalArgumentException("transport: expected at least 1 entry in each of the "
                    + side.name().toLowerCase(Locale.ROOT) + ", found k = " + most);
        }
    }

    /** At most k entries a column. */
    public static Cardinality columns(int k) {
        return new Cardinality(Side.COLUMNS, k);
    }

    /** At most k entries a row. */
    public static Cardinality rows(int k) {
        return new Cardinality(Side.ROWS, k);
    }

    /** No limit: quadratic optimal transport. */
    public static Cardinality unlimited() {
        return columns(Integer.MAX_VALUE);
    }
}
