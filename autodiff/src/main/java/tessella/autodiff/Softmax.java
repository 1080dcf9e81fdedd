package tessella.autodiff;

import static tessella.autodiff.Tape.operator;
import static tessella.autodiff.Tape.saved;

import tessella.engine.NdArray;
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
}
