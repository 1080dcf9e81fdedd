package tessella.engine.transport;

import java.util.Arrays;
import java.util.SplittableRandom;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.reference.TransportOracle;

/** A random problem: costs, masses of sum 1 and what else it is made of. */
record Instance(double[][] cost, double[] a, double[] b, double gamma, int k) {
    private static final double[] GAMMAS = {0.05, 0.3, 1, 4};

    /** Of m rows and n columns, costs in [0, 1), a k in [1, m]. */
    static Instance of(long seed, int m, int n) {
        SplittableRandom random = new SplittableRandom(seed);
        double[][] cost = new double[m][];
        Arrays.setAll(cost, i -> random.doubles(n).toArray());
        return new Instance(cost, masses(random, m), masses(random, n), GAMMAS[random.nextInt(GAMMAS.length)],
                random.nextInt(1, m + 1));
    }

    /** Of random extents up to a number. */
    static Instance upTo(long seed, int most) {
        SplittableRandom random = new SplittableRandom(~seed);
        return of(seed, random.nextInt(1, most + 1), random.nextInt(1, most + 1));
    }

    private static double[] masses(SplittableRandom random, int n) {
        double[] out = random.doubles(n, 0.1, 1).toArray();
        double sum = Arrays.stream(out).sum();
        return Arrays.stream(out).map(v -> v / sum).toArray();
    }

    int m() {
        return a.length;
    }

    int n() {
        return b.length;
    }

    Instance withK(int other) {
        return new Instance(cost, a, b, gamma, other);
    }

    Instance withCost(double[][] other) {
        return new Instance(other, a, b, gamma, k);
    }

    NdArray costs() {
        return NdArray.of(Scope.current(), Shape.of(m(), n()), Arrays.stream(cost).flatMapToDouble(Arrays::stream).toArray());
    }

    /** In the innermost scope, its columns sparse. */
    TransportProblem problem() {
        return TransportProblem.of(costs(), a, b, gamma, Cardinality.columns(k));
    }

    TransportResult solve(SolverOptions options) {
        try (Scope _ = Scope.open()) {
            return TransportSolver.solve(problem(), options);
        }
    }

    TransportOracle.Evaluation dual(double[] alpha, double[] beta) {
        return TransportOracle.dual(cost, a, b, gamma, k, alpha, beta);
    }

    TransportOracle.Evaluation semiDual(double[] alpha) {
        return TransportOracle.semiDual(cost, a, b, gamma, k, alpha);
    }

    /** Random potentials about as large as the costs. */
    static double[] potentials(long seed, int n) {
        SplittableRandom random = new SplittableRandom(seed);
        double[] out = new double[n];
        Arrays.setAll(out, i -> random.nextGaussian());
        return out;
    }

    static double[] flat(double[][] plan) {
        return Arrays.stream(plan).flatMapToDouble(Arrays::stream).toArray();
    }

    static double[][] transposed(double[][] x) {
        double[][] out = new double[x[0].length][x.length];
        for (int i = 0; i < x.length; i++) {
            for (int j = 0; j < x[0].length; j++) {
                out[j][i] = x[i][j];
            }
        }
        return out;
    }
}
