package tessella.engine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import tessella.kernels.DoubleAttention;
import tessella.kernels.FloatAttention;
import tessella.kernels.LogitTerms;

/**
 * Softmax attention of many heads: S = scale q k^T + bias, P = softmax(S) over the keys that the mask shows, o = P v. The
 * [n, m] weights P of a head live in scratch only, a block of queries at a time, unless they are asked for.
 */
public final class Heads {
    private Heads() {}

    /** o [batch, n, heads, d], and for the gradient the maximum of each row of S and the sum of e^(S - maximum) [batch, heads, 2, n]. */
    public record Attention(NdArray o, NdArray normalisers) {}

    /** What {@link Attention} holds, and the weights [batch, heads, n, m]. */
    public record Weighted(Attention attention, NdArray weights) {}

    /** Cotangents of q, k and v, and of the bias, or null if it was not asked for. */
    public record Gradient(NdArray dq, NdArray dk, NdArray dv, NdArray dBias) {}

    /**
     * o = softmax(scale q k^T) v for each head: q [batch, n, heads, d], k and v [batch, m, heads, d].
     *
     * @throws IllegalArgumentException if the shapes do not agree
     */
    public static Attention forward(NdArray q, NdArray k, NdArray v, double scale) {
        return forward(q, k, v, scale, AttentionMask.none(), null);
    }

    /**
     * o = softmax(scale q k^T + bias) v over the keys that the mask shows; the bias broadcasts to [batch, heads, n, m], or is
     * null. A query without a key has o = 0, the maximum minus infinity and the sum 0.
     *
     * @throws IllegalArgumentException if the shapes do not agree, or mask or bias do not fit them
     */
    public static Attention forward(NdArray q, NdArray k, NdArray v, double scale, AttentionMask mask, NdArray bias) {
        return run(q, k, v, scale, HeadTerms.of(q.dtype(), check(q, k, v), mask, bias), null);
    }

    /** {@link #forward(NdArray, NdArray, NdArray, double, AttentionMask, NdArray)}, of the same bits, and the weights P. */
    public static Weighted forwardWithWeights(NdArray q, NdArray k, NdArray v, double scale, AttentionMask mask, NdArray bias) {
        Shape logits = check(q, k, v);
        HeadTerms terms = HeadTerms.of(q.dtype(), logits, mask, bias);
        NdArray weights = NdArray.result("attention", q.dtype(), logits);
        return new Weighted(run(q, k, v, scale, terms, weights), weights);
    }

    private static Attention run(NdArray q, NdArray k, NdArray v, double scale, HeadTerms terms, NdArray weights) {
        NdArray queries = packed(q);
        NdArray keys = packed(k);
        NdArray values = packed(v);
        int batch = Math.toIntExact(q.shape().dim(0));
        int n = Math.toIntExact(q.shape().dim(1));
        int m = Math.toIntExact(k.shape().dim(1));
        int heads = Math.toIntExact(q.shape().dim(2));
        int d = Math.toIntExact(q.shape().dim(3));
        NdArray o = NdArray.result("attention", q.dtype(), q.shape());
        NdArray normalisers = NdArray.result("attention", q.dtype(), Shape.of(batch, heads, 2, n));
        long bytes = q.dtype().bytes();
        Region.run("attention", batch * heads, 4L * batch * heads * n * m * d, (task, scratch) -> {
            int b = task / heads;
            int h = task % heads;
            LogitTerms head = terms.of(b, h);
            long no = normalisers.offset() + 2L * task * n * bytes;
            long wo = weights == null ? 0 : weights.offset() + (long) task * n * m * bytes;
            switch (q.dtype()) {
                case F32 -> {
                    scratch.reserve(FloatAttention.forwardScratch(m, d) * bytes, "attention");
                    FloatAttention.forward(queries.segment(), at(queries, b, h), queries.stride(1), keys.segment(),
                            at(keys, b, h), keys.stride(1), values.segment(), at(values, b, h), values.stride(1), o.segment(),
                            at(o, b, h), o.stride(1), normalisers.segment(), no, weights == null ? null : weights.segment(), wo, n, m,
                            d, (float) scale, head, scratch.segment(), scratch.offset(), scratch.floatA(), scratch.floatC());
                }
                case F64 -> {
                    scratch.reserve(DoubleAttention.forwardScratch(m, d) * bytes, "attention");
                    DoubleAttention.forward(queries.segment(), at(queries, b, h), queries.stride(1), keys.segment(),
                            at(keys, b, h), keys.stride(1), values.segment(), at(values, b, h), values.stride(1), o.segment(),
                            at(o, b, h), o.stride(1), normalisers.segment(), no, weights == null ? null : weights.segment(), wo, n, m,
                            d, scale, head, scratch.segment(), scratch.offset(), scratch.doubleA(), scratch.doubleC());
                }
            }
        }, operands(terms, queries, keys, values, o, normalisers, weights));
        queries.freeUnless(q);
        keys.freeUnless(k);
        values.freeUnless(v);
        terms.free();
        return new Attention(o, normalisers);
    }

    /** {@link #gradient(NdArray, NdArray, NdArray, Attention, NdArray, double, AttentionMask, NdArray)} without mask or bias. */
    public static Gradient gradient(NdArray q, NdArray k, NdArray v, Attention saved, NdArray dO, double scale) {
        return gradient(q, k, v, saved, dO, scale, AttentionMask.none(), null);
    }

    /** dv = P^T do, dS = P (dP - rowsum(P dP)), dP = do v^T, dq = scale dS k, dk = scale dS^T q, P from the saved normalisers. */
    public static Gradient gradient(NdArray q, NdArray k, NdArray v, Attention saved, NdArray dO, double scale,
            AttentionMask mask, NdArray bias) {
        Shape logits = check(q, k, v);
        HeadTerms terms = HeadTerms.of(q.dtype(), logits, mask, bias);
        return run(q, k, v, saved, dO, scale, terms, BiasSum.none(logits), null);
    }

    /**
     * {@link #gradient(NdArray, NdArray, NdArray, Attention, NdArray, double, AttentionMask, NdArray)}, and dBias = dS summed
     * over the axes that the bias repeats, in an order that the shapes alone decide.
     */
    public static Gradient gradientWithBias(NdArray q, NdArray k, NdArray v, Attention saved, NdArray dO, double scale,
            AttentionMask mask, NdArray bias) {
        Shape logits = check(q, k, v);
        HeadTerms terms = HeadTerms.of(q.dtype(), logits, mask, bias);
        BiasSum order = BiasSum.of(logits, bias.shape());
        NdArray sums = order.start(q.dtype());
        Gradient gradient = run(q, k, v, saved, dO, scale, terms, order, sums);
        return new Gradient(gradient.dq, gradient.dk, gradient.dv, order.finish(sums, bias.shape()));
    }

    private static Gradient run(NdArray q, NdArray k, NdArray v, Attention saved, NdArray dO, double scale, HeadTerms terms,
            BiasSum order, NdArray sums) {
        NdArray queries = packed(q);
        NdArray keys = packed(k);
        NdArray values = packed(v);
        NdArray cotangent = packed(dO);
        int batch = Math.toIntExact(q.shape().dim(0));
        int n = Math.toIntExact(q.shape().dim(1));
        int m = Math.toIntExact(k.shape().dim(1));
        int heads = Math.toIntExact(q.shape().dim(2));
        int d = Math.toIntExact(q.shape().dim(3));
        NdArray normalisers = saved.normalisers();
        NdArray dq = NdArray.result("attention gradient", q.dtype(), q.shape());
        NdArray dk = NdArray.result("attention gradient", q.dtype(), k.shape());
        NdArray dv = NdArray.result("attention gradient", q.dtype(), v.shape());
        long bytes = q.dtype().bytes();
        Region.run("attention gradient", order.tasks(), 10L * batch * heads * n * m * d, (task, scratch) -> order.each(task, (b, h) -> {
            LogitTerms head = terms.of(b, h);
            LogitTerms.Plane dBias = sums == null ? null : order.plane(sums, task);
            long no = normalisers.offset() + 2L * (b * heads + h) * n * bytes;
            switch (q.dtype()) {
                case F32 -> {
                    scratch.reserve(FloatAttention.backwardScratch(m, d) * bytes, "attention gradient");
                    FloatAttention.backward(queries.segment(), at(queries, b, h), queries.stride(1), keys.segment(),
                            at(keys, b, h), keys.stride(1), values.segment(), at(values, b, h), values.stride(1),
                            cotangent.segment(), at(cotangent, b, h), cotangent.stride(1), normalisers.segment(), no, dq.segment(),
                            at(dq, b, h), dq.stride(1), dk.segment(), at(dk, b, h), dk.stride(1), dv.segment(), at(dv, b, h),
                            dv.stride(1), dBias, n, m, d, (float) scale, head, scratch.segment(), scratch.offset(),
                            scratch.floatA(), scratch.floatC());
                }
                case F64 -> {
                    scratch.reserve(DoubleAttention.backwardScratch(m, d) * bytes, "attention gradient");
                    DoubleAttention.backward(queries.segment(), at(queries, b, h), queries.stride(1), keys.segment(),
                            at(keys, b, h), keys.stride(1), values.segment(), at(values, b, h), values.stride(1),
                            cotangent.segment(), at(cotangent, b, h), cotangent.stride(1), normalisers.segment(), no, dq.segment(),
                            at(dq, b, h), dq.stride(1), dk.segment(), at(dk, b, h), dk.stride(1), dv.segment(), at(dv, b, h),
                            dv.stride(1), dBias, n, m, d, scale, head, scratch.segment(), scratch.offset(),
                            scratch.doubleA(), scratch.doubleC());
                }
            }
        }), operands(terms, queries, keys, values, cotangent, normalisers, dq, dk, dv, sums));
        queries.freeUnless(q);
        keys.freeUnless(k);
        values.freeUnless(v);
        cotangent.freeUnless(dO);
        terms.free();
        return new Gradient(dq, dk, dv, null);
    }

    private static NdArray[] operands(HeadTerms terms, NdArray... arrays) {
        List<NdArray> out = new ArrayList<>(Arrays.asList(arrays));
        out.addAll(terms.arrays());
        return out.toArray(NdArray[]::new);
    }

    private static long at(NdArray x, int b, int h) {
        return x.offset() + (b * x.stride(0) + h * x.stride(2)) * x.dtype().bytes();
    }

    /** The array itself if the elements of a head lie side by side, else a copy. */
    private static NdArray packed(NdArray x) {
        return x.stride(3) == 1 || x.shape().dim(3) == 1 ? x : x.copy();
    }

    /** The shape of the logits, [batch, heads, n, m]. */
    private static Shape check(NdArray q, NdArray k, NdArray v) {
        Pointwise.checkTypes("attention", q, k);
        Pointwise.checkTypes("attention", q, v);
        Shape a = q.shape();
        Shape b = k.shape();
        if (a.rank() != 4 || b.rank() != 4 || !b.equals(v.shape()) || !a.with(1, b.dim(1)).equals(b) || b.dim(1) == 0) {
            throw new IllegalArgumentException("attention: expected q [batch, n, heads, d] and k, v [batch, m, heads, d] with "
                    + "m at least 1, found " + a + ", " + b + " and " + v.shape());
        }
        return Shape.of(a.dim(0), a.dim(2), a.dim(1), b.dim(1));
    }
}
