package tessella.models.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tessella.engine.Memory;
import tessella.engine.Profile;

/** {@code --profile}: the table, and that nothing else changes. */
class ProfiledTest {
    private static final List<String> TRAIN = List.of("train", "--data", "digits", "--limit", "96", "--epochs", "1", "--threads", "2");

    @TempDir
    private static Path folder;
    private static Ran plain;
    private static Ran profiled;

    @BeforeAll
    static void trains() {
        plain = train("plain");
        profiled = train("profiled", "--profile");
    }

    @AfterEach
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
        assertFalse(Profile.isWatched());
    }

    private static Ran train(String name, String... more) {
        List<String> words = new ArrayList<>(TRAIN);
        words.addAll(Arrays.asList(more));
        words.addAll(List.of("--out", folder.resolve(name).toString()));
        Ran ran = Ran.of(words);
        assertEquals(0, ran.code(), ran.err());
        return ran;
    }

    /** The rows of the table by their names, each cut at its columns. */
    private static Map<String, String[]> rows(Ran ran) {
        List<String> lines = ran.lines();
        int heading = 0;
        while (!lines.get(heading).startsWith("operator ")) {
            heading++;
        }
        assertEquals("", lines.get(heading - 1), "the table stands apart");
        assertEquals(List.of("operator", "calls", "seconds", "share", "GFLOP/s", "GB/s", "roofline", "MB"),
                List.of(lines.get(heading).split(" +")));
        int name = lines.get(heading).indexOf(" calls") - 5;
        Map<String, String[]> rows = new LinkedHashMap<>();
        for (String line : lines.subList(heading + 1, lines.size() - 2)) {
            assertEquals(lines.get(heading).length(), line.length(), line);
            rows.put(line.substring(0, name).strip(), line.substring(name).strip().replace(" %", "%").split(" +"));
        }
        assertTrue(lines.get(lines.size() - 2).matches("roofline of [0-9]+ threads? now: [0-9.]+ GFLOP/s"), ran.out());
        assertTrue(lines.getLast().matches("copies: .*[0-9.]+ GB/s in 64 MiB"), lines.getLast());
        return rows;
    }

    private static double number(String text) {
        return Double.parseDouble(text.replace("%", ""));
    }

    @Test
    void trainTellsWhereItsTimeWent() {
        Map<String, String[]> rows = rows(profiled);
        for (String operator : List.of("linear", "matmul (linear gradient)", "sum (linear gradient)", "layerNorm",
                "layerNorm gradient", "attention", "attention gradient", "gelu", "gelu gradient", "einsum", "adam", "adam norm",
                "softmax", "softmaxCrossEntropy", "other (Java, data, waiting)", "total")) {
            assertTrue(rows.containsKey(operator), operator + " in " + profiled.out());
        }
        assertEquals("6", rows.get("adam")[0], "steps");
        assertEquals("-", rows.get("adam")[3]);
        assertTrue(number(rows.get("linear")[3]) > 0, profiled.out());
        List<String> names = List.copyOf(rows.keySet());
        assertEquals(List.of("other (Java, data, waiting)", "total"), names.subList(names.size() - 2, names.size()));
        double shares = 0;
        double seconds = 0;
        for (String name : names.subList(0, names.size() - 1)) {
            seconds += number(rows.get(name)[1]);
            shares += number(rows.get(name)[2]);
        }
        // rounded for printing
        assertEquals(100, shares, 0.05 * names.size());
        assertEquals(number(rows.get("total")[1]), seconds, 0.0005 * names.size());
    }

    @Test
    void theResultDoesNotDependOnIt() throws IOException {
        for (String name : List.of("checkpoint.safetensors", "metrics.jsonl", "report.html", "run-card.json", "run-card.md")) {
            assertEquals(-1, Files.mismatch(folder.resolve("plain").resolve(name), folder.resolve("profiled").resolve(name)), name);
        }
        assertEquals(plain.line("test accuracy "), profiled.line("test accuracy "));
        assertFalse(plain.out().contains("roofline"));
        assertEquals("", profiled.err());
    }

    @Test
    void evalAndPredictTellItToo() {
        String checkpoint = folder.resolve("plain").resolve("checkpoint.safetensors").toString();
        Ran eval = Ran.of("eval", "--data", "digits", "--profile", "--threads", "1", checkpoint);
        assertEquals(0, eval.code(), eval.err());
        assertEquals(plain.line("test accuracy "), eval.line("test accuracy "));
        assertTrue(rows(eval).containsKey("attention") && !rows(eval).containsKey("attention gradient"), eval.out());
        assertTrue(eval.line("roofline").startsWith("roofline of 1 thread now: "), eval.out());
        Ran predict = Ran.of("predict", checkpoint, CommonOptions.home().resolve("models/data/samples/shirt.png").toString(), "--profile");
        assertEquals(0, predict.code(), predict.err());
        assertTrue(rows(predict).containsKey("linear"), predict.out());
    }

    @Test
    void aCommandThatFailsEndsItsProfile() {
        Ran ran = Ran.of("eval", "--profile", "--data", "digits", folder.resolve("none.safetensors").toString());
        assertEquals(1, ran.code());
        assertFalse(ran.out().contains("operator"), ran.out());
        assertFalse(Profile.isWatched());
    }

    @Test
    void theTableOfGivenFigures() {
        TreeMap<Long, Double> copies = new TreeMap<>(Map.of(1L << 16, 100e9, 1L << 26, 10e9));
        List<Profile.Row> rows = List.of(
                // 4 of 5 GFLOP/s; its bytes alone would take a tenth of the time
                new Profile.Row("linear", 2, 8, 1_000_000_000L, 0.5, 4_000_000_000L, 1_000_000_000L),
                new Profile.Row("gelu", 1000, 1000, 500_000_000L, 0.25, 0, 5_000_000_000L / 100),
                new Profile.Row(Profile.OTHER, 0, 0, 500_000_000L, 0.25, 0, 0));
        assertEquals("""
                operator                         calls    seconds   share   GFLOP/s     GB/s  roofline         MB
                linear                               2      1.000  50.0 %       4.0      1.0      80 %     1000.0
                gelu                              1000      0.500  25.0 %         -      0.1       0 %       50.0
                other (Java, data, waiting)          -      0.500  25.0 %         -        -         -          -
                total                                -      2.000 100.0 %         -        -         -          -
                roofline of 2 threads now: 5.0 GFLOP/s
                copies: 100.0 GB/s in 64 KiB, 10.0 GB/s in 64 MiB
                """, String.join("\n", new ProfileTable(rows, new Bounds(5e9, copies), 2).lines()) + "\n");
    }

    @Test
    void theBoundIsWhicheverTakesLonger() {
        Bounds bounds = new Bounds(5e9, new TreeMap<>(Map.of(1L << 18, 100e9, 1L << 24, 10e9)));
        assertEquals(2, bounds.seconds(10e9, 100e9, 1 << 18));
        assertEquals(4, bounds.seconds(10e9, 400e9, 1 << 18));
        assertEquals(40, bounds.seconds(10e9, 400e9, 1 << 24));
        // sizes between belong to the smaller one, those below all to the smallest
        assertEquals(100e9, bounds.copy((1 << 24) - 1));
        assertEquals(100e9, bounds.copy(1));
        assertEquals(10e9, bounds.copy(1L << 40));
        assertEquals(1 << 16, Bounds.size(0));
        assertEquals(1 << 20, Bounds.size((1 << 22) - 1));
        assertEquals(1 << 26, Bounds.size(1L << 40));
    }

    @Test
    void copiesAreMeasuredForTheSizesThatAreAskedFor() {
        Bounds bounds = Bounds.measure(2, 0.002, LongStream.of(100_000, 70_000, 5_000_000));
        assertEquals(List.of(1L << 16, 1L << 22), List.copyOf(bounds.copies().keySet()));
        assertTrue(bounds.flops() > 0 && bounds.copies().values().stream().allMatch(rate -> rate > 0), bounds.toString());
    }
}
