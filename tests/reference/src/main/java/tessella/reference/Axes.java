package tessella.reference;

import java.util.Arrays;

/** A set of axes of a shape, as reductions and softmaxes take it: negative axes count from the end. */
final class Axes {
    private final boolean[] reduced;
    private final int[] shape;

    Axes(int[] shape, int... axes) {
        this.shape = shape;
        this.reduced = new boolean[shape.length];
        for (int axis : axes) {
            int own = axis < 0 ? axis + shape.length : axis;
            if (reduced[own]) {
                throw new IllegalArgumentException("Axes: axis " + axis + " is named twice");
            }
            reduced[own] = true;
        }
    }

    /** The index with every reduced axis at 0: the place in an array of {@link #keptShape} where its group lives. */
    int[] group(int[] index) {
        int[] group = index.clone();
        for (int axis = 0; axis < group.length; axis++) {
            group[axis] = reduced[axis] ? 0 : group[axis];
        }
        return group;
    }

    /** The shape with every reduced axis of extent 1. */
    int[] keptShape() {
        int[] kept = shape.clone();
        for (int axis = 0; axis < kept.length; axis++) {
            kept[axis] = reduced[axis] ? 1 : kept[axis];
        }
        return kept;
    }

    /** The shape without the reduced axes. */
    int[] droppedShape() {
        int rank = 0;
        int[] dropped = new int[shape.length];
        for (int axis = 0; axis < shape.length; axis++) {
            if (!reduced[axis]) {
                dropped[rank++] = shape[axis];
            }
        }
        return Arrays.copyOf(dropped, rank);
    }

    /** The number of elements that fall together in one group. */
    int count() {
        int count = 1;
        for (int axis = 0; axis < shape.length; axis++) {
            count *= reduced[axis] ? shape[axis] : 1;
        }
        return count;
    }
}
