package tessella.autodiff;

import static tessella.autodiff.Tape.operator;
import static tessella.autodiff.Tape.saved;

import java.util.ArrayList;
import java.util.List;
import tessella.engine.AttentionMask;
import tessella.engine.Einsum;
import tessella.engine.Heads;
import tessella.engine.NdArray;
import tessella.engine.Pointwise;
import tessella.engine.Softmaxes;
import tessella.engine.Sums;

/** Softmax attention of many heads: of a sequence to itself or to another, masked, biased, with its weights on request. */
public final class Attention {
    private static final Einsum FROM_KEYS = Einsum.of("bhnm,bmhd->bnhd");
    private static final Einsum FROM_QUERIES = Einsum.of("bhnm,bnhd->bmhd");

    private Attention() {}

    /** The result of attention [batch, n, heads, d] and its weights P [batch, heads, n, m]. */
    public record Weighted(Tensor o, Tensor weights) {}

    /**
     * o = softmax(scale q k^T) v for each head, q [batch, n, heads, d], k and v [batch, m, heads, d]: [batch, n, heads, d].
     * The [n, m] weights P are never stored: the gradient computes them again from the maximum and the sum of each row.
     * dv = P^T do, dP = do v^T, dS = P (dP - rowsum(P dP)), dq = scale dS k, dk = scale dS^T q. The result is in the innermost scope.
     *
     * @throws IllegalArgumentException if the shapes do not agree
     */
    public static Tensor attention(Tensor q, Tensor k, Tensor v, double scale) {
        return attention(q, k, v, scale, AttentionMask.none(), null);
    }

    /**
     * {@link #attention(Tensor, Tensor, Tensor, double)} over the keys that the mask shows to a query. A query that sees no
     * key has o = 0, and passes no gradient back.
     *
     * @throws IllegalArgumentException if the shapes do not agree, or the mask does not fit them
     */
    public static Tensor attention(Tensor q, Tensor k, Tensor v, double scale, AttentionMask mask) {
        return attention(q, k, v, scale, mask, null);
    }

    /**
     * o = softmax(scale q k^T + bias) v over the keys that the mask shows. The bias broadcasts to [batch, heads, n, m], or is
     * null; dbias = dS, summed over the axes that it repeats, in an order that the shapes alone decide. The mask is a
     * constant, and its arrays must live until the gradient has run.
     *
     * @throws IllegalArgumentException if the shapes do not agree, or mask or bias do not fit them
     */
    public static Tensor attention(Tensor q, Tensor k, Tensor v, double scale, AttentionMask mask, Tensor bias) {
        return result(q, k, v, scale, mask, bias, Heads.forward(q.value(), k.value(), v.value(), scale, mask, valueOf(bias)));
    }

    /**
     * {@link #attention(Tensor, Tensor, Tensor, double, AttentionMask, Tensor)}, of the same bits, and the weights P, which
     * are then stored, [batch, heads, n, m]. Their gradient flows too: dS = P (dP - rowsum(P dP)), and dq, dk, dbias from it.
     *
     * @throws IllegalArgumentException if the shapes do not agree, or mask or bias do not fit them
     */
    public static Weighted attentionWithWeights(Tensor q, Tensor k, Tensor v, double scale, AttentionMask mask, Tensor bias) {
        Heads.Weighted forward = Heads.forwardWithWeights(q.value(), k.value(), v.value(), scale, mask, valueOf(bias));
        Tensor o = result(q, k, v, scale, mask, bias, forward.attention());
        NdArray p = forward.weights();
        Tensor weights = operator("attention weights", p, saved(q.value(), k.value(), p), (dP, to) -> {
            NdArray dS = Softmaxes.gradient(p, dP, -1);
            to.add(q, () -> scaled(FROM_KEYS.apply(dS, k.value()), scale));
            to.add(k, () -> scaled(FROM_QUERIES.apply(dS, q.value()), scale));
            if (bias != null && to.wants(bias)) {
                NdArray dBias = Sums.to(dS, bias.shape());
                dS.freeUnless(dBias);
                to.add(bias, dBias);
            } else {
                dS.free();
            }
        }, q, k, bias);
        return new Weighted(o, weights);
    }

    private static Tensor result(Tensor q, Tensor k, Tensor v, double scale, AttentionMask mask, Tensor bias,
            Heads.Attention forward) {
        NdArray added = valueOf(bias);
        List<Tensor> operands = new ArrayList<>(List.of(q, k, v));
        if (bias != null) {
            operands.add(bias);
        }
        mask.arrays().forEach(array -> operands.add(Tensor.of(array)));
        List<NdArray> kept = new ArrayList<>(operands.stream().map(Tensor::value).toList());
        kept.add(forward.normalisers());
        return operator("attention", forward.o(), saved(kept.toArray(NdArray[]::new)), (dy, to) -> {
            boolean biased = bias != null && to.wants(bias);
            Heads.Gradient d = biased
                    ? Heads.gradientWithBias(q.value(), k.value(), v.value(), forward, dy, scale, mask, added)
                    : Heads.gradient(q.value(), k.value(), v.value(), forward, dy, scale, mask, added);
            to.add(q, d.dq());
            to.add(k, d.dk());
            to.add(v, d.dv());
            if (biased) {
                to.add(bias, d.dBias());
            }
        }, operands.toArray(Tensor[]::new));
    }

    private static NdArray valueOf(Tensor bias) {
        return bias == null ? null : bias.value();
    }

    private static NdArray scaled(NdArray x, double scale) {
        NdArray y = Pointwise.scale(x, scale);
        x.free();
        return y;
    }
}
