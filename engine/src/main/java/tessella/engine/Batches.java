package tessella.engine;

/** Offsets of the members of a batch. */
final class Batches {
    private Batches() {}

    /** Elements from the start of an array to member index of its leading axes. */
    static long offset(Shape batch, long[] strides, long index) {
        long at = 0;
        for (int i = batch.rank() - 1; i >= 0; i--) {
            at += index % batch.dim(i) * strides[i];
            index /= batch.dim(i);
        }
        return at;
    }

    static long[] strides(NdArray array, int axes) {
        long[] out = new long[axes];
        for (int i = 0; i < axes; i++) {
            out[i] = array.stride(i);
        }
        return out;
    }
}
