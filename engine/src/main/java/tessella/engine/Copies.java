package tessella.engine;

import tessella.kernels.CopiesKernels;
import tessella.kernels.FloatCopies;
import tessella.kernels.Halves;

/** Copies between any two layouts of one shape. */
final class Copies {
    /** Elements of a task. */
    private static final long GRAIN = 1 << 14;

    private Copies() {}

    static void copy(NdArray from, NdArray to) {
        int rank = to.shape().rank();
        if (rank >= 2 && to.stride(-1) == 1 && from.stride(-1) != 1) {
            transposed(from, to);
            return;
        }
        Nest nest = Nest.of(to.shape(), from, to);
        long bytes = to.dtype().bytes();
        nest.run("copy", (row, first, length) -> {
            long source = from.offset() + (nest.offset(0, row) + first * nest.step[0]) * bytes;
            long target = to.offset() + (nest.offset(1, row) + first * nest.step[1]) * bytes;
            if (nest.step[1] == 1 || length == 1) {
                rows(to.dtype(), from, source, 0, nest.step[0], to, target, 0, 1, length);
            } else {
                // a strided target: one element a row
                rows(to.dtype(), from, source, nest.step[0], 1, to, target, nest.step[1], length, 1);
            }
        }, from, to);
    }

    /** The last two axes as a matrix at a time, so that the kernel can go over it in squares. */
    private static void transposed(NdArray from, NdArray to) {
        int rank = to.shape().rank();
        int m = Math.toIntExact(to.shape().dim(-2));
        int n = Math.toIntExact(to.shape().dim(-1));
        if (to.size() == 0) {
            return;
        }
        Shape batch = to.shape().axes(0, rank - 2);
        long[] fromStrides = Batches.strides(from, rank - 2);
        long[] toStrides = Batches.strides(to, rank - 2);
        Split split = Split.of(m, Math.max(1, GRAIN / n), FloatCopies.SIDE);
        int parts = split.parts();
        long bytes = to.dtype().bytes();
        Region.run("copy", Math.toIntExact(batch.size() * parts), (task, scratch) -> {
            long r0 = split.from(task % parts);
            long source = from.offset() + (Batches.offset(batch, fromStrides, task / parts) + r0 * from.stride(-2)) * bytes;
            long target = to.offset() + (Batches.offset(batch, toStrides, task / parts) + r0 * to.stride(-2)) * bytes;
            rows(to.dtype(), from, source, from.stride(-2), from.stride(-1), to, target, to.stride(-2),
                    split.length(task % parts), n);
        }, from, to);
    }

    private static void rows(DType dtype, NdArray from, long source, long rs, long cs, NdArray to, long target, long trs,
            int rows, int n) {
        if (dtype.isComputed()) {
            CopiesKernels.copy(dtype.precision(), from.segment(), source, rs, cs, to.segment(), target, trs, rows, n);
        } else {
            Halves.copy(from.segment(), source, rs, cs, to.segment(), target, trs, rows, n);
        }
    }
}
