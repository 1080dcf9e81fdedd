package tessella.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

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
import org.junit.jupiter.api.Test;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.reference.GoldenFile;

/**
 * Every golden file of a folder (the property {@code tessella.golden}; by default the cases beside this test) passes in
 * float64 and in float32, or waits in the list of what is not yet covered, which may only shrink.
 */
final class GoldenTest {
    private static final Path RESOURCES = Path.of("src/test/resources/golden");

    /** Passed, failed and set aside files of one op. */
    private static final class Count {
        private int passed;
        private int failed;
        private int waiting;
    }

    @Test
    void everyCasePassesOrIsListedAsNotYetCovered() throws IOException {
        SortedSet<String> listed = listed();
        SortedSet<String> unlisted = new TreeSet<>();
        Map<String, Count> counts = new TreeMap<>();
        List<String> failures = new ArrayList<>();
        long before = Memory.inUse();
        for (Path path : files(folder())) {
            GoldenFile file = GoldenFile.read(path);
            Count count = counts.computeIfAbsent(file.op(), _ -> new Count());
            Adapter adapter = Adapters.of(file.op());
            List<String> found = new ArrayList<>();
            String waitsFor = adapter == null ? file.op() : null;
            try {
                if (adapter != null) {
                    found.addAll(GoldenRun.run(file, DType.F64, adapter));
                    found.addAll(GoldenRun.run(file, DType.F32, adapter));
                }
            } catch (NotCoveredException e) {
                waitsFor = file.op() + ": " + e.getMessage();
            }
            if (waitsFor != null) {
                count.waiting++;
                if (!listed.contains(waitsFor)) {
                    unlisted.add(waitsFor);
                }
            } else if (found.isEmpty()) {
                count.passed++;
            } else {
                count.failed++;
                found.forEach(failure -> failures.add(folder().relativize(path) + ": " + failure));
            }
        }
        print(counts, failures);
        assertEquals(before, Memory.inUse(), "bytes left after the golden cases");
        if (!unlisted.isEmpty()) {
            failures.add("neither an adapter nor a line in not-yet-covered.txt: " + unlisted);
        }
        if (counts.isEmpty()) {
            failures.add("no golden file in " + folder());
        }
        if (!failures.isEmpty()) {
            fail(failures.size() + " failures:\n" + String.join("\n", failures));
        }
    }

    @Test
    void theListNamesOnlyWhatHasNoAdapter() throws IOException {
        SortedSet<String> wrong = new TreeSet<>();
        for (String line : listed()) {
            if (line.contains(": ") ? !Adapters.missing().contains(line) : Adapters.of(line) != null) {
                wrong.add(line);
            }
        }
        assertEquals(new TreeSet<>(), wrong, "lines of not-yet-covered.txt to take out: they are covered");
        SortedSet<String> absent = new TreeSet<>(Adapters.missing());
        absent.removeAll(listed());
        assertEquals(new TreeSet<>(), absent, "features that adapters declare as missing, but that are not listed");
    }

    private static void print(Map<String, Count> counts, List<String> failures) {
        StringBuilder table = new StringBuilder("golden vectors in " + folder() + "\n");
        String row = "%-32s %7s %7s %16s%n";
        table.append(row.formatted("op", "passed", "failed", "not yet covered"));
        Count all = new Count();
        counts.forEach((op, count) -> {
            table.append(row.formatted(op, count.passed, count.failed, count.waiting));
            all.passed += count.passed;
            all.failed += count.failed;
            all.waiting += count.waiting;
        });
        table.append(row.formatted("all", all.passed, all.failed, all.waiting));
        failures.forEach(failure -> table.append(failure).append('\n'));
        System.out.print(table);
    }

    private static SortedSet<String> listed() throws IOException {
        SortedSet<String> lines = new TreeSet<>();
        for (String line : Files.readAllLines(RESOURCES.resolve("not-yet-covered.txt"))) {
            if (!line.isBlank() && !line.startsWith("#")) {
                lines.add(line.strip());
            }
        }
        return lines;
    }

    /** The folder with the cases; a relative one is looked for from the root of the checkout. */
    private static Path folder() {
        String given = System.getProperty("tessella.golden", "");
        return given.isEmpty() ? RESOURCES.resolve("cases")
                : Path.of(System.getProperty("tessella.home", "..")).resolve(given).normalize();
    }

    private static List<Path> files(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new AssertionError("tessella.golden: expected a folder of golden files, found nothing at "
                    + folder.toAbsolutePath());
        }
        try (Stream<Path> paths = Files.walk(folder)) {
            return paths.filter(path -> path.toString().endsWith(".safetensors"))
                    .filter(path -> !path.toString().endsWith(".weights.safetensors")).sorted().toList();
        }
    }
}
