package tessella.models.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import tessella.engine.Determinism;
import tessella.engine.Workers;
import tessella.models.data.DataSplits;
import tessella.models.data.ShippedData;
import tessella.models.report.Comparison;
import tessella.models.report.Machine;
import tessella.models.report.RunCard;
import tessella.models.pruning.Pruning;
import tessella.models.pruning.PruningRun;

/**
 * {@code tessella prune}: prunes the weights of an MLP while it learns, by soft magnitudes (Sander et al. 2023) and by gradual hard magnitude
 * pruning with the same schedule and the same fine-tuning, over seeds.
 *
 * @param data      the data set
 * @param sparsities shares of the weights that go
 * @param seeds     runs of each
 * @param seed      the first
 * @param settings  of training
 * @param from      lambda of the first soft step
 * @param to        lambda of the last
 * @param test      whether the test pictures are looked at, which is done once; else the validation pictures
 * @param dataRoot  the folder that holds the data sets, if not the usual one
 * @param threads   threads to compute with
 * @param out       the folder of the comparison, if not the usual one
 */
record PruneCommand(ShippedData data, List<Double> sparsities, int seeds, long seed, PruningRun.Settings settings, double from, double to,
        boolean test, Optional<Path> dataRoot, int threads, Optional<Path> out) implements Program.Action {
    private static final Option<String> DATA = Option.choice("data", ShippedData.labels(), "the pictures").orElse("fashion-mnist");
    private static final Option<String> SPARSITIES = Option.of("sparsities", "S,S,..", "shares of the weights that go",
            "shares from 0 to below 1 with commas between them",
            text -> text.matches("0?\\.[0-9]{1,6}(,0?\\.[0-9]{1,6})*") ? Optional.of(text) : Optional.empty()).orElse("0.9,0.95,0.98");
    private static final Option<Integer> SEEDS = Option.integer("seeds", 2, 1000, "runs of each kind").orElse(5);
    private static final Option<Long> SEED = Option.longInteger("seed", "the first seed").orElse(1L);
    private static final Option<Integer> EPOCHS = Option.integer("epochs", 1, 10_000, "passes over the training pictures").orElse(20);
    private static final Option<Double> FROM = Option.number("lambda", 1e-9, 1e9, "lambda of the first soft step").orElse(0.3);
    private static final Option<Double> TO = Option.number("last-lambda", 1e-9, 1e9, "lambda of the last").orElse(0.01);
    private static final Option<Boolean> VALIDATE = Option.flag("validate", "measures on the validation pictures, to choose settings");

    /** What may follow {@code tessella prune}. */
    static final Command COMMAND = new Command("prune",
            "Compares pruning by soft top-k magnitudes with gradual hard magnitude pruning, over seeds.", Command.Operands.NONE,
            List.of(DATA, SPARSITIES, SEEDS, SEED, EPOCHS, FROM, TO, VALIDATE, CommonOptions.DATA_ROOT, CommonOptions.THREADS, CommonOptions.OUT));

    static PruneCommand of(Arguments arguments) {
        return new PruneCommand(ShippedData.byLabel(arguments.get(DATA)),
                Arrays.stream(arguments.get(SPARSITIES).split(",")).map(Double::valueOf).toList(), arguments.get(SEEDS), arguments.get(SEED),
                PruningRun.Settings.of(arguments.get(EPOCHS)), arguments.get(FROM), arguments.get(TO), !arguments.get(VALIDATE),
                arguments.find(CommonOptions.DATA_ROOT), arguments.get(CommonOptions.THREADS), arguments.find(CommonOptions.OUT));
    }

    private List<String> words() {
        List<String> words = new ArrayList<>(List.of("tessella", "prune", "--data", data.label(), "--sparsities",
                String.join(",", sparsities.stream().map(String::valueOf).toList()), "--seeds", Integer.toString(seeds), "--seed",
                Long.toString(seed), "--epochs", Integer.toString(settings.epochs()), "--lambda", Double.toString(from), "--last-lambda",
                Double.toString(to)));
        if (!test) {
            words.add("--validate");
        }
        return words;
    }

    /** The kinds of run, soft ones first. */
    private Map<String, Pruning> arms() {
        Map<String, Pruning> arms = new LinkedHashMap<>();
        arms.put("soft, p = 2", new Pruning.Soft(2, from, to));
        arms.put("soft, p = 4/3", new Pruning.Soft(4.0 / 3, from, to));
        arms.put("gradual hard", new Pruning.Hard());
        return arms;
    }

    @Override
    public void run(PrintStream print) throws IOException {
        if (to > from) {
            throw new UsageException("prune: expected a --last-lambda of at most --lambda, found " + to + " and " + from);
        }
        DataSplits splits = data.load(CommonOptions.dataRoot(dataRoot));
        Path parent = out.orElseGet(() -> CommonOptions.home().resolve("runs").resolve("prune-" + data.label()));
        if (Files.exists(parent.resolve(Comparison.PAGE))) {
            throw new UsageException("prune: expected a new folder, found " + parent + " with a comparison; name another with --out");
        }
        int runs = seeds * (sparsities.size() * arms().size() + 1);
        double[] dense = new double[seeds];
        long start = System.nanoTime();
        int done = 0;
        try (Workers workers = Workers.of(threads)) {
            PruningRun.Result last = null;
            for (int s = 0; s < seeds; s++) {
                last = runOne(workers, splits, new Pruning.Hard(), 0, seed + s);
                dense[s] = measured(last);
                said(print, "dense", 0, seed + s, last, ++done, runs, start);
            }
            Comparison.Arm whole = new Comparison.Arm("dense", dense, last.left(), 2e-9 * last.multiplyAdds());
            for (double sparsity : sparsities) {
                Map<String, double[]> values = new LinkedHashMap<>();
                for (int s = 0; s < seeds; s++) {
                    for (Map.Entry<String, Pruning> arm : arms().entrySet()) {
                        last = runOne(workers, splits, arm.getValue(), sparsity, seed + s);
                        values.computeIfAbsent(arm.getKey(), _ -> new double[seeds])[s] = measured(last);
                        said(print, arm.getKey(), sparsity, seed + s, last, ++done, runs, start);
                    }
                }
                List<Comparison.Arm> compared = new ArrayList<>();
                PruningRun.Result size = last;
                values.forEach((label, all) -> compared.add(new Comparison.Arm(label, all, size.left(), 2e-9 * size.multiplyAdds())));
                compared.add(whole);
                write(print, parent.resolve("sparsity-" + sparsity), splits, sparsity, compared);
            }
        }
    }

    private double measured(PruningRun.Result result) {
        return test ? result.test() : result.validation();
    }

    private PruningRun.Result runOne(Workers workers, DataSplits splits, Pruning pruning, double sparsity, long seed) {
        return Workers.with(workers, () -> new PruningRun(splits, settings, pruning, sparsity, seed).run((_, _, _) -> { }));
    }

    private void said(PrintStream print, String arm, double sparsity, long seed, PruningRun.Result result, int done, int runs, long start) {
        double elapsed = (System.nanoTime() - start) * 1e-9;
        print.printf(Locale.ROOT, "%3d of %d  %-14s sparsity %-5s seed %-4d %s accuracy %.4f, %d weights left, about %.0f s to go%n", done, runs,
                arm, sparsity, seed, test ? "test" : "validation", measured(result), result.left(), elapsed / done * (runs - done));
    }

    private void write(PrintStream print, Path folder, DataSplits splits, double sparsity, List<Comparison.Arm> arms) throws IOException {
        Files.createDirectories(folder);
        Map<String, Object> result = new LinkedHashMap<>();
        arms.forEach(arm -> result.put(arm.label(), arm.text()));
        Comparison comparison = new Comparison("Pruning " + String.format(Locale.ROOT, "%.4g", 100 * sparsity) + " % of the weights of an MLP on "
                + splits.name(), test ? "test accuracy" : "validation accuracy", arms, new RunCard(CommonOptions.version(),
                RunCard.commitOf(CommonOptions.home()), words(), seed, Machine.detect(Determinism.vectorBits()), splits.name(),
                splits.sha256(), result));
        comparison.write(folder);
        print.print(comparison.toText());
        print.println("comparison " + folder.resolve(Comparison.PAGE));
    }
}
