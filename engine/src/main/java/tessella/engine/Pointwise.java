package tessella.engine;

import java.lang.foreign.MemorySegment;
import tessella.kernels.DoublePointwise;
import tessella.kernels.FloatPointwise;

/** Elementwise operators over any strides, with broadcasting; results are new contiguous arrays in the innermost scope. */
public final class Pointwise {
    private Pointwise() {}

    private interface Loop1 {
        void run(MemorySegment x, long xo, MemorySegment y, long yo, int n);
    }

    private interface Loop2 {
        void run(MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment y, long yo, int n);
    }

    /** Operators of one operand. */
    public enum Unary {
        /** e^x. */
        EXP(FloatPointwise::exp, DoublePointwise::exp),
        /** 1 / x. */
        RECIPROCAL(FloatPointwise::reciprocal, DoublePointwise::reciprocal),
        /** 1 / (1 + e^-x). */
        SIGMOID(FloatPointwise::sigmoid, DoublePointwise::sigmoid),
        /** x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2. */
        GELU(FloatPointwise::gelu, DoublePointwise::gelu);

        private final Loop1 floats;
        private final Loop1 doubles;

        Unary(Loop1 floats, Loop1 doubles) {
            this.floats = floats;
            this.doubles = doubles;
        }
    }

    /** Operators of two operands. */
    public enum Binary {
        /** a + b. */
        ADD(FloatPointwise::add, FloatPointwise::addScalar, FloatPointwise::addFromScalar,
                DoublePointwise::add, DoublePointwise::addScalar, DoublePointwise::addFromScalar),
        /** a - b. */
        SUB(FloatPointwise::sub, FloatPointwise::subScalar, FloatPointwise::subFromScalar,
                DoublePointwise::sub, DoublePointwise::subScalar, DoublePointwise::subFromScalar),
        /** a b. */
        MUL(FloatPointwise::mul, FloatPointwise::mulScalar, FloatPointwise::mulFromScalar,
                DoublePointwise::mul, DoublePointwise::mulScalar, DoublePointwise::mulFromScalar),
        /** a / b. */
        DIV(FloatPointwise::div, FloatPointwise::divScalar, FloatPointwise::divFromScalar,
                DoublePointwise::div, DoublePointwise::divScalar, DoublePointwise::divFromScalar),
        /** gelu'(a) b: the gradient of GELU at a, applied to the cotangent b. */
        GELU_GRADIENT(FloatPointwise::geluGradient, null, null, DoublePointwise::geluGradient, null, null);

        private final Loop2[] floats;
        private final Loop2[] doubles;

        Binary(Loop2 floats, Loop2 floatsScalar, Loop2 scalarFloats, Loop2 doubles, Loop2 doublesScalar,
                Loop2 scalarDoubles) {
            this.floats = new Loop2[] {floats, floatsScalar, scalarFloats};
            this.doubles = new Loop2[] {doubles, doublesScalar, scalarDoubles};
        }

        private Loop2 loop(DType dtype, long stepA, long stepB) {
            return (dtype == DType.F32 ? floats : doubles)[stepB == 0 && stepA != 0 ? 1 : stepA == 0 && stepB != 0 ? 2 : 0];
        }

        private boolean broadcasts() {
            return floats[1] != null;
        }
    }

    /** y = op(x), elementwise. */
    public static NdArray apply(Unary op, NdArray x) {
        x.check(op.name());
        NdArray y = NdArray.result(op.name(), x.dtype(), x.shape());
        NdArray source = x.contiguous();
        Loop1 loop = x.dtype() == DType.F32 ? op.floats : op.doubles;
        Nest nest = Nest.of(y.shape(), source, y);
        long bytes = x.dtype().bytes();
        nest.run(op.name(), (row, first, length) -> loop.run(source.segment(),
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
        NdArray y = NdArray.result(op.name(), a.dtype(), Shape.broadcast(op.name(), a.shape(), b.shape()));
        applyInto(op, a, b, y);
        return y;
    }

    /**
     * Writes op(a, b) into y, which may be a or b.
     *
     * @throws IllegalArgumentException if the shapes do not broadcast to that of y or the types differ
     */
    public static void applyInto(Binary op, NdArray a, NdArray b, NdArray y) {
        checkTypes(op.name(), a, b);
        checkTypes(op.name(), a, y);
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
        Loop2 loop = nest.run == 1 ? op.loop(y.dtype(), 1, 1) : op.loop(y.dtype(), nest.step[0], nest.step[1]);
        nest.run(op.name(), (row, first, length) -> loop.run(
                a.segment(), a.offset() + (nest.offset(0, row) + first * nest.step[0]) * bytes,
                b.segment(), b.offset() + (nest.offset(1, row) + first * nest.step[1]) * bytes,
                y.segment(), y.offset() + (nest.offset(2, row) + first) * bytes, length), a, b, y);
    }

    /** The operand itself if its runs are contiguous or one repeated element, else a contiguous copy. */
    private static NdArray runs(Binary op, NdArray x) {
        int rank = x.shape().rank();
        int axis = rank - 1;
        while (axis >= 0 && x.shape().dim(axis) == 1) {
            axis--;
        }
        boolean direct = axis < 0 || x.stride(axis) == 1 || (x.stride(axis) == 0 && op.broadcasts());
        return direct ? x : x.copy();
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
            switch (x.dtype()) {
                case F32 -> FloatPointwise.scale(source.segment(), from, (float) s, y.segment(), to, length);
                case F64 -> DoublePointwise.scale(source.segment(), from, s, y.segment(), to, length);
            }
        }, source, y);
        source.freeUnless(x);
        return y;
    }

    /** Sets every element of a contiguous array. */
    static void fill(NdArray y, double value) {
        Nest nest = Nest.of(y.shape(), y);
        long bytes = y.dtype().bytes();
        nest.run("fill", (row, first, length) -> {
            long to = y.offset() + (nest.offset(0, row) + first) * bytes;
            switch (y.dtype()) {
                case F32 -> FloatPointwise.fill(y.segment(), to, (float) value, length);
                case F64 -> DoublePointwise.fill(y.segment(), to, value, length);
            }
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
