package tessella.engine;

/**
 * The two axes by which Adafactor factors an array, seen as [outer, height, middle, n, inner] with height and n the extents of
 * the two largest axes.
 */
record Factors(int first, int second, long outer, long height, long middle, long n, long inner) {
    /** The two largest axes, of equal ones the later, if both have at least this extent; else null. */
    static Factors of(Shape shape, long least) {
        int largest = -1;
        int next = -1;
        for (int axis = 0; axis < shape.rank(); axis++) {
            if (largest < 0 || shape.dim(axis) >= shape.dim(largest)) {
                next = largest;
                largest = axis;
            } else if (next < 0 || shape.dim(axis) >= shape.dim(next)) {
                next = axis;
            }
        }
        if (next < 0 || shape.dim(next) < least) {
            return null;
        }
        int first = Math.min(largest, next);
        int second = Math.max(largest, next);
        return new Factors(first, second, shape.axes(0, first).size(), shape.dim(first), shape.axes(first + 1, second).size(),
                shape.dim(second), shape.axes(second + 1, shape.rank()).size());
    }

    /** Number of lines of n inner elements that lie together. */
    long lines() {
        return outer * height * middle;
    }
}
