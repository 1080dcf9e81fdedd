package tessella.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.constraints.IntRange;
import tessella.reference.TopKOracle;

/** Thresholds of soft top-k, results and gradients of every form, against a threshold by bisection and naive float64 loops. */
class TopKProperties {
    @Provide
    Arbitrary<Integer> lengths() {
        return Arbitraries.frequencyOf(Tuple.of(9, Arbitraries.integers().between(0, 300)),
                Tuple.of(1, Arbitraries.integers().between(4090, 4500)));
    }

    @Provide
    Arbitrary<Double> norms() {
        return Arbitraries.of(2.0, 4.0 / 3, 2.0, 4.0 / 3, 1.5, 1.25);
    }

    /** How the elements are: apart, or few different ones. */
    private enum Elements {
        NORMAL, TIES, EQUAL, SORTED;

        Buffer buffer(Type type, long seed, int rows, int n) {
            Buffer out = switch (this) {
                case NORMAL, SORTED -> Buffer.gaussians(type, seed, rows * n);
                case TIES -> Buffer.random(type, seed, rows * n, v -> Math.rint(2 * v) / 2);
                case EQUAL -> Buffer.random(type, seed, rows * n, _ -> -0.375);
            };
            for (int row = 0; this == SORTED && row < rows; row++) {
                double[] sorted = Arrays.stream(row(out, row, n)).sorted().toArray();
                for (int i = 0; i < n; i++) {
                    out.set(row * n + i, sorted[i]);
                }
            }
            return out;
        }
    }

    private static double[] row(Buffer x, int row, int n) {
        return IntStream.range(row * n, (row + 1) * n).mapToDouble(x::get).toArray();
    }

    private static double[] expected(TopKForm form, double[] x, int k, double lambda, double p) {
        if (k == 0) {
            return new double[x.length];
        }
        if (k == x.length) {
            return switch (form) {
                case MASK -> TopKOracle.ones(k, k);
                case MAGNITUDE -> x;
                case RAW -> TopKOracle.rawByThreshold(x, k, lambda, p);
            };
        }
        return switch (form) {
            case MASK -> TopKOracle.maskByThreshold(x, k, lambda, p);
            case MAGNITUDE -> TopKOracle.magnitudeByThreshold(x, k, lambda, p);
            case RAW -> TopKOracle.rawByThreshold(x, k, lambda, p);
        };
    }

    /** dx of dy, from the elements' z and the sets that they make. */
    private static double[] gradient(TopKForm form, double[] x, int k, double lambda, double p, double[] dy) {
        int n = x.length;
        double q = p / (p - 1);
        boolean masked = form == TopKForm.MASK;
        double g = masked ? 0 : k == n ? 0 : TopKOracle.ground(x, k, lambda, p);
        double[] z = masked ? TopKOracle.levels(x, k, lambda, p) : Arrays.stream(x).map(v -> (Math.abs(v) - g) / lambda).toArray();
        double top = masked ? 1 : Math.pow(g, 1 / (q - 1));
        double[] c = new double[n];
        double slopes = 0;
        double places = masked ? 0 : k;
        double sum = 0;
        for (int i = 0; i < n; i++) {
            if (z[i] > 0 && z[i] < top) {
                c[i] = (q - 1) * Math.pow(z[i], q - 2) / lambda;
                double e = form == TopKForm.MAGNITUDE ? c[i] + 1 : c[i];
                slopes += c[i];
                sum += e * dy[i] * (masked ? 1 : Math.signum(x[i]));
            } else if (z[i] >= top && !masked) {
                places--;
            }
        }
        double[] dx = new double[n];
        for (int i = 0; i < n; i++) {
            double sign = masked ? 1 : Math.signum(x[i]);
            if (z[i] > 0 && z[i] < top) {
                double part = sign * sum / (slopes + places);
                dx[i] = form == TopKForm.MAGNITUDE ? (c[i] + 1) * dy[i] - c[i] * part : c[i] * (dy[i] - part);
            } else if (z[i] >= top && form == TopKForm.MAGNITUDE) {
                dx[i] = dy[i];
            } else if (z[i] >= top && form == TopKForm.RAW) {
                double alone = (Math.abs(x[i]) - TopKOracle.groundOf(Math.abs(x[i]), lambda, p)) / lambda;
                double slope = (q - 1) * Math.pow(alone, q - 2) / lambda;
                dx[i] = dy[i] * slope / (slope + 1);
            }
        }
        return dx;
    }

    @Property(tries = 600, edgeCases = EdgeCasesMode.NONE)
    void rowsAndTheirGradientsEqualNaiveLoops(@ForAll Type type, @ForAll TopKForm form, @ForAll("norms") double p,
            @ForAll @IntRange(min = 0, max = 3) int rows, @ForAll("lengths") int n, @ForAll Elements elements, @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        double lambda = Math.exp(random.nextDouble(-3, 2));
        int k = random.nextInt(5) == 0 ? random.nextBoolean() ? 0 : n : random.nextInt(n + 1);
        Norm norm = Norm.of(p);
        Buffer x = elements.buffer(type, seed, rows, n);
        Buffer dy = Buffer.gaussians(type, seed + 1, rows * n);
        Buffer state = Buffer.of(Type.DOUBLE, rows * Threshold.SIZE);
        Buffer scratch = Buffer.of(Type.DOUBLE, (int) (long) (Long) type.call("TopK", "scratch", n));
        Buffer y = Buffer.of(type, rows * n);
        Buffer dx = Buffer.of(type, rows * n);
        type.call("TopK", "thresholds", form, x, k, lambda, norm, state, scratch, rows, n);
        type.call("TopK", "forward", form, x, lambda, norm, state, y, rows, n);
        type.call("TopK", "gradient", form, x, lambda, norm, state, dy, dx, rows, n);
        state.requireGuards();
        scratch.requireGuards();
        boolean single = type == Type.FLOAT;
        double[] wanted = new double[rows * n];
        double[] allowed = new double[rows * n];
        double[] wantedGradient = dx.values();
        double[] allowedGradient = new double[rows * n];
        for (int row = 0; row < rows; row++) {
            double[] v = row(x, row, n);
            double size = form == TopKForm.MASK ? 1 : Arrays.stream(v).map(Math::abs).max().orElse(0);
            System.arraycopy(expected(form, v, k, lambda, p), 0, wanted, row * n, n);
            Arrays.fill(allowed, row * n, (row + 1) * n, (single ? 2e-6 : 1e-10) * size);
            // what lies at a kink may have either derivative
            double margin = single ? 3e-5 : 1e-7;
            boolean smooth = n > 0 && (form == TopKForm.MASK ? TopKOracle.isMaskSmooth(v, k, lambda, p, margin)
                    : TopKOracle.isMagnitudeSmooth(v, k, lambda, p, margin));
            if (smooth) {
                double[] exact = k == 0 || k == n && form == TopKForm.MASK ? new double[n]
                        : gradient(form, v, k, lambda, p, row(dy, row, n));
                System.arraycopy(exact, 0, wantedGradient, row * n, n);
                double steepest = (1 / lambda + 1) * Math.max(1, size) / (p - 1);
                Arrays.fill(allowedGradient, row * n, (row + 1) * n, (single ? 3e-5 : 1e-8) * steepest);
            }
        }
        y.requireNear(form + " k " + k + " lambda " + lambda + " p " + p, wanted, allowed);
        dx.requireNear(form + " gradient k " + k + " lambda " + lambda + " p " + p, wantedGradient, allowedGradient);
        x.requireGuards();
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void theLeastElementAboveABoundIsFound(@ForAll @IntRange(min = 1, max = 70) int m, @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Buffer c = Buffer.of(Type.DOUBLE, (int) DoubleWindow.padded(m));
        double bound = random.nextGaussian();
        double least = Double.POSITIVE_INFINITY;
        for (int i = 0; i < m; i++) {
            double x = Math.rint(4 * random.nextGaussian()) / 4 + 0.0; // no minus 0
            c.set(i, x);
            least = x > bound ? Math.min(least, x) : least;
        }
        DoubleWindow.pad(c.segment, c.offset, m);
        assertEquals(least, DoubleWindow.leastAbove(c.segment, c.offset, m, bound));
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void hardRowsSelectTheFirstOfEqualElements(@ForAll Type type, @ForAll @IntRange(min = 1, max = 3) int rows,
            @ForAll("lengths") int n, @ForAll Elements elements, @ForAll long seed) {
        int k = new SplittableRandom(seed).nextInt(n + 1);
        Buffer x = elements.buffer(type, seed, rows, n);
        Buffer state = Buffer.of(Type.DOUBLE, rows * Threshold.SIZE);
        Buffer scratch = Buffer.of(Type.DOUBLE, (int) (long) (Long) type.call("TopK", "scratch", n));
        for (TopKForm form : TopKForm.values()) {
            Buffer y = Buffer.of(type, rows * n);
            type.call("TopK", "thresholds", form, x, k, 0.0, Norm.TWO, state, scratch, rows, n);
            type.call("TopK", "forward", form, x, 0.0, Norm.TWO, state, y, rows, n);
            double[] wanted = new double[rows * n];
            for (int row = 0; row < rows; row++) {
                double[] v = row(x, row, n);
                double[] hard = form == TopKForm.MASK ? TopKOracle.hardMask(v, k) : TopKOracle.hardMagnitude(v, k);
                System.arraycopy(hard, 0, wanted, row * n, n);
            }
            y.requireNear(form + " k " + k, wanted, new double[rows * n]);
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void valuesAndLossesEqualNaiveLoops(@ForAll Type type, @ForAll("norms") double p, @ForAll @IntRange(min = 0, max = 4) int rows,
            @ForAll @IntRange(min = 0, max = 70) int n, @ForAll long seed) {
        Buffer x = Buffer.gaussians(type, seed, rows * n);
        Buffer y = Buffer.random(type, seed + 1, rows * n, v -> v < -1 ? 0 : v > 1 ? 1 : v / 2 + 0.5);
        Buffer u = Buffer.random(type, seed + 2, rows * n, v -> v > 0 ? 1 : 0);
        Buffer value = Buffer.of(type, rows);
        Buffer gap = Buffer.of(type, rows);
        type.call("TopK", "values", x, y, 0.7, Norm.of(p), value, rows, n);
        type.call("TopK", "gaps", x, y, u, 0.7, Norm.of(p), gap, rows, n);
        double[] wanted = new double[rows];
        double[] wantedGap = new double[rows];
        double[] allowed = new double[rows];
        for (int row = 0; row < rows; row++) {
            wanted[row] = TopKOracle.value(row(x, row, n), row(y, row, n), 0.7, p);
            wantedGap[row] = wanted[row] - TopKOracle.value(row(x, row, n), row(u, row, n), 0.7, p);
            allowed[row] = 16 * type.unit * (n + 1);
        }
        value.requireNear("value", wanted, allowed);
        gap.requireNear("gap", wantedGap, allowed);
        x.requireGuards();
    }
}
