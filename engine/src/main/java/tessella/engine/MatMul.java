package tessella.engine;

import tessella.kernels.DoubleGemm;
import tessella.kernels.FloatGemm;

/**
 * Matrix products of arrays of any strides: y = s a b + bias over the last two axes, leading axes broadcast.
 *
 * <p>B is packed once, then blocks of rows and columns of y are computed; both are shared among the team.
 */
public final class MatMul {
    /** Multiply-adds of a task: some ten microseconds. */
    private static final long GRAIN = 1 << 19;
    /** Fewest tiles of rows in a task: each pass over a packed panel should serve many rows. */
    private static final long TILES = 2;
    /** Tasks wanted when rows alone give too few. */
    private static final int TASKS = 8;
    /** Elements of B that a packing task takes. */
    private static final long PACK = 1 << 13;

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
     * a [.., m, k] times b [.., k, n] plus bias [n] on every row; errors as for {@link #multiply(NdArray, NdArray)}.
     */
    public static NdArray multiply(NdArray a, NdArray b, NdArray bias) {
        return multiply("linear", a, b, bias, 1);
    }

    static NdArray multiply(String op, NdArray a, NdArray b, NdArray bias, double s) {
        Pointwise.checkTypes(op, a, b);
        if (a.shape().rank() < 2 || b.shape().rank() < 2 || a.shape().dim(-1) != b.shape().dim(-2)) {
            throw new IllegalArgumentException(op + ": expected [.., m, k] times [.., k, n], found " + a.shape() + " times "
                    + b.shape());
        }
        long m = a.shape().dim(-2);
        long k = a.shape().dim(-1);
        long n = b.shape().dim(-1);
        if (bias != null) {
            Pointwise.checkTypes(op, a, bias);
            if (!bias.shape().equals(Shape.of(n)) || !bias.isContiguous()) {
                throw new IllegalArgumentException(op + ": expected a contiguous bias of shape [" + n + "], found "
                        + bias.shape());
            }
        }
        Shape batchA = a.shape().axes(0, a.shape().rank() - 2);
        Shape batchB = b.shape().axes(0, b.shape().rank() - 2);
        Shape batch = Shape.broadcast(op, batchA, batchB);
        NdArray y = NdArray.result(op, a.dtype(), batch.then(Shape.of(m, n)));
        Shape rows = Shape.of(batchA.size() * m, k);
        if (batchB.size() == 1 && batchA.equals(batch) && a.reshapes(rows)) {
            // one matrix for all rows: the batch is more rows
            NdArray flat = b.reshaped(Shape.of(k, n));
            run(op, a.reshape(rows), flat, bias, s, y.reshape(Shape.of(rows.dim(0), n)), Shape.of());
        } else {
            run(op, a.broadcastTo(batch.then(Shape.of(m, k))), b.broadcastTo(batch.then(Shape.of(k, n))), bias, s, y, batch);
        }
        return y;
    }

    private static void run(String op, NdArray a, NdArray b, NdArray bias, double s, NdArray y, Shape batch) {
        int m = Math.toIntExact(y.shape().dim(-2));
        int n = Math.toIntExact(y.shape().dim(-1));
        int k = Math.toIntExact(a.shape().dim(-1));
        int members = Math.toIntExact(batch.size());
        if (members == 0 || m == 0 || n == 0) {
            return;
        }
        boolean single = y.dtype() == DType.F32;
        long bytes = y.dtype().bytes();
        long[] stridesA = Batches.strides(a, batch.rank());
        long[] stridesB = Batches.strides(b, batch.rank());
        boolean sharedB = java.util.Arrays.stream(stridesB).allMatch(stride -> stride == 0);
        boolean inPlace = single ? FloatGemm.readsInPlace(m, n, b.stride(-1))
                : DoubleGemm.readsInPlace(m, n, b.stride(-1));
        int panels = single ? FloatGemm.panels(n) : DoubleGemm.panels(n);
        NdArray right = inPlace ? b : pack(op, b, batch, stridesB, sharedB ? 1 : members);
        long ldb = inPlace ? b.stride(-2) : FloatGemm.PACKED;
        try {
            int tiles = Region.parts(m, single ? FloatGemm.MR : DoubleGemm.MR);
            long work = (long) m * n * k;
            long tile = Math.max(1, work / tiles);
            Split split = Split.of(tiles, Math.max(TILES, (GRAIN + tile - 1) / tile));
            int rowParts = split.parts();
            int wanted = members * rowParts >= TASKS || work * members < GRAIN ? 1
                    : Math.min(panels, (TASKS + members * rowParts - 1) / (members * rowParts));
            int columns = (panels + wanted - 1) / wanted;
            int columnParts = Region.parts(panels, columns);
            Region.run(op, Math.multiplyExact(members, rowParts * columnParts), 2 * work * members, (task, scratch) -> {
                int member = task / (rowParts * columnParts);
                int part = task / columnParts % rowParts;
                int r0 = (int) (m * split.from(part) / tiles);
                int r1 = (int) (m * split.to(part) / tiles);
                int from = task % columnParts * columns;
                int to = Math.min(panels, from + columns);
                long ao = a.offset() + Batches.offset(batch, stridesA, member) * bytes;
                long memberB = inPlace ? Batches.offset(batch, stridesB, member) : sharedB ? 0 : member * right.stride(0);
                long bo = right.offset() + memberB * bytes;
                long co = y.offset() + (long) member * m * n * bytes;
                if (single) {
                    FloatGemm.multiply(a.segment(), ao, a.stride(-2), a.stride(-1), r0, r1, right.segment(), bo, ldb, k, n,
                            from, to, y.segment(), co, n, (float) s, bias == null ? null : bias.segment(),
                            bias == null ? 0 : bias.offset(), scratch.floatA(), scratch.floatC());
                } else {
                    DoubleGemm.multiply(a.segment(), ao, a.stride(-2), a.stride(-1), r0, r1, right.segment(), bo, ldb, k, n,
                            from, to, y.segment(), co, n, s, bias == null ? null : bias.segment(),
                            bias == null ? 0 : bias.offset(), scratch.doubleA(), scratch.doubleC());
                }
            }, a, right, bias, y);
        } finally {
            if (!inPlace) {
                right.free();
            }
        }
    }

    /** B of each member of the batch, or of the first alone, in panels. */
    private static NdArray pack(String op, NdArray b, Shape batch, long[] stridesB, int packs) {
        boolean single = b.dtype() == DType.F32;
        int k = Math.toIntExact(b.shape().dim(-2));
        int n = Math.toIntExact(b.shape().dim(-1));
        long bytes = b.dtype().bytes();
        int panels = single ? FloatGemm.panels(n) : DoubleGemm.panels(n);
        int width = single ? FloatGemm.WIDTH : DoubleGemm.WIDTH;
        int packPanels = Math.clamp(PACK / Math.max(1, (long) k * width), 1, panels);
        int packParts = Region.parts(panels, packPanels);
        long packedSize = single ? FloatGemm.packedSize(k, n) : DoubleGemm.packedSize(k, n);
        NdArray packed = NdArray.result(op, b.dtype(), Shape.of(packs, packedSize));
        try {
            Region.run("packing", packs * packParts, (task, scratch) -> {
                int member = task / packParts;
                int from = task % packParts * packPanels;
                int to = Math.min(panels, from + packPanels);
                long bo = b.offset() + Batches.offset(batch, stridesB, member) * bytes;
                long po = packed.offset() + member * packedSize * bytes;
                if (single) {
                    FloatGemm.packB(b.segment(), bo, b.stride(-2), b.stride(-1), k, n, from, to, packed.segment(), po,
                            scratch.floatA());
                } else {
                    DoubleGemm.packB(b.segment(), bo, b.stride(-2), b.stride(-1), k, n, from, to, packed.segment(), po,
                            scratch.doubleA());
                }
            }, b, packed);
        } catch (RuntimeException | Error e) {
            packed.free();
            throw e;
        }
        return packed;
    }
}
