package tessella.bench;

import java.io.PrintStream;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.LongStream;
import tessella.engine.NdArray;
import tessella.engine.Random;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.Softmaxes;
import tessella.engine.transport.Cardinality;
import tessella.engine.transport.Formulation;
import tessella.engine.transport.SolverOptions;
import tessella.engine.transport.SparsePlan;
import tessella.engine.transport.TransportProblem;
import tessella.engine.transport.TransportResult;
import tessella.engine.transport.TransportSolver;

/**
 * Two tables about sparse transport, in Markdown, of numbers that do not depend on the machine's speed: how many iterations L-BFGS takes for
 * each k, and how far routers are off their marginals. Medians over seeds, with the least and the most in brackets.
 */
public final class TransportTable {
    private static final String USAGE = """
            usage: java --add-modules jdk.incubator.vector -cp bench/target/benchmarks.jar tessella.bench.TransportTable \\
                iterations | routing [--seeds 7]
            """;
    static final int[] KS = {2, 3, 4, 6, 8, 12, Integer.MAX_VALUE};
    static final int MOST_ITERATIONS = 2000;
    private static final double TOLERANCE = 1e-8;
    private static final int SIDE = 24;
    private static final double[] GAMMAS = {1, 10};
    static final int TOKENS = 64;
    static final int EXPERTS = 8;

    private TransportTable() {}

    /** As the usage says. */
    public static void main(String[] args) {
        System.exit(run(System.out, System.err, args));
    }

    /** The program; returns its exit code: 0, or 2 if it cannot measure. */
    static int run(PrintStream out, PrintStream err, String... args) {
        try {
            VectorModule.require();
            Options options = Options.parse(args, "--seeds");
            String word = String.join(" ", options.words());
            int seeds = options.count("--seeds", 7);
            out.print(switch (word) {
                case "iterations" -> iterations(seeds).markdown();
                case "routing" -> routing(seeds).markdown();
                default -> throw new IllegalArgumentException("transport table: expected iterations or routing, found \"" + word + "\"");
            });
            return 0;
        } catch (IllegalArgumentException e) {
            err.print(e.getMessage() + "\n" + USAGE);
            return 2;
        }
    }

    // ---- iterations by k

    private static Table iterations(int seeds) {
        Table table = new Table("k", "γ = 1, semi-dual", "γ = 1, dual", "γ = 10, semi-dual", "γ = 10, dual");
        for (int k : KS) {
            String[] cells = new String[1 + 2 * GAMMAS.length];
            cells[0] = k == Integer.MAX_VALUE ? "no limit" : Integer.toString(k);
            for (int g = 0; g < GAMMAS.length; g++) {
                cells[1 + 2 * g] = ascents(seeds, GAMMAS[g], k, Formulation.SEMI_DUAL);
                cells[2 + 2 * g] = ascents(seeds, GAMMAS[g], k, Formulation.DUAL);
            }
            table.row(cells);
        }
        return table;
    }

    private static String ascents(int seeds, double gamma, int k, Formulation formulation) {
        TransportResult[] results = new TransportResult[seeds];
        Arrays.setAll(results, i -> ascent(i + 1, gamma, k, formulation));
        long reached = Arrays.stream(results).filter(TransportResult::isConverged).count();
        String text = spread(Arrays.stream(results).mapToDouble(TransportResult::iterations).toArray(), "%.0f");
        return reached == seeds ? text : text + "; " + reached + " of " + seeds;
    }

    /**
     * Climbs from 0 to {@value #TOLERANCE} or {@value #MOST_ITERATIONS} iterations: uniform costs of {@value #SIDE} x {@value #SIDE}, masses
     * uniform in (0.1, 1.1) over their sum.
     */
    static TransportResult ascent(long seed, double gamma, int k, Formulation formulation) {
        Random costs = Random.of(seed, "costs");
        double[] cost = new double[SIDE * SIDE];
        Arrays.setAll(cost, costs::uniform);
        try (Scope scope = Scope.open()) {
            return TransportSolver.solve(TransportProblem.of(NdArray.of(scope, Shape.of(SIDE, SIDE), cost), masses(seed, "rows"),
                    masses(seed, "columns"), gamma, Cardinality.columns(k)), SolverOptions.DEFAULT.with(formulation)
                    .with(SolverOptions.Polish.NONE).with(SolverOptions.Certificate.LEFT_OUT).until(TOLERANCE, MOST_ITERATIONS));
        }
    }

    private static double[] masses(long seed, String name) {
        Random random = Random.of(seed, name);
        double[] masses = new double[SIDE];
        Arrays.setAll(masses, i -> 0.1 + random.uniform(i));
        double sum = Arrays.stream(masses).sum();
        return Arrays.stream(masses).map(mass -> mass / sum).toArray();
    }

    // ---- routers

    private static Table routing(int seeds) {
        Table table = new Table("router", "row error", "tokens without expert", "most tokens of an expert");
        for (int iterations : new int[] {20, 500}) {
            for (int k : new int[] {8, 16, TOKENS}) {
                routed(table, seeds, "Adam, " + iterations + " iterations, k = " + k, k, SolverOptions.router(iterations));
            }
        }
        SolverOptions smooth = SolverOptions.DEFAULT.with(SolverOptions.Polish.NONE).with(SolverOptions.Certificate.LEFT_OUT);
        routed(table, seeds, "L-BFGS, to 1e-8, k = " + TOKENS, TOKENS, smooth.until(TOLERANCE, MOST_ITERATIONS));
        table.row("each token to its first expert", "", "0",
                spread(LongStream.rangeClosed(1, seeds).mapToDouble(seed -> mostOfTopOne(gates(seed))).toArray(), "%.0f"));
        return table;
    }

    private static void routed(Table table, int seeds, String name, int k, SolverOptions options) {
        TransportResult[] routed = new TransportResult[seeds];
        Arrays.setAll(routed, i -> route(gates(i + 1), k, options));
        table.row(name, spread(Arrays.stream(routed).mapToDouble(TransportResult::rowError).toArray(), "%.2g"),
                spread(Arrays.stream(routed).mapToDouble(one -> withoutExpert(one.plan())).toArray(), "%.0f"),
                spread(Arrays.stream(routed).mapToDouble(one -> mostOfAnExpert(one.plan())).toArray(), "%.0f"));
    }

    /** Softmaxes of normal logits, [{@value #TOKENS}, {@value #EXPERTS}]. */
    static double[] gates(long seed) {
        double[] logits = new double[TOKENS * EXPERTS];
        Arrays.setAll(logits, Random.of(seed, "logits")::normal);
        try (Scope scope = Scope.open()) {
            return Softmaxes.forward(NdArray.of(scope, Shape.of(TOKENS, EXPERTS), logits), 1).toDoubles();
        }
    }

    /** The problem of a router in which experts have few: tokens have mass 1, experts the same share, γ = 1. */
    static TransportResult route(double[] gates, int k, SolverOptions options) {
        double[] ones = new double[TOKENS];
        Arrays.fill(ones, 1);
        double[] shares = new double[EXPERTS];
        Arrays.fill(shares, (double) TOKENS / EXPERTS);
        try (Scope scope = Scope.open()) {
            NdArray cost = NdArray.of(scope, Shape.of(TOKENS, EXPERTS), Arrays.stream(gates).map(gate -> -gate).toArray());
            return TransportSolver.solve(TransportProblem.of(cost, ones, shares, 1, Cardinality.columns(k)), options);
        }
    }

    static int withoutExpert(SparsePlan plan) {
        return (int) Arrays.stream(plan.rowSums()).filter(sum -> sum == 0).count();
    }

    static int mostOfAnExpert(SparsePlan plan) {
        int most = 0;
        for (int j = 0; j < plan.columns(); j++) {
            most = Math.max(most, plan.entries(j));
        }
        return most;
    }

    /** Tokens of the expert that has most, if each token goes to the expert of its largest gate. */
    static int mostOfTopOne(double[] gates) {
        int[] tokens = new int[EXPERTS];
        for (int token = 0; token < TOKENS; token++) {
            int best = 0;
            for (int expert = 1; expert < EXPERTS; expert++) {
                best = gates[token * EXPERTS + expert] > gates[token * EXPERTS + best] ? expert : best;
            }
            tokens[best]++;
        }
        return Arrays.stream(tokens).max().orElseThrow();
    }

    private static String spread(double[] values, String format) {
        return String.format(Locale.ROOT, format + " [" + format + ", " + format + "]", Ceilings.median(values),
                Arrays.stream(values).min().orElseThrow(), Arrays.stream(values).max().orElseThrow());
    }
}
