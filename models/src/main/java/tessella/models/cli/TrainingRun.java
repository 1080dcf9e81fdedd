package tessella.models.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.IntFunction;
import tessella.autodiff.Parameter;
import tessella.engine.DType;
import tessella.engine.Determinism;
import tessella.engine.Memory;
import tessella.engine.Shape;
import tessella.engine.Workers;
import tessella.engine.json.Json;
import tessella.models.data.DataSplits;
import tessella.models.data.ImageSet;
import tessella.models.data.Preprocessing;
import tessella.models.nn.Parameters;
import tessella.models.report.Headline;
import tessella.models.report.Machine;
import tessella.models.report.Report;
import tessella.models.report.RunCard;
import tessella.models.report.RunDirectory;
import tessella.models.report.SamplePrediction;
import tessella.models.report.TrainingCurve;
import tessella.models.train.Checkpoint;
import tessella.models.train.Evaluation;
import tessella.models.train.Objective;
import tessella.models.train.TrainConfig;
import tessella.models.train.Trainer;
import tessella.models.vit.VisionTransformer;
import tessella.models.vit.VitConfig;

/** One run of the train command: trains, measures once on the test pictures, and leaves everything in its folder. */
final class TrainingRun implements Trainer.Listener {
    /** Notes of a saved state. */
    static final String METRICS_BYTES = "run.metrics_bytes";
    static final String ARGUMENTS = "run.arguments";
    private static final int SAMPLES = 24;
    private static final int RATES = 200;

    private final Recipe recipe;
    private final TrainConfig config;
    private final DataSplits data;
    private final RunDirectory directory;
    private final PrintStream out;
    private final Progress progress;
    private final List<TrainingCurve.Epoch> epochs = new ArrayList<>();
    private final List<TrainingCurve.Rate> rates = new ArrayList<>();
    private OptionalDouble validation = OptionalDouble.empty();
    private double recentLoss = Double.NaN;

    private final Interruption interruption;
    private Trainer trainer;

    /** Where a run that goes on finds how far it was. */
    static Path state(Path directory) {
        return directory.resolve("state.safetensors");
    }

    /** The folder of a run that was stopped, where it was saved. */
    static RunDirectory reopen(Path folder) throws IOException {
        return RunDirectory.reopen(folder, Long.parseLong(Trainer.notes(state(folder)).get(METRICS_BYTES)));
    }

    /** Refuses what cannot be trained, before anything is made. */
    static void check(Recipe recipe, DataSplits splits) {
        if (splits.train().size() < recipe.config().batch()) {
            throw new UsageException("train: expected at least one batch of " + recipe.config().batch() + " pictures, found "
                    + splits.train().size() + " training pictures; use a smaller --batch");
        }
        recipe.config().loss().check(splits.train());
        recipe.modelConfig(splits.train());
    }

    /** Refuses a checkpoint that a new run cannot begin with, before anything is made. */
    static void checkStart(Recipe recipe, DataSplits splits) throws IOException {
        if (recipe.from().isPresent()) {
            anew(recipe.from().get(), recipe.modelConfig(splits.train()));
        }
    }

    /** A run that ends after a step once the process is asked to end; it can go on later. */
    TrainingRun(Recipe recipe, DataSplits data, RunDirectory directory, PrintStream out, Interruption interruption) {
        this.recipe = recipe;
        this.config = recipe.config();
        this.data = data;
        this.directory = directory;
        this.out = out;
        this.interruption = interruption;
        this.progress = Progress.on(out);
    }

    @Override
    public boolean wantsToStop() {
        return interruption.isRequested();
    }

    /** Runs on a team, to the end or until it is stopped; goes on where a saved state is. */
    void runOn(Workers workers) throws IOException {
        try {
            Workers.with(workers, () -> {
                try {
                    run();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private void run() throws IOException {
        VitConfig model = recipe.modelConfig(data.train());
        Preprocessing preprocessing = Preprocessing.standardising(data.train());
        Map<String, String> origin = new LinkedHashMap<>();
        origin.put("data", data.name());
        origin.put("data_sha256", data.sha256());
        origin.put("command", String.join(" ", words(recipe)));
        out.println(recipe.model() + ": " + group(model.parameterCount()) + " parameters, "
                + gflop(model) + " GFLOP a picture; " + data.name() + ": " + data.train().size() + " training, "
                + data.validation().size() + " validation, " + data.test().size() + " test pictures");
        Path state = state(directory.path());
        try (Checkpoint checkpoint = new Checkpoint(VisionTransformer.initialized(model, DType.F32, config.seed()),
                preprocessing, data.classNames(), Objective.of(data.train()), origin);
                Trainer opened = new Trainer(checkpoint.model(), data, preprocessing, recipe.data().augmentation(), config)) {
            trainer = opened;
            for (Parameter parameter : checkpoint.model().parameters().all()) {
                if (parameter.name().endsWith(".router.scale")) {
                    parameter.value().copyFrom(new double[] {recipe.mixtures().scale()});
                }
            }
            if (Files.exists(state)) {
                trainer.restore(state);
                recall();
                out.println("goes on after step " + trainer.step());
            } else if (recipe.from().isPresent()) {
                begin(checkpoint.model(), recipe.from().get());
            }
            Trainer.End end;
            try {
                end = trainer.run(this);
            } catch (UncheckedIOException e) {
                throw e.getCause();
            } finally {
                progress.close();
            }
            if (end == Trainer.End.STOPPED) {
                save();
                out.println("stopped after step " + trainer.step() + "; go on with: tessella train --resume " + directory.path());
                return;
            }
            trainer.finish();
            finish(checkpoint);
            Files.deleteIfExists(state);
        }
    }

    /** Takes the parameters of a checkpoint; those of its head stay as they are if it is for other classes. */
    private void begin(VisionTransformer model, Path from) throws IOException {
        List<String> anew = anew(from, model.config());
        try (Checkpoint source = Checkpoint.load(from)) {
            model.parameters().copyFrom(source.model().parameters(), anew);
        }
        out.println("begins with " + CommonOptions.name(from) + (anew.isEmpty() ? "" : ", anew " + String.join(", ", anew)));
    }

    /** The parameters that a checkpoint cannot give to a model, by their shapes alone. */
    private static List<String> anew(Path from, VitConfig model) throws IOException {
        Map<String, Shape> found = new LinkedHashMap<>();
        VisionTransformer.specs(Checkpoint.config(from)).forEach(spec -> found.put(spec.name(), spec.shape()));
        try {
            return Parameters.differing(from.toString(), VisionTransformer.specs(model), found, name -> name.startsWith("head."));
        } catch (IllegalArgumentException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /** The command with all options written out, but for the folder and the threads, on which no result depends. */
    static List<String> words(Recipe recipe) {
        List<String> words = new ArrayList<>(List.of("tessella", "train"));
        words.addAll(recipe.words());
        return words;
    }

    private void finish(Checkpoint checkpoint) throws IOException {
        Path file = directory.path().resolve("checkpoint.safetensors");
        checkpoint.save(file);
        Evaluation test = Evaluation.of(checkpoint.model(), data.test(), checkpoint.preprocessing(), Evaluation.BATCH);
        Evaluation valid = Evaluation.of(checkpoint.model(), data.validation(), checkpoint.preprocessing(), Evaluation.BATCH);
        Path report = report(checkpoint, test, valid);
        out.println("test accuracy " + EvalCommand.decimals(test.accuracy()));
        out.println("checkpoint " + file);
        out.println("report " + report);
    }

    private void save() throws IOException {
        trainer.save(state(directory.path()), Map.of(METRICS_BYTES, Long.toString(directory.metricsBytes()), ARGUMENTS,
                Json.write(words(recipe))));
    }

    /** What the report draws, from the metrics of the part that has been. */
    private void recall() throws IOException {
        for (Map<String, Object> line : directory.metrics()) {
            if (line.get("kind").equals("epoch")) {
                TrainingCurve.Epoch epoch = new TrainingCurve.Epoch((int) Json.integer(line.get("epoch"), "epoch"),
                        number(line, "train_loss"), number(line, "train_accuracy"), number(line, "validation_loss"),
                        number(line, "validation_accuracy"));
                epochs.add(epoch);
                validation = OptionalDouble.of(epoch.validationAccuracy());
            } else {
                rates.add(new TrainingCurve.Rate(Json.integer(line.get("step"), "step"), number(line, "learning_rate")));
            }
        }
    }

    private static double number(Map<String, Object> line, String name) {
        return ((Number) line.get(name)).doubleValue();
    }

    static String group(long count) {
        return String.format(Locale.ROOT, "%,d", count);
    }

    /** Of a forward pass, two FLOP a multiply-add. */
    static String gflop(VitConfig model) {
        return String.format(Locale.ROOT, "%.4g", 2e-9 * model.multiplyAdds());
    }

    @Override
    public void step(Trainer.Step step) {
        recentLoss = Double.isNaN(recentLoss) ? step.loss() : 0.95 * recentLoss + 0.05 * step.loss();
        progress.update(new Progress.State(step.epoch(), config.epochs(), step.step(), step.steps(), step.images(), recentLoss,
                validation, Memory.inUse(), Memory.peak()));
        if ((step.step() - 1) % Math.max(1, step.steps() / RATES) == 0 || step.step() == step.steps()) {
            rates.add(new TrainingCurve.Rate(step.step(), step.learningRate()));
            metrics("kind", "step", "step", step.step(), "epoch", (long) step.epoch(), "loss", step.loss(),
                    "learning_rate", step.learningRate(), "gradient_norm", step.gradientNorm());
        }
    }

    @Override
    public void epoch(Trainer.EpochEnd epoch) {
        Evaluation measured = epoch.validation();
        validation = OptionalDouble.of(measured.accuracy());
        epochs.add(new TrainingCurve.Epoch(epoch.epoch(), epoch.trainLoss(), epoch.trainAccuracy(), measured.loss(),
                measured.accuracy()));
        metrics("kind", "epoch", "step", epoch.step(), "epoch", (long) epoch.epoch(), "train_loss",
                epoch.trainLoss(), "train_accuracy", epoch.trainAccuracy(), "validation_loss", measured.loss(),
                "validation_accuracy", measured.accuracy());
        try {
            save();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void metrics(Object... pairs) {
        Map<String, Object> line = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            line.put((String) pairs[i], pairs[i + 1]);
        }
        try {
            directory.metrics(line);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path report(Checkpoint checkpoint, Evaluation test, Evaluation valid) throws IOException {
        Map<String, Object> result = new LinkedHashMap<>();
        TestMeasures measures = TestMeasures.of(data.test(), test);
        put(result, "test", test, measures);
        put(result, "validation", valid, TestMeasures.of(data.validation(), valid));
        result.put("parameters", checkpoint.model().config().parameterCount());
        RunCard card = new RunCard(CommonOptions.version(), RunCard.commitOf(CommonOptions.home()), words(recipe),
                config.seed(), Machine.detect(Determinism.vectorBits()), data.name(), data.sha256(), result);
        directory.write(card);
        VitConfig model = checkpoint.model().config();
        List<Headline> headlines = new ArrayList<>();
        if (data.test().hasManyClasses()) {
            headlines.add(new Headline("Precision at 1", EvalCommand.decimals(test.accuracy()), "the most probable class is there"));
        }
        for (TestMeasures.Number number : measures.numbers()) {
            if (!number.name().equals(measures.result().headline().label().toLowerCase(Locale.ROOT))) {
                headlines.add(new Headline(Character.toUpperCase(number.name().charAt(0)) + number.name().substring(1),
                        EvalCommand.decimals(number.value()), number.note()));
            }
        }
        headlines.add(new Headline("Validation accuracy", EvalCommand.decimals(valid.accuracy()), "after the last epoch"));
        headlines.add(new Headline("Parameters", group(model.parameterCount()), ""));
        headlines.add(new Headline("GFLOP a picture", gflop(model), "forward, matrix products"));
        return directory.write(new Report(recipe.model() + " on " + data.name(), headlines, card,
                new TrainingCurve(epochs, rates), measures.result(), samples(test), Routing.of(checkpoint, data.test())));
    }

    private static void put(Map<String, Object> result, String pictures, Evaluation measured, TestMeasures measures) {
        result.put(TestMeasures.key(pictures, "accuracy"), measured.accuracy());
        result.put(TestMeasures.key(pictures, "loss"), measured.loss());
        measures.numbers().forEach(number -> result.put(TestMeasures.key(pictures, number.name()), number.value()));
    }

    private List<SamplePrediction> samples(Evaluation test) {
        ImageSet pictures = data.test();
        boolean[][] truth = TestMeasures.truth(pictures);
        IntFunction<SamplePrediction> sample = i -> pictures.hasManyClasses()
                ? SamplePrediction.ofSeveralClasses(pictures.picture(i), truth[i], test.probabilities()[i])
                : new SamplePrediction(pictures.picture(i), pictures.label(i), test.probabilities()[i]);
        // what has several classes counts for its first, what has none for what it was taken for
        return Shown.places(pictures.size(), SAMPLES, data.classNames().size(), i -> sample.apply(i).isRight(),
                i -> pictures.classes(i).stream().findFirst().orElse(test.predictions()[i])).stream().map(sample::apply).toList();
    }
}
