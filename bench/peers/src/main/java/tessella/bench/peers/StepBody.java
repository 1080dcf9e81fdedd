package tessella.bench.peers;

import java.util.function.Consumer;
import tessella.autodiff.Losses;
import tessella.autodiff.Reductions;
import tessella.autodiff.Tape;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.UpdateRule;
import tessella.models.train.Clip;
import tessella.models.train.Optimizer;
import tessella.models.train.WeightDecay;
import tessella.models.vit.Activations;
import tessella.models.vit.VisionTransformer;

/** Training steps, each as {@link tessella.models.train.Trainer} takes it. */
final class StepBody implements TessellaRun.Body {
    static final double RATE = 1e-3;
    static final double DECAY = 0.05;

    private final Work.Step work;
    private final Tensor images;
    private final int[] labels;
    private final Training training;

    StepBody(Work.Step work, Scope scope) {
        this.work = work;
        images = TessellaPeer.images(scope, Models.config(work.preset()), work.batch());
        labels = TessellaPeer.labels(work.batch(), Models.config(work.preset()).classes());
        training = Training.of(work.preset());
    }

    /** A model that is trained. */
    private record Training(VisionTransformer model, Optimizer optimizer) implements AutoCloseable {
        static Training of(String preset) {
            VisionTransformer model = VisionTransformer.initialized(Models.config(preset), DType.F32, 1);
            return new Training(model, new Optimizer(model.parameters(), new Optimizer.Settings(UpdateRule.Adam.DEFAULT,
                    new Clip.None(), WeightDecay.softMoe(DECAY, DECAY))));
        }

        double step(Tensor images, int[] labels) {
            try (Tape tape = Tape.record()) {
                Tensor logits = model.logits(images, Activations.KEPT);
                Tensor loss = Reductions.mean(Losses.softmaxCrossEntropy(logits, labels, 0)).keep();
                double value = loss.item();
                optimizer.step(tape.gradients(loss), RATE);
                return value;
            }
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
