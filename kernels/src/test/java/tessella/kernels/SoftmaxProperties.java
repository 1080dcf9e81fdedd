package tessella.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.SplittableRandom;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/** Softmax by rows and by columns, its saved normaliser and its gradient, against naive float64 loops. */
class SoftmaxProperties {
    /** Logits at which a careless softmax overflows, divides by zero or loses its sum. */
    enum Logits {
        NORMAL, HUGE, TINY, EQUAL, FAR_APART, SOME_MINUS_INFINITY, ALL_MINUS_INFINITY;

        Buffer make(Type type, long seed, int n) {
            double huge = type == Type.FLOAT ? 1e37 : 1e307;
            SplittableRandom random = new SplittableRandom(~seed);
            return switch (this) {
                case NORMAL -> Buffer.gaussians(type, seed, n);
                case HUGE -> Buffer.random(type, seed, n, x -> huge * Math.tanh(x));
                case TINY -> Buffer.random(type, seed, n, x -> 1e-30 * x);
                case EQUAL -> Buffer.random(type, seed, n, x -> 77.7);
                case FAR_APART -> Buffer.random(type, seed, n, x -> 300 * x);
                case SOME_MINUS_INFINITY -> Buffer.random(type, seed, n,
                        x -> random.nextInt(3) == 0 ? Double.NEGATIVE_INFINITY : x);
                case ALL_MINUS_INFINITY -> Buffer.random(type, seed, n, x -> Double.NEGATIVE_INFINITY);
            };
        }
    }

    /** Lengths around the vector widths, and some of many vectors. */
    @Provide
    Arbitrary<Integer> lengths() {
        return Arbitraries.oneOf(Arbitraries.integers().between(1, 66), Arbitraries.of(64, 127, 200, 1000));
    }

    /** Softmax of elements start, start + step, ... of x, into the same places of y. */
    private static void naive(double[] x, double[] y, int start, int step, int n) {
        double top = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            top = Math.max(top, x[start + i * step]);
        }
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += top == Double.NEGATIVE_INFINITY ? 0 : Math.exp(x[start + i * step] - top);
        }
        for (int i = 0; i < n; i++) {
            y[start + i * step] = sum == 0 ? 0 : Math.exp(x[start + i * step] - top) / sum;
        }
    }

    /** Roundings of exp, of x - max, which is up to 90 (740) before it leaves the range, and of a sum of n terms. */
    private static double[] allowed(Type type, double[] y, double[] x, int n) {
        double[] out = new double[y.length];
        double range = 0;
        for (double v : x) {
            range = Math.max(range, Double.isFinite(v) ? Math.abs(v) : 0);
        }
        double depth = Math.min(2 * range, -Math.log(type.minNormal));
        for (int i = 0; i < out.length; i++) {
            out[i] = (12 + 2 * depth + n) * type.unit * y[i] + 4 * type.minNormal;
        }
        return out;
    }

    @Property(tries = 500, edgeCases = EdgeCasesMode.NONE)
    void rowsEqualNaiveLoops(@ForAll Type type, @ForAll Logits logits, @ForAll @IntRange(min = 0, max = 4) int rows,
            @ForAll("lengths") int n, @ForAll long seed) {
        Buffer x = logits.make(type, seed, rows * n);
        double[] expected = new double[rows * n];
        for (int row = 0; row < rows; row++) {
            naive(x.values(), expected, row * n, 1, n);
        }
        Buffer y = Buffer.of(type, rows * n);
        type.call("Softmax", "rows", x, y, rows, n);
        y.requireNear("softmax of rows, " + logits, expected, allowed(type, expected, x.values(), n));
        Buffer inPlace = x.copy();
        type.call("Softmax", "rows", inPlace, inPlace, rows, n);
        inPlace.requireSameBits("softmax in place", y);
    }

    @Property(tries = 500, edgeCases = EdgeCasesMode.NONE)
    void columnsEqualNaiveLoopsInTheirRangeOnly(@ForAll Type type, @ForAll Logits logits,
            @ForAll @IntRange(min = 0, max = 20) int rows, @ForAll("lengths") int n, @ForAll long seed) {
        Buffer x = logits.make(type, seed, rows * n);
        SplittableRandom random = new SplittableRandom(seed);
        int from = random.nextInt(n + 1);
        int to = from + random.nextInt(n - from + 1);
        double[] softmax = new double[rows * n];
        double[] expected = new double[rows * n];
        Arrays.fill(expected, Double.NaN);
        double[] values = x.values();
        for (int j = from; j < to; j++) {
            naive(values, softmax, j, n, rows);
            for (int i = 0; i < rows; i++) {
                expected[i * n + j] = softmax[i * n + j];
            }
        }
        Buffer y = Buffer.of(type, rows * n);
        type.call("Softmax", "columns", x, y, rows, n, from, to);
        y.requireNear("softmax of columns, " + logits, expected, allowed(type, softmax, x.values(), rows));
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void theNormaliserIsTheLogOfTheSumAndGivesTheSoftmaxAgain(@ForAll Type type, @ForAll Logits logits,
            @ForAll @IntRange(min = 1, max = 4) int rows, @ForAll("lengths") int n, @ForAll @IntRange(min = 0, max
            = 5) int gap,
            @ForAll long seed) {
        int stride = n + gap;
        Buffer x = logits.make(type, seed, rows * stride);
        for (int i = 0; i < rows * stride; i++) {
            x.set(i, i % stride >= n ? Double.NaN : x.get(i));
        }
        double[] expected = x.values();
        double[] lse = new double[rows];
        double[] allowed = new double[rows];
        for (int row = 0; row < rows; row++) {
            naive(x.values(), expected, row * stride, 1, n);
            double top = Double.NEGATIVE_INFINITY;
            for (int i = 0; i < n; i++) {
                top = Math.max(top, x.get(row * stride + i));
            }
            double sum = 0;
            for (int i = 0; i < n; i++) {
                sum += top == Double.NEGATIVE_INFINITY ? 0 : Math.exp(x.get(row * stride + i) - top);
            }
            lse[row] = top + Math.log(sum);
            allowed[row] = type.unit * (2 * Math.abs(top) + 2 * Math.log(n) + 2 * n);
        }
        Buffer y = x.copy();
        Buffer normaliser = Buffer.of(type, rows);
        Buffer tops = Buffer.of(type, rows);
        Buffer sums = Buffer.of(type, rows);
        type.call("Softmax", "exponentials", y, stride, rows, n, tops, sums);
        for (int row = 0; row < rows; row++) {
            normaliser.set(row, tops.get(row) + Math.log(sums.get(row)));
            for (int i = 0; i < n; i++) {
                y.set(row * stride + i, sums.get(row) == 0 ? 0 : y.get(row * stride + i) / sums.get(row));
            }
        }
        y.requireNear("softmax in place, " + logits, expected, allowed(type, expected, x.values(), n));
        normaliser.requireNear("normaliser, " + logits, lse, allowed);
        if (Arrays.stream(lse).allMatch(Double::isFinite)) {
            Buffer again = x.copy();
            type.call("Softmax", "rowsFromNormaliser", again, stride, rows, n, normaliser);
            double[] tolerance = allowed(type, expected, x.values(), n);
            for (int i = 0; i < tolerance.length; i++) {
                tolerance[i] += expected[i] * 2 * allowed[i / stride];
            }
            // a normaliser of 1e37 is rounded by more than the logits differ
            if (logits != Logits.HUGE) {
                again.requireNear("softmax from its normaliser, " + logits, expected, tolerance);
            }
        }
    }

    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void gradientsOfRowsAndColumnsEqualNaiveLoops(@ForAll Type type, @ForAll @IntRange(min = 0, max = 5) int rows,
            @ForAll("lengths") int n, @ForAll long seed) {
        Buffer y = Buffer.random(type, seed, rows * n, x -> x * x / n);
        Buffer dy = Buffer.gaussians(type, seed + 1, rows * n);
        for (boolean columns : new boolean[] {false, true}) {
            double[] expected = new double[rows * n];
            double[] allowed = new double[rows * n];
            int groups = columns ? n : rows;
            int length = columns ? rows : n;
            for (int g = 0; g < groups; g++) {
                double dot = 0;
                double sizes = 0;
                for (int i = 0; i < length; i++) {
                    int at = columns ? i * n + g : g * n + i;
                    dot += y.get(at) * dy.get(at);
                    sizes += Math.abs(y.get(at) * dy.get(at));
                }
                for (int i = 0; i < length; i++) {
                    int at = columns ? i * n + g : g * n + i;
                    expected[at] = y.get(at) * (dy.get(at) - dot);
                    allowed[at] = 2 * (length + 3) * type.unit * Math.abs(y.get(at)) * (Math.abs(dy.get(at)) + sizes);
                }
            }
            Buffer dx = Buffer.of(type, rows * n);
            Buffer inPlace = dy.copy();
            if (columns) {
                type.call("Softmax", "columnsGradient", y, dy, dx, rows, n, 0, n);
                type.call("Softmax", "columnsGradient", y, inPlace, inPlace, rows, n, 0, n);
            } else {
                type.call("Softmax", "rowsGradient", y, dy, dx, rows, n);
                type.call("Softmax", "rowsGradient", y, inPlace, inPlace, rows, n);
            }
            dx.requireNear(columns ? "gradient of columns" : "gradient of rows", expected, allowed);
            inPlace.requireSameBits("gradient in place", dx);
        }
    }

    @Example
    void rowsOfNoElementsAreLeftAlone() {
        for (Type type : Type.values()) {
            Buffer y = Buffer.of(type, 3);
            type.call("Softmax", "rows", y, y, 3, 0);
            type.call("Softmax", "columns", y, y, 0, 3, 0, 3);
            y.requireNear("softmax of nothing", new double[] {Double.NaN, Double.NaN, Double.NaN}, new double[3]);
            assertEquals(Double.NEGATIVE_INFINITY, ((Number) type.call("Softmax", "max", y, 0)).doubleValue());
        }
    }

    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void logSumExpAndLogSoftmaxEqualNaiveLoops(@ForAll Type type, @ForAll Logits logits,
            @ForAll @IntRange(min = 0, max = 4) int rows, @ForAll("lengths") int n, @ForAll long seed) {
        Buffer x = logits.make(type, seed, rows * n);
        double[] lse = new double[rows];
        double[] allowed = new double[rows];
        double[] log = new double[rows * n];
        double[] allowedLog = new double[rows * n];
        for (int row = 0; row < rows; row++) {
            double top = Double.NEGATIVE_INFINITY;
            for (int i = 0; i < n; i++) {
                top = Math.max(top, x.get(row * n + i));
            }
            double shift = top == Double.NEGATIVE_INFINITY ? 0 : top;
            double sum = 0;
            for (int i = 0; i < n; i++) {
                sum += Math.exp(x.get(row * n + i) - shift);
            }
            lse[row] = type.rounded(shift + Math.log(sum));
            allowed[row] = top == Double.NEGATIVE_INFINITY ? 0 : type.unit * (2 * Math.abs(lse[row]) + 4 * n + 8);
            for (int i = 0; i < n; i++) {
                double d = x.get(row * n + i) - shift;
                log[row * n + i] = type.rounded(d - Math.log(sum));
                allowedLog[row * n + i] = Double.isFinite(log[row * n + i]) ? type.unit * (4 * Math.abs(d) + 4 * n + 8) : 0;
            }
        }
        Buffer y = Buffer.of(type, rows);
        type.call("Softmax", "logSumExpRows", x, y, rows, n);
        y.requireNear("log-sum-exp of " + logits, lse, allowed);
        if (logits != Logits.ALL_MINUS_INFINITY) {
            Buffer z = Buffer.of(type, rows * n);
            type.call("Softmax", "logSoftmaxRows", x, z, rows, n);
            z.requireNear("log-softmax of " + logits, log, allowedLog);
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void gradientsOfLogSumExpAndLogSoftmaxEqualNaiveLoops(@ForAll Type type, @ForAll @IntRange(min = 0, max = 4) int rows,
            @ForAll("lengths") int n, @ForAll long seed) {
        Buffer x = Buffer.gaussians(type, seed, rows * n);
        Buffer dy = Buffer.gaussians(type, seed + 1, rows * n);
        Buffer lse = Buffer.of(type, rows);
        Buffer log = Buffer.of(type, rows * n);
        type.call("Softmax", "logSumExpRows", x, lse, rows, n);
        type.call("Softmax", "logSoftmaxRows", x, log, rows, n);
        double[] ofSum = new double[rows * n];
        double[] ofLog = new double[rows * n];
        double[] allowed = new double[rows * n];
        for (int row = 0; row < rows; row++) {
            double mass = 0;
            double total = 0;
            double sizes = 0;
            for (int i = 0; i < n; i++) {
                mass += Math.exp(x.get(row * n + i));
                total += dy.get(row * n + i);
                sizes += Math.abs(dy.get(row * n + i));
            }
            for (int i = 0; i < n; i++) {
                double p = Math.exp(x.get(row * n + i)) / mass;
                ofSum[row * n + i] = dy.get(row) * p;
                ofLog[row * n + i] = dy.get(row * n + i) - p * total;
                allowed[row * n + i] = (n + 32) * type.unit * (Math.abs(dy.get(row * n + i)) + Math.abs(dy.get(row)) + sizes);
            }
        }
        Buffer dx = Buffer.of(type, rows * n);
        type.call("Softmax", "logSumExpRowsGradient", x, lse, dy, dx, rows, n);
        dx.requireNear("log-sum-exp gradient", ofSum, allowed);
        type.call("Softmax", "logSoftmaxRowsGradient", log, dy, dx, rows, n);
        dx.requireNear("log-softmax gradient", ofLog, allowed);
        type.call("Softmax", "logSoftmaxRowsGradient", log, dy, dy, rows, n);
        dy.requireSameBits("log-softmax gradient in place", dx);
    }
}
