package tessella.models.vit;

import static tessella.autodiff.Elementwise.add;

import java.util.ArrayList;
import java.util.List;
import tessella.autodiff.Tensor;
import tessella.models.nn.Layer;
import tessella.models.nn.LayerNorm;
import tessella.models.nn.Mlp;
import tessella.models.nn.MultiHeadAttention;
import tessella.models.nn.Observer;
import tessella.models.nn.ParameterSpec;
import tessella.models.nn.Parameters;
import tessella.models.softmoe.SoftMoe;

/** A pre-norm block: x = x + MHA(LN(x)); x = x + FFN(LN(x)), the FFN an MLP or a Soft MoE. */
final class Block implements Layer {
    private final LayerNorm norm1;
    private final MultiHeadAttention attention;
    private final LayerNorm norm2;
    private final Layer feedForward;

    Block(Parameters parameters, VitConfig config, int index) {
        String prefix = prefix(index);
        norm1 = new LayerNorm(parameters, prefix + ".norm1");
        attention = new MultiHeadAttention(parameters, prefix + ".attention", config.heads(), config.qkNorm());
        norm2 = new LayerNorm(parameters, prefix + ".norm2");
        feedForward = config.isMixture(index) ? new SoftMoe(parameters, prefix + ".moe", config.moe())
                : new Mlp(parameters, prefix + ".mlp");
    }

    static String prefix(int index) {
        return "blocks." + index;
    }

    static List<ParameterSpec> specs(VitConfig config, int index) {
        String prefix = prefix(index);
        List<ParameterSpec> specs = new ArrayList<>(LayerNorm.specs(prefix + ".norm1", config.dim()));
        specs.addAll(MultiHeadAttention.specs(prefix + ".attention", config.dim(), config.heads(), config.qkNorm()));
        specs.addAll(LayerNorm.specs(prefix + ".norm2", config.dim()));
        specs.addAll(config.isMixture(index) ? SoftMoe.specs(prefix + ".moe", config.dim(), config.mlp(), config.moe())
                : Mlp.specs(prefix + ".mlp", config.dim(), config.mlp()));
        return specs;
    }

    @Override
    public Tensor apply(Tensor x, Observer observer) {
        Tensor normed = norm1.apply(x);
        Tensor y = add(x, attention.apply(normed, normed));                             // [b, m, d]
        return add(y, feedForward.apply(norm2.apply(y), observer));
    }
}
