package tessella.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import tessella.engine.Memory;

/**
 * Every golden file of a folder (the property {@code tessella.golden}; by default the cases beside this test) passes in
 * float64 and in float32, or waits in the list of what is not yet covered, which may only shrink.
 */
final class GoldenTest {
    @Test
    void everyCasePassesOrIsListedAsNotYetCovered() throws IOException {
        long before = Memory.inUse();
        GoldenReport report = GoldenReport.of(folder());
        System.out.print(report.table());
        List<String> failures = report.failures();
        if (!failures.isEmpty()) {
            fail(failures.size() + " failures:\n" + String.join("\n", failures));
        }
        assertEquals(before, Memory.inUse(), "bytes left after the golden cases");
    }

    @Test
    void theListNamesOnlyWhatHasNoAdapter() throws IOException {
        SortedSet<String> covered = new TreeSet<>();
        for (String line : GoldenReport.listed()) {
            if (line.contains(": ") ? !Adapters.missing().contains(line) : Adapters.of(line) != null) {
                covered.add(line);
            }
        }
        assertEquals(new TreeSet<>(), covered, "lines of not-yet-covered.txt to take out: they are covered");
        SortedSet<String> absent = Adapters.missing();
        absent.removeAll(GoldenReport.listed());
        assertEquals(new TreeSet<>(), absent, "features that adapters declare as missing, but that are not listed");
    }

    /** The folder with the cases; a relative one is looked for from the root of the checkout. */
    private static Path folder() {
        String given = System.getProperty("tessella.golden", "");
        return given.isEmpty() ? GoldenReport.RESOURCES.resolve("cases")
                : Path.of(System.getProperty("tessella.home", "..")).resolve(given).normalize();
    }
}
