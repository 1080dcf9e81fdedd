package tessella.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.SplittableRandom;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Attention of one head and its gradient, against the N x N formulas in float64. */
class AttentionProperties {
    /** Below, at and above the block of 56 queries, odd and even. */
    @Provide
    Arbitrary<Integer> extents() {
        return Arbitraries.frequencyOf(net.jqwik.api.Tuple.of(3, Arbitraries.integers().between(1, 20)),
                net.jqwik.api.Tuple.of(2, Arbitraries.of(31, 55, 56, 57, 61, 112, 113, 130)));
    }

    @Provide
    Arbitrary<Integer> widths() {
        return Arbitraries.of(1, 2, 5, 8, 16, 17, 33);
    }

    /** What is added and hidden: as kernels read it, and element by element. */
    private record Terms(LogitTerms kernel, double[][] bias, boolean[][] hidden, Buffer dBias, LogitTerms.Plane sum) {
        static Terms none(Type type, int nq, int nk) {
            return new Terms(LogitTerms.NONE, new double[nq][nk], new boolean[nq][nk], Buffer.none(type), null);
        }
    }

    private record Head(int nq, int nk, int d, double scale, Buffer q, Buffer k, Buffer v, Buffer dO, int gap, Terms terms) {
        int stride() {
            return d + gap;
        }

        double at(Buffer x, int i, int c) {
            return x.get((long) i * stride() + c);
        }

        /** Probabilities [nq, nk], and normalisers [2, nq]: the maximum of each row of logits, and the sum of e^(S - maximum). */
        double[][] weights(double[] normalisers) {
            double[][] p = new double[nq][nk];
            for (int i = 0; i < nq; i++) {
                double top = Double.NEGATIVE_INFINITY;
                for (int j = 0; j < nk; j++) {
                    double dot = 0;
                    for (int c = 0; c < d; c++) {
                        dot += at(q, i, c) * at(k, j, c);
                    }
                    p[i][j] = scale * dot + terms.bias[i][j];
                    top = terms.hidden[i][j] ? top : Math.max(top, p[i][j]);
                }
                double sum = 0;
                for (int j = 0; j < nk; j++) {
                    sum += terms.hidden[i][j] ? 0 : Math.exp(p[i][j] - top);
                }
                normalisers[i] = top;
                normalisers[nq + i] = sum;
                for (int j = 0; j < nk; j++) {
                    p[i][j] = terms.hidden[i][j] ? 0 : Math.exp(p[i][j] - top) / sum;
                }
            }
            return p;
        }
    }

    /** Terms of every kind, each with probability 1/2: full, of one repeated row, or of one repeated column. */
    private static Terms terms(Type type, int nq, int nk, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Terms out = Terms.none(type, nq, nk);
        LogitTerms.Plane bias = null;
        LogitTerms.Plane sum = null;
        Buffer dBias = Buffer.none(type);
        if (random.nextBoolean()) {
            int[] shape = shape(random, nq, nk);
            Buffer x = Buffer.gaussians(type, random.nextLong(), shape[0] * shape[1]);
            bias = plane(x, shape);
            each(nq, nk, (i, j) -> out.bias[i][j] = x.get((long) (i % shape[0]) * shape[1] + j % shape[1]));
            dBias = Buffer.random(type, 1, shape[0] * shape[1], _ -> 0.5);
            sum = plane(dBias, shape);
        }
        List<LogitTerms.Plane> keep = new ArrayList<>();
        for (int masks = random.nextInt(3); masks > 0; masks--) {
            int[] shape = shape(random, nq, nk);
            Buffer x = Buffer.random(type, random.nextLong(), shape[0] * shape[1], v -> v < -0.5 ? 0 : v);
            keep.add(plane(x, shape));
            each(nq, nk, (i, j) -> out.hidden[i][j] |= x.get((long) (i % shape[0]) * shape[1] + j % shape[1]) == 0);
        }
        List<LogitTerms.Segments> segments = new ArrayList<>();
        if (random.nextBoolean()) {
            Buffer queries = ids(type, nq, random);
            Buffer keys = nq == nk ? queries : ids(type, nk, random);
            segments.add(new LogitTerms.Segments(queries.segment, queries.offset, keys.segment, keys.offset));
            each(nq, nk, (i, j) -> out.hidden[i][j] |= queries.get(i) == 0 || queries.get(i) != keys.get(j));
        }
        int ahead = random.nextBoolean() ? LogitTerms.ALL : 0;
        each(nq, nk, (i, j) -> out.hidden[i][j] |= ahead == 0 && j > i);
        return new Terms(new LogitTerms(bias, keep, segments, ahead), out.bias, out.hidden, dBias, sum);
    }

    private static int[] shape(SplittableRandom random, int nq, int nk) {
        int which = random.nextInt(4);
        return new int[] {which == 1 ? 1 : nq, which == 2 ? 1 : nk};
    }

    private static LogitTerms.Plane plane(Buffer x, int[] shape) {
        return new LogitTerms.Plane(x.segment, x.offset, shape[0] == 1 ? 0 : shape[1], shape[1] == 1 ? 0 : 1);
    }

    /** Runs of equal ids as packed sequences have them, now and then out of order, and padding. */
    private static Buffer ids(Type type, int n, SplittableRandom random) {
        Buffer out = Buffer.of(type, n);
        int id = random.nextInt(3);
        for (int i = 0; i < n; i++) {
            id = random.nextInt(12) == 0 ? random.nextInt(6) : id;
            out.set(i, id);
        }
        return out;
    }

    private interface Pair {
        void at(int i, int j);
    }

    private static void each(int nq, int nk, Pair body) {
        for (int i = 0; i < nq; i++) {
            for (int j = 0; j < nk; j++) {
                body.at(i, j);
            }
        }
    }

    private static Head head(Type type, int nq, int nk, int d, long seed, Terms terms) {
        int gap = (int) (seed & 3);
        return new Head(nq, nk, d, type.rounded(1 / Math.sqrt(d)), rows(type, seed, nq, d, gap),
                rows(type, seed + 1, nk, d, gap), rows(type, seed + 2, nk, d, gap), rows(type, seed + 3, nq, d, gap),
                gap, terms);
    }

    /** [rows, d] with gaps of NaN between the rows. */
    private static Buffer rows(Type type, long seed, int rows, int d, int gap) {
        Buffer x = Buffer.gaussians(type, seed, (rows - 1) * (d + gap) + d);
        for (int i = 0; i < x.length; i++) {
            x.set(i, i % (d + gap) >= d ? Double.NaN : x.get(i));
        }
        return x;
    }

    private static Buffer empty(Type type, int rows, Head head) {
        return Buffer.of(type, (rows - 1) * head.stride() + head.d);
    }

    private static double[] nans(int n) {
        double[] out = new double[n];
        Arrays.fill(out, Double.NaN);
        return out;
    }

    private static double[] all(int n, double x) {
        double[] out = new double[n];
        Arrays.fill(out, x);
        return out;
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void attentionAndItsGradientEqualTheFormulas(@ForAll Type type, @ForAll("extents") int nq,
            @ForAll("extents") int nk,
            @ForAll("widths") int d, @ForAll long seed) {
        requireFormulas(type, head(type, nq, nk, d, seed, Terms.none(type, nq, nk)));
    }

    @Property(tries = 600, edgeCases = EdgeCasesMode.NONE)
    void maskedAndBiasedAttentionAndItsGradientEqualTheFormulas(@ForAll Type type, @ForAll("extents") int nq,
            @ForAll("extents") int nk, @ForAll("widths") int d, @ForAll long seed) {
        requireFormulas(type, head(type, nq, nk, d, seed, terms(type, nq, nk, ~seed)));
    }

    /** Blocks of queries that see the second sequence only begin in the middle of the keys. */
    @Property
    void theBiasOfPackedSequencesIsThatOfTheKeysThatAreSeen(@ForAll Type type) {
        int n = 130;
        Terms none = Terms.none(type, n, n);
        int[] shape = {n, n};
        Buffer bias = Buffer.gaussians(type, 7, n * n);
        Buffer ids = Buffer.of(type, n);
        for (int i = 0; i < n; i++) {
            ids.set(i, i < 60 ? 1 : 2);
        }
        each(n, n, (i, j) -> {
            none.bias[i][j] = bias.get((long) i * n + j);
            none.hidden[i][j] = i < 60 != j < 60;
        });
        Buffer dBias = Buffer.random(type, 1, n * n, _ -> 0.5);
        LogitTerms kernel = new LogitTerms(plane(bias, shape), List.of(),
                List.of(new LogitTerms.Segments(ids.segment, ids.offset, ids.segment, ids.offset)), LogitTerms.ALL);
        requireFormulas(type, head(type, n, n, 8, 1, new Terms(kernel, none.bias, none.hidden, dBias, plane(dBias, shape))));
    }

    private static void requireFormulas(Type type, Head h) {
        int nq = h.nq;
        int nk = h.nk;
        int d = h.d;
        Terms terms = h.terms;
        int s = h.stride();
        Buffer o = empty(type, nq, h);
        Buffer found = Buffer.of(type, 2 * nq);
        int size = (int) Math.max((Long) type.call("Attention", "forwardScratch", nk, d),
                (Long) type.call("Attention", "backwardScratch", nk, d));
        Buffer scratch = Buffer.of(type, size);
        Buffer weights = Buffer.of(type, nq * nk);
        type.call("Attention", "forward", h.q, s, h.k, s, h.v, s, o, s, found, weights, nq, nk, d, h.scale, terms.kernel, scratch,
                type.heapA(), type.heapC());

        double[] normalisers = new double[2 * nq];
        double[][] p = h.weights(normalisers);
        double[] expected = nans(o.length);
        double[] dq = nans(o.length);
        double[] dk = nans((nk - 1) * s + d);
        double[] dv = nans((nk - 1) * s + d);
        double[][] ds = new double[nq][nk];
        for (int i = 0; i < nq; i++) {
            double dot = 0;
            for (int j = 0; j < nk; j++) {
                for (int c = 0; c < d; c++) {
                    ds[i][j] += h.at(h.dO, i, c) * h.at(h.v, j, c);
                }
                dot += p[i][j] * ds[i][j];
            }
            for (int j = 0; j < nk; j++) {
                ds[i][j] = p[i][j] * (ds[i][j] - dot);
            }
        }
        for (int c = 0; c < d; c++) {
            for (int i = 0; i < nq; i++) {
                expected[i * s + c] = 0;
                dq[i * s + c] = 0;
                for (int j = 0; j < nk; j++) {
                    expected[i * s + c] += p[i][j] * h.at(h.v, j, c);
                    dq[i * s + c] += h.scale * ds[i][j] * h.at(h.k, j, c);
                }
            }
            for (int j = 0; j < nk; j++) {
                dk[j * s + c] = 0;
                dv[j * s + c] = 0;
                for (int i = 0; i < nq; i++) {
                    dk[j * s + c] += h.scale * ds[i][j] * h.at(h.q, i, c);
                    dv[j * s + c] += p[i][j] * h.at(h.dO, i, c);
                }
            }
        }
        // logits up to some 20, the exponent's error is theirs times the unit; sums of up to 130 terms
        double allowed = type.unit * 400 * (1 + Math.sqrt(d));
        weights.requireNear("weights", Arrays.stream(p).flatMapToDouble(Arrays::stream).toArray(), all(nq * nk, allowed));
        Buffer without = empty(type, nq, h);
        type.call("Attention", "forward", h.q, s, h.k, s, h.v, s, without, s, found, Buffer.none(type), nq, nk, d, h.scale,
                terms.kernel, scratch, type.heapA(), type.heapC());
        o.requireSameBits("o without weights", without);
        o.requireNear("o", expected, all(o.length, allowed));
        found.requireNear("normalisers", normalisers, IntStream.range(0, 2 * nq)
                .mapToDouble(i -> allowed * (1 + (i < nq ? 0 : normalisers[i]))).toArray());

        Buffer foundQ = empty(type, nq, h);
        Buffer foundK = empty(type, nk, h);
        Buffer foundV = empty(type, nk, h);
        type.call("Attention", "backward", h.q, s, h.k, s, h.v, s, h.dO, s, found, foundQ, s, foundK, s, foundV, s,
                terms.sum, nq, nk, d, h.scale, terms.kernel, scratch, type.heapA(), type.heapC());
        foundQ.requireNear("dq", dq, all(foundQ.length, 20 * allowed));
        foundK.requireNear("dk", dk, all(foundK.length, 20 * allowed));
        foundV.requireNear("dv", dv, all(foundV.length, 20 * allowed));
        if (terms.sum != null) {
            double[] dBias = all(terms.dBias.length, 0.5);
            each(nq, nk, (i, j) -> dBias[(int) (i * terms.sum.rowStride() + j * terms.sum.columnStride())] += ds[i][j]);
            terms.dBias.requireNear("dBias", dBias, all(dBias.length, 20 * allowed));
        }
        scratch.requireGuards();
    }

    private static LogitTerms inside(LogitTerms.Segments segments) {
        return new LogitTerms(null, List.of(), List.of(segments), LogitTerms.ALL);
    }

    /** Keys above the diagonal of a block, of other segments, or of padding are not read at all: NaN may stand there. */
    @Example
    void keysOutOfTheRangeOfABlockCostNoWork() {
        int n = 256;
        int d = 8;
        for (Type type : Type.values()) {
            Head h = head(type, n, n, d, 4, Terms.none(type, n, n));
            Buffer ids = Buffer.of(type, n);
            for (int i = 0; i < n; i++) {
                ids.set(i, i < 128 ? 1 : 2);
            }
            Buffer someQueries = Buffer.random(type, 1, n, x -> x > 1 ? 0 : 1);
            Buffer paddedKeys = Buffer.of(type, n);
            for (int i = 0; i < n; i++) {
                paddedKeys.set(i, i < 128 ? 1 : 0);
            }
            for (LogitTerms terms : List.of(new LogitTerms(null, List.of(), List.of(), 0),
                    inside(new LogitTerms.Segments(ids.segment, ids.offset, ids.segment, ids.offset)),
                    inside(new LogitTerms.Segments(someQueries.segment, someQueries.offset, paddedKeys.segment,
                            paddedKeys.offset)))) {
                Buffer v = h.v.copy();
                for (int i = 128 * d; i < v.length; i++) {
                    v.set(i, Double.NaN);
                }
                Buffer k = h.k.copy();
                for (int i = 128 * d; i < k.length; i++) {
                    k.set(i, Double.NaN);
                }
                Buffer o = Buffer.of(type, 112 * d);
                Buffer normalisers = Buffer.of(type, 2 * 112);
                Buffer scratch = Buffer.of(type, (int) (long) (Long) type.call("Attention", "backwardScratch", n, d));
                type.call("Attention", "forward", h.q, d, k, d, v, d, o, d, normalisers, Buffer.none(type), 112, n, d, h.scale,
                        terms, scratch, type.heapA(), type.heapC());
                Buffer[] dx = {Buffer.of(type, 112 * d), Buffer.of(type, n * d), Buffer.of(type, n * d)};
                type.call("Attention", "backward", h.q, d, k, d, v, d, h.dO, d, normalisers, dx[0], d, dx[1], d, dx[2], d, null,
                        112, n, d, h.scale, terms, scratch, type.heapA(), type.heapC());
                for (Buffer result : List.of(o, normalisers, dx[0], dx[1], dx[2])) {
                    for (double x : result.values()) {
                        assertFalse(Double.isNaN(x), "NaN of a key that no query of the block may see");
                    }
                }
            }
        }
    }

    @Example
    void aSaturatedRowTakesTheValueOfItsKeyAndHasNoLogitGradient() {
        for (Type type : Type.values()) {
            int d = 4;
            Buffer q = Buffer.random(type, 1, d, x -> 1000);
            Buffer k = Buffer.of(type, 3 * d);
            for (int i = 0; i < 3 * d; i++) {
                k.set(i, i / d == 1 ? 10 : -10);
            }
            Buffer v = Buffer.gaussians(type, 2, 3 * d);
            Buffer o = Buffer.of(type, d);
            Buffer normalisers = Buffer.of(type, 2);
            Buffer scratch = Buffer.of(type, (int) (long) (Long) type.call("Attention", "backwardScratch", 3, d)
                    + (int) (long) (Long) type.call("Attention", "forwardScratch", 3, d));
            type.call("Attention", "forward", q, d, k, d, v, d, o, d, normalisers, Buffer.none(type), 1, 3, d, 1,
                    LogitTerms.NONE, scratch, type.heapA(), type.heapC());
            for (int c = 0; c < d; c++) {
                assertEquals(v.get(d + c), o.get(c));
            }
            Buffer dq = Buffer.of(type, d);
            Buffer dk = Buffer.of(type, 3 * d);
            Buffer dv = Buffer.of(type, 3 * d);
            type.call("Attention", "backward", q, d, k, d, v, d, Buffer.gaussians(type, 3, d), d, normalisers, dq, d, dk,
                    d, dv, d, null, 1, 3, d, 1, LogitTerms.NONE, scratch, type.heapA(), type.heapC());
            dq.requireNear("dq", new double[d], new double[d]);
            dk.requireNear("dk", new double[3 * d], new double[3 * d]);
        }
    }
}
