package tessella.autodiff;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tessella.engine.AttentionMask;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.engine.Random;
import tessella.engine.Regularizer;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.transport.Cardinality;
import tessella.engine.transport.SolverOptions;

/** What a tape keeps for the gradients, when it gives it back, and what inference needs. */
@ExtendWith(MemoryReturned.class)
class TapeMemoryTest {
    /** Elements of an operand: 64 KB in float32, its own size class, so that bytes count arrays. */
    private static final int N = 1 << 14;
    private static final long UNIT = 4L * N;

    private static Tensor ones(long... dims) {
        return Tensor.of(NdArray.full(Scope.current(), DType.F32, Shape.of(dims), 0.01));
    }

    /** Bytes that are alive after the operator, beyond its operands, in units of one operand of N elements. */
    private static double kept(Function<Tensor[], Tensor> operator, Tensor... operands) {
        long before = Memory.inUse();
        operator.apply(operands);
        return (Memory.inUse() - before) / (double) UNIT;
    }

    /**
     * What an operator keeps: the bytes that are alive after it beyond its operands, the result among them, in units of N
     * elements; and which of its operands (a, b, c) and its result (y) it holds for the gradient, views of them counted.
     */
    private record Kept(double units, String held) {}

    private static Kept kept(long[][] shapes, Operator.Library operator) {
        try (Tape tape = Tape.record()) {
            List<Tensor> operands = new ArrayList<>();
            for (long[] dims : shapes) {
                operands.add(tape.watch(ones(dims)));
            }
            long before = Memory.inUse();
            Tensor y = operator.apply(operands);
            double units = (Memory.inUse() - before) / (double) UNIT;
            StringBuilder held = new StringBuilder();
            for (int i = 0; i < shapes.length; i++) {
                held.append(operands.get(i).value().isUnheld() ? "" : (char) ('a' + i));
            }
            boolean view = operands.stream().anyMatch(x -> x.value().sharesMemoryWith(y.value()));
            return new Kept(units, held + (view || y.value().isUnheld() ? "" : "y"));
        }
    }

    private static final class Table {
        final Map<String, Kept> expected = new TreeMap<>();
        final Map<String, Kept> found = new TreeMap<>();

        void line(String name, double units, String held, Operator.Library operator, long[]... shapes) {
            expected.put(name, new Kept(units, held));
            found.put(name, kept(shapes, operator));
        }
    }

    /** Made of operators that have their lines. */
    private static final Set<String> COMPOSED = Set.of("gatedGelu", "pow", "rmsNorm", "layerNormOverAxis", "split", "stack",
            "stackLast", "tile", "patchifyRectangles", "embedding", "segmentMean", "segmentSoftmax", "topK", "meanSquaredError",
            "zLoss", "tokenCrossEntropy", "logits", "softmaxLoss", "softmaxLossMasked", "sigmoidLoss", "applyNEAREST",
            "applyBILINEAR_ALIGN_CORNERS", "applyBILINEAR_HALF_PIXEL", "applyBILINEAR_ANTIALIAS", "applyBICUBIC",
            "applyBICUBIC_ANTIALIAS", "applyAREA");

    private static void lines(Table table, long[] square, long[] row, double rows) {
        for (String name : List.of("abs", "log", "log1p", "square", "sin", "cos", "erf", "logSigmoid", "softplus", "silu", "relu",
                "geluErf", "clamp")) {
            table.line(name, 1, "a", function(name), square);
        }
        for (String name : List.of("expm1", "sqrt", "rsqrt", "tanh", "sigmoid")) {
            table.line(name, 1, "y", function(name), square);
        }
        // the mask
        table.line("dropout", 2, "", x -> Elementwise.dropout(x.get(0), 0.5, Random.of(1, "kept")), square);
        table.line("max", 1, "ab", x -> Elementwise.max(x.get(0), x.get(1)), square, square);
        table.line("min", 1, "ab", x -> Elementwise.min(x.get(0), x.get(1)), square, square);
        table.line("powTensors", 1, "ab", x -> Elementwise.pow(x.get(0), x.get(1)), square, square);
        table.line("where", 1, "a", x -> Elementwise.where(x.get(0), x.get(1), x.get(2)), square, square, square);
        table.line("maskedSoftmax", 1, "y", x -> Softmax.maskedSoftmax(x.get(0), x.get(1), 1), square, square);
        table.line("logSoftmax", 1, "y", x -> Softmax.logSoftmax(x.get(0), 1), square);
        table.line("logSumExp", rows, "ay", x -> Softmax.logSumExp(x.get(0), 1), square);
        table.line("maxOverAxes", rows, "ay", x -> Reductions.max(x.get(0), 1), square);
        table.line("minOverAxes", rows, "ay", x -> Reductions.min(x.get(0), 1), square);
        table.line("meanOverAxes", rows, "", x -> Reductions.mean(x.get(0), 0), square);
        table.line("variance", 2 * rows, "a", x -> Reductions.variance(x.get(0), 0, 1), square);
        table.line("cumulativeSum", 1, "", x -> Reductions.cumulativeSum(x.get(0), 1), square);
        table.line("rmsNormPlain", 1 + rows, "a", x -> Norms.rmsNorm(x.get(0), null, 1e-6), square);
        table.line("slice", 0, "", x -> Shapes.slice(x.get(0), 0, 1, 100, 3), square);
        table.line("pad", 1, "", x -> Shapes.pad(x.get(0), new long[] {0, 0}, new long[] {0, 0}, 0), square);
        table.line("flip", 1, "", x -> Shapes.flip(x.get(0), 0), square);
        int[] all = IntStream.range(0, 128).toArray();
        table.line("indexSelect", 1, "", x -> Indexing.indexSelect(x.get(0), 0, all), square);
        table.line("gatherRows", 1, "", x -> Indexing.gatherRows(x.get(0), 0, all), square);
        table.line("gather", rows, "", x -> Indexing.gather(x.get(0), 0, all, 1, 128), square);
        table.line("scatterAdd", 1, "", x -> Indexing.scatterAdd(x.get(0), 0, all, x.get(1)), square, square);
        table.line("scatterAddElements", 1, "", x -> Indexing.scatterAddElements(x.get(0), 0, all, x.get(1)), square,
                new long[] {1, 128});
        table.line("segmentSum", 1, "", x -> Indexing.segmentSum(x.get(0), all, 128), square);
        sparse(table, square, row, rows);
    }

    private static void sparse(Table table, long[] square, long[] row, double rows) {
        Regularizer l2 = Regularizer.l2(1);
        double thresholds = 10 * rows; // five float64 numbers for each of 128 rows
        table.line("mask", 1 + thresholds, "a", x -> SparseTopK.mask(x.get(0), 3, l2), square);
        table.line("magnitude", 1 + thresholds, "a", x -> SparseTopK.magnitude(x.get(0), 3, l2), square);
        table.line("rawMagnitude", 1 + thresholds, "a", x -> SparseTopK.rawMagnitude(x.get(0), 3, l2), square);
        table.line("hardMask", 1 + thresholds, "a", x -> SparseTopK.hardMask(x.get(0), 3), square);
        table.line("hardMagnitude", 1 + thresholds, "a", x -> SparseTopK.hardMagnitude(x.get(0), 3), square);
        // the mask
        table.line("value", 1 + rows, "", x -> SparseTopK.value(x.get(0), 3, l2), square);
        table.line("permutahedron", 1, "a", x -> SparseTopK.permutahedron(x.get(0), new double[128], l2), square);
        table.line("isotonicMask", 1, "ab", x -> SparseTopK.isotonicMask(x.get(0), x.get(1), l2), square, row);
        table.line("isotonicMagnitude", 1, "ab", x -> SparseTopK.isotonicMagnitude(x.get(0), x.get(1), l2), square, row);
        table.line("fenchelYoungLoss", 1 + rows, "b", x -> SparseTopK.fenchelYoungLoss(x.get(0), x.get(1), 3, l2), square, square);
        table.line("labelLoss", 2 + rows, "", x -> SparseTopK.labelLoss(x.get(0), new int[128], 3, l2), square);
        table.line("simplex", 1 + thresholds, "a", x -> Projections.simplex(x.get(0), 2), square);
        // the k largest
        table.line("sparseSimplex", 2 + thresholds, "", x -> Projections.sparseSimplex(x.get(0), 3, 2), square);
    }

    private static Operator.Library function(String name) {
        return x -> {
            try {
                return (Tensor) (name.equals("clamp") ? Elementwise.clamp(x.get(0), 0, 1)
                        : Elementwise.class.getMethod(name, Tensor.class).invoke(null, x.get(0)));
            } catch (ReflectiveOperationException e) {
                throw new AssertionError(name, e);
            }
        };
    }

    @Test
    void eachOperatorKeepsWhatItsTableSaysAndNoMore() {
        long[] square = {128, 128};
        long[] row = {128};
        long[] heads = {1, 128, 4, 32};
        long[] grid = {1, 128, 128, 1};
        long[] patches = {1, 64 * 64, 4};
        double rows = 128 * 4 / (double) UNIT; // a number for each of 128 rows
        Table table = new Table();
        table.line("ADD", 1, "", x -> Elementwise.add(x.get(0), x.get(1)), square, square);
        table.line("SUB", 1, "", x -> Elementwise.sub(x.get(0), x.get(1)), square, square);
        table.line("MUL", 1, "ab", x -> Elementwise.mul(x.get(0), x.get(1)), square, square);
        table.line("DIV", 1, "by", x -> Elementwise.div(x.get(0), x.get(1)), square, square);
        table.line("SCALE", 1, "", x -> Elementwise.scale(x.get(0), 2), square);
        table.line("NEG", 1, "", x -> Elementwise.neg(x.get(0)), square);
        table.line("EXP", 1, "y", x -> Elementwise.exp(x.get(0)), square);
        table.line("RECIPROCAL", 1, "y", x -> Elementwise.reciprocal(x.get(0)), square);
        table.line("GELU", 1, "a", x -> Elementwise.gelu(x.get(0)), square);
        table.line("MATMUL", 1, "ab", x -> LinearAlgebra.matmul(x.get(0), x.get(1)), square, square);
        table.line("MATMUL_BATCHED", 1, "ab", x -> LinearAlgebra.matmul(x.get(0), x.get(1)), new long[] {4, 32, 128},
                new long[] {1, 128, 128});
        table.line("LINEAR", 1, "ab", x -> LinearAlgebra.linear(x.get(0), x.get(1), x.get(2)), square, square, row);
        table.line("LINEAR_WITHOUT_BIAS", 1, "ab", x -> LinearAlgebra.linear(x.get(0), x.get(1), null), square, square);
        table.line("LINEAR_SIDE_BY_SIDE", 2, "ab", x -> LinearAlgebra.linear(x.get(0), x.get(1), x.get(2)),
                new long[] {2, 128, 128}, new long[] {2, 128, 128}, new long[] {2, 128});
        table.line("EINSUM_2", 1, "ab", x -> LinearAlgebra.einsum("bmd,bmnp->bnpd", x.get(0), x.get(1)),
                new long[] {1, 128, 128}, new long[] {1, 128, 128, 1});
        table.line("EINSUM_3", 1, "abc", x -> LinearAlgebra.einsum("ab,bc,cd->ad", x.get(0), x.get(1), x.get(2)), square,
                square, square);
        table.line("EINSUM_SUMMED", rows, "ab", x -> LinearAlgebra.einsum("abc,db->ca", x.get(0), x.get(1)),
                new long[] {4, 128, 32}, square);
        table.line("SOFTMAX", 1, "y", x -> Softmax.softmax(x.get(0), -1), square);
        table.line("SOFTMAX_SCATTERED", 1, "y", x -> Softmax.softmax(x.get(0), 0, 2), new long[] {4, 128, 32});
        // mean and root of each row
        table.line("LAYER_NORM", 1 + 2 * rows, "ab", x -> Norms.layerNorm(x.get(0), x.get(1), x.get(2), 1e-6), square, row,
                row);
        table.line("LAYER_NORM_PLAIN", 1 + 2 * rows, "a", x -> Norms.layerNorm(x.get(0), null, null, 1e-6), square);
        table.line("L2_NORMALIZE", 1 + rows, "y", x -> Norms.l2Normalize(x.get(0), -1, 1e-6), square);
        // the maximum and the sum of each row and head, and never the [128, 128] weights of four heads
        table.line("ATTENTION", 1 + 8 * rows, "abc", x -> Attention.attention(x.get(0), x.get(1), x.get(2), 1), heads,
                heads, heads);
        table.line("RESHAPE", 0, "", x -> Shapes.reshape(x.get(0), 64, 256), square);
        table.line("PERMUTE", 0, "", x -> Shapes.permute(x.get(0), 1, 0), square);
        table.line("SLICE", 0, "", x -> Shapes.slice(x.get(0), 0, 3, 9), square);
        table.line("BROADCAST", 0, "", x -> Shapes.broadcastTo(x.get(0), 128, 128), row);
        table.line("CONCAT", 2, "", x -> Shapes.concat(0, x.get(0), x.get(1)), square, square);
        table.line("SUM", rows, "", x -> Reductions.sum(x.get(0), 1), square);
        table.line("SUM_ALL", 64 / (double) UNIT, "", x -> Reductions.sum(x.get(0)), square);
        table.line("MEAN", rows, "", x -> Reductions.mean(x.get(0), 1), square);
        // one copy, of the pixels in another order
        table.line("PATCHIFY", 1, "", x -> Patches.patchify(x.get(0), 2), grid);
        table.line("UNPATCHIFY", 1, "", x -> Patches.unpatchify(x.get(0), 2, 64, 64), patches);
        // the probabilities
        table.line("SOFTMAX_CROSS_ENTROPY", 1 + rows, "", x -> Losses.softmaxCrossEntropy(x.get(0), new int[128], 0),
                square);
        table.line("SOFT_CROSS_ENTROPY", 1 + rows, "b", x -> Losses.softmaxCrossEntropy(x.get(0), x.get(1)), square,
                square);
        table.line("SIGMOID_CROSS_ENTROPY", rows, "ab", x -> Losses.sigmoidCrossEntropy(x.get(0), x.get(1)), square,
                square);
        table.line("ATTENTION_BIASED", 1 + 8 * rows, "abcd", x -> Attention.attention(x.get(0), x.get(1), x.get(2), 1,
                AttentionMask.none(), x.get(3)), heads, heads, heads, square);
        AttentionMask packed = AttentionMask.causal().and(AttentionMask.segments(new int[1][128]));
        table.line("ATTENTION_MASKED", 1 + 8 * rows, "abcd", x -> Attention.attention(x.get(0), x.get(1), x.get(2), 1, packed,
                x.get(3)), heads, heads, heads, square);
        // the weights of four heads were asked for
        table.line("ATTENTION_WITH_WEIGHTS", 1 + 8 * rows + 4, "abcd", x -> Attention.attentionWithWeights(x.get(0), x.get(1),
                x.get(2), 1, packed, x.get(3)).o(), heads, heads, heads, square);
        table.line("transportCost", 64 / (double) UNIT, "", x -> Transport.transportCost(x.get(0), x.get(1), x.get(2), 1,
                Cardinality.unlimited(), SolverOptions.DEFAULT), square, row, row);
        table.line("transportPlan", 1, "", x -> Transport.transportPlan(x.get(0), x.get(1), x.get(2), 1, Cardinality.unlimited(),
                SolverOptions.DEFAULT), square, row, row);
        lines(table, square, row, rows);
        assertEquals(table.expected, table.found);
        TreeSet<String> missing = new TreeSet<>();
        Operators.all().forEach(o -> missing.add(o.name()));
        missing.removeAll(table.found.keySet());
        missing.removeAll(COMPOSED);
        missing.removeIf(name -> name.startsWith("einsum "));
        assertEquals(Set.of(), missing, "operators without a line in the table");
    }

    @Test
    void withoutATapeStatisticsAreNotKept() {
        try (Scope _ = Scope.open()) {
            Tensor x = ones(128, 128);
            Tensor row = ones(128);
            Tensor q = ones(1, 128, 4, 32);
            assertEquals(1, kept(t -> Norms.layerNorm(t[0], t[1], t[2], 1e-6), x, row, row));
            assertEquals(1, kept(t -> Norms.l2Normalize(t[0], -1, 1e-6), x));
            assertEquals(1, kept(t -> Attention.attention(t[0], t[0], t[0], 1), q));
            assertEquals(1, kept(t -> SparseTopK.mask(t[0], 3, Regularizer.l2(1)), x));
            assertEquals(1, kept(t -> Projections.sparseSimplex(t[0], 3, 1), x));
            assertEquals(512.0 / UNIT, kept(t -> SparseTopK.labelLoss(t[0], new int[128], 3, Regularizer.l2(1)), x));
            assertEquals(512.0 / UNIT, kept(t -> Losses.softmaxCrossEntropy(t[0], new int[128], 0), x));
        }
    }

    /** x = gelu(x w) for each weight. */
    private static Tensor stack(Tensor x, List<Parameter> weights) {
        for (Parameter weight : weights) {
            x = Tape.consume(x, in -> Elementwise.gelu(LinearAlgebra.matmul(in, weight.tensor())));
        }
        return x;
    }

    private static List<Parameter> weights(Scope scope, int layers) {
        List<Parameter> out = new ArrayList<>();
        for (int i = 0; i < layers; i++) {
            out.add(new Parameter("w" + i, NdArray.full(scope, DType.F32, Shape.of(128, 128), 0.01)));
        }
        return out;
    }

    private static long inferencePeak(int layers) {
        try (Scope parameters = Scope.shared(); Scope scope = Scope.open()) {
            List<Parameter> weights = weights(parameters, layers);
            Tensor x = ones(128, 128);
            long before = Memory.inUse();
            Memory.resetPeak();
            Tensor y = stack(x, weights);
            assertEquals(before, Memory.inUse(), "the result took the place of the input");
            assertEquals(UNIT, scope.bytes());
            assertEquals(128, y.dim(0));
            return Memory.peak() - before;
        }
    }

    @Test
    void inferenceOfADeepStackNeedsNoMoreThanThatOfTwoLayers() {
        long two = inferencePeak(2);
        long deep = inferencePeak(48);
        assertTrue(deep <= 1.5 * two, "two layers " + two + ", 48 layers " + deep);
    }

    @Test
    void localReturnsAllButTheResult() {
        try (Scope scope = Scope.open()) {
            Tensor x = ones(128, 128);
            Tensor y = Tape.local(() -> Elementwise.exp(Elementwise.exp(Elementwise.exp(x))));
            assertEquals(2 * UNIT, scope.bytes());
            assertEquals(128, y.dim(0));
            // a view of its input must not take the input away
            Tensor view = Tape.consume(y, t -> Shapes.permute(t, 1, 0));
            assertEquals(y.toFloats()[0], view.toFloats()[0]);
            assertEquals(2 * UNIT, scope.bytes());
        }
    }

    @Test
    void backwardGivesSavedArraysBackAsItGoesAndCloseTheRest() {
        int layers = 20;
        try (Scope parameters = Scope.shared()) {
            List<Parameter> weights = weights(parameters, layers);
            weights.forEach(Parameter::freeze);
            long before = Memory.inUse();
            try (Tape tape = Tape.record()) {
                Tensor x = tape.watch(ones(128, 128));
                Tensor loss = Reductions.sum(stack(x, weights));
                long forward = Memory.inUse() - before;
                assertTrue(forward >= (2L * layers + 1) * UNIT, forward / UNIT + " units recorded");
                Memory.resetPeak();
                Gradients gradients = tape.gradients(loss);
                long peak = Memory.peak() - before;
                assertTrue(peak <= forward + 6 * UNIT, "peak " + peak / UNIT + " after a forward of " + forward / UNIT);
                long left = Memory.inUse() - before;
                assertTrue(left <= 6 * UNIT, left / UNIT + " units left after the backward pass");
                assertEquals(UNIT, gradients.of(x).size() * 4);
            }
            assertEquals(before, Memory.inUse());
        }
    }

    @Test
    void anUntrackedBranchKeepsNothingForGradients() {
        try (Tape tape = Tape.record()) {
            Tensor x = ones(128, 128);
            Tensor row = ones(128);
            assertEquals(1, kept(t -> Norms.layerNorm(t[0], t[1], t[2], 1e-6), x, row, row));
            assertEquals(1, kept(t -> Attention.attention(t[0], t[0], t[0], 1), Shapes.reshape(x, 1, 128, 4, 32)));
            assertTrue(Tape.isRecording(), "a tape records: " + tape);
        }
    }

    @Test
    void aStepThatFailsReturnsItsMemoryWhenTheTapeCloses() {
        long before = Memory.inUse();
        try (Tape tape = Tape.record()) {
            Tensor x = tape.watch(ones(128, 128));
            Tensor y = Elementwise.exp(x);
            assertThrows(IllegalArgumentException.class,
                    () -> LinearAlgebra.matmul(y, ones(3, 3)));
        }
        assertEquals(before, Memory.inUse());
    }
}
