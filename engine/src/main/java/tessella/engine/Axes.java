package tessella.engine;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import tessella.kernels.Precision;

/**
 * Some axes of a shape brought to the end, as rows of n elements: what a reduction over any axes sees.
 *
 * @param shape the shape as the caller has it
 * @param order the axes, those that are left first
 * @param back where each axis went
 * @param n elements in a row
 * @param kept the shape with extent 1 along the chosen axes
 */
record Axes(Shape shape, int[] order, int[] back, int n, Shape kept) {
    /**
     * The given axes of a shape; all of them when none is given.
     *
     * @throws IllegalArgumentException if an axis does not exist
     */
    static Axes of(Shape shape, int... axes) {
        boolean[] chosen = new boolean[shape.rank()];
        Arrays.fill(chosen, axes.length == 0);
        for (int axis : axes) {
            chosen[shape.axis(axis)] = true;
        }
        int[] order = new int[chosen.length];
        int[] back = new int[chosen.length];
        Shape kept = shape;
        long n = 1;
        int at = 0;
        for (boolean last : new boolean[] {false, true}) {
            for (int axis = 0; axis < chosen.length; axis++) {
                if (chosen[axis] == last) {
                    back[axis] = at;
                    order[at++] = axis;
                }
            }
        }
        for (int axis = 0; axis < chosen.length; axis++) {
            if (chosen[axis]) {
                n *= shape.dim(axis);
                kept = kept.with(axis, 1);
            }
        }
        return new Axes(shape, order, back, Math.toIntExact(n), kept);
    }

    /** Number of rows. */
    long rows() {
        return kept.size();
    }

    /**
     * Refuses rows without elements.
     *
     * @throws IllegalArgumentException if n is 0 although there are rows
     */
    Axes atLeastOne(String op) {
        if (n == 0 && rows() > 0) {
            throw new IllegalArgumentException(op + ": expected at least one element along the axes, found shape " + shape);
        }
        return this;
    }

    /** The array as contiguous rows: itself, or a copy in the innermost scope. */
    NdArray gather(NdArray x) {
        return x.permute(order).contiguous();
    }

    /** Space for as many rows. */
    NdArray space(String op, DType dtype) {
        long[] dims = new long[order.length];
        Arrays.setAll(dims, i -> shape.dim(order[i]));
        return NdArray.result(op, dtype, Shape.of(dims));
    }

    /** Rows that {@link #space} held in the caller's order of axes, contiguous. */
    NdArray scatter(NdArray rows) {
        NdArray view = rows.permute(back);
        if (view.isContiguous()) {
            return view;
        }
        NdArray y = view.copy();
        rows.free();
        return y;
    }

    interface Body {
        /** Rows [row, row + rows) of n elements; at is the first element of the first. */
        void run(long row, int rows, long at);
    }

    /** Calls body for all rows, which are shared among the team. */
    void run(String op, long grain, Body body, NdArray... operands) {
        Split split = Split.rows(rows(), n, grain);
        Region.run(op, split.parts(), (task, scratch) ->
                body.run(split.from(task), split.length(task), split.from(task) * n), operands);
    }

    /** Makes one element y of each row of x. */
    interface Reduction {
        void run(Precision precision, MemorySegment x, long xo, MemorySegment y, long yo, int rows, int n);
    }

    /** One element of every row of x, in the shape that is kept. */
    NdArray reduce(String op, long grain, Reduction kernel, NdArray x) {
        NdArray source = gather(x);
        NdArray y = NdArray.result(op, x.dtype(), kept);
        long bytes = x.dtype().bytes();
        run(op, grain, (row, rows, at) -> kernel.run(x.dtype().precision(), source.segment(), source.offset() + at * bytes,
                y.segment(), y.offset() + row * bytes, rows, n), source, y);
        source.freeUnless(x);
        return y;
    }

    /** Makes the rows dx of the rows x, their elements y and the cotangents dy of these. */
    interface ReductionGradient {
        void run(Precision precision, MemorySegment x, long xo, MemorySegment y, long yo, MemorySegment dy, long dyo,
                MemorySegment dx, long dxo, int rows, int n);
    }

    /** The gradient of {@link #reduce} with respect to x, y its result and dy the cotangent of that. */
    NdArray gradient(String op, long grain, ReductionGradient kernel, NdArray x, NdArray y, NdArray dy) {
        NdArray source = gather(x);
        NdArray cotangent = dy.contiguous();
        NdArray dx = space(op, x.dtype());
        long bytes = x.dtype().bytes();
        run(op, grain, (row, rows, at) -> kernel.run(x.dtype().precision(), source.segment(), source.offset() + at * bytes,
                y.segment(), y.offset() + row * bytes, cotangent.segment(), cotangent.offset() + row * bytes, dx.segment(),
                dx.offset() + at * bytes, rows, n), source, y, cotangent, dx);
        source.freeUnless(x);
        cotangent.freeUnless(dy);
        return scatter(dx);
    }
}
