package tessella.models.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import tessella.engine.Determinism;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.Workers;
import tessella.engine.io.AtomicFile;
import tessella.engine.json.Json;
import tessella.engine.transport.Cardinality;
import tessella.engine.transport.SolverOptions;
import tessella.engine.transport.SparsePlan;
import tessella.engine.transport.TransportProblem;
import tessella.engine.transport.TransportResult;
import tessella.engine.transport.TransportSolver;
import tessella.models.data.Picture;
import tessella.models.data.PictureReader;
import tessella.models.report.Machine;
import tessella.models.report.Png;
import tessella.models.report.RunCard;
import tessella.models.report.TransferReport;
import tessella.models.transport.ColourTransfer;

/**
 * {@code tessella transport}: the colours of one picture for another by sparse, quadratic and entropic plans; or a plan for costs and masses
 * from tables. With {@code --demo} it is {@link TransportDemoCommand}.
 *
 * @param pictures   the one that changes, and the one whose colours it gets; none with costs
 * @param cost       the table of costs
 * @param rows       the table of the masses of its rows, if they are not equal
 * @param columns    the table of the masses of its columns, if they are not equal
 * @param ks         the most entries of a column, one plan each
 * @param gamma      weight of the squares
 * @param epsilon    temperature of the entropic plan
 * @param colours    that pictures are brought to
 * @param iterations of a solver, at most
 * @param threads    threads to compute with
 * @param out        the new folder
 */
record TransportCommand(List<Path> pictures, Optional<Path> cost, Optional<Path> rows, Optional<Path> columns, List<Integer> ks,
        double gamma, double epsilon, int colours, int iterations, int threads, Path out) implements Program.Action {
    private static final Option<Path> COST = Option.path("cost", "a table of costs, instead of pictures: a line for each row, with commas");
    private static final Option<Path> ROWS = Option.path("rows", "the masses of the rows of the costs").otherwise("1 / rows each");
    private static final Option<Path> COLUMNS = Option.path("columns", "the masses of their columns").otherwise("the same for each");
    private static final List<Integer> KS = List.of(1, 2, 4, 8, 16, 32, 64, 128);
    static final Option<String> DEMO = Option.choice("demo", TransportDemoCommand.NAMES, "a small problem instead of pictures, with its plans "
            + "and the ways of its solvers as pictures");
    private static final Option<String> K = Option.of("k", "K,K,..", "the most entries of a column of the plan, one plan each",
            "numbers of at least 1 with commas between them",
            text -> text.matches("[1-9][0-9]{0,8}(,[1-9][0-9]{0,8})*") ? Optional.of(text) : Optional.empty())
            .otherwise(words(KS) + "; of a demo " + words(TransportDemoCommand.KS));
    static final Option<Double> GAMMA = Option.number("gamma", 1e-12, 1e12, "the weight of the squares of the plan").orElse(1.0);
    static final Option<Double> EPSILON = Option.number("epsilon", 1e-6, 1e6, "the temperature of the entropic plan").orElse(0.02);
    private static final Option<Integer> COLOURS = Option.integer("colours", 2, 4096, "colours that pictures are brought to").orElse(256);
    static final Option<Integer> ITERATIONS = Option.integer("iterations", 1, 1_000_000, "of a solver, at most").orElse(2000);
    static final Option<Long> SEED = Option.longInteger("seed", "of the points of a demo").otherwise("1");
    private static final Option<Path> OUT = Option.path("out", "the new folder for plans, numbers and pictures");

    /** What may follow {@code tessella transport}. */
    static final Command COMMAND = new Command("transport",
            "Matches by sparsity-constrained optimal transport: the colours of two pictures, a table of costs, or a small problem to look at.",
            new Command.Operands("<picture> <picture with colours>", 0, 2),
            List.of(COST, ROWS, COLUMNS, DEMO, SEED, K, GAMMA, EPSILON, COLOURS, ITERATIONS, CommonOptions.THREADS, OUT));

    static Program.Action of(Arguments arguments) {
        if (arguments.find(DEMO).isPresent()) {
            Optional<Path> table = arguments.find(COST).or(() -> arguments.find(ROWS)).or(() -> arguments.find(COLUMNS));
            if (!arguments.operands().isEmpty() || table.isPresent()) {
                throw new UsageException("transport: expected --demo without pictures and tables, found "
                        + table.map(Path::toString).orElseGet(() -> arguments.operands().getFirst()) + "; leave it out");
            }
            return TransportDemoCommand.of(arguments);
        }
        if (arguments.find(SEED).isPresent()) {
            throw new UsageException("transport: expected --seed with --demo only, found it without");
        }
        List<Path> pictures = arguments.operands().stream().map(Path::of).toList();
        Optional<Path> cost = arguments.find(COST);
        if (cost.isPresent() == !pictures.isEmpty() || pictures.size() == 1) {
            throw new UsageException("transport: expected two pictures, --cost with a table, or --demo, found "
                    + (cost.isPresent() ? "both" : pictures.size() == 1 ? "one picture" : "neither"));
        }
        if (cost.isEmpty() && (arguments.find(ROWS).isPresent() || arguments.find(COLUMNS).isPresent())) {
            throw new UsageException("transport: expected --rows and --columns with --cost only, found pictures");
        }
        return new TransportCommand(pictures, cost, arguments.find(ROWS), arguments.find(COLUMNS), ks(arguments).orElse(KS),
                arguments.get(GAMMA), arguments.get(EPSILON), arguments.get(COLOURS), arguments.get(ITERATIONS),
                arguments.get(CommonOptions.THREADS), out(arguments));
    }

    /** The numbers of {@code --k}, if it was given. */
    static Optional<List<Integer>> ks(Arguments arguments) {
        return arguments.find(K).map(text -> Arrays.stream(text.split(",")).map(Integer::valueOf).toList());
    }

    /** With commas between them, as {@code --k} takes them. */
    static String words(List<Integer> ks) {
        return String.join(",", ks.stream().map(String::valueOf).toList());
    }

    /** The folder of {@code --out}. */
    static Path out(Arguments arguments) {
        return arguments.find(OUT).orElseThrow(() -> new UsageException("transport: expected --out with a new folder, found none"));
    }

    /** Refuses a folder that has something in it, and a file. */
    static void requireNew(Path out) {
        if (Files.exists(out) && (!Files.isDirectory(out) || out.toFile().list().length > 0)) {
            throw new UsageException("transport: expected a new or empty folder, found " + out + "; name another with --out");
        }
    }

    private SolverOptions options() {
        return SolverOptions.DEFAULT.until(1e-9, iterations);
    }

    @Override
    public void run(PrintStream print) throws IOException {
        requireNew(out);
        if (cost.isPresent()) {
            runTable(print);
        } else {
            runPictures(print);
        }
    }

    // ---- two pictures

    private void runPictures(PrintStream print) throws IOException {
        Picture source = PictureReader.read(pictures.get(0)).withChannels(3);
        Picture target = PictureReader.read(pictures.get(1)).withChannels(3);
        Files.createDirectories(out);
        try (Workers workers = Workers.of(threads)) {
            ColourTransfer transfer = Workers.with(workers, () -> new ColourTransfer(source, target, colours, 1));
            print.println(transfer.from().size() + " colours, to be matched with " + transfer.to().size());
            List<TransferReport.Shown> shown = new ArrayList<>(List.of(
                    new TransferReport.Shown("source", source, source.width() + " x " + source.height()),
                    new TransferReport.Shown("target", target, target.width() + " x " + target.height()),
                    new TransferReport.Shown("source in few colours", transfer.quantised(), transfer.from().size() + " colours")));
            List<TransferReport.Plan> plans = new ArrayList<>();
            List<TransferReport.Ascent> ascents = new ArrayList<>();
            for (int k : ks) {
                addSparse(print, workers, transfer, "k = " + k, "k-" + k, k, shown, plans, ascents);
            }
            addSparse(print, workers, transfer, "quadratic", "quadratic", Integer.MAX_VALUE, shown, plans, ascents);
            long start = System.nanoTime();
            ColourTransfer.Transferred entropic = Workers.with(workers, () -> transfer.entropic(epsilon, 1e-9, 10 * iterations));
            double seconds = (System.nanoTime() - start) * 1e-9;
            add(print, "entropic", "sinkhorn", entropic, shown, plans, new TransferReport.Plan("entropic, epsilon = " + epsilon,
                    entropic.cost(), entropic.densest(), entropic.entries(), entropic.marginalError(), Double.NaN, 0, entropic.iterations(), seconds));
            write("quantised", transfer.quantised());
            new TransferReport("The colours of " + pictures.get(1).getFileName() + " for " + pictures.get(0).getFileName(), shown, plans, ascents,
                    card()).write(out.resolve("transport.html"));
            print.println("report " + out.resolve("transport.html"));
        }
    }

    private void addSparse(PrintStream print, Workers workers, ColourTransfer transfer, String label, String file, int k,
            List<TransferReport.Shown> shown, List<TransferReport.Plan> plans, List<TransferReport.Ascent> ascents) throws IOException {
        long start = System.nanoTime();
        ColourTransfer.Sparse sparse = Workers.with(workers, (Supplier<ColourTransfer.Sparse>) () -> transfer.sparse(k, gamma, options()));
        double seconds = (System.nanoTime() - start) * 1e-9;
        TransportResult result = sparse.result();
        ColourTransfer.Transferred made = sparse.transferred();
        add(print, label, file, made, shown, plans, new TransferReport.Plan(label, made.cost(), made.densest(), made.entries(),
                made.marginalError(), result.gap(), result.ties(), made.iterations(), seconds));
        ascents.add(new TransferReport.Ascent(label, Arrays.stream(result.trace().values()).map(value -> result.upperBound() - value).toArray(),
                result.trace().errors()));
    }

    private void add(PrintStream print, String label, String file, ColourTransfer.Transferred made, List<TransferReport.Shown> shown,
            List<TransferReport.Plan> plans, TransferReport.Plan plan) throws IOException {
        shown.add(new TransferReport.Shown(label, made.picture(), made.densest() + " entries in the densest column"));
        plans.add(plan);
        write(file, made.picture());
        print.printf(Locale.ROOT, "%-12s cost %.6f, at most %d entries a column, marginal error %.2e, %.1f s%n", label, made.cost(),
                made.densest(), made.marginalError(), plan.seconds());
    }

    private void write(String name, Picture picture) throws IOException {
        AtomicFile.write(out.resolve(name + ".png"), Png.bytes(picture));
    }

    private RunCard card() {
        List<String> words = new ArrayList<>(List.of("tessella", "transport"));
        pictures.forEach(picture -> words.add(picture.toString()));
        words.addAll(List.of("--k", words(ks), "--gamma", Double.toString(gamma),
                "--epsilon", Double.toString(epsilon), "--colours", Integer.toString(colours), "--iterations", Integer.toString(iterations)));
        return new RunCard(CommonOptions.version(), RunCard.commitOf(CommonOptions.home()), words, 1,
                Machine.detect(Determinism.vectorBits()), pictures.get(0).getFileName() + ", " + pictures.get(1).getFileName(), "", Map.of());
    }

    // ---- a table of costs

    private void runTable(PrintStream print) throws IOException {
        double[][] table = numbers(cost.get());
        int m = table.length;
        int n = table[0].length;
        double[] a = masses(rows, m, 1.0 / m, "rows");
        double[] b = masses(columns, n, Arrays.stream(a).sum() / n, "columns");
        double[] flat = Arrays.stream(table).flatMapToDouble(Arrays::stream).toArray();
        List<Object> certificates = new ArrayList<>();
        Map<Integer, SparsePlan> plans = new LinkedHashMap<>();
        try (Workers workers = Workers.of(threads)) {
            for (int k : ks) {
                TransportResult result = Workers.with(workers, () -> {
                    try (Scope scope = Scope.open()) {
                        return TransportSolver.solve(TransportProblem.of(NdArray.of(scope, Shape.of(m, n), flat), a, b, gamma,
                                Cardinality.columns(k)), options());
                    }
                });
                plans.put(k, result.plan());
                certificates.add(certificate(k, result));
                print.printf(Locale.ROOT, "k = %-4d value %.9g, gap %.2e, marginal error %.2e, %d entries, %d tied columns, %d iterations, %s%n", k,
                        result.value(), result.gap(), result.marginalError(), result.plan().entries(), result.ties(), result.iterations(),
                        result.stop().name().toLowerCase(Locale.ROOT));
            }
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage());
        }
        Files.createDirectories(out);
        for (Map.Entry<Integer, SparsePlan> plan : plans.entrySet()) {
            AtomicFile.write(out.resolve("plan-k-" + plan.getKey() + ".csv"), csv(plan.getValue()).getBytes(StandardCharsets.UTF_8));
        }
        AtomicFile.write(out.resolve("certificate.json"), (Json.writeIndented(certificates) + "\n").getBytes(StandardCharsets.UTF_8));
        print.println("written " + out);
    }

    private Map<String, Object> certificate(int k, TransportResult result) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("k", (long) k);
        json.put("gamma", gamma);
        json.put("dual_value", result.value());
        json.put("upper_bound", result.upperBound());
        json.put("gap", result.gap());
        json.put("plan_value", result.primalValue());
        json.put("row_error", result.rowError());
        json.put("column_error", result.columnError());
        json.put("tied_columns", (long) result.ties());
        json.put("iterations", (long) result.iterations());
        json.put("stop", result.stop().name().toLowerCase(Locale.ROOT));
        json.put("row_potentials", Arrays.stream(result.alpha()).boxed().toList());
        json.put("column_potentials", Arrays.stream(result.beta()).boxed().toList());
        return json;
    }

    private static String csv(SparsePlan plan) {
        StringBuilder text = new StringBuilder("row,column,mass\n");
        for (int j = 0; j < plan.columns(); j++) {
            for (int e = plan.starts()[j]; e < plan.starts()[j + 1]; e++) {
                text.append(plan.indices()[e] + 1).append(',').append(j + 1).append(',').append(plan.masses()[e]).append('\n');
            }
        }
        return text.toString();
    }

    private static double[] masses(Optional<Path> file, int count, double otherwise, String what) throws IOException {
        double[] masses = new double[count];
        if (file.isEmpty()) {
            Arrays.fill(masses, otherwise);
            return masses;
        }
        double[] found = Arrays.stream(numbers(file.get())).flatMapToDouble(Arrays::stream).toArray();
        if (found.length != count) {
            throw new UsageException("transport: expected " + count + " masses of " + what + " in " + file.get() + ", found " + found.length);
        }
        return found;
    }

    /** The numbers of a table, a line each with commas. */
    private static double[][] numbers(Path file) throws IOException {
        List<double[]> table = new ArrayList<>();
        int line = 0;
        for (String text : Files.readString(file, StandardCharsets.ISO_8859_1).split("\r?\n")) {
            line++;
            if (text.isBlank()) {
                continue;
            }
            String[] words = text.strip().split("[\\s,;]+");
            double[] row = new double[words.length];
            for (int i = 0; i < words.length; i++) {
                try {
                    row[i] = Double.parseDouble(words[i]);
                } catch (NumberFormatException e) {
                    throw new UsageException("transport: expected numbers in " + file + ", found \"" + words[i] + "\" in line " + line);
                }
            }
            if (!table.isEmpty() && table.getFirst().length != row.length) {
                throw new UsageException("transport: expected " + table.getFirst().length + " numbers in each line of " + file + ", found "
                        + row.length + " in line " + line);
            }
            table.add(row);
        }
        if (table.isEmpty()) {
            throw new UsageException("transport: expected numbers in " + file + ", found none");
        }
        return table.toArray(double[][]::new);
    }
}
