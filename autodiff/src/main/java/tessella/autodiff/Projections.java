package tessella.autodiff;

import tessella.engine.NdArray;
import tessella.engine.Regularizer;
import tessella.engine.Scope;
import tessella.engine.Shape;

/**
 * Euclidean projections of rows of the last axis. Results are in the innermost scope; a mass that is not a finite number above 0 throws
 * IllegalArgumentException.
 */
public final class Projections {
    private Projections() {}

    /**
     * The nearest y with y &ge; 0, sum y = z: y_i = max(x_i - tau, 0), which is z times the soft mask of one place with lambda = z. dx_i = dy_i -
     * mean dy over the elements above 0, and 0 elsewhere.
     */
    public static Tensor simplex(Tensor x, double z) {
        if (!(z > 0 && z < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("simplex: expected a finite mass above 0, found " + z);
        }
        return Elementwise.scale(SparseTopK.mask(x, 1, Regularizer.l2(z)), z);
    }

    /**
     * The nearest y with y &ge; 0, sum y = z and at most k elements that are not 0: the {@link #simplex} projection of the k largest, those that
     * come first among equals. dx as for that.
     *
     * @throws IllegalArgumentException if k is below 1
     */
    public static Tensor sparseSimplex(Tensor x, int k, double z) {
        if (k < 1) {
            throw new IllegalArgumentException("sparseSimplex: expected a k of at least 1, found " + k);
        }
        Tensor among = SparseTopK.hardMask(Tensor.of(x.value()), (int) Math.min(k, x.dim(-1)));
        NdArray never = NdArray.full(Scope.current(), x.dtype(), Shape.of(), Double.NEGATIVE_INFINITY);
        return simplex(Elementwise.where(among, x, Tensor.of(never)), z);
    }
}
