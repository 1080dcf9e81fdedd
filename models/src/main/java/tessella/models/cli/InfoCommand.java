package tessella.models.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.util.List;

/**
 * {@code tessella info}: tells the configuration and the parameters of a model.
 *
 * @param model the name of a configuration, or a checkpoint file
 */
record InfoCommand(String model) implements Program.Action {
    /** What may follow {@code tessella info}. */
    static final Command COMMAND = new Command("info", "Tells the configuration and the parameters of a model.",
            new Command.Operands("<model or checkpoint>", 1, 1), List.of());

    static InfoCommand of(Arguments arguments) {
        return new InfoCommand(arguments.operands().getFirst());
    }

    @Override
    public void run(PrintStream out) throws IOException {
        throw new UnsupportedOperationException("info");
    }
}
