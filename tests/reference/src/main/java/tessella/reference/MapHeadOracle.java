package tessella.reference;

/**
 * Multi-head attention pooling of tokens {@code [B, M, D]}: {@code z = attention(probe, tokens)},
 * {@code y = z + mlp(layerNorm(z))}, {@code [B, D]}; the probe is not added to z.
 */
public final class MapHeadOracle {
    private MapHeadOracle() {}

    /** A head's parameters, or their gradients; probe {@code [1, 1, D]}. */
    public record Head(Array probe, VitBlockOracle.Attention attention, VitBlockOracle.Norm norm, VitBlockOracle.Mlp mlp) {}

    /** The gradients of a head. */
    public record Gradients(Array tokens, Head head) {}

    /** The pooled vectors. */
    public static Array pool(Array tokens, Head p) {
        Array z = VitBlockOracle.attention(queries(tokens, p), tokens, p.attention());
        Array y = z.plus(VitBlockOracle.mlp(VitBlockOracle.norm(z, p.norm()), p.mlp()));
        return y.reshape(tokens.dim(0), tokens.dim(2));
    }

    /** The gradient of {@link #pool} for dy {@code [B, D]}. */
    public static Gradients poolVjp(Array tokens, Head p, Array dy) {
        Array queries = queries(tokens, p);
        Array z = VitBlockOracle.attention(queries, tokens, p.attention());
        Array out = dy.reshape(z.shape());
        VitBlockOracle.MlpGradients dMlp = VitBlockOracle.mlpVjp(VitBlockOracle.norm(z, p.norm()), p.mlp(), out);
        NormOracle.Gradients dNorm = NormOracle.layerNormVjp(z, p.norm().scale(), p.norm().bias(), VitBlockOracle.EPS, dMlp.x());
        var dAttention = VitBlockOracle.attentionVjp(queries, tokens, p.attention(), out.plus(dNorm.x()));
        return new Gradients(dAttention.source(), new Head(dAttention.x().sumTo(p.probe().shape()), dAttention.attention(),
                new VitBlockOracle.Norm(dNorm.scale(), dNorm.bias()), dMlp.mlp()));
    }

    private static Array queries(Array tokens, Head p) {
        return Array.zeros(tokens.dim(0), 1, tokens.dim(2)).plus(p.probe());
    }
}
