package tessella.bench.peers;

import java.util.List;
import tessella.engine.NdArray;
import tessella.models.nn.Parameters;
import tessella.models.nn.QkNorm;
import tessella.models.vit.BlockForm;
import tessella.models.vit.Head;
import tessella.models.vit.Position;
import tessella.models.vit.VitConfig;

/**
 * A vision transformer in the operators that ONNX Runtime's transformer optimiser leaves behind: attention of all heads in one, GELU
 * with the bias before it, and LayerNorm with the residual sum and the bias before that. Kernels are constants, which the session packs.
 */
final class OnnxTransformer {
    static final String IMAGES = "images";
    private static final double EPS = 1e-6;

    private final OnnxModel model = new OnnxModel();
    private final Parameters parameters;
    private final VitConfig config;
    private final int batch;

    /** The residual stream, and the norm of it that the next layer reads. */
    private record Stream(String tokens, String normed) {}

    private OnnxTransformer(Parameters parameters, VitConfig config, int batch) {
        this.parameters = parameters;
        this.config = config;
        this.batch = batch;
    }

    /** Whether there is a graph for such a model: blocks in sequence, no mixtures, no attention pooling. */
    static boolean covers(VitConfig config) {
        return config.form() == BlockForm.SEQUENTIAL && config.moe() == null && config.head() != Head.MAP
                && config.qkNorm() != QkNorm.RMS_NORM;
    }

    /** The model of these parameters, which must stay open until it is written. */
    static OnnxModel logits(Parameters parameters, VitConfig config, int batch) {
        OnnxTransformer transformer = new OnnxTransformer(parameters, config, batch);
        transformer.model.output(transformer.logits(), batch, config.classes());
        return transformer.model;
    }

    private String logits() {
        String tokens = embedding();                                                    // [b, m, d]
        Stream stream = new Stream(tokens, model.node("LayerNormalization", tokens, parameter(norm(0) + ".scale"),
                parameter(norm(0) + ".bias")).integer("axis", -1).number("epsilon", EPS).add());
        for (int i = 0; i < config.depth(); i++) {
            String prefix = "blocks." + i;
            stream = sum(stream, product(attention(stream.normed(), prefix + ".attention"), prefix + ".attention.out"),
                    prefix + ".attention.out.bias", prefix + ".norm2");
            String hidden = model.fused("FastGelu", product(stream.normed(), prefix + ".mlp.in"), parameter(prefix + ".mlp.in.bias"))
                    .add();
            stream = sum(stream, product(hidden, prefix + ".mlp.out"), prefix + ".mlp.out.bias", norm(i + 1));
        }
        String features = config.head() == Head.CLS
                ? model.node("Reshape", model.node("Slice", stream.normed(), model.integers(0), model.integers(1), model.integers(1)).add(),
                        model.integers(batch, config.dim())).add()
                : model.node("ReduceMean", stream.normed(), model.integers(1)).integer("keepdims", 0).add();
        return model.node("Gemm", features, parameter("head.kernel"), parameter("head.bias")).add();
    }

    /** The norm that is read by a block, or after the last. */
    private String norm(int block) {
        return block < config.depth() ? "blocks." + block + ".norm1" : "norm";
    }

    private String embedding() {
        int rows = config.gridRows();
        int columns = config.gridColumns();
        int p = config.patch();
        int channels = config.channels();
        String images = model.input(IMAGES, batch, config.height(), config.width(), channels);
        String grid = model.node("Transpose", reshape(images, batch, rows, p, columns, (long) p * channels))
                .integers("perm", 0, 1, 3, 2, 4).add();
        String patches = reshape(grid, batch, (long) rows * columns, (long) p * p * channels);
        String tokens = model.node("Add", product(patches, "embedding"), parameter("embedding.bias")).add();
        if (config.head() == Head.CLS) {
            String cls = model.node("Expand", parameter("cls"), model.integers(batch, 1, config.dim())).add();
            tokens = model.node("Concat", cls, tokens).integer("axis", 1).add();
        }
        return model.node("Add", tokens, position()).add();
    }

    private String position() {
        return config.position() == Position.LEARNED ? parameter("position")
                : model.constant("position", Values.of(Models.sinCos(config)), 1, config.tokens(), config.dim());
    }

    private String attention(String x, String prefix) {
        List<String> names = List.of(prefix + ".query", prefix + ".key", prefix + ".value");
        if (config.qkNorm() == QkNorm.NONE) {
            Values biases = Values.joined(names.stream().map(name -> Values.of(parameters.get(name + ".bias").value())).toList());
            return model.fused("MultiHeadAttention", product(x, names.get(0)), product(x, names.get(1)), product(x, names.get(2)),
                    model.constant(prefix + ".biases", biases, 3L * config.dim())).integer("num_heads", config.heads()).add();
        }
        return model.fused("MultiHeadAttention", normed(biased(x, names.get(0)), prefix + ".query_norm"),
                normed(biased(x, names.get(1)), prefix + ".key_norm"), biased(x, names.get(2))).integer("num_heads", config.heads())
                .add();
    }

    private String biased(String x, String layer) {
        return model.node("Add", product(x, layer), parameter(layer + ".bias")).add();
    }

    /** Each head on its own, scale only. */
    private String normed(String x, String prefix) {
        String heads = reshape(x, batch, config.tokens(), config.heads(), config.dim() / config.heads());
        String normed = model.node("LayerNormalization", heads, parameter(prefix + ".scale")).integer("axis", -1)
                .number("epsilon", EPS).add();
        return reshape(normed, batch, config.tokens(), config.dim());
    }

    /** Adds what a layer made, and its bias, to the stream, and norms the sum. */
    private Stream sum(Stream stream, String made, String bias, String norm) {
        List<String> results = model.fused("SkipLayerNormalization", stream.tokens(), made, parameter(norm + ".scale"),
                parameter(norm + ".bias"), parameter(bias)).number("epsilon", EPS).results(4).all();
        return new Stream(results.get(3), results.get(0));
    }

    private String product(String x, String layer) {
        return model.node("MatMul", x, parameter(layer + ".kernel")).add();
    }

    private String reshape(String x, long... dims) {
        return model.node("Reshape", x, model.integers(dims)).add();
    }

    private String parameter(String name) {
        NdArray value = parameters.get(name).value();
        return model.constant(name, Values.of(value), value.shape().dims());
    }
}
