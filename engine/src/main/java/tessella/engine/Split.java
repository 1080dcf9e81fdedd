package tessella.engine;

/**
 * A range cut into even parts for the tasks of an operator, each a whole number of units but the last.
 *
 * <p>The number of parts depends on the range alone, and 2, 4 or 8 threads can share it evenly. Only operators whose bits do
 * not depend on where a range is cut may use it.
 */
record Split(long size, int parts, long unit) {
    /** Parts of some grain elements. */
    static Split of(long size, long grain) {
        return of(size, grain, 1);
    }

    /** Whole rows of n elements, some grain elements a part. */
    static Split rows(long rows, long n, long grain) {
        return of(rows, Math.max(1, grain / Math.max(1, n)));
    }

    /** Parts of some grain elements that begin at multiples of a unit, such as a whole vector. */
    static Split of(long size, long grain, long unit) {
        long wanted = (size + grain - 1) / grain;
        long even = wanted <= 2 ? wanted : wanted <= 4 ? 4 : (wanted + 7) / 8 * 8;
        return new Split(size, Math.toIntExact(Math.min(even, (size + unit - 1) / unit)), unit);
    }

    /** Where a part begins. */
    long from(int part) {
        long units = (size + unit - 1) / unit;
        return Math.min(size, units * part / parts * unit);
    }

    /** Where a part ends. */
    long to(int part) {
        return from(part + 1);
    }

    /** Elements of a part. */
    int length(int part) {
        return Math.toIntExact(to(part) - from(part));
    }
}
