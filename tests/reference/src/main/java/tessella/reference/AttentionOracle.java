package tessella.reference;

/**
 * Scaled dot-product attention with the whole matrix of weights: q {@code [B, N, H, d]}, k and v {@code [B, M, H, d]},
 * result {@code [B, N, H, d]}.
 *
 * <p>{@code s = scale q k^T + bias}, {@code w = softmax(s)} over the keys that the mask shows, {@code y = w v}. A query
 * that sees no key gets 0 and passes no gradient back.
 */
public final class AttentionOracle {
    private static final String LOGITS = "bnhd,bmhd->bhnm";
    private static final String MIX = "bhnm,bmhd->bnhd";

    private AttentionOracle() {}

    /** The gradients of attention; {@code bias} is null when the forward had none. */
    public record Gradients(Array q, Array k, Array v, Array bias) {}

    /** The gradients of the weights; {@code bias} is null when the forward had none. */
    public record WeightsGradients(Array q, Array k, Array bias) {}

    /** Attention without bias or mask. */
    public static Array attention(Array q, Array k, Array v, double scale) {
        return attention(q, k, v, scale, null, null);
    }

    /** Attention: bias and mask broadcast to {@code [B, H, N, M]} or are null; a mask of 0 hides the key. */
    public static Array attention(Array q, Array k, Array v, double scale, Array bias, Array mask) {
        return EinsumOracle.einsum(MIX, weights(q, k, scale, bias, mask), v);
    }

    /** The weights {@code w [B, H, N, M]}: every row sums to 1, or to 0 where no key is visible. */
    public static Array weights(Array q, Array k, double scale, Array bias, Array mask) {
        return SoftmaxOracle.maskedSoftmax(logits(q, k, scale, bias), maskOr1(mask), -1);
    }

    /**
     * {@code dv = w^T dy}, {@code ds = w (dw - sum(w dw))} with {@code dw = dy v^T}, {@code dq = scale ds k},
     * {@code dk = scale ds^T q}, {@code dbias = ds} summed over what was broadcast.
     */
    public static Gradients attentionVjp(
            Array q, Array k, Array v, double scale, Array bias, Array mask, Array dy) {
        Array w = weights(q, k, scale, bias, mask);
        Array dw = EinsumOracle.einsumVjp(MIX, dy, w, v).get(0);
        Array dv = EinsumOracle.einsumVjp(MIX, dy, w, v).get(1);
        WeightsGradients through = weightsVjp(q, k, scale, bias, mask, dw);
        return new Gradients(through.q(), through.k(), dv, through.bias());
    }

    /**
     * {@code ds = w (dw - sum(w dw))}, {@code dq = scale ds k}, {@code dk = scale ds^T q}, {@code dbias = ds} summed over
     * what was broadcast.
     */
    public static WeightsGradients weightsVjp(Array q, Array k, double scale, Array bias, Array mask, Array dw) {
        Array s = logits(q, k, scale, bias);
        Array ds = SoftmaxOracle.maskedSoftmaxVjp(s, maskOr1(mask), dw, -1);
        Array dq = EinsumOracle.einsumVjp(LOGITS, ds, q, k).get(0).times(scale);
        Array dk = EinsumOracle.einsumVjp(LOGITS, ds, q, k).get(1).times(scale);
        return new WeightsGradients(dq, dk, bias == null ? null : ds.sumTo(bias.shape()));
    }

    private static Array logits(Array q, Array k, double scale, Array bias) {
        Array s = EinsumOracle.einsum(LOGITS, q, k).times(scale);
        return bias == null ? s : s.plus(bias);
    }

    private static Array maskOr1(Array mask) {
        return mask == null ? Array.scalar(1) : mask;
    }
}
