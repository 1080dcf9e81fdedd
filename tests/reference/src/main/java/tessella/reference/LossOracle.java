package tessella.reference;

/** Cross-entropies per example; a mean over the batch is the caller's {@code dloss = 1 / batch}. */
public final class LossOracle {
    private LossOracle() {}

    /** The one-hot rows of {@code labels}, smoothed: {@code (1 - smoothing) [k = label] + smoothing / classes}. */
    public static Array targets(int[] labels, int classes, double smoothing) {
        return Array.fill(new int[] {labels.length, classes},
                index -> (index[1] == labels[index[0]] ? 1 - smoothing : 0) + smoothing / classes);
    }

    /** {@code loss[b] = -sum_k targets[b, k] log softmax(logits)[b, k]}: logits and targets {@code [B, K]}. */
    public static Array softmaxCrossEntropy(Array logits, Array targets) {
        Array terms = SoftmaxOracle.logSoftmax(logits, -1).zip(targets, (l, t) -> t == 0 ? 0 : -t * l);
        return ReductionOracle.sum(terms, -1).reshape(logits.dim(0));
    }

    /** {@code dlogits[b, k] = dloss[b] (softmax(logits)[b, k] sum_j targets[b, j] - targets[b, k])}. */
    public static Array softmaxCrossEntropyVjp(Array logits, Array targets, Array dloss) {
        Array mass = ReductionOracle.sum(targets, -1);
        Array slope = SoftmaxOracle.softmax(logits, -1).times(mass).zip(targets, (p, t) -> p - t);
        return slope.times(dloss.reshape(logits.dim(0), 1));
    }

    /** {@code loss[b] = sum_k softplus(z) - targets z}, z the logits {@code [B, K]}. */
    public static Array sigmoidCrossEntropy(Array logits, Array targets) {
        Array terms = logits.zip(targets, (z, t) -> ElementwiseOracle.softplus(z) - t * z);
        return ReductionOracle.sum(terms, -1).reshape(logits.dim(0));
    }

    /** {@code dlogits[b, k] = dloss[b] (sigmoid(logits)[b, k] - targets[b, k])}. */
    public static Array sigmoidCrossEntropyVjp(Array logits, Array targets, Array dloss) {
        Array slope = logits.zip(targets, (z, t) -> ElementwiseOracle.logistic(z) - t);
        return slope.times(dloss.reshape(logits.dim(0), 1));
    }
}
