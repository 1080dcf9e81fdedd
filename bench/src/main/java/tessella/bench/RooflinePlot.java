package tessella.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;
import tessella.engine.Determinism;
import tessella.engine.io.AtomicFile;
import tessella.models.report.Machine;

/**
 * Holds benchmarks against what the machine gives in the same minutes: multiply-adds on registers, and bandwidths of caches and
 * memory, on one thread and on all; writes a page and a table.
 */
public final class RooflinePlot {
    private static final String USAGE = """
            usage: java --add-modules jdk.incubator.vector -cp bench/target/benchmarks.jar tessella.bench.RooflinePlot \\
                       [--html roofline.html] [--rounds 3] [--seconds 0.1] (--json FILE | -- JMH ARGUMENTS)
            with JMH arguments, such as GemmBenchmark -p mkn=197x768x3072: ceilings, a fork of each benchmark, ceilings again, and
            that so many times; with a file of -rf json: the ceilings of now, for measurements of another time
            """;
    private static final Path CACHES = Path.of("/sys/devices/system/cpu/cpu0/cache");

    private RooflinePlot() {}

    /** As the usage says. */
    public static void main(String[] args) throws Exception {
        // what JMH and its forks say is no part of the result
        PrintStream out = System.out;
        System.setOut(System.err);
        System.exit(run(out, System.err, MemoryLevel.of(CACHES), args));
    }

    /** The program on these levels of memory; returns its exit code. */
    static int run(PrintStream out, PrintStream err, List<MemoryLevel> levels, String... args) throws Exception {
        try {
            VectorModule.require();
            Options options = Options.parse(args, "--html", "--rounds", "--seconds", "--json");
            if (!options.words().isEmpty() || options.values().containsKey("--json") != options.rest().isEmpty()) {
                throw new IllegalArgumentException("roofline: expected either --json FILE or JMH arguments after --, found "
                        + options.words() + ", --json " + options.values().get("--json") + " and " + options.rest());
            }
            double seconds = options.number("--seconds", 0.1);
            if (seconds <= 0) {
                throw new IllegalArgumentException("roofline: expected a time above 0 for --seconds, found 0");
            }
            RooflineRounds rounds = measure(options, levels, options.count("--rounds", 3), seconds, err);
            List<RooflineRow> rows = rounds.results().stream().map(result -> RooflineRow.of(result, rounds.ceilings())).toList();
            print(out, rounds, rows);
            Path page = Path.of(options.values().getOrDefault("--html", "roofline.html"));
            AtomicFile.write(page, new RooflinePage(rounds, rows, Machine.detect(Determinism.vectorBits()),
                    "tessella.bench.RooflinePlot " + String.join(" ", args)).html().getBytes(StandardCharsets.UTF_8));
            err.println("written: " + page);
            return 0;
        } catch (IllegalArgumentException e) {
            err.print(e.getMessage() + "\n" + USAGE);
        } catch (CommandLineOptionException | RunnerException e) {
            err.println("roofline: JMH says: " + e.getMessage());
        } catch (IOException e) {
            err.println("roofline: cannot read or write " + e.getMessage());
        }
        return 2;
    }

    private static RooflineRounds measure(Options options, List<MemoryLevel> levels, int wanted, double seconds,
            PrintStream err) throws Exception {
        List<JmhResult> old = options.rest().isEmpty() ? JmhResult.read(Path.of(options.values().get("--json"))) : List.of();
        CommandLineOptions jmh = options.rest().isEmpty() ? null : new CommandLineOptions(options.rest().toArray(String[]::new));
        List<Integer> threads = threads(old, jmh);
        // compiles the loops
        ceilings(threads, levels, 0.02);
        if (jmh == null) {
            return RooflineRounds.run(wanted, number -> new RooflineRounds.Round(ceilings(threads, levels, seconds), List.of()))
                    .with(old);
        }
        return RooflineRounds.run(wanted, number -> {
            err.println("round " + (number + 1));
            List<Ceilings> ceilings = new ArrayList<>(ceilings(threads, levels, seconds));
            List<JmhResult> results = benchmarks(jmh);
            ceilings.addAll(ceilings(threads, levels, seconds));
            return new RooflineRounds.Round(ceilings, results);
        });
    }

    /** One thread, all that there are, and what benchmarks use or have used. */
    private static List<Integer> threads(List<JmhResult> results, CommandLineOptions jmh) {
        List<Integer> threads = new ArrayList<>(List.of(1, Runtime.getRuntime().availableProcessors()));
        results.forEach(result -> threads.add(Integer.parseInt(result.params().getOrDefault("threads", "1"))));
        if (jmh != null) {
            jmh.getParameter("threads").orElse(List.of()).forEach(count -> threads.add(Integer.parseInt(count)));
        }
        return threads.stream().distinct().sorted().toList();
    }

    private static List<Ceilings> ceilings(List<Integer> threads, List<MemoryLevel> levels, double seconds) {
        return threads.stream().map(count -> Ceilings.measure(count, levels, seconds)).toList();
    }

    private static List<JmhResult> benchmarks(CommandLineOptions jmh) throws Exception {
        Path file = Files.createTempFile("roofline", ".json");
        try {
            new Runner(new OptionsBuilder().parent(jmh).resultFormat(ResultFormatType.JSON).result(file.toString())
                    .verbosity(VerboseMode.SILENT).shouldFailOnError(true).build()).run();
            return JmhResult.read(file);
        } finally {
            Files.delete(file);
        }
    }

    private static void print(PrintStream out, RooflineRounds rounds, List<RooflineRow> rows) {
        Table ceilings = new Table("threads", "FMA GFLOP/s", "L1 GB/s", "L2 GB/s", "L3 GB/s", "memory GB/s");
        for (Ceilings ceiling : rounds.ceilings()) {
            double[] b = ceiling.bandwidths();
            ceilings.row(Integer.toString(ceiling.threads()), Table.significant(ceiling.flops() / 1e9),
                    Table.significant(b[0] / 1e9),
                    Table.significant(b[1] / 1e9), Table.significant(b[2] / 1e9), Table.significant(b[3] / 1e9));
        }
        out.println(ceilings);
        Table table = new Table("", "benchmark", "parameters", "GFLOP/s", "GB/s", "FLOP/B", "bound", "by", "of bound",
                "heap B/call", "off-heap B/call");
        for (int i = 0; i < rows.size(); i++) {
            table.row(RooflinePage.cells(i, rows.get(i)));
        }
        out.println(table);
        out.println(RooflinePage.said(rounds));
    }
}
