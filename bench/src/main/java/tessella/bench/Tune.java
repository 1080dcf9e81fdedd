package tessella.bench;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Finds block sizes of the matrix product that suit this machine better than the defaults, or says that there are none. */
public final class Tune {
    private static final String USAGE = """
            usage: java --add-modules jdk.incubator.vector -cp bench/target/benchmarks.jar tessella.bench.Tune \\
                       [--mkn 197x768x768,197x768x3072,1576x768x3072] [--knobs tile,kc,tiles,near] [--threads 1] \\
                       [--screening 2] [--rounds 7] [--seconds 0.5]
            """;
    private static final String SHAPES = "197x768x768,197x768x3072,1576x768x3072";
    private static final int WARMUP = 3;
    private static final int ITERATIONS = 3;

    private Tune() {}

    /** As the usage says. */
    public static void main(String[] args) throws Exception {
        // what JMH and its forks say is no part of the result
        PrintStream out = System.out;
        System.setOut(System.err);
        System.exit(run(out, System.err, args));
    }

    /** The program; returns its exit code: 0 with or without better values, 2 if it cannot look for any. */
    static int run(PrintStream out, PrintStream err, String... args) throws Exception {
        try {
            VectorModule.require();
            Options options = Options.parse(args, "--mkn", "--knobs", "--threads", "--screening", "--rounds", "--seconds");
            if (!options.words().isEmpty() || !options.rest().isEmpty()) {
                throw new IllegalArgumentException("tune: expected options only, found " + options.words() + options.rest());
            }
            String[] shapes = options.values().getOrDefault("--mkn", SHAPES).split(",");
            Arrays.stream(shapes).forEach(shape -> Extents.parse(shape, "197x768x3072"));
            double seconds = options.number("--seconds", 0.5);
            int screening = options.count("--screening", 2);
            int rounds = options.count("--rounds", 7);
            if (seconds <= 0 || rounds < 2) {
                throw new IllegalArgumentException("tune: expected a time above 0 and at least 2 rounds, found " + seconds
                        + " and " + rounds);
            }
            List<Knob> knobs = chosen(options.values().getOrDefault("--knobs", "tile,kc,tiles,near").split(","));
            int forks = 2 * (screening * knobs.stream().mapToInt(knob -> knob.values().size()).sum() + rounds);
            err.printf("at most %d forks for each of %d shapes, some %d minutes%n", forks, shapes.length, Math.round(Math.ceil(forks
                    * shapes.length * ((WARMUP + ITERATIONS) * seconds + 1) / 60)));
            int threads = options.count("--threads", 1);
            out.print(Tuning.text(new Tuning(properties -> speeds(shapes, threads, seconds, properties), screening, rounds, err)
                    .run(knobs)));
            return 0;
        } catch (IllegalArgumentException e) {
            err.print(e.getMessage() + "\n" + USAGE);
            return 2;
        }
    }

    private static List<Knob> chosen(String... names) {
        List<Knob> chosen = new ArrayList<>();
        List<Knob> all = Knob.all();
        for (String name : names) {
            chosen.add(all.stream().filter(knob -> knob.property().equals("tessella.gemm." + name)).findFirst().orElseThrow(() ->
                    new IllegalArgumentException("tune: expected knobs among "
                            + all.stream().map(knob -> knob.property().replace("tessella.gemm.", "")).toList() + ", found " + name)));
        }
        return chosen;
    }

    /** Products a second by shape, in a JVM of their own each. */
    private static Map<String, Double> speeds(String[] shapes, int threads, double seconds, Map<String, String> properties)
            throws RunnerException {
        TimeValue time = TimeValue.microseconds(Math.round(seconds * 1e6));
        ChainedOptionsBuilder options = new OptionsBuilder().include("^tessella\\.bench\\.GemmBenchmark\\.multiply$")
                .param("mkn", shapes).param("dtype", "F32").param("threads", Integer.toString(threads)).forks(1)
                .warmupIterations(WARMUP).warmupTime(time).measurementIterations(ITERATIONS).measurementTime(time)
                .verbosity(VerboseMode.SILENT).jvmArgsAppend(properties.entrySet().stream()
                        .map(entry -> "-D" + entry.getKey() + "=" + entry.getValue()).toArray(String[]::new));
        Map<String, Double> speeds = new TreeMap<>();
        for (RunResult result : new Runner(options.build()).run()) {
            speeds.put(result.getParams().getParam("mkn"), result.getPrimaryResult().getScore());
        }
        if (speeds.size() == shapes.length) {
            return speeds;
        }
        if (properties.isEmpty()) {
            throw new IllegalStateException("tune: the benchmark failed with the standard values, see above");
        }
        return Map.of();
    }
}
