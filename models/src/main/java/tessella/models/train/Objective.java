package tessella.models.train;

import tessella.autodiff.Elementwise;
import tessella.autodiff.Losses;
import tessella.autodiff.Softmax;
import tessella.autodiff.Tensor;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.models.data.Batch;
import tessella.models.data.ImageSet;

/** What the scores of the classes of a picture mean, and the loss that follows from it. */
public enum Objective {
    /** A picture has exactly one class: probabilities by a softmax, cross-entropy. */
    ONE_CLASS,
    /** A picture has any number of classes: a logistic function and a binary cross-entropy for each (V-MoE, Soft MoE). */
    ANY_CLASSES;

    /** What pictures of a set ask for. */
    public static Objective of(ImageSet pictures) {
        return pictures.hasManyClasses() ? ANY_CLASSES : ONE_CLASS;
    }

    /** Probabilities of logits [n, classes]: rows that sum to 1, or each class on its own. */
    public Tensor probabilities(Tensor logits) {
        return this == ONE_CLASS ? Softmax.softmax(logits, 1) : Elementwise.sigmoid(logits);
    }

    /**
     * The loss of each picture [n], by its label or its classes; smoothing moves that share of a target to all classes evenly,
     * or to 1/2.
     */
    public Tensor losses(Tensor logits, Batch batch, double smoothing) {
        return this == ONE_CLASS ? Losses.softmaxCrossEntropy(logits, batch.labels(), smoothing)
                : targetLosses(logits, batch, smoothing);
    }

    /** As {@link #losses}, by the targets of the batch, which may be mixed. */
    public Tensor targetLosses(Tensor logits, Batch batch, double smoothing) {
        float even = (float) (this == ONE_CLASS ? smoothing / batch.classes() : smoothing / 2);
        float[] smoothed = batch.targets().clone();
        for (int i = 0; i < smoothed.length; i++) {
            smoothed[i] = (float) (1 - smoothing) * smoothed[i] + even;
        }
        Tensor targets = Tensor.of(Scope.current(), Shape.of(batch.size(), batch.classes()), smoothed);
        return this == ONE_CLASS ? Losses.softmaxCrossEntropy(logits, targets) : Losses.sigmoidCrossEntropy(logits, targets);
    }
}
