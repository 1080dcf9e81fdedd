package tessella.autodiff;

import static tessella.autodiff.Tape.operator;
import static tessella.autodiff.Tape.saved;
import static tessella.engine.Pointwise.Binary.ABS_GRADIENT;
import static tessella.engine.Pointwise.Binary.ADD;
import static tessella.engine.Pointwise.Binary.DIV;
import static tessella.engine.Pointwise.Binary.DROP;
import static tessella.engine.Pointwise.Binary.ERF_GRADIENT;
import static tessella.engine.Pointwise.Binary.EXPM1_GRADIENT;
import static tessella.engine.Pointwise.Binary.GELU_ERF_GRADIENT;
import static tessella.engine.Pointwise.Binary.GELU_GRADIENT;
import static tessella.engine.Pointwise.Binary.KEEP;
import static tessella.engine.Pointwise.Binary.LOG1P_GRADIENT;
import static tessella.engine.Pointwise.Binary.LOG_SIGMOID_GRADIENT;
import static tessella.engine.Pointwise.Binary.MUL;
import static tessella.engine.Pointwise.Binary.POW_BASE;
import static tessella.engine.Pointwise.Binary.POW_EXPONENT;
import static tessella.engine.Pointwise.Binary.RECIPROCAL_GRADIENT;
import static tessella.engine.Pointwise.Binary.RELU_GRADIENT;
import static tessella.engine.Pointwise.Binary.RSQRT_GRADIENT;
import static tessella.engine.Pointwise.Binary.SHARE;
import static tessella.engine.Pointwise.Binary.SIGMOID_GRADIENT;
import static tessella.engine.Pointwise.Binary.SILU_GRADIENT;
import static tessella.engine.Pointwise.Binary.SOFTPLUS_GRADIENT;
import static tessella.engine.Pointwise.Binary.SQRT_GRADIENT;
import static tessella.engine.Pointwise.Binary.SQUARE_GRADIENT;
import static tessella.engine.Pointwise.Binary.SUB;
import static tessella.engine.Pointwise.Binary.TANH_GRADIENT;

import tessella.engine.Draws;
import tessella.engine.NdArray;
import tessella.engine.Pointwise;
import tessella.engine.Pointwise.Unary;
import tessella.engine.Random;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.Sums;

/**
 * Elementwise operators. Operands of two broadcast: axes are aligned at the end, an axis of extent 1 (or a missing one) is
 * repeated, and its cotangent summed. Results are in the innermost scope. Operands of different types, or whose shapes do
 * not broadcast, are refused with an IllegalArgumentException.
 */
public final class Elementwise {
    private Elementwise() {}

    /** y = a + b; da = dy, db = dy. */
    public static Tensor add(Tensor a, Tensor b) {
        return operator("add", Pointwise.apply(ADD, a.value(), b.value()), saved(), (dy, to) -> {
            to.add(a, () -> Sums.to(dy, a.shape()));
            to.add(b, () -> Sums.to(dy, b.shape()));
        }, a, b);
    }

    /** y = a - b; da = dy, db = -dy. */
    public static Tensor sub(Tensor a, Tensor b) {
        return operator("sub", Pointwise.apply(SUB, a.value(), b.value()), saved(), (dy, to) -> {
            to.add(a, () -> Sums.to(dy, a.shape()));
            to.add(b, () -> reduced(Pointwise.scale(dy, -1), b));
        }, a, b);
    }

    /** y = a b; da = dy b, db = dy a. */
    public static Tensor mul(Tensor a, Tensor b) {
        return operator("mul", Pointwise.apply(MUL, a.value(), b.value()), saved(a.value(), b.value()), (dy, to) -> {
            to.add(a, () -> reduced(Pointwise.apply(MUL, dy, b.value()), a));
            to.add(b, () -> reduced(Pointwise.apply(MUL, dy, a.value()), b));
        }, a, b);
    }

    /** y = a / b; da = dy / b, db = -dy y / b. */
    public static Tensor div(Tensor a, Tensor b) {
        NdArray y = Pointwise.apply(DIV, a.value(), b.value());
        return operator("div", y, saved(b.value(), y), (dy, to) -> {
            NdArray da = Pointwise.apply(DIV, dy, b.value());
            to.add(b, () -> {
                NdArray db = Pointwise.apply(MUL, da, y);
                NdArray negated = Pointwise.scale(db, -1);
                db.free();
                return reduced(negated, b);
            });
            to.add(a, reduced(da, a));
        }, a, b);
    }

    /** y = s x; dx = s dy. */
    public static Tensor scale(Tensor x, double s) {
        return operator("scale", Pointwise.scale(x.value(), s), saved(),
                (dy, to) -> to.add(x, () -> Pointwise.scale(dy, s)), x);
    }

    /** y = -x; dx = -dy. */
    public static Tensor neg(Tensor x) {
        return scale(x, -1);
    }

    /** y = |x|; dx = dy sign x, 0 at x = 0. */
    public static Tensor abs(Tensor x) {
        return fromOperand("abs", Unary.ABS, ABS_GRADIENT, x);
    }

    /** y = e^x; dx = dy y. Results below the normal range are 0. */
    public static Tensor exp(Tensor x) {
        return fromResult("exp", Unary.EXP, MUL, x);
    }

    /** y = e^x - 1, accurate near 0; dx = dy (y + 1). */
    public static Tensor expm1(Tensor x) {
        return fromResult("expm1", Unary.EXPM1, EXPM1_GRADIENT, x);
    }

    /** y = log x, NaN below 0 and minus infinity at 0; dx = dy / x. */
    public static Tensor log(Tensor x) {
        return operator("log", Pointwise.apply(Unary.LOG, x.value()), saved(x.value()),
                (dy, to) -> to.add(x, () -> Pointwise.apply(DIV, dy, x.value())), x);
    }

    /** y = log(1 + x), accurate near 0, NaN below -1; dx = dy / (1 + x). */
    public static Tensor log1p(Tensor x) {
        return fromOperand("log1p", Unary.LOG1P, LOG1P_GRADIENT, x);
    }

    /** y = sqrt(x), NaN below 0; dx = dy / (2 y). */
    public static Tensor sqrt(Tensor x) {
        return fromResult("sqrt", Unary.SQRT, SQRT_GRADIENT, x);
    }

    /** y = 1 / sqrt(x); dx = -dy y^3 / 2. */
    public static Tensor rsqrt(Tensor x) {
        return fromResult("rsqrt", Unary.RSQRT, RSQRT_GRADIENT, x);
    }

    /** y = x^2; dx = 2 x dy. */
    public static Tensor square(Tensor x) {
        return fromOperand("square", Unary.SQUARE, SQUARE_GRADIENT, x);
    }

    /** y = 1 / x; dx = -dy y^2. */
    public static Tensor reciprocal(Tensor x) {
        return fromResult("reciprocal", Unary.RECIPROCAL, RECIPROCAL_GRADIENT, x);
    }

    /** y = sin x; dx = dy cos x. */
    public static Tensor sin(Tensor x) {
        return operator("sin", Pointwise.apply(Unary.SIN, x.value()), saved(x.value()), (dy, to) -> to.add(x, () -> {
            NdArray cos = Pointwise.apply(Unary.COS, x.value());
            Pointwise.applyInto(MUL, cos, dy, cos);
            return cos;
        }), x);
    }

    /** y = cos x; dx = -dy sin x. */
    public static Tensor cos(Tensor x) {
        return operator("cos", Pointwise.apply(Unary.COS, x.value()), saved(x.value()), (dy, to) -> to.add(x, () -> {
            NdArray sin = Pointwise.apply(Unary.SIN, x.value());
            Pointwise.applyInto(MUL, sin, dy, sin);
            NdArray dx = Pointwise.scale(sin, -1);
            sin.free();
            return dx;
        }), x);
    }

    /** y = tanh x; dx = dy (1 - y^2). */
    public static Tensor tanh(Tensor x) {
        return fromResult("tanh", Unary.TANH, TANH_GRADIENT, x);
    }

    /** y = erf x; dx = dy 2 / sqrt(pi) e^-x^2. */
    public static Tensor erf(Tensor x) {
        return fromOperand("erf", Unary.ERF, ERF_GRADIENT, x);
    }

    /** y = s(x) = 1 / (1 + e^-x); dx = dy y (1 - y). */
    public static Tensor sigmoid(Tensor x) {
        return fromResult("sigmoid", Unary.SIGMOID, SIGMOID_GRADIENT, x);
    }

    /** y = log s(x) = min(x, 0) - log(1 + e^-|x|); dx = dy s(-x). */
    public static Tensor logSigmoid(Tensor x) {
        return fromOperand("logSigmoid", Unary.LOG_SIGMOID, LOG_SIGMOID_GRADIENT, x);
    }

    /** y = log(1 + e^x), without a linear cut-off; dx = dy s(x). */
    public static Tensor softplus(Tensor x) {
        return fromOperand("softplus", Unary.SOFTPLUS, SOFTPLUS_GRADIENT, x);
    }

    /** SiLU: y = x s(x); dx = dy s(x) (1 + x (1 - s(x))). */
    public static Tensor silu(Tensor x) {
        return fromOperand("silu", Unary.SILU, SILU_GRADIENT, x);
    }

    /** y = max(x, 0); dx = dy where x &gt; 0, else 0. */
    public static Tensor relu(Tensor x) {
        return fromOperand("relu", Unary.RELU, RELU_GRADIENT, x);
    }

    /** GELU, tanh form: y = x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2; dx = dy y'(x). */
    public static Tensor gelu(Tensor x) {
        return fromOperand("gelu", Unary.GELU, GELU_GRADIENT, x);
    }

    /** GELU, exact form: y = x Phi(x), Phi(x) = (1 + erf(x / sqrt 2)) / 2; dx = dy (Phi(x) + x phi(x)). */
    public static Tensor geluErf(Tensor x) {
        return fromOperand("geluErf", Unary.GELU_ERF, GELU_ERF_GRADIENT, x);
    }

    /** Gated GELU: y = gelu(a) b, gelu in tanh form, of equal shapes; da = dy b gelu'(a), db = dy gelu(a). */
    public static Tensor gatedGelu(Tensor a, Tensor b) {
        return mul(gelu(a), b);
    }

    /** y = max(a, b), NaN if one is; the larger operand receives dy, both half of it where they are equal. */
    public static Tensor max(Tensor a, Tensor b) {
        return extreme("max", Pointwise.Binary.MAX, a, b, a, b);
    }

    /** y = min(a, b), NaN if one is; the smaller operand receives dy, both half of it where they are equal. */
    public static Tensor min(Tensor a, Tensor b) {
        return extreme("min", Pointwise.Binary.MIN, a, b, b, a);
    }

    /** The gradient goes to a as far as above exceeds below, each of them a or b. */
    private static Tensor extreme(String op, Pointwise.Binary forward, Tensor a, Tensor b, Tensor above, Tensor below) {
        return operator(op, Pointwise.apply(forward, a.value(), b.value()), saved(a.value(), b.value()), (dy, to) -> {
            to.add(a, () -> reduced(weighted(Pointwise.apply(SHARE, above.value(), below.value()), dy), a));
            to.add(b, () -> reduced(weighted(Pointwise.apply(SHARE, below.value(), above.value()), dy), b));
        }, a, b);
    }

    /** w dy, in the memory of w. */
    private static NdArray weighted(NdArray w, NdArray dy) {
        Pointwise.applyInto(MUL, w, dy, w);
        return w;
    }

    /**
     * y = a^b as IEEE 754 has it (NaN for a negative a and a broken b); da = dy b a^(b - 1), db = dy y log a, which is 0 where
     * a = 0 and b is not negative.
     */
    public static Tensor pow(Tensor a, Tensor b) {
        return operator("pow", Pointwise.apply(Pointwise.Binary.POW, a.value(), b.value()), saved(a.value(), b.value()),
                (dy, to) -> {
                    to.add(a, () -> reduced(weighted(Pointwise.apply(POW_BASE, a.value(), b.value()), dy), a));
                    to.add(b, () -> reduced(weighted(Pointwise.apply(POW_EXPONENT, a.value(), b.value()), dy), b));
                }, a, b);
    }

    /** y = x^p for a number p; dx = dy p x^(p - 1). */
    public static Tensor pow(Tensor x, double p) {
        return pow(x, Tensor.of(NdArray.full(Scope.current(), x.dtype(), Shape.of(), p)));
    }

    /**
     * y = min(max(x, low), high); dx = dy where low &lt;= x &lt;= high, else 0.
     *
     * @throws IllegalArgumentException if low is above high, or one is NaN
     */
    public static Tensor clamp(Tensor x, double low, double high) {
        if (!(low <= high)) {
            throw new IllegalArgumentException("clamp: expected low <= high, found " + low + " and " + high);
        }
        return operator("clamp", Pointwise.clamp(x.value(), low, high), saved(x.value()),
                (dy, to) -> to.add(x, () -> Pointwise.clampGradient(x.value(), low, high, dy)), x);
    }

    /** y = c ? a : b for a constant c, true where it is not 0; da = dy where c is true, db = dy where it is not. */
    public static Tensor where(Tensor c, Tensor a, Tensor b) {
        return operator("where", Pointwise.select(c.value(), a.value(), b.value()), saved(c.value()), (dy, to) -> {
            to.add(a, () -> reduced(Pointwise.apply(KEEP, c.value(), dy), a));
            to.add(b, () -> reduced(Pointwise.apply(DROP, c.value(), dy), b));
        }, a, b);
    }

    /**
     * Dropout: y = x m / (1 - p), m being 0 with probability p and 1 otherwise, drawn for each element from its place and the
     * key; dx = dy m / (1 - p). With p = 0 the operand itself.
     *
     * @throws IllegalArgumentException if p is not in [0, 1)
     */
    public static Tensor dropout(Tensor x, double p, Random random) {
        if (!(p >= 0 && p < 1)) {
            throw new IllegalArgumentException("dropout: expected a probability in [0, 1), found " + p);
        }
        if (p == 0) {
            return x;
        }
        NdArray mask = Draws.bernoulli(random, x.dtype(), x.shape(), 1 - p, 1 / (1 - p));
        return operator("dropout", Pointwise.apply(MUL, x.value(), mask), saved(mask),
                (dy, to) -> to.add(x, () -> Pointwise.apply(MUL, dy, mask)), x);
    }

    /** An operator whose gradient reads its operand. */
    private static Tensor fromOperand(String op, Unary forward, Pointwise.Binary gradient, Tensor x) {
        return operator(op, Pointwise.apply(forward, x.value()), saved(x.value()),
                (dy, to) -> to.add(x, () -> Pointwise.apply(gradient, x.value(), dy)), x);
    }

    /** An operator whose gradient reads its result. */
    private static Tensor fromResult(String op, Unary forward, Pointwise.Binary gradient, Tensor x) {
        NdArray y = Pointwise.apply(forward, x.value());
        return operator(op, y, saved(y), (dy, to) -> to.add(x, () -> Pointwise.apply(gradient, y, dy)), x);
    }

    /** A fresh cotangent summed down to the shape of its operand. */
    static NdArray reduced(NdArray d, Tensor operand) {
        NdArray out = Sums.to(d, operand.shape());
        d.freeUnless(out);
        return out;
    }
}
