package tessella.models.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tessella.autodiff.Parameter;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.engine.Random;
import tessella.engine.Workers;
import tessella.models.data.Augmentation;
import tessella.models.data.ShippedData;
import tessella.models.data.DataSplits;
import tessella.models.data.Preprocessing;
import tessella.models.nn.Initializer;
import tessella.models.vit.VisionTransformer;

/** Training on real pictures: bits that only the arguments decide, and runs that end early. */
class TrainerTest {
    private static DataSplits data;

    @TempDir
    private Path folder;

    @BeforeAll
    static void load() throws IOException {
        data = ShortRun.data();
    }

    @AfterEach
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
        Memory.trim();
        // a worker gives its scratch back a moment after the operator has ended
        for (long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20); Memory.reserved() > 0 && System.nanoTime() < end;) {
            Thread.yield();
            Memory.trim();
        }
        assertEquals(0, Memory.reserved());
    }

    @Test
    void anyNumberOfThreadsGivesTheSameBits() throws IOException {
        ShortRun.Result alone = ShortRun.run(1, 1, folder);
        assertEquals(20, alone.losses().size());
        for (int threads : new int[] {1, 2, 3, 8}) {
            assertEquals(alone, ShortRun.run(threads, 1, folder), threads + " threads");
        }
        ShortRun.Result other = ShortRun.run(2, 2, folder);
        assertNotEquals(alone.checkpoint(), other.checkpoint());
        assertNotEquals(alone.losses(), other.losses());
    }

    /** The JIT compiler must not change a bit: all steps of the child are among its first, those here are not. */
    @Test
    void aFreshVirtualMachineGivesTheSameBitsAsAWarmOne() throws Exception {
        ShortRun.run(2, 3, folder);
        String warm = ShortRun.run(2, 1, folder).text();
        Process child = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules", "jdk.incubator.vector", "-Dtessella.home=" + System.getProperty("tessella.home"),
                "-cp", System.getProperty("java.class.path"), ShortRun.class.getName(), folder.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        child.getOutputStream().close();
        String cold = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, child.waitFor());
        assertEquals(warm, cold);
    }

    @Test
    void tellsEveryStepAndEpoch() {
        List<Trainer.Step> steps = new ArrayList<>();
        List<Trainer.EpochEnd> epochs = new ArrayList<>();
        try (VisionTransformer model = model()) {
            train(model, 1e-3, new Trainer.Listener() {
                @Override
                public void step(Trainer.Step step) {
                    steps.add(step);
                }

                @Override
                public void epoch(Trainer.EpochEnd epoch) {
                    epochs.add(epoch);
                }
            });
        }
        assertEquals(10, steps.size());
        for (int i = 0; i < 10; i++) {
            Trainer.Step step = steps.get(i);
            assertEquals(1 + i / 5, step.epoch());
            assertEquals(i + 1, step.step());
            assertEquals(10, step.steps());
            assertEquals(32L * (i + 1), step.images());
            assertEquals(Schedule.warmupCosine(1e-3, 2, 10).at(i), step.learningRate());
            assertTrue(step.gradientNorm() > 0 && Double.isFinite(step.gradientNorm()));
        }
        assertEquals(Math.log(10), steps.getFirst().loss(), 1e-6, "the classifier starts at 0");
        assertTrue(steps.getLast().loss() < steps.getFirst().loss());
        assertEquals(List.of(1, 2), epochs.stream().map(Trainer.EpochEnd::epoch).toList());
        assertEquals(List.of(5L, 10L), epochs.stream().map(Trainer.EpochEnd::step).toList());
        assertEquals(steps.subList(5, 10).stream().mapToDouble(Trainer.Step::loss).average().orElseThrow(),
                epochs.getLast().trainLoss(), 1e-12);
        assertEquals(50, epochs.getLast().validation().predictions().length);
    }

    @Test
    void afterAFewStepsTheMemoryOfAStepIsReused() {
        long[] reserved = new long[11];
        try (VisionTransformer model = model()) {
            Workers.with(Workers.of(1), () -> train(model, 1e-3, (StepListener) step ->
                    reserved[(int) step.step()] = Memory.reserved()));
        }
        for (int step = 3; step <= 5; step++) { // the evaluation after step 5 has batches of its own
            assertEquals(reserved[2], reserved[step], "step " + step);
        }
        for (int step = 7; step <= 10; step++) {
            assertEquals(reserved[6], reserved[step], "step " + step);
        }
    }

    @Test
    void aLossOrAGradientThatIsNoNumberEndsTheRunBeforeItsStep() {
        for (double learningRate : new double[] {1e4, 1e36}) {
            List<Map<String, float[]>> after = new ArrayList<>();
            try (VisionTransformer model = model()) {
                after.add(values(model));
                String message = assertThrows(TrainingException.class, () -> Trainer.train(model, data,
                        ShortRun.preprocessing(data), Augmentation.NONE, ShortRun.exploding(learningRate),
                        (StepListener) step -> after.add(values(model)))).getMessage();
                int failed = after.size();
                assertTrue(failed > 1, "the first step has the finite loss of the initial model");
                assertTrue(message.matches("train: the (loss|norm of the gradients) is (NaN|Infinity) at step " + failed
                        + " of epoch 1, first not finite is (the (value|gradient|parameter) (of )?[a-z0-9_.]+|the logits|the loss itself|the sum of "
                        + "their squares); nothing of this step was kept, lower the learning rate"),
                        message);
                assertSameAndFinite(after.getLast(), model);
            }
        }
    }

    @Test
    void inputsThatAreNoNumbersLeaveTheModelAsItWas() {
        try (VisionTransformer model = model()) {
            Map<String, float[]> before = values(model);
            Preprocessing infinite = new Preprocessing(28, 28, 1, List.of(0.5), List.of(1e-300));
            String message = assertThrows(TrainingException.class, () -> Trainer.train(model, data, infinite,
                    Augmentation.NONE, ShortRun.config(1, 1e-3, 1), (StepListener) step -> { })).getMessage();
            assertTrue(message.contains(" at step 1 of epoch 1, first not finite is the batch of pictures;"), message);
            assertSameAndFinite(before, model);
        }
    }

    @Test
    void aFrozenParameterDoesNotMove() {
        try (VisionTransformer model = model()) {
            for (String name : List.of("embedding.kernel", "blocks.0.attention.query.kernel", "blocks.3.moe.experts.in.kernel",
                    "blocks.3.moe.router.phi", "norm.scale")) {
                model.parameters().get(name).freeze();
            }
            Map<String, float[]> before = values(model);
            train(model, 1e-3, (StepListener) step -> { });
            for (Parameter parameter : model.parameters().all()) {
                float[] now = parameter.value().toFloats();
                if (parameter.isFrozen()) {
                    assertArrayEquals(before.get(parameter.name()), now, parameter.name());
                } else {
                    assertFalse(Arrays.equals(before.get(parameter.name()), now), parameter.name());
                }
            }
        }
    }

    @Test
    void everyRuleAndScheduleTrains() {
        for (RuleChoice rule : RuleChoice.values()) {
            for (ScheduleChoice schedule : ScheduleChoice.values()) {
                if (rule != RuleChoice.ADAMW && schedule != ScheduleChoice.COSINE) {
                    continue; // each alone: they do not know of one another
                }
                double rate = rule == RuleChoice.SGD ? 0.05 : 2e-3;
                List<Double> losses = new ArrayList<>();
                List<Double> rates = new ArrayList<>();
                try (VisionTransformer model = model()) {
                    Trainer.train(model, data, ShortRun.preprocessing(data), Augmentation.NONE,
                            new TrainConfig(4, 32, rate, 0.2, 0.05, 0.1, 0.999, 1, 1).with(rule, schedule), (StepListener) step -> {
                                losses.add(step.loss());
                                rates.add(step.learningRate());
                            });
                }
                String what = rule + " " + schedule + " " + losses;
                assertTrue(losses.getLast() < losses.getFirst() - 0.1, what);
                double at15 = switch (schedule) {
                    case COSINE -> 0.5 * (1 + Math.cos(Math.PI * 11 / 16));
                    case LINEAR -> 5 / 16.0;
                    case RSQRT -> 1 / Math.sqrt(1 + 11 / 4.0);
                    case CONSTANT -> 1;
                };
                assertEquals(rate * at15, rates.get(15), 1e-15, what);
                assertEquals(schedule == ScheduleChoice.CONSTANT ? rate : 0, rates.getFirst(), what);
            }
        }
    }

    @Test
    void anExceptionOfTheListenerEndsTheRun() {
        IllegalStateException stop = new IllegalStateException("enough");
        try (VisionTransformer model = model()) {
            assertSame(stop, assertThrows(IllegalStateException.class, () -> train(model, 1e-3, (StepListener) step -> {
                throw stop;
            })));
        }
    }

    /** At a rate of 0 the model stays, so that losses tell which pictures a batch has, and how they were changed. */
    @Test
    void everyEpochHasItsOwnOrderAndAugmentationOfTheSamePictures() {
        for (Augmentation augmentation : new Augmentation[] {Augmentation.NONE, Augmentation.flipsAndShifts(2)}) {
            List<Double> losses = new ArrayList<>();
            try (VisionTransformer model = VisionTransformer.initialized(ShortRun.MODEL, DType.F32, 1)) {
                NdArray head = model.parameters().get("head.kernel").value(); // starts at 0
                Initializer.normal(0.3).fill(head, Random.of(1, "head"));
                Trainer.train(model, data, ShortRun.preprocessing(data), augmentation, ShortRun.config(2, 0, 1),
                        (StepListener) step -> losses.add(step.loss()));
            }
            double first = losses.stream().limit(5).mapToDouble(v -> v).sum();
            double second = losses.stream().skip(5).mapToDouble(v -> v).sum();
            assertEquals(10, losses.size());
            assertNotEquals(losses.subList(0, 5), losses.subList(5, 10), "the same order");
            assertEquals(augmentation == Augmentation.NONE, Math.abs(first - second) < 1e-4 * first, "the same changes");
        }
    }

    @Test
    void fewerPicturesThanABatchAreRefused() {
        try (VisionTransformer model = model()) {
            assertEquals("train: expected at least one batch of 32 pictures, found 31 training pictures; use a smaller batch",
                    assertThrows(IllegalArgumentException.class, () -> Trainer.train(model, data.limitTraining(31),
                            ShortRun.preprocessing(data), Augmentation.NONE, ShortRun.config(1, 1e-3, 1),
                            (StepListener) step -> { })).getMessage());
        }
    }

    /** Sees steps only. */
    @FunctionalInterface
    private interface StepListener extends Trainer.Listener {
        @Override
        default void epoch(Trainer.EpochEnd epoch) { }
    }

    private static VisionTransformer model() {
        return VisionTransformer.initialized(ShortRun.MODEL, DType.F32, 1);
    }

    private static void train(VisionTransformer model, double learningRate, Trainer.Listener listener) {
        Trainer.train(model, data, ShortRun.preprocessing(data), ShippedData.FASHION_MNIST.augmentation(),
                ShortRun.config(2, learningRate, 1), listener);
    }

    private static Map<String, float[]> values(VisionTransformer model) {
        Map<String, float[]> values = new LinkedHashMap<>();
        model.parameters().all().forEach(parameter -> values.put(parameter.name(), parameter.value().toFloats()));
        return values;
    }

    private static void assertSameAndFinite(Map<String, float[]> expected, VisionTransformer model) {
        values(model).forEach((name, now) -> {
            assertArrayEquals(expected.get(name), now, name);
            for (float value : now) {
                assertTrue(Float.isFinite(value), name + ": " + value);
            }
        });
    }
}
