package tessella.models.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import tessella.engine.Workers;
import tessella.models.data.ShippedData;
import tessella.models.data.DataSplits;
import tessella.models.train.Checkpoint;
import tessella.models.train.Evaluation;

/**
 * {@code tessella eval}: measures a checkpoint on the test pictures.
 *
 * @param checkpoint the file
 * @param data       the data set
 * @param side       side of the square that pictures are brought to, if they have no size of their own
 * @param dataRoot   the folder that holds the data sets, if not the usual one
 * @param batch      pictures computed at a time
 * @param threads    threads to compute with
 */
record EvalCommand(Path checkpoint, DataChoice data, Optional<Integer> side, Optional<Path> dataRoot, int batch, int threads)
        implements Program.Action {
    private static final Option<Integer> BATCH = Option.integer("batch", 1, Integer.MAX_VALUE,
            "pictures computed at a time").orElse(Evaluation.BATCH);

    /** What may follow {@code tessella eval}. */
    static final Command COMMAND = new Command("eval", "Measures the accuracy of a checkpoint on the test pictures.",
            new Command.Operands("<checkpoint>", 1, 1),
            List.of(CommonOptions.DATA, CommonOptions.SIDE, CommonOptions.DATA_ROOT, BATCH, CommonOptions.THREADS));

    static EvalCommand of(Arguments arguments) {
        return new EvalCommand(CommonOptions.checkpoint(arguments.operands().getFirst()),
                arguments.get(CommonOptions.DATA), arguments.find(CommonOptions.SIDE), arguments.find(CommonOptions.DATA_ROOT),
                arguments.get(BATCH), arguments.get(CommonOptions.THREADS));
    }

    /** An accuracy as commands print it. */
    static String decimals(double accuracy) {
        return String.format(Locale.ROOT, "%.4f", accuracy);
    }

    @Override
    public void run(PrintStream out) throws IOException {
        DataSplits splits = data.load(dataRoot.isPresent() ? dataRoot.get() : ShippedData.defaultRoot(), side,
                Optional.empty());
        try (Workers workers = Workers.of(threads); Checkpoint loaded = Checkpoint.load(checkpoint)) {
            if (!loaded.classNames().equals(splits.classNames())) {
                throw new IOException(checkpoint + ": it knows the classes " + loaded.classNames() + ", " + splits.name()
                        + " has " + splits.classNames() + "; name its data with --data");
            }
            Evaluation test = Workers.with(workers,
                    () -> Evaluation.of(loaded.model(), splits.test(), loaded.preprocessing(), batch));
            out.println("test loss " + decimals(test.loss()));
            for (TestMeasures.Number number : TestMeasures.of(splits.test(), test).numbers()) {
                out.println("test " + number.name() + " " + decimals(number.value()));
            }
            out.println("test accuracy " + decimals(test.accuracy()));
        }
    }
}
