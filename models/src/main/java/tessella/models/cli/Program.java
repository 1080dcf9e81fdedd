package tessella.models.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import tessella.engine.OutOfBudgetException;
import tessella.models.data.DataException;
import tessella.models.train.TrainingException;

/**
 * A program made of commands: finds the one that the first word names, lets it read the other words, and runs it.
 * Errors of the user end in one sentence and the exit code 2, errors of files in one sentence and the exit code 1;
 * errors of the program itself keep their stack trace.
 */
public final class Program {
    /** All went well. */
    public static final int OK = 0;
    /** Something outside of the program failed, such as a disk. */
    public static final int FAILED = 1;
    /** The command line or a file it names is not what it should be. */
    public static final int USAGE = 2;

    private final String name;
    private final String summary;
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    private record Entry(Command command, Function<Arguments, Action> parse) {
    }

    /** A command with its arguments read, ready to run. */
    @FunctionalInterface
    public interface Action {
        /**
         * Runs the command.
         *
         * @param out where the result goes
         * @throws IOException    if a file cannot be read or written
         * @throws UsageException if the arguments do not fit together
         */
        void run(PrintStream out) throws IOException;
    }

    /**
     * Makes a program without commands.
     *
     * @param name    what the user types
     * @param summary one sentence of help
     */
    public Program(String name, String summary) {
        this.name = name;
        this.summary = summary;
    }

    /**
     * Adds a command.
     *
     * @param command what may follow its name
     * @param parse   makes the action of the arguments
     * @return this program
     */
    public Program with(Command command, Function<Arguments, Action> parse) {
        entries.put(command.name(), new Entry(command, parse));
        return this;
    }

    /**
     * Runs one command.
     *
     * @param args the words after the name of the program
     * @param out  where results and help go
     * @param err  where sentences about errors go
     * @return the exit code
     */
    public int run(String[] args, PrintStream out, PrintStream err) {
        int code = dispatch(args, out, err);
        if (code == OK && out.checkError()) { // it throws nothing: whoever reads the output would take it for all
            err.println(name + ": expected to print all results, found an output that does not take them; free space on its disk, "
                    + "or send it elsewhere");
            return FAILED;
        }
        return code;
    }

    private int dispatch(String[] args, PrintStream out, PrintStream err) {
        List<String> words = Arrays.asList(args);
        try {
            if (words.isEmpty() || isHelp(words.getFirst())) {
                out.print(help());
                return OK;
            }
            Entry entry = entries.get(words.getFirst());
            if (entry == null) {
                throw new UsageException("%s: there is no command %s%s".formatted(name, words.getFirst(),
                        Nearest.hint(words.getFirst(), entries.keySet(), name + " --help lists all")));
            }
            List<String> rest = words.subList(1, words.size());
            List<String> options = rest.contains("--") ? rest.subList(0, rest.indexOf("--")) : rest;
            if (options.stream().anyMatch(Program::isHelp)) {
                out.print(entry.command().help());
                return OK;
            }
            entry.parse().apply(entry.command().parse(rest)).run(out);
            return OK;
        } catch (UsageException | DataException | IllegalArgumentException e) {
            err.println(e.getMessage());
            return USAGE;
        } catch (TrainingException | OutOfBudgetException | FallenKernelsException e) {
            err.println(e.getMessage());
            return FAILED;
        } catch (IOException e) {
            err.println(name + ": " + sentence(e));
            return FAILED;
        }
    }

    private static boolean isHelp(String word) {
        return word.equals("--help") || word.equals("-h");
    }

    /** The platform's messages about files are often the bare path. */
    private static String sentence(IOException e) {
        return switch (e) {
            case NoSuchFileException missing -> missing.getFile() + ": expected a file, found none";
            case FileSystemException file when file.getReason() == null ->
                file.getFile() + ": " + file.getClass().getSimpleName();
            default -> e.getMessage() == null ? e.toString() : e.getMessage();
        };
    }

    private String help() {
        StringBuilder text = new StringBuilder("Usage: ").append(name).append(" <command> [options]\n\n")
                .append(summary).append("\n\nCommands:\n");
        int width = 4 + entries.keySet().stream().mapToInt(String::length).max().orElse(0);
        entries.forEach((key, entry) -> text.append("  ").append(key).repeat(' ', width - 2 - key.length())
                .append(entry.command().summary()).append('\n'));
        return text.append("\n").append(name).append(" <command> --help tells the options of a command.\n").toString();
    }
}
