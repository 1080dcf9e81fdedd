package tessella.bench.peers;

import java.util.Arrays;
import java.util.function.Consumer;
import tessella.autodiff.Losses;
import tessella.autodiff.Reductions;
import tessella.autodiff.Shapes;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.UpdateRule;
import tessella.models.train.Clip;
import tessella.models.train.Optimizer;
import tessella.models.train.Parts;
import tessella.models.train.WeightDecay;
import tessella.models.vit.Activations;
import tessella.models.vit.VisionTransformer;

/** Training steps, each as {@link tessella.models.train.Trainer} takes it. */
final class StepBody implements TessellaRun.Body {
    static final double RATE = 1e-3;
    static final double DECAY = 0.05;

    private final Work.Step work;
    private final Tensor[] images; // of each part
    private final int[][] labels;
    private final Training training;

    StepBody(Work.Step work, Scope scope) {
        this.work = work;
        int each = work.batch() / work.parts();
        Tensor all = TessellaPeer.images(scope, Models.config(work.preset()), work.batch());
        int[] allLabels = TessellaPeer.labels(work.batch(), Models.config(work.preset()).classes());
        images = new Tensor[work.parts()];
        labels = new int[work.parts()][];
        for (int i = 0; i < work.parts(); i++) {
            images[i] = Shapes.slice(all, 0, i * each, (i + 1) * each);
            labels[i] = Arrays.copyOfRange(allLabels, i * each, (i + 1) * each);
        }
        training = Training.of(work.preset());
    }

    /** A model that is trained. */
    private record Training(VisionTransformer model, Optimizer optimizer) implements AutoCloseable {
        static Training of(String preset) {
            VisionTransformer model = VisionTransformer.initialized(Models.config(preset), DType.F32, 1);
            return new Training(model, new Optimizer(model.parameters(), new Optimizer.Settings(UpdateRule.Adam.DEFAULT,
                    new Clip.None(), WeightDecay.softMoe(DECAY, DECAY))));
        }

        double step(Tensor[] images, int[][] labels) {
            double[] losses = new double[images.length];
            try (Scope shared = Scope.shared()) {
                optimizer.step(new Parts(images.length, model.parameters().count()).gradients(shared, part -> {
                    Tensor logits = model.logits(images[part], Activations.KEPT);
                    Tensor loss = Reductions.mean(Losses.softmaxCrossEntropy(logits, labels[part], 0)).keep();
                    losses[part] = loss.item();
                    return loss;
                }), RATE);
            }
            return Arrays.stream(losses).sum() / losses.length;
        }

        @Override
        public void close() {
            optimizer.close();
            model.close();
        }
    }

    @Override
    public void compute(Consumer<NdArray> results) {
        training.step(images, labels);
    }

    @Override
    public float[] result() {
        float[] losses = new float[Work.Step.STEPS];
        try (Training fresh = Training.of(work.preset())) {
            for (int i = 0; i < losses.length; i++) {
                losses[i] = (float) fresh.step(images, labels);
            }
        }
        return losses;
    }

    @Override
    public void close() {
        training.close();
    }
}
