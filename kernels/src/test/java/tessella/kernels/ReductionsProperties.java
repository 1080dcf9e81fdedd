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
}
