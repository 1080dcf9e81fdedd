package tessella.engine;

import tessella.kernels.Threshold;
import tessella.kernels.TopKForm;
import tessella.kernels.TopKKernels;

/**
 * Top-k of each row of the last axis, differentiable and sparse, or hard where lambda is 0 (Sander et al. 2023). A row is a few passes over
 * its elements, without a sort.
 *
 * <p>A row with NaN is NaN. Of infinities those above are selected first; if more than k are infinite, a mask shares k among them, and what
 * is hard or a magnitude takes the first.
 */
public final class TopK {
    private static final long GRAIN = 1 << 13;

    private TopK() {}

    /**
     * What the gradient of an operator needs beside its operand.
     *
     * @param y the result, of the shape of x
     * @param thresholds one of each row, float64
     */
    public record Selection(NdArray y, NdArray thresholds) {}

    /**
     * y = argmax of &lt;x, y&gt; - R(y) over 0 &le; y &le; 1, sum y = k: with tau such that the sum is k, y_i = clip((x_i - tau) / lambda, 0,
     * 1)^(q-1), q = p / (p - 1).
     *
     * @throws IllegalArgumentException if k is not from 0 to the extent of the last axis
     */
    public static Selection mask(NdArray x, int k, Regularizer regularizer) {
        return forward("topK mask", TopKForm.MASK, x, k, regularizer);
    }

    /**
     * With c = dy / dz / lambda of the elements between 0 and 1, and 0 elsewhere: dx_i = c_i (dy_i - sum c dy / sum c). The selection is that
     * of x and the regularizer.
     */
    public static NdArray maskGradient(NdArray x, Regularizer regularizer, Selection saved, NdArray dy) {
        return gradient("topK mask gradient", TopKForm.MASK, x, regularizer, saved, dy);
    }

    /**
     * The elements of x that are largest in magnitude: y = sign(x) (|r| + lambda |r|^(p-1)), r that of {@link #raw}; x itself where an
     * element is selected and does not share its place.
     *
     * @throws IllegalArgumentException if k is not from 0 to the extent of the last axis
     */
    public static Selection magnitude(NdArray x, int k, Regularizer regularizer) {
        return forward("topK magnitude", TopKForm.MAGNITUDE, x, k, regularizer);
    }

    /** dx = dy where an element is selected, and where it shares its place (c + 1) dy - c sum (c + 1) dy / (sum c + w), signs taken off. */
    public static NdArray magnitudeGradient(NdArray x, Regularizer regularizer, Selection saved, NdArray dy) {
        return gradient("topK magnitude gradient", TopKForm.MAGNITUDE, x, regularizer, saved, dy);
    }

    /**
     * y = argmax of &lt;x, y&gt; - |y|_k^2 / 2 - R(y), |y|_k the k-support norm: magnitudes that a large lambda shrinks.
     *
     * @throws IllegalArgumentException if k is not from 0 to the extent of the last axis
     */
    public static Selection raw(NdArray x, int k, Regularizer regularizer) {
        return forward("topK raw magnitude", TopKForm.RAW, x, k, regularizer);
    }

    /** dx = c dy / (c + 1) where an element is selected, and where it shares its place c (dy - sum c dy / (sum c + w)), signs taken off. */
    public static NdArray rawGradient(NdArray x, Regularizer regularizer, Selection saved, NdArray dy) {
        return gradient("topK raw magnitude gradient", TopKForm.RAW, x, regularizer, saved, dy);
    }

    /** &lt;x, y&gt; - R(y) of each row: of the mask, the regularised sum of the k largest; the last axis has gone. */
    public static NdArray value(NdArray x, NdArray y, Regularizer regularizer) {
        return perRow("topK value", (source, selected, _, value, at, row, rows, n) -> TopKKernels.values(x.dtype().precision(),
                source.segment(), source.offset() + at, selected.segment(), selected.offset() + at, regularizer.lambda(),
                regularizer.norm(), value.segment(), value.offset() + row * x.dtype().bytes(), rows, n), x, y, y);
    }

    /** The value of y less that of u. */
    public static NdArray gap(NdArray x, NdArray y, NdArray u, Regularizer regularizer) {
        return perRow("topK loss", (source, selected, other, loss, at, row, rows, n) -> TopKKernels.gaps(x.dtype().precision(),
                source.segment(), source.offset() + at, selected.segment(), selected.offset() + at, other.segment(), other.offset() + at,
                regularizer.lambda(), regularizer.norm(), loss.segment(), loss.offset() + row * x.dtype().bytes(), rows, n), x, y, u);
    }

    private interface PerRow {
        void run(NdArray x, NdArray y, NdArray u, NdArray out, long at, long row, int rows, int n);
    }

    private static NdArray perRow(String op, PerRow body, NdArray x, NdArray y, NdArray u) {
        Pointwise.checkTypes(op, x, y);
        Pointwise.checkTypes(op, x, u);
        if (!x.shape().equals(y.shape()) || !x.shape().equals(u.shape())) {
            throw new IllegalArgumentException(op + ": expected masks of the shape of x " + x.shape() + ", found " + y.shape() + " and "
                    + u.shape());
        }
        int n = width(op, x);
        NdArray source = x.contiguous();
        NdArray selected = y.contiguous();
        NdArray other = u.contiguous();
        NdArray out = NdArray.result(op, x.dtype(), x.shape().axes(0, x.shape().rank() - 1));
        Split split = Split.rows(out.size(), n, GRAIN);
        Region.run(op, split.parts(), (task, scratch) -> body.run(source, selected, other, out,
                split.from(task) * n * x.dtype().bytes(), split.from(task), split.length(task), n), source, selected, other, out);
        source.freeUnless(x);
        selected.freeUnless(y);
        other.freeUnless(u);
        return out;
    }

    private static int width(String op, NdArray x) {
        x.check(op);
        if (x.shape().rank() == 0) {
            throw new IllegalArgumentException(op + ": expected an array of at least one axis, found shape " + x.shape());
        }
        return Math.toIntExact(x.shape().dim(-1));
    }

    private static Selection forward(String op, TopKForm form, NdArray x, int k, Regularizer regularizer) {
        int n = width(op, x);
        if (k < 0 || k > n) {
            throw new IllegalArgumentException(op + ": expected a k from 0 to the extent of the last axis of " + x.shape() + ", found " + k);
        }
        NdArray source = x.contiguous();
        NdArray y = NdArray.result(op, x.dtype(), x.shape());
        long count = x.shape().axes(0, x.shape().rank() - 1).size();
        NdArray thresholds = NdArray.result(op, DType.F64, Shape.of(count, Threshold.SIZE));
        long bytes = x.dtype().bytes();
        Split split = Split.rows(count, n, GRAIN);
        Region.run(op, split.parts(), (task, scratch) -> {
            long at = split.from(task) * n * bytes;
            long state = thresholds.offset() + split.from(task) * Threshold.SIZE * 8;
            int rows = split.length(task);
            scratch.reserve(TopKKernels.scratch(x.dtype().precision(), n) * 8, op);
            TopKKernels.thresholds(x.dtype().precision(), form, source.segment(), source.offset() + at, k, regularizer.lambda(),
                    regularizer.norm(), thresholds.segment(), state, scratch.segment(), scratch.offset(), rows, n);
            TopKKernels.forward(x.dtype().precision(), form, source.segment(), source.offset() + at, regularizer.lambda(),
                    regularizer.norm(), thresholds.segment(), state, y.segment(), y.offset() + at, rows, n);
        }, source, y, thresholds);
        source.freeUnless(x);
        return new Selection(y, thresholds);
    }

    private static NdArray gradient(String op, TopKForm form, NdArray x, Regularizer regularizer, Selection saved, NdArray dy) {
        int n = width(op, x);
        NdArray thresholds = saved.thresholds();
        Pointwise.checkTypes(op, x, dy);
        if (!x.shape().equals(dy.shape()) || thresholds.shape().dim(0) != x.shape().axes(0, x.shape().rank() - 1).size()) {
            throw new IllegalArgumentException(op + ": expected a cotangent and a selection of shape " + x.shape() + ", found " + dy.shape()
                    + " and " + saved.y().shape());
        }
        NdArray source = x.contiguous();
        NdArray cotangent = dy.contiguous();
        NdArray dx = NdArray.result(op, x.dtype(), x.shape());
        long bytes = x.dtype().bytes();
        Split split = Split.rows(thresholds.shape().dim(0), n, GRAIN);
        Region.run(op, split.parts(), (task, scratch) -> {
            long at = split.from(task) * n * bytes;
            TopKKernels.gradient(x.dtype().precision(), form, source.segment(), source.offset() + at, regularizer.lambda(),
                    regularizer.norm(), thresholds.segment(), thresholds.offset() + split.from(task) * Threshold.SIZE * 8,
                    cotangent.segment(), cotangent.offset() + at, dx.segment(), dx.offset() + at, split.length(task), n);
        }, source, cotangent, thresholds, dx);
        source.freeUnless(x);
        cotangent.freeUnless(dy);
        return dx;
    }
}
