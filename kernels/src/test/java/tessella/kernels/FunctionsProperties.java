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
import tessella.reference.ElementwiseOracle;

/** Transcendental functions, activations and their gradients against the same functions in float64, over every length. */
class FunctionsProperties {
    private static final double ROOT = Math.sqrt(2 / Math.PI);

    private static double s(double x) {
        return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
    }

    private static double phi(double x) {
        return (1 + ElementwiseOracle.erf(x / Math.sqrt(2))) / 2;
    }

    private static double geluSlope(double x) {
        double t = Math.tanh(ROOT * (x + 0.044715 * x * x * x));
        return (1 + t) / 2 + x * (1 - t * t) / 2 * ROOT * (1 + 3 * 0.044715 * x * x);
    }

    /** A function and how its error is bounded: roundings of the result, and of 1 where terms of that size cancel. */
    enum One {
        EXP("exp", Math::exp, 8, 0),
        EXPM1("expm1", Math::expm1, 8, 0),
        LOG("log", Math::log, 8, 0),
        LOG1P("log1p", Math::log1p, 8, 0),
        SIN("sin", Math::sin, 8, 0),
        COS("cos", Math::cos, 8, 0),
        TANH("tanh", Math::tanh, 12, 0),
        ERF("erf", ElementwiseOracle::erf, 8, 4),
        SIGMOID("sigmoid", FunctionsProperties::s, 8, 0),
        LOG_SIGMOID("logSigmoid", x -> Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x))), 8, 0),
        SOFTPLUS("softplus", x -> Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), 8, 0),
        SILU("silu", x -> x * s(x), 8, 0),
        GELU("gelu", x -> x / (1 + Math.exp(-2 * ROOT * (x + 0.044715 * x * x * x))), 8, 0),
        GELU_ERF("geluErf", x -> x * phi(x), 16, 16);

        private final String kernel;
        private final DoubleUnaryOperator f;
        private final double relative;
        private final double absolute;

        One(String kernel, DoubleUnaryOperator f, double relative, double absolute) {
            this.kernel = kernel;
            this.f = f;
            this.relative = relative;
            this.absolute = absolute;
        }
    }

    /** A gradient: of the operand or the result, and the cotangent. */
    enum Slope {
        EXPM1("expm1Gradient", (y, dy) -> dy * (y + 1)),
        LOG1P("log1pGradient", (x, dy) -> dy / (1 + x)),
        TANH("tanhGradient", (y, dy) -> dy * (1 - y * y)),
        ERF("erfGradient", (x, dy) -> dy * 2 / Math.sqrt(Math.PI) * Math.exp(-x * x)),
        SIGMOID("sigmoidGradient", (y, dy) -> dy * y * (1 - y)),
        LOG_SIGMOID("logSigmoidGradient", (x, dy) -> dy * s(-x)),
        SOFTPLUS("softplusGradient", (x, dy) -> dy * s(x)),
        SILU("siluGradient", (x, dy) -> dy * s(x) * (1 + x * s(-x))),
        GELU("geluGradient", (x, dy) -> dy * geluSlope(x)),
        GELU_ERF("geluErfGradient", (x, dy) -> dy * (phi(x) + x * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI)));

        private final String kernel;
        private final DoubleBinaryOperator f;

        Slope(String kernel, DoubleBinaryOperator f) {
            this.kernel = kernel;
            this.f = f;
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
        return Arbitraries.oneOf(Arbitraries.integers().between(0, 40), Arbitraries.of(63, 64, 65, 1000, 1025, 2100));
    }

    @Property(tries = 800, edgeCases = EdgeCasesMode.NONE)
    void functionsAreAccurateToAFewRoundings(@ForAll Type type, @ForAll One op, @ForAll Values values,
            @ForAll("lengths") int n, @ForAll long seed) {
        Buffer x = values.make(type, seed, n);
        double[] expected = new double[n];
        double[] allowed = new double[n];
        for (int i = 0; i < n; i++) {
            expected[i] = type.rounded(op.f.applyAsDouble(x.get(i)));
            // the exponent inside is rounded, which tells by its size, up to where e^-u leaves the normal range and is
            // flushed
            double exponent = op == One.GELU ? 2 * ROOT * Math.abs(x.get(i) + 0.044715 * Math.pow(x.get(i), 3)) : 0;
            allowed[i] = (2 * op.relative + 10 * Math.min(exponent, 800)) * type.unit * Math.abs(expected[i])
                    + op.absolute * type.unit * Math.min(1, Math.abs(x.get(i)))
                    + 16 * type.minNormal * (1 + Math.abs(x.get(i)));
        }
        Buffer y = Buffer.of(type, n);
        type.call("Functions", op.kernel, x, y, n);
        y.requireNear(op.kernel, expected, allowed);
        type.call("Functions", op.kernel, x, x, n);
        x.requireSameBits(op.kernel + " in place", y);
    }

    @Property(tries = 600, edgeCases = EdgeCasesMode.NONE)
    void gradientsAreTheDerivatives(@ForAll Type type, @ForAll Slope op, @ForAll Values values, @ForAll("lengths") int n,
            @ForAll long seed) {
        Buffer x = values.make(type, seed, n);
        Buffer dy = Buffer.gaussians(type, seed + 1, n);
        double[] expected = new double[n];
        double[] allowed = new double[n];
        for (int i = 0; i < n; i++) {
            expected[i] = op.f.applyAsDouble(x.get(i), dy.get(i));
            allowed[i] = 100 * type.unit * (Math.abs(dy.get(i)) + Math.abs(expected[i]));
        }
        Buffer dx = Buffer.of(type, n);
        type.call("Functions", op.kernel, x, dy, dx, n);
        dx.requireNear(op.kernel, expected, allowed);
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void sinesOfLargeArgumentsAreThoseOfStrictMathAndLeaveNeighboursAlone(@ForAll Type type, @ForAll("lengths") int n,
            @ForAll long seed) {
        for (String name : new String[] {"sin", "cos"}) {
            Buffer small = Buffer.gaussians(type, seed, n);
            Buffer y = Buffer.of(type, n);
            type.call("Functions", name, small, y, n);
            Buffer mixed = small.copy();
            for (int i = seed % 2 == 0 ? 0 : 1; i < n; i += 3) {
                mixed.set(i, 1e30 * (1 + small.get(i)));
            }
            Buffer z = Buffer.of(type, n);
            type.call("Functions", name, mixed, z, n);
            for (int i = 0; i < n; i++) {
                double x = mixed.get(i);
                double expected = mixed.get(i) == small.get(i) ? y.get(i)
                        : type.rounded(name.equals("sin") ? StrictMath.sin(x) : StrictMath.cos(x));
                assertEquals(expected, z.get(i), name + " of " + x);
            }
        }
    }

    @Example
    void functionsHaveTheirLimits() {
        double inf = Double.POSITIVE_INFINITY;
        double nan = Double.NaN;
        for (Type type : Type.values()) {
            requireValues(type, "expm1", new double[] {-inf, inf, nan, 0, -1000}, -1, inf, nan, 0, -1);
            requireValues(type, "log", new double[] {0, -0.0, -1, -inf, inf, nan, 1}, -inf, -inf, nan, nan, inf, nan, 0);
            requireValues(type, "log1p", new double[] {-1, -2, -inf, inf, nan, 0}, -inf, nan, nan, inf, nan, 0);
            requireValues(type, "tanh", new double[] {-inf, inf, nan, 0, 100, -1e30}, -1, 1, nan, 0, 1, -1);
            requireValues(type, "erf", new double[] {-inf, inf, nan, 0, 100, -1e30}, -1, 1, nan, 0, 1, -1);
            requireValues(type, "sin", new double[] {inf, -inf, nan, 0}, nan, nan, nan, 0);
            requireValues(type, "cos", new double[] {inf, -inf, nan, 0}, nan, nan, nan, 1);
            requireValues(type, "softplus", new double[] {-inf, inf, nan, 1e30, -1e30}, 0, inf, nan, type.rounded(1e30), 0);
            requireValues(type, "logSigmoid", new double[] {-inf, inf, nan, -1e30, 1e30}, -inf, 0, nan, -type.rounded(1e30), 0);
            requireValues(type, "geluErf", new double[] {nan, 0, 1e30, -1e30}, nan, 0, type.rounded(1e30), 0);
            requireValues(type, "silu", new double[] {nan, 0, 1e30, -1e30}, nan, 0, type.rounded(1e30), 0);
        }
    }

    private static void requireValues(Type type, String name, double[] x, double... expected) {
        Buffer in = Buffer.of(type, x);
        Buffer out = Buffer.of(type, x.length);
        type.call("Functions", name, in, out, x.length);
        out.requireNear(name, expected, new double[x.length]);
    }

    @Example
    void theLogarithmOfSubnormalsIsExactToo() {
        Buffer x = Buffer.of(Type.FLOAT, Float.MIN_VALUE, 1e-40, 3e-39);
        Buffer y = Buffer.of(Type.FLOAT, 3);
        Type.FLOAT.call("Functions", "log", x, y, 3);
        for (int i = 0; i < 3; i++) {
            assertEquals(Math.log(x.get(i)), y.get(i), 1e-5);
        }
        Buffer d = Buffer.of(Type.DOUBLE, Double.MIN_VALUE, 1e-310);
        Buffer e = Buffer.of(Type.DOUBLE, 2);
        Type.DOUBLE.call("Functions", "log", d, e, 2);
        for (int i = 0; i < 2; i++) {
            assertEquals(Math.log(d.get(i)), e.get(i), 1e-12);
        }
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
