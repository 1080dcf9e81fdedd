package tessella.models.train;

import tessella.autodiff.SparseTopK;
import tessella.autodiff.Tensor;
import tessella.engine.Regularizer;
import tessella.models.data.Batch;
import tessella.models.data.ImageSet;

/** The loss that a model learns by. */
public sealed interface LossChoice {
    /** The loss of each picture [n] of logits [n, classes]; smoothing as for {@link Objective#losses}. */
    Tensor losses(Objective objective, Tensor logits, Batch batch, double smoothing);

    /**
     * Checks that pictures can be learned by this loss.
     *
     * @throws IllegalArgumentException if they cannot
     */
    void check(ImageSet pictures);

    /** That of the objective: cross-entropy of a softmax, or a binary one for each class. */
    record CrossEntropy() implements LossChoice {
        @Override
        public Tensor losses(Objective objective, Tensor logits, Batch batch, double smoothing) {
            return objective.losses(logits, batch, smoothing);
        }

        @Override
        public void check(ImageSet pictures) { }
    }

    /**
     * For pictures of one class, how much is lost if the class must be among the k selected: f(x) - max { &lt;x, u&gt; - R(u) : u_label = 1 },
     * R(y) = lambda / 2 |y|^2, y and u in [0, 1] with sum k (Sander et al. 2023, {@link SparseTopK#labelLoss}); 0 once the class is
     * selected whole. It takes neither smoothing nor mixed pictures. The softmax of logits that were learned so ranks the classes as the
     * logits do; as probabilities its values mean nothing, for the loss does not ask for them.
     *
     * @param k      how many classes are selected
     * @param lambda weight of the regularizer; 0 is not taken, for then most gradients are 0
     */
    record TopK(int k, double lambda) implements LossChoice {
        /** Checks the ranges. */
        public TopK {
            if (k < 1 || !(lambda > 0 && Double.isFinite(lambda))) {
                throw new IllegalArgumentException("train: expected a top-k loss of k of at least 1 and a finite positive lambda, found "
                        + k + " and " + lambda);
            }
        }

        @Override
        public Tensor losses(Objective objective, Tensor logits, Batch batch, double smoothing) {
            return SparseTopK.labelLoss(logits, batch.labels(), k, Regularizer.l2(lambda));
        }

        @Override
        public void check(ImageSet pictures) {
            int classes = pictures.classNames().size();
            if (pictures.hasManyClasses() || k >= classes) {
                throw new IllegalArgumentException("train: expected pictures of one class of more than " + k + " for a top-k loss of k = " + k
                        + ", found " + pictures.name() + " with " + (pictures.hasManyClasses() ? "any number of classes a picture"
                        : classes + " classes") + "; " + (pictures.hasManyClasses() ? "use cross-entropy" : "choose a smaller k"));
            }
        }
    }
}
