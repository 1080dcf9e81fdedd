package tessella.reference;

/** Softmax, log-softmax and logsumexp over any set of axes jointly, and softmax under a mask. */
public final class SoftmaxOracle {
    private SoftmaxOracle() {}

    /** {@code y = exp(x) / sum exp(x)}, the sum over {@code axes} jointly. */
    public static Array softmax(Array x, int... axes) {
        Array exp = x.zip(ReductionOracle.max(x, axes), (v, max) -> Math.exp(v - max));
        return exp.zip(ReductionOracle.sum(exp, axes), (e, sum) -> e / sum);
    }

    /** {@code dx = y (dy - sum(y dy))}. */
    public static Array softmaxVjp(Array x, Array dy, int... axes) {
        Array y = softmax(x, axes);
        Array inner = ReductionOracle.sum(y.times(dy), axes);
        return y.times(dy.zip(inner, (g, s) -> g - s));
    }

    /**
     * Softmax over the elements whose mask (broadcast to x) is not 0; the others get 0, and a group without any element
     * left is all 0.
     */
    public static Array maskedSoftmax(Array x, Array mask, int... axes) {
        Array visible = x.zip(mask, (v, m) -> m == 0 ? Double.NEGATIVE_INFINITY : v);
        Array max = ReductionOracle.max(visible, axes).map(m -> m == Double.NEGATIVE_INFINITY ? 0 : m);
        Array exp = visible.zip(max, (v, m) -> Math.exp(v - m));
        return exp.zip(ReductionOracle.sum(exp, axes), (e, sum) -> sum == 0 ? 0 : e / sum);
    }

    /** {@code dx = y (dy - sum(y dy))}: 0 where the mask is 0 and in groups without any element left. */
    public static Array maskedSoftmaxVjp(Array x, Array mask, Array dy, int... axes) {
        Array y = maskedSoftmax(x, mask, axes);
        Array inner = ReductionOracle.sum(y.times(dy), axes);
        return y.times(dy.zip(inner, (g, s) -> g - s));
    }

    /** {@code y = ln sum exp(x)} over {@code axes} jointly; the reduced axes stay with extent 1. */
    public static Array logSumExp(Array x, int... axes) {
        Array max = ReductionOracle.max(x, axes);
        Array sum = ReductionOracle.sum(x.zip(max, (v, m) -> Math.exp(v - m)), axes);
        return sum.zip(max, (s, m) -> m + Math.log(s));
    }

    /** {@code dx = dy softmax(x)}; {@code dy} may keep or drop the reduced axes. */
    public static Array logSumExpVjp(Array x, Array dy, int... axes) {
        return softmax(x, axes).times(ReductionOracle.sumVjp(x, dy, axes));
    }

    /** {@code y = x - ln sum exp(x)}. */
    public static Array logSoftmax(Array x, int... axes) {
        // subtracting the maximum before the logarithm of the sum keeps the last digits of large logits
        Array shifted = x.zip(ReductionOracle.max(x, axes), (v, m) -> v - m);
        Array logSum = ReductionOracle.sum(shifted.map(Math::exp), axes).map(Math::log);
        return shifted.zip(logSum, (v, l) -> v - l);
    }

    /** {@code dx = dy - softmax(x) sum(dy)}. */
    public static Array logSoftmaxVjp(Array x, Array dy, int... axes) {
        Array pulled = softmax(x, axes).times(ReductionOracle.sum(dy, axes));
        return dy.zip(pulled, (g, p) -> g - p);
    }
}
