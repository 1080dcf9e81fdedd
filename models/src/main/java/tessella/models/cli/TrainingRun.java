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
import tessella.engine.DType;
import tessella.engine.Determinism;
import tessella.engine.Memory;
import tessella.engine.json.Json;
import tessella.models.data.DataSplits;
import tessella.models.data.ImageSet;
import tessella.models.data.Preprocessing;
import tessella.models.measure.Metrics;
import tessella.models.report.Headline;
import tessella.models.report.Machine;
import tessella.models.report.Report;
import tessella.models.report.RunCard;
import tessella.models.report.RunDirectory;
import tessella.models.report.SamplePrediction;
import tessella.models.report.TestResult;
import tessella.models.report.TrainingCurve;
import tessella.models.train.Checkpoint;
import tessella.models.train.Evaluation;
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
    /** As in Guo et al. 2017. */
    static final int CALIBRATION_BINS = 15;

    private final TrainCommand command;
    private final TrainConfig config;
    private final DataSplits data;
    private final RunDirectory directory;
    private final PrintStream out;
    private final Progress progress;
    private final List<TrainingCurve.Epoch> epochs = new ArrayList<>();
    private final List<TrainingCurve.Rate> rates = new ArrayList<>();
    private OptionalDouble validation = OptionalDouble.empty();
    private double recentLoss = Double.NaN;

    private volatile boolean stopping;
    private Trainer trainer;

    /** Where a run that goes on finds how far it was. */
    static Path state(Path directory) {
        return directory.resolve("state.safetensors");
    }

    TrainingRun(TrainCommand command, TrainConfig config, DataSplits data, RunDirectory directory, PrintStream out) {
        this.command = command;
        this.config = config;
        this.data = data;
        this.directory = directory;
        this.out = out;
        this.progress = Progress.on(out);
    }

    /** Lets the run end after its step; it can go on later. */
    void stop() {
        stopping = true;
    }

    @Override
    public boolean wantsToStop() {
        return stopping;
    }

    /** Runs to the end, or until it is stopped; goes on where a saved state is. */
    void run() throws IOException {
        VitConfig model = command.modelConfig(data.train());
        Preprocessing preprocessing = Preprocessing.standardising(data.train());
        Map<String, String> origin = new LinkedHashMap<>();
        origin.put("data", data.name());
        origin.put("data_sha256", data.sha256());
        origin.put("command", String.join(" ", command.arguments()));
        out.println(command.model() + ": " + group(model.parameterCount()) + " parameters, "
                + gflop(model) + " GFLOP a picture; " + data.name() + ": " + data.train().size() + " training, "
                + data.validation().size() + " validation, " + data.test().size() + " test pictures");
        Path state = state(directory.path());
        try (Checkpoint checkpoint = new Checkpoint(VisionTransformer.initialized(model, DType.F32, config.seed()),
                preprocessing, data.classNames(), origin);
                Trainer opened = new Trainer(checkpoint.model(), data, preprocessing, command.data().augmentation(), config)) {
            trainer = opened;
            if (Files.exists(state)) {
                trainer.restore(state);
                recall();
                out.println("goes on after step " + trainer.step());
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
            finish(checkpoint);
            Files.deleteIfExists(state);
        }
    }

    private void finish(Checkpoint checkpoint) throws IOException {
        Path file = directory.path().resolve("checkpoint.safetensors");
        checkpoint.save(file);
        Evaluation test = Evaluation.of(checkpoint.model(), data.test(), checkpoint.preprocessing(), Evaluation.BATCH);
        Path report = report(checkpoint, test);
        out.println("test accuracy " + EvalCommand.decimals(test.accuracy()));
        out.println("checkpoint " + file);
        out.println("report " + report);
    }

    private void save() throws IOException {
        trainer.save(state(directory.path()), Map.of(METRICS_BYTES, Long.toString(directory.metricsBytes()), ARGUMENTS,
                Json.write(command.arguments())));
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
        if (step.step() % Math.max(1, step.steps() / RATES) == 1 || step.step() == step.steps()) {
            rates.add(new TrainingCurve.Rate(step.step(), step.learningRate()));
            metrics("kind", "step", "step", step.step(), "epoch", (long) step.epoch(), "loss", step.loss(),
                    "learning_rate", step.learningRate(), "gradient_norm", step.gradientNorm());
        }
    }

    @Override
    public void epoch(Trainer.Epoch epoch) {
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

    private Path report(Checkpoint checkpoint, Evaluation test) throws IOException {
        TrainingCurve.Epoch last = epochs.getLast();
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("test_accuracy", test.accuracy());
        result.put("test_loss", test.loss());
        int[] labels = data.test().labels();
        TestResult measured = TestResult.OneClass.of(data.classNames(), labels, test.predictions(), test.probabilities());
        double top5 = Metrics.topK(test.probabilities(), labels, 5);
        double calibration = Metrics.calibrationError(test.probabilities(), labels, CALIBRATION_BINS);
        result.put("test_top5_accuracy", top5);
        result.put("test_calibration_error", calibration);
        double meanAveragePrecision = Metrics.meanAveragePrecision(test.probabilities(),
                Metrics.oneAgainstTheRest(labels, data.classNames().size()));
        result.put("test_mean_average_precision", meanAveragePrecision);
        result.put("validation_accuracy", last.validationAccuracy());
        result.put("parameters", checkpoint.model().config().parameterCount());
        RunCard card = new RunCard(CommonOptions.version(), RunCard.commitOf(CommonOptions.home()), command.arguments(),
                config.seed(), Machine.detect(Determinism.vectorBits()), data.name(), data.sha256(), result);
        directory.write(card);
        VitConfig model = checkpoint.model().config();
        List<Headline> headlines = List.of(
                new Headline("Top-5 accuracy", EvalCommand.decimals(top5), "of the test pictures"),
                new Headline("Mean average precision", EvalCommand.decimals(meanAveragePrecision), "each class against the rest"),
                new Headline("Calibration error", EvalCommand.decimals(calibration), "expected, " + CALIBRATION_BINS + " bins"),
                new Headline("Validation accuracy", EvalCommand.decimals(last.validationAccuracy()), "after the last epoch"),
                new Headline("Parameters", group(model.parameterCount()), ""),
                new Headline("GFLOP a picture", gflop(model), "forward, matrix products"));
        return directory.write(new Report(command.model() + " on " + data.name(), headlines, card,
                new TrainingCurve(epochs, rates), measured, samples(test), Routing.of(checkpoint, data.test())));
    }

    /** Wrong ones first, as many of each class as there are, then right ones: the order of the test set decides. */
    private List<SamplePrediction> samples(Evaluation test) {
        ImageSet pictures = data.test();
        int classes = data.classNames().size();
        List<SamplePrediction> out = new ArrayList<>();
        for (int wanted : new int[] {SAMPLES / 2, SAMPLES}) {
            boolean wrong = wanted < SAMPLES;
            int[] taken = new int[classes];
            int each = Math.ceilDiv(SAMPLES / 2, classes);
            for (int i = 0; i < pictures.size() && out.size() < wanted; i++) {
                int label = pictures.label(i);
                if ((test.predictions()[i] != label) == wrong && taken[label] < each) {
                    taken[label]++;
                    out.add(new SamplePrediction(pictures.picture(i), label, test.probabilities()[i]));
                }
            }
        }
        return out;
    }
}
