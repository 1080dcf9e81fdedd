package tessella.bench;

/**
 * A logarithmic scale.
 *
 * @param low the value at its beginning, above 0
 * @param high the value at its end
 * @param from where the beginning is drawn
 * @param to where the end is drawn
 */
record LogAxis(double low, double high, double from, double to) {
    /** A scale over whole powers of a base that holds both values. */
    static LogAxis powers(double base, double low, double high, double from, double to) {
        double begin = Math.pow(base, Math.floor(Math.log(low) / Math.log(base) + 1e-9));
        double end = Math.pow(base, Math.ceil(Math.log(high) / Math.log(base) - 1e-9));
        return new LogAxis(begin, end > begin ? end : begin * base, from, to);
    }

    double place(double value) {
        return from + (Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low)) * (to - from);
    }
}
