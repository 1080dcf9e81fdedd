package tessella.autodiff;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Random;
import tessella.engine.Regularizer;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.Workers;

/** Operators that share their work among threads give the same bits for 1, 2, 3 and 8 of them, on shapes that are split. */
@Tag("one-width")
class ThreadsTest {
    private static final long ROWS = 37;
    private static final long N = 4099;

    private interface Of {
        Tensor apply(Tensor x, Tensor y);
    }

    private static Map<String, Of> operators() {
        int[] picks = IntStream.range(0, 3 * (int) ROWS).map(i -> i * 7 % (int) ROWS).toArray();
        int[] segments = IntStream.range(0, (int) ROWS).map(i -> i * i % 5).toArray();
        Map<String, Of> out = new LinkedHashMap<>();
        out.put("silu", (x, y) -> Elementwise.silu(x));
        out.put("max of two", Elementwise::max);
        out.put("where", (x, y) -> Elementwise.where(Elementwise.relu(y), x, y));
        out.put("pow", (x, y) -> Elementwise.pow(Elementwise.exp(x), y));
        out.put("dropout", (x, y) -> Elementwise.dropout(x, 0.3, Random.of(1, "threads")));
        out.put("max", (x, y) -> Reductions.max(x, 0));
        out.put("variance of all", (x, y) -> Reductions.variance(x, 1));
        out.put("variance", (x, y) -> Reductions.variance(x, 1, -1));
        out.put("cumulative", (x, y) -> Reductions.cumulativeSum(x, 0));
        out.put("log-softmax", (x, y) -> Softmax.logSoftmax(x, 0));
        out.put("log-sum-exp", (x, y) -> Softmax.logSumExp(x, 1));
        out.put("masked softmax", (x, y) -> Softmax.maskedSoftmax(x, Elementwise.relu(y), 1));
        out.put("rms", (x, y) -> Norms.rmsNorm(x, Shapes.reshape(Shapes.slice(y, 0, 0, 1), N), 1e-6));
        out.put("index select", (x, y) -> Indexing.indexSelect(x, 0, picks));
        out.put("scatter add", (x, y) -> Indexing.scatterAdd(y, 0, segments, x));
        out.put("segment mean", (x, y) -> Indexing.segmentMean(x, segments, 5));
        out.put("top k", (x, y) -> Indexing.topK(x, 9).values());
        out.put("soft top-k mask", (x, y) -> SparseTopK.mask(x, 100, Regularizer.l2(0.3)));
        out.put("soft top-k magnitude", (x, y) -> SparseTopK.magnitude(x, 900, Regularizer.smooth(0.3)));
        out.put("soft top-k raw magnitude", (x, y) -> SparseTopK.rawMagnitude(x, 900, new Regularizer(0.3, 1.5)));
        out.put("permutahedron", (x, y) -> SparseTopK.permutahedron(x, falling(), Regularizer.smooth(0.3)));
        out.put("isotonic mask", (x, y) -> SparseTopK.isotonicMask(x, Elementwise.relu(y), Regularizer.l2(0.3)));
        out.put("sparse simplex", (x, y) -> Projections.sparseSimplex(x, 50, 3));
        out.put("Fenchel-Young loss", (x, y) -> SparseTopK.fenchelYoungLoss(x, SparseTopK.hardMask(y, 100), 100, Regularizer.l2(0.3)));
        out.put("sigmoid cross-entropy", (x, y) -> Losses.sigmoidCrossEntropy(x, Elementwise.sigmoid(y)));
        out.put("resize", (x, y) -> Resize.BICUBIC_ANTIALIAS.apply(Shapes.reshape(x, 1, ROWS, N, 1), 21, 300));
        return out;
    }

    private static double[] falling() {
        return IntStream.range(0, (int) N).mapToDouble(i -> 1 - i / (double) N).toArray();
    }

    private static List<float[]> run(Of operator, int threads) {
        try (Workers workers = Workers.of(threads)) {
            return Workers.with(workers, () -> {
                List<float[]> out = new ArrayList<>();
                try (Tape tape = Tape.record()) {
                    Tensor x = tape.watch(Tensor.of(Scope.current(), Shape.of(ROWS, N), values(1, ROWS * N)));
                    Tensor y = tape.watch(Tensor.of(Scope.current(), Shape.of(ROWS, N), values(2, ROWS * N)));
                    Tensor z = operator.apply(x, y).keep();
                    out.add(z.toFloats());
                    NdArray dz = NdArray.empty(Scope.current(), DType.F32, z.shape());
                    dz.copyFrom(values(3, z.shape().size()));
                    Gradients gradients = tape.gradients(List.of(z), List.of(dz));
                    for (Tensor operand : List.of(x, y)) {
                        NdArray gradient = gradients.of(operand);
                        out.add(gradient == null ? new float[0] : gradient.toFloats());
                    }
                }
                return out;
            });
        }
    }

    private static float[] values(int stream, long size) {
        Random random = Random.of(stream, "threads");
        float[] out = new float[(int) size];
        for (int i = 0; i < out.length; i++) {
            out[i] = (float) (4 * random.uniform(i) - 2);
        }
        return out;
    }

    @Test
    void theBitsDoNotDependOnTheNumberOfThreads() {
        operators().forEach((name, operator) -> {
            List<float[]> alone = run(operator, 1);
            assertTrue(alone.get(1).length > 0, name + " has no gradient");
            for (int threads : new int[] {2, 3, 8}) {
                List<float[]> shared = run(operator, threads);
                for (int i = 0; i < alone.size(); i++) {
                    assertArrayEquals(bits(alone.get(i)), bits(shared.get(i)), name + ", " + threads + " threads, result " + i);
                }
            }
        });
    }

    private static int[] bits(float[] x) {
        int[] out = new int[x.length];
        Arrays.setAll(out, i -> Float.floatToRawIntBits(x[i]));
        return out;
    }
}
