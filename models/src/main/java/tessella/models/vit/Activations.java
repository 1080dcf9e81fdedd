package tessella.models.vit;

/** What a training step holds of the forward pass until the gradient needs it. */
public enum Activations {
    /** All that the gradients of the operators read. */
    KEPT,
    /** What enters each block; the block is run again for its gradient, with the same bits, for about a third more computing. */
    RECOMPUTED
}
