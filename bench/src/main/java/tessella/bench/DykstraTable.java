package tessella.bench;

import java.io.PrintStream;
import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;
import tessella.kernels.Dykstra;
import tessella.kernels.Isotonic;
import tessella.kernels.Norm;

/**
 * Pooling adjacent violators beside Dykstra's projections on sorted rows of normal numbers, masks for p = 2: how long each takes for the same
 * accuracy, {@value #ACCURACY} of lambda, and so who wins where. Dykstra is given the cycles that it needs, found beforehand.
 */
public final class DykstraTable {
    private static final String USAGE = """
            usage: java --add-modules jdk.incubator.vector -cp bench/target/benchmarks.jar tessella.bench.DykstraTable [--rounds 15]
            """;
    static final double ACCURACY = 1e-6;
    private static final int[] SIZES = {8, 32, 128, 1000};
    private static final int[] SHARES = {8, 2};
    private static final double[] LAMBDAS = {0.01, 0.1, 1};
    private static final int MOST_CYCLES = 20_000;
    /** Rows that are timed at once, so that a clock can tell. */
    private static final int ROWS = 16;

    private DykstraTable() {}

    /** As the usage says. */
    public static void main(String[] args) {
        System.exit(run(System.out, System.err, args));
    }

    /** The program; returns its exit code: 0, or 2 if it cannot measure. */
    static int run(PrintStream out, PrintStream err, String... args) {
        try {
            VectorModule.require();
            Options options = Options.parse(args, "--rounds");
            if (!options.words().isEmpty()) {
                throw new IllegalArgumentException("dykstra table: expected options only, found " + options.words());
            }
            int rounds = options.count("--rounds", 15);
            // the first time everything is compiled
            table(rounds);
            out.print(table(rounds));
            return 0;
        } catch (IllegalArgumentException e) {
            err.print(e.getMessage() + "\n" + USAGE);
            return 2;
        }
    }

    private static Table table(int rounds) {
        Table table = new Table("n", "k", "lambda", "largest block", "cycles", "PAV us a row", "Dykstra us a row", "Dykstra / PAV");
        for (int n : SIZES) {
            for (int share : SHARES) {
                for (double lambda : LAMBDAS) {
                    row(table, rounds, n, n / share, lambda);
                }
            }
        }
        return table;
    }

    private static void row(Table table, int rounds, int n, int k, double lambda) {
        double[][] sorted = new double[ROWS][];
        double[] w = new double[n];
        Arrays.fill(w, 0, k, 1);
        double[] ones = new double[n];
        Arrays.fill(ones, 1);
        double[][] shifted = new double[ROWS][n];
        SplittableRandom random = new SplittableRandom(n + k);
        Isotonic isotonic = new Isotonic(n);
        Dykstra dykstra = new Dykstra(n);
        int cycles = 0;
        int largest = 0;
        boolean reached = true;
        for (int row = 0; row < ROWS; row++) {
            sorted[row] = random.doubles(n).map(_ -> -random.nextGaussian()).sorted().map(x -> -x).toArray();
            double[] s = sorted[row];
            Arrays.setAll(shifted[row], i -> s[i] - lambda * w[i]);
            isotonic.solve(s, w, n, lambda, Norm.TWO, Isotonic.Penalty.LINEAR);
            int needed = 16;
            while (needed < MOST_CYCLES && !isNear(isotonic, dykstra, shifted[row], ones, n, needed, lambda)) {
                needed += needed / 2;
            }
            reached &= needed < MOST_CYCLES;
            cycles = Math.max(cycles, needed);
            for (int block = 0; block < isotonic.blocks(); block++) {
                largest = Math.max(largest, isotonic.start(block + 1) - isotonic.start(block));
            }
        }
        double[] pav = new double[rounds];
        double[] ratios = new double[rounds];
        int given = cycles;
        for (int round = -rounds; round < rounds; round++) {
            double first = seconds(() -> {
                for (double[] s : sorted) {
                    isotonic.solve(s, w, n, lambda, Norm.TWO, Isotonic.Penalty.LINEAR);
                }
            });
            double second = reached ? seconds(() -> {
                for (double[] s : shifted) {
                    dykstra.solve(s, ones, n, given, -1);
                }
            }) : Double.NaN;
            if (round >= 0) {
                pav[round] = first / ROWS;
                ratios[round] = second / first;
            }
        }
        Arrays.sort(pav);
        Arrays.sort(ratios);
        double ratio = ratios[rounds / 2];
        table.row(Integer.toString(n), Integer.toString(k), Double.toString(lambda), Integer.toString(largest),
                reached ? Integer.toString(cycles) : "over " + MOST_CYCLES, text(pav[rounds / 2] * 1e6),
                reached ? text(ratio * pav[rounds / 2] * 1e6) : "", reached ? text(ratio) : "");
    }

    private static boolean isNear(Isotonic isotonic, Dykstra dykstra, double[] s, double[] ones, int n, int cycles, double lambda) {
        dykstra.solve(s, ones, n, cycles, -1);
        double worst = 0;
        for (int block = 0; block < isotonic.blocks(); block++) {
            for (int i = isotonic.start(block); i < isotonic.start(block + 1); i++) {
                worst = Math.max(worst, Math.abs(dykstra.value(i) - isotonic.value(block)));
            }
        }
        return worst <= ACCURACY * lambda;
    }

    private static double seconds(Runnable work) {
        long start = System.nanoTime();
        work.run();
        return (System.nanoTime() - start) * 1e-9;
    }

    private static String text(double value) {
        return String.format(Locale.ROOT, "%.3g", value);
    }
}
