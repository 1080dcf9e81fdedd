package tessella.autodiff;

import static tessella.autodiff.Tape.operator;
import static tessella.autodiff.Tape.saved;
import static tessella.engine.Pointwise.Binary.ADD;
import static tessella.engine.Pointwise.Binary.DIV;
import static tessella.engine.Pointwise.Binary.GELU_GRADIENT;
import static tessella.engine.Pointwise.Binary.MUL;
import static tessella.engine.Pointwise.Binary.SUB;

import tessella.engine.NdArray;
import tessella.engine.Pointwise;
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

    /** y = e^x; dx = dy y. Results below the normal range are 0. */
    public static Tensor exp(Tensor x) {
        NdArray y = Pointwise.apply(Pointwise.Unary.EXP, x.value());
        return operator("exp", y, saved(y), (dy, to) -> to.add(x, () -> Pointwise.apply(MUL, dy, y)), x);
    }

    /** y = 1 / x; dx = -dy y^2. */
    public static Tensor reciprocal(Tensor x) {
        NdArray y = Pointwise.apply(Pointwise.Unary.RECIPROCAL, x.value());
        return operator("reciprocal", y, saved(y), (dy, to) -> to.add(x, () -> {
            NdArray square = Pointwise.apply(MUL, y, y);
            Pointwise.applyInto(MUL, dy, square, square);
            NdArray dx = Pointwise.scale(square, -1);
            square.free();
            return dx;
        }), x);
    }

    /** GELU, tanh form: y = x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2; dx = dy y'(x). */
    public static Tensor gelu(Tensor x) {
        return operator("gelu", Pointwise.apply(Pointwise.Unary.GELU, x.value()), saved(x.value()),
                (dy, to) -> to.add(x, () -> Pointwise.apply(GELU_GRADIENT, x.value(), dy)), x);
    }

    /** A fresh cotangent summed down to the shape of its operand. */
    static NdArray reduced(NdArray d, Tensor operand) {
        NdArray out = Sums.to(d, operand.shape());
        d.freeUnless(out);
        return out;
    }
}
