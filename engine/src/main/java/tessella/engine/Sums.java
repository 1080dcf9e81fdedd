package tessella.engine;

import java.util.stream.IntStream;
import tessella.kernels.ReductionsKernels;

/** Sums over axes, in an order that depends on the shape only. */
public final class Sums {
    private static final long GRAIN = 1 << 14;
    /** Fewest and most columns of a task: a few cache lines of each row, for the next row lies pages away. */
    private static final int FEWEST = 64;
    private static final int MOST = 128;
    /** Elements of a cache line, which two tasks should not share. */
    private static final int LINE = 16;

    private Sums() {}

    /**
     * s times the sum over the given axes, which keep extent 1.
     *
     * @throws IllegalArgumentException if an axis does not exist
     */
    public static NdArray sum(NdArray x, double s, int... axes) {
        x.check("sum");
        boolean[] reduced = new boolean[x.shape().rank()];
        for (int axis : axes) {
            reduced[x.shape().axis(axis)] = true;
        }
        NdArray current = x;
        for (int end = reduced.length; end > 0; end--) {
            if (!reduced[end - 1]) {
                continue;
            }
            int from = end - 1;
            while (from > 0 && reduced[from - 1]) {
                from--;
            }
            NdArray next = group(current, s, from, end);
            current.freeUnless(x);
            current = next;
            s = 1;
            end = from + 1;
        }
        return current == x ? Pointwise.scale(x, s) : current;
    }

    /** Sums axes [from, to) of any array into a new one. */
    private static NdArray group(NdArray x, double s, int from, int to) {
        Shape shape = x.shape();
        int n = Math.toIntExact(shape.axes(from, to).size());
        long outer = shape.axes(0, from).size();
        int inner = Math.toIntExact(shape.axes(to, shape.rank()).size());
        Shape out = shape;
        for (int axis = from; axis < to; axis++) {
            out = out.with(axis, 1);
        }
        NdArray source = x.contiguous();
        NdArray y = NdArray.result("sum", x.dtype(), out);
        long bytes = x.dtype().bytes();
        if (inner == 1) {
            Split split = Split.rows(outer, n, GRAIN);
            Region.run("sum", split.parts(), (task, scratch) -> {
                long row = split.from(task);
                int rows = split.length(task);
                long xo = source.offset() + row * n * bytes;
                long yo = y.offset() + row * bytes;
                ReductionsKernels.rowSums(x.dtype().precision(), source.segment(), xo, s, y.segment(), yo, rows, n);
            }, source, y);
        } else {
            Split split = Split.of(inner, Math.clamp(inner / 8L, FEWEST, MOST), LINE);
            Region.run("sum", Math.toIntExact(outer * split.parts()), (task, scratch) -> {
                int first = (int) split.from(task % split.parts());
                int last = (int) split.to(task % split.parts());
                long xo = source.offset() + task / split.parts() * (long) n * inner * bytes;
                long yo = y.offset() + task / split.parts() * (long) inner * bytes;
                ReductionsKernels.columnSums(x.dtype().precision(), source.segment(), xo, s, y.segment(), yo, n, inner, first,
                        last);
            }, source, y);
        }
        source.freeUnless(x);
        return y;
    }

    /**
     * Sums a cotangent down to the shape its operand had before broadcasting.
     *
     * @return x itself when the shapes agree
     */
    public static NdArray to(NdArray x, Shape shape) {
        if (x.shape().equals(shape)) {
            return x;
        }
        int added = x.shape().rank() - shape.rank();
        int[] axes = IntStream.range(0, x.shape().rank())
                .filter(i -> i < added || (shape.dim(i - added) == 1 && x.shape().dim(i) != 1)).toArray();
        return sum(x, 1, axes).reshape(shape);
    }
}
