package tessella.models.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tessella.autodiff.Gradients;
import tessella.autodiff.Losses;
import tessella.autodiff.Parameter;
import tessella.autodiff.Reductions;
import tessella.autodiff.Tape;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.engine.OutOfBudgetException;
import tessella.engine.Random;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.UpdateRule;
import tessella.engine.Workers;
import tessella.models.nn.QkNorm;
import tessella.models.softmoe.SoftMoeConfig;
import tessella.models.vit.Head;
import tessella.models.vit.Position;
import tessella.models.vit.VisionTransformer;
import tessella.models.vit.VitConfig;

/** What training steps take from the system, and what is left of a step that ran out of its budget. */
class StepMemoryTest {
    private static final int BATCH = 24;
    private static final VitConfig CONFIG = new VitConfig(24, 24, 1, 4, 64, 2, 128, 2, 10, Position.SINCOS_2D, Head.GAP,
            QkNorm.LAYER_NORM, 0, new SoftMoeConfig(4, 4, 1));

    private enum Phase { FORWARD, BACKWARD, OPTIMISER, DONE }

    private long budget;

    @BeforeEach
    void start() {
        budget = Memory.budget();
        Memory.trim();
    }

    @AfterEach
    void nothingIsLeft() {
        Memory.budget(budget);
        assertEquals(0, Memory.inUse());
    }

    /** A model with its optimiser, and how far its last step came. */
    private static final class Training implements AutoCloseable {
        final VisionTransformer model = VisionTransformer.initialized(CONFIG, DType.F32, 3);
        final Optimizer optimizer;

        Training(UpdateRule rule) {
            optimizer = new Optimizer(model.parameters(), settings(rule));
        }

        Training() {
            this(UpdateRule.Adam.DEFAULT);
        }

        Phase phase = Phase.DONE;

        void step(long number, Consumer<Phase> before) {
            try (Tape tape = Tape.record()) {
                enter(Phase.FORWARD, before);
                float[] pixels = new float[BATCH * 24 * 24];
                Random random = Random.of(number, "pixels");
                for (int i = 0; i < pixels.length; i++) {
                    pixels[i] = (float) random.normal(i);
                }
                int[] labels = new int[BATCH];
                Arrays.setAll(labels, i -> i % 10);
                Tensor logits = model.logits(Tensor.of(Scope.current(), Shape.of(BATCH, 24, 24, 1), pixels));
                Tensor loss = Reductions.mean(Losses.softmaxCrossEntropy(logits, labels, 0.1));
                enter(Phase.BACKWARD, before);
                Gradients gradients = tape.gradients(loss);
                enter(Phase.OPTIMISER, before);
                optimizer.step(gradients, 1e-2);
                enter(Phase.DONE, before);
            }
        }

        private void enter(Phase next, Consumer<Phase> before) {
            phase = next;
            before.accept(next);
        }

        List<float[]> values() {
            return model.parameters().all().stream().map(Parameter::value).map(NdArray::toFloats).toList();
        }

        @Override
        public void close() {
            optimizer.close();
            model.close();
        }
    }

    private static Optimizer.Settings settings(UpdateRule rule) {
        return new Optimizer.Settings(rule, new Clip.GlobalNorm(1), WeightDecay.softMoe(0.1, 0.1));
    }

    private static void assertSame(List<float[]> expected, List<float[]> found, String what) {
        for (int i = 0; i < expected.size(); i++) {
            assertArrayEquals(expected.get(i), found.get(i), what);
        }
    }

    private static void onOneThread(Runnable action) {
        try (Workers one = Workers.of(1)) {
            Workers.with(one, action);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void fiftyStepsAfterTheFirstTwoTakeNothingFromTheSystem(int threads) {
        try (Workers team = Workers.of(threads)) {
            Workers.with(team, () -> {
                try (Training training = new Training()) {
                    training.step(0, phase -> { });
                    training.step(1, phase -> { });
                    long reserved = Memory.reserved();
                    long inUse = Memory.inUse();
                    for (int step = 2; step < 52; step++) {
                        training.step(step, phase -> { });
                        assertEquals(reserved, Memory.reserved(), "step " + step);
                        assertEquals(inUse, Memory.inUse(), "step " + step);
                    }
                }
            });
        }
    }

    /** Budgets that end anywhere in a step: those steps change nothing, and the steps after them have the bits of a run without them. */
    @Test
    void aStepThatRunsOutOfItsBudgetLeavesParametersAndOptimiserAsTheyWere() {
        onOneThread(() -> {
            List<float[]> expected;
            long needed;
            try (Training training = new Training()) {
                training.step(0, phase -> { });
                Memory.trim();
                long before = Memory.reserved();
                training.step(1, phase -> { });
                needed = Memory.reserved() - before;
                training.step(2, phase -> { });
                expected = training.values();
            }
            Map<Phase, Integer> failed = new EnumMap<>(Phase.class);
            try (Training training = new Training()) {
                training.step(0, phase -> { });
                List<float[]> before = training.values();
                long inUse = Memory.inUse();
                for (int part = 0; training.optimizer.steps() == 1; part++) {
                    Memory.budget(budget);
                    Memory.trim();
                    Memory.budget(Memory.reserved() + Math.max(1, needed * part / 40));
                    try {
                        training.step(1, phase -> { });
                    } catch (OutOfBudgetException e) {
                        assertTrue(e.getMessage().matches("[a-zA-Z0-9_ ]+: (\\[[0-9, ]*\\]|scratch) needs [0-9]+ more bytes, and "
                                + "[0-9]+ of the budget of [0-9]+ are taken \\([0-9]+ in use\\); close scopes, use a smaller "
                                + "batch, or raise -Dtessella.memory.budget"), e.getMessage());
                        failed.merge(training.phase, 1, Integer::sum);
                        assertEquals(inUse, Memory.inUse());
                        assertFalse(Tape.isRecording());
                        assertEquals(1, training.optimizer.steps());
                        assertSame(before, training.values(), "part " + part);
                    }
                }
                assertTrue(failed.getOrDefault(Phase.FORWARD, 0) > 5 && failed.getOrDefault(Phase.BACKWARD, 0) > 1
                        && failed.size() == 2, failed.toString());
                Memory.budget(budget);
                training.step(2, phase -> { });
                assertSame(expected, training.values(), "after the failures");
            }
        });
    }

    @Test
    void theOptimiserTakesNoMemory() {
        theOptimiserTakesNoMemory(UpdateRule.Adam.DEFAULT);
        theOptimiserTakesNoMemory(new UpdateRule.Sgd(0.9, UpdateRule.Momentum.NESTEROV, 0));
        theOptimiserTakesNoMemory(UpdateRule.Adafactor.bigVision());
        theOptimiserTakesNoMemory(UpdateRule.Adafactor.t5());
    }

    private void theOptimiserTakesNoMemory(UpdateRule rule) {
        onOneThread(() -> {
            Memory.budget(budget);
            List<float[]> expected;
            try (Training training = new Training(rule)) {
                training.step(0, phase -> { });
                expected = training.values();
            }
            try (Training training = new Training(rule)) {
                List<Long> inUse = new ArrayList<>();
                training.step(0, phase -> {
                    if (phase == Phase.OPTIMISER) {
                        Memory.trim();
                        Memory.budget(Memory.reserved());
                        Memory.resetPeak();
                    }
                    if (phase == Phase.OPTIMISER || phase == Phase.DONE) {
                        inUse.add(Memory.peak());
                    }
                });
                assertEquals(inUse.getFirst(), inUse.getLast());
                assertSame(expected, training.values(), "without a byte left");
            }
        });
    }

    @Test
    void anOptimiserWhoseMomentsDoNotFitTakesNone() {
        try (VisionTransformer model = VisionTransformer.initialized(CONFIG, DType.F32, 3)) {
            Memory.trim();
            Memory.budget(Memory.reserved() + 1);
            long inUse = Memory.inUse();
            assertThrows(OutOfBudgetException.class, () -> new Optimizer(model.parameters(),
                    settings(UpdateRule.Adam.DEFAULT)).close());
            assertEquals(inUse, Memory.inUse());
        }
    }
}
