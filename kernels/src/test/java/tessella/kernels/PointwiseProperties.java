package tessella.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Elementwise loops against the same function in float64, in place too, over every length of a last vector. */
class PointwiseProperties {
    private static final double ROOT = Math.sqrt(2 / Math.PI);

    enum Two {
        ADD("add", Double::sum), SUB("sub", (a, b) -> a - b), MUL("mul", (a, b) -> a * b), DIV("div", (a, b) -> a / b);

        private final String kernel;
        private final DoubleBinaryOperator f;

        Two(String kernel, DoubleBinaryOperator f) {
            this.kernel = kernel;
            this.f = f;
        }
    }

    enum One {
        RECIPROCAL("reciprocal", x -> 1 / x, 1),
        EXP("exp", Math::exp, 4),
        SIGMOID("sigmoid", x -> 1 / (1 + Math.exp(-x)), 8),
        GELU("gelu", x -> x / (1 + Math.exp(-2 * ROOT * (x + 0.044715 * x * x * x))), 8);

        private final String kernel;
        private final DoubleUnaryOperator f;
        private final double roundings;

        One(String kernel, DoubleUnaryOperator f, double roundings) {
            this.kernel = kernel;
            this.f = f;
            this.roundings = roundings;
        }
    }

    /** Arguments of all sizes at which functions turn. */
    enum Values {
        NORMAL, TINY, LARGE;

        Buffer make(Type type, long seed, int n) {
            return Buffer.random(type, seed, n, switch (this) {
                case NORMAL -> x -> x;
                case TINY -> x -> 1e-20 * x;
                case LARGE -> x -> 20 * x;
            });
        }
    }

    @Provide
    Arbitrary<Integer> lengths() {
        return Arbitraries.oneOf(Arbitraries.integers().between(0, 40), Arbitraries.of(63, 64, 65, 1000));
    }

    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void operatorsOfTwoAreTheCorrectlyRoundedOnes(@ForAll Type type, @ForAll Two op, @ForAll Values values,
            @ForAll("lengths") int n, @ForAll long seed) {
        Buffer a = values.make(type, seed, n);
        Buffer b = Buffer.gaussians(type, seed + 1, n);
        Buffer s = Buffer.gaussians(type, seed + 2, 1);
        double[][] expected = new double[3][n];
        for (int i = 0; i < n; i++) {
            expected[0][i] = type.rounded(op.f.applyAsDouble(a.get(i), b.get(i)));
            expected[1][i] = type.rounded(op.f.applyAsDouble(a.get(i), s.get(0)));
            expected[2][i] = type.rounded(op.f.applyAsDouble(s.get(0), b.get(i)));
        }
        Buffer y = Buffer.of(type, n);
        type.call("Pointwise", op.kernel, a, b, y, n);
        y.requireNear(op.kernel, expected[0], new double[n]);
        type.call("Pointwise", op.kernel + "Scalar", a, s, y, n);
        y.requireNear(op.kernel + " scalar", expected[1], new double[n]);
        type.call("Pointwise", op.kernel + "FromScalar", s, b, y, n);
        y.requireNear("scalar " + op.kernel, expected[2], new double[n]);
        Buffer left = a.copy();
        type.call("Pointwise", op.kernel, left, b, left, n);
        left.requireNear(op.kernel + " into a", expected[0], new double[n]);
        Buffer right = b.copy();
        type.call("Pointwise", op.kernel, a, right, right, n);
        right.requireNear(op.kernel + " into b", expected[0], new double[n]);
    }

    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void functionsOfOneAreAccurateToAFewRoundings(@ForAll Type type, @ForAll One op, @ForAll Values values,
            @ForAll("lengths") int n, @ForAll long seed) {
        Buffer x = values.make(type, seed, n);
        double[] expected = new double[n];
        double[] allowed = new double[n];
        for (int i = 0; i < n; i++) {
            expected[i] = type.rounded(op.f.applyAsDouble(x.get(i)));
            // the exponent inside is rounded, which tells by its size, up to where e^-u leaves the normal range and is
            // flushed
            double exponent = op == One.GELU ? 2 * ROOT * Math.abs(x.get(i) + 0.044715 * Math.pow(x.get(i), 3)) : 0;
            allowed[i] = (2 * op.roundings + 4 * Math.min(exponent, 800)) * type.unit * Math.abs(expected[i])
                    + 16 * type.minNormal * (1 + Math.abs(x.get(i)));
        }
        Buffer y = Buffer.of(type, n);
        type.call("Pointwise", op.kernel, x, y, n);
        y.requireNear(op.kernel, expected, allowed);
        type.call("Pointwise", op.kernel, x, x, n);
        x.requireSameBits(op.kernel + " in place", y);
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void theGradientOfGeluIsItsDerivative(@ForAll Type type, @ForAll Values values, @ForAll("lengths") int n,
            @ForAll long seed) {
        Buffer x = values.make(type, seed, n);
        Buffer dy = Buffer.gaussians(type, seed + 1, n);
        double[] expected = new double[n];
        double[] allowed = new double[n];
        for (int i = 0; i < n; i++) {
            double v = x.get(i);
            double t = Math.tanh(ROOT * (v + 0.044715 * v * v * v));
            double slope = (1 + t) / 2 + v * (1 - t * t) / 2 * ROOT * (1 + 3 * 0.044715 * v * v);
            expected[i] = dy.get(i) * slope;
            allowed[i] = 100 * type.unit * Math.abs(dy.get(i));
        }
        Buffer dx = Buffer.of(type, n);
        type.call("Functions", "geluGradient", x, dy, dx, n);
        dx.requireNear("gelu gradient", expected, allowed);
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void scaleAndFillAreExact(@ForAll Type type, @ForAll("lengths") int n, @ForAll long seed) {
        Buffer x = Buffer.gaussians(type, seed, n);
        double[] expected = new double[n];
        double[] sevens = new double[n];
        double s = type.rounded(0.3);
        for (int i = 0; i < n; i++) {
            expected[i] = type.rounded(x.get(i) * s);
            sevens[i] = 7;
        }
        type.call("Pointwise", "scale", x, s, x, n);
        x.requireNear("scale", expected, new double[n]);
        type.call("Pointwise", "fill", x, 7, n);
        x.requireNear("fill", sevens, new double[n]);
    }

    @Example
    void sigmoidAndGeluHaveTheirLimitsAtExtremeArguments() {
        for (Type type : Type.values()) {
            double most = type == Type.FLOAT ? Float.MAX_VALUE : Double.MAX_VALUE;
            Buffer x = Buffer.of(type, 1e4, 1e15, most, Double.POSITIVE_INFINITY, -1e4, -1e15, -most, Double.NaN, 0);
            Buffer y = Buffer.of(type, x.length);
            type.call("Functions", "sigmoid", x, y, x.length);
            double[] no = new double[x.length];
            y.requireNear("sigmoid", new double[] {1, 1, 1, 1, 0, 0, 0, Double.NaN, 0.5}, no);
            type.call("Functions", "gelu", x, y, x.length);
            for (int i = 0; i < 4; i++) {
                assertEquals(x.get(i), y.get(i), "gelu of a large number is that number");
            }
            for (int i = 4; i < 7; i++) {
                assertEquals(0, Math.abs(y.get(i)), "gelu of " + x.get(i));
            }
            assertTrue(Double.isNaN(y.get(7)));
            assertEquals(0, y.get(8));
            Buffer ones = Buffer.random(type, 1, x.length, v -> 1);
            type.call("Functions", "geluGradient", x, ones, y, x.length);
            for (int i = 0; i < 3; i++) {
                assertEquals(1, y.get(i), "slope at " + x.get(i));
                assertEquals(0, Math.abs(y.get(i + 4)), "slope at " + x.get(i + 4));
            }
            assertEquals(0.5, y.get(8));
        }
    }
}
