package tessella.models.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import tessella.engine.Memory;
import tessella.engine.Workers;
import tessella.models.data.DataSplits;
import tessella.models.data.ImageSet;
import tessella.models.measure.FeatureProbe;
import tessella.models.measure.Features;
import tessella.models.report.RunDirectory;
import tessella.models.train.Checkpoint;
import tessella.models.train.Evaluation;

/**
 * {@code tessella probe}: measures what the features of a frozen model tell, by nearest neighbours and ridge regressions. The data
 * may be others than the model learned from, with other classes.
 *
 * @param checkpoint the file
 * @param data       the data set
 * @param side       side of the square that pictures are brought to, if they have no size of their own
 * @param dataRoot   the folder that holds the data sets, if not the usual one
 * @param settings   what to measure
 * @param threads    threads to compute with
 * @param out        the folder of the report; empty for none
 */
record ProbeCommand(Path checkpoint, DataChoice data, Optional<Integer> side, Optional<Path> dataRoot,
        FeatureProbe.Settings settings, int threads, Optional<Path> out) implements Program.Action {
    private static final Option<Integer> SHOTS = Option.integer("shots", 1, Integer.MAX_VALUE,
            "pictures of each class that the small ridge probe learns from").orElse(10);
    private static final Option<Integer> NEIGHBOURS = Option.integer("neighbours", 1, Integer.MAX_VALUE,
            "nearest training pictures that vote for a class").orElse(10);
    private static final Option<Integer> DRAWS = Option.integer("draws", 2, Integer.MAX_VALUE,
            "how often the few pictures are drawn").orElse(5);
    private static final Option<Path> OUT = Option.path("out", "a new folder for a report with pictures").otherwise("none");

    /** What may follow {@code tessella probe}. */
    static final Command COMMAND = new Command("probe", "Measures the features of a checkpoint: nearest neighbours, few-shot ridge, retrieval.",
            new Command.Operands("<checkpoint>", 1, 1),
            List.of(CommonOptions.DATA, CommonOptions.SIDE, CommonOptions.DATA_ROOT, SHOTS, NEIGHBOURS, DRAWS, CommonOptions.THREADS, OUT));

    static ProbeCommand of(Arguments arguments) {
        return new ProbeCommand(CommonOptions.checkpoint(arguments.operands().getFirst()),
                arguments.get(CommonOptions.DATA), arguments.find(CommonOptions.SIDE), arguments.find(CommonOptions.DATA_ROOT),
                new FeatureProbe.Settings(arguments.get(SHOTS), arguments.get(NEIGHBOURS), arguments.get(DRAWS)),
                arguments.get(CommonOptions.THREADS), arguments.find(OUT));
    }

    /** The command with all options written out, but for the folders and the threads, on which no result depends. */
    List<String> arguments() {
        List<String> words = new ArrayList<>(List.of("tessella", "probe", CommonOptions.name(checkpoint), "--data", data.label(), "--shots",
                Integer.toString(settings.shots()), "--neighbours", Integer.toString(settings.neighbours()), "--draws",
                Integer.toString(settings.draws())));
        side.ifPresent(pixels -> words.addAll(List.of("--side", Integer.toString(pixels))));
        return words;
    }

    @Override
    public void run(PrintStream out) throws IOException {
        DataSplits splits = data.load(CommonOptions.dataRoot(dataRoot), side, Optional.empty());
        if (splits.train().hasManyClasses()) {
            throw new UsageException("probe: expected pictures of one class each, found " + data.label()
                    + ", whose pictures have any number; choose other --data");
        }
        settings.check(splits.train().labels(), splits.classNames());
        try (Workers workers = Workers.of(threads); Checkpoint loaded = Checkpoint.load(checkpoint);
                RunDirectory directory = this.out.isPresent() ? RunDirectory.create(this.out.get()) : null) {
            int train = splits.train().size();
            int all = train + splits.test().size();
            Features[] features = new Features[2];
            try (Progress progress = Progress.on(out)) {
                Workers.with(workers, () -> {
                    features[0] = features(loaded, splits.train(), progress, 0, all);
                    features[1] = features(loaded, splits.test(), progress, train, all);
                });
            }
            FeatureProbe probe = Workers.with(workers,
                    () -> FeatureProbe.of(features[0], features[1], splits.classNames(), settings));
            ProbeResult result = new ProbeResult(this, splits, features[0].width(), probe);
            result.print(out);
            if (directory != null) {
                out.println("report " + result.write(directory, features[0], features[1], checkpointSha256()));
            }
        }
    }

    private static Features features(Checkpoint loaded, ImageSet pictures, Progress progress, int before, int all) {
        return Features.of(loaded.model(), pictures, loaded.preprocessing(), Evaluation.BATCH, done -> progress.update(
                new Progress.Pictures("features", before + done, all, Memory.inUse(), Memory.peak())));
    }

    private String checkpointSha256() throws IOException {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] part = new byte[1 << 16];
            try (var in = Files.newInputStream(checkpoint)) {
                for (int read = in.read(part); read >= 0; read = in.read(part)) {
                    digest.update(part, 0, read);
                }
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
