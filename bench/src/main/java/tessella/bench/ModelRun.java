package tessella.bench;

import java.util.Arrays;
import tessella.autodiff.Gradients;
import tessella.autodiff.Losses;
import tessella.autodiff.Parameter;
import tessella.autodiff.Reductions;
import tessella.autodiff.Tape;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Random;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.UpdateRule;
import tessella.models.nn.Initializer;
import tessella.models.nn.QkNorm;
import tessella.models.softmoe.SoftMoeConfig;
import tessella.models.train.ByName;
import tessella.models.train.Clip;
import tessella.models.train.Optimizer;
import tessella.models.vit.Head;
import tessella.models.vit.Position;
import tessella.models.vit.VisionTransformer;
import tessella.models.vit.VitConfig;

/** A model with its optimiser, a batch of pictures of normal numbers, and their labels. */
final class ModelRun implements AutoCloseable {
    /** So low that thousands of steps do not change what is computed. */
    private static final double RATE = 1e-6;
    /** Streams of four bytes that AdamW moves for each parameter, its norm included. */
    private static final int ADAM = 8;
    /** Two blocks of width 8, the second with a mixture: overhead, and what a reference can compute. */
    private static final VitConfig SMALLEST = new VitConfig(8, 8, 1, 4, 8, 2, 12, 2, 3, Position.SINCOS_2D, Head.GAP,
            QkNorm.LAYER_NORM, 0, new SoftMoeConfig(2, 2, 1));

    final VitConfig config;
    final VisionTransformer model;
    final Optimizer optimizer;
    final Tensor images;
    final int[] labels;

    /** The loss of a step and the gradients that led to it. */
    record Step(Tensor loss, Gradients gradients) {}

    /**
     * Reads "preset/batch" such as "vit-b16/8"; the preset "smallest" is the one of tests.
     *
     * @throws IllegalArgumentException if the text is not of this form, or there is no such preset
     */
    static ModelRun of(String text, Scope scope) {
        VitConfig config = config(text);
        return new ModelRun(config, batch(text), scope);
    }

    /** The configuration in such a text; errors as for {@link #of}. */
    static VitConfig config(String text) {
        if (!text.matches("[^/]+/[1-9][0-9]{0,5}")) {
            throw new IllegalArgumentException("model: expected a preset and a batch such as vit-b16/8, found \"" + text + "\"");
        }
        String preset = text.substring(0, text.indexOf('/'));
        return preset.equals("smallest") ? SMALLEST : VitConfig.preset(preset);
    }

    /** The batch in a text that {@link #config} has read. */
    static int batch(String text) {
        return Integer.parseInt(text.substring(text.indexOf('/') + 1));
    }

    private ModelRun(VitConfig config, int batch, Scope scope) {
        this.config = config;
        model = VisionTransformer.initialized(config, DType.F32, 1);
        // a classifier starts at 0, and would pass nothing back
        Initializer.normal(0.1).fill(model.parameters().get("head.kernel").value(), Random.of(1, "head"));
        optimizer = new Optimizer(model.parameters(), new Optimizer.Settings(UpdateRule.Adam.DEFAULT, new Clip.GlobalNorm(1),
                ByName.all(0.1)));
        NdArray pixels = NdArray.empty(scope, DType.F32, Shape.of(batch, config.height(), config.width(), config.channels()));
        Initializer.normal(1).fill(pixels, Random.of(1, "images"));
        images = Tensor.of(pixels);
        labels = new int[batch];
        Arrays.setAll(labels, i -> i % config.classes());
    }

    NdArray logits() {
        return model.logits(images).value();
    }

    /** Forward, backward, and a step of AdamW. */
    Step step(Tape tape, Tensor pictures, int[] classes) {
        Tensor loss = Reductions.mean(Losses.softmaxCrossEntropy(model.logits(pictures), classes, 0)).keep();
        Gradients gradients = tape.gradients(loss);
        optimizer.step(gradients, RATE);
        return new Step(loss, gradients);
    }

    /** As many steps on the first picture alone. */
    void steps(int count) {
        Tensor first = Tensor.of(images.value().slice(0, 0, 1));
        for (int i = 0; i < count; i++) {
            try (Tape tape = Tape.record()) {
                step(tape, first, Arrays.copyOf(labels, 1));
            }
        }
    }

    /** Matrix products only; the parameters, pictures and results once. */
    Cost forwardCost() {
        return new Cost(2.0 * config.multiplyAdds() * labels.length, 4.0 * (model.parameters().count() + images.shape().size()
                + (double) labels.length * config.classes()));
    }

    /** Three times the products of the forward pass; the parameters twice, and what AdamW moves. */
    Cost stepCost() {
        Cost forward = forwardCost();
        return new Cost(3 * forward.flop(), 4.0 * (2 + ADAM) * model.parameters().count() + 4.0 * images.shape().size());
    }

    Parameter parameter(String name) {
        return model.parameters().get(name);
    }

    @Override
    public void close() {
        optimizer.close();
        model.close();
    }
}
