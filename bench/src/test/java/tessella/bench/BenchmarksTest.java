package tessella.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import tessella.engine.Memory;

/** Every benchmark runs, once and on the smallest input: how fast is not looked at here. */
class BenchmarksTest {

    @Test
    void gemmRuns() throws Exception {
        Collection<RunResult> results = new Runner(briefly(GemmBenchmark.class).param("shape", "5x7x3").build()).run();
        assertRan(results, "multiply");
        assertEquals(2, results.size());
        results.forEach(result -> assertFinite(result.getSecondaryResults().get("gflop")));
    }

    @Test
    void softMoeRuns() throws Exception {
        assertRan(new Runner(briefly(SoftMoeBenchmark.class).param("layer", "SMALLEST").build()).run(),
                "forward", "gradients");
    }

    @Test
    void extentsAreThree() {
        assertEquals(new Extents(197, 768, 3072), Extents.parse("197x768x3072"));
        assertEquals(2e-9 * 197 * 768 * 3072, new Extents(197, 768, 3072).gflop());
        assertEquals("shape: expected three extents such as 197x768x3072, found 12x13",
                assertThrows(IllegalArgumentException.class, () -> Extents.parse("12x13")).getMessage());
    }

    /** In this process, one iteration of ten milliseconds, the engine's own work and nothing else. */
    private static ChainedOptionsBuilder briefly(Class<?> benchmark) {
        return new OptionsBuilder()
                .include(benchmark.getName())
                .forks(0)
                .warmupIterations(0)
                .measurementIterations(1)
                .measurementTime(TimeValue.milliseconds(10))
                .shouldFailOnError(true)
                .verbosity(VerboseMode.SILENT);
    }

    private static void assertRan(Collection<RunResult> results, String... names) {
        Set<String> ran = new TreeSet<>();
        for (RunResult result : results) {
            ran.add(result.getPrimaryResult().getLabel());
            assertFinite(result.getPrimaryResult());
        }
        assertEquals(new TreeSet<>(Set.of(names)), ran);
        assertEquals(0, Memory.inUse(), "bytes left");
    }

    private static void assertFinite(Result<?> result) {
        assertTrue(Double.isFinite(result.getScore()) && result.getScore() > 0, result.toString());
    }
}
