package tessella.models.cli;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import tessella.models.data.ShippedData;

/** The program {@code tessella}: trains, measures and uses the models of this library from the command line. */
public final class Main {
    private static final String VECTOR = "jdk.incubator.vector";
    private static final String IMAGES = "java.desktop"; // for picture files and the emoji of scenes

    private Main() {
    }

    /**
     * Runs one command and ends the process with its exit code: 0 when all went well, 1 when a file could not be
     * read or written, 2 when the command line is not what it should be. Where Java was started without the modules
     * that the command needs, it is started again with them.
     *
     * @param args the command and its arguments
     */
    public static void main(String[] args) {
        List<String> modules = new ArrayList<>(List.of(VECTOR));
        if (readsPictures(List.of(args))) {
            modules.add(IMAGES);
        }
        if (Arrays.stream(args).anyMatch(arg -> arg.startsWith("--dashboard"))) {
            modules.add(Dashboard.MODULE);
        }
        OptionalInt child = Relaunch.withModules(modules, Main.class, args, System.err);
        System.exit(child.isPresent() ? child.getAsInt() : run(args, System.out, System.err));
    }

    private static boolean readsPictures(List<String> words) {
        boolean shipped = true;
        for (int i = 0; i < words.size(); i++) {
            String word = words.get(i);
            if (word.equals("--data") && i + 1 < words.size()) {
                shipped = ShippedData.labels().contains(words.get(i + 1));
            } else if (word.startsWith("--data=")) {
                shipped = ShippedData.labels().contains(word.substring("--data=".length()));
            } else if (word.startsWith("--resume") || i == 0 && (word.equals(PredictCommand.COMMAND.name())
                    || word.equals(TransportCommand.COMMAND.name()))) {
                return true;
            }
        }
        return !shipped;
    }

    /**
     * Runs one command inside this process, which must have the modules that the command needs.
     *
     * @param args the command and its arguments
     * @param out  where results go
     * @param err  where sentences about errors go
     * @return the exit code
     */
    public static int run(String[] args, PrintStream out, PrintStream err) {
        return new Program("tessella", "Trains and runs vision transformers and mixtures of experts.")
                .with(TrainCommand.COMMAND, Profiled.of(TrainCommand::of))
                .with(AblateCommand.COMMAND, AblateCommand::of)
                .with(CompareCommand.COMMAND, CompareCommand::of)
                .with(EvalCommand.COMMAND, Profiled.of(EvalCommand::of))
                .with(RoutingCommand.COMMAND, RoutingCommand::of)
                .with(ProbeCommand.COMMAND, ProbeCommand::of)
                .with(PredictCommand.COMMAND, Profiled.of(PredictCommand::of))
                .with(ExportCommand.COMMAND, ExportCommand::of)
                .with(CheckCommand.COMMAND, CheckCommand::of)
                .with(TopKCommand.COMMAND, TopKCommand::of)
                .with(TransportCommand.COMMAND, TransportCommand::of)
                .with(PruneCommand.COMMAND, PruneCommand::of)
                .with(InfoCommand.COMMAND, InfoCommand::of)
                .run(args, out, err);
    }
}
