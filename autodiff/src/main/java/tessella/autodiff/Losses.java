package tessella.autodiff;

import static tessella.autodiff.Tape.operator;
import static tessella.autodiff.Tape.saved;

import java.util.Arrays;
import tessella.engine.CrossEntropy;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;

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
                (dy, to) -> to.add(logits, () -> CrossEntropy.softmaxGradient(forward, targets.value(), dy)), logits, targets);
    }

    /**
     * loss = sum_j softplus(z_j) - t_j z_j, a binary cross-entropy for each class, for constant targets [rows, classes];
     * dz = dloss (s(z) - t), s the logistic function.
     */
    public static Tensor sigmoidCrossEntropy(Tensor logits, Tensor targets) {
        NdArray losses = CrossEntropy.sigmoid(logits.value(), targets.value());
        return operator("sigmoidCrossEntropy", losses, saved(logits.value(), targets.value()), (dy, to) -> to.add(logits,
                () -> CrossEntropy.sigmoidGradient(logits.value(), targets.value(), dy)), logits, targets);
    }

    /** y = mean (a - b)^2 over all elements, a scalar; da = 2 dy (a - b) / n, db = -da. */
    public static Tensor meanSquaredError(Tensor a, Tensor b) {
        return Reductions.mean(Elementwise.square(Elementwise.sub(a, b)));
    }

    /** The z-loss of each row, logsumexp(z)^2, which keeps logits from drifting; dz = 2 dloss logsumexp(z) softmax(z). */
    public static Tensor zLoss(Tensor logits) {
        return Elementwise.square(Softmax.logSumExp(logits, -1));
    }

    /**
     * sum_t w_t (cross-entropy_t + z logsumexp_t^2) / sum_t w_t over tokens: logits [.., classes], one label and one weight a
     * token, 0 for padding; a scalar. Labels of tokens without weight are not looked at.
     *
     * @throws IllegalArgumentException if labels, weights and logits do not fit, a weight is negative, or all are 0
     */
    public static Tensor tokenCrossEntropy(Tensor logits, int[] labels, double[] weights, double z) {
        long classes = logits.dim(-1);
        double total = Arrays.stream(weights).sum();
        if (labels.length != weights.length || labels.length * classes != logits.shape().size()
                || !Arrays.stream(weights).allMatch(w -> w >= 0) || total == 0) {
            throw new IllegalArgumentException("tokenCrossEntropy: expected a label and a weight of at least 0, not all of them "
                    + "0, for each token of logits " + logits.shape() + ", found " + labels.length + " labels and "
                    + weights.length + " weights of sum " + total);
        }
        int[] real = new int[labels.length];
        Arrays.setAll(real, t -> weights[t] == 0 ? 0 : labels[t]);
        Tensor rows = Shapes.reshape(logits, labels.length, classes);
        Tensor losses = softmaxCrossEntropy(rows, real, 0);
        if (z != 0) {
            losses = Elementwise.add(losses, Elementwise.scale(zLoss(rows), z));
        }
        NdArray w = NdArray.empty(Scope.current(), logits.dtype(), Shape.of(weights.length));
        w.copyFrom(Arrays.stream(weights).map(v -> v / total).toArray());
        return Reductions.sum(Elementwise.mul(losses, Tensor.of(w)));
    }
}
