package tessella.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The bits of a kernel do not depend on the compiler: what the interpreter computes first, in a virtual machine of its own, is what is computed here after 20,000 runs.
 * C2 compiles all kernels for two minutes at each width.
 */
@Tag("one-width")
class ColdWarmTest {
    private static final int RUNS = 20_000;
    /** Odd: whole vectors and a rest at every width. */
    private static final int N = 37;

    /** A kernel with arguments; its outputs are hashed. */
    private record Case(String family, String name, Object[] arguments, Buffer[] outputs) {
        Object run(Type type) {
            return type.call(family, name, arguments);
        }

        /** Runs the kernel; the hash of what the kernel returns and writes. */
        long hash(Type type) {
            long hash = run(type) instanceof Number x
                    ? Double.doubleToLongBits(x.doubleValue()) : 17;
            for (Buffer output : outputs) {
                for (double x : output.values()) {
                    hash = hash * 0x100000001b3L + Double.doubleToLongBits(x);
                }
            }
            for (Object argument : arguments) {
                if (argument instanceof SparseColumns columns) {
                    hash = hash * 31 + Arrays.hashCode(columns.counts()) + 7 * Arrays.hashCode(columns.rows());
                    for (double[] part : List.of(columns.values(), columns.thresholds(), columns.terms(), columns.costs(),
                            columns.squares(), columns.margins())) {
                        hash = hash * 0x100000001b3L + Arrays.hashCode(part);
                    }
                }
            }
            return hash;
        }
    }

    /**
     * Every public kernel once: none of them reads what it wrote in an earlier run, except where the test resets it.
     */
    private static Map<String, Case> cases(Type type) {
        Map<String, Case> out = new LinkedHashMap<>();
        Buffer a = Buffer.gaussians(type, 1, 3 * N);
        Buffer b = Buffer.gaussians(type, 2, 3 * N);
        Buffer y = Buffer.of(type, 3 * N);
        for (String op : List.of("add", "sub", "mul", "div")) {
            add(out, "Pointwise", op, new Buffer[] {y}, a, b, y, N);
            add(out, "Pointwise", op + "Scalar", new Buffer[] {y}, a, b, y, N);
            add(out, "Pointwise", op + "FromScalar", new Buffer[] {y}, a, b, y, N);
        }
        for (String op : List.of("reciprocal", "abs", "sqrt", "rsqrt", "square", "relu")) {
            add(out, "Pointwise", op, new Buffer[] {y}, a, y, N);
        }
        for (String op : List.of("max", "min", "share", "keep", "drop", "mask", "pow", "powBase", "powExponent", "absGradient",
                "sqrtGradient", "rsqrtGradient", "squareGradient", "reciprocalGradient", "reluGradient")) {
            add(out, "Pointwise", op, new Buffer[] {y}, a, b, y, N);
        }
        for (String op : List.of("exp", "expm1", "log", "log1p", "sin", "cos", "tanh", "erf", "sigmoid", "logSigmoid",
                "softplus", "silu", "gelu", "geluErf")) {
            add(out, "Functions", op, new Buffer[] {y}, a, y, N);
        }
        for (String op : List.of("expm1", "log1p", "tanh", "erf", "sigmoid", "logSigmoid", "softplus", "silu", "gelu",
                "geluErf")) {
            add(out, "Functions", op + "Gradient", new Buffer[] {y}, a, b, y, N);
        }
        add(out, "Pointwise", "clamp", new Buffer[] {y}, a, -0.5, 0.5, y, N);
        add(out, "Pointwise", "clampGradient", new Buffer[] {y}, a, -0.5, 0.5, b, y, N);
        add(out, "Pointwise", "select", new Buffer[] {y}, a, b, a, y, N);
        add(out, "Pointwise", "scale", new Buffer[] {y}, a, 0.3, y, N);
        add(out, "Pointwise", "fill", new Buffer[] {y}, y, 0.3, N);

        add(out, "Reductions", "rowSums", new Buffer[] {y}, a, 0.3, y, 3, N);
        add(out, "Reductions", "columnSums", new Buffer[] {y}, a, 0.3, y, 3, N, 0, N);
        add(out, "Reductions", "sumOfSquares", new Buffer[] {}, a, N);

        Buffer s = Buffer.of(type, 3);
        Buffer r = Buffer.of(type, 3);
        Buffer given = Buffer.gaussians(type, 3, 3);
        add(out, "Reductions", "maxRows", new Buffer[] {s}, a, s, 3, N);
        add(out, "Reductions", "minRows", new Buffer[] {s}, a, s, 3, N);
        add(out, "Reductions", "argmaxRows", new Buffer[] {}, a, new int[3], 0, 3, N);
        add(out, "Reductions", "extremeRowsGradient", new Buffer[] {y}, a, Buffer.of(type, a.get(3), a.get(N), 9), given, y, 3,
                N);
        add(out, "Reductions", "varianceRows", new Buffer[] {s, r}, a, 1, s, r, 3, N);
        add(out, "Reductions", "varianceRowsGradient", new Buffer[] {y}, a, given, 1, given, y, 3, N);
        add(out, "Reductions", "cumulativeRows", new Buffer[] {y}, a, y, 3, N);
        add(out, "Reductions", "cumulativeRowsGradient", new Buffer[] {y}, a, y, 3, N);
        add(out, "Softmax", "logSumExpRows", new Buffer[] {s}, a, s, 3, N);
        add(out, "Softmax", "logSumExpRowsGradient", new Buffer[] {y}, a, given, given, y, 3, N);
        add(out, "Softmax", "logSoftmaxRows", new Buffer[] {y}, a, y, 3, N);
        add(out, "Softmax", "logSoftmaxRowsGradient", new Buffer[] {y}, a, b, y, 3, N);
        add(out, "Norms", "rms", new Buffer[] {y, r}, a, b, y, r, 3, N, 1e-6);
        add(out, "Norms", "rmsGradient", new Buffer[] {y}, a, b, b, given, y, Buffer.none(type), 3, N);
        int[] picks = {2, 0, 2};
        int[] places = new int[N];
        for (int i = 0; i < N; i++) {
            places[i] = i * 2 % 3;
        }
        add(out, "Copies", "gatherRows", new Buffer[] {y}, a, picks, 0, y, 3, N);
        add(out, "Copies", "gatherElements", new Buffer[] {y}, a, places, 0, y, 1, N);
        Buffer added = Buffer.gaussians(type, 21, 3 * N);
        add(out, "Copies", "scatterAddRows", new Buffer[] {added}, a, picks, 0, added, 3, N, 0, N);
        Buffer also = Buffer.gaussians(type, 22, 3 * N);
        add(out, "Copies", "scatterAddElements", new Buffer[] {also}, a, places, 0, also, 1, N);
        add(out, "Norms", "layerNorm", new Buffer[] {y, s, r}, a, b, b, y, s, r, 3, N, 1e-6);
        add(out, "Norms", "l2", new Buffer[] {y, r}, a, y, r, 3, N, 1e-6);
        Buffer three = Buffer.gaussians(type, 3, 3);
        Buffer dg = Buffer.none(type);
        add(out, "Norms", "layerNormGradient", new Buffer[] {y}, a, b, b, three, three, y, dg, dg, 3, N);
        add(out, "Norms", "l2Gradient", new Buffer[] {y}, a, b, three, y, 3, N);

        add(out, "Softmax", "rows", new Buffer[] {y}, a, y, 3, N);
        add(out, "Softmax", "columns", new Buffer[] {y}, a, y, 3, N, 0, N);
        add(out, "Softmax", "rowsGradient", new Buffer[] {y}, a, b, y, 3, N);
        add(out, "Softmax", "columnsGradient", new Buffer[] {y}, a, b, y, 3, N, 0, N);
        Buffer inPlace = a.copy();
        Buffer tops = Buffer.of(type, 3);
        add(out, "Softmax", "exponentials", new Buffer[] {inPlace, s, tops}, inPlace, N, 3, N, tops, s);
        Buffer inPlaceToo = a.copy();
        add(out, "Softmax", "rowsFromNormaliser", new Buffer[] {inPlaceToo}, inPlaceToo, N, 3, N, three);

        int[] labels = {3, 1, 36};
        add(out, "Losses", "crossEntropy", new Buffer[] {y, s}, a, labels, 0, 0.1, y, s, 3, N);
        add(out, "Losses", "crossEntropyGradient", new Buffer[] {y}, a, labels, 0, 0.1, three, y, 3, N);
        add(out, "Losses", "crossEntropySoft", new Buffer[] {y, s}, a, b, y, s, 3, N);
        add(out, "Losses", "crossEntropySoftGradient", new Buffer[] {y}, a, b, three, y, 3, N);
        add(out, "Losses", "sigmoidCrossEntropy", new Buffer[] {s}, a, b, s, 3, N);
        add(out, "Losses", "sigmoidCrossEntropyGradient", new Buffer[] {y}, a, b, three, y, 3, N);

        Buffer m = Buffer.gaussians(type, 4, N);
        Buffer v = Buffer.random(type, 5, N, x -> x * x);
        Buffer p = Buffer.gaussians(type, 6, N);
        add(out, "Optimizers", "adamW", new Buffer[] {p, m, v}, p, a, m, v, N, 1e-3, 0.9, 0.1, 0.999, 0.001, 1.5, 2.5,
                1e-8, 0.1, 1);
        optimizers(type, out);
        add(out, "Copies", "copy", new Buffer[] {y}, a, 1, 3, y, N, 3, N);
        topK(type, out);
        gemm(type, out);
        attention(type, out);
        if (type == Type.DOUBLE) {
            transport(out);
        }
        return out;
    }

    /** Columns of float64 alone: none that binds, one that does, and one whose threshold is narrowed first; in groups, and too short for them. */
    private static void transport(Map<String, Case> out) {
        double[] beta = {0.5, -0.5, 8};
        double[] masses = {1e-3, 1, 1e4};
        for (int m : new int[] {611, 211}) {
            String variant = m == 611 ? "" : ".short";
            double[] alpha = Buffer.gaussians(Type.DOUBLE, 41, m).values();
            Buffer cost = Buffer.gaussians(Type.DOUBLE, 42, 3 * m);
            out.put("Transport.semiDual" + variant, new Case("Transport", "semiDual", new Object[] {cost, alpha, masses, 1, m, N, 0, 3,
                SparseColumns.of(3, N), SparseColumns.Scratch.of(m)}, new Buffer[0]));
            out.put("Transport.dual" + variant, new Case("Transport", "dual", new Object[] {cost, alpha, beta, 1, m, N, 0, 3,
                SparseColumns.of(3, N), SparseColumns.Scratch.of(m)}, new Buffer[0]));
        }
    }

    private static void optimizers(Type type, Map<String, Case> out) {
        Buffer g = Buffer.gaussians(type, 31, 6 * N);
        Buffer p = Buffer.gaussians(type, 32, 6 * N);
        Buffer m = Buffer.gaussians(type, 33, 6 * N);
        Buffer v = Buffer.random(type, 34, 6 * N, x -> 1 + x * x);
        Buffer row = Buffer.random(type, 35, 6 * N, x -> 1 + x * x);
        Buffer mean = Buffer.random(type, 36, 6 * N, x -> 1 + x * x);
        add(out, "Optimizers", "average", new Buffer[] {m}, m, g, N, 0.9, 0.1);
        add(out, "Optimizers", "averageSquares", new Buffer[] {v}, v, g, N, 0.9, 0.1, 1e-3, 2);
        add(out, "Optimizers", "descend", new Buffer[] {p}, p, g, N, 0.1, 0.5, 0.7, 0.1, 0.2, 2);
        add(out, "Optimizers", "momentum", new Buffer[] {p, m}, p, g, m, N, 0.1, 0.9, 0.9, 1, 0.7, 0.1, 0.2, 2);
        add(out, "Optimizers", "lineSquares", new Buffer[] {v}, g, v, 6, N, 0.9, 0.1, 0.7, 1e-3, 2);
        add(out, "Optimizers", "columnSquares", new Buffer[] {v}, g, (long) N * type.bytes, v, 6, N, 0.9, 0.1, 1e-3, 2);
        add(out, "Optimizers", "scaledAverage", new Buffer[] {m}, m, g, v, N, 0.9, 0.1, 0.7, 2);
        add(out, "Optimizers", "scaledMove", new Buffer[] {p}, p, g, v, N, 0.1, 0.5, 0.2, 0.7, 2);
        add(out, "Optimizers", "scaledSquares", new Buffer[0], g, v, N, 0.7, 2);
        // lines of one inner element, then of many
        add(out, "Optimizers", "factoredSquares", new Buffer[0], g, row, mean, v, 0, 2, 2, 1, N, 1, 0.7, 2);
        add(out, "Optimizers", "factoredAverage", new Buffer[] {m}, m, g, row, mean, v, 0, 2, 2, 1, N, 1, 0.9, 0.1, 0.7, 2);
        add(out, "Optimizers", "factoredMove", new Buffer[] {p}, p, g, row, mean, v, 0, 2, 2, 1, N, 1, 0.1, 0.5, 0.2, 0.7, 2);
        add(out, "Optimizers", "factoredSquares", "inner", new Buffer[0], g, row, mean, v, 0, 2, 2, 1, 3, N, 0.7, 2);
        add(out, "Optimizers", "factoredAverage", "inner", new Buffer[] {m}, m, g, row, mean, v, 0, 2, 2, 1, 3, N, 0.9, 0.1,
                0.7, 2);
        add(out, "Optimizers", "factoredMove", "inner", new Buffer[] {p}, p, g, row, mean, v, 0, 2, 2, 1, 3, N, 0.1, 0.5, 0.2,
                0.7, 2);
    }

    /** Three short rows for each form and norm, and some that are sampled; results are of a threshold that no kernel has found. */
    private static void topK(Type type, Map<String, Case> out) {
        Buffer short3 = Buffer.gaussians(type, 51, 3 * N);
        Buffer dy = Buffer.gaussians(type, 52, 3 * N);
        Buffer known = Buffer.of(Type.DOUBLE, 0.2, -0.3, 0.9, 3, 5, 0.4, -0.1, 0.8, 2, 4, 0.3, Double.NaN, 2, 0, 0);
        for (TopKForm form : TopKForm.values()) {
            for (Norm norm : List.of(Norm.TWO, Norm.FOUR_THIRDS, Norm.of(1.5))) {
                String variant = form + " " + norm.p();
                // without a formula they take powers by StrictMath, a hundred for each element
                if (norm.q() != 3) {
                    thresholds(type, out, variant, form, short3, norm, 3);
                }
                Buffer y = Buffer.of(type, 3 * N);
                Buffer dx = Buffer.of(type, 3 * N);
                add(out, "TopK", "forward", variant, new Buffer[] {y}, form, short3, 0.4, norm, known, y, 3, N);
                add(out, "TopK", "gradient", variant, new Buffer[] {dx}, form, short3, 0.4, norm, known, dy, dx, 3, N);
            }
        }
        Buffer sampled = Buffer.gaussians(type, 50, 4101);
        thresholds(type, out, "sampled mask", TopKForm.MASK, sampled, Norm.TWO, 1);
        thresholds(type, out, "sampled magnitude", TopKForm.MAGNITUDE, sampled, Norm.FOUR_THIRDS, 1);
        Buffer x = Buffer.gaussians(type, 53, 3 * N);
        Buffer y = Buffer.random(type, 54, 3 * N, v -> 1 / (1 + v * v));
        Buffer u = Buffer.random(type, 55, 3 * N, v -> v > 0 ? 1 : 0);
        Buffer value = Buffer.of(type, 3);
        add(out, "TopK", "values", new Buffer[] {value}, x, y, 0.4, Norm.FOUR_THIRDS, value, 3, N);
        add(out, "TopK", "gaps", new Buffer[] {value}, x, y, u, 0.4, Norm.FOUR_THIRDS, value, 3, N);
    }

    private static void thresholds(Type type, Map<String, Case> out, String variant, TopKForm form, Buffer x, Norm norm, int rows) {
        int n = x.length / rows;
        Buffer state = Buffer.of(Type.DOUBLE, rows * Threshold.SIZE);
        Buffer scratch = Buffer.of(Type.DOUBLE, (int) (long) (Long) type.call("TopK", "scratch", n));
        add(out, "TopK", "thresholds", variant, new Buffer[] {state}, form, x, n / 3, 0.4, norm, state, scratch, rows, n);
    }

    private static void gemm(Type type, Map<String, Case> out) {
        int m = 15;
        int n = 35;
        int k = 9;
        Buffer a = Buffer.gaussians(type, 7, m * k);
        Buffer b = Buffer.gaussians(type, 8, k * n);
        Buffer bias = Buffer.gaussians(type, 9, n);
        Buffer packed = Buffer.of(type, (int) (long) (Long) type.call("Gemm", "packedSize", k, n));
        Buffer other = Buffer.of(type, packed.length);
        int panels = (Integer) type.call("Gemm", "panels", n);
        type.call("Gemm", "packB", b, n, 1, k, n, 0, panels, packed);
        add(out, "Gemm", "packB", new Buffer[] {other}, b, 1, k, k, n, 0, panels, other);
        Buffer c = Buffer.of(type, m * n);
        add(out, "Gemm", "multiply", new Buffer[] {c}, a, 1, m, 0, m, packed, FloatGemm.PACKED, k, n, 0, panels, c, n, 0.3, bias,
                type.heapA(),
                type.heapC());
        Buffer fresh = Buffer.of(type, m * n);
        Buffer scratch = Buffer.of(type, (int) (long) (Long) type.call("Gemm", "freshScratch", m, k, n, 1, k, panels));
        add(out, "Gemm", "multiplyFresh", new Buffer[] {fresh}, a, 1, m, 0, m, b, 1, k, k, n, 0, panels, fresh, n, 0.3, bias, scratch,
                type.heapA(), type.heapC());
        // rows of B that lie together are whole vectors
        int columns = 3 * type.lanes();
        int wide = (Integer) type.call("Gemm", "panels", columns);
        Buffer rows = Buffer.gaussians(type, 8, k * columns);
        Buffer room = Buffer.of(type, (int) (long) (Long) type.call("FewRows", "scratch", m, k, Math.max(panels, wide)));
        Buffer few = Buffer.of(type, m * columns);
        add(out, "FewRows", "multiply", new Buffer[] {few}, a, 1, m, 0, m, rows, columns, 1, k, columns, 0, wide, few, columns, 0.3,
                Buffer.none(type), room, type.heapA(), type.heapC());
        Buffer turned = Buffer.of(type, m * n);
        add(out, "FewRows", "multiply", "transposed", new Buffer[] {turned}, a, 1, m, 0, m, b, 1, k, k, n, 0, panels, turned, n, 0.3, bias,
                room, type.heapA(), type.heapC());
        Buffer sum = Buffer.gaussians(type, 10, m * n);
        add(out, "Gemm", "accumulate", new Buffer[] {sum}, a, k, 1, 0, m, packed, FloatGemm.PACKED, k, n, 0, panels, sum, n, 0.3,
                type.heapA(),
                type.heapC());
        if (type == Type.FLOAT) {
            halfGemm(out, a, b, bias, m, n, k);
        }
    }

    private static void halfGemm(Map<String, Case> out, Buffer a, Buffer b, Buffer bias, int m, int n, int k) {
        Type type = Type.FLOAT;
        Buffer packed = Buffer.of(type, (int) (HalfGemm.packedSize(k, n) / 2));
        Buffer other = Buffer.of(type, packed.length);
        int panels = HalfGemm.panels(n);
        type.call("HalfGemm", "packB", b, n, 1, k, n, 0, panels, packed);
        add(out, "HalfGemm", "packB", new Buffer[] {other}, b, 1, k, k, n, 0, panels, other);
        // a full tile, and tiles of few rows over several panels
        for (int rows : new int[] {m, 3, 1}) {
            Buffer c = Buffer.of(type, rows * n);
            add(out, "HalfGemm", "multiply", rows + " rows", new Buffer[] {c}, a, 1, m, 0, rows, packed, k, n, 0, panels, c, n, bias,
                    type.heapA(), type.heapC());
        }
        out.put("HalfGemm.multiply", out.remove("HalfGemm.multiply." + m + " rows"));
    }

    private static void attention(Type type, Map<String, Case> out) {
        int n = 5;
        int d = 3;
        Buffer[] x = new Buffer[4];
        for (int i = 0; i < 4; i++) {
            x[i] = Buffer.gaussians(type, 11 + i, n * d);
        }
        Buffer o = Buffer.of(type, n * d);
        Buffer normalisers = Buffer.of(type, 2 * n);
        Buffer scratch = Buffer.of(type, (int) (long) (Long) type.call("Attention", "backwardScratch", n, d)
                + (int) (long) (Long) type.call("Attention", "forwardScratch", n, d));
        Object heapA = type.heapA();
        Object heapC = type.heapC();
        add(out, "Attention", "forward", new Buffer[] {o, normalisers}, x[0], d, x[1], d, x[2], d, o, d, normalisers, Buffer.none(type), n,
                n, d, 0.5, LogitTerms.NONE, scratch, heapA, heapC);
        Buffer[] dx = {Buffer.of(type, n * d), Buffer.of(type, n * d), Buffer.of(type, n * d)};
        Buffer given = Buffer.random(type, 15, 2 * n, v -> 1 + Math.abs(v));
        add(out, "Attention", "backward", dx, x[0], d, x[1], d, x[2], d, x[3], d, given, dx[0], d, dx[1], d, dx[2], d,
                null, n, n, d, 0.5, LogitTerms.NONE, scratch, heapA, heapC);
        maskedAttention(type, out);
    }

    /** With every kind of term, and more queries than a block has, so that ranges of keys are narrowed. */
    private static void maskedAttention(Type type, Map<String, Case> out) {
        int n = 67;
        int d = 3;
        Buffer[] x = new Buffer[4];
        for (int i = 0; i < 4; i++) {
            x[i] = Buffer.gaussians(type, 21 + i, n * d);
        }
        Buffer bias = Buffer.gaussians(type, 25, n * n);
        Buffer keep = Buffer.random(type, 26, n, v -> v > -1 ? 1 : 0);
        Buffer ids = Buffer.of(type, n);
        for (int i = 0; i < n; i++) {
            ids.set(i, i / 23);
        }
        LogitTerms terms = new LogitTerms(new LogitTerms.Plane(bias.segment, bias.offset, n, 1),
                List.of(new LogitTerms.Plane(keep.segment, keep.offset, 0, 1),
                        new LogitTerms.Plane(keep.segment, keep.offset, 1, 0)),
                List.of(new LogitTerms.Segments(ids.segment, ids.offset, ids.segment, ids.offset)), 0);
        Buffer o = Buffer.of(type, n * d);
        Buffer normalisers = Buffer.of(type, 2 * n);
        Buffer weights = Buffer.of(type, n * n);
        Buffer scratch = Buffer.of(type, (int) (long) (Long) type.call("Attention", "backwardScratch", n, d));
        add(out, "Attention", "forward", "masked", new Buffer[] {o, normalisers, weights}, x[0], d, x[1], d, x[2], d, o, d,
                normalisers, weights, n, n, d, 0.5, terms, scratch, type.heapA(), type.heapC());
        Buffer[] dx = {Buffer.of(type, n * d), Buffer.of(type, n * d), Buffer.of(type, n * d), Buffer.gaussians(type, 27, n)};
        // one row, repeated: that the gradient of earlier runs is added to is put right by a start anew
        LogitTerms.Plane dBias = new LogitTerms.Plane(dx[3].segment, dx[3].offset, 0, 1);
        add(out, "Attention", "backward", "masked", dx, x[0], d, x[1], d, x[2], d, x[3], d, Buffer.random(type, 28, 2 * n,
                v -> 1 + Math.abs(v)), dx[0], d, dx[1], d, dx[2], d, dBias, n, n, d, 0.5, terms, scratch, type.heapA(), type.heapC());
    }

    private static void add(Map<String, Case> out, String family, String name, String variant, Buffer[] outputs,
            Object... arguments) {
        out.put(family + '.' + name + '.' + variant, new Case(family, name, arguments, outputs));
    }

    private static void add(Map<String, Case> out, String family, String name, Buffer[] outputs, Object... arguments) {
        out.put(family + '.' + name, new Case(family, name, arguments, outputs));
    }

    /** Hashes of the results of each kernel's last run; what kernels change in place starts anew for that run. */
    private static Map<String, Long> hashes(Type type, int runs) {
        for (int run = 1; run < runs; run += 1000) {
            cases(type).forEach((name, warm) -> {
                // long rows have loops enough to be compiled
                for (int i = 0; i < (name.contains("sampled") ? 50 : 1000); i++) {
                    warm.run(type);
                }
            });
        }
        Map<String, Long> out = new TreeMap<>();
        for (String name : cases(type).keySet()) {
            out.put(name, cases(type).get(name).hash(type));
        }
        return out;
    }

    /** Prints the hashes of a first run of a type. */
    public static void main(String[] arguments) {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        hashes(Type.valueOf(arguments[0]), 1).forEach((name, hash) -> out.println(name + " = " + hash));
    }

    @Test
    void everyKernelOfFloat32GivesTheInterpretersBitsAfterTwentyThousandRuns(@TempDir Path directory) throws Exception {
        requireEqual(Type.FLOAT, directory);
    }

    @Test
    void everyKernelOfFloat64GivesTheInterpretersBitsAfterTwentyThousandRuns(@TempDir Path directory) throws Exception {
        requireEqual(Type.DOUBLE, directory);
    }

    private static void requireEqual(Type type, Path directory) throws Exception {
        Map<String, Long> first = interpreted(type, directory);
        assertEquals(first, hashes(type, RUNS));
        assertTrue(first.size() > 100, first.size() + " kernels");
    }

    @Test
    void noPublicKernelIsLeftOut() {
        Set<String> missing = new TreeSet<>();
        Set<String> covered = cases(Type.FLOAT).keySet();
        for (String family : List.of("Pointwise", "Functions", "Reductions", "Norms", "Softmax", "Losses", "Optimizers",
                "Copies", "Gemm", "HalfGemm", "Attention", "TopK")) {
            for (var method : Type.FLOAT.family(family).getDeclaredMethods()) {
                boolean computes = method.getParameterCount() > 0
                        && method.getParameterTypes()[0].getName().contains("Segment");
                if (Modifier.isPublic(method.getModifiers()) && computes) {
                    missing.add(family + '.' + method.getName());
                }
            }
        }
        for (var method : Type.DOUBLE.family("Transport").getDeclaredMethods()) {
            if (Modifier.isPublic(method.getModifiers())) {
                missing.add("Transport." + method.getName());
            }
        }
        missing.removeAll(covered);
        missing.removeAll(cases(Type.DOUBLE).keySet());
        assertEquals(Set.of(), missing);
    }

    private static Map<String, Long> interpreted(Type type, Path directory) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin",
                "java").toString(), "-Xint",
                "--add-modules", "jdk.incubator.vector"));
        for (String argument : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            // the same vectors; agents and ports of a debugger or of the test runner stay here
            if (argument.startsWith("-XX:UseAVX") || argument.startsWith("-XX:MaxVectorSize")
                    || argument.startsWith("-XX:+IgnoreUnrecognizedVMOptions")) {
                command.add(argument);
            }
        }
        for (String property : List.of("tessella.gemm.tile", "tessella.gemm.kc", "tessella.gemm.panels")) {
            if (System.getProperty(property) != null) {
                command.add("-D" + property + "=" + System.getProperty(property));
            }
        }
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        command.addAll(List.of("-cp", classPath, ColdWarmTest.class.getName(), type.name()));
        Path output = directory.resolve("out");
        Process process = new ProcessBuilder(command).redirectOutput(output.toFile())
                .redirectError(directory.resolve("err").toFile()).start();
        int code = process.waitFor();
        assertEquals(0, code, () -> read(directory.resolve("err")));
        Map<String, Long> out = new TreeMap<>();
        for (String line : Files.readAllLines(output)) {
            String[] sides = line.split(" = ");
            out.put(sides[0], Long.valueOf(sides[1]));
        }
        return out;
    }

    private static String read(Path path) {
        try {
            return Files.readString(path);
        } catch (IOException e) {
            return e.toString();
        }
    }
}
