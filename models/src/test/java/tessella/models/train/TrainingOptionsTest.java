package tessella.models.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.models.data.Augmentation;
import tessella.models.data.CutMix;
import tessella.models.data.DataSplits;
import tessella.models.data.ImageSet;
import tessella.models.data.MixUp;
import tessella.models.vit.Activations;
import tessella.models.vit.VisionTransformer;
import tessella.models.vit.VitConfig;

/** What a training run may be asked for beside its rule and schedule. */
class TrainingOptionsTest {
    private static final VitConfig MODEL = VitConfig.preset("vit-tiny");
    private static final TrainConfig CONFIG = ShortRun.config(2, 2e-3, 1);
    private static DataSplits data;

    @BeforeAll
    static void load() throws IOException {
        data = ShortRun.data();
    }

    @AfterEach
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    /** What a run gave. */
    private record Run(List<Trainer.Step> steps, List<Double> validation, Map<String, float[]> values) {}

    private static Run run(TrainConfig config, DataSplits splits) {
        List<Trainer.Step> steps = new ArrayList<>();
        List<Double> validation = new ArrayList<>();
        Map<String, float[]> values = new LinkedHashMap<>();
        try (VisionTransformer model = VisionTransformer.initialized(MODEL, DType.F32, 1);
                Trainer trainer = new Trainer(model, splits, ShortRun.preprocessing(splits), Augmentation.NONE, config)) {
            trainer.run(new Trainer.Listener() {
                @Override
                public void step(Trainer.Step step) {
                    steps.add(step);
                }

                @Override
                public void epoch(Trainer.EpochEnd epoch) {
                    validation.add(epoch.validation().loss());
                }
            });
            trainer.finish();
            model.parameters().all().forEach(parameter -> values.put(parameter.name(), parameter.value().toFloats()));
        }
        return new Run(steps, validation, values);
    }

    @Test
    void aStepInPartsIsTheStepOfTheWholeBatch() {
        Run whole = run(CONFIG, data);
        Run parts = run(CONFIG.inParts(4), data);
        assertEquals(whole.steps().size(), parts.steps().size());
        for (int i = 0; i < whole.steps().size(); i++) {
            assertEquals(whole.steps().get(i).loss(), parts.steps().get(i).loss(), 2e-3, "step " + i);
            assertEquals(whole.steps().get(i).images(), parts.steps().get(i).images());
            assertEquals(whole.steps().get(i).gradientNorm(), parts.steps().get(i).gradientNorm(), 0.05, "step " + i);
        }
        // before the steps drift apart by rounding: the same to the last digits
        assertEquals(whole.steps().getFirst().gradientNorm(), parts.steps().getFirst().gradientNorm(), 1e-5);
    }

    @Test
    void activationsThatAreRecomputedChangeNoBit() {
        Run kept = run(CONFIG, data);
        Run recomputed = run(CONFIG.holding(Activations.RECOMPUTED), data);
        assertEquals(kept.steps(), recomputed.steps());
        kept.values().forEach((name, values) -> assertArrayEquals(values, recomputed.values().get(name), name));
    }

    @Test
    void frozenParametersStayAndTheOthersMove() {
        Map<String, float[]> before = new LinkedHashMap<>();
        try (VisionTransformer model = VisionTransformer.initialized(MODEL, DType.F32, 1)) {
            model.parameters().all().forEach(parameter -> before.put(parameter.name(), parameter.value().toFloats()));
        }
        Run run = run(CONFIG.freezing(List.of("blocks\\..*", "embedding.kernel")), data);
        run.values().forEach((name, values) -> assertEquals(name.startsWith("blocks.") || name.equals("embedding.kernel"),
                Arrays.equals(before.get(name), values), name));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> run(CONFIG.freezing(List.of("nothing.*")), data)).getMessage()
                .contains("expected a pattern that matches the whole name"));
    }

    /** The mean without bias of the values after each step, by the steps of a run without it. */
    @Test
    void theRunningMeanIsMeasuredAndKept() {
        Run plain = run(CONFIG, data);
        double decay = 0.8;
        Run averaged = run(CONFIG.averaged(decay), data);
        assertEquals(plain.steps(), averaged.steps(), "the mean does not change the steps");
        assertFalse(plain.validation().equals(averaged.validation()), "another model is measured");
        // the same run cut after each number of steps: values of each step
        double[] mean = new double[plain.values().get("head.bias").length];
        for (int steps = 1; steps <= plain.steps().size(); steps++) {
            float[] now = valuesAfter(steps).get("head.bias");
            for (int i = 0; i < mean.length; i++) {
                mean[i] = decay * mean[i] + (1 - decay) * now[i];
            }
        }
        float[] kept = averaged.values().get("head.bias");
        for (int i = 0; i < mean.length; i++) {
            assertEquals(mean[i] / (1 - Math.pow(decay, plain.steps().size())), kept[i], 1e-6);
        }
    }

    private static Map<String, float[]> valuesAfter(int steps) {
        Map<String, float[]> values = new LinkedHashMap<>();
        try (VisionTransformer model = VisionTransformer.initialized(MODEL, DType.F32, 1);
                Trainer trainer = new Trainer(model, data, ShortRun.preprocessing(data), Augmentation.NONE, CONFIG)) {
            trainer.run(new Trainer.Listener() {
                @Override
                public void step(Trainer.Step step) {
                    if (step.step() == steps) {
                        model.parameters().all().forEach(p -> values.put(p.name(), p.value().toFloats()));
                    }
                }

                @Override
                public void epoch(Trainer.EpochEnd epoch) { }
            });
        }
        return values;
    }

    @Test
    void picturesAreMixedAnotherWayInEachStepAndLearnedFrom() {
        Run plain = run(CONFIG, data);
        for (TrainConfig config : List.of(CONFIG.mixing(new MixUp(1)), CONFIG.mixing(new CutMix(1)))) {
            Run mixed = run(config, data);
            assertEquals(mixed.steps(), run(config, data).steps(), "equal arguments, equal bits");
            assertTrue(mixed.steps().getLast().loss() < mixed.steps().getFirst().loss());
            assertFalse(plain.steps().equals(mixed.steps()));
        }
        // at a rate of 0 the losses tell the mixing alone: no two epochs are mixed the same way
        Run still = run(ShortRun.config(1, 0, 1).mixing(new MixUp(1)), data);
        assertEquals(5, still.steps().stream().map(Trainer.Step::gradientNorm).distinct().count());
    }

    /** Pictures with two classes each: what they are, and whether it is footwear. */
    private static ImageSet twice(ImageSet set) {
        List<List<Integer>> classes = IntStream.range(0, set.size())
                .mapToObj(i -> List.of(set.label(i), List.of(5, 7, 9).contains(set.label(i)) ? 10 : 11)).toList();
        List<String> names = new ArrayList<>(set.classNames());
        names.addAll(List.of("footwear", "no footwear"));
        byte[] pixels = new byte[set.size() * 28 * 28];
        for (int i = 0; i < set.size(); i++) {
            System.arraycopy(set.picture(i).pixels(), 0, pixels, i * 28 * 28, 28 * 28);
        }
        return ImageSet.ofMany(set.name(), 28, 28, 1, pixels, classes, names, "");
    }

    @Test
    void picturesOfAnyNumberOfClassesAreLearnedByABinaryLossForEach() {
        DataSplits many = new DataSplits("many", twice(data.train()), twice(data.validation()), twice(data.test()));
        VitConfig config = MODEL.forImages(28, 28, 1, 4, 12);
        try (VisionTransformer model = VisionTransformer.initialized(config, DType.F32, 1);
                Trainer trainer = new Trainer(model, many, ShortRun.preprocessing(many), Augmentation.NONE,
                        new TrainConfig(8, 16, 2e-3, 0.1, 0.05, 0, 0.99, 1, 1))) {
            List<Double> losses = new ArrayList<>();
            trainer.run(new Trainer.Listener() {
                @Override
                public void step(Trainer.Step step) {
                    losses.add(step.loss());
                }

                @Override
                public void epoch(Trainer.EpochEnd epoch) { }
            });
            assertEquals(12 * Math.log(2), losses.getFirst(), 1e-5, "each class 1/2 at first");
            Evaluation test = Evaluation.of(model, many.test(), ShortRun.preprocessing(many), 20);
            int right = 0;
            for (int i = 0; i < many.test().size(); i++) {
                float[] p = test.probabilities()[i];
                right += (p[10] > 0.5f) == many.test().classes(i).contains(10) ? 1 : 0;
                assertTrue(many.test().classes(i).contains(test.predictions()[i]) || test.accuracy() < 1);
            }
            assertTrue(right >= 0.8 * many.test().size(), right + " of " + many.test().size());
            assertTrue(test.accuracy() >= 0.8, "precision at 1 " + test.accuracy());
        }
    }
}
