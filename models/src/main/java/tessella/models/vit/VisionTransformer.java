package tessella.models.vit;

import static tessella.autodiff.Elementwise.add;
import static tessella.autodiff.Elementwise.tanh;
import static tessella.autodiff.Patches.patchify;
import static tessella.autodiff.Reductions.mean;
import static tessella.autodiff.Shapes.broadcastTo;
import static tessella.autodiff.Shapes.concat;
import static tessella.autodiff.Shapes.reshape;
import static tessella.autodiff.Shapes.slice;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import tessella.autodiff.Tape;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.WarmUp;
import tessella.models.nn.Dense;
import tessella.models.nn.Initializer;
import tessella.models.nn.Norm;
import tessella.models.nn.Observer;
import tessella.models.nn.ParameterSpec;
import tessella.models.nn.Parameters;
import tessella.models.nn.TrainingPass;

/**
 * The vision transformer (Dosovitskiy et al., An Image is Worth 16x16 Words, ICLR 2021), with the MLP of some blocks
 * replaced by mixtures of experts if the configuration has them, its blocks sequential or parallel ({@link BlockForm}).
 *
 * <p>Loaded or initialised once, a model may be run by any number of threads at the same time; {@link #close} returns its
 * memory.
 */
public final class VisionTransformer implements AutoCloseable {
    private final VitConfig config;
    private final Parameters parameters;
    private final Dense embedding;
    private final Tensor cls;
    private final Tensor position;
    private final List<Block> blocks = new ArrayList<>();
    private final Norm norm;
    private final MapHead map;
    private final Dense representation; // null if the classifier reads the pooled tokens
    private final Dense head;
    private final Scope constants;

    /** A model of these parameters, which it then owns. */
    public VisionTransformer(VitConfig config, Parameters parameters) {
        this.config = config;
        this.parameters = parameters;
        embedding = new Dense(parameters, "embedding");
        cls = config.head() == Head.CLS ? parameters.get("cls").tensor() : null;
        constants = Scope.shared();
        position = config.position() == Position.LEARNED ? parameters.get("position").tensor()
                : sinCos(parameters.get("embedding.bias").value().dtype());
        for (int i = 0; i < config.depth(); i++) {
            blocks.add(new Block(parameters, config, i));
        }
        norm = config.form().norm(parameters, "norm");
        map = config.head() == Head.MAP ? new MapHead(parameters, config) : null;
        representation = config.representation() == 0 ? null : new Dense(parameters, "representation");
        head = new Dense(parameters, "head");
    }

    /** A model with initial parameters. */
    public static VisionTransformer initialized(VitConfig config, DType dtype, long seed) {
        return new VisionTransformer(config, Parameters.initialized(specs(config), dtype, seed));
    }

    /** A model whose parameters have memory but no values yet, to be loaded. */
    public static VisionTransformer empty(VitConfig config, DType dtype) {
        return new VisionTransformer(config, Parameters.empty(specs(config), dtype));
    }

    /** The parameters of a configuration, in order, without memory. */
    public static List<ParameterSpec> specs(VitConfig config) {
        long d = config.dim();
        long patch = (long) config.patch() * config.patch() * config.channels();
        List<ParameterSpec> specs = new ArrayList<>(Dense.specs("embedding", patch, d, Initializer.lecunNormal(patch),
                Initializer.constant(0)));
        if (config.head() == Head.CLS) {
            specs.add(new ParameterSpec("cls", Shape.of(1, 1, d), Initializer.constant(0)));
        }
        if (config.position() == Position.LEARNED) {
            specs.add(new ParameterSpec("position", Shape.of(1, config.tokens(), d), Initializer.normal(0.02)));
        }
        for (int i = 0; i < config.depth(); i++) {
            specs.addAll(Block.specs(config, i));
        }
        specs.addAll(config.form().normSpecs("norm", d));
        if (config.head() == Head.MAP) {
            specs.addAll(MapHead.specs(config));
        }
        if (config.representation() != 0) {
            specs.addAll(Dense.specs("representation", d, config.representation(), Initializer.lecunNormal(d),
                    Initializer.constant(0)));
        }
        specs.addAll(Dense.specs("head", config.features(), config.classes(), Initializer.constant(0),
                Initializer.constant(config.headBias())));
        return specs;
    }

    private Tensor sinCos(DType dtype) {
        int first = config.tokens() - config.gridRows() * config.gridColumns();
        NdArray table = NdArray.zeros(constants, dtype, Shape.of(1, config.tokens(), config.dim()));
        // the row of a class token stays zero
        table.slice(1, first, config.tokens()).reshape(Shape.of(config.tokens() - first, config.dim()))
                .copyFrom(SinCos2d.table(config.gridRows(), config.gridColumns(), config.dim()));
        return Tensor.of(table);
    }

    /** The configuration. */
    public VitConfig config() {
        return config;
    }

    /** The parameters. */
    public Parameters parameters() {
        return parameters;
    }

    /**
     * Prepares a model that will answer many times and not be trained: its kernels are frozen, and copied once into the order in which
     * products read them, instead of in every pass. Takes as much memory again; results keep their bits.
     *
     * @throws tessella.engine.OutOfBudgetException if there is no memory for it; the kernels that were copied are of use nevertheless
     */
    public void pack() {
        parameters.pack(parameters.get("head.kernel").value().dtype());
    }

    /**
     * As {@link #pack()} for a model of float32, its kernels rounded to 16 bits, to nearest: half of that memory, and less to read where few
     * rows share the weights. Results are those of the rounded kernels, added up in float32.
     *
     * @throws IllegalArgumentException if the model is not of float32
     */
    public void packBfloat16() {
        parameters.pack(DType.BF16);
    }

    /**
     * Begins to run the model on empty images in the background, in batches of this many, until it gets no faster, for a minute at most: in a new JVM
     * the first answers take a hundred times as long as later ones. It is closed, or has ended, before the model is closed.
     *
     * @throws IllegalArgumentException if the batch is not at least 1
     */
    public WarmUp warmUp(int batch) {
        if (batch < 1) {
            throw new IllegalArgumentException("vit: expected a batch of at least 1 to warm up with, found " + batch);
        }
        DType dtype = parameters.get("head.kernel").value().dtype();
        Shape shape = Shape.of(batch, config.height(), config.width(), config.channels());
        return WarmUp.start(() -> {
            try (Scope scope = Scope.open()) {
                logits(Tensor.of(NdArray.zeros(scope, dtype, shape)));
            }
        }, Duration.ofMinutes(1));
    }

    /**
     * Class scores of images [b, height, width, channels], preprocessed as in training: [b, classes].
     *
     * @throws IllegalArgumentException if the images have another shape than the configuration's
     */
    public Tensor logits(Tensor images) {
        return logits(images, Observer.NONE);
    }

    /**
     * As {@link #logits(Tensor)}; the observer sees "embedding", "blocks.i" and its mixture's weights,
     * "norm", the "representation" before its tanh if there is one, and "features".
     */
    public Tensor logits(Tensor images, Observer observer) {
        return head.apply(features(images, observer, Activations.KEPT));
    }

    /** As {@link #logits(Tensor)}, for a training step that holds these activations; the bits do not depend on it. */
    public Tensor logits(Tensor images, Activations activations) {
        return head.apply(features(images, Observer.NONE, activations));
    }

    /** As {@link #logits(Tensor, Activations)}; the pass gives mixtures their noise, and is left with what they add to the loss. */
    public Tensor logits(Tensor images, Activations activations, TrainingPass pass) {
        return head.apply(features(images, pass, activations));
    }

    /** The vector that the classifier reads, the pooled tokens or their representation: [b, width]; errors as for {@link #logits(Tensor)}. */
    public Tensor features(Tensor images) {
        return features(images, Observer.NONE, Activations.KEPT);
    }

    private Tensor features(Tensor images, Observer observer, Activations activations) {
        Shape shape = images.shape();
        if (shape.rank() != 4 || !shape.axes(1, 4).equals(Shape.of(config.height(), config.width(), config.channels()))) {
            throw new IllegalArgumentException("vit: expected images [batch, " + config.height() + ", " + config.width() + ", "
                    + config.channels() + "], found " + shape);
        }
        Tensor tokens = embed(images);                                                  // [b, m, d]
        observer.see("embedding", tokens);
        for (int i = 0; i < blocks.size(); i++) {
            tokens = block(i, tokens, observer, activations);
            observer.see(Block.prefix(i), tokens);
        }
        Tensor normed = norm.apply(tokens);
        observer.see("norm", normed);
        Tensor pooled = switch (config.head()) {
            case CLS -> reshape(slice(normed, 1, 0, 1), shape.dim(0), config.dim());
            case GAP -> mean(normed, 1);
            case MAP -> map.apply(normed);
        };
        Tensor features = representation == null ? pooled : represented(pooled, observer);
        observer.see("features", features);
        return features;
    }

    private Tensor represented(Tensor pooled, Observer observer) {
        Tensor y = representation.apply(pooled);
        observer.see("representation", y);
        return tanh(y);
    }

    private Tensor block(int index, Tensor tokens, Observer observer, Activations activations) {
        Block block = blocks.get(index);
        if (activations == Activations.RECOMPUTED && Tape.isRecording()) {
            return observer instanceof TrainingPass pass && config.isMixture(index) && config.moe().hasLoss()
                    ? recomputedWithLoss(block, Block.prefix(index), tokens, pass)
                    : Tape.checkpoint(tokens, x -> block.apply(x, observer));
        }
        // an observer may look at values inside the block later, so they stay
        return observer != Observer.NONE ? block.apply(tokens, observer) : Tape.consume(tokens, x -> block.apply(x, observer));
    }

    /** One tensor leaves a block that is run again: the term of the loss lies behind the tokens. */
    private static Tensor recomputedWithLoss(Block block, String name, Tensor tokens, TrainingPass pass) {
        Shape shape = tokens.shape();
        long size = shape.size();
        Tensor both = Tape.checkpoint(tokens, x -> {
            TrainingPass inside = pass.part();
            Tensor y = block.apply(x, inside);
            return concat(0, reshape(y, size), reshape(inside.loss().orElseThrow(), 1));
        });
        pass.addToLoss(name, () -> slice(both, 0, size, size + 1));
        return reshape(slice(both, 0, 0, size), shape.dims());
    }

    private Tensor embed(Tensor images) {
        Tensor patches = embedding.apply(patchify(images, config.patch()));             // [b, h w, d]
        Tensor tokens = cls == null ? patches : concat(1, broadcastTo(cls, images.dim(0), 1, config.dim()), patches);
        return add(tokens, position);
    }

    /** Returns the memory; throws if a thread is running the model. */
    @Override
    public void close() {
        parameters.close();
        constants.close();
    }
}
