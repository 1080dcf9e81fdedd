package tessella.golden;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import tessella.engine.DType;
import tessella.reference.GoldenFile;

/** What came of every golden file below a folder. */
final class GoldenReport {
    static final Path RESOURCES = Path.of("src/test/resources/golden");

    /** Passed, failed and set aside files of one op. */
    private static final class Count {
        private int passed;
        private int failed;
        private int waiting;
    }

    private final Path folder;
    private final SortedSet<String> listed = listed();
    private final SortedSet<String> unlisted = new TreeSet<>();
    private final Map<String, Count> counts = new TreeMap<>();
    private final List<String> failures = new ArrayList<>();

    private GoldenReport(Path folder) throws IOException {
        this.folder = folder;
    }

    /** Runs every file below a folder in both precisions. */
    static GoldenReport of(Path folder) throws IOException {
        GoldenReport report = new GoldenReport(folder);
        for (Path path : files(folder)) {
            report.run(GoldenFile.read(path));
        }
        return report;
    }

    private void run(GoldenFile file) {
        Count count = counts.computeIfAbsent(file.op(), _ -> new Count());
        Adapter adapter = Adapters.of(file.op());
        if (adapter == null) {
            setAside(count, file.op());
            return;
        }
        List<String> found = new ArrayList<>();
        try {
            found.addAll(GoldenRun.run(file, DType.F64, adapter));
            found.addAll(GoldenRun.run(file, DType.F32, adapter));
        } catch (NotCoveredException e) {
            setAside(count, file.op() + ": " + e.getMessage());
            return;
        }
        if (found.isEmpty()) {
            count.passed++;
        } else {
            count.failed++;
            found.forEach(failure -> failures.add(folder.relativize(file.path()) + ": " + failure));
        }
    }

    private void setAside(Count count, String what) {
        count.waiting++;
        if (!listed.contains(what)) {
            unlisted.add(what);
        }
    }

    /** Everything that must not be, a line each. */
    List<String> failures() {
        List<String> all = new ArrayList<>(failures);
        if (!unlisted.isEmpty()) {
            all.add("neither an adapter nor a line in not-yet-covered.txt: " + unlisted);
        }
        if (counts.isEmpty()) {
            all.add("no golden file in " + folder);
        }
        return all;
    }

    /** A line for every op, and one for all. */
    String table() {
        String row = "%-32s %7s %7s %16s%n";
        StringBuilder table = new StringBuilder("golden vectors in " + folder + "\n");
        table.append(row.formatted("op", "passed", "failed", "not yet covered"));
        Count all = new Count();
        counts.forEach((op, count) -> {
            table.append(row.formatted(op, count.passed, count.failed, count.waiting));
            all.passed += count.passed;
            all.failed += count.failed;
            all.waiting += count.waiting;
        });
        return table.append(row.formatted("all", all.passed, all.failed, all.waiting)).toString();
    }

    /** The lines of the list of what is not yet covered. */
    static SortedSet<String> listed() throws IOException {
        SortedSet<String> lines = new TreeSet<>();
        for (String line : Files.readAllLines(RESOURCES.resolve("not-yet-covered.txt"))) {
            if (!line.isBlank() && !line.startsWith("#")) {
                lines.add(line.strip());
            }
        }
        return lines;
    }

    private static List<Path> files(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new AssertionError("tessella.golden: expected a folder of golden files, found none at "
                    + folder.toAbsolutePath());
        }
        try (Stream<Path> paths = Files.walk(folder)) {
            return paths.filter(path -> path.toString().endsWith(".safetensors"))
                    .filter(path -> !path.toString().endsWith(".weights.safetensors")).sorted().toList();
        }
    }
}
