package tessella.autodiff;

import static tessella.autodiff.Tape.operator;
import static tessella.autodiff.Tape.saved;

import tessella.engine.CrossEntropy;
import tessella.engine.NdArray;

/**
 * Losses of logits [rows, classes], one for each row: [rows]; {@link Reductions#mean} gives the batch loss. Results are in
 * the innermost scope; shapes and labels that do not fit throw IllegalArgumentException.
 */
public final class Losses {
    private Losses() {}

    /**
     * loss = logsumexp(z) - sum_j t_j z_j, t = (1 - smoothing) onehot(label) + smoothing / classes;
     * dz = dloss (softmax(z) - t).
     */
    public static Tensor softmaxCrossEntropy(Tensor logits, int[] labels, double smoothing) {
        int[] copy = labels.clone();
        CrossEntropy.Softmax forward = CrossEntropy.softmax(logits.value(), copy, smoothing);
        return operator("softmaxCrossEntropy", forward.losses(), saved(forward.probabilities()), (dy, to) -> to.add(logits,
                () -> CrossEntropy.softmaxGradient(forward, copy, smoothing, dy)), logits);
    }

    /** loss = sum_j t_j (logsumexp(z) - z_j) for constant targets [rows, classes]; dz = dloss (softmax(z) sum_j t_j - t). */
    public static Tensor softmaxCrossEntropy(Tensor logits, Tensor targets) {
        CrossEntropy.Softmax forward = CrossEntropy.softmax(logits.value(), targets.value());
        return operator("softmaxCrossEntropy", forward.losses(), saved(forward.probabilities(), targets.value()),
                (dy, to) -> to.add(logits, () -> CrossEntropy.softmaxGradient(forward, targets.value(), dy)), logits);
    }

    /**
     * loss = sum_j softplus(z_j) - t_j z_j, a binary cross-entropy for each class, for constant targets [rows, classes];
     * dz = dloss (s(z) - t), s the logistic function.
     */
    public static Tensor sigmoidCrossEntropy(Tensor logits, Tensor targets) {
        NdArray losses = CrossEntropy.sigmoid(logits.value(), targets.value());
        return operator("sigmoidCrossEntropy", losses, saved(logits.value(), targets.value()), (dy, to) -> to.add(logits,
                () -> CrossEntropy.sigmoidGradient(logits.value(), targets.value(), dy)), logits);
    }
}
