package tessella.bench.peers;

import java.util.List;
import java.util.stream.Stream;
import tessella.models.nn.QkNorm;
import tessella.models.softmoe.SoftMoeConfig;
import tessella.models.vit.BlockForm;
import tessella.models.vit.Head;
import tessella.models.vit.Position;
import tessella.models.vit.VisionTransformer;
import tessella.models.vit.VitConfig;

/**
 * A vision transformer as its published PyTorch code (timm) has it: one linear layer for queries, keys and values, attention by
 * scaled_dot_product_attention. Two things differ, each for speed: patches are cut by a view and embedded by a linear layer, and
 * where queries and keys have a norm each has a linear layer of its own, so that the norms read rows that lie together.
 */
final class TorchTransformer {
    private static final String EPS = "1e-06";

    private final TorchWeights weights;
    private final TorchScript script;
    private final TorchPeer.Form form;
    private final VitConfig config;
    private final int batch;

    /** Whether there is source for such a model: blocks in sequence, no mixture but Soft MoE, no attention pooling. */
    static boolean covers(VitConfig config) {
        return config.form() == BlockForm.SEQUENTIAL && (config.moe() == null || config.moe() instanceof SoftMoeConfig)
                && config.head() != Head.MAP && config.qkNorm() != QkNorm.RMS_NORM;
    }

    TorchTransformer(TorchWeights weights, TorchScript script, TorchPeer.Form form, VitConfig config, int batch) {
        this.weights = weights;
        this.script = script;
        this.form = form;
        this.config = config;
        this.batch = batch;
    }

    /** A model in inference, loaded; null if there is no source for it. */
    static Peer.Run prepare(Work.Forward work, TorchPeer.Form form) {
        return covers(Models.config(work.preset())) ? TorchRun.of(archive(work, form), form) : null;
    }

    private static TorchArchive archive(Work.Forward work, TorchPeer.Form form) {
        TorchScript script = new TorchScript(TorchScript.Execution.INFERENCE);
        try (VisionTransformer model = Models.model(work.preset());
                TorchWeights weights = new TorchWeights(script, model.parameters())) {
            script.results(new TorchTransformer(weights, script, form, model.config(), work.batch()).logits());
            return TorchArchive.of(script);
        }
    }

    /** Adds the images and the lines from them to the logits. */
    String logits() {
        String tokens = embedding();                                                    // [b, m, d]
        for (int i = 0; i < config.depth(); i++) {
            tokens = block(tokens, i);
        }
        String normed = norm(tokens, "norm");
        String features = script.let(config.head() == Head.CLS ? "torch.select(" + normed + ", 1, 0)"
                : "torch.mean(" + normed + ", [1])");
        return linear(features, List.of("head"), batch);
    }

    private String embedding() {
        int rows = config.gridRows();
        int columns = config.gridColumns();
        int p = config.patch();
        int channels = config.channels();
        String images = script.argument("images", Data.normal("images", batch, config.height(), config.width(), channels), batch,
                config.height(), config.width(), channels);
        String grid = "torch.view(" + images + ", " + List.of(batch, rows, p, columns, p * channels) + ")";
        String patches = script.let("torch.reshape(torch.permute(" + grid + ", [0, 1, 3, 2, 4]), "
                + List.of(batch, rows * columns, p * p * channels) + ")");
        String tokens = linear(patches, List.of("embedding"), batch * rows * columns);
        if (config.head() == Head.CLS) {
            tokens = script.let("torch.cat([torch.expand(" + weights.plain("cls") + ", " + List.of(batch, 1, config.dim()) + "), "
                    + tokens + "], 1)");
        }
        return script.let("torch.add(" + tokens + ", " + position() + ")");
    }

    private String position() {
        if (config.position() == Position.LEARNED) {
            return weights.plain("position");
        }
        return script.tensor("position", Models.sinCos(config), 1, config.tokens(), config.dim());
    }

    private String block(String x, int index) {
        String prefix = "blocks." + index;
        String y = script.let("torch.add(" + x + ", " + attention(norm(x, prefix + ".norm1"), prefix + ".attention") + ")");
        String normed = norm(y, prefix + ".norm2");
        String fed = config.isMixture(index)
                ? new TorchMixture(weights, script, (SoftMoeConfig) config.moe(), batch, config.tokens(), config.dim()).apply(normed, prefix + ".moe")
                : linear(script.let("torch.gelu(" + linear(normed, prefix + ".mlp.in") + ", approximate=\"tanh\")"), prefix + ".mlp.out");
        return script.let("torch.add(" + y + ", " + fed + ")");
    }

    private String attention(String x, String prefix) {
        List<String> qkv = config.qkNorm() == QkNorm.NONE ? together(x, prefix)
                : List.of(normed(heads(x, prefix + ".query"), prefix + ".query_norm"),
                        normed(heads(x, prefix + ".key"), prefix + ".key_norm"), heads(x, prefix + ".value"));
        String o = script.let("torch.scaled_dot_product_attention(" + String.join(", ",
                qkv.stream().map(rows -> "torch.transpose(" + rows + ", 1, 2)").toList()) + ")");  // [b, heads, m, hd]
        return linear(script.let("torch.reshape(torch.transpose(" + o + ", 1, 2), "
                + List.of(batch, config.tokens(), config.dim()) + ")"), prefix + ".out");
    }

    /** Queries, keys and values of one product, each [b, m, heads, hd]. */
    private List<String> together(String x, String prefix) {
        List<String> parts = Stream.of(".query", ".key", ".value").map(part -> prefix + part).toList();
        String all = linear(x, parts, batch * config.tokens());
        String list = script.let("torch.unbind(torch.view(" + all + ", " + List.of(batch, config.tokens(), 3, config.heads(),
                config.dim() / config.heads()) + "), 2)");
        return List.of(list + "[0]", list + "[1]", list + "[2]");
    }

    private String heads(String x, String prefix) {
        return script.let("torch.view(" + linear(x, prefix) + ", " + List.of(batch, config.tokens(), config.heads(),
                config.dim() / config.heads()) + ")");
    }

    private String normed(String rows, String prefix) {
        return script.let("torch.layer_norm(" + rows + ", [" + config.dim() / config.heads() + "], "
                + weights.plain(prefix + ".scale") + ", None, " + EPS + ")");
    }

    private String norm(String x, String prefix) {
        return script.let("torch.layer_norm(" + x + ", [" + config.dim() + "], " + weights.plain(prefix + ".scale") + ", "
                + weights.plain(prefix + ".bias") + ", " + EPS + ")");
    }

    private String linear(String x, String layer) {
        return linear(x, List.of(layer), batch * config.tokens());
    }

    /** Some linear layers side by side, on so many rows. */
    private String linear(String x, List<String> layers, int rows) {
        String matrix = weights.matrices(layers);
        String bias = weights.biases(layers);
        if (form == TorchPeer.Form.PACKED) {
            String packed = script.prepared(matrix.replaceFirst("self\\.", "packed_"),
                    "ops.mkl._mkl_reorder_linear_weight(" + matrix + ", " + rows + ")");
            return script.let("ops.mkl._mkl_linear(" + x + ", " + packed + ", " + matrix + ", " + bias + ", " + rows + ")");
        }
        return script.let("torch.linear(" + x + ", " + matrix + ", " + bias + ")");
    }
}
