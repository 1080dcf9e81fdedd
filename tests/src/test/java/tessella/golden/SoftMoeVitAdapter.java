package tessella.golden;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tessella.autodiff.LinearAlgebra;
import tessella.autodiff.Losses;
import tessella.autodiff.Norms;
import tessella.autodiff.Patches;
import tessella.autodiff.Reductions;
import tessella.autodiff.Shapes;
import tessella.autodiff.Tensor;
import tessella.models.nn.ParameterSpec;
import tessella.models.nn.Parameters;
import tessella.models.nn.QkNorm;
import tessella.models.softmoe.SoftMoeConfig;
import tessella.models.vit.Head;
import tessella.models.vit.Position;
import tessella.models.vit.VisionTransformer;
import tessella.models.vit.VitConfig;
import tessella.reference.Attributes;

/** A whole vision transformer with Soft MoE layers, under the parameter names of the published code. */
final class SoftMoeVitAdapter implements Adapter {
    private static final double EPS = 1e-6;

    @Override
    public void run(Case c) {
        VitConfig config = config(c.attrs());
        List<ParameterSpec> specs = VisionTransformer.specs(config);
        Map<String, String> names = new LinkedHashMap<>();
        specs.forEach(spec -> names.put(spec.name(), published(spec.name())));
        Parameters parameters = c.parameters(specs, names);
        VisionTransformer model = new VisionTransformer(config, parameters);
        c.closeAfterwards(model);
        Map<String, Tensor> seen = new LinkedHashMap<>();
        Tensor logits = model.logits(c.in("image"), seen::put);
        for (int i = 0; i < config.depth(); i++) {
            c.out("act.Encoder/encoderblock_" + i, seen.get("blocks." + i));
            if (config.isMixture(i)) {
                Tensor phi = parameters.get("blocks." + i + ".moe.router.phi").tensor();
                c.out("act.Encoder/encoderblock_" + i + "/Moe/Router/mu_unit", Norms.l2Normalize(phi, 0, EPS));
            }
        }
        c.out("act.embedding", embedding(c, config, parameters));
        c.out("act.Encoder/encoder_norm", seen.get("norm"));
        c.out("act.pre_logits", seen.get("features"));
        c.out("logits", logits);
        Tensor labels = c.in("labels");
        c.out("loss", Reductions.mean(c.attrs().text("loss").startsWith("softmax_xent")
                ? Losses.softmaxCrossEntropy(logits, labels) : Losses.sigmoidCrossEntropy(logits, labels)));
    }

    /** The patch embedding before positions are added: [b, rows, columns, width]. */
    static Tensor embedding(Case c, VitConfig config, Parameters parameters) {
        Tensor tokens = LinearAlgebra.linear(Patches.patchify(c.in("image"), config.patch()),
                parameters.get("embedding.kernel").tensor(), parameters.get("embedding.bias").tensor());
        return Shapes.reshape(tokens, tokens.dim(0), config.gridRows(), config.gridColumns(), config.dim());
    }

    private static VitConfig config(Attributes attrs) {
        Attributes config = attrs.object("config");
        Attributes encoder = config.object("encoder");
        Attributes moe = encoder.object("moe");
        Attributes router = moe.object("router");
        int[] image = attrs.integers("image");
        int patch = config.integers("patch_size")[0];
        int depth = encoder.integer("num_layers");
        int[] layers = moe.integers("layers");
        if (layers[0] != depth - layers.length) {
            throw new IllegalArgumentException("soft_moe_vit: mixture layers that are not the last ones");
        }
        int tokens = image[0] / patch * (image[1] / patch);
        int experts = moe.integer("num_experts");
        int slots = router.has("num_slots") ? router.integer("num_slots")
                : SoftMoeConfig.slotsFor(tokens, experts, router.real("capacity_factor"));
        Position position = encoder.has("position_emb") ? Position.SINCOS_2D : Position.LEARNED;
        Head head = Head.valueOf(config.text("classifier").toUpperCase(Locale.ROOT));
        QkNorm qkNorm = encoder.flag("attention_qk_norm") ? QkNorm.LAYER_NORM : QkNorm.NONE;
        return new VitConfig(image[0], image[1], 3, patch, config.integer("hidden_size"), depth,
                encoder.integer("mlp_dim"), encoder.integer("num_heads"), config.integer("num_classes"), position,
                head, qkNorm, 0, new SoftMoeConfig(experts, slots, layers.length));
    }

    /** The name that the published code gives to a parameter of the library. */
    static String published(String name) {
        return name.replaceFirst("^position$", "Encoder/posembed_input/pos_embedding")
                .replaceFirst("^norm\\.", "Encoder/encoder_norm/")
                .replaceFirst("^blocks\\.([0-9]+)\\.", "Encoder/encoderblock_$1/")
                .replaceFirst("^map\\.attention\\.", "MapHead/MultiHeadDotProductAttention/")
                .replaceFirst("^map\\.norm\\.", "MapHead/LayerNorm/")
                .replaceFirst("^map\\.", "MapHead/").replaceFirst("^representation\\.", "pre_logits/")
                .replace("/norm1.", "/LayerNorm_0/").replace("/norm2.", "/LayerNorm_1/")
                .replace("/attention.", "/SelfAttention/")
                .replace("query_norm.", "query_ln/").replace("key_norm.", "key_ln/")
                .replace("moe.router.phi", "Moe/Router/mu").replace("moe.router.kernel", "Moe/Router/dense/kernel").replace("moe.router.", "Moe/Router/")
                .replace("moe.experts.in.", "Moe/Mlp/Dense_0/").replace("moe.experts.out.", "Moe/Mlp/Dense_1/")
                .replace("mlp.in.", "Mlp/Dense_0/").replace("mlp.out.", "Mlp/Dense_1/")
                .replace('.', '/');
    }
}
