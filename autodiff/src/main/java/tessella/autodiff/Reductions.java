package tessella.autodiff;

import static tessella.autodiff.Tape.operator;
import static tessella.autodiff.Tape.saved;

import java.util.stream.IntStream;
import tessella.engine.Extremes;
import tessella.engine.Moments;
import tessella.engine.NdArray;
import tessella.engine.Pointwise;
import tessella.engine.Shape;
import tessella.engine.Sums;

/**
 * Sums, means, extremes and variances over axes, which the result does not keep; without axes, over all of them. The order of addition depends
 * on the shape only. Results are in the innermost scope; an axis that does not exist throws IllegalArgumentException.
 */
public final class Reductions {
    private Reductions() {}

    /** y = sum x; dx = dy, repeated. */
    public static Tensor sum(Tensor x, int... axes) {
        return reduce("sum", x, 1, axes(x, axes));
    }

    /** y = (sum x) / n, n the number of elements summed; dx = dy / n, repeated. */
    public static Tensor mean(Tensor x, int... axes) {
        int[] all = axes(x, axes);
        long n = IntStream.of(all).mapToLong(x.shape()::dim).reduce(1, (a, b) -> a * b);
        if (n == 0) {
            throw new IllegalArgumentException("mean: expected at least one element along the axes, found shape " + x.shape());
        }
        return reduce("mean", x, 1.0 / n, all);
    }

    /** y = max x, NaN if an element is; dx = dy where x is y, shared evenly by those that tie. */
    public static Tensor max(Tensor x, int... axes) {
        return extreme("max", x, Extremes.max(x.value(), axes), axes);
    }

    /** y = min x, NaN if an element is; dx = dy where x is y, shared evenly by those that tie. */
    public static Tensor min(Tensor x, int... axes) {
        return extreme("min", x, Extremes.min(x.value(), axes), axes);
    }

    private static Tensor extreme(String op, Tensor x, NdArray y, int[] axes) {
        return operator(op, y.reshape(without(x.shape(), axes)), saved(x.value(), y),
                (dy, to) -> to.add(x, () -> Extremes.gradient(x.value(), y, dy, axes)), x);
    }

    /**
     * The first index of the largest element along an axis, or of the first NaN, row-major over the other axes; a constant,
     * without a gradient.
     */
    public static int[] argmax(Tensor x, int axis) {
        return Extremes.argmax(x.value(), axis);
    }

    /**
     * y = sum (x - mean)^2 / (n - correction); dx = 2 dy (x - mean) / (n - correction).
     *
     * @throws IllegalArgumentException if n is not above the correction
     */
    public static Tensor variance(Tensor x, double correction, int... axes) {
        Moments.Variance forward = Moments.variance(x.value(), correction, axes);
        return operator("variance", forward.y().reshape(without(x.shape(), axes)), saved(x.value(), forward.means()),
                (dy, to) -> to.add(x, () -> Moments.varianceGradient(x.value(), forward, correction, dy, axes)), x);
    }

    /** y_i = x_0 + .. + x_i along an axis; dx_i = dy_i + .. + dy_(n-1). */
    public static Tensor cumulativeSum(Tensor x, int axis) {
        return operator("cumulativeSum", Moments.cumulative(x.value(), axis), saved(),
                (dy, to) -> to.add(x, () -> Moments.cumulativeGradient(dy, axis)), x);
    }

    /** A shape without the given axes; without all of them when none is given. */
    static Shape without(Shape shape, int... axes) {
        return Shape.of(IntStream.range(0, shape.rank())
                .filter(i -> axes.length > 0 && IntStream.of(axes).noneMatch(a -> shape.axis(a) == i))
                .mapToLong(shape::dim).toArray());
    }

    private static int[] axes(Tensor x, int[] axes) {
        return axes.length == 0 ? IntStream.range(0, x.shape().rank()).toArray()
                : IntStream.of(axes).map(x.shape()::axis).distinct().toArray();
    }

    private static Tensor reduce(String op, Tensor x, double s, int[] axes) {
        NdArray kept = Sums.sum(x.value(), s, axes);
        Shape shape = kept.shape();
        return operator(op, kept.reshape(x.shape().rank() == 0 ? shape : without(shape, axes)), saved(), (dy, to) -> to.add(x,
                () -> {
            NdArray d = s == 1 ? dy : Pointwise.scale(dy, s);
            return d.reshaped(shape).broadcastTo(x.shape());
        }), x);
    }
}
