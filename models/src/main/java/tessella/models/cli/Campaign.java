package tessella.models.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import tessella.engine.Determinism;
import tessella.engine.Workers;
import tessella.engine.io.UnwrittenFileException;
import tessella.engine.json.Json;
import tessella.models.data.DataSplits;
import tessella.models.data.ImageSet;
import tessella.models.report.Compared;
import tessella.models.report.Comparison;
import tessella.models.report.Machine;
import tessella.models.report.RunCard;
import tessella.models.report.RunDirectory;
import tessella.models.train.Trainer;
import tessella.models.vit.VitConfig;

/**
 * Training runs that are compared: each arm with each seed, a folder for each run, and a page that puts them side by side. The
 * same command goes on where it was stopped: what has ended is read, what was stopped goes on.
 *
 * @param title    what is compared
 * @param arms     the first is what the others are compared with
 * @param seeds    runs of an arm, with the seed of its recipe and those after it; pairs of runs share a seed
 * @param measures what they are compared by
 * @param words    the command
 * @param dataRoot the folder that holds the data sets, if not the usual one
 * @param threads  threads to compute with
 * @param out      the folder of all runs, if not the usual one
 */
record Campaign(String title, List<Arm> arms, int seeds, Measures measures, List<String> words, Optional<Path> dataRoot,
        int threads, Optional<Path> out) {
    private static final String CARD = "run-card.json";

    /** One side of a comparison; all have the same pictures. */
    record Arm(String label, Recipe recipe) {
        /** Where the run of a seed is. */
        private Path folder(Path parent, long seed) {
            return parent.resolve(folderName() + "-seed-" + seed);
        }

        /** What the folders of its runs begin with. */
        String folderName() {
            return label.replace(' ', '-');
        }
    }

    /** Which pictures runs are compared by. */
    enum Pictures {
        TEST, VALIDATION;

        /** As messages and run cards name them. */
        String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** What runs are compared by; no measure stands for the usual one of the pictures. */
    record Measures(Pictures pictures, List<Measure> named) {
        /** That of the test pictures. */
        static final Measures USUAL = new Measures(Pictures.TEST, List.of());

        /** The measures of these pictures; refuses what is not measured of them. */
        private List<Measure> of(ImageSet set) {
            List<Measure> known = Measure.of(set);
            if (!known.containsAll(named)) {
                throw new UsageException("compare: expected --measures among " + joined(known, ", ") + " for " + set.name() + ", found "
                        + joined(named, ", ") + "; leave out the others");
            }
            return named.isEmpty() ? known.subList(0, 1) : named;
        }

        private static String joined(List<Measure> measures, String comma) {
            return String.join(comma, measures.stream().map(Measure::word).toList());
        }

        private String key(Measure measure) {
            return TestMeasures.key(pictures.text(), measure.text());
        }

        /** The options written out. */
        List<String> words() {
            List<String> words = new ArrayList<>();
            if (pictures == Pictures.VALIDATION) {
                words.add("--validate");
            }
            if (!named.isEmpty()) {
                words.addAll(List.of("--measures", joined(named, ",")));
            }
            return words;
        }
    }

    /** Runs what has not been run, unless it is stopped, and compares. */
    void run(PrintStream print) throws IOException {
        Recipe first = arms.getFirst().recipe();
        Path parent = out.orElseGet(() -> CommonOptions.home().resolve("runs").resolve(words.get(1) + "-"
                + first.model() + "-" + first.data().fileName()));
        DataSplits splits = first.load(dataRoot);
        List<Measure> compared = measures.of(splits.test());
        for (Arm arm : arms) {
            TrainingRun.check(arm.recipe(), splits);
            TrainingRun.checkStart(arm.recipe(), splits);
            for (int s = 0; s < seeds; s++) {
                long seed = arm.recipe().config().seed() + s;
                requireSame(arm.folder(parent, seed), TrainingRun.words(arm.recipe().withSeed(seed)));
                requireMeasured(arm.folder(parent, seed), compared);
            }
        }
        Files.createDirectories(parent);
        Interruption interruption = new Interruption();
        try (Workers workers = Workers.of(threads)) {
            interruption.during(() -> {
                for (int s = 0; s < seeds; s++) { // seed by seed: what there is so far is in pairs
                    for (Arm arm : arms) {
                        long seed = arm.recipe().config().seed() + s;
                        Path folder = arm.folder(parent, seed);
                        if (!interruption.isRequested() && !hasEnded(folder)) {
                            print.println(arm.label() + ", seed " + seed);
                            runOne(workers, arm.recipe().withSeed(seed), splits, folder, print, interruption);
                        }
                    }
                }
            });
        }
        if (interruption.isRequested()) {
            print.println("stopped; go on with the same command and --out " + parent);
            return;
        }
        compare(parent, splits, compared, print);
    }

    /** Refuses a folder in which the run of another command has ended or was stopped: its numbers would be compared as this one's. */
    private static void requireSame(Path folder, List<String> expected) throws IOException {
        List<Object> found;
        if (Files.exists(TrainingRun.state(folder))) {
            String text = Trainer.notes(TrainingRun.state(folder)).get(TrainingRun.ARGUMENTS);
            found = text == null ? List.of() : Json.array(Json.parse(text), TrainingRun.ARGUMENTS);
        } else if (Files.exists(folder.resolve(CARD))) {
            found = Json.array(card(folder.resolve(CARD)).get("arguments"), CARD);
        } else {
            return;
        }
        if (!found.equals(expected)) {
            throw new IOException(folder + ": expected no run, or one of \"" + String.join(" ", expected) + "\", found one of \""
                    + String.join(" ", found.stream().map(Object::toString).toList()) + "\"; name another folder with --out");
        }
    }

    /** Refuses a run that has ended without the numbers that are compared: earlier versions left fewer of them. */
    private void requireMeasured(Path folder, List<Measure> compared) throws IOException {
        if (hasEnded(folder)) {
            Map<String, Object> result = results(folder.resolve(CARD));
            List<String> missing = compared.stream().map(measures::key).filter(key -> !result.containsKey(key)).toList();
            if (!missing.isEmpty()) {
                throw new IOException(folder.resolve(CARD) + ": expected the result of a run with " + String.join(", ", missing) + ", found "
                        + String.join(", ", result.keySet()) + "; name another folder with --out, or delete this one and run it again");
            }
        }
    }

    private static boolean hasEnded(Path folder) {
        return Files.exists(folder.resolve(CARD)) && !Files.exists(TrainingRun.state(folder));
    }

    private static void runOne(Workers workers, Recipe recipe, DataSplits splits, Path folder, PrintStream print,
            Interruption interruption) throws IOException {
        boolean goesOn = Files.exists(TrainingRun.state(folder));
        if (!goesOn) {
            Files.deleteIfExists(folder.resolve("metrics.jsonl")); // all that a run leaves that was killed in its first epoch
        }
        try (RunDirectory directory = goesOn ? TrainingRun.reopen(folder) : RunDirectory.create(folder)) {
            new TrainingRun(recipe, splits, directory, print, interruption).runOn(workers);
        } catch (UnwrittenFileException e) {
            throw new IOException(e.getMessage() + ", then go on with the same command and --out " + folder.getParent(), e);
        }
    }

    private void compare(Path parent, DataSplits splits, List<Measure> compared, PrintStream print) throws IOException {
        List<Compared> all = new ArrayList<>();
        Map<String, Object> result = new LinkedHashMap<>();
        for (Measure measure : compared) {
            String name = measures.pictures().text() + " " + measure.text();
            List<Comparison.Arm> sides = new ArrayList<>();
            for (Arm arm : arms) {
                double[] values = new double[seeds];
                for (int s = 0; s < seeds; s++) {
                    values[s] = result(arm.folder(parent, arm.recipe().config().seed() + s).resolve(CARD), measures.key(measure));
                }
                VitConfig model = arm.recipe().modelConfig(splits.train());
                sides.add(new Comparison.Arm(arm.label(), values, model.parameterCount(), 2e-9 * model.multiplyAdds()));
            }
            sides.forEach(side -> result.put(compared.size() == 1 ? side.label() : side.label() + ", " + name, side.text()));
            all.add(new Compared(name, sides));
        }
        Comparison comparison = new Comparison(title, all, new RunCard(CommonOptions.version(),
                RunCard.commitOf(CommonOptions.home()), words, arms.getFirst().recipe().config().seed(),
                Machine.detect(Determinism.vectorBits()), splits.name(), splits.sha256(), result));
        comparison.write(parent);
        print.print(comparison.toText());
        print.println("comparison " + parent.resolve(Comparison.PAGE));
    }

    private static double result(Path card, String name) throws IOException {
        try {
            return Json.number(results(card).get(name), name);
        } catch (IllegalArgumentException e) {
            throw new IOException(card + ": " + e.getMessage(), e);
        }
    }

    private static Map<String, Object> results(Path card) throws IOException {
        try {
            return Json.object(card(card).get("result"), "result");
        } catch (IllegalArgumentException e) {
            throw new IOException(card + ": " + e.getMessage(), e);
        }
    }

    private static Map<String, Object> card(Path file) throws IOException {
        try {
            return Json.object(Json.parse(Files.readString(file)), CARD);
        } catch (IllegalArgumentException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }
}
