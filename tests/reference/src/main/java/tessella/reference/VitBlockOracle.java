package tessella.reference;

/**
 * One pre-norm encoder block on tokens x {@code [B, N, D]}:
 * {@code z = x + attention(layerNorm1(x))}, {@code y = z + mlp(layerNorm2(z))}, with tanh-GELU and, when the query and
 * key gains are given, scale-only layer norm of every head's query and key.
 */
public final class VitBlockOracle {
    private static final double EPS = 1e-6;
    private static final String SPLIT = "bnd,dhk->bnhk";
    private static final String MERGE = "bnhk,hkd->bnd";

    private VitBlockOracle() {}

    /** Kernels {@code [D, H, d]}, biases {@code [H, d]}, out {@code [H, d, D]}; gains {@code [d]} or null. */
    public record Attention(Array queryKernel, Array queryBias, Array keyKernel, Array keyBias, Array valueKernel,
            Array valueBias, Array outKernel, Array outBias, Array queryGain, Array keyGain) {}

    /** The MLP {@code D -> F -> D}: kernels {@code [D, F]} and {@code [F, D]}. */
    public record Mlp(Array w1, Array b1, Array w2, Array b2) {}

    /** A layer norm's scale and bias, both {@code [D]}. */
    public record Norm(Array scale, Array bias) {}

    /** A block's parameters, or their gradients. */
    public record Block(Norm norm1, Attention attention, Norm norm2, Mlp mlp) {}

    /** The gradients of a block. */
    public record Gradients(Array x, Block block) {}

    /** The gradients of the attention part. */
    public record AttentionGradients(Array x, Attention attention) {}

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
        Array mixed = AttentionOracle.attention(
                gain(project(x, p.queryKernel(), p.queryBias()), p.queryGain()),
                gain(project(x, p.keyKernel(), p.keyBias()), p.keyGain()),
                project(x, p.valueKernel(), p.valueBias()), scale(p));
        return EinsumOracle.einsum(MERGE, mixed, p.outKernel()).plus(p.outBias());
    }

    /** The gradient of {@link #selfAttention}. */
    public static AttentionGradients selfAttentionVjp(Array x, Attention p, Array dy) {
        Array rawQ = project(x, p.queryKernel(), p.queryBias());
        Array rawK = project(x, p.keyKernel(), p.keyBias());
        Array v = project(x, p.valueKernel(), p.valueBias());
        Array q = gain(rawQ, p.queryGain());
        Array k = gain(rawK, p.keyGain());
        Array mixed = AttentionOracle.attention(q, k, v, scale(p));
        var dOut = EinsumOracle.einsumVjp(MERGE, dy, mixed, p.outKernel());
        var dAttention = AttentionOracle.attentionVjp(q, k, v, scale(p), null, null, dOut.get(0));
        var dQ = gainVjp(rawQ, p.queryGain(), dAttention.q());
        var dK = gainVjp(rawK, p.keyGain(), dAttention.k());
        var query = EinsumOracle.einsumVjp(SPLIT, dQ.x(), x, p.queryKernel());
        var key = EinsumOracle.einsumVjp(SPLIT, dK.x(), x, p.keyKernel());
        var value = EinsumOracle.einsumVjp(SPLIT, dAttention.v(), x, p.valueKernel());
        return new AttentionGradients(query.get(0).plus(key.get(0)).plus(value.get(0)), new Attention(
                query.get(1), dQ.x().sumTo(p.queryBias().shape()), key.get(1), dK.x().sumTo(p.keyBias().shape()),
                value.get(1), dAttention.v().sumTo(p.valueBias().shape()), dOut.get(1), dy.sumTo(p.outBias().shape()),
                dQ.scale(), dK.scale()));
    }

    private static Array project(Array x, Array kernel, Array bias) {
        return EinsumOracle.einsum(SPLIT, x, kernel).plus(bias);
    }

    private static Array gain(Array heads, Array gain) {
        return gain == null ? heads : NormOracle.layerNorm(heads, gain, null, EPS);
    }

    private static NormOracle.Gradients gainVjp(Array heads, Array gain, Array dy) {
        return gain == null ? new NormOracle.Gradients(dy, null, null)
                : NormOracle.layerNormVjp(heads, gain, null, EPS, dy);
    }

    private static double scale(Attention p) {
        return 1 / Math.sqrt(p.queryKernel().dim(-1));
    }

    private static Array norm(Array x, Norm p) {
        return NormOracle.layerNorm(x, p.scale(), p.bias(), EPS);
    }
}
