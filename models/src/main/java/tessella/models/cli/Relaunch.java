package tessella.models.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Starts Java again when it runs without a module that is needed. A JAR cannot ask for the incubating vector module
 * when it is started as {@code java -jar}, nor on the class path, and nobody should have to know the option.
 */
final class Relaunch {
    /** Set in the new process, so that a Java that has no such module at all does not start itself for ever. */
    private static final String MARK = "tessella.relaunched";

    private Relaunch() {
    }

    /**
     * Does nothing when all modules are there; otherwise runs the same command in a new Java that has them, with the
     * same terminal, and waits for it.
     *
     * @return the exit code of the new Java, or empty when there was no need for one
     */
    static OptionalInt withModules(List<String> modules, Class<?> main, String[] args, PrintStream err) {
        List<String> missing = modules.stream()
                .filter(name -> ModuleLayer.boot().findModule(name).isEmpty()).toList();
        if (missing.isEmpty()) {
            return OptionalInt.empty();
        }
        if (System.getProperty(MARK) != null) {
            err.println("tessella: this Java has no module %s: install a complete JDK 25".formatted(
                    String.join(" and ", missing)));
            return OptionalInt.of(Program.FAILED);
        }
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-D" + MARK + "=true", "--add-modules", String.join(",", missing)));
        command.addAll(arguments(ProcessHandle.current().info().arguments(), args)
                .orElseGet(() -> rebuilt(main, args)));
        try {
            Process process = new ProcessBuilder(command).inheritIO().start();
            Runtime.getRuntime().addShutdownHook(new Thread(process::destroy));
            return OptionalInt.of(process.waitFor());
        } catch (IOException e) {
            err.println("tessella: Java could not be started again with the modules it needs (%s): start it with "
                    .formatted(e.getMessage()) + "--add-modules " + String.join(",", missing));
            return OptionalInt.of(Program.FAILED);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return OptionalInt.of(Program.FAILED);
        }
    }

    /** The arguments this Java was started with, its own options included, if the system tells and they are ours. */
    static Optional<List<String>> arguments(Optional<String[]> process, String[] args) {
        return process.map(List::of).filter(all -> all.size() > args.length
                && all.subList(all.size() - args.length, all.size()).equals(List.of(args)));
    }

    /** The arguments this Java was probably started with. */
    static List<String> rebuilt(Class<?> main, String[] args) {
        List<String> arguments = new ArrayList<>();
        System.getProperties().stringPropertyNames().stream().filter(name -> name.startsWith("tessella.")).sorted()
                .forEach(name -> arguments.add("-D" + name + "=" + System.getProperty(name)));
        if (main.getModule().isNamed()) {
            arguments.addAll(List.of("-p", System.getProperty("jdk.module.path"), "-m",
                    main.getModule().getName() + "/" + main.getName()));
        } else {
            arguments.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        }
        arguments.addAll(List.of(args));
        return arguments;
    }
}
