package tessella.autodiff;

import static tessella.autodiff.Tape.operator;
import static tessella.autodiff.Tape.saved;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.Sums;

/**
 * Operators that move elements without computing. Results are views where strides allow one, and then live as long as
 * their operand; else they are copies in the innermost scope. Shapes that do not fit throw IllegalArgumentException.
 */
public final class Shapes {
    private Shapes() {}

    /** The same elements, row-major, in another shape; dx = dy in the shape of x. */
    public static Tensor reshape(Tensor x, long... dims) {
        return operator("reshape", x.value().reshaped(Shape.of(dims)), saved(),
                (dy, to) -> to.add(x, () -> dy.reshaped(x.shape())), x);
    }

    /** Axis i of the result is axis order[i] of x; dx is dy with the axes put back. */
    public static Tensor permute(Tensor x, int... order) {
        int[] back = new int[order.length];
        NdArray y = x.value().permute(order);
        for (int i = 0; i < order.length; i++) {
            back[order[i]] = i;
        }
        return operator("permute", y, saved(), (dy, to) -> to.add(x, () -> dy.permute(back)), x);
    }

    /** Elements [from, to) of an axis; dx is dy there and 0 elsewhere. */
    public static Tensor slice(Tensor x, int axis, long from, long to) {
        return operator("slice", x.value().slice(axis, from, to), saved(), (dy, cotangents) -> cotangents.add(x, () -> {
            NdArray dx = NdArray.zeros(Scope.current(), x.dtype(), x.shape());
            dx.slice(axis, from, to).copyFrom(dy);
            return dx;
        }), x);
    }

    /** Every step-th element of [from, to) of an axis; dx is dy there and 0 elsewhere. */
    public static Tensor slice(Tensor x, int axis, long from, long to, long step) {
        return operator("slice", x.value().slice(axis, from, to, step), saved(), (dy, cotangents) -> cotangents.add(x, () -> {
            NdArray dx = NdArray.zeros(Scope.current(), x.dtype(), x.shape());
            dx.slice(axis, from, to, step).copyFrom(dy);
            return dx;
        }), x);
    }

    /**
     * An axis cut into parts of these extents, one after the other.
     *
     * @throws IllegalArgumentException if the extents do not add up to that of the axis
     */
    public static List<Tensor> split(Tensor x, int axis, long... extents) {
        if (LongStream.of(extents).sum() != x.dim(axis) || LongStream.of(extents).anyMatch(extent -> extent < 0)) {
            throw new IllegalArgumentException("split: expected extents that add up to the " + x.dim(axis) + " of axis " + axis
                    + " of " + x.shape() + ", found " + Arrays.toString(extents));
        }
        List<Tensor> parts = new ArrayList<>();
        long from = 0;
        for (long extent : extents) {
            parts.add(slice(x, axis, from, from + extent));
            from += extent;
        }
        return parts;
    }

    /** Operands of one shape along a new axis: y[.., i, ..] = x_i[..]; the cotangent of each is its slice of dy. */
    public static Tensor stack(int axis, Tensor... operands) {
        Tensor[] parts = new Tensor[operands.length];
        for (int i = 0; i < parts.length; i++) {
            long[] dims = operands[i].shape().dims();
            // the new axis counts among those of the result
            int at = axis < 0 ? axis + dims.length + 1 : axis;
            if (at < 0 || at > dims.length) {
                throw new IllegalArgumentException("stack: expected an axis in [" + -(dims.length + 1) + ", " + dims.length
                        + "], found " + axis + " for operands of shape " + operands[i].shape());
            }
            long[] longer = new long[dims.length + 1];
            System.arraycopy(dims, 0, longer, 0, at);
            longer[at] = 1;
            System.arraycopy(dims, at, longer, at + 1, dims.length - at);
            parts[i] = reshape(operands[i], longer);
        }
        return concat(axis, parts);
    }

    /**
     * x with before[i] and after[i] elements of a value added to each axis i; dx is dy without them.
     *
     * @throws IllegalArgumentException if there are not as many numbers as axes, or one is negative
     */
    public static Tensor pad(Tensor x, long[] before, long[] after, double value) {
        int rank = x.shape().rank();
        boolean valid = before.length == rank && after.length == rank;
        long[] dims = x.shape().dims();
        for (int i = 0; valid && i < rank; i++) {
            valid = before[i] >= 0 && after[i] >= 0;
            dims[i] += before[i] + after[i];
        }
        if (!valid) {
            throw new IllegalArgumentException("pad: expected two numbers of at least 0 for each axis of " + x.shape()
                    + ", found " + Arrays.toString(before) + " and " + Arrays.toString(after));
        }
        long[] from = before.clone();
        NdArray y = NdArray.full(Scope.current(), x.dtype(), Shape.of(dims), value);
        inside(y, from, x.shape()).copyFrom(x.value());
        return operator("pad", y, saved(), (dy, to) -> to.add(x, () -> inside(dy, from, x.shape())), x);
    }

    /** The part of an array of the given shape that begins at from. */
    private static NdArray inside(NdArray x, long[] from, Shape shape) {
        NdArray view = x;
        for (int axis = 0; axis < from.length; axis++) {
            view = view.slice(axis, from[axis], from[axis] + shape.dim(axis));
        }
        return view;
    }

    /** The elements of the given axes in reverse order; dx is dy reversed again. */
    public static Tensor flip(Tensor x, int... axes) {
        return operator("flip", x.value().flipped(axes), saved(), (dy, to) -> to.add(x, () -> dy.flipped(axes)), x);
    }

    /**
     * x repeated times[i] times along each axis i; dx is the sum of dy over the repetitions.
     *
     * @throws IllegalArgumentException if there are not as many numbers as axes, or one is not positive
     */
    public static Tensor tile(Tensor x, long... times) {
        int rank = x.shape().rank();
        if (times.length != rank || LongStream.of(times).anyMatch(t -> t < 1)) {
            throw new IllegalArgumentException("tile: expected a number of at least 1 for each axis of " + x.shape()
                    + ", found "
                    + Arrays.toString(times));
        }
        long[] single = new long[2 * rank];
        long[] repeated = new long[2 * rank];
        long[] dims = new long[rank];
        for (int i = 0; i < rank; i++) {
            single[2 * i] = 1;
            repeated[2 * i] = times[i];
            single[2 * i + 1] = repeated[2 * i + 1] = x.dim(i);
            dims[i] = times[i] * x.dim(i);
        }
        return reshape(broadcastTo(reshape(x, single), repeated), dims);
    }

    /** Operands one after the other along an axis; the cotangent of each is its slice of dy. */
    public static Tensor concat(int axis, Tensor... operands) {
        if (operands.length == 0) {
            throw new IllegalArgumentException("concat: expected at least one operand");
        }
        Shape first = operands[0].shape();
        int at = first.axis(axis);
        long total = 0;
        for (Tensor operand : operands) {
            if (operand.shape().rank() != first.rank() || operand.dtype() != operands[0].dtype()
                    || !operand.shape().with(at, first.dim(at)).equals(first)) {
                throw new IllegalArgumentException("concat: expected " + operands[0].dtype() + " operands that agree with "
                        + first + " except along axis " + axis + ", found " + operand.dtype() + " " + operand.shape());
            }
            total += operand.dim(at);
        }
        NdArray y = NdArray.empty(Scope.current(), operands[0].dtype(), first.with(at, total));
        long from = 0;
        for (Tensor operand : operands) {
            y.slice(at, from, from + operand.dim(at)).copyFrom(operand.value());
            from += operand.dim(at);
        }
        return operator("concat", y, saved(), (dy, to) -> {
            long start = 0;
            for (Tensor operand : operands) {
                to.add(operand, dy.slice(at, start, start + operand.dim(at)));
                start += operand.dim(at);
            }
        }, operands);
    }

    /** Axes of extent 1, and new leading axes, repeated; dx is dy summed over them. */
    public static Tensor broadcastTo(Tensor x, long... dims) {
        return operator("broadcastTo", x.value().broadcastTo(Shape.of(dims)), saved(),
                (dy, to) -> to.add(x, () -> Sums.to(dy, x.shape())), x);
    }
}
