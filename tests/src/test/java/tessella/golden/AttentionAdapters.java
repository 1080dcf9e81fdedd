package tessella.golden;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import tessella.autodiff.Attention;
import tessella.autodiff.Elementwise;
import tessella.autodiff.Norms;
import tessella.autodiff.Tensor;
import tessella.engine.AttentionMask;
import tessella.models.nn.Biases;
import tessella.models.nn.MultiHeadAttention;
import tessella.models.nn.Parameters;
import tessella.models.nn.QkNorm;
import tessella.reference.Attributes;

/** Attention, plain and with its projections. */
final class AttentionAdapters {
    private AttentionAdapters() {}

    static Map<String, Adapter> all() {
        return Map.of(
                "attention", AttentionAdapters::attention,
                "multi_head_attention", AttentionAdapters::multiHead);
    }

    private static void attention(Case c) {
        Attributes attrs = c.attrs();
        Tensor q = c.in("q");
        Tensor k = c.in("k");
        String norm = attrs.has("qk_norm") ? attrs.text("qk_norm") : "";
        if (norm.equals("layer_norm_scale_only_shared")) {
            q = Norms.layerNorm(q, c.param("q_scale"), null, attrs.real("eps"));
            k = Norms.layerNorm(k, c.param("k_scale"), null, attrs.real("eps"));
        } else if (norm.equals("rms_per_head")) {
            q = Elementwise.mul(Norms.rmsNorm(q, null, attrs.real("eps")), c.param("q_scale"));
            k = Elementwise.mul(Norms.rmsNorm(k, null, attrs.real("eps")), c.param("k_scale"));
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
        Tensor bias = c.file().has("in.bias") ? c.in("bias") : null;
        if (attrs.has("weights")) {
            Attention.Weighted y = Attention.attentionWithWeights(q, k, c.in("v"), scale, mask(c), bias);
            c.out("y", y.o());
            c.out("weights", y.weights());
        } else {
            c.out("y", Attention.attention(q, k, c.in("v"), scale, mask(c), bias));
        }
    }

    /** Everything that hides keys in a case. */
    private static AttentionMask mask(Case c) {
        AttentionMask mask = AttentionMask.none();
        if (c.attrs().flag("causal")) {
            mask = mask.and(AttentionMask.causal());
        }
        if (c.file().has("in.mask")) {
            mask = mask.and(AttentionMask.keep(c.constant(c.file().array("in.mask")).value()));
        }
        if (c.file().has("in.seg")) {
            int[] ids = c.indices("seg");
            int batch = c.file().tensor("in.seg").shape()[0];
            int n = ids.length / batch;
            int[][] rows = new int[batch][];
            Arrays.setAll(rows, b -> Arrays.copyOfRange(ids, b * n, (b + 1) * n));
            mask = mask.and(AttentionMask.segments(rows));
        }
        return mask;
    }

    private static void multiHead(Case c) {
        Attributes attrs = c.attrs();
        int heads = attrs.integer("heads");
        QkNorm norm = attrs.has("normalize_qk") ? QkNorm.LAYER_NORM : QkNorm.NONE;
        Biases biases = attrs.flag("bias") ? Biases.ALL : Biases.NONE;
        Tensor x = c.in("x");
        Map<String, String> names = new HashMap<>();
        for (String part : new String[] {"query", "key", "value", "out"}) {
            names.put("a." + part + ".kernel", part + "/kernel");
            names.put("a." + part + ".bias", part + "/bias");
        }
        names.put("a.query_norm.scale", "query_ln/scale");
        names.put("a.key_norm.scale", "key_ln/scale");
        Parameters parameters = c.parameters(MultiHeadAttention.specs("a", x.dim(2), heads, norm, biases), names);
        c.closeAfterwards(parameters);
        Tensor source = attrs.flag("cross") ? c.in("kv") : x;
        c.out("y", new MultiHeadAttention(parameters, "a", heads, norm, biases).apply(x, source, mask(c)));
    }
}
