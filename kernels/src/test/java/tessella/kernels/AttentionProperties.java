package tessella.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
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

    private record Head(int nq, int nk, int d, double scale, Buffer q, Buffer k, Buffer v, Buffer dO, int gap) {
        int stride() {
            return d + gap;
        }

        double at(Buffer x, int i, int c) {
            return x.get((long) i * stride() + c);
        }

        /** Probabilities [nq, nk], and the log of each row's normaliser. */
        double[][] weights(double[] lse) {
            double[][] p = new double[nq][nk];
            for (int i = 0; i < nq; i++) {
                double top = Double.NEGATIVE_INFINITY;
                for (int j = 0; j < nk; j++) {
                    double dot = 0;
                    for (int c = 0; c < d; c++) {
                        dot += at(q, i, c) * at(k, j, c);
                    }
                    p[i][j] = scale * dot;
                    top = Math.max(top, p[i][j]);
                }
                double sum = 0;
                for (int j = 0; j < nk; j++) {
                    sum += Math.exp(p[i][j] - top);
                }
                lse[i] = top + Math.log(sum);
                for (int j = 0; j < nk; j++) {
                    p[i][j] = Math.exp(p[i][j] - lse[i]);
                }
            }
            return p;
        }
    }

    private static Head head(Type type, int nq, int nk, int d, long seed) {
        int gap = (int) (seed & 3);
        return new Head(nq, nk, d, type.rounded(1 / Math.sqrt(d)), rows(type, seed, nq, d, gap),
                rows(type, seed + 1, nk, d, gap), rows(type, seed + 2, nk, d, gap), rows(type, seed + 3, nq, d, gap),
                gap);
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
        Head h = head(type, nq, nk, d, seed);
        int s = h.stride();
        Buffer o = empty(type, nq, h);
        Buffer lse = Buffer.of(type, nq);
        int size = (int) Math.max((Long) type.call("Attention", "forwardScratch", nk, d),
                (Long) type.call("Attention", "backwardScratch", nk, d));
        Buffer scratch = Buffer.of(type, size);
        type.call("Attention", "forward", h.q, s, h.k, s, h.v, s, o, s, lse, nq, nk, d, h.scale, scratch, type.heapA(),
                type.heapC());

        double[] normalisers = new double[nq];
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
        o.requireNear("o", expected, all(o.length, allowed));
        lse.requireNear("normalisers", normalisers, all(nq, allowed));

        Buffer foundQ = empty(type, nq, h);
        Buffer foundK = empty(type, nk, h);
        Buffer foundV = empty(type, nk, h);
        type.call("Attention", "backward", h.q, s, h.k, s, h.v, s, h.dO, s, lse, foundQ, s, foundK, s, foundV, s, nq,
                nk, d,
                h.scale, scratch, type.heapA(), type.heapC());
        foundQ.requireNear("dq", dq, all(foundQ.length, 20 * allowed));
        foundK.requireNear("dk", dk, all(foundK.length, 20 * allowed));
        foundV.requireNear("dv", dv, all(foundV.length, 20 * allowed));
        scratch.requireGuards();
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
            Buffer lse = Buffer.of(type, 1);
            Buffer scratch = Buffer.of(type, (int) (long) (Long) type.call("Attention", "backwardScratch", 3, d)
                    + (int) (long) (Long) type.call("Attention", "forwardScratch", 3, d));
            type.call("Attention", "forward", q, d, k, d, v, d, o, d, lse, 1, 3, d, 1, scratch, type.heapA(),
                    type.heapC());
            for (int c = 0; c < d; c++) {
                assertEquals(v.get(d + c), o.get(c));
            }
            Buffer dq = Buffer.of(type, d);
            Buffer dk = Buffer.of(type, 3 * d);
            Buffer dv = Buffer.of(type, 3 * d);
            type.call("Attention", "backward", q, d, k, d, v, d, Buffer.gaussians(type, 3, d), d, lse, dq, d, dk, d, dv,
                    d, 1, 3,
                    d, 1, scratch, type.heapA(), type.heapC());
            dq.requireNear("dq", new double[d], new double[d]);
            dk.requireNear("dk", new double[3 * d], new double[3 * d]);
        }
    }
}
