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

    /** The mean of {@code (a - b)^2}. */
    public static Array meanSquaredError(Array a, Array b) {
        double sum = 0;
        for (int i = 0; i < a.size(); i++) {
            sum += (a.data()[i] - b.data()[i]) * (a.data()[i] - b.data()[i]);
        }
        return Array.scalar(sum / a.size());
    }

    /** {@code logsumexp(logits)^2} of each row. */
    public static Array zLoss(Array logits) {
        return SoftmaxOracle.logSumExp(logits, -1).reshape(logits.dim(0)).map(v -> v * v);
    }

    /** {@code sum_t w_t (cross-entropy_t + z logsumexp_t^2) / sum_t w_t}, tokens row-major. */
    public static Array tokenCrossEntropy(Array logits, int[] labels, double[] weights, double z) {
        int classes = logits.dim(-1);
        double sum = 0;
        double total = 0;
        for (int t = 0; t < labels.length; t++) {
            double mass = 0;
            for (int k = 0; k < classes; k++) {
                mass += Math.exp(logits.data()[t * classes + k]);
            }
            double log = Math.log(mass);
            sum += weights[t] * (log - logits.data()[t * classes + labels[t]] + z * log * log);
            total += weights[t];
        }
        return Array.scalar(sum / total);
    }

    /** {@code exp(logT) <a_i, b_j>} of rows brought to length 1, {@code a / sqrt(sum a^2 + eps)}. */
    public static Array contrastiveLogits(Array a, Array b, Array logT, double eps) {
        Array x = NormOracle.l2Normalize(a, -1, eps);
        Array y = NormOracle.l2Normalize(b, -1, eps);
        return MatmulOracle.matmul(x, y.permute(1, 0)).times(Math.exp(logT.item()));
    }

    /** {@code (mean CE(rows) + mean CE(columns)) / 2} with the diagonal, over the pairs that are real. */
    public static Array contrastive(Array logits, boolean[] real) {
        double sum = 0;
        int pairs = 0;
        for (int i = 0; i < real.length; i++) {
            if (!real[i]) {
                continue;
            }
            double row = 0;
            double column = 0;
            for (int j = 0; j < real.length; j++) {
                row += real[j] ? Math.exp(logits.get(i, j)) : 0;
                column += real[j] ? Math.exp(logits.get(j, i)) : 0;
            }
            sum += Math.log(row) + Math.log(column) - 2 * logits.get(i, i);
            pairs++;
        }
        return Array.scalar(sum / (2 * pairs));
    }

    /** {@code -mean_i sum_j log sigmoid(z_ij l_ij)}, z 1 on the diagonal and -1 elsewhere. */
    public static Array contrastiveSigmoid(Array logits) {
        double sum = 0;
        for (int[] index : logits.indices()) {
            double sign = index[0] == index[1] ? 1 : -1;
            sum += Math.log1p(Math.exp(-sign * logits.get(index)));
        }
        return Array.scalar(sum / logits.dim(0));
    }
}
