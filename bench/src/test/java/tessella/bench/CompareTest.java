package tessella.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two runs of JMH, made by hand, and what is said of them. */
class CompareTest {
    @TempDir
    private Path folder;

    private record Ran(int code, String out, String err) {}

    private static Ran run(String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code = Compare.run(new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8), args);
        return new Ran(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    private String file(String name, String... results) throws IOException {
        return Files.writeString(folder.resolve(name), "[" + String.join(",", results) + "]").toString();
    }

    private static String result(String name, String mode, String shape, double[]... forks) {
        return """
                {"jmhVersion": "1.37", "benchmark": "tessella.bench.%s", "mode": "%s", "threads": 1, "forks": %d,
                 "params": {"shape": "%s"},
                 "primaryMetric": {"score": 1.0, "scoreError": "NaN", "scoreUnit": "ops/s", "rawData": %s},
                 "secondaryMetrics": {"heapBytes": {"score": 3000.0, "scoreUnit": "ops/s", "rawData": [[3000.0]]},
                                      "gflop": {"score": "NaN", "scoreUnit": "ops/s", "rawData": [[]]}}}
                """.formatted(name, mode, forks.length, shape, Arrays.stream(forks).map(Arrays::toString)
                .collect(Collectors.joining(", ", "[", "]")));
    }

    private static double[] around(double mean) {
        return new double[] {0.99 * mean, 1.01 * mean, 0.995 * mean, 1.005 * mean, mean};
    }

    private Ran compare(String before, String after) throws IOException {
        return run(file("old.json", before), file("new.json", after));
    }

    @Test
    void whatGotSlowerBeyondTheNoiseEndsWithOne() throws IOException {
        Ran ran = compare(result("A.b", "thrpt", "5x7", around(100)), result("A.b", "thrpt", "5x7", around(90)));
        assertEquals(1, ran.code());
        assertTrue(ran.out().contains("A.b        shape=5x7   100.0  90.00  ops/s  0.900"), ran.out());
        assertTrue(ran.out().contains("SLOWER"), ran.out());
        assertTrue(ran.out().contains("1 compared: 1 slower, 0 faster."), ran.out());
        assertTrue(ran.out().contains("30 -> 33"), "3,000 bytes a second by 100 and 90 calls: " + ran.out());
    }

    @Test
    void whatGotFasterEndsWithZero() throws IOException {
        Ran ran = compare(result("A.b", "thrpt", "5x7", around(100)), result("A.b", "thrpt", "5x7", around(110)));
        assertEquals(0, ran.code());
        assertTrue(ran.out().contains("faster") && ran.out().contains("1 compared: 0 slower, 1 faster."), ran.out());
    }

    @Test
    void moreTimeIsSlowerWhereTimeIsTheScore() throws IOException {
        assertEquals(1, compare(result("A.b", "avgt", "5x7", around(100)), result("A.b", "avgt", "5x7", around(110))).code());
        assertEquals(0, compare(result("A.b", "ss", "5x7", around(100)), result("A.b", "ss", "5x7", around(90))).code());
    }

    @Test
    void noiseIsNoChange() throws IOException {
        double[] wide = {60, 140, 80, 120, 100};
        Ran ran = compare(result("A.b", "thrpt", "5x7", wide), result("A.b", "thrpt", "5x7", around(85)));
        assertEquals(0, ran.code(), ran.out());
        assertTrue(ran.out().contains("0 slower, 0 faster"), ran.out());
    }

    @Test
    void aChangeBelowTheLeastOneIsNone() throws IOException {
        double[] before = {100, 100.01, 99.99};
        double[] after = {99, 99.01, 98.99};
        assertEquals(0, compare(result("A.b", "thrpt", "5x7", before), result("A.b", "thrpt", "5x7", after)).code());
        assertEquals(1, run(folder.resolve("old.json").toString(), folder.resolve("new.json").toString(), "--least", "0.5").code());
    }

    @Test
    void samplesWithoutAnyNoiseAreComparedToo() throws IOException {
        assertEquals(1, compare(result("A.b", "thrpt", "5x7", new double[] {2, 2}),
                result("A.b", "thrpt", "5x7", new double[] {1, 1})).code());
    }

    @Test
    void fromThreeForksOnTheirMeansAreTheSamples() throws IOException {
        // inside each fork iterations agree, but forks do not: what iterations alone would call slower is noise
        double[][] before = {around(80), around(100), around(120)};
        double[][] after = {around(70), around(90), around(110)};
        Ran three = compare(result("A.b", "thrpt", "5x7", before), result("A.b", "thrpt", "5x7", after));
        assertEquals(0, three.code(), three.out());
        assertFalse(three.out().contains("before you believe it"), three.out());
        Ran one = compare(result("A.b", "thrpt", "5x7", before[1]), result("A.b", "thrpt", "5x7", after[1]));
        assertEquals(1, one.code(), one.out());
        assertTrue(one.out().contains("before you believe it"), one.out());
    }

    @Test
    void oneSampleIsNoVerdict() throws IOException {
        Ran ran = compare(result("A.b", "thrpt", "5x7", new double[] {100}), result("A.b", "thrpt", "5x7", new double[] {1}));
        assertEquals(0, ran.code());
        assertTrue(ran.out().contains("one sample: no verdict"), ran.out());
    }

    @Test
    void onlyEqualParametersAreComparedAndTheOthersListed() throws IOException {
        Ran ran = run(file("old.json", result("A.b", "thrpt", "5x7", around(100)), result("A.b", "thrpt", "6x7", around(100))),
                file("new.json", result("A.b", "thrpt", "5x7", around(100)), result("A.c", "thrpt", "5x7", around(1))));
        assertEquals(0, ran.code());
        assertTrue(ran.out().contains("only old: A.b shape=6x7") && ran.out().contains("only new: A.c shape=5x7"), ran.out());
        assertTrue(ran.out().contains("1 compared:"), ran.out());
    }

    @Test
    void theIntervalIsThatOfWelch() {
        // by hand: logs 0, 2 and 1, 3; means 1 and 2, variances 2 and 2, error sqrt 2, 2 degrees, t = 4.302653 at 95 %
        Ratio ratio = Ratio.of(new double[] {1, Math.exp(2)}, new double[] {Math.E, Math.exp(3)}, 0.95);
        assertEquals(1, Math.log(ratio.ratio()), 1e-12);
        assertEquals(1 - 4.302653 * Math.sqrt(2), Math.log(ratio.low()), 1e-5);
        assertEquals(1 + 4.302653 * Math.sqrt(2), Math.log(ratio.high()), 1e-5);
        // logs 0 and 2: mean 1, error 1, 1 degree, t = 12.7062
        Ratio pairs = Ratio.ofPairs(new double[] {1, Math.exp(2)}, 0.95);
        assertEquals(1 - 12.7062, Math.log(pairs.low()), 1e-4);
        assertFalse(pairs.excludesOne());
        assertThrows(IllegalArgumentException.class, () -> Ratio.ofPairs(new double[] {1}, 0.95));
    }

    @Test
    void wrongInputIsOneSentenceAndTwo() throws IOException {
        String good = file("good.json", result("A.b", "thrpt", "5x7", around(1)));
        String other = file("other.json", result("A.c", "thrpt", "5x7", around(1)));
        String twice = file("twice.json", result("A.b", "thrpt", "5x7", around(1)), result("A.b", "thrpt", "5x7", around(1)));
        String sample = file("sample.json", result("A.b", "sample", "5x7", around(1)));
        String zero = file("zero.json", result("A.b", "thrpt", "5x7", new double[] {0}));
        String text = Files.writeString(folder.resolve("text.json"), "text").toString();
        for (String[] args : new String[][] {{}, {good}, {good, good, good}, {good, other}, {good, twice}, {good, sample}, {good,
                zero},
            {good, text}, {good, folder.resolve("none.json").toString()}, {good, good, "--least"}, {good, good, "--least", "x"},
            {good, good, "--most", "1"}}) {
            Ran ran = run(args);
            assertEquals(2, ran.code(), Arrays.toString(args));
            assertEquals("", ran.out(), Arrays.toString(args));
            assertFalse(ran.err().isBlank(), Arrays.toString(args));
        }
        assertTrue(run(good, text).err().contains("text.json: expected what JMH writes with -rf json"), run(good, text).err());
        assertEquals(0, run(good, good).code());
    }
}
