package tessella.autodiff;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;

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

    @Test
    void eachOperatorKeepsWhatItsTableSaysAndNoMore() {
        Map<String, Double> expected = new LinkedHashMap<>();
        Map<String, Double> found = new LinkedHashMap<>();
        try (Tape tape = Tape.record()) {
            Tensor x = tape.watch(ones(128, 128));
            Tensor y = tape.watch(ones(128, 128));
            Tensor row = tape.watch(ones(128));
            Tensor q = tape.watch(ones(1, 128, 4, 32));
            double statistics = 128 * 4 / (double) UNIT;
            Object[][] table = {
                // the result itself is one
                {"add", 1.0, kept(t -> Elementwise.add(t[0], t[1]), x, y)},
                {"mul", 1.0, kept(t -> Elementwise.mul(t[0], t[1]), x, y)},
                {"div", 1.0, kept(t -> Elementwise.div(t[0], t[1]), x, y)},
                {"scale", 1.0, kept(t -> Elementwise.scale(t[0], 2), x)},
                {"exp", 1.0, kept(t -> Elementwise.exp(t[0]), x)},
                {"gelu", 1.0, kept(t -> Elementwise.gelu(t[0]), x)},
                {"matmul", 1.0, kept(t -> LinearAlgebra.matmul(t[0], t[1]), x, y)},
                {"linear", 1.0, kept(t -> LinearAlgebra.linear(t[0], t[1], t[2]), x, y, row)},
                {"softmax", 1.0, kept(t -> Softmax.softmax(t[0], -1), x)},
                // mean and root of each row
                {"layerNorm", 1 + 2 * statistics, kept(t -> Norms.layerNorm(t[0], t[1], t[2], 1e-6), x, row, row)},
                {"l2Normalize", 1 + statistics, kept(t -> Norms.l2Normalize(t[0], -1, 1e-6), x)},
                // the log-normaliser of each row and head, and never the [128, 128] weights of four heads
                {"attention", 1 + 4 * statistics, kept(t -> Attention.attention(t[0], t[0], t[0], 1), q)},
                {"reshape", 0.0, kept(t -> Shapes.reshape(t[0], 64, 256), x)},
                {"permute", 0.0, kept(t -> Shapes.permute(t[0], 1, 0), x)},
                {"slice", 0.0, kept(t -> Shapes.slice(t[0], 0, 3, 9), x)},
                {"broadcastTo", 0.0, kept(t -> Shapes.broadcastTo(t[0], 128, 128), row)},
                {"concat", 2.0, kept(t -> Shapes.concat(0, t[0], t[1]), x, y)},
                {"sum", statistics, kept(t -> Reductions.sum(t[0], 1), x)},
                // the probabilities
                {"softmaxCrossEntropy", 1 + statistics, kept(t -> Losses.softmaxCrossEntropy(t[0], new int[128], 0),
                        x)},
                {"sigmoidCrossEntropy", statistics, kept(t -> Losses.sigmoidCrossEntropy(t[0], t[1]), x, y)},
            };
            for (Object[] line : table) {
                expected.put((String) line[0], (Double) line[1]);
                found.put((String) line[0], (Double) line[2]);
            }
        }
        assertEquals(expected, found);
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
