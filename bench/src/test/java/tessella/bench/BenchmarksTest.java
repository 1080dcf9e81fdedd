package tessella.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.models.vit.VitConfig;

/** Every benchmark runs, on its smallest parameters, and computes what its reference does: how fast is not looked at here. */
class BenchmarksTest {
    private static final EngineBenchmark.Witness NOBODY = EngineBenchmark.witness;

    /** Checks the first call of each method of each instance. */
    private static final class Checking implements EngineBenchmark.Witness {
        final Map<String, Cost> costs = new TreeMap<>();
        private final Set<String> seen = new HashSet<>();

        @Override
        public synchronized void see(EngineBenchmark benchmark, Cost cost, NdArray... results) {
            Method method = calling(benchmark);
            String name = method.getDeclaringClass().getSimpleName() + "." + method.getName();
            if (!seen.add(name + System.identityHashCode(benchmark))) {
                return;
            }
            Checks.Check check = Checks.ALL.get(name);
            double bytes = benchmark instanceof PointwiseBenchmark pointwise ? Checks.pointwiseBytes(pointwise.op) : check.bytes();
            double wide = results[0].dtype().bytes() / 4.0;
            assertEquals(check.flop(), cost.flop(), 1e-9 * check.flop(), name);
            assertEquals(bytes * wide, cost.bytes(), 1e-9 * bytes, name);
            check.results().require(benchmark, results);
            costs.put(name + " " + wide + (benchmark instanceof PointwiseBenchmark pointwise ? pointwise.op : ""), cost);
        }

        private static Method calling(EngineBenchmark benchmark) {
            return StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE).walk(frames -> frames
                    .filter(frame -> frame.getDeclaringClass().isInstance(benchmark))
                    .flatMap(frame -> benchmarks(frame.getDeclaringClass()).stream()
                            .filter(method -> method.getName().equals(frame.getMethodName())))
                    .findFirst().orElseThrow());
        }
    }

    @AfterEach
    void nothingIsLeft() {
        EngineBenchmark.witness = NOBODY;
        assertEquals(0, Memory.inUse(), "bytes left");
    }

    private static List<Method> benchmarks(Class<?> type) {
        return Arrays.stream(type.getDeclaredMethods()).filter(method -> method.isAnnotationPresent(Benchmark.class)).toList();
    }

    /** Every class of this package, found on the disk, that has a benchmark. */
    static List<Class<?>> classes() throws IOException, URISyntaxException {
        Path folder = Path.of(GemmBenchmark.class.getResource("GemmBenchmark.class").toURI()).getParent();
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).filter(file -> file.matches("\\w+\\.class")).sorted()
                    .<Class<?>>map(file -> {
                        try {
                            return Class.forName("tessella.bench." + file.replace(".class", ""));
                        } catch (ClassNotFoundException e) {
                            throw new AssertionError(e);
                        }
                    }).filter(type -> !benchmarks(type).isEmpty()).toList();
        }
    }

    @Test
    void everyBenchmarkHasACheckAndSmallestParameters() throws Exception {
        Set<String> names = classes().stream().flatMap(type -> benchmarks(type).stream()
                .map(method -> type.getSimpleName() + "." + method.getName())).collect(Collectors.toCollection(TreeSet::new));
        assertEquals(names, new TreeSet<>(Checks.ALL.keySet()));
        assertEquals(new HashSet<>(classes()), Checks.SMALLEST.keySet());
        Set<String> listed = BenchmarkList.defaultList().getAll(OutputFormatFactory.createFormatInstance(System.out,
                VerboseMode.SILENT), List.of()).stream().map(entry -> entry.getUsername().replace("tessella.bench.", ""))
                .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(names, listed, "what JMH runs");
    }

    @ParameterizedTest
    @MethodSource("classes")
    void everyBenchmarkComputesWhatItsReferenceDoes(Class<?> type) throws Exception {
        Checking checking = new Checking();
        EngineBenchmark.witness = checking;
        ChainedOptionsBuilder options = new OptionsBuilder().include("^" + type.getName().replace(".", "\\.") + "\\.")
                .forks(0).warmupIterations(0).measurementIterations(1).measurementTime(TimeValue.milliseconds(5))
                .shouldFailOnError(true).verbosity(VerboseMode.SILENT);
        int combinations = benchmarks(type).size();
        for (Map.Entry<String, String[]> parameter : Checks.SMALLEST.get(type).entrySet()) {
            options.param(parameter.getKey(), parameter.getValue());
            combinations *= parameter.getValue().length;
        }
        Collection<RunResult> results = new Runner(options.build()).run();
        assertEquals(combinations, results.size());
        assertEquals(new TreeSet<>(benchmarks(type).stream().map(method -> type.getSimpleName() + "." + method.getName()).toList()),
                checking.costs.keySet().stream().map(key -> key.substring(0, key.indexOf(' ')))
                        .collect(Collectors.toCollection(TreeSet::new)));
        double heapBytes = 0;
        for (RunResult result : results) {
            double calls = result.getPrimaryResult().getScore();
            assertTrue(Double.isFinite(calls) && calls > 0, result.toString());
            Map<String, Double> counters = new LinkedHashMap<>();
            result.getSecondaryResults().forEach((name, counter) -> counters.put(name, counter.getScore() / calls));
            assertEquals(Set.of("gflop", "gbyte", "heapBytes", "offHeapBytes"), counters.keySet());
            assertTrue(counters.get("heapBytes") >= 0 && counters.get("offHeapBytes") >= 0, counters.toString());
            heapBytes += counters.get("heapBytes");
            assertTrue(checking.costs.values().stream().anyMatch(cost -> near(cost.flop(), counters.get("gflop") * 1e9)
                    && near(cost.bytes(), counters.get("gbyte") * 1e9)), counters.toString());
        }
        // of all together: where threads end, the JVM lets its total of bytes stand still rather than fall, once for more than 5 ms
        assertTrue(heapBytes > 0, type.toString());
    }


    private static boolean near(double a, double b) {
        return Math.abs(a - b) <= 1e-6 * a;
    }

    @ParameterizedTest
    @MethodSource("classes")
    void warmBenchmarksTakeNothingFromTheSystem(Class<?> type) throws Exception {
        EngineBenchmark benchmark = (EngineBenchmark) type.getConstructor().newInstance();
        for (Field field : type.getFields()) {
            if (field.isAnnotationPresent(Param.class)) {
                String text = field.getName().equals("threads") ? "2"
                        : Checks.SMALLEST.get(type).getOrDefault(field.getName(), field.getAnnotation(Param.class).value())[0];
                field.set(benchmark, value(field.getType(), text));
            }
        }
        benchmark.setUp();
        for (Method method : benchmarks(type)) {
            Counters counters = new Counters();
            for (int i = 0; i < 3; i++) {
                method.invoke(benchmark, counters);
            }
            counters.start();
            for (int i = 0; i < 5; i++) {
                method.invoke(benchmark, counters);
            }
            assertEquals(0, counters.offHeapBytes(), method.toString());
            assertTrue(counters.heapBytes() > 0, method.toString());
        }
        benchmark.tearDown();
    }

    @SuppressWarnings({"unchecked", "rawtypes"}) // the class of an enum is only known here
    private static Object value(Class<?> type, String text) {
        return type == int.class ? (Object) Integer.valueOf(text) : type == boolean.class ? Boolean.valueOf(text)
                : type.isEnum() ? Enum.valueOf((Class) type, text) : text;
    }

    @Test
    void theStandardParametersAreUnderstood() throws Exception {
        for (Class<?> type : classes()) {
            for (Field field : type.getDeclaredFields()) {
                Param parameter = field.getAnnotation(Param.class);
                for (String text : parameter == null ? new String[0] : parameter.value()) {
                    switch (field.getName()) {
                        case "shape", "mkn", "bhnd" -> Extents.parse(text, parameter.value()[0]);
                        case "preset" -> VitConfig.preset(text);
                        case "model" -> VitConfig.preset(text.substring(0, text.indexOf('/')));
                        default -> value(field.getType(), text);
                    }
                }
            }
        }
    }

    @Test
    void theWholeSuiteTakesLessThanAnHour() throws Exception {
        Warmup warmup = EngineBenchmark.class.getAnnotation(Warmup.class);
        Measurement measurement = EngineBenchmark.class.getAnnotation(Measurement.class);
        double seconds = warmup.iterations() * warmup.timeUnit().toMillis(warmup.time()) / 1e3
                + measurement.iterations() * measurement.timeUnit().toMillis(measurement.time()) / 1e3;
        // what starting a JVM and filling operands takes; the largest models take more, most take less
        double start = 3;
        int combinations = 0;
        for (Class<?> type : classes()) {
            combinations += benchmarks(type).size() * Arrays.stream(type.getFields()).map(field -> field.getAnnotation(Param.class))
                    .filter(Objects::nonNull).mapToInt(parameter -> parameter.value().length).reduce(1, (a, b) -> a * b);
        }
        assertEquals(269, combinations, 5, "as docs/tuning.md says");
        assertTrue(combinations * (seconds + start) < 3600, combinations + " combinations of " + seconds + " seconds");
    }

    @Test
    void extentsAreAsManyAsTheExampleHas() {
        assertEquals("[197, 768, 3072]", Extents.parse("197x768x3072", "1x2x3").toString());
        assertEquals("expected 3 positive extents such as 197x768x3072, found \"12x13\"",
                assertThrows(IllegalArgumentException.class, () -> Extents.parse("12x13", "197x768x3072")).getMessage());
        for (String wrong : List.of("", "x", "1x0", "-1x2", "1x2x3", "1,2", "1x99999999999")) {
            assertThrows(IllegalArgumentException.class, () -> Extents.parse(wrong, "1x2"), wrong);
        }
    }

    @Test
    void modelsAreAPresetAndABatch() {
        for (String wrong : List.of("vit-tiny", "vit-tiny/0", "vit-tiny/", "vit-huge/1")) {
            assertThrows(IllegalArgumentException.class, () -> ModelRun.of(wrong, null), wrong);
        }
    }
}
