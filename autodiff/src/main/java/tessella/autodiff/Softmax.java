package tessella.autodiff;

import static tessella.autodiff.Tape.operator;
import static tessella.autodiff.Tape.saved;

import tessella.engine.NdArray;
import tessella.engine.Pointwise;
import tessella.engine.Softmaxes;

/** Softmax over one axis or several jointly. */
public final class Softmax {
    private Softmax() {}

    /**
     * y = exp(x) / sum exp(x), the sum over the given axes jointly (computed with the maximum taken off); a slice of minus
     * infinities gives 0. dx = y (dy - sum y dy). The result is in the innermost scope.
     *
     * @throws IllegalArgumentException if no axis is given or one does not exist
     */
    public static Tensor softmax(Tensor x, int... axes) {
        NdArray y = Softmaxes.forward(x.value(), axes);
        return operator("softmax", y, saved(y), (dy, to) -> to.add(x, () -> Softmaxes.gradient(y, dy, axes)), x);
    }

    /**
     * y = exp(x) / sum exp(x) over the elements that the constant mask, broadcast to x, keeps (where it is not 0), and 0
     * elsewhere; a slice without any gives zeros, and no gradient. dx as for {@link #softmax}.
     *
     * @throws IllegalArgumentException if the mask does not broadcast to x
     */
    public static Tensor maskedSoftmax(Tensor x, Tensor mask, int... axes) {
        NdArray wide = mask.value().broadcastTo(x.shape());
        NdArray masked = Pointwise.apply(Pointwise.Binary.MASK, wide, x.value());
        NdArray y = Softmaxes.forward(masked, axes);
        masked.free();
        return operator("maskedSoftmax", y, saved(y), (dy, to) -> to.add(x, () -> Softmaxes.gradient(y, dy, axes)), x);
    }

    /**
     * y = x - logsumexp(x) over the given axes jointly; dx = dy - e^y sum dy.
     *
     * @throws IllegalArgumentException if no axis is given or one does not exist
     */
    public static Tensor logSoftmax(Tensor x, int... axes) {
        NdArray y = Softmaxes.logForward(x.value(), axes);
        return operator("logSoftmax", y, saved(y), (dy, to) -> to.add(x, () -> Softmaxes.logGradient(y, dy, axes)), x);
    }

    /**
     * y = log sum exp(x) over the given axes jointly, which the result does not keep; minus infinity where all x are. dx = dy
     * exp(x - y).
     *
     * @throws IllegalArgumentException if no axis is given or one does not exist
     */
    public static Tensor logSumExp(Tensor x, int... axes) {
        NdArray y = Softmaxes.logSumExp(x.value(), axes);
        return operator("logSumExp", y.reshape(Reductions.without(x.shape(), axes)), saved(x.value(), y),
                (dy, to) -> to.add(x, () -> Softmaxes.logSumExpGradient(x.value(), y, dy, axes)), x);
    }
}
