package tessella.engine;

import tessella.kernels.OptimizersKernels;

/** Optimiser updates in place, one pass over each parameter. */
public final class Updates {
    private static final int PART = 1 << 14;

    private Updates() {}

    /** The numbers of one AdamW step; t counts from 1, s scales the gradient (for clipping). */
    public record AdamW(double lr, double b1, double b2, double eps, double decay, long t, double s) {}

    /**
     * With g = s dp: m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2,
     * p -= lr (m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps) + decay p). Moments below the normal range become 0.
     *
     * @throws IllegalArgumentException if shapes or types differ, or an array is not contiguous
     */
    public static void adamW(NdArray p, NdArray dp, NdArray m, NdArray v, AdamW step) {
        for (NdArray x : new NdArray[] {dp, m, v}) {
            Pointwise.checkTypes("adamW", p, x);
            if (!x.shape().equals(p.shape()) || !x.isContiguous() || !p.isContiguous()) {
                throw new IllegalArgumentException("adamW: expected contiguous arrays of shape " + p.shape() + ", found "
                        + x.shape());
            }
        }
        double c1 = 1 / (1 - StrictMath.pow(step.b1, step.t));
        double c2 = 1 / (1 - StrictMath.pow(step.b2, step.t));
        double a1 = (1 - step.b1) * step.s;
        double a2 = (1 - step.b2) * step.s * step.s;
        Region.run("adamW", Region.parts(p.size(), PART), (task, scratch) -> {
            int n = (int) Math.min(PART, p.size() - (long) task * PART);
            long at = (long) task * PART * p.dtype().bytes();
            OptimizersKernels.adamW(p.dtype().precision(), p.segment(), p.offset() + at, dp.segment(), dp.offset() + at,
                    m.segment(), m.offset() + at, v.segment(), v.offset() + at, n, step.lr, step.b1, a1, step.b2, a2, c1, c2,
                    step.eps, step.decay);
        }, p, dp, m, v);
    }
}
