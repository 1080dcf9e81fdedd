package tessella.models.nn;

import tessella.autodiff.Norms;
import tessella.autodiff.Tensor;

/**
 * What is done to queries and keys before their product. With a norm every logit is at most sqrt(d) max |gq gk| in size, d the
 * width of a head, and the scale of W_q and W_k is without effect (Dehghani et al., ViT-22B, 2023).
 */
public enum QkNorm {
    /** Nothing. */
    NONE,
    /** LayerNorm over each head, scale only, the scale shared by the heads (ViT-22B; on in Soft MoE). */
    LAYER_NORM,
    /** RMSNorm over each head, the scale shared by the heads: the other reading of ViT-22B, whose norms do not centre. */
    RMS_NORM;

    /** Heads [b, n, heads, d] as their product sees them; the scale [d] is not used without a norm. */
    Tensor apply(Tensor heads, Tensor scale) {
        return switch (this) {
            case NONE -> heads;
            case LAYER_NORM -> Norms.layerNorm(heads, scale, null, LayerNorm.EPS);
            case RMS_NORM -> Norms.rmsNorm(heads, scale, LayerNorm.EPS);
        };
    }
}
