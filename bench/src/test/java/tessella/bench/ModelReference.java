package tessella.bench;

import java.util.Arrays;
import tessella.engine.NdArray;
import tessella.models.nn.Parameters;
import tessella.models.vit.VitConfig;
import tessella.reference.Array;
import tessella.reference.LossOracle;
import tessella.reference.MatmulOracle;
import tessella.reference.NormOracle;
import tessella.reference.PatchOracle;
import tessella.reference.PositionOracle;
import tessella.reference.ReductionOracle;
import tessella.reference.SoftMoeOracle;
import tessella.reference.VitBlockOracle;

/** A model with fixed positions, mean pooling and QK-norm in float64, composed of the oracles of its parts. */
record ModelReference(VitConfig config, Parameters parameters) {
    private static final double EPS = 1e-6;

    static Array array(NdArray x) {
        return Array.of(Arrays.stream(x.shape().dims()).mapToInt(Math::toIntExact).toArray(), x.toDoubles());
    }

    /** The mean loss of a batch. */
    double loss(Array images, int[] labels) {
        return loss(images, labels, get("embedding.kernel"));
    }

    /** The mean loss with another kernel of the embedding. */
    double loss(Array images, int[] labels, Array embedding) {
        Array logits = logits(images, embedding);
        return ReductionOracle.mean(LossOracle.softmaxCrossEntropy(logits, LossOracle.targets(labels, config.classes(), 0)), 0)
                .data()[0];
    }

    Array logits(Array images) {
        return logits(images, get("embedding.kernel"));
    }

    private Array logits(Array images, Array embedding) {
        Array x = MatmulOracle.linear(PatchOracle.patchify(images, config.patch(), config.patch()), embedding,
                get("embedding.bias"))
                .plus(PositionOracle.sincos2d(config.gridRows(), config.gridColumns(), config.dim(), 10_000));
        for (int i = 0; i < config.depth(); i++) {
            String block = "blocks." + i;
            Array z = x.plus(VitBlockOracle.selfAttention(norm(x, block + ".norm1"), attention(block + ".attention")));
            Array normed = norm(z, block + ".norm2");
            x = z.plus(config.isMixture(i) ? moe(normed, parameters, block + ".moe") : VitBlockOracle.mlp(normed,
                    new VitBlockOracle.Mlp(get(block + ".mlp.in.kernel"), get(block + ".mlp.in.bias"),
                            get(block + ".mlp.out.kernel"), get(block + ".mlp.out.bias"))));
        }
        Array pooled = ReductionOracle.mean(norm(x, "norm"), 1).reshape(images.dim(0), config.dim());
        return MatmulOracle.linear(pooled, get("head.kernel"), get("head.bias"));
    }

    static Array moe(Array x, Parameters parameters, String prefix) {
        return SoftMoeOracle.layer(x, router(parameters, prefix), experts(parameters, prefix));
    }

    static SoftMoeOracle.Router router(Parameters parameters, String prefix) {
        return new SoftMoeOracle.Router(array(parameters.get(prefix + ".router.phi").value()),
                array(parameters.get(prefix + ".router.scale").value()));
    }

    static SoftMoeOracle.Experts experts(Parameters parameters, String prefix) {
        return new SoftMoeOracle.Experts(array(parameters.get(prefix + ".experts.in.kernel").value()),
                array(parameters.get(prefix + ".experts.in.bias").value()),
                array(parameters.get(prefix + ".experts.out.kernel").value()),
                array(parameters.get(prefix + ".experts.out.bias").value()));
    }

    private Array get(String name) {
        return array(parameters.get(name).value());
    }

    private Array norm(Array x, String prefix) {
        return NormOracle.layerNorm(x, get(prefix + ".scale"), get(prefix + ".bias"), EPS);
    }

    private VitBlockOracle.Attention attention(String prefix) {
        int width = config.dim();
        int heads = config.heads();
        int d = width / heads;
        return new VitBlockOracle.Attention(get(prefix + ".query.kernel").reshape(width, heads, d),
                get(prefix + ".query.bias").reshape(heads, d), get(prefix + ".key.kernel").reshape(width, heads, d),
                get(prefix + ".key.bias").reshape(heads, d), get(prefix + ".value.kernel").reshape(width, heads, d),
                get(prefix + ".value.bias").reshape(heads, d), get(prefix + ".out.kernel").reshape(heads, d, width),
                get(prefix + ".out.bias").reshape(width), get(prefix + ".query_norm.scale"), get(prefix + ".key_norm.scale"),
                VitBlockOracle.HeadNorm.LAYER);
    }
}
