package tessella.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The tests that the pages of contracts name are there, and every contract names one. */
class ContractsTest {
    private static final Pattern NAMED = Pattern.compile("`([A-Z]\\w*(?:Test|Properties))\\.(\\w+)`");
    private static final Path HOME = Path.of(System.getProperty("tessella.home"));

    /** The sources of the tests by the simple name of their class; a name that two modules use is both together. */
    private static Map<String, String> sources() throws IOException {
        try (Stream<Path> files = Files.walk(HOME)) {
            return files.filter(file -> file.toString().matches(".*src.test.java.*(Test|Properties)\\.java"))
                    .collect(Collectors.toMap(file -> file.getFileName().toString().replace(".java", ""), ContractsTest::read,
                            String::concat));
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void everyTestThatAContractNamesIsThere() throws IOException {
        Map<String, String> sources = sources();
        List<String> missing = new ArrayList<>();
        for (String page : List.of("memory.md", "threads.md", "training.md", "data.md")) {
            Matcher named = NAMED.matcher(Files.readString(HOME.resolve("docs").resolve(page)));
            int count = 0;
            for (; named.find(); count++) {
                if (!sources.getOrDefault(named.group(1), "").contains("void " + named.group(2) + "(")) {
                    missing.add(page + " names " + named.group());
                }
            }
            assertTrue(count > 10, page + " names " + count + " tests");
        }
        assertEquals(List.of(), missing);
    }

    @Test
    void everyContractNamesATest() throws IOException {
        for (String page : List.of("memory.md", "threads.md", "training.md", "data.md")) {
            String[] contracts = Files.readString(HOME.resolve("docs").resolve(page)).split("\n- |\n## ");
            for (int i = 1; i < contracts.length; i++) {
                boolean heading = !contracts[i].contains("\n") && !contracts[i].endsWith(".");
                assertTrue(heading || NAMED.matcher(contracts[i]).find(), page + ": " + contracts[i]);
            }
        }
    }
}
