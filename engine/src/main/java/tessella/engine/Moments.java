package tessella.engine;

import tessella.kernels.ReductionsKernels;

/** Variances and cumulative sums along axes. */
public final class Moments {
    private static final long GRAIN = 1 << 14;

    private Moments() {}

    /** The variance along the axes, which keep extent 1, and the means that the gradient needs. */
    public record Variance(NdArray y, NdArray means) {}

    /**
     * y = sum (x - mean)^2 / (n - correction) over the given axes, n the number of elements along them.
     *
     * @throws IllegalArgumentException if an axis does not exist, or n is not above the correction
     */
    public static Variance variance(NdArray x, double correction, int... axes) {
        x.check("variance");
        Axes over = Axes.of(x.shape(), axes).atLeastOne("variance");
        if (!(over.n() > correction)) {
            throw new IllegalArgumentException("variance: expected more elements along the axes than the correction "
                    + correction + ", found " + over.n() + " of shape " + x.shape());
        }
        NdArray source = over.gather(x);
        NdArray y = NdArray.result("variance", x.dtype(), over.kept());
        NdArray means = NdArray.result("variance", x.dtype(), over.kept());
        long bytes = x.dtype().bytes();
        over.run("variance", GRAIN, (row, rows, at) -> ReductionsKernels.varianceRows(x.dtype().precision(), source.segment(),
                source.offset() + at * bytes, correction, means.segment(), means.offset() + row * bytes, y.segment(),
                y.offset() + row * bytes, rows, over.n()), source, means, y);
        source.freeUnless(x);
        return new Variance(y, means);
    }

    /** dx = 2 dy (x - mean) / (n - correction). */
    public static NdArray varianceGradient(NdArray x, Variance saved, double correction, NdArray dy, int... axes) {
        Axes over = Axes.of(x.shape(), axes);
        NdArray source = over.gather(x);
        NdArray cotangent = dy.contiguous();
        NdArray means = saved.means();
        NdArray dx = over.space("variance gradient", x.dtype());
        long bytes = x.dtype().bytes();
        over.run("variance gradient", GRAIN, (row, rows, at) -> ReductionsKernels.varianceRowsGradient(x.dtype().precision(),
                source.segment(), source.offset() + at * bytes, means.segment(), means.offset() + row * bytes, correction,
                cotangent.segment(), cotangent.offset() + row * bytes, dx.segment(), dx.offset() + at * bytes, rows,
                over.n()), source, means, cotangent, dx);
        source.freeUnless(x);
        cotangent.freeUnless(dy);
        return over.scatter(dx);
    }

    /**
     * y_i = x_0 + .. + x_i along an axis, added in float64.
     *
     * @throws IllegalArgumentException if the axis does not exist
     */
    public static NdArray cumulative(NdArray x, int axis) {
        x.check("cumulativeSum");
        Axes over = Axes.of(x.shape(), axis);
        NdArray source = over.gather(x);
        NdArray y = over.space("cumulativeSum", x.dtype());
        long bytes = x.dtype().bytes();
        over.run("cumulativeSum", GRAIN, (row, rows, at) -> ReductionsKernels.cumulativeRows(x.dtype().precision(),
                source.segment(), source.offset() + at * bytes, y.segment(), y.offset() + at * bytes, rows, over.n()), source,
                        y);
        source.freeUnless(x);
        return over.scatter(y);
    }

    /** dx_i = dy_i + .. + dy_(n-1) along the axis. */
    public static NdArray cumulativeGradient(NdArray dy, int axis) {
        Axes over = Axes.of(dy.shape(), axis);
        NdArray source = over.gather(dy);
        NdArray dx = over.space("cumulativeSum gradient", dy.dtype());
        long bytes = dy.dtype().bytes();
        over.run("cumulativeSum gradient", GRAIN, (row, rows, at) -> ReductionsKernels.cumulativeRowsGradient(
                dy.dtype().precision(), source.segment(), source.offset() + at * bytes, dx.segment(), dx.offset() + at * bytes,
                rows, over.n()), source, dx);
        source.freeUnless(dy);
        return over.scatter(dx);
    }
}
