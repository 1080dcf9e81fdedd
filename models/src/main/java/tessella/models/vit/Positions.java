package tessella.models.vit;

import tessella.autodiff.Resize;
import tessella.autodiff.Shapes;
import tessella.autodiff.Tensor;

/** Learned position embeddings on another grid than they were trained on. */
public final class Positions {
    private Positions() {}

    /**
     * Positions [1, prefix + rows * columns, d] on a grid of newRows x newColumns: [1, prefix + newRows * newColumns, d]. The
     * first prefix tokens (class and register tokens) have no place and stay as they are.
     *
     * @throws IllegalArgumentException if the positions are not of this grid
     */
    public static Tensor resize(Tensor positions, int prefix, int rows, int columns, int newRows, int newColumns,
            Resize method) {
        if (positions.shape().rank() != 3 || positions.dim(0) != 1 || positions.dim(1) != prefix + (long) rows * columns) {
            throw new IllegalArgumentException("positions: expected [1, " + prefix + " + " + rows + " * " + columns
                    + ", d], found "
                    + positions.shape());
        }
        long d = positions.dim(2);
        Tensor grid = Shapes.reshape(Shapes.slice(positions, 1, prefix, positions.dim(1)), 1, rows, columns, d);
        Tensor resized = Shapes.reshape(method.apply(grid, newRows, newColumns), 1, (long) newRows * newColumns, d);
        return prefix == 0 ? resized : Shapes.concat(1, Shapes.slice(positions, 1, 0, prefix), resized);
    }
}
