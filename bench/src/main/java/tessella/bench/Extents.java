package tessella.bench;

/** The extents of a matrix product, A [m, k] times B [k, n], written "m x k x n" as in "197x768x3072". */
record Extents(int m, int k, int n) {

    static Extents parse(String text) {
        String[] parts = text.split("x");
        if (parts.length != 3) {
            throw new IllegalArgumentException("shape: expected three extents such as 197x768x3072, found " + text);
        }
        return new Extents(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]), Integer.parseInt(parts[2]));
    }

    /** Floating-point operations of one product, in thousands of millions. */
    double gflop() {
        return 2e-9 * m * k * n;
    }
}
