package tessella.engine;

import tessella.kernels.NormsKernels;

/** LayerNorm, RMSNorm and L2 normalisation over the last axis, with their gradients. */
public final class Normalizers {
    private static final long GRAIN = 1 << 13;
    /** Most partial sums of a parameter's gradient, so that adding them up stays cheap. */
    private static final long PARTIALS = 64;

    private Normalizers() {}

    /** y, and the mean and r = (variance + eps)^-1/2 of each row, that the gradient needs. */
    public record LayerNorm(NdArray y, NdArray means, NdArray rs) {}

    /** y, and r = (mean x^2 + eps)^-1/2 of each row, that the gradient needs. */
    public record Rms(NdArray y, NdArray rs) {}

    /** Cotangents of x and of the gain; null where the gain was. */
    public record RmsGradient(NdArray dx, NdArray dgain) {}

    /** y, and r = (sum x^2 + eps)^-1/2 of each row. */
    public record L2(NdArray y, NdArray rs) {}

    /** Cotangents of the operands; null where the operand was. */
    public record LayerNormGradient(NdArray dx, NdArray dgain, NdArray dbias) {}

    private static int width(String op, NdArray x) {
        x.check(op);
        if (x.shape().rank() == 0 || x.shape().dim(-1) == 0) {
            throw new IllegalArgumentException(op + ": expected a last axis of at least 1 element, found shape " + x.shape());
        }
        return Math.toIntExact(x.shape().dim(-1));
    }

    private static void checkGain(String op, NdArray x, NdArray gain, String name) {
        if (gain != null) {
            Pointwise.checkTypes(op, x, gain);
            if (!gain.shape().equals(Shape.of(x.shape().dim(-1))) || !gain.isContiguous()) {
                throw new IllegalArgumentException(op + ": expected a contiguous " + name + " of shape [" + x.shape().dim(-1)
                        + "] for " + x.shape() + ", found " + gain.shape());
            }
        }
    }

    /**
     * y = gain (x - mean) (variance + eps)^-1/2 + bias over the last axis; gain and bias [n] may be null, bias alone not.
     *
     * @throws IllegalArgumentException if gain or bias do not have the extent of the last axis
     */
    public static LayerNorm layerNorm(NdArray x, NdArray gain, NdArray bias, double eps) {
        int n = width("layerNorm", x);
        checkGain("layerNorm", x, gain, "gain");
        checkGain("layerNorm", x, bias, "bias");
        if (gain == null && bias != null) {
            throw new IllegalArgumentException("layerNorm: a bias without a gain; pass a gain of ones");
        }
        long rows = x.size() / n;
        NdArray source = x.contiguous();
        NdArray y = NdArray.result("layerNorm", x.dtype(), x.shape());
        NdArray means = NdArray.result("layerNorm", x.dtype(), Shape.of(rows));
        NdArray rs = NdArray.result("layerNorm", x.dtype(), Shape.of(rows));
        long bytes = x.dtype().bytes();
        Split split = Split.rows(rows, n, GRAIN);
        Region.run("layerNorm", split.parts(), (task, scratch) -> {
            long row = split.from(task);
            int count = split.length(task);
            long at = row * n * bytes;
            long statistic = row * bytes;
            NormsKernels.layerNorm(x.dtype().precision(), source.segment(), source.offset() + at, segment(gain), offset(gain),
                    segment(bias), offset(bias), y.segment(), y.offset() + at, means.segment(), means.offset() + statistic,
                    rs.segment(), rs.offset() + statistic, count, n, eps);
        }, source, gain, bias, y, means, rs);
        source.freeUnless(x);
        return new LayerNorm(y, means, rs);
    }

    /**
     * With u = dy gain and xh = (x - mean) r: dx = r (u - mean(u) - xh mean(u xh)), dgain = sum dy xh, dbias = sum dy.
     */
    public static LayerNormGradient layerNormGradient(NdArray x, NdArray gain, NdArray bias, LayerNorm saved, NdArray dy) {
        int n = width("layerNorm", x);
        long rows = x.size() / n;
        NdArray source = x.contiguous();
        NdArray cotangent = dy.contiguous();
        NdArray dx = NdArray.result("layerNorm gradient", x.dtype(), x.shape());
        long group = partial(rows, n);
        int parts = Region.parts(rows, group);
        NdArray dgains = gain == null ? null : NdArray.result("layerNorm gradient", x.dtype(), Shape.of(parts, n));
        NdArray dbiases = bias == null ? null : NdArray.result("layerNorm gradient", x.dtype(), Shape.of(parts, n));
        long bytes = x.dtype().bytes();
        Region.run("layerNorm gradient", parts, (task, scratch) -> {
            long row = task * group;
            int count = (int) Math.min(group, rows - row);
            long at = row * n * bytes;
            long statistic = row * bytes;
            long part = (long) task * n * bytes;
            clear(dgains, part, n);
            clear(dbiases, part, n);
            NormsKernels.layerNormGradient(x.dtype().precision(), source.segment(), source.offset() + at, segment(gain),
                    offset(gain), cotangent.segment(), cotangent.offset() + at, saved.means().segment(),
                    saved.means().offset() + statistic, saved.rs().segment(), saved.rs().offset() + statistic, dx.segment(),
                    dx.offset() + at, segment(dgains), offset(dgains) + part, segment(dbiases), offset(dbiases) + part, count,
                    n);
        }, source, gain, cotangent, saved.means(), saved.rs(), dx, dgains, dbiases);
        source.freeUnless(x);
        cotangent.freeUnless(dy);
        return new LayerNormGradient(dx, total(dgains, n), total(dbiases, n));
    }

    private static NdArray total(NdArray parts, int n) {
        if (parts == null) {
            return null;
        }
        NdArray out = Sums.sum(parts, 1, 0).reshape(Shape.of(n));
        parts.free();
        return out;
    }

    private static void clear(NdArray x, long at, int n) {
        if (x != null) {
            x.segment().asSlice(x.offset() + at, (long) n * x.dtype().bytes()).fill((byte) 0);
        }
    }

    private static java.lang.foreign.MemorySegment segment(NdArray x) {
        return x == null ? null : x.segment();
    }

    private static long offset(NdArray x) {
        return x == null ? 0 : x.offset();
    }

    /**
     * y = gain x (mean x^2 + eps)^-1/2 over the last axis; gain [n] may be null.
     *
     * @throws IllegalArgumentException if the gain does not have the extent of the last axis
     */
    public static Rms rms(NdArray x, NdArray gain, double eps) {
        int n = width("rmsNorm", x);
        checkGain("rmsNorm", x, gain, "gain");
        long rows = x.size() / n;
        NdArray source = x.contiguous();
        NdArray y = NdArray.result("rmsNorm", x.dtype(), x.shape());
        NdArray rs = NdArray.result("rmsNorm", x.dtype(), Shape.of(rows));
        long bytes = x.dtype().bytes();
        Split split = Split.rows(rows, n, GRAIN);
        Region.run("rmsNorm", split.parts(), (task, scratch) -> {
            long at = split.from(task) * n * bytes;
            NormsKernels.rms(x.dtype().precision(), source.segment(), source.offset() + at, segment(gain), offset(gain),
                    y.segment(), y.offset() + at, rs.segment(), rs.offset() + split.from(task) * bytes, split.length(task), n,
                    eps);
        }, source, gain, y, rs);
        source.freeUnless(x);
        return new Rms(y, rs);
    }

    /** With u = dy gain and xh = x r: dx = r (u - xh mean(u xh)), dgain = sum dy xh, null without a gain. */
    public static RmsGradient rmsGradient(NdArray x, NdArray gain, Rms saved, NdArray dy) {
        int n = width("rmsNorm", x);
        long rows = x.size() / n;
        NdArray source = x.contiguous();
        NdArray cotangent = dy.contiguous();
        NdArray dx = NdArray.result("rmsNorm gradient", x.dtype(), x.shape());
        long group = partial(rows, n);
        int parts = Region.parts(rows, group);
        NdArray dgains = gain == null ? null : NdArray.result("rmsNorm gradient", x.dtype(), Shape.of(parts, n));
        long bytes = x.dtype().bytes();
        Region.run("rmsNorm gradient", parts, (task, scratch) -> {
            long row = task * group;
            long at = row * n * bytes;
            long part = (long) task * n * bytes;
            clear(dgains, part, n);
            NormsKernels.rmsGradient(x.dtype().precision(), source.segment(), source.offset() + at, segment(gain), offset(gain),
                    cotangent.segment(), cotangent.offset() + at, saved.rs().segment(), saved.rs().offset() + row * bytes,
                    dx.segment(), dx.offset() + at, segment(dgains), offset(dgains) + part,
                    (int) Math.min(group, rows - row), n);
        }, source, gain, cotangent, saved.rs(), dx, dgains);
        source.freeUnless(x);
        cotangent.freeUnless(dy);
        return new RmsGradient(dx, total(dgains, n));
    }

    /** Rows whose parameter gradients are added up before they join the others: so many that few parts are left. */
    private static long partial(long rows, int n) {
        return Math.max(Math.max(1, GRAIN / n), (rows + PARTIALS - 1) / PARTIALS);
    }

    /** y = x (sum x^2 + eps)^-1/2 over the last axis. */
    public static L2 l2(NdArray x, double eps) {
        int n = width("l2Normalize", x);
        long rows = x.size() / n;
        NdArray source = x.contiguous();
        NdArray y = NdArray.result("l2Normalize", x.dtype(), x.shape());
        NdArray rs = NdArray.result("l2Normalize", x.dtype(), Shape.of(rows));
        long bytes = x.dtype().bytes();
        Split split = Split.rows(rows, n, GRAIN);
        Region.run("l2Normalize", split.parts(), (task, scratch) -> {
            long row = split.from(task);
            int count = split.length(task);
            long at = row * n * bytes;
            NormsKernels.l2(x.dtype().precision(), source.segment(), source.offset() + at, y.segment(), y.offset() + at,
                    rs.segment(), rs.offset() + row * bytes, count, n, eps);
        }, source, y, rs);
        source.freeUnless(x);
        return new L2(y, rs);
    }

    /** dx = r (dy - y (y . dy)). */
    public static NdArray l2Gradient(L2 saved, NdArray dy) {
        int n = width("l2Normalize", dy);
        long rows = dy.size() / n;
        NdArray y = saved.y();
        NdArray cotangent = dy.contiguous();
        NdArray dx = NdArray.result("l2Normalize gradient", y.dtype(), y.shape());
        long bytes = y.dtype().bytes();
        Split split = Split.rows(rows, n, GRAIN);
        Region.run("l2Normalize gradient", split.parts(), (task, scratch) -> {
            long row = split.from(task);
            int count = split.length(task);
            long at = row * n * bytes;
            NormsKernels.l2Gradient(y.dtype().precision(), y.segment(), y.offset() + at, cotangent.segment(),
                    cotangent.offset() + at, saved.rs().segment(), saved.rs().offset() + row * bytes, dx.segment(),
                    dx.offset() + at, count, n);
        }, y, cotangent, saved.rs(), dx);
        cotangent.freeUnless(dy);
        return dx;
    }
}
