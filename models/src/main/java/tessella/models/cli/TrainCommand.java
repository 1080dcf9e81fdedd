package tessella.models.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import tessella.engine.Workers;
import tessella.engine.io.UnwrittenFileException;
import tessella.engine.json.Json;
import tessella.models.data.DataSplits;
import tessella.models.data.ImageSet;
import tessella.models.data.ShippedData;
import tessella.models.report.RunDirectory;
import tessella.models.train.RuleChoice;
import tessella.models.train.ScheduleChoice;
import tessella.models.train.TrainConfig;
import tessella.models.train.Trainer;
import tessella.models.vit.VitConfig;

/**
 * {@code tessella train}: trains a model and leaves a checkpoint and a report.
 *
 * @param model          the name of the configuration
 * @param data           the data set
 * @param dataRoot       the folder that holds the data sets, if not the usual one
 * @param epochs         passes over the training pictures
 * @param batch          pictures in a step
 * @param learningRate   the highest learning rate
 * @param weightDecay    the decay of the weights a step, times the learning rate
 * @param warmup         the share of all steps in which the learning rate rises, 0 to 1
 * @param labelSmoothing the probability that the target spreads over all classes
 * @param beta2          how slowly the mean of the squared gradients of AdamW moves
 * @param clip           the greatest global norm of a gradient, 0 for no limit
 * @param seed           where all random numbers come from
 * @param threads        threads to compute with; the result does not depend on it
 * @param out            the new folder for the results, if not the usual one
 * @param limit          how many training pictures to use, if not all
 * @param dashboard      the port of a page that follows the run, if there should be one
 * @param resume         the folder of a run that was stopped, if it should go on
 * @param rule           what makes steps of gradients
 * @param schedule       how the learning rate rises and falls
 */
record TrainCommand(String model, ShippedData data, Optional<Path> dataRoot, int epochs, int batch, double learningRate,
        double weightDecay, double warmup, double labelSmoothing, double beta2, double clip, long seed, int threads,
        Optional<Path> out, Optional<Integer> limit, Optional<Integer> dashboard, Optional<Path> resume, RuleChoice rule,
        ScheduleChoice schedule) implements Program.Action {
    private static final Option<String> MODEL = Option.choice("model", List.of("soft-moe-tiny", "vit-tiny"),
            "the model to train").orElse("soft-moe-tiny");
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
    private static final Option<Double> BETA2 = Option.number("beta2", 0, 1,
            "how slowly the mean of the squared gradients of adamw moves").orElse(0.99);
    private static final Option<Double> CLIP = Option.number("clip", 0, Double.POSITIVE_INFINITY,
            "the greatest global norm of a gradient, 0 for no limit").orElse(1.0);
    private static final Option<Long> SEED = Option.longInteger("seed",
            "where all random numbers come from").orElse(1L);
    private static final Option<Path> OUT = Option.path("out",
            "the new folder for checkpoint, metrics and report").otherwise("the next free number under runs");
    private static final Option<Integer> LIMIT = Option.integer("limit", 1, Integer.MAX_VALUE,
            "how many training pictures to use").otherwise("all");

    private static final Option<Integer> DASHBOARD = Option.integer("dashboard", 0, 65_535,
            "the port of a page on this machine that follows the run, 0 for any free one").otherwise("no page");

    private static final Option<Path> RESUME = Option.path("resume",
            "the folder of a run that was stopped, to go on with; other options are then those of the run").otherwise("a new run");
    /** How long the end of the process waits for the end of a step. */
    private static final long PATIENCE_SECONDS = 60;
    private static final Option<String> RULE = Option.choice("optimizer",
            Arrays.stream(RuleChoice.values()).map(RuleChoice::label).toList(), "what makes steps of gradients")
            .orElse(RuleChoice.ADAMW.label());
    private static final Option<String> SCHEDULE = Option.choice("schedule",
            Arrays.stream(ScheduleChoice.values()).map(ScheduleChoice::label).toList(),
            "how the learning rate goes on after the warm-up").orElse(ScheduleChoice.COSINE.label());

    /** What may follow {@code tessella train}. */
    static final Command COMMAND = new Command("train", "Trains a model on pictures; leaves a checkpoint and a report.",
            Command.Operands.NONE, List.of(MODEL, CommonOptions.DATA, CommonOptions.DATA_ROOT, EPOCHS, BATCH,
                    LEARNING_RATE, WEIGHT_DECAY, WARMUP, LABEL_SMOOTHING, BETA2, CLIP, SEED, CommonOptions.THREADS, OUT,
                    LIMIT, RULE, SCHEDULE, DASHBOARD, RESUME));

    static TrainCommand of(Arguments arguments) {
        return new TrainCommand(arguments.get(MODEL), ShippedData.byLabel(arguments.get(CommonOptions.DATA)),
                arguments.find(CommonOptions.DATA_ROOT), arguments.get(EPOCHS), arguments.get(BATCH),
                arguments.get(LEARNING_RATE), arguments.get(WEIGHT_DECAY), arguments.get(WARMUP),
                arguments.get(LABEL_SMOOTHING), arguments.get(BETA2), arguments.get(CLIP), arguments.get(SEED),
                arguments.get(CommonOptions.THREADS), arguments.find(OUT), arguments.find(LIMIT),
                arguments.find(DASHBOARD), arguments.find(RESUME),
                RuleChoice.valueOf(arguments.get(RULE).toUpperCase(Locale.ROOT)),
                ScheduleChoice.valueOf(arguments.get(SCHEDULE).toUpperCase(Locale.ROOT)));
    }

    @Override
    public void run(PrintStream out) throws IOException {
        if (resume.isPresent()) {
            saved(resume.get()).runHere(out, true);
        } else {
            runHere(out, false);
        }
    }

    /** The command of the run in a folder, with the threads, the data and the page of this one. */
    private TrainCommand saved(Path folder) throws IOException {
        Path state = TrainingRun.state(folder);
        if (!Files.exists(state)) {
            throw new IOException(folder + ": expected the folder of a run that was stopped, with a state.safetensors in it, found "
                    + "none; a run that has ended leaves none");
        }
        String text = Trainer.notes(state).get(TrainingRun.ARGUMENTS);
        if (text == null) {
            throw new IOException(state + ": expected the state of a run of this program, found no " + TrainingRun.ARGUMENTS);
        }
        List<String> words = new ArrayList<>();
        try {
            Json.array(Json.parse(text), TrainingRun.ARGUMENTS).forEach(word -> words.add((String) word));
        } catch (IllegalArgumentException e) {
            throw new IOException(state + ": " + e.getMessage(), e);
        }
        TrainCommand run = of(COMMAND.parse(words.subList(2, words.size())));
        return new TrainCommand(run.model, run.data, dataRoot, run.epochs, run.batch, run.learningRate, run.weightDecay, run.warmup,
                run.labelSmoothing, run.beta2, run.clip, run.seed, threads, Optional.of(folder), run.limit, dashboard,
                Optional.of(folder), run.rule, run.schedule);
    }

    private RunDirectory directory(boolean goesOn) throws IOException {
        if (goesOn) {
            Path folder = out.orElseThrow();
            return RunDirectory.reopen(folder,
                    Long.parseLong(Trainer.notes(TrainingRun.state(folder)).get(TrainingRun.METRICS_BYTES)));
        }
        return out.isPresent() ? RunDirectory.create(out.get())
                : RunDirectory.createNumbered(CommonOptions.home().resolve("runs"), model + "-" + data.label());
    }

    private void runHere(PrintStream out, boolean goesOn) throws IOException {
        Path root = dataRoot.isPresent() ? dataRoot.get() : ShippedData.defaultRoot();
        DataSplits all = data.load(root);
        DataSplits splits = limit.isPresent() ? all.limitTraining(limit.get()) : all;
        if (splits.train().size() < batch) {
            throw new UsageException("train: expected at least one batch of " + batch + " pictures, found "
                    + splits.train().size() + " training pictures; use a smaller --batch");
        }
        TrainConfig config = new TrainConfig(epochs, batch, learningRate, warmup, weightDecay, labelSmoothing, beta2,
                clip == 0 ? Double.POSITIVE_INFINITY : clip, seed, rule, schedule);
        try (Workers workers = Workers.of(threads); RunDirectory directory = directory(goesOn)) {
            IOException[] failure = new IOException[1];
            Workers.with(workers, () -> {
                try (Dashboard page = dashboard.isEmpty() ? null : new Dashboard(directory.path().resolve("metrics.jsonl"),
                        model + " on " + data.label(), dashboard.get())) {
                    if (page != null) {
                        out.println("dashboard " + page.address());
                    }
                    runUntilStopped(new TrainingRun(this, config, splits, directory, out));
                } catch (UnwrittenFileException e) {
                    failure[0] = new IOException(e.getMessage() + wayOn(directory.path()), e);
                } catch (IOException e) {
                    failure[0] = e;
                }
            });
            if (failure[0] != null) {
                throw failure[0];
            }
        }
    }

    /** What to do when that which is in the way is gone, the end of a sentence. */
    private static String wayOn(Path folder) {
        return Files.exists(TrainingRun.state(folder)) ? ", then go on with: tessella train --resume " + folder
                : ", then train again into another folder, as nothing was saved yet to go on from";
    }

    /** When the process is asked to end, by Ctrl-C or by the system, the run ends its step and is saved first. */
    private static void runUntilStopped(TrainingRun run) throws IOException {
        CountDownLatch ended = new CountDownLatch(1);
        Thread hook = Thread.ofPlatform().unstarted(() -> {
            run.stop();
            try {
                ended.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            run.run();
        } finally {
            ended.countDown();
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException e) {
                // the process is ending: the hook runs, and is told by the latch
            }
        }
    }

    /** The configuration: small pictures get smaller patches. */
    VitConfig modelConfig(ImageSet pictures) {
        int patch = Math.min(pictures.height(), pictures.width()) < 16 ? 2 : 4;
        return VitConfig.preset(model).forImages(pictures.height(), pictures.width(), pictures.channels(), patch,
                pictures.classNames().size());
    }

    /** The command with all options written out, but for the folder and the threads, on which no result depends. */
    List<String> arguments() {
        List<String> words = new ArrayList<>(List.of("tessella", "train", "--model", model, "--data", data.label(), "--epochs",
                Integer.toString(epochs), "--batch", Integer.toString(batch), "--learning-rate",
                Double.toString(learningRate), "--weight-decay", Double.toString(weightDecay), "--warmup",
                Double.toString(warmup), "--label-smoothing", Double.toString(labelSmoothing), "--beta2", Double.toString(beta2), "--clip",
                Double.toString(clip), "--seed", Long.toString(seed)));
        // named only if another than the default: the command is in the checkpoint, whose bytes stay those of earlier versions
        if (rule != RuleChoice.ADAMW) {
            words.addAll(List.of("--optimizer", rule.label()));
        }
        if (schedule != ScheduleChoice.COSINE) {
            words.addAll(List.of("--schedule", schedule.label()));
        }
        limit.ifPresent(count -> words.addAll(List.of("--limit", Integer.toString(count))));
        return words;
    }
}
