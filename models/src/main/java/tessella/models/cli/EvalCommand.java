package tessella.models.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import tessella.models.data.DataSet;

/**
 * {@code tessella eval}: measures a checkpoint on the test pictures.
 *
 * @param checkpoint the file
 * @param data       the data set
 * @param dataRoot   the folder that holds the data sets, if not the usual one
 * @param batch      pictures computed at a time
 * @param threads    threads to compute with
 */
record EvalCommand(Path checkpoint, DataSet data, Optional<Path> dataRoot, int batch, int threads)
        implements Program.Action {
    private static final Option<Integer> BATCH = Option.integer("batch", 1, Integer.MAX_VALUE,
            "pictures computed at a time").orElse(100);

    /** What may follow {@code tessella eval}. */
    static final Command COMMAND = new Command("eval", "Measures the accuracy of a checkpoint on the test pictures.",
            new Command.Operands("<checkpoint>", 1, 1),
            List.of(CommonOptions.DATA, CommonOptions.DATA_ROOT, BATCH, CommonOptions.THREADS));

    static EvalCommand of(Arguments arguments) {
        return new EvalCommand(Path.of(arguments.operands().getFirst()),
                DataSet.byLabel(arguments.get(CommonOptions.DATA)), arguments.find(CommonOptions.DATA_ROOT),
                arguments.get(BATCH), arguments.get(CommonOptions.THREADS));
    }

    @Override
    public void run(PrintStream out) throws IOException {
        throw new UnsupportedOperationException("eval");
    }
}
