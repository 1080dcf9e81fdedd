package tessella.models.nn;

import tessella.autodiff.Tensor;

/** A part of a model that maps tokens [batch, tokens, width] to tokens of the same shape. */
@FunctionalInterface
public interface Layer {
    /** The result, in the innermost scope. */
    Tensor apply(Tensor tokens, Observer observer);
}
