package tessella.autodiff;

import static tessella.autodiff.Tape.operator;
import static tessella.autodiff.Tape.saved;

import java.util.stream.IntStream;
import tessella.engine.NdArray;
import tessella.engine.Pointwise;
import tessella.engine.Shape;
import tessella.engine.Sums;

/**
 * Sums and means over axes, which the result does not keep; without axes, over all of them. The order of addition depends
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

    private static int[] axes(Tensor x, int[] axes) {
        return axes.length == 0 ? IntStream.range(0, x.shape().rank()).toArray()
                : IntStream.of(axes).map(x.shape()::axis).distinct().toArray();
    }

    private static Tensor reduce(String op, Tensor x, double s, int[] axes) {
        NdArray kept = Sums.sum(x.value(), s, axes);
        Shape shape = kept.shape();
        long[] dims = IntStream.range(0, shape.rank()).filter(i -> IntStream.of(axes).noneMatch(a -> a == i))
                .mapToLong(shape::dim).toArray();
        return operator(op, kept.reshape(Shape.of(dims)), saved(), (dy, to) -> to.add(x, () -> {
            NdArray d = s == 1 ? dy : Pointwise.scale(dy, s);
            return d.reshaped(shape).broadcastTo(x.shape());
        }), x);
    }
}
