package tessella.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tessella.engine.json.Json;

/** Processes of libraries, and the driver over them; how fast they are is not looked at here. */
class CompareTest {
    @TempDir
    private Path folder;

    private FloatBuffer result(Child child, Work work, int threads) throws Exception {
        assertEquals("ready", child.ask("prepare", work.name(), threads));
        Path file = folder.resolve("result");
        assertEquals(Agreement.arrays(work).getFirst(), Long.parseLong(child.ask("result", file)));
        return Agreement.read(file);
    }

    @Test
    void everyLibraryOfProductsAgreesWithOursOnOddSizesOfAllForms() throws Exception {
        try (Child ours = Child.peer(Peers.OURS, 2); Child mkl = Child.peer("mkl", 2); Child packed = Child.peer("mkl-packed", 2);
                Child openblas = Child.peer("openblas", 2)) {
            for (int[] mkn : new int[][] {{1, 1, 1}, {3, 5, 7}, {1, 129, 65}, {37, 1, 19}, {33, 131, 67}}) {
                for (Work.Form form : Work.Form.values()) {
                    for (Work.Weights weights : List.of(Work.Weights.FRESH, Work.Weights.PREPACKED)) {
                        Work.Gemm work = new Work.Gemm(mkn[0], mkn[1], mkn[2], form, weights);
                        FloatBuffer expected = result(ours, work, 1 + mkn[0] % 2);
                        for (Child child : List.of(mkl, openblas)) {
                            assertAgrees(work, expected, result(child, work, 1 + mkn[1] % 2));
                        }
                        if (weights == Work.Weights.PREPACKED && form == Work.Form.PLAIN) {
                            assertAgrees(work, expected, result(packed, work, 2));
                        } else {
                            assertEquals("nothing", packed.ask("prepare", work.name(), 1));
                        }
                    }
                }
            }
            assertEquals("nothing", mkl.ask("prepare", "gelu-3x5-forward", 1));
            assertEquals("nothing", openblas.ask("prepare", "gelu-3x5-forward", 1));
        }
    }

    private static void assertAgrees(Work work, FloatBuffer expected, FloatBuffer found) {
        assertTrue(Agreement.difference(Agreement.arrays(work), expected, found) <= Agreement.tolerance(work), work.name());
    }

    @Test
    void aChildSaysWhatItCouldNotDoAndGoesOn() throws Exception {
        try (Child child = Child.peer(Peers.OURS, 1)) {
            assertTrue(assertThrows(Child.FailedException.class, () -> child.ask("prepare", "gemm-1x2-plain-fresh", 1)).getMessage()
                    .contains("found gemm-1x2-plain-fresh"));
            assertTrue(assertThrows(Child.FailedException.class, () -> child.ask("time", 0.001)).getMessage()
                    .contains("expected that work was prepared before"));
            assertEquals("ready", child.ask("prepare", "gelu-3x5-forward", 1));
            String[] time = child.ask("time", 0).split(" ");
            assertTrue(Long.parseLong(time[0]) > 0);
            assertTrue(Integer.parseInt(time[1]) >= 3, "a median of three runs at least");
            assertTrue(Long.parseLong(child.ask("memory")) > 1 << 20);
            Work first = Works.parse("gelu-3x5-forward");
            Work second = Works.parse("gelu-2x5-forward");
            for (Work work : List.of(first, first, second, first)) {
                assertTrue(child.prepare(work, 1));
                assertEquals(Agreement.arrays(work).getFirst(), Long.parseLong(child.ask("result", folder.resolve("result"))));
            }
            assertFalse(child.prepare(Works.parse("softmoe-1x8x16x32-2x4-forward_backward-bfloat16"), 1));
            assertThrows(Child.FailedException.class, () -> child.ask("time", 0));
            assertTrue(child.prepare(first, 1));
            child.release();
            assertThrows(Child.FailedException.class, () -> child.ask("time", 0));
            assertTrue(child.prepare(first, 1));
            child.ask("time", 0);
        }
    }

    @Test
    void aResultThatDiffersIsNamedWithItsDifference() throws Exception {
        Work work = Works.parse("gelu-3x5-forward");
        Path ours = folder.resolve("ours");
        Path theirs = folder.resolve("theirs");
        try (Child child = Child.peer(Peers.OURS, 1)) {
            assertTrue(child.prepare(work, 1));
            child.ask("result", ours);
        }
        byte[] bytes = Files.readAllBytes(ours);
        Files.write(theirs, bytes);
        Map<String, String> refused = new HashMap<>();
        assertTrue(Comparison.agrees("mkl", work, ours, theirs, refused));
        assertEquals(Map.of(), refused);
        bytes[bytes.length - 1] ^= (byte) 0x80; // the sign of the last number
        Files.write(theirs, bytes);
        assertFalse(Comparison.agrees("mkl", work, ours, theirs, refused));
        assertTrue(refused.get("mkl").matches("its result differs by \\d\\.\\de[-+]\\d\\d of the largest number .15 numbers, ours 15."),
                refused.get("mkl"));
    }

    @Test
    void aChildThatHasDiedSaysSo() {
        Child child = Child.peer(Peers.OURS, 1);
        child.close();
        assertThrows(Child.DiedException.class, () -> child.ask("release"));
        assertThrows(Child.DiedException.class, () -> Child.peer("no such library", 1));
    }

    @Test
    void whatMakesALibrarySlowerIsTakenOutOfItsEnvironment() {
        Map<String, String> environment = new HashMap<>(Map.of("OPENBLAS_CORETYPE", "Haswell", "OPENBLAS_L2_SIZE", "1",
                "GLIBC_TUNABLES", "x", "PATH", "/bin"));
        Child.environment(environment, "openblas", 2);
        assertFalse(environment.containsKey("OPENBLAS_CORETYPE"));
        assertFalse(environment.containsKey("OPENBLAS_L2_SIZE"));
        assertEquals("glibc.malloc.hugetlb=1", environment.get("GLIBC_TUNABLES"));
        assertEquals("2", environment.get("OPENBLAS_NUM_THREADS"));
        assertEquals("/bin", environment.get("PATH"));
        assertTrue(Files.exists(Path.of(environment.get("LD_LIBRARY_PATH")).resolve("libopenblas.so.0")));
    }

    @Test
    void theDriverMeasuresWhatItWasAsked() throws Exception {
        Path json = folder.resolve("figures.json");
        Report report = Compare.run(Options.parse("gemm-17x33x9-plain-prepacked", "gelu-30x50-forward",
                "softmoe-1x8x16x32-2x4-forward_backward-bfloat16",
                "step-vit-tiny-batch-1", "--rounds", "3", "--seconds", "0.01", "--warmup", "0.01", "--peers", "mkl,mkl-packed,openblas", "--json",
                json.toString()));
        String table = report.table();
        for (String line : List.of("| gemm-17x33x9-plain-prepacked | 1 | ", "| gelu-30x50-forward | 2 | ",
                "| softmoe-1x8x16x32-2x4-forward_backward-bfloat16 | 1 | not offered |",
                "| geometric mean of 1 | 2 | | | mkl-packed | |")) {
            assertTrue(table.contains(line), line + " in\n" + table);
        }
        Map<String, Object> root = object(Json.parse(Files.readString(json)));
        assertEquals(List.of(Peers.OURS, "mkl", "mkl-packed", "openblas"), List.copyOf(object(root.get("versions")).keySet()));
        assertTrue(object(root.get("versions")).get("mkl").toString().contains("2025.3"));
        assertEquals((long) Runtime.getRuntime().availableProcessors(), object(root.get("machine")).get("processors"));
        List<Object> sets = Json.array(root.get("sets"), "sets");
        assertEquals(4, sets.size());
        assertProduct(object(sets.get(0)));
        assertEquals(List.of(), work(sets.get(1), 0).get("peers"));
        assertTrue((double) work(sets.get(1), 0).get("share") > 0);
        assertEquals(List.of(), work(sets.get(2), 0).get("rounds"));
        assertTrue((long) object(work(sets.get(3), 1).get("peakBytes")).get(Peers.OURS) > 1 << 20);
    }

    private static void assertProduct(Map<String, Object> set) {
        assertEquals(2, Json.array(set.get("works"), "works").size());
        assertEquals(6, Json.array(set.get("geometricMeans"), "means").size());
        for (int threads = 1; threads <= 2; threads++) {
            Map<String, Object> work = work(set, threads - 1);
            assertEquals((long) threads, work.get("threads"));
            List<Object> rounds = Json.array(work.get("rounds"), "rounds");
            assertEquals(3, rounds.size());
            assertEquals(3L, work.get("roundsUsed"));
            for (Object round : rounds) {
                assertTrue((double) object(round).get("fma") > 0 && (double) object(round).get("copy") > 0);
                assertEquals(4, object(object(round).get("nanos")).size());
            }
            assertEquals((boolean) work.get("coreForEachThread"), rounds.stream().allMatch(round -> threadsOnCores(round, work)));
            for (Object peer : Json.array(work.get("peers"), "peers")) {
                double ratio = (double) object(peer).get("ratio");
                assertTrue((double) object(peer).get("least") <= ratio && ratio <= (double) object(peer).get("greatest"));
            }
            assertEquals(Map.of(), work.get("refused"));
        }
        List<Object> rounds = Json.array(work(set, 0).get("rounds"), "rounds");
        assertEquals(Peers.OURS, first(rounds.get(0)));
        assertEquals("mkl", first(rounds.get(1)));
        assertEquals("mkl-packed", first(rounds.get(2)));
    }

    private static boolean threadsOnCores(Object round, Map<String, Object> work) {
        return (long) work.get("threads") == 1
                || (double) object(round).get("fmaOfTeam") >= 1.8 * (double) object(round).get("fma");
    }

    private static String first(Object round) {
        return object(object(round).get("nanos")).keySet().iterator().next();
    }

    private static Map<String, Object> work(Object set, int index) {
        return object(Json.array(object(set).get("works"), "works").get(index));
    }

    private static Map<String, Object> object(Object value) {
        return Json.object(value, "figures");
    }
}
