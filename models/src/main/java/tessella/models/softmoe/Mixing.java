package tessella.models.softmoe;

/** How tokens are mixed into slots (dispatch), or slots into tokens (combine). */
public enum Mixing {
    /** The learned softmax of the paper. */
    SOFT,
    /** Every weight equal: 1/m for dispatch, 1/(n p) for combine (ablation). */
    UNIFORM,
    /** Token i is slot i div n of expert i mod n; needs as many slots as tokens (ablation). */
    IDENTITY
}
