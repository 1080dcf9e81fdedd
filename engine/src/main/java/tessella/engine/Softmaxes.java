package tessella.engine;

import java.util.Arrays;
import tessella.kernels.DoubleSoftmax;
import tessella.kernels.FloatSoftmax;

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
        // scattered axes go to the end, and back
        int[] order = new int[shape.rank()];
        int[] back = new int[shape.rank()];
        int at = 0;
        for (int pass = 0; pass < 2; pass++) {
            for (int axis = 0; axis < order.length; axis++) {
                if (chosen[axis] == (pass == 1)) {
                    back[axis] = at;
                    order[at++] = axis;
                }
            }
        }
        int[] trailing = new int[(int) Arrays.stream(axes).map(shape::axis).distinct().count()];
        Arrays.setAll(trailing, i -> order.length - 1 - i);
        NdArray[] permuted = Arrays.stream(inputs).map(x -> x.permute(order)).toArray(NdArray[]::new);
        NdArray result = over(permuted[0].shape(), trailing, body, permuted);
        NdArray y = result.permute(back).copy();
        result.free();
        return y;
    }

    private static void forward(NdArray[] xy, long outer, int n, int inner) {
        NdArray x = xy[0];
        NdArray y = xy[1];
        boolean single = x.dtype() == DType.F32;
        each("softmax", xy, outer, n, inner, (offset, rows) -> {
            if (single) {
                FloatSoftmax.rows(x.segment(), x.offset() + offset, y.segment(), y.offset() + offset, rows, n);
            } else {
                DoubleSoftmax.rows(x.segment(), x.offset() + offset, y.segment(), y.offset() + offset, rows, n);
            }
        }, (offset, from, to) -> {
            if (single) {
                FloatSoftmax.columns(x.segment(), x.offset() + offset, y.segment(), y.offset() + offset, n, inner, from, to);
            } else {
                DoubleSoftmax.columns(x.segment(), x.offset() + offset, y.segment(), y.offset() + offset, n, inner, from, to);
            }
        });
    }

    private static void gradient(NdArray[] operands, long outer, int n, int inner) {
        NdArray y = operands[0];
        NdArray dy = operands[1];
        NdArray dx = operands[2];
        boolean single = y.dtype() == DType.F32;
        each("softmax gradient", operands, outer, n, inner, (offset, rows) -> {
            if (single) {
                FloatSoftmax.rowsGradient(y.segment(), y.offset() + offset, dy.segment(), dy.offset() + offset, dx.segment(),
                        dx.offset() + offset, rows, n);
            } else {
                DoubleSoftmax.rowsGradient(y.segment(), y.offset() + offset, dy.segment(), dy.offset() + offset, dx.segment(),
                        dx.offset() + offset, rows, n);
            }
        }, (offset, from, to) -> {
            if (single) {
                FloatSoftmax.columnsGradient(y.segment(), y.offset() + offset, dy.segment(), dy.offset() + offset,
                        dx.segment(), dx.offset() + offset, n, inner, from, to);
            } else {
                DoubleSoftmax.columnsGradient(y.segment(), y.offset() + offset, dy.segment(), dy.offset() + offset,
                        dx.segment(), dx.offset() + offset, n, inner, from, to);
            }
        });
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
