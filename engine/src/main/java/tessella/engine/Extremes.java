package tessella.engine;

import tessella.kernels.Precision;
import tessella.kernels.ReductionsKernels;

/** Largest and smallest elements along axes, and where they are. Results keep the axes, with extent 1. */
public final class Extremes {
    private static final long GRAIN = 1 << 14;

    private Extremes() {}

    private interface Kernel {
        void run(Precision precision, java.lang.foreign.MemorySegment x, long xo, java.lang.foreign.MemorySegment y, long yo,
                int rows, int n);
    }

    /**
     * The largest element along the given axes, or NaN if one is NaN.
     *
     * @throws IllegalArgumentException if an axis does not exist or there is no element along them
     */
    public static NdArray max(NdArray x, int... axes) {
        return extreme("max", ReductionsKernels::maxRows, x, axes);
    }

    /** The smallest element along the given axes; errors as for {@link #max}. */
    public static NdArray min(NdArray x, int... axes) {
        return extreme("min", ReductionsKernels::minRows, x, axes);
    }

    private static NdArray extreme(String op, Kernel kernel, NdArray x, int... axes) {
        x.check(op);
        Axes over = Axes.of(x.shape(), axes).atLeastOne(op);
        NdArray source = over.gather(x);
        NdArray y = NdArray.result(op, x.dtype(), over.kept());
        long bytes = x.dtype().bytes();
        over.run(op, GRAIN, (row, rows, at) -> kernel.run(x.dtype().precision(), source.segment(), source.offset() + at * bytes,
                y.segment(), y.offset() + row * bytes, rows, over.n()), source, y);
        source.freeUnless(x);
        return y;
    }

    /** dx = dy / ties where x is the extreme y along the axes, else 0: elements that tie share the cotangent evenly. */
    public static NdArray gradient(NdArray x, NdArray y, NdArray dy, int... axes) {
        Axes over = Axes.of(x.shape(), axes);
        NdArray source = over.gather(x);
        NdArray cotangent = dy.contiguous();
        NdArray dx = over.space("extreme gradient", x.dtype());
        long bytes = x.dtype().bytes();
        over.run("extreme gradient", GRAIN, (row, rows, at) -> ReductionsKernels.extremeRowsGradient(x.dtype().precision(),
                source.segment(), source.offset() + at * bytes, y.segment(), y.offset() + row * bytes, cotangent.segment(),
                cotangent.offset() + row * bytes, dx.segment(), dx.offset() + at * bytes, rows, over.n()),
                source, y, cotangent, dx);
        source.freeUnless(x);
        cotangent.freeUnless(dy);
        return over.scatter(dx);
    }

    /**
     * The first index of the largest element along an axis, or of the first NaN, row-major over the other axes.
     *
     * @throws IllegalArgumentException if the axis does not exist or has no element
     */
    public static int[] argmax(NdArray x, int axis) {
        x.check("argmax");
        Axes over = Axes.of(x.shape(), axis).atLeastOne("argmax");
        NdArray source = over.gather(x);
        int[] indices = new int[Math.toIntExact(over.rows())];
        long bytes = x.dtype().bytes();
        over.run("argmax", GRAIN, (row, rows, at) -> ReductionsKernels.argmaxRows(x.dtype().precision(), source.segment(),
                source.offset() + at * bytes, indices, (int) row, rows, over.n()), source);
        source.freeUnless(x);
        return indices;
    }
}
