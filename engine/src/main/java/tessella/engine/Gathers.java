package tessella.engine;

import java.util.Arrays;
import java.util.function.IntConsumer;
import tessella.kernels.CopiesKernels;

/**
 * Elements picked by index along an axis, and added back: each method and its transpose. Additions to one place are made in
 * the order of the indices, whatever the number of threads. Results are new contiguous arrays in the innermost scope.
 */
public final class Gathers {
    /** Elements of a task. */
    private static final long GRAIN = 1 << 14;
    /** Columns of a task that adds: whole cache lines, and enough of them to hide its dispatch. */
    private static final long COLUMNS = 1 << 12;
    private static final int LINE = 16;

    private Gathers() {}

    /** An array seen as [outer, n, inner] around an axis, and m indices into it for each outer, or once for all. */
    private record View(Shape shape, int axis, int outer, int n, int inner, int m, boolean shared) {
        static View rows(String op, Shape shape, int axis, int[] indices, int m, boolean shared) {
            int at = shape.axis(axis);
            int outer = Math.toIntExact(shape.axes(0, at).size());
            View view = new View(shape, at, outer, Math.toIntExact(shape.dim(at)),
                    Math.toIntExact(shape.axes(at + 1, shape.rank()).size()), m, shared);
            check(op, shape, at, indices);
            return view;
        }

        Shape picked() {
            return shape.with(axis, m);
        }

        int first(int o) {
            return shared ? 0 : o * m;
        }

        /** Calls body for every outer member; members are shared among the team. */
        void each(String op, IntConsumer body, NdArray... operands) {
            Split split = Split.rows(outer, (long) m * inner, GRAIN);
            Region.run(op, split.parts(), (task, scratch) -> {
                for (int o = (int) split.from(task); o < split.to(task); o++) {
                    body.accept(o);
                }
            }, operands);
        }
    }

    private static void check(String op, Shape shape, int axis, int[] indices) {
        for (int i = 0; i < indices.length; i++) {
            if (indices[i] < 0 || indices[i] >= shape.dim(axis)) {
                throw new IllegalArgumentException(op + ": expected indices in [0, " + shape.dim(axis) + ") for axis " + axis
                        + " of " + shape + ", found " + indices[i] + " at place " + i);
            }
        }
    }

    private static View batched(String op, Shape shape, int axis, int[] indices) {
        int at = shape.axis(axis);
        long outer = shape.axes(0, at).size();
        if (outer == 0 || indices.length % outer != 0) {
            throw new IllegalArgumentException(op + ": expected as many indices for each of the " + outer
                    + " members of axes [0, "
                    + at + ") of " + shape + ", found " + indices.length + " in all");
        }
        return View.rows(op, shape, at, indices, Math.toIntExact(indices.length / outer), false);
    }

    /**
     * Slices of an axis by index: y[.., i, ..] = x[.., indices[i], ..].
     *
     * @throws IllegalArgumentException if an index does not lie in the axis
     */
    public static NdArray select(NdArray x, int axis, int[] indices) {
        x.check("indexSelect");
        return gather("indexSelect", x, View.rows("indexSelect", x.shape(), axis, indices, indices.length, true), indices);
    }

    /**
     * Slices of an axis, other ones for each member of the axes before it: y[b, i, ..] = x[b, indices[b, i], ..], the indices
     * row-major.
     *
     * @throws IllegalArgumentException if an index does not lie in the axis, or their number is not a multiple of the members
     */
    public static NdArray selectEach(NdArray x, int axis, int[] indices) {
        x.check("gatherRows");
        return gather("gatherRows", x, batched("gatherRows", x.shape(), axis, indices), indices);
    }

    /** y with x[.., i, ..] added at y[.., indices[i], ..], in place; errors as for {@link #select}. */
    public static void addSelected(NdArray y, int axis, int[] indices, NdArray x) {
        scatter("scatterAdd", y, View.rows("scatterAdd", y.shape(), axis, indices, indices.length, true), indices, x);
    }

    /** y with x[b, i, ..] added at y[b, indices[b, i], ..], in place; errors as for {@link #selectEach}. */
    public static void addSelectedEach(NdArray y, int axis, int[] indices, NdArray x) {
        scatter("scatterAdd", y, batched("scatterAdd", y.shape(), axis, indices), indices, x);
    }

    private static NdArray gather(String op, NdArray x, View view, int[] indices) {
        NdArray source = x.contiguous();
        NdArray y = NdArray.result(op, x.dtype(), view.picked());
        long bytes = x.dtype().bytes();
        view.each(op, o -> CopiesKernels.gatherRows(x.dtype().precision(), source.segment(),
                source.offset() + (long) o * view.n() * view.inner() * bytes, indices, view.first(o), y.segment(),
                y.offset() + (long) o * view.m() * view.inner() * bytes, view.m(), view.inner()), source, y);
        source.freeUnless(x);
        return y;
    }

    private static void scatter(String op, NdArray y, View view, int[] indices, NdArray x) {
        Pointwise.checkTypes(op, y, x);
        if (!x.shape().equals(view.picked()) || !y.isContiguous()) {
            throw new IllegalArgumentException(op + ": expected an array of shape " + view.picked() + " for " + indices.length
                    + " indices into axis " + view.axis() + " of contiguous " + y.shape() + ", found " + x.shape());
        }
        NdArray source = x.contiguous();
        long bytes = y.dtype().bytes();
        Split columns = Split.of(view.inner(), COLUMNS, LINE);
        Region.run(op, view.outer() * columns.parts(), (task, scratch) -> {
            int o = task / columns.parts();
            int part = task % columns.parts();
            CopiesKernels.scatterAddRows(y.dtype().precision(), source.segment(),
                    source.offset() + (long) o * view.m() * view.inner() * bytes, indices, view.first(o), y.segment(),
                    y.offset() + (long) o * view.n() * view.inner() * bytes, view.m(), view.inner(), (int) columns.from(part),
                    (int) columns.to(part));
        }, source, y);
        source.freeUnless(x);
    }

    /**
     * Single elements along an axis: y[.., i, ..] = x[.., indices[.., i, ..], ..], the indices row-major in the shape of y.
     *
     * @throws IllegalArgumentException if the shape of the indices differs from that of x in another axis, or one does not lie
     *     in the axis
     */
    public static NdArray elements(NdArray x, int axis, int[] indices, Shape shape) {
        x.check("gather");
        View view = elementwise("gather", x.shape(), axis, indices, shape);
        NdArray source = x.contiguous();
        NdArray y = NdArray.result("gather", x.dtype(), shape);
        long bytes = x.dtype().bytes();
        view.each("gather", o -> CopiesKernels.gatherElements(x.dtype().precision(), source.segment(),
                source.offset() + (long) o * view.n() * view.inner() * bytes, indices, o * view.m() * view.inner(), y.segment(),
                y.offset() + (long) o * view.m() * view.inner() * bytes, view.m(), view.inner()), source, y);
        source.freeUnless(x);
        return y;
    }

    /** y with x[.., i, ..] added at y[.., indices[.., i, ..], ..], in place; errors as for {@link #elements}. */
    public static void addElements(NdArray y, int axis, int[] indices, NdArray x) {
        Pointwise.checkTypes("scatterAdd", y, x);
        View view = elementwise("scatterAdd", y.shape(), axis, indices, x.shape());
        if (!y.isContiguous()) {
            throw new IllegalArgumentException("scatterAdd: expected a contiguous array to add to, found shape " + y.shape());
        }
        NdArray source = x.contiguous();
        long bytes = y.dtype().bytes();
        view.each("scatterAdd", o -> CopiesKernels.scatterAddElements(y.dtype().precision(),
                source.segment(), source.offset() + (long) o * view.m() * view.inner() * bytes, indices,
                o * view.m() * view.inner(), y.segment(), y.offset() + (long) o * view.n() * view.inner() * bytes, view.m(),
                view.inner()), source, y);
        source.freeUnless(x);
    }

    private static View elementwise(String op, Shape shape, int axis, int[] indices, Shape picked) {
        int at = shape.axis(axis);
        if (picked.rank() != shape.rank() || !picked.with(at, shape.dim(at)).equals(shape) || indices.length != picked.size()) {
            throw new IllegalArgumentException(op + ": expected indices of a shape that agrees with " + shape
                    + " except along axis " + at + ", found " + indices.length + " for shape " + picked);
        }
        return View.rows(op, shape, at, indices, Math.toIntExact(picked.dim(at)), false);
    }

    /**
     * The indices that sort each row of the last axis, the largest element first; equal elements in the order of their
     * places, NaN before all numbers.
     *
     * @throws IllegalArgumentException if there is no axis
     */
    public static int[] argsort(NdArray x) {
        x.check("argsort");
        int n = Math.toIntExact(x.shape().dim(-1));
        double[] values = x.toDoubles();
        int[] out = new int[values.length];
        for (int from = 0; from < values.length; from += n) {
            int row = from;
            Integer[] order = new Integer[n];
            Arrays.setAll(order, i -> i);
            // a stable sort: equal elements stay in the order of their places; adding 0 makes one of both zeros
            Arrays.sort(order, (i, j) -> Double.compare(values[row + j] + 0.0, values[row + i] + 0.0));
            for (int i = 0; i < n; i++) {
                out[row + i] = order[i];
            }
        }
        return out;
    }
}
