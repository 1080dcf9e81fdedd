import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Applies the mutants of mutants.txt to copies of the sources, one at a time, and runs the tests that should turn red.
 *
 * <pre>
 *   java tests/mutation/Mutation.java [--jobs N] [--only TEXT] [--table FILE]
 * </pre>
 * A mutant is a block of lines:
 * <pre>
 *   == name
 *   file: path from the root
 *   test: module TestClass,OtherTest
 *   - the text to be found, once (more lines begin with - too)
 *   + what takes its place
 * </pre>
 * The run ends with 1 when a mutant survives, does not compile or does not fit the sources; the table is written as
 * Markdown.
 */
final class Mutation {
    private static final Pattern FAILED = Pattern.compile("(\\w+\\.\\w+)(?:\\([^)]*\\))?(?:\\[\\d+\\])? -- Time elapsed[^\\n]*<<< (?:FAILURE|ERROR)!");

    private record Mutant(String name, String file, String module, String tests, String from, String to) {}

    private record Result(Mutant mutant, String verdict, String killer) {
        boolean killed() {
            return verdict.equals("killed");
        }
    }

    public static void main(String[] arguments) throws Exception {
        int jobs = 1;
        String only = "";
        Path table = null;
        for (int i = 0; i + 1 < arguments.length; i += 2) {
            switch (arguments[i]) {
                case "--jobs" -> jobs = Integer.parseInt(arguments[i + 1]);
                case "--only" -> only = arguments[i + 1];
                case "--table" -> table = Path.of(arguments[i + 1]);
                default -> throw new IllegalArgumentException("expected --jobs, --only or --table, found " + arguments[i]);
            }
        }
        Path root = Path.of("").toAbsolutePath();
        String wanted = only;
        List<Mutant> mutants = read(root.resolve("tests/mutation/mutants.txt")).stream()
                .filter(m -> (m.name() + m.file()).contains(wanted)).toList();
        ConcurrentLinkedQueue<Mutant> left = new ConcurrentLinkedQueue<>(mutants);
        List<Result> results = new ArrayList<>();
        List<Thread> workers = new ArrayList<>();
        for (int job = 0; job < jobs; job++) {
            Path copy = Files.createTempDirectory("mutants");
            copy(root, copy);
            workers.add(Thread.ofPlatform().start(() -> {
                for (Mutant mutant = left.poll(); mutant != null; mutant = left.poll()) {
                    Result result = run(copy, mutant);
                    synchronized (results) {
                        results.add(result);
                        System.out.printf("%3d/%d  %-9s %-52s %s%n", results.size(), mutants.size(), result.verdict(),
                                mutant.name(), result.killer());
                    }
                }
            }));
        }
        for (Thread worker : workers) {
            worker.join();
        }
        long alive = results.stream().filter(r -> !r.killed()).count();
        System.out.println(results.size() - alive + " of " + results.size() + " killed");
        if (table != null) {
            Files.writeString(table, table(mutants, results));
        }
        System.exit(alive == 0 ? 0 : 1);
    }

    private static String table(List<Mutant> order, List<Result> results) {
        StringBuilder out = new StringBuilder("| mutant | file | killed by |\n|---|---|---|\n");
        for (Mutant mutant : order) {
            for (Result result : results) {
                if (result.mutant() == mutant) {
                    String file = mutant.file().substring(mutant.file().lastIndexOf('/') + 1);
                    out.append("| ").append(mutant.name()).append(" | ").append(file).append(" | ")
                            .append(result.killed() ? result.killer() : "**" + result.verdict() + "**").append(" |\n");
                }
            }
        }
        return out.toString();
    }

    private static List<Mutant> read(Path file) throws IOException {
        List<Mutant> out = new ArrayList<>();
        for (String block : Files.readString(file).split("(?m)^== ")) {
            if (block.startsWith("#") || block.isBlank()) {
                continue;
            }
            List<String> lines = block.lines().toList();
            String path = "";
            String[] test = {};
            List<String> from = new ArrayList<>();
            List<String> to = new ArrayList<>();
            for (String line : lines.subList(1, lines.size())) {
                if (line.startsWith("file: ")) {
                    path = line.substring(6);
                } else if (line.startsWith("test: ")) {
                    test = line.substring(6).split(" ");
                } else if (line.startsWith("- ")) {
                    from.add(line.substring(2));
                } else if (line.startsWith("+")) {
                    to.add(line.substring(Math.min(2, line.length())));
                }
            }
            out.add(new Mutant(lines.get(0), path, test[0], test[1], String.join("\n", from), String.join("\n", to)));
        }
        return out;
    }

    private static void copy(Path root, Path target) throws IOException {
        List<Path> files;
        try (Stream<Path> walk = Files.walk(root)) {
            files = walk.filter(f -> !f.toString().contains("/.git/") && !root.relativize(f).startsWith("runs")).toList();
        }
        for (Path file : files) {
            Path to = target.resolve(root.relativize(file));
            if (Files.isDirectory(file)) {
                Files.createDirectories(to);
            } else {
                Files.copy(file, to, StandardCopyOption.COPY_ATTRIBUTES, StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    private static Result run(Path copy, Mutant mutant) {
        Path file = copy.resolve(mutant.file());
        try {
            String text = Files.readString(file);
            int at = text.indexOf(mutant.from());
            if (at < 0 || text.indexOf(mutant.from(), at + 1) >= 0) {
                return new Result(mutant, at < 0 ? "not found" : "not once", "");
            }
            Files.writeString(file, text.substring(0, at) + mutant.to() + text.substring(at + mutant.from().length()));
            try {
                return test(copy, mutant);
            } finally {
                Files.writeString(file, text);
            }
        } catch (IOException | InterruptedException e) {
            return new Result(mutant, e.toString(), "");
        }
    }

    private static Result test(Path copy, Mutant mutant) throws IOException, InterruptedException {
        Path log = copy.resolve("mutant.log");
        Process process = new ProcessBuilder("mvn", "-o", "-B", "-pl", mutant.module(), "-am", "test", "-Dtest="
                + mutant.tests(), "-Dsurefire.failIfNoSpecifiedTests=false", "-Dtessella.widths=none")
                .directory(copy.toFile()).redirectErrorStream(true).redirectOutput(log.toFile()).start();
        if (!process.waitFor(10, TimeUnit.MINUTES)) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            return new Result(mutant, "killed", "it never ends");
        }
        String output = Files.readString(log);
        if (process.exitValue() == 0) {
            return new Result(mutant, output.contains("Tests run:") ? "SURVIVED" : "no test", "");
        }
        Matcher failed = FAILED.matcher(output.replaceAll("\u001b\\[[;\\d]*m", ""));
        boolean found = false;
        String killer = "";
        while (failed.find()) {
            found = true;
            killer = failed.group(1);
        }
        return new Result(mutant, found ? "killed" : "broken", killer);
    }
}
