package tessella.engine.io;

import tessella.engine.Shape;

/**
 * How an array lies in a file.
 *
 * @param type how the elements are stored
 * @param shape the shape
 * @param order which axis varies fastest
 */
public record StoredArray(StoredType type, Shape shape, Order order) {
    /** Which axis varies fastest from element to element. */
    public enum Order {
        /** The last one, as in C. */
        ROW_MAJOR,
        /** The first one, as in Fortran. */
        COLUMN_MAJOR
    }

    /** Bytes of all elements in the file. */
    public long bytes() {
        return shape.size() * type.bytes();
    }

    /** Whether the elements come in another order than in memory, where arrays are row-major. */
    boolean isReordered() {
        if (order == Order.ROW_MAJOR || shape.size() == 0) {
            return false;
        }
        int axes = 0;
        for (int axis = 0; axis < shape.rank(); axis++) {
            axes += shape.dim(axis) > 1 ? 1 : 0;
        }
        return axes > 1;
    }

    /** The extents from the last to the first: the shape whose row-major order is this one's column-major order. */
    Shape reversed() {
        long[] dims = shape.dims();
        long[] out = new long[dims.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = dims[dims.length - 1 - i];
        }
        return Shape.of(out);
    }

    /** The type, shape and order. */
    @Override
    public String toString() {
        return type + " " + shape + (order == Order.COLUMN_MAJOR ? " column-major" : "");
    }
}
