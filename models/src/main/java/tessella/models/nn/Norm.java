package tessella.models.nn;

import tessella.autodiff.Tensor;

/** A normalisation over the last axis with parameters of its own. */
public sealed interface Norm permits LayerNorm, RmsNorm {
    /** The normalised tensor, of the shape of x, in the innermost scope. */
    Tensor apply(Tensor x);
}
