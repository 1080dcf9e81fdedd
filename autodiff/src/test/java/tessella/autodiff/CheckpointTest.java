package tessella.autodiff;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tessella.autodiff.TransformerBlock.CHECKPOINT;
import static tessella.autodiff.TransformerBlock.NESTED;
import static tessella.autodiff.TransformerBlock.PLAIN;
import static tessella.autodiff.TransformerBlock.blocks;
import static tessella.autodiff.TransformerBlock.input;
import static tessella.autodiff.TransformerBlock.requireSame;
import static tessella.autodiff.TransformerBlock.results;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.engine.OutOfBudgetException;
import tessella.engine.Scope;
import tessella.engine.Shape;

/** A checkpointed block gives the gradients of the block itself, and keeps only what it reads. */
@ExtendWith(MemoryReturned.class)
class CheckpointTest {
    private static final int WIDTH = 32;
    private static final int TOKENS = 128;
    /** Bytes of the tokens. */
    private static final long UNIT = 2L * TOKENS * WIDTH * Float.BYTES;

    /** Peak of a training pass over 16 blocks, without the parameters. */
    private static long peak(TransformerBlock.Way way) {
        try (Scope scope = Scope.shared()) {
            List<TransformerBlock> blocks = blocks(scope, DType.F32, 16, WIDTH);
            long before = Memory.inUse();
            Memory.resetPeak();
            results(blocks, DType.F32, 1, way, 2, TOKENS, WIDTH);
            assertEquals(before, Memory.inUse());
            return Memory.peak() - before;
        }
    }

    @Test
    void aStackOfSixteenBlocksNeedsLessThanTwoFifths() {
        long plain = peak(PLAIN);
        long checkpoint = peak(CHECKPOINT);
        assertTrue(checkpoint < 0.4 * plain, checkpoint / (double) UNIT + " of " + plain / (double) UNIT + " units");
        assertTrue(peak(NESTED) < 0.4 * plain);
    }

    @Test
    void theForwardPassKeepsTheInputOfEachBlockAndNothingElse() {
        try (Scope scope = Scope.shared()) {
            List<TransformerBlock> blocks = blocks(scope, DType.F32, 5, WIDTH);
            try (Tape tape = Tape.record()) {
                Tensor x = tape.watch(input(DType.F32, 1, 2, TOKENS, WIDTH));
                assertEquals(UNIT, Scope.current().bytes());
                for (int i = 0; i < 5; i++) {
                    x = Tape.checkpoint(x, blocks.get(i)::apply);
                    assertEquals((2 + i) * UNIT, Scope.current().bytes(), "after block " + i);
                }
                Tensor loss = Reductions.sum(x);
                tape.gradients(loss);
                // gradients of parameters and of the input, and what is left of the forward pass: the input, its end and the loss
                long left = Scope.current().bytes() - scope.bytes();
                assertTrue(left <= 4 * UNIT, left / (double) UNIT + " units");
            }
        }
    }

    @Test
    void frozenParametersGetNoBuffer() {
        try (Scope scope = Scope.shared()) {
            long[] bytes = new long[2];
            for (int pass = 0; pass < 2; pass++) {
                TransformerBlock block = new TransformerBlock(scope, DType.F32, pass, WIDTH);
                if (pass == 1) {
                    block.parameters.values().forEach(Parameter::freeze);
                }
                try (Tape tape = Tape.record()) {
                    Tensor x = tape.watch(input(DType.F32, 1, 1, 4, WIDTH));
                    Gradients gradients = tape.gradients(Reductions.sum(Tape.checkpoint(x, block::apply)));
                    assertEquals(pass == 0, gradients.of(block.parameters.get("in")) != null);
                    assertEquals(x.shape(), gradients.of(x).shape());
                    bytes[pass] = Scope.current().bytes();
                }
            }
            // 12 WIDTH^2 weights
            assertTrue(bytes[0] - bytes[1] >= 12L * WIDTH * WIDTH * Float.BYTES, bytes[0] + " and " + bytes[1]);
        }
    }

    /** Both a recorded tensor and a constant that a block reads beside its input live until the block has run again. */
    @Test
    void aBlockMayReadOtherTensorsOfTheTapeAndTheyGetTheirGradients() {
        Map<String, double[]> expected = null;
        for (TransformerBlock.Way way : List.of(PLAIN, CHECKPOINT, NESTED)) {
            Map<String, double[]> found = new LinkedHashMap<>();
            try (Tape tape = Tape.record()) {
                Tensor a = tape.watch(input(DType.F64, 1, 3, 4));
                Tensor b = Elementwise.exp(a);
                Tensor constant = input(DType.F64, 2, 3, 4);
                Tensor x = tape.watch(input(DType.F64, 3, 3, 4));
                Tensor y = x;
                for (int i = 0; i < 3; i++) {
                    y = way.apply(y, t -> Elementwise.add(Elementwise.mul(t, b), Elementwise.mul(constant, Elementwise.exp(t))));
                    y = Elementwise.mul(Elementwise.mul(y, constant), b);
                }
                Gradients gradients = tape.gradients(Reductions.sum(y));
                found.put("a", gradients.of(a).toDoubles());
                found.put("x", gradients.of(x).toDoubles());
                assertNull(gradients.of(constant));
            }
            expected = expected == null ? found : expected;
            requireSame(expected, found);
        }
    }

    /** In the unrecorded run memory goes early, but not memory that the block was given. */
    @Test
    void consumeInsideABlockLeavesItsInputAlone() {
        double[][] found = new double[2][];
        for (int way = 0; way < 2; way++) {
            try (Tape tape = Tape.record()) {
                Tensor x = tape.watch(input(DType.F64, 3, 40, 40));
                Tensor middle = Elementwise.exp(x);
                UnaryOperator<Tensor> block = t -> {
                    Tensor first = Tape.consume(t, Elementwise::exp);
                    return Elementwise.mul(Tape.consume(first, u -> Elementwise.scale(u, 0.1)), t);
                };
                Tensor y = way == 0 ? block.apply(middle) : Tape.checkpoint(middle, block);
                found[way] = tape.gradients(Reductions.sum(y)).of(x).toDoubles();
            }
        }
        assertArrayEquals(found[0], found[1]);
    }

    /** The loss frees targets that it alone would read; those of a block are read a second time. */
    @Test
    void whatALossInsideABlockWouldFreeStays() {
        double[][] found = new double[2][];
        for (int way = 0; way < 2; way++) {
            try (Tape tape = Tape.record()) {
                Tensor x = tape.watch(input(DType.F64, 3, 4, 5));
                Tensor targets = Tensor.of(NdArray.full(Scope.current(), DType.F64, Shape.of(4, 5), 0.3));
                UnaryOperator<Tensor> block = t -> Losses.sigmoidCrossEntropy(t, targets);
                Tensor y = way == 0 ? block.apply(x) : Tape.checkpoint(x, block);
                found[way] = tape.gradients(Reductions.sum(y)).of(x).toDoubles();
            }
        }
        assertArrayEquals(found[0], found[1]);
    }

    @Test
    void theBlockRunsOnceForwardAndOnceForTheGradient() {
        AtomicInteger runs = new AtomicInteger();
        List<Boolean> recording = new ArrayList<>();
        UnaryOperator<Tensor> block = t -> {
            runs.incrementAndGet();
            recording.add(Tape.isRecording());
            return Elementwise.exp(t);
        };
        try (Tape tape = Tape.record()) {
            Tensor x = tape.watch(input(DType.F64, 3, 4));
            Tensor y = Tape.checkpoint(x, block);
            assertTrue(Tape.isRecording());
            assertEquals(1, runs.get());
            tape.gradients(Reductions.sum(y));
            assertEquals(2, runs.get());
            assertEquals(List.of(false, true), recording);
        }
        runs.set(0);
        try (Tape tape = Tape.record()) {
            Tensor x = tape.watch(input(DType.F64, 3, 4));
            Tensor unused = Tape.checkpoint(x, block);
            assertEquals(4, unused.dim(0));
            tape.gradients(Reductions.sum(Elementwise.exp(x)));
            assertEquals(1, runs.get(), "no gradient reaches the block");
        }
        try (Scope scope = Scope.open()) {
            Tensor x = input(DType.F64, 3, 4);
            long before = scope.bytes();
            Tensor y = Tape.checkpoint(x, t -> Elementwise.exp(block.apply(t)));
            assertEquals(2, runs.get(), "without a tape");
            assertEquals(before + 64, scope.bytes());
            assertEquals(Math.exp(Math.exp(x.toDoubles()[1])), y.toDoubles()[1], 1e-13);
        }
    }

    @Test
    void aResultThatTheBlockDidNotMakeKeepsItsNode() {
        try (Tape tape = Tape.record()) {
            Tensor x = tape.watch(input(DType.F64, 3, 4));
            Tensor y = Elementwise.exp(x);
            assertSame(y, Tape.checkpoint(x, t -> y));
            assertSame(x, Tape.checkpoint(x, t -> t));
            Tensor constant = Tape.checkpoint(x, t -> Elementwise.exp(input(DType.F64, 1, 4)));
            assertNull(constant.node);
            // a view of the input
            Tensor turned = Tape.checkpoint(y, t -> Shapes.reshape(t, 2, 2));
            double[] expected = y.toDoubles();
            assertArrayEquals(expected, tape.gradients(Reductions.sum(Elementwise.add(turned, Shapes.reshape(constant, 2, 2))))
                    .of(x).toDoubles());
        }
    }

    /** A second tape inside the block is no part of the gradient, but what it reads must still be there. */
    @Test
    void aTapeInsideABlockFindsItsOperandsInBothRuns() {
        try (Tape tape = Tape.record()) {
            Tensor x = tape.watch(input(DType.F64, 3, 4));
            Tensor scale = input(DType.F64, 4, 4);
            Tensor y = x;
            for (int i = 0; i < 2; i++) {
                y = Tape.checkpoint(y, t -> {
                    double[] slope;
                    try (Tape inner = Tape.record()) {
                        Tensor own = inner.watch(input(DType.F64, 5, 4));
                        slope = inner.gradients(Reductions.sum(Elementwise.mul(own, scale))).of(own).toDoubles();
                    }
                    return Elementwise.mul(t, Tensor.of(Scope.current(), Shape.of(4), slope));
                });
                y = Elementwise.mul(y, scale);
            }
            double[] expected = scale.toDoubles();
            double[] found = tape.gradients(Reductions.sum(y)).of(x).toDoubles();
            for (int i = 0; i < 4; i++) {
                assertEquals(Math.pow(expected[i], 4), found[i], 1e-13);
            }
        }
    }

    @Test
    void aBlockThatComputesSomethingElseTheSecondTimeIsRefused() {
        for (boolean constant : new boolean[] {false, true}) {
            AtomicInteger runs = new AtomicInteger();
            try (Tape tape = Tape.record()) {
                Tensor x = tape.watch(input(DType.F64, 3, 4));
                Tensor y = Tape.checkpoint(x, t -> runs.incrementAndGet() == 1 ? Elementwise.exp(t)
                        : constant ? input(DType.F64, 1, 4) : Shapes.reshape(Elementwise.exp(t), 2, 2));
                String message = assertThrows(IllegalStateException.class, () -> tape.gradients(Reductions.sum(y))).getMessage();
                assertTrue(message.startsWith("checkpoint: the block gave float64 [4] first and, for the gradient, float64 "
                        + (constant ? "[4] that depends on nothing tracked" : "[2, 2]")), message);
                assertTrue(message.endsWith("; it must compute the same in both runs"), message);
            }
        }
    }

    @Test
    void anErrorInEitherRunReachesTheCallerAndTheNextStepWorks() {
        for (int bad = 1; bad <= 2; bad++) {
            int failing = bad;
            AtomicInteger runs = new AtomicInteger();
            IllegalArgumentException thrown = new IllegalArgumentException("run " + bad);
            try (Tape tape = Tape.record()) {
                Tensor x = tape.watch(input(DType.F64, 3, 4));
                assertSame(thrown, assertThrows(IllegalArgumentException.class, () -> {
                    Tensor y = Tape.checkpoint(x, t -> {
                        if (runs.incrementAndGet() == failing) {
                            throw thrown;
                        }
                        return Elementwise.exp(t);
                    });
                    tape.gradients(Reductions.sum(y));
                }));
                assertTrue(Tape.isRecording());
                assertSame(Scope.current(), Elementwise.exp(x).value().scope());
            }
            assertFalse(Tape.isRecording());
        }
        try (Tape tape = Tape.record()) {
            Tensor x = tape.watch(input(DType.F64, 3, 4));
            assertEquals(4, tape.gradients(Reductions.sum(Tape.checkpoint(x, Elementwise::exp))).of(x).size());
        }
    }

    @Test
    void aBudgetThatEndsInTheSecondRunLeavesEverythingUsable() {
        // arrays so large that each has a slab of its own: what is free goes back, and no slack is left
        long budget = Memory.budget();
        try (Scope scope = Scope.shared()) {
            List<TransformerBlock> blocks = blocks(scope, DType.F32, 3, WIDTH);
            Map<String, double[]> expected = results(blocks, DType.F32, 1, CHECKPOINT, 24, TOKENS, WIDTH);
            try (Tape tape = Tape.record()) {
                Tensor x = tape.watch(input(DType.F32, 1, 24, TOKENS, WIDTH));
                for (TransformerBlock block : blocks) {
                    x = Tape.checkpoint(x, block::apply);
                }
                Tensor loss = Reductions.sum(Elementwise.mul(x, x));
                Memory.trim();
                Memory.budget(Memory.reserved() + 24 * UNIT);
                OutOfBudgetException e = assertThrows(OutOfBudgetException.class, () -> tape.gradients(loss));
                assertTrue(e.getMessage().contains("needs") && e.getMessage().contains("budget"), e.getMessage());
            } finally {
                Memory.budget(budget);
            }
            requireSame(expected, results(blocks, DType.F32, 1, CHECKPOINT, 24, TOKENS, WIDTH));
        }
    }
}
