package tessella.engine;

import java.lang.foreign.MemorySegment;
import java.util.Locale;
import tessella.kernels.FunctionsKernels;
import tessella.kernels.PointwiseKernels;
import tessella.kernels.Precision;

/** Elementwise operators over any strides, with broadcasting; results are new contiguous arrays in the innermost scope. */
public final class Pointwise {
    private Pointwise() {}

    private interface Loop1 {
        void run(Precision precision, MemorySegment x, long xo, MemorySegment y, long yo, int n);
    }

    private interface Loop2 {
        void run(Precision precision, MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment y, long yo, int n);
    }

    /** Operators of one operand. */
    public enum Unary {
        /** e^x. */
        EXP(FunctionsKernels::exp),
        /** e^x - 1. */
        EXPM1(FunctionsKernels::expm1),
        /** log x. */
        LOG(FunctionsKernels::log),
        /** log(1 + x). */
        LOG1P(FunctionsKernels::log1p),
        /** sqrt(x). */
        SQRT(PointwiseKernels::sqrt),
        /** 1 / sqrt(x). */
        RSQRT(PointwiseKernels::rsqrt),
        /** x^2. */
        SQUARE(PointwiseKernels::square),
        /** 1 / x. */
        RECIPROCAL(PointwiseKernels::reciprocal),
        /** |x|. */
        ABS(PointwiseKernels::abs),
        /** sin x. */
        SIN(FunctionsKernels::sin),
        /** cos x. */
        COS(FunctionsKernels::cos),
        /** tanh x. */
        TANH(FunctionsKernels::tanh),
        /** erf x. */
        ERF(FunctionsKernels::erf),
        /** s(x) = 1 / (1 + e^-x). */
        SIGMOID(FunctionsKernels::sigmoid),
        /** log s(x). */
        LOG_SIGMOID(FunctionsKernels::logSigmoid),
        /** log(1 + e^x). */
        SOFTPLUS(FunctionsKernels::softplus),
        /** x s(x). */
        SILU(FunctionsKernels::silu),
        /** max(x, 0). */
        RELU(PointwiseKernels::relu),
        /** x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2. */
        GELU(FunctionsKernels::gelu),
        /** x (1 + erf(x / sqrt 2)) / 2. */
        GELU_ERF(FunctionsKernels::geluErf);

        private final Loop1 loop;
        private final String title = title(this);

        Unary(Loop1 loop) {
            this.loop = loop;
        }
    }

    /** Operators of two operands; those named X_GRADIENT are the gradient of X, given a and the cotangent b. */
    public enum Binary {
        /** a + b. */
        ADD(PointwiseKernels::add, PointwiseKernels::addScalar, PointwiseKernels::addFromScalar),
        /** a - b. */
        SUB(PointwiseKernels::sub, PointwiseKernels::subScalar, PointwiseKernels::subFromScalar),
        /** a b. */
        MUL(PointwiseKernels::mul, PointwiseKernels::mulScalar, PointwiseKernels::mulFromScalar),
        /** a / b. */
        DIV(PointwiseKernels::div, PointwiseKernels::divScalar, PointwiseKernels::divFromScalar),
        /** max(a, b); NaN if one is. */
        MAX(PointwiseKernels::max),
        /** min(a, b); NaN if one is. */
        MIN(PointwiseKernels::min),
        /** what a receives of the cotangent of max(a, b): 1 where a &gt; b, 1/2 where a = b, else 0. */
        SHARE(PointwiseKernels::share),
        /** a^b. */
        POW(PointwiseKernels::pow),
        /** b a^(b - 1), the derivative of a^b by a. */
        POW_BASE(PointwiseKernels::powBase),
        /** a^b log a, the derivative of a^b by b. */
        POW_EXPONENT(PointwiseKernels::powExponent),
        /** b where a is not 0, else 0. */
        KEEP(PointwiseKernels::keep),
        /** b where a is 0, else 0. */
        DROP(PointwiseKernels::drop),
        /** b where a is not 0, else minus infinity. */
        MASK(PointwiseKernels::mask),
        /** a = y. */
        EXPM1_GRADIENT(FunctionsKernels::expm1Gradient),
        /** a = x. */
        LOG1P_GRADIENT(FunctionsKernels::log1pGradient),
        /** a = y. */
        SQRT_GRADIENT(PointwiseKernels::sqrtGradient),
        /** a = y. */
        RSQRT_GRADIENT(PointwiseKernels::rsqrtGradient),
        /** a = x. */
        SQUARE_GRADIENT(PointwiseKernels::squareGradient),
        /** a = y. */
        RECIPROCAL_GRADIENT(PointwiseKernels::reciprocalGradient),
        /** a = x. */
        ABS_GRADIENT(PointwiseKernels::absGradient),
        /** a = y. */
        TANH_GRADIENT(FunctionsKernels::tanhGradient),
        /** a = x. */
        ERF_GRADIENT(FunctionsKernels::erfGradient),
        /** a = y. */
        SIGMOID_GRADIENT(FunctionsKernels::sigmoidGradient),
        /** a = x. */
        LOG_SIGMOID_GRADIENT(FunctionsKernels::logSigmoidGradient),
        /** a = x. */
        SOFTPLUS_GRADIENT(FunctionsKernels::softplusGradient),
        /** a = x. */
        SILU_GRADIENT(FunctionsKernels::siluGradient),
        /** a = x. */
        RELU_GRADIENT(PointwiseKernels::reluGradient),
        /** a = x. */
        GELU_GRADIENT(FunctionsKernels::geluGradient),
        /** a = x. */
        GELU_ERF_GRADIENT(FunctionsKernels::geluErfGradient);

        private final Loop2 loop;
        private final String title = title(this);
        /** With one element of b for all of a, and of a for all of b; null where a copy of it serves. */
        private final Loop2 scalarRight;
        private final Loop2 scalarLeft;

        Binary(Loop2 loop) {
            this(loop, null, null);
        }

        Binary(Loop2 loop, Loop2 scalarRight, Loop2 scalarLeft) {
            this.loop = loop;
            this.scalarRight = scalarRight;
            this.scalarLeft = scalarLeft;
        }

        private Loop2 loop(long stepA, long stepB) {
            return stepB == 0 && stepA != 0 ? scalarRight : stepA == 0 && stepB != 0 ? scalarLeft : loop;
        }

        private boolean broadcasts() {
            return scalarRight != null;
        }
    }

    /** Such as "gelu gradient". */
    private static String title(Enum<?> op) {
        return op.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    /** y = op(x), elementwise. */
    public static NdArray apply(Unary op, NdArray x) {
        x.check(op.title);
        NdArray y = NdArray.result(op.title, x.dtype(), x.shape());
        NdArray source = x.contiguous();
        Precision precision = x.dtype().precision();
        Nest nest = Nest.of(y.shape(), source, y);
        long bytes = x.dtype().bytes();
        nest.run(op.title, (row, first, length) -> op.loop.run(precision, source.segment(),
                source.offset() + (nest.offset(0, row) + first) * bytes, y.segment(),
                y.offset() + (nest.offset(1, row) + first) * bytes, length), source, y);
        source.freeUnless(x);
        return y;
    }

    /**
     * y = op(a, b), elementwise, a and b broadcast to a common shape.
     *
     * @throws IllegalArgumentException if the shapes do not broadcast or the types differ
     */
    public static NdArray apply(Binary op, NdArray a, NdArray b) {
        NdArray y = NdArray.result(op.title, a.dtype(), Shape.broadcast(op.title, a.shape(), b.shape()));
        applyInto(op, a, b, y);
        return y;
    }

    /**
     * Writes op(a, b) into y, which may be a or b.
     *
     * @throws IllegalArgumentException if the shapes do not broadcast to that of y or the types differ
     */
    public static void applyInto(Binary op, NdArray a, NdArray b, NdArray y) {
        checkTypes(op.title, a, b);
        checkTypes(op.title, a, y);
        NdArray left = a.broadcastTo(y.shape());
        NdArray right = b.broadcastTo(y.shape());
        NdArray left0 = runs(op, left);
        NdArray right0 = runs(op, right);
        Nest nest = Nest.of(y.shape(), left0, right0, y);
        long bytes = y.dtype().bytes();
        boolean both = nest.step[0] == 0 && nest.step[1] == 0 && nest.run > 1;
        NdArray right1 = both ? right0.copy() : right0;
        if (both) {
            // two scalars in a run: rare, and not worth a kernel of its own
            Nest again = Nest.of(y.shape(), left0, right1, y);
            run(op, again, left0, right1, y, bytes);
            right1.free();
        } else {
            run(op, nest, left0, right0, y, bytes);
        }
        left0.freeUnless(left);
        right0.freeUnless(right);
    }

    private static void run(Binary op, Nest nest, NdArray a, NdArray b, NdArray y, long bytes) {
        Precision precision = y.dtype().precision();
        Loop2 loop = nest.run == 1 ? op.loop : op.loop(nest.step[0], nest.step[1]);
        nest.run(op.title, (row, first, length) -> loop.run(precision,
                a.segment(), a.offset() + (nest.offset(0, row) + first * nest.step[0]) * bytes,
                b.segment(), b.offset() + (nest.offset(1, row) + first * nest.step[1]) * bytes,
                y.segment(), y.offset() + (nest.offset(2, row) + first) * bytes, length), a, b, y);
    }

    /** The operand itself if its runs are contiguous or one repeated element, else a contiguous copy. */
    private static NdArray runs(Binary op, NdArray x) {
        long stride = lastStride(x);
        return stride == 1 || (stride == 0 && op.broadcasts()) ? x : x.copy();
    }

    /** The stride of the last axis that is longer than 1; of a single element, 1. */
    private static long lastStride(NdArray x) {
        int axis = x.shape().rank() - 1;
        while (axis >= 0 && x.shape().dim(axis) == 1) {
            axis--;
        }
        return axis < 0 ? 1 : x.stride(axis);
    }

    /** y = s x. */
    public static NdArray scale(NdArray x, double s) {
        x.check("scale");
        NdArray y = NdArray.result("scale", x.dtype(), x.shape());
        NdArray source = x.contiguous();
        Nest nest = Nest.of(y.shape(), source, y);
        long bytes = x.dtype().bytes();
        nest.run("scale", (row, first, length) -> {
            long from = source.offset() + (nest.offset(0, row) + first) * bytes;
            long to = y.offset() + (nest.offset(1, row) + first) * bytes;
            PointwiseKernels.scale(x.dtype().precision(), source.segment(), from, s, y.segment(), to, length);
        }, source, y);
        source.freeUnless(x);
        return y;
    }

    /** y = min(max(x, low), high); NaN stays NaN. */
    public static NdArray clamp(NdArray x, double low, double high) {
        x.check("clamp");
        NdArray y = NdArray.result("clamp", x.dtype(), x.shape());
        each("clamp", y, (in, at, to, length) -> PointwiseKernels.clamp(y.dtype().precision(), in[0].segment(), at[0], low,
                high,
                y.segment(), to, length), x);
        return y;
    }

    /** dx = dy where low <= x <= high, else 0. */
    public static NdArray clampGradient(NdArray x, double low, double high, NdArray dy) {
        checkTypes("clamp gradient", x, dy);
        NdArray dx = NdArray.result("clamp gradient", x.dtype(), x.shape());
        each("clamp gradient", dx, (in, at, to, length) -> PointwiseKernels.clampGradient(dx.dtype().precision(),
                in[0].segment(), at[0], low, high, in[1].segment(), at[1], dx.segment(), to, length), x, dy);
        return dx;
    }

    /**
     * y = c ? a : b, c being true where it is not 0, all broadcast to a common shape.
     *
     * @throws IllegalArgumentException if the shapes do not broadcast or the types differ
     */
    public static NdArray select(NdArray c, NdArray a, NdArray b) {
        checkTypes("where", c, a);
        checkTypes("where", c, b);
        Shape shape = Shape.broadcast("where", Shape.broadcast("where", c.shape(), a.shape()), b.shape());
        NdArray y = NdArray.result("where", a.dtype(), shape);
        each("where", y, (in, at, to, length) -> PointwiseKernels.select(y.dtype().precision(), in[0].segment(), at[0],
                in[1].segment(), at[1], in[2].segment(), at[2], y.segment(), to, length), c, a, b);
        return y;
    }

    private interface Body {
        /** Elements of one run: where each input and the output begin. */
        void run(NdArray[] inputs, long[] at, long to, int length);
    }

    /** Calls body on runs in which every input, broadcast to the shape of y, is contiguous. */
    private static void each(String op, NdArray y, Body body, NdArray... inputs) {
        NdArray[] operands = new NdArray[inputs.length + 1];
        for (int i = 0; i < inputs.length; i++) {
            NdArray wide = inputs[i].broadcastTo(y.shape());
            operands[i] = lastStride(wide) == 1 ? wide : wide.copy();
        }
        operands[inputs.length] = y;
        Nest nest = Nest.of(y.shape(), operands);
        long bytes = y.dtype().bytes();
        nest.run(op, (row, first, length) -> {
            long[] at = new long[operands.length];
            for (int i = 0; i < at.length; i++) {
                at[i] = operands[i].offset() + (nest.offset(i, row) + first) * bytes;
            }
            body.run(operands, at, at[inputs.length], length);
        }, operands);
        for (int i = 0; i < inputs.length; i++) {
            operands[i].freeUnless(inputs[i]);
        }
    }

    /** Sets every element of a contiguous array. */
    static void fill(NdArray y, double value) {
        Nest nest = Nest.of(y.shape(), y);
        long bytes = y.dtype().bytes();
        nest.run("fill", (row, first, length) -> {
            long to = y.offset() + (nest.offset(0, row) + first) * bytes;
            PointwiseKernels.fill(y.dtype().precision(), y.segment(), to, value, length);
        }, y);
    }

    static void checkTypes(String op, NdArray a, NdArray b) {
        a.check(op);
        b.check(op);
        if (a.dtype() != b.dtype()) {
            throw new IllegalArgumentException(op + ": expected operands of one type, found " + a.dtype() + " " + a.shape()
                    + " and " + b.dtype() + " " + b.shape() + "; convert one of them");
        }
    }
}
