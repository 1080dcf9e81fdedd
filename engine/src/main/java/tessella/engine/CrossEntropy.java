package tessella.engine;

import tessella.kernels.LossesKernels;

/** Cross-entropy of rows of logits [rows, classes], one loss a row, with gradients. */
public final class CrossEntropy {
    private static final long GRAIN = 1 << 13;

    private CrossEntropy() {}

    /** The loss of each row [rows], and softmax(logits), that the gradient needs. */
    public record Softmax(NdArray losses, NdArray probabilities) {}

    private interface Body {
        void run(int row, int rows, int classes);
    }

    private static void rows(String op, NdArray logits, Body body, NdArray... operands) {
        int classes = Math.toIntExact(logits.shape().dim(1));
        int rows = Math.toIntExact(logits.shape().dim(0));
        Split split = Split.rows(rows, classes, GRAIN);
        Region.run(op, split.parts(), (task, scratch) ->
                body.run((int) split.from(task), split.length(task), classes), operands);
    }

    private static NdArray checked(String op, NdArray logits) {
        logits.check(op);
        if (logits.shape().rank() != 2 || logits.shape().dim(1) == 0) {
            throw new IllegalArgumentException(op + ": expected logits [rows, classes], found shape " + logits.shape());
        }
        return logits.contiguous();
    }

    /**
     * loss = logsumexp(z) - sum_j t_j z_j with t = (1 - smoothing) onehot(label) + smoothing / classes.
     *
     * @throws IllegalArgumentException if there is not one label in [0, classes) a row, or smoothing is not in [0, 1]
     */
    public static Softmax softmax(NdArray logits, int[] labels, double smoothing) {
        NdArray z = checked("softmaxCrossEntropy", logits);
        long classes = z.shape().dim(1);
        if (labels.length != z.shape().dim(0)) {
            throw new IllegalArgumentException("softmaxCrossEntropy: expected " + z.shape().dim(0) + " labels for logits "
                    + z.shape() + ", found " + labels.length);
        }
        for (int i = 0; i < labels.length; i++) {
            if (labels[i] < 0 || labels[i] >= classes) {
                throw new IllegalArgumentException("softmaxCrossEntropy: expected labels in [0, " + classes + "), found "
                        + labels[i] + " at row " + i);
            }
        }
        if (!(smoothing >= 0 && smoothing <= 1)) {
            throw new IllegalArgumentException("softmaxCrossEntropy: expected a smoothing in [0, 1], found " + smoothing);
        }
        NdArray losses = NdArray.result("softmaxCrossEntropy", z.dtype(), Shape.of(labels.length));
        NdArray p = NdArray.result("softmaxCrossEntropy", z.dtype(), z.shape());
        rows("softmaxCrossEntropy", z, (row, rows, n) -> {
            long at = (long) row * n * z.dtype().bytes();
            long lo = losses.offset() + (long) row * z.dtype().bytes();
            LossesKernels.crossEntropy(z.dtype().precision(), z.segment(), z.offset() + at, labels, row, smoothing,
                    p.segment(), p.offset() + at, losses.segment(), lo, rows, n);
        }, z, losses, p);
        z.freeUnless(logits);
        return new Softmax(losses, p);
    }

    /** dz = dloss (p - t) for each row. */
    public static NdArray softmaxGradient(Softmax saved, int[] labels, double smoothing, NdArray dlosses) {
        NdArray p = saved.probabilities();
        NdArray d = dlosses.contiguous();
        NdArray dz = NdArray.result("softmaxCrossEntropy gradient", p.dtype(), p.shape());
        rows("softmaxCrossEntropy gradient", p, (row, rows, n) -> {
            long at = (long) row * n * p.dtype().bytes();
            long lo = d.offset() + (long) row * p.dtype().bytes();
            LossesKernels.crossEntropyGradient(p.dtype().precision(), p.segment(), p.offset() + at, labels, row, smoothing,
                    d.segment(), lo, dz.segment(), dz.offset() + at, rows, n);
        }, p, d, dz);
        d.freeUnless(dlosses);
        return dz;
    }

    private static NdArray checkedTargets(String op, NdArray logits, NdArray targets) {
        Pointwise.checkTypes(op, logits, targets);
        if (!targets.shape().equals(logits.shape())) {
            throw new IllegalArgumentException(op + ": expected targets of the shape of the logits " + logits.shape()
                    + ", found " + targets.shape());
        }
        return targets.contiguous();
    }

    /** loss = sum_j t_j (logsumexp(z) - z_j) for targets of the shape of the logits. */
    public static Softmax softmax(NdArray logits, NdArray targets) {
        NdArray z = checked("softmaxCrossEntropy", logits);
        NdArray t = checkedTargets("softmaxCrossEntropy", logits, targets);
        NdArray losses = NdArray.result("softmaxCrossEntropy", z.dtype(), Shape.of(z.shape().dim(0)));
        NdArray p = NdArray.result("softmaxCrossEntropy", z.dtype(), z.shape());
        rows("softmaxCrossEntropy", z, (row, rows, n) -> {
            long at = (long) row * n * z.dtype().bytes();
            long lo = losses.offset() + (long) row * z.dtype().bytes();
            LossesKernels.crossEntropySoft(z.dtype().precision(), z.segment(), z.offset() + at, t.segment(), t.offset() + at,
                    p.segment(), p.offset() + at, losses.segment(), lo, rows, n);
        }, z, t, losses, p);
        z.freeUnless(logits);
        t.freeUnless(targets);
        return new Softmax(losses, p);
    }

    /** dz = dloss (p sum_j t_j - t) for each row. */
    public static NdArray softmaxGradient(Softmax saved, NdArray targets, NdArray dlosses) {
        NdArray p = saved.probabilities();
        NdArray t = targets.contiguous();
        NdArray d = dlosses.contiguous();
        NdArray dz = NdArray.result("softmaxCrossEntropy gradient", p.dtype(), p.shape());
        rows("softmaxCrossEntropy gradient", p, (row, rows, n) -> {
            long at = (long) row * n * p.dtype().bytes();
            long lo = d.offset() + (long) row * p.dtype().bytes();
            LossesKernels.crossEntropySoftGradient(p.dtype().precision(), p.segment(), p.offset() + at, t.segment(),
                    t.offset() + at, d.segment(), lo, dz.segment(), dz.offset() + at, rows, n);
        }, p, t, d, dz);
        t.freeUnless(targets);
        d.freeUnless(dlosses);
        return dz;
    }

    /** loss = sum_j softplus(z_j) - t_j z_j for targets of the shape of the logits. */
    public static NdArray sigmoid(NdArray logits, NdArray targets) {
        NdArray z = checked("sigmoidCrossEntropy", logits);
        NdArray t = checkedTargets("sigmoidCrossEntropy", logits, targets);
        NdArray losses = NdArray.result("sigmoidCrossEntropy", z.dtype(), Shape.of(z.shape().dim(0)));
        rows("sigmoidCrossEntropy", z, (row, rows, n) -> {
            long at = (long) row * n * z.dtype().bytes();
            long lo = losses.offset() + (long) row * z.dtype().bytes();
            LossesKernels.sigmoidCrossEntropy(z.dtype().precision(), z.segment(), z.offset() + at, t.segment(),
                    t.offset() + at, losses.segment(), lo, rows, n);
        }, z, t, losses);
        z.freeUnless(logits);
        t.freeUnless(targets);
        return losses;
    }

    /** dz = dloss (s(z) - t) for each row, s the logistic function. */
    public static NdArray sigmoidGradient(NdArray logits, NdArray targets, NdArray dlosses) {
        NdArray z = logits.contiguous();
        NdArray t = targets.contiguous();
        NdArray d = dlosses.contiguous();
        NdArray dz = NdArray.result("sigmoidCrossEntropy gradient", z.dtype(), z.shape());
        rows("sigmoidCrossEntropy gradient", z, (row, rows, n) -> {
            long at = (long) row * n * z.dtype().bytes();
            long lo = d.offset() + (long) row * z.dtype().bytes();
            LossesKernels.sigmoidCrossEntropyGradient(z.dtype().precision(), z.segment(), z.offset() + at, t.segment(),
                    t.offset() + at, d.segment(), lo, dz.segment(), dz.offset() + at, rows, n);
        }, z, t, d, dz);
        z.freeUnless(logits);
        t.freeUnless(targets);
        d.freeUnless(dlosses);
        return dz;
    }
}
