package tessella.autodiff;

import java.util.Arrays;
import java.util.stream.IntStream;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;

/**
 * Losses of n pairs of pictures and texts, of which pair i belongs together. Results are scalars in the innermost scope;
 * gradients are those of the operators that they are made of.
 */
public final class Contrastive {
    private Contrastive() {}

    /**
     * logits = e^logT l2(image) l2(text)^T for image and text [n, d] and a scalar logT: [n, n].
     *
     * @throws IllegalArgumentException if the shapes do not agree
     */
    public static Tensor logits(Tensor image, Tensor text, Tensor logT, double eps) {
        if (image.shape().rank() != 2 || !image.shape().equals(text.shape())) {
            throw new IllegalArgumentException("contrastive: expected images and texts [n, d], found " + image.shape() + " and "
                    + text.shape());
        }
        Tensor cosines = LinearAlgebra.einsum("id,jd->ij", Norms.l2Normalize(image, -1, eps), Norms.l2Normalize(text, -1, eps));
        return Elementwise.mul(cosines, Elementwise.exp(logT));
    }

    /** (CE(rows) + CE(columns)) / 2 of logits [n, n], each the mean cross-entropy with the diagonal (Radford et al. 2021). */
    public static Tensor softmaxLoss(Tensor logits) {
        int[] diagonal = IntStream.range(0, size(logits)).toArray();
        Tensor rows = Reductions.mean(Losses.softmaxCrossEntropy(logits, diagonal, 0));
        Tensor columns = Reductions.mean(Losses.softmaxCrossEntropy(Shapes.permute(logits, 1, 0), diagonal, 0));
        return Elementwise.scale(Elementwise.add(rows, columns), 0.5);
    }

    /**
     * {@link #softmaxLoss(Tensor)} of the real pairs alone: the others leave both axes and the mean.
     *
     * @throws IllegalArgumentException if there is not one entry a pair, or none is real
     */
    public static Tensor softmaxLoss(Tensor logits, boolean[] real) {
        int[] kept = IntStream.range(0, real.length).filter(i -> real[i]).toArray();
        if (real.length != size(logits) || kept.length == 0) {
            throw new IllegalArgumentException("contrastive: expected one entry for each pair of logits " + logits.shape()
                    + ", one of them true, found " + real.length + ", " + kept.length + " of them true");
        }
        return softmaxLoss(Indexing.indexSelect(Indexing.indexSelect(logits, 0, kept), 1, kept));
    }

    /** -mean_i sum_j log s(z_ij logits_ij), z_ij = 1 on the diagonal and -1 elsewhere (Zhai et al. 2023, SigLIP). */
    public static Tensor sigmoidLoss(Tensor logits) {
        int n = size(logits);
        double[] eye = new double[n * n];
        Arrays.setAll(eye, i -> i / n == i % n ? 1 : 0);
        NdArray targets = NdArray.empty(Scope.current(), logits.dtype(), Shape.of(n, n));
        targets.copyFrom(eye);
        return Reductions.mean(Losses.sigmoidCrossEntropy(logits, Tensor.of(targets)));
    }

    private static int size(Tensor logits) {
        if (logits.shape().rank() != 2 || logits.dim(0) != logits.dim(1) || logits.dim(0) == 0) {
            throw new IllegalArgumentException("contrastive: expected logits [n, n] of at least one pair, found "
                    + logits.shape());
        }
        return Math.toIntExact(logits.dim(0));
    }
}
