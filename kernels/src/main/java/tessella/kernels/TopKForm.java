package tessella.kernels;

/** What soft top-k makes of z = (s - v) / lambda, v the isotonic solution (Sander et al. 2023, sections 3 and 4). */
public enum TopKForm {
    /** y = z^(q-1), s = x: how far each element is selected; the sum is k. */
    MASK,
    /** y = sign(x) (z^(q-1) + lambda z), s = |x|: the elements themselves where they are selected, without the bias of {@link #RAW}. */
    MAGNITUDE,
    /** y = sign(x) z^(q-1), s = |x|: the gradient of a convex function of x. */
    RAW
}
