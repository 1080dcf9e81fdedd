package tessella.models.vit;

import java.util.List;
import tessella.models.nn.Biases;
import tessella.models.nn.LayerNorm;
import tessella.models.nn.Norm;
import tessella.models.nn.ParameterSpec;
import tessella.models.nn.Parameters;
import tessella.models.nn.RmsNorm;

/** How attention and MLP of a block go together, and which norms and biases the trunk has with it. */
public enum BlockForm {
    /** z = x + Attn(N1(x)), y = z + MLP(N2(z)), N LayerNorm, all projections with biases (Dosovitskiy et al., ICLR 2021). */
    SEQUENTIAL,
    /**
     * y = x + Attn(N(x)) + MLP(N(x)), N RMSNorm, in the blocks and after them; no biases in the attention (Dehghani et al.,
     * Scaling Vision Transformers to 22 Billion Parameters, ICML 2023). Attention pooling has the norm and biases of the other
     * form, and never a norm of queries and keys.
     */
    PARALLEL;

    Norm norm(Parameters parameters, String prefix) {
        return switch (this) {
            case SEQUENTIAL -> new LayerNorm(parameters, prefix);
            case PARALLEL -> new RmsNorm(parameters, prefix);
        };
    }

    List<ParameterSpec> normSpecs(String prefix, long width) {
        return switch (this) {
            case SEQUENTIAL -> LayerNorm.specs(prefix, width);
            case PARALLEL -> RmsNorm.specs(prefix, width);
        };
    }

    Biases attentionBiases() {
        return switch (this) {
            case SEQUENTIAL -> Biases.ALL;
            case PARALLEL -> Biases.NONE;
        };
    }
}
