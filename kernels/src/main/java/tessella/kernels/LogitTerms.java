package tessella.kernels;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * What attention adds to the [nq, nk] logits of one head, and which of them it hides: S = scale q k^T + bias, and minus
 * infinity where a mask hides the key from the query. Offsets are in bytes, strides in elements, as everywhere in kernels.
 *
 * @param bias added to S, or null
 * @param keep hide the elements at which one of these is 0
 * @param segments hide the keys of another segment than the query's
 * @param ahead query i is shown the keys up to i + ahead: 0 for causal attention, {@link #ALL} for no such limit
 */
public record LogitTerms(Plane bias, List<Plane> keep, List<Segments> segments, int ahead) {
    /** No key is too far ahead. */
    public static final int ALL = Integer.MAX_VALUE;
    /** Nothing added, nothing hidden. */
    public static final LogitTerms NONE = new LogitTerms(null, List.of(), List.of(), ALL);

    /** An [nq, nk] matrix; a row stride of 0 repeats one row, a column stride, 0 or 1, of 0 repeats one column. */
    public record Plane(MemorySegment segment, long at, long rowStride, int columnStride) {
        /** Offset of an element of so many bytes. */
        long offset(int row, int column, int bytes) {
            return at + (row * rowStride + (long) column * columnStride) * bytes;
        }
    }

    /**
     * The segment ids of queries [nq] and of keys [nk], whole numbers of the type of the logits. Query and key meet if
     * their ids are equal and above 0.
     */
    public record Segments(MemorySegment queries, long queriesAt, MemorySegment keys, long keysAt) {}

    /** Whether the logits stay as they are. */
    boolean isEmpty() {
        return bias == null && keep.isEmpty() && !narrows();
    }

    /** Whether a block of queries sees a range of the keys that is known without looking at every pair. */
    boolean narrows() {
        return ahead != ALL || !segments.isEmpty();
    }
}
