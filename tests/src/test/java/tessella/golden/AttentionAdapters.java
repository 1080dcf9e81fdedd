package tessella.golden;

import java.util.HashMap;
import java.util.Map;
import tessella.autodiff.Attention;
import tessella.autodiff.Elementwise;
import tessella.autodiff.Norms;
import tessella.autodiff.Tensor;
import tessella.models.nn.MultiHeadAttention;
import tessella.models.nn.Parameters;
import tessella.models.nn.QkNorm;
import tessella.reference.Attributes;

/** Attention, plain and with its projections. */
final class AttentionAdapters {
    private AttentionAdapters() {}

    static Map<String, Adapter> all() {
        return Map.of(
                "attention", ((Adapter) AttentionAdapters::attention).without("bias", "mask", "causal", "segment ids",
                        "weights as a result", "RMS norm of queries and keys"),
                "multi_head_attention", ((Adapter) AttentionAdapters::multiHead).without("mask", "no biases"));
    }

    private static void attention(Case c) {
        Attributes attrs = c.attrs();
        c.needs("segment ids", attrs.has("segment_ids"));
        c.needs("bias", attrs.has("bias"));
        c.needs("mask", attrs.has("mask"));
        c.needs("causal", attrs.flag("causal"));
        c.needs("weights as a result", attrs.has("weights"));
        Tensor q = c.in("q");
        Tensor k = c.in("k");
        String norm = attrs.has("qk_norm") ? attrs.text("qk_norm") : "";
        c.needs("RMS norm of queries and keys", norm.equals("rms_per_head"));
        if (norm.equals("layer_norm_scale_only_shared")) {
            q = Norms.layerNorm(q, c.param("q_scale"), null, attrs.real("eps"));
            k = Norms.layerNorm(k, c.param("k_scale"), null, attrs.real("eps"));
        } else if (norm.equals("l2, eps 1e-12")) {
            q = Norms.l2Normalize(q, -1, 1e-12);
            k = Norms.l2Normalize(k, -1, 1e-12);
        } else if (!norm.isEmpty()) {
            throw new IllegalArgumentException("attention: qk_norm " + norm);
        }
        double scale = 1;
        if (attrs.isNumber("scale")) {
            scale = attrs.real("scale");
        } else {
            q = Elementwise.mul(q, Elementwise.exp(c.param("log_t")));
        }
        c.out("y", Attention.attention(q, k, c.in("v"), scale));
    }

    private static void multiHead(Case c) {
        Attributes attrs = c.attrs();
        c.needs("mask", attrs.has("mask"));
        c.needs("no biases", !attrs.flag("bias"));
        int heads = attrs.integer("heads");
        QkNorm norm = attrs.has("normalize_qk") ? QkNorm.LAYER_NORM : QkNorm.NONE;
        Tensor x = c.in("x");
        Map<String, String> names = new HashMap<>();
        for (String part : new String[] {"query", "key", "value", "out"}) {
            names.put("a." + part + ".kernel", part + "/kernel");
            names.put("a." + part + ".bias", part + "/bias");
        }
        names.put("a.query_norm.scale", "query_ln/scale");
        names.put("a.key_norm.scale", "key_ln/scale");
        Parameters parameters = c.parameters(MultiHeadAttention.specs("a", x.dim(2), heads, norm), names);
        c.closeAfterwards(parameters);
        Tensor source = attrs.flag("cross") ? c.in("kv") : x;
        c.out("y", new MultiHeadAttention(parameters, "a", heads, norm).apply(x, source));
    }
}
