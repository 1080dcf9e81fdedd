package tessella.reference;

import java.util.List;

/**
 * One pre-norm encoder block on tokens x {@code [B, N, D]}:
 * {@code z = x + attention(layerNorm1(x))}, {@code y = z + mlp(layerNorm2(z))}, with tanh-GELU and, when the query and
 * key gains are given, scale-only layer norm or RMS norm of every head's query and key; and its parallel form.
 */
public final class VitBlockOracle {
    static final double EPS = 1e-6;
    private static final String SPLIT = "bnd,dhk->bnhk";
    private static final String MERGE = "bnhk,hkd->bnd";

    private VitBlockOracle() {}

    /** The norm of a head's query and key, if they have gains. */
    public enum HeadNorm { LAYER, RMS }

    /** Kernels {@code [D, H, d]}, biases {@code [H, d]} or null, out {@code [H, d, D]}; gains {@code [d]} or null. */
    public record Attention(Array queryKernel, Array queryBias, Array keyKernel, Array keyBias, Array valueKernel,
            Array valueBias, Array outKernel, Array outBias, Array queryGain, Array keyGain, HeadNorm headNorm) {}

    /** The MLP {@code D -> F -> D}: kernels {@code [D, F]} and {@code [F, D]}. */
    public record Mlp(Array w1, Array b1, Array w2, Array b2) {}

    /** A layer norm's scale and bias, both {@code [D]}. */
    public record Norm(Array scale, Array bias) {}

    /** A block's parameters, or their gradients. */
    public record Block(Norm norm1, Attention attention, Norm norm2, Mlp mlp) {}

    /** The parameters of a parallel block, or their gradients; the gain {@code [D]} is that of its one RMS norm. */
    public record Parallel(Array gain, Attention attention, Mlp mlp) {}

    /** The gradients of a parallel block. */
    public record ParallelGradients(Array x, Parallel block) {}

    /** The gradients of a block. */
    public record Gradients(Array x, Block block) {}

    /** The gradients of the attention part. */
    public record AttentionGradients(Array x, Attention attention) {}

    /** The gradients of attention from one sequence to another. */
    public record CrossGradients(Array x, Array source, Attention attention) {}

    /** The gradients of the MLP. */
    public record MlpGradients(Array x, Mlp mlp) {}

    /** The block's output {@code [B, N, D]}. */
    public static Array block(Array x, Block p) {
        Array z = x.plus(selfAttention(norm(x, p.norm1()), p.attention()));
        return z.plus(mlp(norm(z, p.norm2()), p.mlp()));
    }

    /** The gradient of {@link #block}. */
    public static Gradients blockVjp(Array x, Block p, Array dy) {
        Array normed1 = norm(x, p.norm1());
        Array z = x.plus(selfAttention(normed1, p.attention()));
        MlpGradients dMlp = mlpVjp(norm(z, p.norm2()), p.mlp(), dy);
        var dNorm2 = NormOracle.layerNormVjp(z, p.norm2().scale(), p.norm2().bias(), EPS, dMlp.x());
        Array dz = dy.plus(dNorm2.x());
        AttentionGradients dAttention = selfAttentionVjp(normed1, p.attention(), dz);
        var dNorm1 = NormOracle.layerNormVjp(x, p.norm1().scale(), p.norm1().bias(), EPS, dAttention.x());
        return new Gradients(dz.plus(dNorm1.x()), new Block(new Norm(dNorm1.scale(), dNorm1.bias()),
                dAttention.attention(), new Norm(dNorm2.scale(), dNorm2.bias()), dMlp.mlp()));
    }

    /** The parallel block {@code x + attention(n) + mlp(n)}, {@code n = gain x / sqrt(mean of x^2 + eps)}. */
    public static Array parallel(Array x, Parallel p) {
        Array normed = NormOracle.rmsNorm(x, -1, p.gain(), EPS);
        return x.plus(selfAttention(normed, p.attention())).plus(mlp(normed, p.mlp()));
    }

    /** The gradient of {@link #parallel}: what attention and MLP pass back is added before the norm's gradient. */
    public static ParallelGradients parallelVjp(Array x, Parallel p, Array dy) {
        Array normed = NormOracle.rmsNorm(x, -1, p.gain(), EPS);
        AttentionGradients dAttention = selfAttentionVjp(normed, p.attention(), dy);
        MlpGradients dMlp = mlpVjp(normed, p.mlp(), dy);
        List<Array> dNorm = NormOracle.rmsNormVjp(x, -1, p.gain(), EPS, dAttention.x().plus(dMlp.x()));
        return new ParallelGradients(dy.plus(dNorm.get(0)), new Parallel(dNorm.get(1), dAttention.attention(), dMlp.mlp()));
    }

    /** {@code gelu(x W1 + b1) W2 + b2}. */
    public static Array mlp(Array x, Mlp p) {
        return MatmulOracle.linear(ElementwiseOracle.geluTanh(MatmulOracle.linear(x, p.w1(), p.b1())), p.w2(), p.b2());
    }

    /** The gradient of {@link #mlp}. */
    public static MlpGradients mlpVjp(Array x, Mlp p, Array dy) {
        Array hidden = MatmulOracle.linear(x, p.w1(), p.b1());
        var second = MatmulOracle.linearVjp(ElementwiseOracle.geluTanh(hidden), p.w2(), p.b2(), dy);
        var first = MatmulOracle.linearVjp(x, p.w1(), p.b1(), ElementwiseOracle.geluTanhVjp(hidden, second.x()));
        return new MlpGradients(first.x(), new Mlp(first.weight(), first.bias(), second.weight(), second.bias()));
    }

    /** Multi-head self-attention with the logits divided by {@code sqrt(d)}. */
    public static Array selfAttention(Array x, Attention p) {
        return attention(x, x, p);
    }

    /** The gradient of {@link #selfAttention}. */
    public static AttentionGradients selfAttentionVjp(Array x, Attention p, Array dy) {
        CrossGradients g = attentionVjp(x, x, p, dy);
        return new AttentionGradients(g.x().plus(g.source()), g.attention());
    }

    /** The queries of x {@code [B, N, D]} on keys and values of source {@code [B, M, D]}: {@code [B, N, D]}. */
    public static Array attention(Array x, Array source, Attention p) {
        Array mixed = AttentionOracle.attention(
                gain(project(x, p.queryKernel(), p.queryBias()), p.queryGain(), p.headNorm()),
                gain(project(source, p.keyKernel(), p.keyBias()), p.keyGain(), p.headNorm()),
                project(source, p.valueKernel(), p.valueBias()), scale(p));
        Array y = EinsumOracle.einsum(MERGE, mixed, p.outKernel());
        return p.outBias() == null ? y : y.plus(p.outBias());
    }

    /** The gradient of {@link #attention}. */
    public static CrossGradients attentionVjp(Array x, Array source, Attention p, Array dy) {
        Array rawQ = project(x, p.queryKernel(), p.queryBias());
        Array rawK = project(source, p.keyKernel(), p.keyBias());
        Array v = project(source, p.valueKernel(), p.valueBias());
        Array q = gain(rawQ, p.queryGain(), p.headNorm());
        Array k = gain(rawK, p.keyGain(), p.headNorm());
        Array mixed = AttentionOracle.attention(q, k, v, scale(p));
        var dOut = EinsumOracle.einsumVjp(MERGE, dy, mixed, p.outKernel());
        var dAttention = AttentionOracle.attentionVjp(q, k, v, scale(p), null, null, dOut.get(0));
        var dQ = gainVjp(rawQ, p.queryGain(), p.headNorm(), dAttention.q());
        var dK = gainVjp(rawK, p.keyGain(), p.headNorm(), dAttention.k());
        var query = EinsumOracle.einsumVjp(SPLIT, dQ.x(), x, p.queryKernel());
        var key = EinsumOracle.einsumVjp(SPLIT, dK.x(), source, p.keyKernel());
        var value = EinsumOracle.einsumVjp(SPLIT, dAttention.v(), source, p.valueKernel());
        return new CrossGradients(query.get(0), key.get(0).plus(value.get(0)), new Attention(
                query.get(1), biasGradient(p.queryBias(), dQ.x()), key.get(1), biasGradient(p.keyBias(), dK.x()),
                value.get(1), biasGradient(p.valueBias(), dAttention.v()), dOut.get(1), biasGradient(p.outBias(), dy),
                dQ.scale(), dK.scale(), p.headNorm()));
    }

    private static Array project(Array x, Array kernel, Array bias) {
        Array y = EinsumOracle.einsum(SPLIT, x, kernel);
        return bias == null ? y : y.plus(bias);
    }

    private static Array biasGradient(Array bias, Array dy) {
        return bias == null ? null : dy.sumTo(bias.shape());
    }

    private static Array gain(Array heads, Array gain, HeadNorm norm) {
        if (gain == null) {
            return heads;
        }
        return norm == HeadNorm.RMS ? NormOracle.rmsNorm(heads, -1, gain, EPS) : NormOracle.layerNorm(heads, gain, null, EPS);
    }

    private static NormOracle.Gradients gainVjp(Array heads, Array gain, HeadNorm norm, Array dy) {
        if (gain == null) {
            return new NormOracle.Gradients(dy, null, null);
        }
        if (norm == HeadNorm.LAYER) {
            return NormOracle.layerNormVjp(heads, gain, null, EPS, dy);
        }
        List<Array> g = NormOracle.rmsNormVjp(heads, -1, gain, EPS, dy);
        return new NormOracle.Gradients(g.get(0), g.get(1), null);
    }

    private static double scale(Attention p) {
        return 1 / Math.sqrt(p.queryKernel().dim(-1));
    }

    static Array norm(Array x, Norm p) {
        return NormOracle.layerNorm(x, p.scale(), p.bias(), EPS);
    }
}
