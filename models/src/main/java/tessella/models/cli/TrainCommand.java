package tessella.models.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tessella.engine.Workers;
import tessella.engine.io.UnwrittenFileException;
import tessella.engine.json.Json;
import tessella.models.data.DataSplits;
import tessella.models.report.RunDirectory;
import tessella.models.train.Trainer;

/**
 * {@code tessella train}: trains a model and leaves a checkpoint and a report; of several seeds one run each, and a comparison.
 *
 * @param recipe    what the result depends on
 * @param seeds     runs, each with a seed one above that of the last
 * @param dataRoot  the folder that holds the data sets, if not the usual one
 * @param threads   threads to compute with; the result does not depend on it
 * @param out       the new folder for the results, if not the usual one
 * @param dashboard the port of a page that follows the run, if there should be one
 * @param resume    the folder of a run that was stopped, if it should go on
 */
record TrainCommand(Recipe recipe, int seeds, Optional<Path> dataRoot, int threads, Optional<Path> out, Optional<Integer> dashboard,
        Optional<Path> resume) implements Program.Action {
    private static final Option<Integer> SEEDS = Option.integer("seeds", 1, 1000,
            "runs with one seed after the other, and the interval of their results").orElse(1);
    private static final Option<Integer> DASHBOARD = Option.integer("dashboard", 0, 65_535,
            "the port of a page on this machine that follows the run, 0 for any free one").otherwise("no page");
    private static final Option<Path> RESUME = Option.path("resume",
            "the folder of a run that was stopped, to go on with; other options are then those of the run").otherwise("a new run");

    /** What may follow {@code tessella train}. */
    static final Command COMMAND = new Command("train", "Trains a model on pictures; leaves a checkpoint and a report.",
            Command.Operands.NONE, options());

    private static List<Option<?>> options() {
        List<Option<?>> options = new ArrayList<>(Recipe.OPTIONS);
        options.addAll(List.of(SEEDS, CommonOptions.DATA_ROOT, CommonOptions.THREADS, CommonOptions.OUT, DASHBOARD, RESUME,
                CommonOptions.PROFILE));
        return options;
    }

    static TrainCommand of(Arguments arguments) {
        return new TrainCommand(Recipe.of(arguments), arguments.get(SEEDS), arguments.find(CommonOptions.DATA_ROOT),
                arguments.get(CommonOptions.THREADS), arguments.find(CommonOptions.OUT), arguments.find(DASHBOARD),
                arguments.find(RESUME));
    }

    @Override
    public void run(PrintStream out) throws IOException {
        if (resume.isPresent()) {
            saved(resume.get()).runHere(out, true);
        } else if (seeds > 1) {
            campaign().run(out);
        } else {
            runHere(out, false);
        }
    }

    private Campaign campaign() {
        if (dashboard.isPresent()) {
            throw new UsageException("train: --dashboard follows one run, found --seeds " + seeds + "; leave one of them out");
        }
        List<String> words = new ArrayList<>(List.of("tessella", "train"));
        words.addAll(recipe.words());
        words.addAll(List.of("--seeds", Integer.toString(seeds)));
        return new Campaign(recipe.title() + ", " + seeds + " seeds", List.of(new Campaign.Arm(recipe.model(), recipe)), seeds,
                Campaign.Measures.USUAL, words, dataRoot, threads, out);
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
        return new TrainCommand(run.recipe, 1, dataRoot, threads, Optional.of(folder), dashboard, Optional.of(folder));
    }

    private RunDirectory directory(boolean goesOn) throws IOException {
        if (goesOn) {
            return TrainingRun.reopen(out.orElseThrow());
        }
        return out.isPresent() ? RunDirectory.create(out.get())
                : RunDirectory.createNumbered(CommonOptions.home().resolve("runs"), recipe.model() + "-" + recipe.data().fileName());
    }

    private void runHere(PrintStream out, boolean goesOn) throws IOException {
        DataSplits splits = recipe.load(dataRoot);
        TrainingRun.check(recipe, splits);
        if (!goesOn) {
            TrainingRun.checkStart(recipe, splits);
        }
        try (Workers workers = Workers.of(threads); RunDirectory directory = directory(goesOn);
                Dashboard page = dashboard.isEmpty() ? null : new Dashboard(directory.path().resolve("metrics.jsonl"),
                        recipe.title(), dashboard.get())) {
            if (page != null) {
                out.println("dashboard " + page.address());
            }
            Interruption interruption = new Interruption();
            try {
                interruption.during(() -> new TrainingRun(recipe, splits, directory, out, interruption).runOn(workers));
            } catch (UnwrittenFileException e) {
                throw new IOException(e.getMessage() + wayOn(directory.path()), e);
            }
        }
    }

    /** What to do when that which is in the way is gone, the end of a sentence. */
    private static String wayOn(Path folder) {
        return Files.exists(TrainingRun.state(folder)) ? ", then go on with: tessella train --resume " + folder
                : ", then train again into another folder, as nothing was saved yet to go on from";
    }
}
