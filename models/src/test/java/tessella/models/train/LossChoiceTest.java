package tessella.models.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import tessella.autodiff.Reductions;
import tessella.autodiff.Tape;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.models.data.Augmentation;
import tessella.models.data.Batch;
import tessella.models.data.CutMix;
import tessella.models.data.DataSplits;
import tessella.models.data.ImageSet;
import tessella.models.vit.VisionTransformer;
import tessella.models.vit.VitConfig;
import tessella.reference.TopKOracle;

class LossChoiceTest {
    private static final VitConfig MODEL = VitConfig.preset("vit-tiny");

    /** f(x) less the value of the best selection with the label in it; the gradient is the difference of the two. */
    @Property(tries = 100, edgeCases = EdgeCasesMode.NONE)
    void theTopKLossAndItsGradientAreThoseOfTheOracle(@ForAll @IntRange(min = 1, max = 4) int rows,
            @ForAll @IntRange(min = 3, max = 12) int classes, @ForAll @DoubleRange(min = 0.05, max = 3) double lambda, @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int k = 1 + random.nextInt(classes - 1);
        float[] logits = new float[rows * classes];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) (2 * random.nextGaussian());
        }
        int[] labels = new int[rows];
        Arrays.setAll(labels, _ -> random.nextInt(classes));
        try (Tape tape = Tape.record()) {
            Tensor x = tape.watch(Tensor.of(Scope.current(), Shape.of(rows, classes), logits));
            Batch batch = new Batch(new float[rows], new float[rows * classes], labels, new int[rows], 1, 1, 1);
            Tensor losses = new LossChoice.TopK(k, lambda).losses(Objective.ONE_CLASS, x, batch, 0);
            assertEquals(Shape.of(rows), losses.shape());
            float[] found = losses.toFloats();
            float[] gradient = tape.gradients(Reductions.sum(losses)).of(x).toFloats();
            for (int row = 0; row < rows; row++) {
                double[] z = new double[classes];
                for (int c = 0; c < classes; c++) {
                    z[c] = logits[row * classes + c];
                }
                double[] y = TopKOracle.mask(z, k, lambda, 2);
                double[] u = withLabel(z, labels[row], k, lambda);
                assertEquals(TopKOracle.value(z, y, lambda, 2) - TopKOracle.value(z, u, lambda, 2), found[row], 1e-4);
                for (int c = 0; c < classes; c++) {
                    assertEquals(y[c] - u[c], gradient[row * classes + c], 1e-4, "row " + row + ", class " + c);
                }
            }
        }
        assertEquals(0, Memory.inUse());
    }

    /** The best selection that has the label whole: k - 1 of the others. */
    private static double[] withLabel(double[] z, int label, int k, double lambda) {
        double[] others = new double[z.length - 1];
        for (int c = 0; c < others.length; c++) {
            others[c] = z[c < label ? c : c + 1];
        }
        double[] mask = k == 1 ? new double[others.length] : TopKOracle.mask(others, k - 1, lambda, 2);
        double[] u = new double[z.length];
        for (int c = 0; c < z.length; c++) {
            u[c] = c == label ? 1 : mask[c < label ? c : c - 1];
        }
        return u;
    }

    /** What a run told. */
    private record Run(List<Double> losses, List<Trainer.EpochEnd> epochs, Evaluation after, double topKAfter) {}

    private static Run run(TrainConfig config) throws IOException {
        DataSplits data = ShortRun.data();
        List<Double> losses = new ArrayList<>();
        List<Trainer.EpochEnd> epochs = new ArrayList<>();
        try (VisionTransformer model = VisionTransformer.initialized(MODEL, DType.F32, 1);
                Trainer trainer = new Trainer(model, data, ShortRun.preprocessing(data), Augmentation.NONE, config)) {
            trainer.run(new Trainer.Listener() {
                @Override
                public void step(Trainer.Step step) {
                    losses.add(step.loss());
                }

                @Override
                public void epoch(Trainer.EpochEnd epoch) {
                    epochs.add(epoch);
                }
            });
            return new Run(losses, epochs, Evaluation.of(model, data.validation(), ShortRun.preprocessing(data), 20),
                    Evaluation.of(model, data.validation(), ShortRun.preprocessing(data), 20, config.loss()).loss());
        }
    }

    @Test
    void trainingLowersTheTopKLossWhichIsToldWhileItTrains() throws IOException {
        TrainConfig config = ShortRun.unsmoothed(6, 2e-3, 1).by(new LossChoice.TopK(3, 1));
        Run run = run(config);
        // ten equal logits: y = 3/10 each, u = 1 and 2/9 each: R(u) - R(y) = (1 + 4/9 - 9/10) / 2
        assertEquals((1 + 4.0 / 9 - 0.9) / 2, run.losses().getFirst(), 1e-6);
        assertTrue(run.epochs().getLast().trainLoss() < 0.6 * run.epochs().getFirst().trainLoss(), run.epochs().toString());
        assertEquals(run.topKAfter(), run.epochs().getLast().validation().loss(), "validation, by the same loss");
        assertTrue(run.after().loss() > 2 * run.topKAfter(), "measured by cross-entropy otherwise");
        assertTrue(run.epochs().getLast().validation().accuracy() > run.epochs().getFirst().validation().accuracy());
        assertEquals(0, Memory.inUse());
    }

    @Test
    void crossEntropyIsTheDefaultAndChangesNoBit() throws IOException {
        TrainConfig config = ShortRun.config(1, 2e-3, 1);
        assertEquals(new LossChoice.CrossEntropy(), config.loss());
        assertEquals(run(config).losses(), run(config.by(new LossChoice.CrossEntropy())).losses());
    }

    @Test
    void whatATopKLossDoesNotTakeIsRefusedBeforeAnyWork() throws IOException {
        LossChoice three = new LossChoice.TopK(3, 1);
        refused("train: expected a top-k loss without label smoothing and mixed pictures, found a label smoothing of 0.1 and no mixing; set the "
                + "label smoothing to 0 and leave mixup and cutmix out", () -> ShortRun.config(1, 1e-3, 1).by(three));
        refused("train: expected a top-k loss without label smoothing and mixed pictures, found a label smoothing of 0.0 and CutMix[alpha=1.0]; "
                + "set the label smoothing to 0 and leave mixup and cutmix out",
                () -> ShortRun.unsmoothed(1, 1e-3, 1).by(three).mixing(new CutMix(1)));
        String range = "train: expected a top-k loss of k of at least 1 and a finite positive lambda, found ";
        refused(range + "0 and 1.0", () -> new LossChoice.TopK(0, 1));
        refused(range + "1 and 0.0", () -> new LossChoice.TopK(1, 0));
        refused(range + "1 and NaN", () -> new LossChoice.TopK(1, Double.NaN));
        refused(range + "1 and Infinity", () -> new LossChoice.TopK(1, Double.POSITIVE_INFINITY));
        refused("train: expected pictures of one class of more than 3 for a top-k loss of k = 3, found several with any number of classes a "
                + "picture; use cross-entropy", () -> three.check(ImageSet.ofMany("several", 1, 1, 1, new byte[1], List.of(List.of(0)),
                        List.of("a", "b", "c", "d"), "")));
        DataSplits data = ShortRun.data();
        try (VisionTransformer model = VisionTransformer.initialized(MODEL, DType.F32, 1)) {
            long before = Memory.inUse();
            String message = assertThrows(IllegalArgumentException.class, () -> new Trainer(model, data, ShortRun.preprocessing(data),
                    Augmentation.NONE, ShortRun.unsmoothed(1, 1e-3, 1).by(new LossChoice.TopK(10, 1)))).getMessage();
            assertTrue(message.endsWith("with 10 classes; choose a smaller k"), message);
            assertEquals(before, Memory.inUse());
        }
        assertEquals(0, Memory.inUse());
    }

    private static void refused(String sentence, Executable action) {
        assertEquals(sentence, assertThrows(IllegalArgumentException.class, action).getMessage());
    }
}
