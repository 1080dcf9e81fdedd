package tessella.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import tessella.engine.Memory;
import tessella.models.report.Machine;

/** Roofs, rounds and the page, by figures made up; how fast this machine is, no test asks. */
class RooflineTest {
    private static final List<MemoryLevel> LEVELS = List.of(new MemoryLevel("L1", 1000, true, 512),
            new MemoryLevel("L2", 10_000, true, 1024),
            new MemoryLevel("L3", 100_000, false, 2048), new MemoryLevel("memory", Long.MAX_VALUE, false, 4096));

    @TempDir
    private Path folder;

    private static Ceilings ceilings(int threads, double flops) {
        return new Ceilings(threads, flops, LEVELS, new double[] {80, 40, 20, 10});
    }

    private static JmhResult result(String name, Map<String, String> params, double calls, double gflop, double gbyte) {
        return new JmhResult(name, "thrpt", params, "ops/s", List.of(new double[] {calls}), Map.of("gflop", gflop * calls, "gbyte",
                gbyte * calls, "heapBytes", 24 * calls, "offHeapBytes", 0.0));
    }

    @Test
    void theBoundIsTheLowerOfPeakAndBandwidthOfTheNearestLevelThatHoldsTheBytes() {
        Ceilings one = ceilings(1, 100);
        assertEquals(List.of(0, 0, 1, 2, 3), List.of(one.level(1), one.level(1000), one.level(1001), one.level(100_000),
                one.level(100_001)));
        // two cores have two L1, but one L3
        assertEquals(List.of(0, 1, 3), List.of(ceilings(2, 1).level(2000), ceilings(2, 1).level(2001), ceilings(2, 1)
                .level(100_001)));
        assertEquals(new Ceilings.Bound(80, "L1"), one.bound(1, 0, 4));
        assertEquals(new Ceilings.Bound(5, "memory"), one.bound(0.5, 3, 4));
        assertEquals(new Ceilings.Bound(100, "FMA"), one.bound(10, 3, 4), "at the ridge");
        assertEquals(new Ceilings.Bound(50, "FMA"), one.bound(10, 3, 8), "half as many float64 in a vector");
    }

    @Test
    void aRowIsHeldAgainstTheCeilingsOfItsThreadsAndType() {
        List<Ceilings> ceilings = List.of(ceilings(1, 4e9), ceilings(2, 8e9));
        RooflineRow row = RooflineRow.of(result("GemmBenchmark.multiply", Map.of("threads", "2", "dtype", "F64"), 5, 0.4, 0.001),
                ceilings);
        assertEquals(2e9, row.flops(), 1);
        assertEquals(5e6, row.bytes(), 1e-3);
        assertEquals(400, row.intensity(), 1e-9);
        assertEquals(400 * 10, row.bound().flops(), 1e-6);
        assertEquals("memory", row.bound().by());
        assertEquals(24, row.heapBytes(), 1e-9);
        assertEquals("Gemm", row.family());
        assertEquals(0.5, RooflineRow.of(result("A.b", Map.of(), 5, 0.4, 1e-9), List.of(new Ceilings(1, 4e9, LEVELS,
                new double[] {1e9, 1e9, 1e9, 1e9}))).share(), 1e-9);
        assertThrows(IllegalArgumentException.class, () -> RooflineRow.of(result("A.b", Map.of("threads", "3"), 5, 0.4, 1),
                ceilings));
        assertThrows(IllegalArgumentException.class, () -> RooflineRow.of(new JmhResult("A.b", "thrpt", Map.of(), "ops/s",
                List.of(new double[] {1}), Map.of()), ceilings));
    }

    @Test
    void roundsWithoutACoreForEachThreadAreDiscardedAndCounted() throws Exception {
        double[] both = {179, 181, 150, 190, 200};
        RooflineRounds rounds = RooflineRounds.run(2, number -> new RooflineRounds.Round(
                List.of(ceilings(1, 100), ceilings(2, both[number])), List.of(result("A.b", Map.of(), number, 1, 1))));
        assertTrue(rounds.fit());
        assertEquals(2, rounds.discarded());
        assertEquals(185.5, rounds.ceilings().get(1).flops());
        assertEquals("[[1.0], [3.0]]", rounds.results().getFirst().scores().stream().map(Arrays::toString).toList().toString());
        assertTrue(RooflinePage.said(rounds).startsWith("Medians of 2 rounds, 2 discarded"));
    }

    @Test
    void aRoundIsUnfitIfOneOfItsMeasurementsIs() {
        assertFalse(new RooflineRounds.Round(List.of(ceilings(1, 100), ceilings(2, 190), ceilings(1, 100), ceilings(2, 110)),
                List.of()).isFit());
        assertTrue(new RooflineRounds.Round(List.of(ceilings(1, 100)), List.of()).isFit(), "a machine of one core");
    }

    @Test
    void afterThreeTimesAsManyRoundsUnfitOnesAreUsedAndThePageSaysSo() throws Exception {
        List<Integer> run = new ArrayList<>();
        RooflineRounds rounds = RooflineRounds.run(2, number -> {
            run.add(number);
            return new RooflineRounds.Round(List.of(ceilings(1, 100), ceilings(2, number == 3 ? 190 : 100)), List.of());
        });
        assertEquals(6, run.size());
        assertEquals(new RooflineRounds(rounds.ceilings(), List.of(), 2, 4, false), rounds);
        assertTrue(RooflinePage.said(rounds).contains("Do not quote"));
    }

    @Test
    void levelsAreReadFromLinux() throws IOException {
        cache("index0", "1", "Data", "48K");
        cache("index1", "1", "Instruction", "64K");
        cache("index2", "2", "Unified", "2048K");
        cache("index3", "3", "Unified", "480M");
        assertEquals(List.of(new MemoryLevel("L1", 48 << 10, true, 24 << 10), new MemoryLevel("L2", 2 << 20, true, 1 << 20),
                new MemoryLevel("L3", 480L << 20, false, 32 << 20), new MemoryLevel("memory", Long.MAX_VALUE, false, 1 << 30)),
                MemoryLevel.of(folder));
        assertEquals(List.of(16L << 10, 512L << 10, 16L << 20, 128L << 20), MemoryLevel.of(folder.resolve("none")).stream()
                .map(MemoryLevel::workingSet).toList());
    }

    private void cache(String name, String level, String type, String size) throws IOException {
        Path cache = Files.createDirectory(folder.resolve(name));
        Files.writeString(cache.resolve("level"), level + "\n");
        Files.writeString(cache.resolve("type"), type + "\n");
        Files.writeString(cache.resolve("size"), size + "\n");
    }

    @Test
    void axesAreLogarithmicBetweenPowers() {
        LogAxis axis = LogAxis.powers(10, 3, 450, 100, 0);
        assertEquals(1, axis.low(), 1e-12);
        assertEquals(1000, axis.high(), 1e-9);
        assertEquals(100 - 100.0 / 3, axis.place(10), 1e-9);
        assertEquals(10, LogAxis.powers(10, 1, 1, 0, 1).high(), 1e-9);
    }

    @Test
    void thePageIsWellFormedAndHasEachBenchmarkOnceInPictureAndTable() throws Exception {
        List<JmhResult> results = List.of(result("GemmBenchmark.multiply", Map.of("mkn", "5x7x3"), 5, 0.4, 0.001),
                result("NormsBenchmark.<&>", Map.of("shape", "\"5x7\""), 9, 0.4, 0.4));
        RooflineRounds rounds = new RooflineRounds(List.of(ceilings(1, 4e9), ceilings(2, 8e9)), results, 3, 1, true);
        String html = new RooflinePage(rounds, results.stream().map(result -> RooflineRow.of(result, rounds.ceilings())).toList(),
                new Machine("jdk", "system", "cpu", 2, 512), "command").html();
        Document page = parse(html);
        assertEquals(2, page.getElementsByTagName("circle").getLength());
        assertEquals(1 + 2 + 1 + 2, page.getElementsByTagName("tr").getLength());
        assertTrue(page.getDocumentElement().getTextContent().contains("NormsBenchmark.<&>"));
        assertEquals("2: NormsBenchmark.<&> shape=\"5x7\": 3.600 GFLOP/s, 36000000000.0 % of memory",
                page.getElementsByTagName("title").item(2).getTextContent());
    }

    private static Document parse(String html) throws Exception {
        return DocumentBuilderFactory.newInstance().newDocumentBuilder()
                .parse(new ByteArrayInputStream(html.replace("<!DOCTYPE html>\n", "").getBytes(StandardCharsets.UTF_8)));
    }

    private record Ran(int code, String out, String err) {}

    private static Ran run(String... args) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code = RooflinePlot.run(new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                LEVELS.stream().map(level -> new MemoryLevel(level.name(), level.capacity(), level.ofCore(), 1 << 16)).toList(),
                args);
        return new Ran(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    @Test
    void theCommandMeasuresRunsAndWrites() throws Exception {
        Path html = folder.resolve("page.html");
        Ran ran = run("--html", html.toString(), "--rounds", "1", "--seconds", "0.002", "--", "NormsBenchmark.layerNorm$", "-p",
                "shape=5x7",
                "-f", "0", "-wi", "0", "-i", "1", "-r", "5ms");
        assertEquals(0, ran.code(), ran.err());
        assertTrue(ran.out().contains("NormsBenchmark.layerNorm"), ran.out());
        assertEquals(1, parse(Files.readString(html)).getElementsByTagName("circle").getLength());
        assertEquals(0, Memory.inUse());
    }

    @Test
    void theCommandReadsWhatJmhWrote() throws Exception {
        Path json = Files.writeString(folder.resolve("r.json"), """
                [{"benchmark": "tessella.bench.GemmBenchmark.multiply", "mode": "thrpt", "params": {"threads": "2"},
                  "primaryMetric": {"scoreUnit": "ops/s", "rawData": [[2.0]]}, "secondaryMetrics": {"gflop": {"score": 4},
                  "gbyte": {"score": 2}, "heapBytes": {"score": 0}, "offHeapBytes": {"score": 0}}}]
                """);
        Path html = folder.resolve("page.html");
        Ran ran = run("--json", json.toString(), "--html", html.toString(), "--rounds", "1", "--seconds", "0.002");
        assertEquals(0, ran.code(), ran.err());
        assertTrue(ran.out().matches("(?s).*GemmBenchmark.multiply +threads=2 +4.000 +2.000 +2.000 .*"), ran.out());
        assertTrue(Files.exists(html));
    }

    @Test
    void wrongInputIsOneSentenceAndTwo() throws Exception {
        Path none = folder.resolve("none.json");
        for (String[] args : new String[][] {{}, {"--"}, {"word"}, {"--json", "a", "--", "b"}, {"--rounds", "0", "--", "a"},
            {"--rounds", "1.5", "--", "a"}, {"--seconds", "0", "--", "a"}, {"--json", none.toString()},
            {"--rounds", "1", "--seconds", "0.001", "--", "NoSuchBenchmark"}, {"--", "-nonsense"}}) {
            Ran ran = run(args);
            assertEquals(2, ran.code(), Arrays.toString(args));
            assertFalse(ran.err().isBlank(), Arrays.toString(args));
        }
    }
}
