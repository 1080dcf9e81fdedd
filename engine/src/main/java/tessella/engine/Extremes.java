package tessella.engine;

import tessella.kernels.ReductionsKernels;

/** Largest and smallest elements along axes, and where they are. Results keep the axes, with extent 1. */
public final class Extremes {
    private static final long GRAIN = 1 << 14;

    private Extremes() {}

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

    private static NdArray extreme(String op, Axes.Reduction kernel, NdArray x, int... axes) {
        x.check(op);
        return Axes.of(x.shape(), axes).atLeastOne(op).reduce(op, GRAIN, kernel, x);
    }

    /** dx = dy / ties where x is the extreme y along the axes, else 0: elements that tie share the cotangent evenly. */
    public static NdArray gradient(NdArray x, NdArray y, NdArray dy, int... axes) {
        return Axes.of(x.shape(), axes).gradient("extreme gradient", GRAIN, ReductionsKernels::extremeRowsGradient, x, y, dy);
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
