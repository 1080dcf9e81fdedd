package tessella.models.transport;

import java.util.Arrays;

/**
 * A plan for a {@link TransportDemo}, with what is to know of it.
 *
 * @param label its name
 * @param plan T [m, n], row-major
 * @param columns n
 * @param cost {@code <T, C>}
 * @param value the dual function where the solver ended, a lower bound; NaN for the entropic plan
 * @param upperBound the least cost with squared k-support norms of three plans with the marginals ({@link DemoPlans}); NaN as before
 * @param marginalError the largest error of a row or a column
 * @param ties columns in which the plan is one of several
 * @param iterations of the solver
 * @param stop why it ended, a word
 * @param values of the dual function at the start and after each iteration; none for the entropic plan
 * @param errors of the marginals there
 */
public record DemoPlan(String label, double[] plan, int columns, double cost, double value, double upperBound, double marginalError, int ties,
        int iterations, String stop, double[] values, double[] errors) {
    /** Entries above 0. */
    public int entries() {
        return (int) Arrays.stream(plan).filter(mass -> mass > 0).count();
    }

    /** Entries of the column that has most. */
    public int densest() {
        int[] entries = new int[columns];
        for (int at = 0; at < plan.length; at++) {
            entries[at % columns] += plan[at] > 0 ? 1 : 0;
        }
        return Arrays.stream(entries).max().orElse(0);
    }

    /** How far the upper bound is above the value, at least 0 but for NaN. */
    public double gap() {
        return Math.max(0, upperBound - value);
    }

    /** How far the upper bound is above each of the values, at least 0. */
    public double[] gaps() {
        return Arrays.stream(values).map(reached -> Math.max(0, upperBound - reached)).toArray();
    }
}
