package tessella.engine;

import java.util.Arrays;
import java.util.stream.Collectors;

/** The extents of an array's axes; rank 0 is a scalar. Immutable. */
public final class Shape {
    private static final Shape SCALAR = new Shape(new long[0], 1);

    private final long[] dims;
    private final long size;

    private Shape(long[] dims, long size) {
        this.dims = dims;
        this.size = size;
    }

    /**
     * A shape of the given extents.
     *
     * @throws IllegalArgumentException if an extent is negative or the number of elements exceeds 2^63 - 1
     */
    public static Shape of(long... dims) {
        if (dims.length == 0) {
            return SCALAR;
        }
        long size = 1;
        for (long dim : dims) {
            if (dim < 0) {
                throw new IllegalArgumentException("shape " + text(dims) + ": expected extents of at least 0, found " + dim);
            }
            try {
                size = Math.multiplyExact(size, dim);
            } catch (ArithmeticException e) {
                throw new IllegalArgumentException("shape " + text(dims) + ": more than 2^63 - 1 elements", e);
            }
        }
        return new Shape(dims.clone(), size);
    }

    /** Number of axes. */
    public int rank() {
        return dims.length;
    }

    /** Number of elements. */
    public long size() {
        return size;
    }

    /** Extent of an axis; negative axes count from the end. */
    public long dim(int axis) {
        return dims[axis(axis)];
    }

    /** The extents, a copy. */
    public long[] dims() {
        return dims.clone();
    }

    /**
     * The axis counted from the front.
     *
     * @throws IllegalArgumentException if there is no such axis
     */
    public int axis(int axis) {
        int at = axis < 0 ? axis + dims.length : axis;
        if (at < 0 || at >= dims.length) {
            throw new IllegalArgumentException("shape " + this + ": expected an axis in [" + -dims.length + ", "
                    + dims.length + "), found " + axis);
        }
        return at;
    }

    /** This shape with the extent of one axis replaced. */
    public Shape with(int axis, long dim) {
        long[] out = dims.clone();
        out[axis(axis)] = dim;
        return of(out);
    }

    /** This shape without an axis. */
    public Shape without(int axis) {
        int at = axis(axis);
        long[] out = new long[dims.length - 1];
        System.arraycopy(dims, 0, out, 0, at);
        System.arraycopy(dims, at + 1, out, at, out.length - at);
        return of(out);
    }

    /** The axes [from, to) alone. */
    public Shape axes(int from, int to) {
        return of(Arrays.copyOfRange(dims, from, to));
    }

    /** The axes of this shape, then those of another. */
    public Shape then(Shape other) {
        long[] out = Arrays.copyOf(dims, dims.length + other.dims.length);
        System.arraycopy(other.dims, 0, out, dims.length, other.dims.length);
        return of(out);
    }

    /**
     * The shape that two operands broadcast to: axes are aligned at the end, an axis of extent 1 (or none) is repeated.
     *
     * @throws IllegalArgumentException if two extents differ and neither is 1
     */
    public static Shape broadcast(String op, Shape a, Shape b) {
        int rank = Math.max(a.rank(), b.rank());
        long[] out = new long[rank];
        for (int i = 0; i < rank; i++) {
            long x = i < rank - a.rank() ? 1 : a.dims[i - rank + a.rank()];
            long y = i < rank - b.rank() ? 1 : b.dims[i - rank + b.rank()];
            if (x != y && x != 1 && y != 1) {
                throw new IllegalArgumentException(op + ": shapes " + a + " and " + b + " do not broadcast, axis "
                        + (i - rank) + " has extents " + x + " and " + y + "; expected equal extents, or 1");
            }
            out[i] = x == 1 ? y : x;
        }
        return of(out);
    }

    /** Strides, in elements, of a contiguous array of this shape. */
    long[] strides() {
        long[] out = new long[dims.length];
        long stride = 1;
        for (int i = dims.length - 1; i >= 0; i--) {
            out[i] = stride;
            stride *= Math.max(1, dims[i]);
        }
        return out;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Shape shape && Arrays.equals(dims, shape.dims);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(dims);
    }

    @Override
    public String toString() {
        return text(dims);
    }

    private static String text(long[] dims) {
        return Arrays.stream(dims).mapToObj(Long::toString).collect(Collectors.joining(", ", "[", "]"));
    }
}
