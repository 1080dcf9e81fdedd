import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * Compiles the mutants of mutants.txt, one at a time, and runs the tests that should turn red.
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
 * Maven builds everything once; the named tests must then be green. The module of a mutant is compiled beside the sources,
 * which are never changed, and its classes go before all others on the class path of the tests. (A module above it that
 * has one of its constants inlined does not see another value.)
 *
 * <p>The run ends with 1 when a mutant survives, does not compile or does not fit the sources. The table is Markdown, and
 * takes the place of the one that a file has already.
 */
final class Mutation {
    private static final String DEPENDENCIES = "org.apache.maven.plugins:maven-dependency-plugin:3.9.0:build-classpath";
    private static final Path TEMPLATES = Path.of("kernels/src/main/templates");
    private static final Path BIN = Path.of(System.getProperty("java.home"), "bin");
    private static final int MINUTES = 5;

    private record Mutant(String name, Path file, String module, List<String> tests, String from, String to) {
        /** The module that is compiled; test is the one whose tests run. */
        Path compiled() {
            return file.subpath(0, 1);
        }
    }

    private record Result(String verdict, String killer) {}

    private final Path root = Path.of("").toAbsolutePath();
    private final Path work = Files.createTempDirectory("mutants");
    private final JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();

    private Mutation() throws IOException {}

    public static void main(String[] arguments) throws Exception {
        Map<String, String> options = new TreeMap<>(Map.of("--jobs", "1", "--only", "", "--table", ""));
        for (int i = 0; i < arguments.length; i += 2) {
            if (i + 1 == arguments.length || options.put(arguments[i], arguments[i + 1]) == null) {
                throw new IllegalArgumentException("expected --jobs, --only or --table with a value, found " + arguments[i]);
            }
        }
        Mutation run = new Mutation();
        List<Mutant> mutants = run.read().stream().filter(m -> (m.name + m.file).contains(options.get("--only"))).toList();
        run.build();
        run.requireGreen(mutants);
        Map<String, Result> results = run.all(mutants, Integer.parseInt(options.get("--jobs")));
        long killed = results.values().stream().filter(r -> r.verdict.equals("killed")).count();
        System.out.println(killed + " of " + results.size() + " killed");
        if (!options.get("--table").isEmpty()) {
            Path table = Path.of(options.get("--table"));
            String before = Files.exists(table) ? Files.readString(table).split("(?m)^\\| mutant ")[0] : "";
            Files.writeString(table, before + table(mutants, results));
        }
        delete(run.work);
        System.exit(killed == mutants.size() ? 0 : 1);
    }

    private List<Mutant> read() throws IOException {
        List<Mutant> out = new ArrayList<>();
        for (String block : Files.readString(root.resolve("tests/mutation/mutants.txt")).split("(?m)^== ")) {
            if (block.startsWith("#") || block.isBlank()) {
                continue;
            }
            List<String> lines = block.lines().toList();
            String[] test = value(lines, "test: ").split(" ");
            out.add(new Mutant(lines.get(0), Path.of(value(lines, "file: ")), test[0], List.of(test[1].split(",")),
                    text(lines, "-"), text(lines, "+")));
        }
        return out;
    }

    private static String value(List<String> lines, String name) {
        return lines.stream().filter(line -> line.startsWith(name)).findFirst().orElseThrow(() -> new IllegalArgumentException(
                "mutants.txt: expected a line \"" + name + "...\" for " + lines.get(0))).substring(name.length());
    }

    private static String text(List<String> lines, String mark) {
        return lines.stream().skip(1).filter(line -> line.equals(mark) || line.startsWith(mark + " "))
                .map(line -> line.substring(Math.min(2, line.length()))).collect(Collectors.joining("\n"));
    }

    /** Classes and class paths of all modules, and the runner of tests; one test runs, so that its launcher is at hand. */
    private void build() throws IOException, InterruptedException {
        require("mvn", "-q", "-B", "-pl", "models", "-am", "test", DEPENDENCIES, "-Dtest=ComparisonTest",
                "-Dsurefire.failIfNoSpecifiedTests=false", "-Dtessella.widths=none",
                "-Dmdep.outputFile=target/test.classpath");
        require(BIN.resolve("javac").toString(), "-d", work.toString(), "-cp", classPath("models"),
                "tests/mutation/FirstFailure.java", "kernels/src/build/Expand.java");
    }

    private void require(String... command) throws IOException, InterruptedException {
        int found = new ProcessBuilder(command).directory(root.toFile()).inheritIO().start().waitFor();
        if (found != 0) {
            throw new IllegalStateException(String.join(" ", command) + ": ended with " + found);
        }
    }

    /** The tests of a module, its classes and all that they need. */
    private String classPath(String module) throws IOException {
        Path target = root.resolve(module).resolve("target");
        String needed = Files.readString(target.resolve("test.classpath"));
        String engine = Arrays.stream(needed.split(File.pathSeparator)).filter(e -> e.contains("platform-engine")).findFirst()
                .orElseThrow();
        return String.join(File.pathSeparator, work.toString(), target.resolve("test-classes").toString(),
                target.resolve("classes").toString(), needed, engine.replace("platform-engine", "platform-launcher"));
    }

    /** A mutant that an always red test kills is worth nothing. */
    private void requireGreen(List<Mutant> mutants) throws IOException, InterruptedException {
        Map<String, TreeSet<String>> tests = new TreeMap<>();
        mutants.forEach(m -> tests.computeIfAbsent(m.module, module -> new TreeSet<>()).addAll(m.tests));
        for (var module : tests.entrySet()) {
            Path log = work.resolve(module.getKey() + ".log");
            Result result = test(module.getKey(), List.copyOf(module.getValue()), null, log);
            if (!result.verdict.equals("SURVIVED")) {
                throw new IllegalStateException(module.getKey() + ": expected green tests without a mutant, found "
                        + result.verdict + " " + result.killer + "; see " + log);
            }
            System.out.println(module.getKey() + ": green without a mutant: " + String.join(" ", module.getValue()));
        }
    }

    private Map<String, Result> all(List<Mutant> mutants, int jobs) throws InterruptedException {
        ConcurrentLinkedQueue<Mutant> left = new ConcurrentLinkedQueue<>(mutants);
        Map<String, Result> results = new TreeMap<>();
        List<Thread> workers = IntStream.range(0, jobs).mapToObj(job -> Thread.ofPlatform().start(() -> {
            for (Mutant mutant = left.poll(); mutant != null; mutant = left.poll()) {
                long start = System.nanoTime();
                Result result = run(mutant, work.resolve("job" + job));
                synchronized (results) {
                    results.put(mutant.name, result);
                    System.out.printf("%3d/%d  %-9s %4.1f s  %-56s %s%n", results.size(), mutants.size(), result.verdict,
                            (System.nanoTime() - start) / 1e9, mutant.name, result.killer);
                }
            }
        })).toList();
        for (Thread worker : workers) {
            worker.join();
        }
        return results;
    }

    private Result run(Mutant mutant, Path folder) {
        try {
            String text = Files.readString(root.resolve(mutant.file));
            int at = text.indexOf(mutant.from);
            if (mutant.from.isEmpty() || at < 0 || text.indexOf(mutant.from, at + 1) >= 0) {
                return new Result(at < 0 ? "not found" : "not once", "");
            }
            delete(folder);
            Path sources = folder.resolve("sources");
            Path module = root.resolve(mutant.compiled());
            copy(module.resolve("src/main/java"), sources);
            String changed = text.substring(0, at) + mutant.to + text.substring(at + mutant.from.length());
            if (mutant.file.startsWith(TEMPLATES)) {
                Path templates = folder.resolve("templates");
                copy(root.resolve(TEMPLATES), templates);
                Files.writeString(templates.resolve(TEMPLATES.relativize(mutant.file)), changed);
                require(BIN.resolve("java").toString(), "-cp", work.toString(), "Expand", templates.toString(),
                        sources.toString());
            } else {
                copy(module.resolve("target/generated-sources/kernels"), sources);
                Path inside = mutant.compiled().resolve("src/main/java").relativize(mutant.file);
                Files.writeString(sources.resolve(inside), changed);
            }
            Path classes = Files.createDirectories(folder.resolve("classes"));
            return compile(mutant.compiled().toString(), sources, classes, folder.resolve("compiler.log"))
                    ? test(mutant.module, mutant.tests, classes, folder.resolve("tests.log"))
                    : new Result("broken", "does not compile");
        } catch (IOException | InterruptedException | IllegalStateException e) {
            return new Result("broken", e.toString());
        }
    }

    private boolean compile(String module, Path sources, Path classes, Path log) throws IOException {
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null);
                var out = Files.newBufferedWriter(log)) {
            return compiler.getTask(out, files, null, List.of("-d", classes.toString(), "-cp", classPath(module), "-proc:none",
                    "-nowarn", "--add-modules", "jdk.incubator.vector"), null, files.getJavaFileObjectsFromPaths(
                    walk(sources).stream().filter(f -> f.toString().endsWith(".java")).toList())).call();
        }
    }

    /** Runs the tests of a module with these classes before all others. */
    private Result test(String module, List<String> tests, Path classes, Path log) throws IOException, InterruptedException {
        Path compiled = root.resolve(module).resolve("target/test-classes");
        List<String> names = walk(compiled).stream()
                .filter(f -> tests.contains(f.getFileName().toString().replace(".class", "")))
                .map(f -> compiled.relativize(f).toString().replace(".class", "").replace(File.separator, ".")).toList();
        if (names.size() < tests.size()) {
            return new Result("no test", "of " + tests + " only " + names);
        }
        List<String> command = new ArrayList<>(List.of(BIN.resolve("java").toString(), "-ea", "--add-modules",
                "jdk.incubator.vector", "-Djava.awt.headless=true", "-Dtessella.home=" + root, "-Dbasedir=" + root.resolve(module),
                "-Djava.util.logging.config.file=" + root.resolve("tests/logging.properties"), "-cp",
                (classes == null ? "" : classes + File.pathSeparator) + classPath(module), "FirstFailure"));
        command.addAll(names);
        Process process = new ProcessBuilder(command).directory(root.resolve(module).toFile()).redirectErrorStream(true)
                .redirectOutput(log.toFile()).start();
        if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly().waitFor();
            return new Result("killed", "tests that never end");
        }
        return switch (process.exitValue()) {
            case 0 -> new Result("SURVIVED", "");
            case 2 -> new Result("no test", "");
            case 3 -> new Result("killed", Files.readAllLines(log).getLast());
            default -> new Result("broken", "the tests ended with " + process.exitValue());
        };
    }

    private static String table(List<Mutant> mutants, Map<String, Result> results) {
        return "| mutant | file | killed by |\n|---|---|---|\n" + mutants.stream().map(mutant -> {
            Result result = results.get(mutant.name);
            return "| " + mutant.name + " | " + mutant.file.getFileName() + " | "
                    + (result.verdict.equals("killed") ? result.killer : "**" + result.verdict + "**") + " |\n";
        }).collect(Collectors.joining());
    }

    private static List<Path> walk(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile).toList();
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        for (Path file : walk(from)) {
            Path target = to.resolve(from.relativize(file));
            Files.createDirectories(target.getParent());
            Files.copy(file, target);
        }
    }

    private static void delete(Path folder) throws IOException {
        if (Files.exists(folder)) {
            try (Stream<Path> files = Files.walk(folder)) {
                files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
            }
        }
    }
}
