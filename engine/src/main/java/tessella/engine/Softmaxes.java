package tessella.engine;

import tessella.kernels.Precision;
import tessella.kernels.SoftmaxKernels;

/** Softmax over any axes, several of them jointly, and its gradient. */
public final class Softmaxes {
    private static final long GRAIN = 1 << 13;
    private static final int COLUMNS = 64;

    private Softmaxes() {}

    private interface Body {
        /** Rows, or columns when inner is above 1, of contiguous arrays of [outer, n, inner]. */
        void run(NdArray[] operands, long outer, int n, int inner);
    }

    /**
     * y = exp(x - max) / sum exp(x - max), max and sum over the given axes jointly; a slice of minus infinities gives 0.
     *
     * @throws IllegalArgumentException if an axis does not exist or no axis is given
     */
    public static NdArray forward(NdArray x, int... axes) {
        return over(x.shape(), axes, Softmaxes::forward, x);
    }

    /** dx = y (dy - sum y dy), the sum over the same axes; errors as for {@link #forward}. */
    public static NdArray gradient(NdArray y, NdArray dy, int... axes) {
        return over(y.shape(), axes, Softmaxes::gradient, y, dy);
    }

    /** Brings the axes together, as one axis of extent n between outer and inner ones, and calls body; returns the result. */
    private static NdArray over(Shape shape, int[] axes, Body body, NdArray... inputs) {
        boolean[] chosen = new boolean[shape.rank()];
        for (int axis : axes) {
            chosen[shape.axis(axis)] = true;
        }
        if (axes.length == 0) {
            throw new IllegalArgumentException("softmax: expected at least one axis of " + shape);
        }
        int first = 0;
        while (!chosen[first]) {
            first++;
        }
        int last = shape.rank();
        while (!chosen[last - 1]) {
            last--;
        }
        boolean adjacent = true;
        for (int i = first; i < last; i++) {
            adjacent &= chosen[i];
        }
        if (adjacent) {
            NdArray y = NdArray.result("softmax", inputs[0].dtype(), shape);
            NdArray[] operands = new NdArray[inputs.length + 1];
            for (int i = 0; i < inputs.length; i++) {
                operands[i] = inputs[i].contiguous();
            }
            operands[inputs.length] = y;
            int n = Math.toIntExact(shape.axes(first, last).size());
            int inner = Math.toIntExact(shape.axes(last, shape.rank()).size());
            if (y.size() > 0) {
                body.run(operands, shape.axes(0, first).size(), n, inner);
            }
            for (int i = 0; i < inputs.length; i++) {
                operands[i].freeUnless(inputs[i]);
            }
            return y;
        }
        Axes over = Axes.of(shape, axes);
        NdArray[] operands = new NdArray[inputs.length + 1];
        for (int i = 0; i < inputs.length; i++) {
            operands[i] = over.gather(inputs[i]);
        }
        NdArray rows = over.space("softmax", inputs[0].dtype());
        operands[inputs.length] = rows;
        if (rows.size() > 0) {
            body.run(operands, over.rows(), over.n(), 1);
        }
        for (int i = 0; i < inputs.length; i++) {
            operands[i].freeUnless(inputs[i]);
        }
        return over.scatter(rows);
    }

    private static void forward(NdArray[] xy, long outer, int n, int inner) {
        NdArray x = xy[0];
        NdArray y = xy[1];
        Precision precision = x.dtype().precision();
        each("softmax", xy, outer, n, inner, (offset, rows) -> {
            SoftmaxKernels.rows(precision, x.segment(), x.offset() + offset, y.segment(), y.offset() + offset, rows, n);
        }, (offset, from, to) -> {
            SoftmaxKernels.columns(precision, x.segment(), x.offset() + offset, y.segment(), y.offset() + offset, n, inner,
                    from, to);
        });
    }

    private static void gradient(NdArray[] operands, long outer, int n, int inner) {
        NdArray y = operands[0];
        NdArray dy = operands[1];
        NdArray dx = operands[2];
        Precision precision = y.dtype().precision();
        each("softmax gradient", operands, outer, n, inner, (offset, rows) -> {
            SoftmaxKernels.rowsGradient(precision, y.segment(), y.offset() + offset, dy.segment(), dy.offset() + offset,
                    dx.segment(), dx.offset() + offset, rows, n);
        }, (offset, from, to) -> {
            SoftmaxKernels.columnsGradient(precision, y.segment(), y.offset() + offset, dy.segment(), dy.offset() + offset,
                    dx.segment(), dx.offset() + offset, n, inner, from, to);
        });
    }

    /**
     * y = x - logsumexp(x) over the given axes jointly.
     *
     * @throws IllegalArgumentException if an axis does not exist or no axis is given
     */
    public static NdArray logForward(NdArray x, int... axes) {
        x.check("logSoftmax");
        Axes over = some("logSoftmax", x.shape(), axes);
        NdArray source = over.gather(x);
        NdArray y = over.space("logSoftmax", x.dtype());
        long bytes = x.dtype().bytes();
        over.run("logSoftmax", GRAIN, (row, rows, at) -> SoftmaxKernels.logSoftmaxRows(x.dtype().precision(), source.segment(),
                source.offset() + at * bytes, y.segment(), y.offset() + at * bytes, rows, over.n()), source, y);
        source.freeUnless(x);
        return over.scatter(y);
    }

    /** dx = dy - e^y sum dy, the sum over the same axes. */
    public static NdArray logGradient(NdArray y, NdArray dy, int... axes) {
        Axes over = some("logSoftmax", y.shape(), axes);
        NdArray source = over.gather(y);
        NdArray cotangent = over.gather(dy);
        NdArray dx = over.space("logSoftmax gradient", y.dtype());
        long bytes = y.dtype().bytes();
        over.run("logSoftmax gradient", GRAIN, (row, rows, at) -> SoftmaxKernels.logSoftmaxRowsGradient(y.dtype().precision(),
                source.segment(), source.offset() + at * bytes, cotangent.segment(), cotangent.offset() + at * bytes,
                dx.segment(), dx.offset() + at * bytes, rows, over.n()), source, cotangent, dx);
        source.freeUnless(y);
        cotangent.freeUnless(dy);
        return over.scatter(dx);
    }

    /** y = max + log sum exp(x - max) over the given axes jointly, which keep extent 1; errors as for {@link #forward}. */
    public static NdArray logSumExp(NdArray x, int... axes) {
        x.check("logSumExp");
        return some("logSumExp", x.shape(), axes).reduce("logSumExp", GRAIN, SoftmaxKernels::logSumExpRows, x);
    }

    /** dx = dy exp(x - y), y the log-sum-exp of x. */
    public static NdArray logSumExpGradient(NdArray x, NdArray y, NdArray dy, int... axes) {
        return some("logSumExp", x.shape(), axes).gradient("logSumExp gradient", GRAIN, SoftmaxKernels::logSumExpRowsGradient, x,
                y, dy);
    }

    private static Axes some(String op, Shape shape, int... axes) {
        if (axes.length == 0) {
            throw new IllegalArgumentException(op + ": expected at least one axis of " + shape);
        }
        return Axes.of(shape, axes).atLeastOne(op);
    }

    private interface Rows {
        void run(long offset, int rows);
    }

    private interface Columns {
        void run(long offset, int from, int to);
    }

    private static void each(String op, NdArray[] operands, long outer, int n, int inner, Rows rows, Columns columns) {
        long bytes = operands[0].dtype().bytes();
        if (inner == 1) {
            Split split = Split.rows(outer, n, GRAIN);
            Region.run(op, split.parts(), (task, scratch) ->
                    rows.run(split.from(task) * n * bytes, split.length(task)), operands);
        } else {
            int parts = Region.parts(inner, COLUMNS);
            Region.run(op, Math.toIntExact(outer * parts), (task, scratch) -> {
                int from = task % parts * COLUMNS;
                columns.run(task / parts * (long) n * inner * bytes, from, Math.min(inner, from + COLUMNS));
            }, operands);
        }
    }
}
