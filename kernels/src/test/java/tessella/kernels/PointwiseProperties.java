package tessella.kernels;

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
    enum Two {
        ADD("add", Double::sum), SUB("sub", (a, b) -> a - b), MUL("mul", (a, b) -> a * b), DIV("div", (a, b) -> a / b);

        private final String kernel;
        private final DoubleBinaryOperator f;

        Two(String kernel, DoubleBinaryOperator f) {
            this.kernel = kernel;
            this.f = f;
        }
    }

    /** Functions of one operand, and how many roundings they may be off. */
    enum One {
        RECIPROCAL("reciprocal", x -> 1 / x, 0),
        ABS("abs", Math::abs, 0),
        SQRT("sqrt", Math::sqrt, 0),
        RSQRT("rsqrt", x -> 1 / Math.sqrt(x), 3),
        SQUARE("square", x -> x * x, 0),
        RELU("relu", x -> Math.max(x, 0), 0);

        private final String kernel;
        private final DoubleUnaryOperator f;
        private final double roundings;

        One(String kernel, DoubleUnaryOperator f, double roundings) {
            this.kernel = kernel;
            this.f = f;
            this.roundings = roundings;
        }
    }

    /** Kernels of two operands of one length. */
    enum Even {
        MAX("max", Math::max),
        MIN("min", Math::min),
        SHARE("share", (a, b) -> a > b ? 1 : a == b ? 0.5 : 0),
        KEEP("keep", (a, b) -> a != 0 ? b : 0),
        DROP("drop", (a, b) -> a != 0 ? 0 : b),
        MASK("mask", (a, b) -> a != 0 ? b : Double.NEGATIVE_INFINITY),
        POW("pow", StrictMath::pow),
        POW_BASE("powBase", (a, b) -> b == 0 ? 0 : b * StrictMath.pow(a, b - 1)),
        POW_EXPONENT("powExponent", (a, b) -> a == 0 && b >= 0 ? 0 : StrictMath.pow(a, b) * StrictMath.log(a)),
        ABS("absGradient", (x, dy) -> dy * Math.signum(x)),
        SQRT("sqrtGradient", (y, dy) -> dy / (2 * y)),
        RSQRT("rsqrtGradient", (y, dy) -> -dy * y * y * y / 2),
        SQUARE("squareGradient", (x, dy) -> 2 * x * dy),
        RECIPROCAL("reciprocalGradient", (y, dy) -> -dy * y * y),
        RELU("reluGradient", (x, dy) -> x > 0 ? dy : 0);

        private final String kernel;
        private final DoubleBinaryOperator f;

        Even(String kernel, DoubleBinaryOperator f) {
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
            allowed[i] = op.roundings * type.unit * Math.abs(expected[i]);
        }
        Buffer y = Buffer.of(type, n);
        type.call("Pointwise", op.kernel, x, y, n);
        y.requireNear(op.kernel, expected, allowed);
        type.call("Pointwise", op.kernel, x, x, n);
        x.requireSameBits(op.kernel + " in place", y);
    }

    @Property(tries = 600, edgeCases = EdgeCasesMode.NONE)
    void kernelsOfTwoEvenOperandsEqualTheirDefinition(@ForAll Type type, @ForAll Even op, @ForAll("lengths") int n,
            @ForAll long seed) {
        // on a grid, so that some elements are 0 and some pairs are equal
        Buffer a = Buffer.random(type, seed, n, x -> Math.rint(2 * x) / 2);
        Buffer b = Buffer.random(type, seed + 1, n, x -> Math.rint(2 * x) / 2);
        double[] expected = new double[n];
        double[] allowed = new double[n];
        for (int i = 0; i < n; i++) {
            expected[i] = type.rounded(op.f.applyAsDouble(a.get(i), b.get(i)));
            allowed[i] = Double.isFinite(expected[i]) ? 4 * type.unit * Math.abs(expected[i]) : 0;
        }
        Buffer y = Buffer.of(type, n);
        type.call("Pointwise", op.kernel, a, b, y, n);
        y.requireNear(op.kernel, expected, allowed);
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void clampAndSelectEqualTheirDefinition(@ForAll Type type, @ForAll("lengths") int n, @ForAll long seed) {
        Buffer x = Buffer.random(type, seed, n, v -> Math.rint(4 * v) / 4);
        Buffer dy = Buffer.gaussians(type, seed + 1, n);
        Buffer c = Buffer.random(type, seed + 2, n, v -> v > 0 ? 1 : 0);
        double[] clamped = new double[n];
        double[] gradient = new double[n];
        double[] chosen = new double[n];
        for (int i = 0; i < n; i++) {
            clamped[i] = Math.clamp(x.get(i), -0.5, 0.75);
            gradient[i] = x.get(i) >= -0.5 && x.get(i) <= 0.75 ? dy.get(i) : 0;
            chosen[i] = c.get(i) != 0 ? x.get(i) : dy.get(i);
        }
        Buffer y = Buffer.of(type, n);
        type.call("Pointwise", "clamp", x, -0.5, 0.75, y, n);
        y.requireNear("clamp", clamped, new double[n]);
        type.call("Pointwise", "clampGradient", x, -0.5, 0.75, dy, y, n);
        y.requireNear("clamp gradient", gradient, new double[n]);
        type.call("Pointwise", "select", c, x, dy, y, n);
        y.requireNear("select", chosen, new double[n]);
    }

    @Example
    void nanStaysNanInExtremesAndClamp() {
        for (Type type : Type.values()) {
            Buffer a = Buffer.of(type, Double.NaN, 1, Double.NaN);
            Buffer b = Buffer.of(type, 1, Double.NaN, Double.NaN);
            Buffer y = Buffer.of(type, 3);
            double[] nan = {Double.NaN, Double.NaN, Double.NaN};
            type.call("Pointwise", "max", a, b, y, 3);
            y.requireNear("max", nan, new double[3]);
            type.call("Pointwise", "min", a, b, y, 3);
            y.requireNear("min", nan, new double[3]);
            type.call("Pointwise", "clamp", a, -1, 0.5, y, 3);
            y.requireNear("clamp", new double[] {Double.NaN, 0.5, Double.NaN}, new double[3]);
        }
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
}
