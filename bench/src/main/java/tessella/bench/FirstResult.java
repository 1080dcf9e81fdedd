package tessella.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import tessella.engine.DType;
import tessella.models.data.Preprocessing;
import tessella.models.train.Checkpoint;
import tessella.models.vit.VisionTransformer;
import tessella.models.vit.VitConfig;

/** How long a fresh JVM takes until a model, read from a checkpoint, has given its first result, and until it is as fast as it gets. */
public final class FirstResult {
    private static final String USAGE = """
            usage: java --add-modules jdk.incubator.vector -cp bench/target/benchmarks.jar tessella.bench.FirstResult \\
                       [--model vit-ti16/1] [--forks 5] [--warm-up 1] [-- -XX:+UseSerialGC -XX:CompileCommandFile=models/jar/compiler.commands ...]
            --warm-up is the batch with which the model warms up in the background, as in a service, before the first pass.
            What follows -- is given to the JVMs that are measured; ./tessella shows what it gives to its own.
            """;
    private static final int[] SHOWN = {1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 300};

    private FirstResult() {}

    /** As the usage says. */
    public static void main(String[] args) throws Exception {
        System.exit(run(System.out, System.err, args));
    }

    /** The program; returns its exit code: 0, or 2 if it cannot measure. */
    static int run(PrintStream out, PrintStream err, String... args) throws IOException, InterruptedException {
        try {
            VectorModule.require();
            Options options = Options.parse(args, "--model", "--forks", "--warm-up");
            if (!options.words().isEmpty()) {
                throw new IllegalArgumentException("first result: expected options only, found " + options.words());
            }
            String model = options.values().getOrDefault("--model", "vit-ti16/1");
            VitConfig config = ModelRun.config(model);
            int batch = ModelRun.batch(model);
            int forks = options.count("--forks", 5);
            int warming = options.values().containsKey("--warm-up") ? options.count("--warm-up", 1) : 0;
            List<FreshRun> runs = new ArrayList<>();
            Path checkpoint = Files.createTempFile("first-result", ".safetensors");
            try {
                save(config, checkpoint);
                for (int fork = 0; fork < forks; fork++) {
                    runs.add(fork(checkpoint, batch, warming, options.rest()));
                    err.printf("fork %d of %d: first result after %.2f s%n", fork + 1, forks, runs.getLast().first());
                }
            } finally {
                Files.deleteIfExists(checkpoint);
            }
            out.print(text(model, runs));
            return 0;
        } catch (IllegalArgumentException e) {
            err.print(e.getMessage() + "\n" + USAGE);
            return 2;
        }
    }

    /** A checkpoint of initial values: what they are does not matter, and a service reads one too. */
    static void save(VitConfig config, Path path) throws IOException {
        List<String> classes = IntStream.range(0, config.classes()).mapToObj(i -> "class " + i).toList();
        try (Checkpoint checkpoint = new Checkpoint(VisionTransformer.initialized(config, DType.F32, 1),
                Preprocessing.symmetric(config.height(), config.width(), config.channels()), classes, Map.of())) {
            checkpoint.save(path);
        }
    }

    /** One fresh JVM, its time counted from the moment before it was asked for. */
    static FreshRun fork(Path checkpoint, int batch, int warming, List<String> jvm) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules", "jdk.incubator.vector", "-cp", System.getProperty("java.class.path")));
        command.addAll(jvm);
        command.addAll(List.of(FreshRun.class.getName(), checkpoint.toString(), Integer.toString(batch),
                Integer.toString(FreshRun.STEADY_TO), Instant.now().toString(), Integer.toString(warming)));
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int code = process.waitFor();
        if (code != 0) {
            throw new IllegalArgumentException("first result: the JVM that was measured ended with " + code + ", see above; "
                    + "correct what follows --");
        }
        return FreshRun.parse(text.lines().toList().getLast());
    }

    /** Medians over the runs, with the least and the greatest. */
    static String text(String model, List<FreshRun> runs) {
        Table table = new Table(model + ", " + runs.size() + " JVMs", "median", "least", "greatest");
        row(table, "model there, s", runs, FreshRun::model);
        row(table, "first result, s", runs, FreshRun::first);
        for (int pass : SHOWN) {
            row(table, "pass " + pass + ", ms", runs, run -> run.passes()[pass - 1] * 1e3);
        }
        row(table, "steady (median of passes %d to %d), ms".formatted(FreshRun.STEADY_FROM, FreshRun.STEADY_TO), runs,
                run -> run.steady() * 1e3);
        row(table, "pass 50 (median of passes %d to %d) / steady".formatted(FreshRun.EARLY_FROM, FreshRun.EARLY_TO), runs,
                FreshRun::early);
        return table.toString();
    }

    private static void row(Table table, String name, List<FreshRun> runs, ToDoubleFunction<FreshRun> figure) {
        double[] values = runs.stream().mapToDouble(figure).sorted().toArray();
        table.row(name, Table.significant(Ceilings.median(values)), Table.significant(values[0]),
                Table.significant(values[values.length - 1]));
    }
}
