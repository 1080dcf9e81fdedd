package tessella.models.vit;

import static tessella.autodiff.Elementwise.add;

import java.util.ArrayList;
import java.util.List;
import tessella.autodiff.Tensor;
import tessella.models.nn.Layer;
import tessella.models.nn.Mlp;
import tessella.models.nn.MultiHeadAttention;
import tessella.models.nn.Norm;
import tessella.models.nn.Observer;
import tessella.models.nn.ParameterSpec;
import tessella.models.nn.Parameters;

/** A pre-norm block in one of the forms of {@link BlockForm}, its FFN an MLP or a mixture of experts. */
final class Block implements Layer {
    private final BlockForm form;
    private final Norm norm1;
    private final MultiHeadAttention attention;
    private final Norm norm2;
    private final Layer feedForward;

    Block(Parameters parameters, VitConfig config, int index) {
        String prefix = prefix(index);
        form = config.form();
        norm1 = form.norm(parameters, norm1(form, prefix));
        attention = new MultiHeadAttention(parameters, prefix + ".attention", config.heads(), config.qkNorm(),
                form.attentionBiases());
        norm2 = form == BlockForm.SEQUENTIAL ? form.norm(parameters, prefix + ".norm2") : null;
        feedForward = config.isMixture(index) ? config.moe().layer(parameters, prefix + ".moe", config.tokens())
                : new Mlp(parameters, prefix + ".mlp");
    }

    static String prefix(int index) {
        return "blocks." + index;
    }

    private static String norm1(BlockForm form, String prefix) {
        return prefix + (form == BlockForm.SEQUENTIAL ? ".norm1" : ".norm");
    }

    static List<ParameterSpec> specs(VitConfig config, int index) {
        String prefix = prefix(index);
        BlockForm form = config.form();
        List<ParameterSpec> specs = new ArrayList<>(form.normSpecs(norm1(form, prefix), config.dim()));
        specs.addAll(MultiHeadAttention.specs(prefix + ".attention", config.dim(), config.heads(), config.qkNorm(),
                form.attentionBiases()));
        if (form == BlockForm.SEQUENTIAL) {
            specs.addAll(form.normSpecs(prefix + ".norm2", config.dim()));
        }
        specs.addAll(config.isMixture(index) ? config.moe().specs(prefix + ".moe", config.dim(), config.mlp())
                : Mlp.specs(prefix + ".mlp", config.dim(), config.mlp()));
        return specs;
    }

    @Override
    public Tensor apply(Tensor x, Observer observer) {
        Tensor normed = norm1.apply(x);
        Tensor y = add(x, attention.apply(normed, normed));                             // [b, m, d]
        Tensor inner = switch (form) {
            case SEQUENTIAL -> norm2.apply(y);
            case PARALLEL -> normed;
        };
        return add(y, feedForward.apply(inner, observer));
    }
}
