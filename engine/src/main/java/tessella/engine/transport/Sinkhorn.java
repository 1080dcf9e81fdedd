package tessella.engine.transport;

import java.util.Arrays;
import java.util.stream.IntStream;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Pointwise;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.Softmaxes;

/**
 * Entropic optimal transport, whose plans have no zeros (Cuturi 2013), in the log domain: from g = 0, f_i = eps (log a_i - logsumexp_j
 * (g_j - C_ij) / eps), then g_j alike; T = e^((f + g - C) / eps). Columns sum to b after each iteration, rows to a in the end. Rows and
 * columns of mass 0 are left out, have no entry, and the potential minus infinity.
 *
 * @param plan T [m, n], row-major
 * @param f potentials of the rows
 * @param g potentials of the columns
 * @param value {@code <T, C>}
 * @param rowError the largest |a - T 1|
 * @param iterations that were made
 */
public record Sinkhorn(double[] plan, double[] f, double[] g, double value, double rowError, int iterations) {
    /**
     * Iterates until the rows are off by at most the tolerance, or so often.
     *
     * @param cost C [m, n], finite
     * @param epsilon the temperature, above 0
     * @param tolerance at least 0; with 0 every iteration is made, unless the error is none at all
     * @param maxIterations at least 1
     * @throws IllegalArgumentException if one of these does not hold, masses are negative, or their sums differ
     */
    public static Sinkhorn of(NdArray cost, double[] a, double[] b, double epsilon, double tolerance, int maxIterations) {
        TransportProblem.checkMasses(cost, a, b);
        if (!(epsilon > 0 && Double.isFinite(epsilon)) || !(tolerance >= 0) || maxIterations < 1) {
            throw new IllegalArgumentException("sinkhorn: expected a finite epsilon above 0, a tolerance of at least 0 and at least 1 iteration, "
                    + "found " + epsilon + ", " + tolerance + " and " + maxIterations);
        }
        int[] rows = positive(a);
        int[] columns = positive(b);
        double[] full = cost.toDoubles();
        double[] kept = new double[rows.length * columns.length];
        for (int at = 0; at < kept.length; at++) {
            kept[at] = full[rows[at / columns.length] * b.length + columns[at % columns.length]];
        }
        return rows.length == 0 ? spread(new double[0], new double[0], new double[0], full, a, b, rows, columns, 0)
                : iterate(kept, full, a, b, rows, columns, epsilon, tolerance, maxIterations);
    }

    private static int[] positive(double[] masses) {
        return IntStream.range(0, masses.length).filter(i -> masses[i] > 0).toArray();
    }

    private static double[] logs(double[] masses, int[] lines) {
        return Arrays.stream(lines).mapToDouble(i -> StrictMath.log(masses[i])).toArray();
    }

    /** With phi = f / eps, psi = g / eps and K = -C / eps. */
    private static Sinkhorn iterate(double[] kept, double[] full, double[] a, double[] b, int[] rows, int[] columns, double epsilon,
            double tolerance, int maxIterations) {
        int m = rows.length;
        int n = columns.length;
        try (Scope scope = Scope.open()) {
            NdArray k = NdArray.of(scope, Shape.of(m, n), Arrays.stream(kept).map(c -> -c / epsilon).toArray());
            double[] logA = logs(a, rows);
            NdArray logB = NdArray.of(scope, Shape.of(n), logs(b, columns));
            double[] phi = new double[m];
            NdArray psi = NdArray.zeros(scope, DType.F64, Shape.of(n));
            int iterations = 0;
            double[] sums = logSums(k, psi);
            double error = Double.POSITIVE_INFINITY;
            while (iterations < maxIterations && error > tolerance) {
                for (int i = 0; i < m; i++) {
                    phi[i] = logA[i] - sums[i];
                }
                psi.copyFrom(columnPotentials(k, phi, logB));
                sums = logSums(k, psi);
                error = 0;
                for (int i = 0; i < m; i++) {
                    error = Math.max(error, Math.abs(a[rows[i]] - StrictMath.exp(phi[i] + sums[i])));
                }
                iterations++;
            }
            NdArray exponent = Pointwise.apply(Pointwise.Binary.ADD, Pointwise.apply(Pointwise.Binary.ADD, k, psi),
                    NdArray.of(scope, Shape.of(m, 1), phi));
            double[] plan = Pointwise.apply(Pointwise.Unary.EXP, exponent).toDoubles();
            return spread(plan, Arrays.stream(phi).map(p -> epsilon * p).toArray(),
                    Arrays.stream(psi.toDoubles()).map(p -> epsilon * p).toArray(), full, a, b, rows, columns, iterations);
        }
    }

    private static double[] logSums(NdArray k, NdArray psi) {
        try (Scope _ = Scope.open()) {
            return Softmaxes.logSumExp(Pointwise.apply(Pointwise.Binary.ADD, k, psi), 1).toDoubles();
        }
    }

    private static double[] columnPotentials(NdArray k, double[] phi, NdArray logB) {
        try (Scope scope = Scope.open()) {
            NdArray shifted = Pointwise.apply(Pointwise.Binary.ADD, k, NdArray.of(scope, Shape.of(phi.length, 1), phi));
            NdArray sums = Softmaxes.logSumExp(shifted, 0);
            return Pointwise.apply(Pointwise.Binary.SUB, logB, sums).toDoubles();
        }
    }

    /** Puts the kept rows and columns back to their places. */
    private static Sinkhorn spread(double[] plan, double[] f, double[] g, double[] full, double[] a, double[] b, int[] rows, int[] columns,
            int iterations) {
        double[] wide = new double[a.length * b.length];
        double[] wideF = new double[a.length];
        double[] wideG = new double[b.length];
        Arrays.fill(wideF, Double.NEGATIVE_INFINITY);
        Arrays.fill(wideG, Double.NEGATIVE_INFINITY);
        for (int j = 0; j < columns.length; j++) {
            wideG[columns[j]] = g[j];
        }
        double value = 0;
        double error = 0;
        for (int i = 0; i < rows.length; i++) {
            wideF[rows[i]] = f[i];
            double left = a[rows[i]];
            for (int j = 0; j < columns.length; j++) {
                double mass = plan[i * columns.length + j];
                wide[rows[i] * b.length + columns[j]] = mass;
                value += mass * full[rows[i] * b.length + columns[j]];
                left -= mass;
            }
            error = Math.max(error, Math.abs(left));
        }
        return new Sinkhorn(wide, wideF, wideG, value, error, iterations);
    }
}
