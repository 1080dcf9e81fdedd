package tessella.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Pointwise;
import tessella.engine.Regularizer;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.Softmaxes;
import tessella.engine.TopK;
import tessella.engine.Workers;
import tessella.engine.transport.Cardinality;
import tessella.engine.transport.SolverOptions;
import tessella.engine.transport.TransportProblem;
import tessella.engine.transport.TransportSolver;
import tessella.models.nn.Experts;

/** Sparse operators beside sorting, textbook code and the libraries of another language: rounds in which each is timed once, and ratios. */
public final class SparseRatios {
    private static final String USAGE = """
            usage: java --add-modules jdk.incubator.vector -cp bench/target/benchmarks.jar tessella.bench.SparseRatios \\
                       [--rounds 25] [--warmup 25] [--python /usr/bin/python3]
            With --python the peers of bench/peers/python/sparse.py take part: that Python needs numpy, numba and POT.
            """;
    private static final Path SCRIPT = Path.of("bench", "peers", "python", "sparse.py");
    private static final int LONG = 1_000_000;
    private static final double LONG_LAMBDA = 1e-3;
    private static final String SORT = "Arrays.sort";
    private static final String PARTITION = "numpy partition";
    private static final String JAVA_TEXTBOOK = "batch, textbook in Java";
    private static final String NUMBA_TEXTBOOK = "batch, textbook in numba";
    private static final String POT = "semi-dual, POT";
    private static final String EXPERTS_PASS = "experts' forward pass, d = 384";
    private static final int ROWS = 4096;
    private static final int WIDTH = 256;
    private static final int K = 32;
    private static final double LAMBDA = 0.1;
    private static final int TOKENS = 4096;
    private static final int EXPERTS = 64;
    private static final int CAPACITY = 64;

    /** Seconds of one call. */
    private interface Timed {
        double seconds() throws IOException;
    }

    /** What is timed, and the names of the works that it is compared with; those of peers that take no part are passed over. */
    private record Work(Timed timed, List<String> references) {}

    private final Map<String, Work> works = new LinkedHashMap<>();
    private final Map<String, double[]> seconds = new LinkedHashMap<>();

    private SparseRatios() {}

    /** As the usage says. */
    public static void main(String[] args) throws Exception {
        System.exit(run(System.out, System.err, args));
    }

    /** The program; returns its exit code: 0, or 2 if it cannot measure. */
    static int run(PrintStream out, PrintStream err, String... args) throws IOException {
        try {
            VectorModule.require();
            Options options = Options.parse(args, "--rounds", "--warmup", "--python");
            if (!options.words().isEmpty()) {
                throw new IllegalArgumentException("sparse ratios: expected options only, found " + options.words());
            }
            String python = options.values().get("--python");
            try (Scope scope = Scope.open(); Workers one = Workers.of(1); Workers two = Workers.of(2);
                    Peer peer = python == null ? null : new Peer(python)) {
                SparseRatios ratios = new SparseRatios();
                ratios.longRows(scope, one, peer);
                ratios.batch(scope, one, two, peer);
                ratios.semiDual(one, peer);
                ratios.router(scope, one);
                ratios.measure(options.count("--warmup", 25), options.count("--rounds", 25), err);
                out.print(ratios.table());
            }
            return 0;
        } catch (IllegalArgumentException e) {
            err.print(e.getMessage() + "\n" + USAGE);
            return 2;
        }
    }

    /** The second of two calls: the others of a round have been through the caches, and what is sorted has just been copied. */
    private static Timed timed(Workers workers, Runnable work) {
        return () -> Workers.with(workers, () -> {
            try (Scope _ = Scope.open()) {
                work.run();
            }
            try (Scope _ = Scope.open()) {
                long start = System.nanoTime();
                work.run();
                return (System.nanoTime() - start) * 1e-9;
            }
        });
    }

    private static float[] normal(long seed, int n) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return x;
    }

    private void longRows(Scope scope, Workers one, Peer peer) throws IOException {
        float[] random = normal(1, LONG);
        float[] rising = random.clone();
        Arrays.sort(rising);
        float[] falling = new float[LONG];
        for (int i = 0; i < LONG; i++) {
            falling[i] = rising[LONG - 1 - i];
        }
        float[] equal = new float[LONG];
        Arrays.fill(equal, 0.5f);
        Map<String, float[]> orders = new LinkedHashMap<>();
        orders.put("random", random);
        orders.put("sorted", rising);
        orders.put("reversed", falling);
        orders.put("all ties", equal);
        add(SORT, sorted(random, LONG));
        if (peer != null) {
            Path file = peer.file(random);
            add(PARTITION, () -> peer.ask("partition " + LONG + " " + LONG / 10 + " " + file));
        }
        orders.forEach((order, values) -> add("mask, 10^6 " + order, mask(scope, one, values, LONG), SORT, PARTITION));
        for (int n : new int[] {1000, 10_000, 100_000}) {
            String sort = SORT + ", rows of " + n;
            add(sort, sorted(random, n));
            add("mask, rows of " + n, mask(scope, one, random, n), sort);
        }
    }

    private void add(String name, Timed timed, String... references) {
        works.put(name, new Work(timed, List.of(references)));
    }

    /** Masks of the rows of n that the values make, a tenth of each selected. */
    private static Timed mask(Scope scope, Workers one, float[] values, int n) {
        NdArray x = NdArray.of(scope, Shape.of(values.length / n, n), values);
        return timed(one, () -> TopK.mask(x, n / 10, Regularizer.l2(LONG_LAMBDA)));
    }

    private static Timed sorted(float[] values, int n) {
        float[] copy = new float[values.length];
        return () -> {
            System.arraycopy(values, 0, copy, 0, copy.length);
            long start = System.nanoTime();
            for (int row = 0; row < copy.length; row += n) {
                Arrays.sort(copy, row, row + n);
            }
            return (System.nanoTime() - start) * 1e-9;
        };
    }

    private void batch(Scope scope, Workers one, Workers two, Peer peer) throws IOException {
        float[] values = normal(2, ROWS * WIDTH);
        float[] cotangents = normal(3, ROWS * WIDTH);
        NdArray x = NdArray.of(scope, Shape.of(ROWS, WIDTH), values);
        NdArray dy = NdArray.of(scope, Shape.of(ROWS, WIDTH), cotangents);
        for (double p : new double[] {2, 4.0 / 3}) {
            Regularizer regularizer = new Regularizer(LAMBDA, p);
            Runnable work = () -> TopK.maskGradient(x, regularizer, TopK.mask(x, K, regularizer), dy);
            String name = "batch, p = " + (p == 2 ? "2" : "4/3");
            add(name, timed(one, work), JAVA_TEXTBOOK, NUMBA_TEXTBOOK);
            add(name + ", two threads", timed(two, work), name);
        }
        TextbookTopK textbook = new TextbookTopK(WIDTH, K, (float) LAMBDA);
        float[] y = new float[values.length];
        float[] dx = new float[values.length];
        add(JAVA_TEXTBOOK, timed(one, () -> textbook.run(values, cotangents, y, dx)));
        try (Scope _ = Scope.open()) {
            textbook.run(values, cotangents, y, dx);
            TopK.Selection ours = TopK.mask(x, K, Regularizer.l2(LAMBDA));
            requireEqual(ours.y().toFloats(), y, 1e-4);
            requireEqual(TopK.maskGradient(x, Regularizer.l2(LAMBDA), ours, dy).toFloats(), dx, 1e-3);
        }
        if (peer != null) {
            float[] both = Arrays.copyOf(values, 2 * values.length);
            System.arraycopy(cotangents, 0, both, values.length, values.length);
            Path file = peer.file(both);
            add(NUMBA_TEXTBOOK, () -> peer.ask("topk " + ROWS + " " + WIDTH + " " + K + " " + LAMBDA + " " + file));
        }
    }

    /** The router of a mixture of experts: similarities of tokens and experts, every token of mass 1. */
    private void semiDual(Workers one, Peer peer) throws IOException {
        SplittableRandom random = new SplittableRandom(4);
        double[] potentials = random.doubles(TOKENS, -0.01, 0.01).toArray();
        double[] cost = new double[TOKENS * EXPERTS];
        for (int i = 0; i < TOKENS; i++) {
            double sum = 0;
            for (int j = 0; j < EXPERTS; j++) {
                sum += cost[i * EXPERTS + j] = Math.exp(random.nextGaussian());
            }
            for (int j = 0; j < EXPERTS; j++) {
                cost[i * EXPERTS + j] /= -sum;
            }
        }
        double[] a = new double[TOKENS];
        Arrays.fill(a, 1);
        double mass = (double) TOKENS / EXPERTS;
        double[] b = new double[EXPERTS];
        Arrays.fill(b, mass);
        TransportProblem problem = TransportProblem.of(NdArray.of(Scope.current(), Shape.of(TOKENS, EXPERTS), cost), a, b, 1,
                Cardinality.columns(CAPACITY));
        add("semi-dual", timed(one, () -> problem.semiDual(potentials)), POT);
        if (peer != null) {
            double[] both = Arrays.copyOf(potentials, TOKENS + cost.length);
            System.arraycopy(cost, 0, both, TOKENS, cost.length);
            Path file = peer.file(both);
            String task = "semidual " + TOKENS + " " + EXPERTS + " " + CAPACITY + " 1 " + mass + " " + file;
            peer.ask(task);
            double theirs = Double.parseDouble(peer.last().split(" ")[1]);
            double ours = problem.semiDual(potentials).value();
            if (Math.abs(theirs - ours) > 1e-6 * Math.abs(ours)) {
                throw new IllegalArgumentException("sparse ratios: expected POT's semi-dual " + theirs + ", found " + ours);
            }
            add(POT, () -> peer.ask(task));
        }
    }

    /** What a router by transport plans takes, beside the forward pass of the experts that it routes to: 8 images of 196 tokens, d = 384. */
    private void router(Scope scope, Workers one) {
        int tokens = 1568;
        int experts = 32;
        int capacity = 52;
        NdArray gates = Softmaxes.forward(NdArray.of(scope, Shape.of(tokens, experts), normal(5, tokens * experts)), 1);
        NdArray cost = Pointwise.scale(gates, -1);
        double[] a = new double[tokens];
        Arrays.fill(a, 1);
        double[] b = new double[experts];
        Arrays.fill(b, (double) tokens / experts);
        add(EXPERTS_PASS, timed(one, expertsPass(scope, experts, capacity)));
        add("router step, few tokens an expert", timed(one, () -> TransportSolver.solve(TransportProblem.of(cost, a, b, 1,
                Cardinality.columns(capacity)), SolverOptions.router(20))), EXPERTS_PASS);
        add("router step, few experts a token", timed(one, () -> TransportSolver.solve(TransportProblem.of(cost, a, b, 1,
                Cardinality.rows(1)), SolverOptions.router(20))), EXPERTS_PASS);
    }

    private static Runnable expertsPass(Scope scope, int experts, int capacity) {
        int d = 384;
        int h = 4 * d;
        Experts mlps = new Experts(Tensor.of(NdArray.of(scope, Shape.of(experts, d, h), normal(6, experts * d * h))),
                Tensor.of(NdArray.zeros(scope, DType.F32, Shape.of(experts, h))),
                Tensor.of(NdArray.of(scope, Shape.of(experts, h, d), normal(7, experts * d * h))),
                Tensor.of(NdArray.zeros(scope, DType.F32, Shape.of(experts, d))));
        Tensor rows = Tensor.of(NdArray.of(scope, Shape.of(experts, 1, capacity, d), normal(8, experts * capacity * d)));
        return () -> mlps.apply(rows);
    }

    private static void requireEqual(float[] ours, float[] theirs, double tolerance) {
        for (int i = 0; i < ours.length; i++) {
            if (Math.abs(ours[i] - theirs[i]) > tolerance * Math.max(1, Math.abs(theirs[i]))) {
                throw new IllegalArgumentException("sparse ratios: expected the textbook's " + theirs[i] + " at " + i + ", found " + ours[i]);
            }
        }
    }

    private void measure(int warmup, int rounds, PrintStream err) throws IOException {
        for (String name : works.keySet()) {
            seconds.put(name, new double[rounds]);
        }
        for (int round = -warmup; round < rounds; round++) {
            if (round % 10 == 0) {
                err.printf("round %d of %d%n", round, rounds);
            }
            for (Map.Entry<String, Work> work : works.entrySet()) {
                double time = work.getValue().timed().seconds();
                if (round >= 0) {
                    seconds.get(work.getKey())[round] = time;
                }
            }
        }
    }

    /** Times, and how many times as long the references take in the same round. */
    private String table() {
        Table table = new Table("work", "median ms", "least ms", "against", "ratio", "least", "most");
        works.forEach((name, work) -> {
            double[] own = seconds.get(name);
            String median = milliseconds(Ceilings.median(own));
            String least = milliseconds(Arrays.stream(own).min().orElseThrow());
            List<String> references = work.references().stream().filter(seconds::containsKey).toList();
            if (references.isEmpty()) {
                table.row(name, median, least, "", "", "", "");
            }
            for (String reference : references) {
                double[] ratios = new double[own.length];
                Arrays.setAll(ratios, i -> seconds.get(reference)[i] / own[i]);
                Arrays.sort(ratios);
                table.row(name, median, least, reference, number(Ceilings.median(ratios)), number(ratios[0]), number(ratios[ratios.length - 1]));
            }
        });
        return table.toString();
    }

    private static String milliseconds(double seconds) {
        return String.format(Locale.ROOT, "%.3f", seconds * 1e3);
    }

    private static String number(double ratio) {
        return String.format(Locale.ROOT, "%.2f", ratio);
    }

    /** The process of the script, one line a task. */
    private static final class Peer implements AutoCloseable {
        private final Process process;
        private final PrintWriter tasks;
        private final BufferedReader answers;
        private final List<Path> files = new ArrayList<>();
        private String last;

        Peer(String python) throws IOException {
            if (!Files.isRegularFile(SCRIPT)) {
                throw new IllegalArgumentException("sparse ratios: expected " + SCRIPT + ", found no such file; run from the root of the "
                        + "checkout");
            }
            process = new ProcessBuilder(python, SCRIPT.toString()).redirectError(ProcessBuilder.Redirect.INHERIT).start();
            tasks = new PrintWriter(new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8), true);
            answers = process.inputReader(StandardCharsets.UTF_8);
        }

        Path file(double[] values) throws IOException {
            ByteBuffer bytes = ByteBuffer.allocate(values.length * 8).order(ByteOrder.nativeOrder());
            bytes.asDoubleBuffer().put(values);
            return file(bytes);
        }

        Path file(float[] values) throws IOException {
            ByteBuffer bytes = ByteBuffer.allocate(values.length * 4).order(ByteOrder.nativeOrder());
            bytes.asFloatBuffer().put(values);
            return file(bytes);
        }

        private Path file(ByteBuffer bytes) throws IOException {
            Path file = Files.write(Files.createTempFile("tessella-peer", ".bin"), bytes.array());
            files.add(file);
            return file;
        }

        double ask(String task) throws IOException {
            tasks.println(task);
            String answer = answers.readLine();
            if (answer == null) {
                throw new IllegalArgumentException("sparse ratios: expected an answer to \"" + task + "\", found the end of the peer; see above");
            }
            last = answer;
            return Double.parseDouble(answer.split(" ")[0]);
        }

        String last() {
            return last;
        }

        @Override
        public void close() throws IOException {
            tasks.close();
            process.destroy();
            for (Path file : files) {
                Files.deleteIfExists(file);
            }
        }
    }
}
