package tessella.engine;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import tessella.kernels.LogitTerms;

/** The mask and the bias of one call of attention, checked and laid out as the kernels read them. */
final class HeadTerms {
    /** [batch, heads, n, m]. */
    private final Shape logits;
    private final DType dtype;
    private final NdArray bias;
    private final List<NdArray> keep = new ArrayList<>();
    /** Ids of queries [batch, n] and of keys [batch, m]. */
    private final List<NdArray[]> segments = new ArrayList<>();
    private final List<NdArray> own = new ArrayList<>();
    private int ahead = LogitTerms.ALL;

    private HeadTerms(DType dtype, Shape logits, NdArray bias) {
        this.dtype = dtype;
        this.logits = logits;
        this.bias = bias == null ? null : rows(bias);
    }

    /**
     * Lays out a mask and a bias, which may be null, for logits [batch, heads, n, m].
     *
     * @throws IllegalArgumentException if they do not fit the logits
     */
    static HeadTerms of(DType dtype, Shape logits, AttentionMask mask, NdArray bias) {
        check(dtype, logits, mask);
        if (bias != null) {
            check("bias", dtype, logits, bias);
        }
        HeadTerms terms = new HeadTerms(dtype, logits, bias);
        terms.add(mask);
        return terms;
    }

    private static void check(DType dtype, Shape logits, AttentionMask mask) {
        switch (mask) {
            case AttentionMask.None _ -> { }
            case AttentionMask.Causal _ -> {
                if (logits.dim(2) != logits.dim(3)) {
                    throw new IllegalArgumentException("attention: expected as many keys as queries for a causal mask, found "
                            + logits.dim(3) + " keys and " + logits.dim(2) + " queries");
                }
            }
            case AttentionMask.Keep keep -> check("mask", dtype, logits, keep.mask());
            case AttentionMask.Segments ids -> {
                check("queries", ids.queries, logits.dim(0), logits.dim(2));
                check("keys", ids.keys, logits.dim(0), logits.dim(3));
            }
            case AttentionMask.Both both -> {
                check(dtype, logits, both.first());
                check(dtype, logits, both.second());
            }
        }
    }

    private static void check(String what, DType dtype, Shape logits, NdArray x) {
        x.check("attention " + what);
        if (x.dtype() != dtype || x.shape().rank() > 4
                || !Shape.broadcast("attention " + what, x.shape(), logits).equals(logits)) {
            throw new IllegalArgumentException("attention: expected a " + what + " of " + dtype
                    + " that broadcasts to [batch, heads, n, m] = " + logits + ", found " + x.dtype() + " " + x.shape());
        }
    }

    private static void check(String side, int[][] ids, long batch, long n) {
        if (ids.length != batch || batch > 0 && ids[0].length != n) {
            throw new IllegalArgumentException("attention: expected segment ids of " + batch + " sequences of " + n + " " + side
                    + ", found " + ids.length + " of " + (ids.length == 0 ? 0 : ids[0].length));
        }
    }

    private void add(AttentionMask mask) {
        switch (mask) {
            case AttentionMask.None _ -> { }
            case AttentionMask.Causal _ -> ahead = 0;
            case AttentionMask.Keep k -> keep.add(rows(k.mask()));
            case AttentionMask.Segments ids -> {
                NdArray queries = array(ids.queries, logits.dim(2));
                NdArray keys = ids.keys == ids.queries ? queries : array(ids.keys, logits.dim(3));
                segments.add(new NdArray[] {queries, keys});
            }
            case AttentionMask.Both both -> {
                add(both.first());
                add(both.second());
            }
        }
    }

    private NdArray array(int[][] ids, long n) {
        NdArray out = NdArray.result("attention", dtype, Shape.of(logits.dim(0), n));
        out.copyFrom(Arrays.stream(ids).flatMapToInt(Arrays::stream).asDoubleStream().toArray());
        own.add(out);
        return out;
    }

    /** A view of the shape of the logits whose rows are contiguous or one repeated element. */
    private NdArray rows(NdArray x) {
        NdArray view = x.broadcastTo(logits);
        if (view.stride(3) == 0 || view.stride(3) == 1) {
            return view;
        }
        NdArray copy = x.copy();
        own.add(copy);
        return copy.broadcastTo(logits);
    }

    /** The terms of a head. */
    LogitTerms of(int b, int h) {
        if (bias == null && keep.isEmpty() && segments.isEmpty() && ahead == LogitTerms.ALL) {
            return LogitTerms.NONE;
        }
        return new LogitTerms(bias == null ? null : plane(bias, b, h), keep.stream().map(x -> plane(x, b, h)).toList(),
                segments.stream().map(ids -> new LogitTerms.Segments(ids[0].segment(), row(ids[0], b), ids[1].segment(),
                        row(ids[1], b))).toList(), ahead);
    }

    /** The [n, m] of a head, in an array of four axes. */
    static LogitTerms.Plane plane(NdArray x, long b, long h) {
        MemorySegment segment = x.segment();
        return new LogitTerms.Plane(segment, x.offset() + (b * x.stride(0) + h * x.stride(1)) * x.dtype().bytes(), x.stride(2),
                Math.toIntExact(x.stride(3)));
    }

    private static long row(NdArray ids, int b) {
        return ids.offset() + b * ids.stride(0) * ids.dtype().bytes();
    }

    /** All arrays that the kernels read. */
    List<NdArray> arrays() {
        List<NdArray> out = new ArrayList<>(keep);
        segments.forEach(ids -> out.addAll(Arrays.asList(ids)));
        if (bias != null) {
            out.add(bias);
        }
        return out;
    }

    /** Returns what was laid out anew. */
    void free() {
        own.forEach(NdArray::free);
    }
}
