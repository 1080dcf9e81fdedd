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

/** Sums against naive float64 loops, and their accuracy over many elements. */
class ReductionsProperties {
    @Provide
    Arbitrary<Integer> lengths() {
        return Arbitraries.oneOf(Arbitraries.integers().between(0, 40), Arbitraries.of(63, 64, 65, 1000, 1024, 1025,
                2049));
    }

    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void rowSumsDotsAndSquaresEqualNaiveLoops(@ForAll Type type, @ForAll @IntRange(min = 0, max = 4) int rows,
            @ForAll("lengths") int n, @ForAll long seed) {
        Buffer x = Buffer.gaussians(type, seed, rows * n);
        double[] expected = new double[rows];
        double[] allowed = new double[rows];
        for (int row = 0; row < rows; row++) {
            double sum = 0;
            double sizes = 0;
            double squares = 0;
            double dot = 0;
            Buffer other = Buffer.gaussians(type, seed + 1, n);
            double dots = 0;
            for (int i = 0; i < n; i++) {
                double v = x.get(row * n + i);
                sum += v;
                sizes += Math.abs(v);
                squares += v * v;
                dot += v * other.get(i);
                dots += Math.abs(v * other.get(i));
            }
            expected[row] = -0.3 * sum;
            allowed[row] = (n + 2) * type.unit * sizes;
            Buffer at = x.from(row * n);
            assertEquals(squares, ((Number) type.call("Reductions", "sumOfSquares", at, n)).doubleValue(),
                    (n + 2) * type.unit * squares, type + " sum of squares of " + n);
            assertEquals(dot, ((Number) type.call("Reductions", "dot", at, other, n)).doubleValue(),
                    (n + 2) * type.unit * dots, type + " dot of " + n);
            assertEquals(sum, ((Number) type.call("Reductions", "sum", at, n)).doubleValue(), (n
                    + 2) * type.unit * sizes,
                    type + " sum of " + n);
        }
        Buffer y = Buffer.of(type, rows);
        type.call("Reductions", "rowSums", x, -0.3, y, rows, n);
        y.requireNear("row sums", expected, allowed);
    }

    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void columnSumsEqualNaiveLoopsInTheirRangeOnly(@ForAll Type type, @ForAll("lengths") int n,
            @ForAll @IntRange(min = 0, max = 50) int rows, @ForAll long seed) {
        Buffer x = Buffer.gaussians(type, seed, rows * n);
        SplittableRandom random = new SplittableRandom(seed);
        int from = random.nextInt(n + 1);
        int to = from + random.nextInt(n - from + 1);
        double[] expected = new double[n];
        double[] allowed = new double[n];
        Arrays.fill(expected, Double.NaN);
        for (int j = from; j < to; j++) {
            expected[j] = 0;
            for (int i = 0; i < rows; i++) {
                expected[j] += 0.5 * x.get(i * n + j);
                allowed[j] += (rows + 2) * type.unit * Math.abs(x.get(i * n + j));
            }
        }
        Buffer y = Buffer.of(type, n);
        type.call("Reductions", "columnSums", x, 0.5, y, rows, n, from, to);
        y.requireNear("column sums", expected, allowed);
    }

    @Property(tries = 40, edgeCases = EdgeCasesMode.NONE)
    void columnsSideBySideHaveTheBitsOfOneVectorOfThem(@ForAll Type type, @ForAll @IntRange(min = 1, max = 2100) int rows,
            @ForAll long seed) {
        int vl = type.lanes();
        int n = 9 * vl + 3;
        Buffer x = Buffer.gaussians(type, seed, rows * n);
        Buffer y = Buffer.of(type, n);
        type.call("Reductions", "columnSums", x, 0.3, y, rows, n, 0, n);
        Buffer narrow = Buffer.of(type, n);
        for (int from = 0; from < n; from += vl) {
            type.call("Reductions", "columnSums", x, 0.3, narrow, rows, n, from, Math.min(n, from + vl));
        }
        y.requireSameBits("column sums", narrow);
    }

    @Example
    void aMillionElementsAreSummedToAFewRoundings() {
        int n = 1_000_003;
        for (Type type : Type.values()) {
            // positive numbers: a running sum in float32 would be off by some 1e-3
            Buffer x = Buffer.random(type, 5, n, v -> 1 + 0.1 * v);
            double sum = 0;
            double squares = 0;
            for (int i = 0; i < n; i++) {
                sum += x.get(i);
                squares += x.get(i) * x.get(i);
            }
            double allowed = type == Type.FLOAT ? 4 * type.unit : 2e-12;
            Buffer y = Buffer.of(type, 1);
            type.call("Reductions", "rowSums", x, 1, y, 1, n);
            assertEquals(1, y.get(0) / sum, allowed, type + " row sum");
            type.call("Reductions", "columnSums", x, 1, y, n, 1, 0, 1);
            assertEquals(1, y.get(0) / sum, type == Type.FLOAT ? 1e-5 : 2e-12, type + " column sum");
            assertEquals(1, ((Number) type.call("Reductions", "sumOfSquares", x, n)).doubleValue() / squares, allowed,
                    type + " sum of squares");
        }
    }

    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void extremesOfRowsTheirPlacesAndGradientsEqualNaiveLoops(@ForAll Type type, @ForAll @IntRange(min = 1, max = 4) int rows,
            @ForAll("lengths") int n, @ForAll boolean nan, @ForAll long seed) {
        int width = Math.max(1, n);
        // on a grid, so that elements tie
        Buffer x = Buffer.random(type, seed, rows * width, v -> Math.rint(v));
        if (nan) {
            x.set(Math.floorMod(seed, rows * width), Double.NaN);
        }
        double[] most = new double[rows];
        double[] least = new double[rows];
        int[] places = new int[rows];
        Buffer dy = Buffer.gaussians(type, seed + 1, rows);
        double[] gradient = new double[rows * width];
        for (int row = 0; row < rows; row++) {
            double top = Double.NEGATIVE_INFINITY;
            double bottom = Double.POSITIVE_INFINITY;
            for (int i = 0; i < width; i++) {
                double v = x.get(row * width + i);
                // Math.max keeps NaN, and the place is that of the first element that raised it
                if (Double.isNaN(v) && !Double.isNaN(top) || v > top) {
                    places[row] = i;
                }
                top = Math.max(top, v);
                bottom = Math.min(bottom, v);
            }
            most[row] = top;
            least[row] = bottom;
            int ties = 0;
            for (int i = 0; i < width; i++) {
                ties += x.get(row * width + i) == top ? 1 : 0;
            }
            for (int i = 0; i < width; i++) {
                gradient[row * width + i] = x.get(row * width + i) == top ? type.rounded(dy.get(row) / ties) : 0;
            }
        }
        Buffer y = Buffer.of(type, rows);
        type.call("Reductions", "minRows", x, y, rows, width);
        y.requireNear("min", least, new double[rows]);
        type.call("Reductions", "maxRows", x, y, rows, width);
        y.requireNear("max", most, new double[rows]);
        int[] found = new int[rows + 2];
        type.call("Reductions", "argmaxRows", x, found, 1, rows, width);
        for (int row = 0; row < rows; row++) {
            assertEquals(places[row], found[row + 1], "place in row " + row + " of " + width);
        }
        Buffer dx = Buffer.of(type, rows * width);
        type.call("Reductions", "extremeRowsGradient", x, y, dy, dx, rows, width);
        dx.requireNear("gradient of max", gradient, new double[rows * width]);
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void variancesAndTheirGradientsEqualNaiveLoops(@ForAll Type type, @ForAll @IntRange(min = 0, max = 4) int rows,
            @ForAll("lengths") int n, @ForAll boolean far, @ForAll long seed) {
        int width = n + 2;
        Buffer x = Buffer.random(type, seed, rows * width, v -> v + (far ? 1000 : 0));
        Buffer dy = Buffer.gaussians(type, seed + 1, rows);
        double[] expected = new double[rows];
        double[] allowed = new double[rows];
        double[] slope = new double[rows * width];
        double[] allowedSlope = new double[rows * width];
        for (int row = 0; row < rows; row++) {
            double mean = 0;
            double size = 0;
            for (int i = 0; i < width; i++) {
                mean += x.get(row * width + i) / width;
                size += Math.abs(x.get(row * width + i)) / width;
            }
            for (int i = 0; i < width; i++) {
                double d = x.get(row * width + i) - mean;
                expected[row] += d * d / (width - 1);
                slope[row * width + i] = 2 * dy.get(row) * d / (width - 1);
                // terms of the mean may cancel
                allowedSlope[row * width + i] = 4 * type.unit * Math.abs(dy.get(row)) * (Math.abs(d) + size);
            }
            // the mean that is taken off is rounded, which must not tell
            allowed[row] = (width + 8) * type.unit * expected[row] + 4 * type.unit * type.unit * mean * mean;
        }
        Buffer means = Buffer.of(type, rows);
        Buffer y = Buffer.of(type, rows);
        type.call("Reductions", "varianceRows", x, 1, means, y, rows, width);
        y.requireNear("variance", expected, allowed);
        Buffer dx = Buffer.of(type, rows * width);
        type.call("Reductions", "varianceRowsGradient", x, means, 1, dy, dx, rows, width);
        dx.requireNear("variance gradient", slope, allowedSlope);
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void cumulativeSumsGoForwardsAndTheirGradientsBackwards(@ForAll Type type, @ForAll @IntRange(min = 0, max = 3) int rows,
            @ForAll("lengths") int n, @ForAll long seed) {
        Buffer x = Buffer.gaussians(type, seed, rows * n);
        double[] forwards = new double[rows * n];
        double[] backwards = new double[rows * n];
        for (int row = 0; row < rows; row++) {
            double sum = 0;
            double rest = 0;
            for (int i = 0; i < n; i++) {
                sum += x.get(row * n + i);
                rest += x.get(row * n + n - 1 - i);
                forwards[row * n + i] = type.rounded(sum);
                backwards[row * n + n - 1 - i] = type.rounded(rest);
            }
        }
        Buffer y = Buffer.of(type, rows * n);
        type.call("Reductions", "cumulativeRows", x, y, rows, n);
        y.requireNear("cumulative", forwards, new double[rows * n]);
        type.call("Reductions", "cumulativeRowsGradient", x, y, rows, n);
        y.requireNear("cumulative gradient", backwards, new double[rows * n]);
    }

    @Example
    void tenMillionElementsAreAccurate() {
        int n = 10_000_019;
        Buffer x = Buffer.random(Type.FLOAT, 5, n, v -> 1 + 0.1 * v);
        double sum = 0;
        double exps = 0;
        for (int i = 0; i < n; i++) {
            sum += x.get(i);
            exps += Math.exp(x.get(i));
        }
        double squares = 0;
        for (int i = 0; i < n; i++) {
            squares += (x.get(i) - sum / n) * (x.get(i) - sum / n);
        }
        Buffer y = Buffer.of(Type.FLOAT, 1);
        Buffer mean = Buffer.of(Type.FLOAT, 1);
        Type.FLOAT.call("Reductions", "rowSums", x, 1, y, 1, n);
        assertEquals(1, y.get(0) / sum, 4e-7, "row sum");
        Type.FLOAT.call("Reductions", "columnSums", x, 1, y, n, 1, 0, 1);
        assertEquals(1, y.get(0) / sum, 4e-6, "column sum");
        Type.FLOAT.call("Reductions", "varianceRows", x, 0, mean, y, 1, n);
        assertEquals(1, y.get(0) / (squares / n), 1e-6, "variance");
        Type.FLOAT.call("Softmax", "logSumExpRows", x, y, 1, n);
        assertEquals(Math.log(exps), y.get(0), 2e-6 * Math.log(exps), "log-sum-exp");
    }
}
