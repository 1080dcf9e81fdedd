package tessella.models.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;

/**
 * {@code tessella predict}: names what is on pictures.
 *
 * @param checkpoint the file
 * @param pictures   picture files, at least one
 * @param top        how many classes to name for each
 * @param threads    threads to compute with
 */
record PredictCommand(Path checkpoint, List<Path> pictures, int top, int threads) implements Program.Action {
    private static final Option<Integer> TOP = Option.integer("top", 1, Integer.MAX_VALUE,
            "how many classes to name for each picture").orElse(3);

    /** What may follow {@code tessella predict}. */
    static final Command COMMAND = new Command("predict", "Names what is on pictures, with probabilities.",
            new Command.Operands("<checkpoint> <picture>...", 2, Integer.MAX_VALUE),
            List.of(TOP, CommonOptions.THREADS));

    static PredictCommand of(Arguments arguments) {
        List<Path> paths = arguments.operands().stream().map(Path::of).toList();
        return new PredictCommand(paths.getFirst(), paths.subList(1, paths.size()), arguments.get(TOP),
                arguments.get(CommonOptions.THREADS));
    }

    @Override
    public void run(PrintStream out) throws IOException {
        throw new UnsupportedOperationException("predict");
    }
}
