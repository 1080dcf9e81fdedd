package tessella.kernels;

import java.util.Arrays;
import java.util.SplittableRandom;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/** Cross-entropies of rows and their gradients, against naive float64 loops. */
class LossesProperties {
    @Provide
    Arbitrary<Integer> classes() {
        return Arbitraries.oneOf(Arbitraries.integers().between(1, 40), Arbitraries.of(63, 64, 65, 200));
    }

    /** Spread of the logits; 100 saturates every softmax and sigmoid. */
    @Provide
    Arbitrary<Double> spreads() {
        return Arbitraries.of(1.0, 1e-6, 10.0, 100.0);
    }

    private static double top(Buffer z, int row, int n) {
        double top = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            top = Math.max(top, z.get(row * n + i));
        }
        return top;
    }

    private static double sum(Buffer z, int row, int n, double top) {
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += Math.exp(z.get(row * n + i) - top);
        }
        return sum;
    }

    @Property(tries = 500, edgeCases = EdgeCasesMode.NONE)
    void softmaxCrossEntropiesAndTheirGradientsEqualNaiveLoops(@ForAll Type type,
            @ForAll @IntRange(min = 0, max = 5) int rows, @ForAll("classes") int n, @ForAll("spreads") double spread,
            @ForAll boolean smooth, @ForAll boolean soft, @ForAll long seed) {
        Buffer z = Buffer.random(type, seed, rows * n, x -> spread * x);
        SplittableRandom random = new SplittableRandom(seed);
        int first = 2;
        int[] labels = new int[first + rows];
        Arrays.fill(labels, -1);
        double smoothing = smooth ? type.rounded(0.1) : 0;
        // targets that do not sum to 1: the loss and its gradient must weigh the normaliser with their mass
        Buffer t = Buffer.random(type, seed + 1, rows * n, x -> x * x);
        for (int row = 0; row < rows; row++) {
            labels[first + row] = random.nextInt(n);
            if (!soft) {
                for (int i = 0; i < n; i++) {
                    t.set(row * n + i, (i == labels[first + row] ? 1 - smoothing : 0) + smoothing / n);
                }
            }
        }
        Buffer dloss = Buffer.gaussians(type, seed + 2, rows);
        double[] loss = new double[rows];
        double[] p = new double[rows * n];
        double[] dz = new double[rows * n];
        double[] allowedLoss = new double[rows];
        double[] allowedP = new double[rows * n];
        double[] allowed = new double[rows * n];
        for (int row = 0; row < rows; row++) {
            double top = top(z, row, n);
            double sum = sum(z, row, n, top);
            double lse = top + Math.log(sum);
            double mass = 0;
            double size = Math.abs(lse);
            for (int i = 0; i < n; i++) {
                int at = row * n + i;
                mass += t.get(at);
                loss[row] += t.get(at) * (lse - z.get(at));
                size += Math.abs(t.get(at)) * (Math.abs(z.get(at)) + Math.abs(lse));
            }
            allowedLoss[row] = 2 * (n + 4) * type.unit * (size + 1);
            for (int i = 0; i < n; i++) {
                int at = row * n + i;
                p[at] = Math.exp(z.get(at) - top) / sum;
                dz[at] = dloss.get(row) * (p[at] * mass - t.get(at));
                double depth = Math.min(2 * (top - z.get(at)), 800);
                allowedP[at] = (2 * n + 12 + depth) * type.unit * p[at] + 4 * type.minNormal;
                allowed[at] = Math.abs(dloss.get(row)) * (allowedP[at] * mass + 2 * (n + 4) * type.unit * (p[at] * mass
                        + Math.abs(t.get(at)))) + 4 * type.minNormal;
            }
        }
        Buffer foundP = Buffer.of(type, rows * n);
        Buffer foundLoss = Buffer.of(type, rows);
        Buffer found = Buffer.of(type, rows * n);
        if (soft) {
            type.call("Losses", "crossEntropySoft", z, t, foundP, foundLoss, rows, n);
            type.call("Losses", "crossEntropySoftGradient", foundP, t, dloss, found, rows, n);
        } else {
            type.call("Losses", "crossEntropy", z, labels, first, smoothing, foundP, foundLoss, rows, n);
            type.call("Losses", "crossEntropyGradient", foundP, labels, first, smoothing, dloss, found, rows, n);
        }
        foundP.requireNear("probabilities", p, allowedP);
        foundLoss.requireNear("loss", loss, allowedLoss);
        found.requireNear("gradient", dz, allowed);
    }

    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void sigmoidCrossEntropyAndItsGradientEqualNaiveLoops(@ForAll Type type, @ForAll @IntRange(min = 0, max
            = 5) int rows,
            @ForAll("classes") int n, @ForAll("spreads") double spread, @ForAll long seed) {
        Buffer z = Buffer.random(type, seed, rows * n, x -> spread * x);
        Buffer t = Buffer.random(type, seed + 1, rows * n, x -> x > 0 ? 1 : 0.25);
        Buffer dloss = Buffer.gaussians(type, seed + 2, rows);
        double[] loss = new double[rows];
        double[] dz = new double[rows * n];
        double[] allowedLoss = new double[rows];
        double[] allowed = new double[rows * n];
        for (int row = 0; row < rows; row++) {
            for (int i = 0; i < n; i++) {
                int at = row * n + i;
                double v = z.get(at);
                double term = Math.max(v, 0) - t.get(at) * v + Math.log1p(Math.exp(-Math.abs(v)));
                loss[row] += term;
                // of a single class far from 0 the loss may be too small for the type
                allowedLoss[row] += 4 * type.unit * Math.abs(term) + 4 * type.minNormal;
                dz[at] = dloss.get(row) * (1 / (1 + Math.exp(-v)) - t.get(at));
                allowed[at] = 12 * type.unit * Math.abs(dloss.get(row)) + 4 * type.minNormal;
            }
            allowedLoss[row] += type == Type.DOUBLE ? 4 * n * type.unit * Math.abs(loss[row]) : 0;
        }
        Buffer foundLoss = Buffer.of(type, rows);
        type.call("Losses", "sigmoidCrossEntropy", z, t, foundLoss, rows, n);
        foundLoss.requireNear("sigmoid loss", loss, allowedLoss);
        Buffer found = Buffer.of(type, rows * n);
        type.call("Losses", "sigmoidCrossEntropyGradient", z, t, dloss, found, rows, n);
        found.requireNear("sigmoid gradient", dz, allowed);
    }
}
