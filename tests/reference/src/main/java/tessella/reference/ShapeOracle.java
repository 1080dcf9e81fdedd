package tessella.reference;

import java.util.ArrayList;
import java.util.List;

/** Slices, concatenation and padding; {@code reshape} and {@code permute} are methods of {@link Array}. */
public final class ShapeOracle {
    private ShapeOracle() {}

    /** The elements {@code from <= index < to} of one axis. */
    public static Array slice(Array x, int axis, int from, int to) {
        int[] shape = x.shape();
        shape[axis] = to - from;
        return Array.fill(shape, index -> x.get(moved(index, axis, from)));
    }

    /** {@code dx = dy} at the elements of the slice, 0 elsewhere. */
    public static Array sliceVjp(Array x, int axis, int from, Array dy) {
        Array dx = Array.zeros(x.shape());
        for (int[] index : dy.indices()) {
            dx.set(dy.get(index), moved(index, axis, from));
        }
        return dx;
    }

    /** The parts one after the other along {@code axis}. */
    public static Array concat(int axis, Array... parts) {
        int[] shape = parts[0].shape();
        shape[axis] = 0;
        for (Array part : parts) {
            shape[axis] += part.dim(axis);
        }
        Array y = Array.zeros(shape);
        int start = 0;
        for (Array part : parts) {
            for (int[] index : part.indices()) {
                y.set(part.get(index), moved(index, axis, start));
            }
            start += part.dim(axis);
        }
        return y;
    }

    /** Every part's own piece of {@code dy}. */
    public static List<Array> concatVjp(int axis, Array dy, Array... parts) {
        List<Array> gradients = new ArrayList<>();
        int start = 0;
        for (Array part : parts) {
            gradients.add(slice(dy, axis, start, start + part.dim(axis)));
            start += part.dim(axis);
        }
        return gradients;
    }

    /** {@code x} surrounded by {@code value}: {@code before[axis]} elements in front, {@code after[axis]} behind. */
    public static Array pad(Array x, int[] before, int[] after, double value) {
        int[] shape = x.shape();
        for (int axis = 0; axis < shape.length; axis++) {
            shape[axis] += before[axis] + after[axis];
        }
        Array y = Array.full(shape, value);
        for (int[] index : x.indices()) {
            int[] at = index.clone();
            for (int axis = 0; axis < at.length; axis++) {
                at[axis] += before[axis];
            }
            y.set(x.get(index), at);
        }
        return y;
    }

    /** {@code dx}: the inner part of {@code dy}. */
    public static Array padVjp(Array x, int[] before, Array dy) {
        return Array.fill(x.shape(), index -> {
            int[] at = index.clone();
            for (int axis = 0; axis < at.length; axis++) {
                at[axis] += before[axis];
            }
            return dy.get(at);
        });
    }

    private static int[] moved(int[] index, int axis, int by) {
        int[] at = index.clone();
        at[axis] += by;
        return at;
    }
}
