package tessella.models.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import tessella.engine.Workers;
import tessella.models.data.ImageSet;
import tessella.models.scenes.SceneData;
import tessella.models.scenes.SceneSplit;
import tessella.models.scenes.Scenes;
import tessella.models.train.Checkpoint;
import tessella.models.train.Evaluation;

/**
 * {@code tessella eval}: measures a checkpoint on the test pictures.
 *
 * @param checkpoint the file
 * @param data       the data set
 * @param side       side of the square that pictures are brought to, if they have no size of their own
 * @param dataRoot   the folder that holds the data sets, if not the usual one
 * @param split      which pictures are measured
 * @param batch      pictures computed at a time
 * @param threads    threads to compute with
 */
record EvalCommand(Path checkpoint, DataChoice data, Optional<Integer> side, Optional<Path> dataRoot, SceneSplit split, int batch, int threads)
        implements Program.Action {
    private static final Option<Integer> BATCH = Option.integer("batch", 1, Integer.MAX_VALUE,
            "pictures computed at a time").orElse(Evaluation.BATCH);

    private static final Option<String> SPLIT = Option.choice("split",
            Stream.of(SceneSplit.TEST, SceneSplit.HELD_OUT_CONCEPTS, SceneSplit.HELD_OUT_PAIRS).map(EvalCommand::word).toList(),
            "which pictures are measured; of scenes also those with emoji, or pairs of them, that no training scene has")
            .orElse(word(SceneSplit.TEST));

    /** What may follow {@code tessella eval}. */
    static final Command COMMAND = new Command("eval", "Measures the accuracy of a checkpoint on the test pictures.",
            new Command.Operands("<checkpoint>", 1, 1),
            List.of(CommonOptions.DATA, CommonOptions.SIDE, CommonOptions.DATA_ROOT, SPLIT, BATCH, CommonOptions.THREADS,
                    CommonOptions.PROFILE));

    static EvalCommand of(Arguments arguments) {
        return new EvalCommand(CommonOptions.checkpoint(arguments.operands().getFirst()),
                arguments.get(CommonOptions.DATA), arguments.find(CommonOptions.SIDE), arguments.find(CommonOptions.DATA_ROOT),
                SceneSplit.valueOf(arguments.get(SPLIT).toUpperCase(Locale.ROOT).replace('-', '_')), arguments.get(BATCH), arguments.get(CommonOptions.THREADS));
    }

    private static String word(SceneSplit split) {
        return split.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** An accuracy as commands print it. */
    static String decimals(double accuracy) {
        return String.format(Locale.ROOT, "%.4f", accuracy);
    }

    private ImageSet pictures(Path root) throws IOException {
        if (split == SceneSplit.TEST) {
            return data.test(root, side);
        }
        if (data instanceof DataChoice.SceneTask(Scenes.Question question)) {
            return SceneData.heldOut(data.label() + " " + word(split), root, question, side.orElse(DataChoice.SIDE), split);
        }
        throw new UsageException("eval: --split " + word(split) + " is of scenes, found " + data.label() + "; leave it out");
    }

    @Override
    public void run(PrintStream out) throws IOException {
        Path root = CommonOptions.dataRoot(dataRoot);
        ImageSet pictures = pictures(root);
        try (Workers workers = Workers.of(threads); Checkpoint loaded = Checkpoint.load(checkpoint)) {
            if (!loaded.classNames().equals(pictures.classNames())) {
                throw new IOException(checkpoint + ": it knows the classes " + loaded.classNames() + ", " + data.label()
                        + " has " + pictures.classNames() + "; name its data with --data");
            }
            Evaluation test = Workers.with(workers,
                    () -> Evaluation.of(loaded.model(), pictures, loaded.preprocessing(), batch));
            out.println("test loss " + decimals(test.loss()));
            for (TestMeasures.Number number : TestMeasures.of(pictures, test).numbers()) {
                out.println("test " + number.name() + " " + decimals(number.value()));
            }
            out.println("test accuracy " + decimals(test.accuracy()));
        }
    }
}
