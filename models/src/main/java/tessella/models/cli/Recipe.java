package tessella.models.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Stream;
import tessella.models.data.BatchTransform;
import tessella.models.data.CutMix;
import tessella.models.data.DataSplits;
import tessella.models.data.ImageSet;
import tessella.models.data.MixUp;
import tessella.models.softmoe.Mixing;
import tessella.models.train.LossChoice;
import tessella.models.train.RuleChoice;
import tessella.models.train.ScheduleChoice;
import tessella.models.train.TrainConfig;
import tessella.models.vit.Activations;
import tessella.models.vit.VitConfig;

/**
 * All that the result of a training run depends on.
 *
 * @param model    the name of the configuration
 * @param mixtures what is other in its mixtures of experts
 * @param data     the pictures
 * @param side     side of the square that pictures are brought to, if they have no size of their own
 * @param patch    side of a patch, if another than the usual one
 * @param limit    how many training pictures to use, if not all
 * @param from     the checkpoint whose parameters the run begins with, if it should
 * @param config   how the model is trained
 */
record Recipe(String model, MixtureChoice mixtures, DataChoice data, Optional<Integer> side, Optional<Integer> patch,
        Optional<Integer> limit, Optional<Path> from, TrainConfig config) {
    private static final Option<String> MODEL = Option.choice("model", VitConfig.presets(), "the model to train")
            .orElse("soft-moe-tiny");
    private static final Option<Integer> PATCH = Option.integer("patch", 1, 1024, "the side of a patch, in pixels")
            .otherwise("that of the model; 4 of a tiny one, or 2 for pictures of less than 16 pixels");
    private static final Option<Integer> LIMIT = Option.integer("limit", 1, Integer.MAX_VALUE,
            "how many training pictures to use").otherwise("all");
    private static final Option<Path> FROM = Option.path("from",
            "the checkpoint to begin with, a file or the name of one that ships; a head for other classes begins anew")
            .otherwise("random parameters");
    private static final Option<Integer> EPOCHS = Option.integer("epochs", 1, Integer.MAX_VALUE,
            "passes over the training pictures").orElse(22);
    private static final Option<Integer> BATCH = Option.integer("batch", 1, Integer.MAX_VALUE,
            "pictures in a step").orElse(16);
    private static final Option<Double> LEARNING_RATE = Option.number("learning-rate", 0, Double.POSITIVE_INFINITY,
            "the highest learning rate, reached after the warm-up").orElse(1e-3);
    private static final Option<Double> WEIGHT_DECAY = Option.number("weight-decay", 0, Double.POSITIVE_INFINITY,
            "what weights shrink by in a step, times the learning rate").orElse(0.1);
    private static final Option<Double> WARMUP = Option.number("warmup", 0, 1,
            "the share of all steps in which the learning rate rises").orElse(0.05);
    private static final Option<Double> LABEL_SMOOTHING = Option.number("label-smoothing", 0, 1,
            "the probability that the target spreads over all classes").orElse(0.1);
    private static final String CROSS_ENTROPY = "cross-entropy";
    private static final String TOP_K = "top-k";
    private static final Option<String> LOSS = Option.choice("loss", List.of(CROSS_ENTROPY, TOP_K),
            "what is learned by; top-k takes no label smoothing, and pictures of one class").orElse(CROSS_ENTROPY);
    private static final Option<Integer> LOSS_K = Option.integer("loss-k", 1, Integer.MAX_VALUE,
            "how many classes a top-k loss selects").otherwise("5");
    private static final Option<Double> LOSS_LAMBDA = Option.number("loss-lambda", 1e-9, 1e9,
            "how far a top-k loss smooths the selection").otherwise("1");
    private static final Option<Double> BETA2 = Option.number("beta2", 0, 1,
            "how slowly the mean of the squared gradients of adamw moves").orElse(0.99);
    private static final Option<Double> CLIP = Option.number("clip", 0, Double.POSITIVE_INFINITY,
            "the greatest global norm of a gradient, 0 for no limit").orElse(1.0);
    private static final Option<Long> SEED = Option.longInteger("seed",
            "where all random numbers come from").orElse(1L);
    private static final Option<String> RULE = Option.choice("optimizer",
            Arrays.stream(RuleChoice.values()).map(RuleChoice::label).toList(), "what makes steps of gradients")
            .orElse(RuleChoice.ADAMW.label());
    private static final Option<String> SCHEDULE = Option.choice("schedule",
            Arrays.stream(ScheduleChoice.values()).map(ScheduleChoice::label).toList(),
            "how the learning rate goes on after the warm-up").orElse(ScheduleChoice.COSINE.label());
    private static final Option<Integer> PARTS = Option.integer("parts", 1, Integer.MAX_VALUE,
            "parts that a step's pictures are cut into, whose gradients are added up, to save memory").orElse(1);
    private static final Option<Boolean> RECOMPUTE = Option.flag("recompute",
            "runs each block again for its gradient, to save memory");
    private static final Option<Double> EMA = Option.number("ema", 0, 1,
            "decay of a running mean of the parameters, which is then measured and kept, 0 for none").orElse(0.0);
    private static final Option<List<String>> FREEZE = Option.of("freeze", "patterns",
            "parameters that are not learned: regular expressions of whole names, with commas between them",
            "regular expressions with commas between them", Recipe::patterns).otherwise("all are learned");
    private static final Option<Double> MIXUP = Option.number("mixup", 0, 100,
            "mixes pairs of pictures by a Beta(x, x), 0 for none").orElse(0.0);
    private static final Option<Double> CUTMIX = Option.number("cutmix", 0, 100,
            "puts a box of one picture into another, its size by a Beta(x, x), 0 for none").orElse(0.0);

    /** What may be said of a recipe on the command line. */
    static final List<Option<?>> OPTIONS = Stream.concat(Stream.of(MODEL, CommonOptions.DATA, CommonOptions.SIDE, PATCH, LIMIT, FROM,
            EPOCHS, BATCH, LEARNING_RATE, WEIGHT_DECAY, WARMUP, LABEL_SMOOTHING, BETA2, CLIP, SEED, RULE, SCHEDULE, PARTS, RECOMPUTE, EMA,
            FREEZE, MIXUP, CUTMIX, LOSS, LOSS_K, LOSS_LAMBDA), MixtureChoice.OPTIONS.stream()).toList();

    static Recipe of(Arguments arguments) {
        double mixup = arguments.get(MIXUP);
        double cutmix = arguments.get(CUTMIX);
        if (mixup > 0 && cutmix > 0) {
            throw new UsageException("train: expected --mixup or --cutmix, found both; choose one");
        }
        Optional<BatchTransform> mixing = mixup > 0 ? Optional.of(new MixUp(mixup))
                : cutmix > 0 ? Optional.of(new CutMix(cutmix)) : Optional.empty();
        double clip = arguments.get(CLIP);
        TrainConfig config = new TrainConfig(arguments.get(EPOCHS), arguments.get(BATCH), arguments.get(LEARNING_RATE),
                arguments.get(WARMUP), arguments.get(WEIGHT_DECAY), arguments.get(LABEL_SMOOTHING), arguments.get(BETA2),
                clip == 0 ? Double.POSITIVE_INFINITY : clip, arguments.get(SEED),
                RuleChoice.valueOf(arguments.get(RULE).toUpperCase(Locale.ROOT)),
                ScheduleChoice.valueOf(arguments.get(SCHEDULE).toUpperCase(Locale.ROOT)), arguments.get(PARTS), arguments.get(EMA),
                arguments.find(FREEZE).orElse(List.of()),
                arguments.get(RECOMPUTE) ? Activations.RECOMPUTED : Activations.KEPT, mixing, loss(arguments));
        return new Recipe(arguments.get(MODEL), MixtureChoice.of(arguments), arguments.get(CommonOptions.DATA),
                arguments.find(CommonOptions.SIDE), arguments.find(PATCH), arguments.find(LIMIT),
                arguments.find(FROM).map(path -> CommonOptions.checkpoint(path.toString())), config);
    }

    private static LossChoice loss(Arguments arguments) {
        if (arguments.get(LOSS).equals(TOP_K)) {
            return new LossChoice.TopK(arguments.find(LOSS_K).orElse(5), arguments.find(LOSS_LAMBDA).orElse(1.0));
        }
        if (arguments.find(LOSS_K).isPresent() || arguments.find(LOSS_LAMBDA).isPresent()) {
            throw new UsageException("train: --loss-k and --loss-lambda are of --loss " + TOP_K + ", found --loss " + CROSS_ENTROPY
                    + "; leave them out, or choose the other loss");
        }
        return new LossChoice.CrossEntropy();
    }

    private static Optional<List<String>> patterns(String text) {
        try {
            List<String> patterns = List.of(text.split(","));
            patterns.forEach(Pattern::compile);
            return Optional.of(patterns);
        } catch (PatternSyntaxException e) {
            return Optional.empty();
        }
    }

    /** This recipe with another seed. */
    Recipe withSeed(long seed) {
        return new Recipe(model, mixtures, data, side, patch, limit, from, config.withSeed(seed));
    }

    /** This recipe for a model without mixtures. */
    Recipe dense(String newModel) {
        return new Recipe(newModel, mixtures.none(), data, side, patch, limit, from, config);
    }

    /** This recipe with mixtures of another kind. */
    Recipe withMixing(Mixing mixing) {
        return new Recipe(model, mixtures.with(mixing), data, side, patch, limit, from, config);
    }

    /** Reads or makes the pictures; errors as for {@link DataChoice#load}. */
    DataSplits load(Optional<Path> dataRoot) throws IOException {
        return data.load(CommonOptions.dataRoot(dataRoot), side, limit);
    }

    /** The configuration of the model for these pictures. */
    VitConfig modelConfig(ImageSet pictures) {
        VitConfig preset = VitConfig.preset(model);
        int usual = !model.endsWith("-tiny") ? preset.patch() : Math.min(pictures.height(), pictures.width()) < 16 ? 2 : 4;
        return mixtures.apply(preset.forImages(pictures.height(), pictures.width(), pictures.channels(), patch.orElse(usual),
                pictures.classNames().size()), model);
    }

    /** The options written out. */
    List<String> words() {
        List<String> words = new ArrayList<>(List.of("--model", model, "--data", data.label(), "--epochs",
                Integer.toString(config.epochs()), "--batch", Integer.toString(config.batch()), "--learning-rate",
                Double.toString(config.learningRate()), "--weight-decay", Double.toString(config.weightDecay()), "--warmup",
                Double.toString(config.warmup()), "--label-smoothing", Double.toString(config.labelSmoothing()), "--beta2",
                Double.toString(config.beta2()), "--clip",
                Double.toString(Double.isInfinite(config.clip()) ? 0 : config.clip()), "--seed", Long.toString(config.seed())));
        // named only if another than the default: the command is in the checkpoint, whose bytes stay those of earlier versions
        if (config.rule() != RuleChoice.ADAMW) {
            words.addAll(List.of("--optimizer", config.rule().label()));
        }
        if (config.schedule() != ScheduleChoice.COSINE) {
            words.addAll(List.of("--schedule", config.schedule().label()));
        }
        limit.ifPresent(count -> words.addAll(List.of("--limit", Integer.toString(count))));
        side.ifPresent(pixels -> words.addAll(List.of("--side", Integer.toString(pixels))));
        patch.ifPresent(pixels -> words.addAll(List.of("--patch", Integer.toString(pixels))));
        from.ifPresent(path -> words.addAll(List.of("--from", CommonOptions.name(path))));
        if (config.parts() > 1) {
            words.addAll(List.of("--parts", Integer.toString(config.parts())));
        }
        if (config.activations() == Activations.RECOMPUTED) {
            words.add("--recompute");
        }
        if (config.averaging() > 0) {
            words.addAll(List.of("--ema", Double.toString(config.averaging())));
        }
        if (!config.frozen().isEmpty()) {
            words.addAll(List.of("--freeze", String.join(",", config.frozen())));
        }
        config.mixing().ifPresent(mixing -> words.addAll(switch (mixing) {
            case MixUp(double alpha) -> List.of("--mixup", Double.toString(alpha));
            case CutMix(double alpha) -> List.of("--cutmix", Double.toString(alpha));
            default -> throw new IllegalStateException("no option makes " + mixing);
        }));
        if (config.loss() instanceof LossChoice.TopK(int k, double lambda)) {
            words.addAll(List.of("--loss", TOP_K, "--loss-k", Integer.toString(k), "--loss-lambda", Double.toString(lambda)));
        }
        words.addAll(mixtures.words());
        return words;
    }

    /** Such as "soft-moe-tiny on fashion-mnist". */
    String title() {
        return model + " on " + data.label();
    }
}
