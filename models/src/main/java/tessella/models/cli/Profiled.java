package tessella.models.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.function.Function;
import java.util.stream.LongStream;
import tessella.engine.Profile;

/** Commands that tell, if they are asked to, where their time went. What they leave does not depend on it. */
final class Profiled {
    /** For each of the figures that operators are held against, after the run. */
    private static final double SECONDS = 0.1;

    private Profiled() {
    }

    /** A command that has the options {@link CommonOptions#PROFILE} and {@link CommonOptions#THREADS}. */
    static Function<Arguments, Program.Action> of(Function<Arguments, ? extends Program.Action> command) {
        return arguments -> {
            Program.Action action = command.apply(arguments);
            return arguments.get(CommonOptions.PROFILE) ? out -> run(action, arguments.get(CommonOptions.THREADS), out) : action;
        };
    }

    private static void run(Program.Action action, int threads, PrintStream out) throws IOException {
        Profile profile = Profile.record();
        try (profile) {
            action.run(out);
        }
        List<Profile.Row> rows = profile.table();
        LongStream workingSets = rows.stream().filter(row -> row.calls() > 0).mapToLong(row -> row.bytes() / row.calls());
        Bounds bounds = Bounds.measure(threads, SECONDS, LongStream.concat(LongStream.of(Bounds.LARGEST), workingSets));
        out.println();
        new ProfileTable(rows, bounds, threads).lines().forEach(out::println);
    }
}
