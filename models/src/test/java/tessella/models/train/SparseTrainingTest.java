package tessella.models.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tessella.autodiff.Elementwise;
import tessella.autodiff.Gradients;
import tessella.autodiff.Parameter;
import tessella.autodiff.Reductions;
import tessella.autodiff.Tape;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.engine.Random;
import tessella.engine.Scope;
import tessella.engine.Workers;
import tessella.models.data.Batch;
import tessella.models.data.Batches;
import tessella.models.data.DataSplits;
import tessella.models.data.RandomSource;
import tessella.models.data.ShippedData;
import tessella.models.moe.Balance;
import tessella.models.moe.Capacity;
import tessella.models.moe.ExpertsChoice;
import tessella.models.moe.Placement;
import tessella.models.moe.Priority;
import tessella.models.moe.SparseMoeConfig;
import tessella.models.moe.TokensChoice;
import tessella.models.nn.QkNorm;
import tessella.models.nn.TrainingPass;
import tessella.models.vit.Activations;
import tessella.models.vit.Head;
import tessella.models.vit.Position;
import tessella.models.vit.VisionTransformer;
import tessella.models.vit.VitConfig;

/** Training with sparse mixtures: their losses and their noise. */
class SparseTrainingTest {
    private static final VitConfig DENSE = new VitConfig(28, 28, 1, 7, 16, 4, 32, 2, 10, Position.SINCOS_2D, Head.GAP,
            QkNorm.LAYER_NORM, 0, null);
    /** Losses large enough to be seen beside that of the results. */
    private static final VitConfig TOKENS = DENSE.withMoe(new SparseMoeConfig(4, 2, Placement.ODD, 3, 1,
            new TokensChoice(2, new Capacity.Factor(1.05, Capacity.Rounding.UP, 4), Priority.LARGEST_GATE, new Balance(0.5, 0.5, 0.1, 0.01))));
    private static final VitConfig EXPERTS = DENSE.withMoe(new SparseMoeConfig(4, 2, Placement.LAST, 1, 1,
            new ExpertsChoice(new Capacity.Factor(1, Capacity.Rounding.HALF_EVEN, 1))));
    private static DataSplits data;

    @TempDir
    private Path folder;

    @BeforeAll
    static void read() throws IOException {
        data = ShortRun.data();
    }

    @AfterEach
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    private static Trainer trainer(VisionTransformer model, TrainConfig config) {
        return new Trainer(model, data, ShortRun.preprocessing(data), ShippedData.FASHION_MNIST.augmentation(), config);
    }

    /** Follows a run for so many steps of one epoch. */
    private static final class Log implements Trainer.Listener {
        private final List<Trainer.Step> steps = new ArrayList<>();
        private final int last;

        Log(int last) {
            this.last = last;
        }

        @Override
        public void step(Trainer.Step step) {
            steps.add(step);
        }

        @Override
        public void epoch(Trainer.EpochEnd epoch) {}

        @Override
        public boolean wantsToStop() {
            return steps.size() >= last;
        }
    }

    /** The first batch of a run, in the order and with the augmentation of the trainer. */
    private static List<Batch> firstBatch(TrainConfig config) {
        int[] order = Random.of(config.seed(), "shuffle").at(1, 0).permutation(data.train().size());
        Random augment = Random.of(config.seed(), "augment");
        Batches batches = Batches.of(data.train(), ShortRun.preprocessing(data), config.batch() / config.parts(), Batches.Remainder.DROP);
        List<Batch> made = new ArrayList<>();
        for (Batch batch : batches.epoch(Arrays.copyOf(order, config.batch()), ShippedData.FASHION_MNIST.augmentation(),
                index -> RandomSource.of(augment.at(1, index)))) {
            made.add(batch);
        }
        return made;
    }

    @ParameterizedTest
    @CsvSource({"1, KEPT", "2, KEPT", "4, KEPT", "2, RECOMPUTED"})
    void theLossOfAStepHasTheBalanceLossesOfEachPart(int parts, Activations activations) {
        TrainConfig config = new TrainConfig(1, 16, 0, 0, 0, 0.1, 0.9, Double.POSITIVE_INFINITY, 5).inParts(parts).holding(activations);
        try (VisionTransformer model = model(TOKENS)) {
            double results = 0;
            double balance = 0;
            double squares = 0;
            try (Tape tape = Tape.record()) {
                Tensor sum = null;
                int first = 0;
                for (Batch batch : firstBatch(config)) {
                    TrainingPass pass = new TrainingPass(config.seed(), 0, first);
                    Tensor logits = model.logits(Evaluation.images(Scope.current(), batch), Activations.KEPT, pass);
                    Tensor main = Reductions.mean(Objective.ONE_CLASS.losses(logits, batch, 0.1));
                    Tensor added = pass.loss().orElseThrow();
                    results += main.item() / parts;
                    balance += added.item() / parts;
                    Tensor part = Elementwise.scale(Elementwise.add(main, added), 1.0 / parts);
                    sum = sum == null ? part : Elementwise.add(sum, part);
                    first += batch.size();
                }
                Gradients gradients = tape.gradients(sum);
                for (Parameter parameter : model.parameters().all()) {
                    NdArray g = gradients.of(parameter);
                    squares += Arrays.stream(g.toDoubles()).map(v -> v * v).sum();
                }
            }
            assertTrue(balance > 0.01, "balance losses of " + balance);
            Log log = new Log(1);
            try (Trainer trainer = trainer(model, config)) {
                trainer.run(log);
            }
            Trainer.Step step = log.steps.getFirst();
            assertEquals(results + balance, step.loss(), 1e-5);
            assertEquals(Math.sqrt(squares), step.gradientNorm(), 1e-4 * Math.sqrt(squares));
        }
    }

    /** A model whose classifier passes something back. */
    private static VisionTransformer model(VitConfig config) {
        VisionTransformer model = VisionTransformer.initialized(config, DType.F32, 3);
        double[] head = new double[(int) model.parameters().get("head.kernel").shape().size()];
        Arrays.setAll(head, i -> 0.3 * Math.sin(i));
        model.parameters().get("head.kernel").value().copyFrom(head);
        return model;
    }

    private static List<float[]> values(VisionTransformer model) {
        return model.parameters().all().stream().map(parameter -> parameter.value().toFloats()).toList();
    }

    private static List<float[]> trained(VitConfig config, TrainConfig training, int threads, List<Trainer.Step> steps) {
        try (Workers team = Workers.of(threads); VisionTransformer model = model(config)) {
            Log log = new Log(4);
            Workers.with(team, () -> {
                try (Trainer trainer = trainer(model, training)) {
                    trainer.run(log);
                }
            });
            steps.addAll(log.steps);
            return values(model);
        }
    }

    private static void assertSame(List<float[]> expected, List<float[]> found) {
        for (int i = 0; i < expected.size(); i++) {
            assertArrayEquals(expected.get(i), found.get(i));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tokens", "experts"})
    void threadsAndRecomputingDoNotChangeABit(String kind) {
        VitConfig config = kind.equals("tokens") ? TOKENS : EXPERTS;
        TrainConfig training = ShortRun.config(1, 2e-3, 1).inParts(2);
        List<Trainer.Step> steps = new ArrayList<>();
        List<float[]> alone = trained(config, training, 1, steps);
        assertEquals(4, steps.size());
        for (int threads : new int[] {2, 3}) {
            List<Trainer.Step> others = new ArrayList<>();
            assertSame(alone, trained(config, training, threads, others));
            assertEquals(steps, others);
        }
        List<Trainer.Step> recomputed = new ArrayList<>();
        assertSame(alone, trained(config, training.holding(Activations.RECOMPUTED), 2, recomputed));
        assertEquals(steps, recomputed);
    }

    @Test
    void aRunThatWasSavedGoesOnWithTheNoiseOfItsStep() throws IOException {
        TrainConfig training = ShortRun.config(1, 2e-3, 1);
        Path state = folder.resolve("state.safetensors");
        List<float[]> whole = trained(TOKENS, training, 2, new ArrayList<>());
        try (VisionTransformer model = model(TOKENS); Trainer trainer = trainer(model, training)) {
            trainer.run(new Log(2));
            trainer.save(state, Map.of());
        }
        try (VisionTransformer model = VisionTransformer.empty(TOKENS, DType.F32); Trainer trainer = trainer(model, training)) {
            trainer.restore(state);
            trainer.run(new Log(2));
            assertSame(whole, values(model));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"v-moe-tiny", "experts-choice-tiny"})
    void aPresetLearnsAndItsCheckpointIsReadBack(String preset) throws IOException {
        Path file = folder.resolve("checkpoint.safetensors");
        TrainConfig training = ShortRun.config(4, 2e-3, 1);
        try (Checkpoint checkpoint = new Checkpoint(VisionTransformer.initialized(VitConfig.preset(preset), DType.F32, 1),
                ShortRun.preprocessing(data), data.classNames(), Map.of())) {
            Log log = new Log(Integer.MAX_VALUE);
            try (Trainer trainer = trainer(checkpoint.model(), training)) {
                trainer.run(log);
            }
            double before = log.steps.subList(0, 3).stream().mapToDouble(Trainer.Step::loss).average().orElseThrow();
            double after = log.steps.subList(17, 20).stream().mapToDouble(Trainer.Step::loss).average().orElseThrow();
            assertTrue(after < before - 0.2, before + " to " + after);
            checkpoint.save(file);
            try (Checkpoint loaded = Checkpoint.load(file)) {
                assertEquals(VitConfig.preset(preset), loaded.model().config());
                assertSame(values(checkpoint.model()), values(loaded.model()));
                Evaluation expected = Evaluation.of(checkpoint.model(), data.test(), checkpoint.preprocessing(), 20);
                assertEquals(expected.loss(), Evaluation.of(loaded.model(), data.test(), loaded.preprocessing(), 20).loss());
            }
        }
    }

    @Test
    void ofExpertsThatChooseNothingIsAddedToTheLoss() {
        TrainingPass pass = new TrainingPass(1, 0, 0);
        try (VisionTransformer model = model(EXPERTS); Tape _ = Tape.record()) {
            Batch batch = firstBatch(new TrainConfig(1, 4, 0, 0, 0, 0, 0.9, 1, 1)).getFirst();
            model.logits(Evaluation.images(Scope.current(), batch), Activations.KEPT, pass);
            assertTrue(pass.loss().isEmpty());
        }
    }
}
