package tessella.models.patchmerger;

import static tessella.autodiff.LinearAlgebra.einsum;

import tessella.autodiff.Elementwise;
import tessella.autodiff.Norms;
import tessella.autodiff.Softmax;
import tessella.autodiff.Tensor;

/** Merges N patches to M tokens inside a vision transformer (Renggli et al. 2022, Learning to Merge Tokens in ViTs). */
public final class PatchMerger {
    private PatchMerger() {}

    /**
     * Y = softmax(scale W Xn^T) Xn with Xn = LayerNorm(X), the softmax over the patches (section 3).
     *
     * @param x patches [batch, n, d]
     * @param w one query a merged token [m, d]
     * @param gain of the norm [d]
     * @param bias of the norm [d]
     * @return merged tokens [batch, m, d], in the innermost scope
     * @throws IllegalArgumentException if the shapes do not agree
     */
    public static Tensor merge(Tensor x, Tensor w, Tensor gain, Tensor bias, double scale, double eps) {
        Tensor xn = Norms.layerNorm(x, gain, bias, eps);                               // [batch, n, d]
        Tensor scores = Elementwise.scale(einsum("md,bnd->bmn", w, xn), scale);        // [batch, m, n]
        return einsum("bmn,bnd->bmd", Softmax.softmax(scores, -1), xn);                // [batch, m, d]
    }
}
