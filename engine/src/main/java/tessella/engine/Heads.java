package tessella.engine;

import tessella.kernels.DoubleAttention;
import tessella.kernels.FloatAttention;

/** Softmax attention of many heads; the [n, m] weights of a head live in scratch only, a block of queries at a time. */
public final class Heads {
    private Heads() {}

    /** o [batch, n, heads, d], and the log of the normaliser of each softmax row [batch, heads, n] for the gradient. */
    public record Attention(NdArray o, NdArray logNormalisers) {}

    /** Cotangents of q, k and v. */
    public record Gradient(NdArray dq, NdArray dk, NdArray dv) {}

    /**
     * o = softmax(scale q k^T) v for each head: q [batch, n, heads, d], k and v [batch, m, heads, d].
     *
     * @throws IllegalArgumentException if the shapes do not agree
     */
    public static Attention forward(NdArray q, NdArray k, NdArray v, double scale) {
        check(q, k, v);
        NdArray queries = packed(q);
        NdArray keys = packed(k);
        NdArray values = packed(v);
        int batch = Math.toIntExact(q.shape().dim(0));
        int n = Math.toIntExact(q.shape().dim(1));
        int m = Math.toIntExact(k.shape().dim(1));
        int heads = Math.toIntExact(q.shape().dim(2));
        int d = Math.toIntExact(q.shape().dim(3));
        NdArray o = NdArray.result("attention", q.dtype(), q.shape());
        NdArray lse = NdArray.result("attention", q.dtype(), Shape.of(batch, heads, n));
        long bytes = q.dtype().bytes();
        Region.run("attention", batch * heads, (task, scratch) -> {
            long qo = at(queries, task / heads, task % heads);
            long ko = at(keys, task / heads, task % heads);
            long vo = at(values, task / heads, task % heads);
            long oo = at(o, task / heads, task % heads);
            long lo = lse.offset() + (long) task * n * bytes;
            switch (q.dtype()) {
                case F32 -> {
                    scratch.reserve(FloatAttention.forwardScratch(m, d) * bytes, "attention");
                    FloatAttention.forward(queries.segment(), qo, queries.stride(1), keys.segment(), ko, keys.stride(1),
                            values.segment(), vo, values.stride(1), o.segment(), oo, o.stride(1), lse.segment(), lo, n, m, d,
                            (float) scale, scratch.segment(), scratch.offset(), scratch.floatA(), scratch.floatC());
                }
                case F64 -> {
                    scratch.reserve(DoubleAttention.forwardScratch(m, d) * bytes, "attention");
                    DoubleAttention.forward(queries.segment(), qo, queries.stride(1), keys.segment(), ko, keys.stride(1),
                            values.segment(), vo, values.stride(1), o.segment(), oo, o.stride(1), lse.segment(), lo, n, m, d,
                            scale, scratch.segment(), scratch.offset(), scratch.doubleA(), scratch.doubleC());
                }
            }
        }, queries, keys, values, o, lse);
        queries.freeUnless(q);
        keys.freeUnless(k);
        values.freeUnless(v);
        return new Attention(o, lse);
    }

    /** dv = P^T do, dS = P (dP - rowsum(P dP)), dP = do v^T, dq = scale dS k, dk = scale dS^T q,
            P from the saved normalisers. */
    public static Gradient gradient(NdArray q, NdArray k, NdArray v, Attention saved, NdArray dO, double scale) {
        NdArray queries = packed(q);
        NdArray keys = packed(k);
        NdArray values = packed(v);
        NdArray cotangent = packed(dO);
        int batch = Math.toIntExact(q.shape().dim(0));
        int n = Math.toIntExact(q.shape().dim(1));
        int m = Math.toIntExact(k.shape().dim(1));
        int heads = Math.toIntExact(q.shape().dim(2));
        int d = Math.toIntExact(q.shape().dim(3));
        NdArray lse = saved.logNormalisers();
        NdArray dq = NdArray.result("attention gradient", q.dtype(), q.shape());
        NdArray dk = NdArray.result("attention gradient", q.dtype(), k.shape());
        NdArray dv = NdArray.result("attention gradient", q.dtype(), v.shape());
        long bytes = q.dtype().bytes();
        Region.run("attention gradient", batch * heads, (task, scratch) -> {
            int b = task / heads;
            int h = task % heads;
            long lo = lse.offset() + (long) task * n * bytes;
            switch (q.dtype()) {
                case F32 -> {
                    scratch.reserve(FloatAttention.backwardScratch(m, d) * bytes, "attention gradient");
                    FloatAttention.backward(queries.segment(), at(queries, b, h), queries.stride(1), keys.segment(),
                            at(keys, b, h), keys.stride(1), values.segment(), at(values, b, h), values.stride(1),
                                    cotangent.segment(), at(cotangent, b, h), cotangent.stride(1),
                            lse.segment(), lo, dq.segment(), at(dq, b, h), dq.stride(1), dk.segment(), at(dk, b, h),
                            dk.stride(1), dv.segment(), at(dv, b, h), dv.stride(1), n, m, d, (float) scale,
                            scratch.segment(), scratch.offset(), scratch.floatA(), scratch.floatC());
                }
                case F64 -> {
                    scratch.reserve(DoubleAttention.backwardScratch(m, d) * bytes, "attention gradient");
                    DoubleAttention.backward(queries.segment(), at(queries, b, h), queries.stride(1), keys.segment(),
                            at(keys, b, h), keys.stride(1), values.segment(), at(values, b, h), values.stride(1),
                                    cotangent.segment(), at(cotangent, b, h), cotangent.stride(1),
                            lse.segment(), lo, dq.segment(), at(dq, b, h), dq.stride(1), dk.segment(), at(dk, b, h),
                            dk.stride(1), dv.segment(), at(dv, b, h), dv.stride(1), n, m, d, scale, scratch.segment(),
                            scratch.offset(), scratch.doubleA(), scratch.doubleC());
                }
            }
        }, queries, keys, values, cotangent, lse, dq, dk, dv);
        queries.freeUnless(q);
        keys.freeUnless(k);
        values.freeUnless(v);
        cotangent.freeUnless(dO);
        return new Gradient(dq, dk, dv);
    }

    private static long at(NdArray x, int b, int h) {
        return x.offset() + (b * x.stride(0) + h * x.stride(2)) * x.dtype().bytes();
    }

    /** The array itself if the elements of a head lie side by side, else a copy. */
    private static NdArray packed(NdArray x) {
        return x.stride(3) == 1 || x.shape().dim(3) == 1 ? x : x.copy();
    }

    private static void check(NdArray q, NdArray k, NdArray v) {
        Pointwise.checkTypes("attention", q, k);
        Pointwise.checkTypes("attention", q, v);
        Shape a = q.shape();
        Shape b = k.shape();
        if (a.rank() != 4 || b.rank() != 4 || !b.equals(v.shape()) || !a.with(1, b.dim(1)).equals(b) || b.dim(1) == 0) {
            throw new IllegalArgumentException("attention: expected q [batch, n, heads, d] and k, v [batch, m, heads, d] with "
                    + "m at least 1, found " + a + ", " + b + " and " + v.shape());
        }
    }
}
