package tessella.engine;

import java.lang.foreign.MemorySegment;
import tessella.kernels.DoubleGemm;
import tessella.kernels.FloatGemm;
import tessella.kernels.HalfGemm;

/**
 * Matrix products of arrays of any strides: y = s a b + bias over the last two axes, leading axes broadcast.
 *
 * <p>Blocks of rows or columns of y are shared among the team; each task packs the part of B that it needs, a block at a time that stays in
 * the cache of its core, unless so few rows use it that it is read where it lies.
 * A {@link PackedMatrix} is read as it is.
 */
public final class MatMul {
    /** Multiply-adds of a task: some ten microseconds. */
    private static final long GRAIN = 1 << 19;
    /** Members of a batch for each thread that share the work evenly enough. */
    private static final int SPARE = 4;
    /** Rows whose multiply-adds take the time in which the weights they share come from memory. */
    private static final int FEW = 8;
    /** Fewest rows of a task when rows are shared out: each packs its panels of B again. */
    private static final int ROWS = 64;

    private MatMul() {}

    /**
     * a [.., m, k] times b [.., k, n], leading axes broadcast: [.., m, n].
     *
     * @throws IllegalArgumentException if the inner extents differ, a leading axis does not broadcast, or types differ
     */
    public static NdArray multiply(NdArray a, NdArray b) {
        return multiply("matmul", a, b, null, 1);
    }

    /**
     * a [.., m, k] times b [.., k, n] plus bias [.., n] on every row of its member, all leading axes broadcast; errors as for
     * {@link #multiply(NdArray, NdArray)}, and if the bias has another extent or its rows are not contiguous.
     */
    public static NdArray multiply(NdArray a, NdArray b, NdArray bias) {
        return multiply("linear", a, b, bias, 1);
    }

    /**
     * a [.., m, k] times b [.., k, n] that was packed, leading axes broadcast: [.., m, n], with the bits of
     * {@link #multiply(NdArray, NdArray)} of what b holds.
     *
     * @throws IllegalArgumentException if the inner extents differ, a leading axis does not broadcast, or a is not of the type that b
     *     was packed from
     * @throws IllegalStateException if b was freed
     */
    public static NdArray multiply(NdArray a, PackedMatrix b) {
        return multiply("matmul", a, Right.of("matmul", a, b), null, 1);
    }

    /** a [.., m, k] times a packed b [.., k, n] plus bias [.., n]; errors as for {@link #multiply(NdArray, PackedMatrix)}. */
    public static NdArray multiply(NdArray a, PackedMatrix b, NdArray bias) {
        return multiply("linear", a, Right.of("linear", a, b), bias, 1);
    }

    static NdArray multiply(String op, NdArray a, NdArray b, NdArray bias, double s) {
        Pointwise.checkTypes(op, a, b);
        return multiply(op, a, new Right(b, b.shape(), false), bias, s);
    }

    private static NdArray multiply(String op, NdArray a, Right b, NdArray bias, double s) {
        check(op, a, b.shape, bias);
        long m = a.shape().dim(-2);
        long k = a.shape().dim(-1);
        long n = b.shape.dim(-1);
        Shape batchA = a.shape().axes(0, a.shape().rank() - 2);
        Shape batchB = b.shape.axes(0, b.shape.rank() - 2);
        Shape batch = Shape.broadcast(op, batchA, batchB);
        if (bias != null) {
            batch = Shape.broadcast(op, batch, bias.shape().axes(0, bias.shape().rank() - 1));
        }
        NdArray y = NdArray.result(op, a.dtype(), batch.then(Shape.of(m, n)));
        Shape rows = Shape.of(batchA.size() * m, k);
        if (batchB.size() == 1 && (bias == null || bias.shape().size() == n) && batchA.equals(batch) && a.reshapes(rows)) {
            // one matrix for all rows: the batch is more rows
            NdArray added = bias == null ? null : bias.reshaped(Shape.of(n));
            run(op, a.reshape(rows), b.single(), added, s, y.reshape(Shape.of(rows.dim(0), n)), Shape.of());
        } else {
            NdArray added = bias == null ? null : bias.broadcastTo(batch.then(Shape.of(n)));
            run(op, a.broadcastTo(batch.then(Shape.of(m, k))), b.broadcastTo(batch), added, s, y, batch);
        }
        return y;
    }

    private static void check(String op, NdArray a, Shape b, NdArray bias) {
        if (a.shape().rank() < 2 || b.rank() < 2 || a.shape().dim(-1) != b.dim(-2)) {
            throw new IllegalArgumentException(op + ": expected [.., m, k] times [.., k, n], found " + a.shape() + " times " + b);
        }
        if (bias != null) {
            Pointwise.checkTypes(op, a, bias);
            long n = b.dim(-1);
            if (bias.shape().rank() < 1 || bias.shape().dim(-1) != n || n > 1 && bias.stride(-1) != 1) {
                throw new IllegalArgumentException(op + ": expected a bias [.., " + n + "] with contiguous rows, found "
                        + bias.shape() + (bias.isContiguous() ? "" : ", not contiguous; take copy() of it"));
            }
        }
    }

    private static void run(String op, NdArray a, Right right, NdArray bias, double s, NdArray y, Shape batch) {
        int m = Math.toIntExact(y.shape().dim(-2));
        int n = Math.toIntExact(y.shape().dim(-1));
        int k = Math.toIntExact(a.shape().dim(-1));
        int members = Math.toIntExact(batch.size());
        if (members == 0 || m == 0 || n == 0) {
            return;
        }
        NdArray b = right.data;
        boolean single = y.dtype() == DType.F32;
        long bytes = y.dtype().bytes();
        long[] stridesA = Batches.strides(a, batch.rank());
        long[] stridesB = Batches.strides(b, batch.rank());
        long[] stridesBias = bias == null ? null : Batches.strides(bias, batch.rank());
        boolean fresh = !right.packed && !(single ? FloatGemm.readsInPlace(m, k, n, b.stride(-1))
                : DoubleGemm.readsInPlace(m, k, n, b.stride(-1)));
        long rowStride = right.packed ? FloatGemm.PACKED : b.stride(-2);
        Grid grid = Grid.of(members, m, n, right.panels(), (double) Math.max(m, right.packed ? FEW : 1) * n * k,
                Workers.current().size());
        Region.run(op, grid.tasks(), 2L * members * m * n * k, (task, scratch) -> {
            int member = grid.member(task);
            int r0 = grid.row(task);
            int r1 = grid.rowEnd(task);
            int from = grid.panel(task);
            int to = grid.panelEnd(task);
            long ao = a.offset() + Batches.offset(batch, stridesA, member) * bytes;
            long bo = b.offset() + Batches.offset(batch, stridesB, member) * b.dtype().bytes();
            long co = y.offset() + (long) member * m * n * bytes;
            MemorySegment added = bias == null ? null : bias.segment();
            long addedAt = bias == null ? 0 : bias.offset() + Batches.offset(batch, stridesBias, member) * bytes;
            if (fresh) {
                scratch.reserve((single ? FloatGemm.freshScratch(r1 - r0, k, n, b.stride(-2), b.stride(-1), to - from)
                        : DoubleGemm.freshScratch(r1 - r0, k, n, b.stride(-2), b.stride(-1), to - from)) * bytes, op);
            }
            if (b.dtype() == DType.BF16) {
                HalfGemm.multiply(a.segment(), ao, a.stride(-2), a.stride(-1), r0, r1, b.segment(), bo, k, n, from, to,
                        y.segment(), co, n, added, addedAt, scratch.floatA(), scratch.floatC());
            } else if (single && fresh) {
                FloatGemm.multiplyFresh(a.segment(), ao, a.stride(-2), a.stride(-1), r0, r1, b.segment(), bo, b.stride(-2),
                        b.stride(-1), k, n, from, to, y.segment(), co, n, (float) s, added, addedAt, scratch.segment(),
                        scratch.offset(), scratch.floatA(), scratch.floatC());
            } else if (single) {
                FloatGemm.multiply(a.segment(), ao, a.stride(-2), a.stride(-1), r0, r1, b.segment(), bo, rowStride, k, n,
                        from, to, y.segment(), co, n, (float) s, added, addedAt, scratch.floatA(), scratch.floatC());
            } else if (fresh) {
                DoubleGemm.multiplyFresh(a.segment(), ao, a.stride(-2), a.stride(-1), r0, r1, b.segment(), bo, b.stride(-2),
                        b.stride(-1), k, n, from, to, y.segment(), co, n, s, added, addedAt, scratch.segment(),
                        scratch.offset(), scratch.doubleA(), scratch.doubleC());
            } else {
                DoubleGemm.multiply(a.segment(), ao, a.stride(-2), a.stride(-1), r0, r1, b.segment(), bo, rowStride, k, n,
                        from, to, y.segment(), co, n, s, added, addedAt, scratch.doubleA(), scratch.doubleC());
            }
        }, a, b, bias, y);
    }

    /** The right operand [.., k, n]: data is the array itself, or [.., elements of a packed matrix]. */
    private record Right(NdArray data, Shape shape, boolean packed) {
        static Right of(String op, NdArray a, PackedMatrix b) {
            a.check(op);
            b.panels().check(op);
            if (a.dtype() != b.computed()) {
                throw new IllegalArgumentException(op + ": expected " + b.computed() + " times " + b + ", found " + a.dtype() + " "
                        + a.shape() + "; convert it with to(DType." + b.computed().name() + ") first");
            }
            return new Right(b.panels(), b.shape(), true);
        }

        private Shape member() {
            return packed ? Shape.of(data.shape().dim(-1)) : shape.axes(shape.rank() - 2, shape.rank());
        }

        Right single() {
            return new Right(data.reshaped(member()), shape, packed);
        }

        Right broadcastTo(Shape batch) {
            return new Right(data.broadcastTo(batch.then(member())), shape, packed);
        }

        int panels() {
            return PackedMatrix.panels(data.dtype(), shape.dim(-1));
        }
    }

    /**
     * The tasks of a product, as many as the team has threads: each copies its rows of A and packs its panels of B, so nothing is
     * cut finer than that; whichever of rows and columns costs less to cut is cut first. No bit depends on the cuts.
     */
    private record Grid(int members, int m, int panels, int rowParts, int columnParts) {
        static Grid of(int members, int m, int columns, int panels, double work, int threads) {
            int most = (int) Math.clamp(work / GRAIN, 1, Integer.MAX_VALUE);
            int shares = members % threads == 0 || members >= SPARE * threads ? 1 : threads;
            int rowsAtMost = Math.max(1, m / ROWS);
            int wanted = Math.min(most, shares);
            // a cut through the columns has A copied twice, and rows end in lines that two threads write; one through the rows has
            // B packed twice
            int columnParts = m >= columns && rowsAtMost >= wanted ? 1 : Math.min(wanted, panels);
            int rowParts = Math.clamp(wanted / columnParts, 1, rowsAtMost);
            return new Grid(members, m, panels, rowParts, columnParts);
        }

        int tasks() {
            return Math.multiplyExact(members, rowParts * columnParts);
        }

        int member(int task) {
            return task / (rowParts * columnParts);
        }

        int row(int task) {
            return (int) ((long) m * (task / columnParts % rowParts) / rowParts);
        }

        int rowEnd(int task) {
            return (int) ((long) m * (task / columnParts % rowParts + 1) / rowParts);
        }

        int panel(int task) {
            return (int) ((long) panels * (task % columnParts) / columnParts);
        }

        int panelEnd(int task) {
            return (int) ((long) panels * (task % columnParts + 1) / columnParts);
        }
    }
}
