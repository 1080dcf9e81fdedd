package tessella.autodiff;

import static tessella.autodiff.Tape.operator;
import static tessella.autodiff.Tape.saved;

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
