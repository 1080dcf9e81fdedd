package tessella.engine;

import java.util.ArrayList;
import java.util.List;

/**
 * Which keys attention shows to which queries. An immutable value; a mask is a constant, no gradient goes to it.
 *
 * <pre>{@code
 * AttentionMask packed = AttentionMask.segments(ids).and(AttentionMask.causal());
 * }</pre>
 *
 * <p>A query that sees no key at all gives zeros, and passes no gradient back. What a mask hides does not reach the
 * result, as long as it is finite: the weight of a hidden key is 0, and 0 times infinity is not.
 */
public sealed interface AttentionMask {
    /** Every query sees every key. */
    static AttentionMask none() {
        return None.NONE;
    }

    /** Query i sees the keys 0 to i; there must be as many keys as queries. The blocks above the diagonal cost no work. */
    static AttentionMask causal() {
        return Causal.CAUSAL;
    }

    /**
     * A key is shown where the mask is not 0. The mask has the type of the queries, and broadcasts to [batch, heads, n, m]:
     * [batch, 1, 1, m] hides the padding of each sequence. It is not copied, and must live until the gradient has run.
     */
    static AttentionMask keep(NdArray mask) {
        mask.check("attention mask");
        return new Keep(mask);
    }

    /**
     * Self-attention inside the segments of packed sequences: token i of a sequence sees token j if their ids are equal and
     * above 0; 0 is padding. The ids of a batch are [batch][n] and are copied. No [n, n] mask is made, and a block of
     * queries costs the keys from the first to the last whose id lies between its own lowest and highest.
     *
     * @throws IllegalArgumentException if rows differ in length or an id is not in [0, 2^24]
     */
    static AttentionMask segments(int[][] ids) {
        int[][] copy = Segments.copy("tokens", ids);
        return new Segments(copy, copy);
    }

    /** {@link #segments(int[][])} with other ids for the queries [batch][n] than for the keys [batch][m]. */
    static AttentionMask segments(int[][] queries, int[][] keys) {
        return new Segments(Segments.copy("queries", queries), Segments.copy("keys", keys));
    }

    /** Shows what both masks show. */
    default AttentionMask and(AttentionMask other) {
        return new Both(this, other);
    }

    /** The arrays that the mask reads, and that must live as long as it is used. */
    default List<NdArray> arrays() {
        List<NdArray> out = new ArrayList<>();
        switch (this) {
            case Keep keep -> out.add(keep.mask());
            case Both both -> {
                out.addAll(both.first().arrays());
                out.addAll(both.second().arrays());
            }
            case None _, Causal _, Segments _ -> { }
        }
        return out;
    }

    /** {@link #none}. */
    enum None implements AttentionMask {
        /** The only one. */
        NONE
    }

    /** {@link #causal}. */
    enum Causal implements AttentionMask {
        /** The only one. */
        CAUSAL
    }

    /** {@link #keep}. */
    record Keep(NdArray mask) implements AttentionMask {}

    /** {@link #and}. */
    record Both(AttentionMask first, AttentionMask second) implements AttentionMask {}

    /** {@link #segments}. */
    final class Segments implements AttentionMask {
        /** Whole numbers up to here are exact in float32, where the kernels compare them. */
        private static final int LARGEST = 1 << 24;

        final int[][] queries;
        final int[][] keys;

        private Segments(int[][] queries, int[][] keys) {
            this.queries = queries;
            this.keys = keys;
        }

        private static int[][] copy(String side, int[][] ids) {
            int[][] out = new int[ids.length][];
            for (int b = 0; b < ids.length; b++) {
                out[b] = ids[b].clone();
                if (out[b].length != out[0].length) {
                    throw new IllegalArgumentException("segments: expected rows of ids of one length, found " + out[0].length
                            + " and " + out[b].length + " " + side + " in sequences 0 and " + b + "; pad with 0");
                }
                for (int i = 0; i < out[b].length; i++) {
                    if (out[b][i] < 0 || out[b][i] > LARGEST) {
                        throw new IllegalArgumentException("segments: expected ids from 0, padding, to " + LARGEST
                                + ", found " + out[b][i] + " at " + side + " " + i + " of sequence " + b
                                + "; number the segments of a sequence from 1");
                    }
                }
            }
            return out;
        }
    }
}
