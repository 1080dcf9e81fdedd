package tessella.engine;

import tessella.kernels.LogitTerms;

/**
 * Which heads a task of the gradient of attention takes, so that the cotangent of a bias that many heads share is summed
 * in a fixed order: the heads of one slice of the bias are cut into parts, each a task with a sum of its own, and the sums
 * of the parts are added. The parts depend on the shapes alone, and take less memory than the bias and 16 of its slices.
 *
 * @param slicesOfBatch batch, or 1 if the bias repeats along the batch
 * @param slicesOfHeads heads, or 1 if it repeats along the heads
 * @param rows n, or 1 if it repeats along the queries
 * @param columns m, or 1 if it repeats along the keys
 */
record BiasSum(int batch, int heads, int slicesOfBatch, int slicesOfHeads, int parts, long rows, long columns) {
    /** Tasks enough for a team, where the heads are that many. */
    private static final int TASKS = 16;

    interface Head {
        void run(int b, int h);
    }

    /** A head a task: no bias is summed. */
    static BiasSum none(Shape logits) {
        return of(logits, logits);
    }

    /** For a bias that broadcasts to logits [batch, heads, n, m]. */
    static BiasSum of(Shape logits, Shape bias) {
        int batch = Math.toIntExact(logits.dim(0));
        int heads = Math.toIntExact(logits.dim(1));
        int slicesOfBatch = Math.toIntExact(extent(bias, 0));
        int slicesOfHeads = Math.toIntExact(extent(bias, 1));
        int slices = Math.max(1, slicesOfBatch * slicesOfHeads);
        int members = Math.max(1, batch * heads / slices);
        return new BiasSum(batch, heads, slicesOfBatch, slicesOfHeads, Math.min(members, (TASKS + slices - 1) / slices),
                extent(bias, 2), extent(bias, 3));
    }

    /** The extent of one of the four axes of the logits in a bias of fewer axes. */
    private static long extent(Shape bias, int axis) {
        int at = axis - (4 - bias.rank());
        return at < 0 ? 1 : bias.dim(at);
    }

    int tasks() {
        return slicesOfBatch * slicesOfHeads * parts;
    }

    /** Calls body for the heads of a task, in order. */
    void each(int task, Head body) {
        int slice = task / parts;
        int across = slicesOfHeads == heads ? 1 : heads;
        int members = (slicesOfBatch == batch ? 1 : batch) * across;
        int part = task % parts;
        for (int i = members * part / parts; i < members * (part + 1) / parts; i++) {
            body.run(slice / slicesOfHeads + i / across, slice % slicesOfHeads + i % across);
        }
    }

    /** The sums of the tasks, 0 yet. */
    NdArray start(DType dtype) {
        return NdArray.zeros(Scope.current(), dtype, Shape.of(slicesOfBatch, slicesOfHeads, parts, rows, columns));
    }

    /** Where a task adds. */
    LogitTerms.Plane plane(NdArray sums, int task) {
        return new LogitTerms.Plane(sums.segment(), sums.offset() + task * rows * columns * sums.dtype().bytes(),
                rows == 1 ? 0 : columns, columns == 1 ? 0 : 1);
    }

    /** The sum over the parts, in the shape of the bias; the sums are given back. */
    NdArray finish(NdArray sums, Shape bias) {
        if (parts == 1) {
            return sums.reshape(bias);
        }
        NdArray total = Sums.sum(sums, 1, 2).reshape(bias);
        sums.free();
        return total;
    }
}
