package tessella.autodiff;

import static tessella.autodiff.Tape.operator;
import static tessella.autodiff.Tape.saved;

import tessella.engine.NdArray;
import tessella.engine.Pointwise;
import tessella.engine.Regularizer;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.TopK;

/**
 * Euclidean projections of rows of the last axis. Results are in the innermost scope; a mass that is not a finite number above 0,
 * and rows without elements, throw IllegalArgumentException.
 */
public final class Projections {
    private Projections() {}

    /**
     * The nearest y with y &ge; 0, sum y = z: y_i = max(x_i - tau, 0), which is z times the soft mask of one place with lambda = z. dx_i = dy_i -
     * mean dy over the elements above 0, and 0 elsewhere.
     */
    public static Tensor simplex(Tensor x, double z) {
        check("simplex", x, z);
        return projected("simplex", x, x.value(), z);
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
        check("sparseSimplex", x, z);
        TopK.Selection hard = TopK.mask(x.value(), (int) Math.min(k, x.dim(-1)), Regularizer.l2(0));
        NdArray never = NdArray.full(Scope.current(), x.dtype(), Shape.of(), Double.NEGATIVE_INFINITY);
        NdArray among = Pointwise.select(hard.y(), x.value(), never);
        hard.y().free();
        hard.thresholds().free();
        never.free();
        return projected("sparseSimplex", x, among, z);
    }

    private static void check(String op, Tensor x, double z) {
        if (!(z > 0 && z < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(op + ": expected a finite mass above 0, found " + z);
        }
        if (x.shape().rank() == 0 || x.dim(-1) == 0) {
            throw new IllegalArgumentException(op + ": expected rows of at least one element, found shape " + x.shape());
        }
    }

    private static Tensor projected(String op, Tensor x, NdArray among, double z) {
        Regularizer regularizer = Regularizer.l2(z);
        TopK.Selection mask = TopK.mask(among, 1, regularizer);
        NdArray y = Pointwise.scale(mask.y(), z);
        mask.y().free();
        return operator(op, y, saved(among, mask.thresholds()), (dy, to) -> to.add(x, () -> {
            NdArray dmask = TopK.maskGradient(among, regularizer, mask, dy);
            NdArray dx = Pointwise.scale(dmask, z);
            dmask.free();
            return dx;
        }), x);
    }
}
