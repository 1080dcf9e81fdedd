package tessella.models.cli;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import tessella.engine.AttentionMask;
import tessella.engine.DType;
import tessella.engine.Heads;
import tessella.engine.MatMul;
import tessella.engine.NdArray;
import tessella.engine.PackedMatrix;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.kernels.CopiesKernels;
import tessella.kernels.DoubleGemm;
import tessella.kernels.FloatGemm;
import tessella.kernels.FunctionsKernels;
import tessella.kernels.Halves;
import tessella.kernels.LossesKernels;
import tessella.kernels.NormsKernels;
import tessella.kernels.OptimizersKernels;
import tessella.kernels.PointwiseKernels;
import tessella.kernels.Precision;
import tessella.kernels.ReductionsKernels;
import tessella.kernels.SoftmaxKernels;

/**
 * Every public kernel of one precision, on matrices that stay in the second cache, with values on which it may run for ever.
 * Products and attention run through the engine, which chooses their tiles and packs their operands.
 */
final class Kernels implements AutoCloseable {
    /** Bytes that stand for all kernels when copies are measured. */
    static final long WORKING_SET = 1 << 18;
    /** Rows to time kernels on, in the second cache, and to warm them up on: many short calls make the compiler take notice. */
    static final int TIMED = 32;
    static final int WARM_UP = 2;
    private static final int COLUMNS = 256;
    /** Arrays that a kernel may read and write, of n elements each. */
    private static final int ARRAYS = 8;
    /** Like a rate of learning, so that what is learned stays where it is. */
    private static final double STILL = 1e-12;

    private final Arena arena = Arena.ofShared();
    private final Scope scope = Scope.open();
    private final Precision p;
    private final int rows;
    private final int n;
    private final DType dtype;
    private final MemorySegment memory;
    private final List<Kernel> all = new ArrayList<>();

    /** A kernel of one operand. */
    private interface One {
        void run(Precision precision, MemorySegment x, long xo, MemorySegment y, long yo, int n);
    }

    /** A kernel of two operands. */
    private interface Two {
        void run(Precision precision, MemorySegment a, long ao, MemorySegment b, long bo, MemorySegment y, long yo, int n);
    }

    /** A kernel that makes a row of another. */
    private interface Rows {
        void run(Precision precision, MemorySegment x, long xo, MemorySegment y, long yo, int rows, int n);
    }

    /**
     * The kernels of a precision.
     *
     * @param precision what they compute in
     * @param rows      of the matrices
     */
    Kernels(Precision precision, int rows) {
        p = precision;
        this.rows = rows;
        n = rows * COLUMNS;
        dtype = p == Precision.SINGLE ? DType.F32 : DType.F64;
        memory = arena.allocate(ARRAYS * n * dtype.bytes(), 64);
        SplittableRandom random = new SplittableRandom(1);
        for (long i = 0; i < (long) ARRAYS * n; i++) {
            double value = 0.5 + random.nextDouble();
            if (p == Precision.SINGLE) {
                memory.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) value);
            } else {
                memory.setAtIndex(ValueLayout.JAVA_DOUBLE, i, value);
            }
        }
        pointwise();
        functions();
        reductions();
        softmax();
        norms();
        losses();
        optimizers();
        copies();
        products();
        attention();
    }

    /** All, those of a family side by side. */
    List<Kernel> all() {
        return List.copyOf(all);
    }

    /** Where an array begins. */
    private long at(int array) {
        return array * n * dtype.bytes();
    }

    /** A kernel that passes so many times over n elements, reading and writing counted. */
    private void add(String family, String name, double expected, double passes, Runnable call) {
        all.add(new Kernel(family, name, 0, passes * n * dtype.bytes(), expected, call));
    }

    private void one(String family, String name, double expected, One kernel) {
        add(family, name, expected, 2, () -> kernel.run(p, memory, at(0), memory, at(7), n));
    }

    private void two(String family, String name, double expected, Two kernel) {
        add(family, name, expected, 3, () -> kernel.run(p, memory, at(0), memory, at(1), memory, at(7), n));
    }

    private void pointwise() {
        String family = "Pointwise";
        two(family, "add", 0.6, PointwiseKernels::add);
        two(family, "addScalar", 0.6, PointwiseKernels::addScalar);
        two(family, "addFromScalar", 0.6, PointwiseKernels::addFromScalar);
        two(family, "sub", 0.6, PointwiseKernels::sub);
        two(family, "subScalar", 0.6, PointwiseKernels::subScalar);
        two(family, "subFromScalar", 0.6, PointwiseKernels::subFromScalar);
        two(family, "mul", 0.6, PointwiseKernels::mul);
        two(family, "mulScalar", 0.6, PointwiseKernels::mulScalar);
        two(family, "mulFromScalar", 0.6, PointwiseKernels::mulFromScalar);
        two(family, "div", 0.5, PointwiseKernels::div);
        two(family, "divScalar", 0.5, PointwiseKernels::divScalar);
        two(family, "divFromScalar", 0.5, PointwiseKernels::divFromScalar);
        add(family, "scale", 0.6, 2, () -> PointwiseKernels.scale(p, memory, at(0), 0.5, memory, at(7), n));
        add(family, "fill", 0.5, 1, () -> PointwiseKernels.fill(p, memory, at(7), 0.5, n));
        one(family, "reciprocal", 0.4, PointwiseKernels::reciprocal);
        one(family, "abs", 0.5, PointwiseKernels::abs);
        one(family, "sqrt", 0.4, PointwiseKernels::sqrt);
        one(family, "rsqrt", 0.2, PointwiseKernels::rsqrt);
        one(family, "square", 0.5, PointwiseKernels::square);
        one(family, "relu", 0.5, PointwiseKernels::relu);
        add(family, "clamp", 0.4, 2, () -> PointwiseKernels.clamp(p, memory, at(0), 0.7, 1.2, memory, at(7), n));
        add(family, "clampGradient", 0.5, 3,
                () -> PointwiseKernels.clampGradient(p, memory, at(0), 0.7, 1.2, memory, at(1), memory, at(7), n));
        add(family, "select", 0.5, 4,
                () -> PointwiseKernels.select(p, memory, at(0), memory, at(1), memory, at(2), memory, at(7), n));
        two(family, "keep", 0.5, PointwiseKernels::keep);
        two(family, "drop", 0.5, PointwiseKernels::drop);
        two(family, "mask", 0.5, PointwiseKernels::mask);
        two(family, "max", 0.5, PointwiseKernels::max);
        two(family, "min", 0.5, PointwiseKernels::min);
        two(family, "share", 0.5, PointwiseKernels::share);
        two(family, "pow", 0.002, PointwiseKernels::pow);
        two(family, "powBase", 0.002, PointwiseKernels::powBase);
        two(family, "powExponent", 0.002, PointwiseKernels::powExponent);
        two(family, "absGradient", 0.5, PointwiseKernels::absGradient);
        two(family, "sqrtGradient", 0.5, PointwiseKernels::sqrtGradient);
        two(family, "rsqrtGradient", 0.5, PointwiseKernels::rsqrtGradient);
        two(family, "squareGradient", 0.5, PointwiseKernels::squareGradient);
        two(family, "reciprocalGradient", 0.5, PointwiseKernels::reciprocalGradient);
        two(family, "reluGradient", 0.5, PointwiseKernels::reluGradient);
    }

    private void functions() {
        String family = "Functions";
        one(family, "exp", 0.3, FunctionsKernels::exp);
        one(family, "expm1", 0.25, FunctionsKernels::expm1);
        one(family, "log", 0.2, FunctionsKernels::log);
        one(family, "log1p", 0.2, FunctionsKernels::log1p);
        one(family, "tanh", 0.2, FunctionsKernels::tanh);
        one(family, "erf", 0.12, FunctionsKernels::erf);
        one(family, "sin", 0.2, FunctionsKernels::sin);
        one(family, "cos", 0.2, FunctionsKernels::cos);
        one(family, "sigmoid", 0.25, FunctionsKernels::sigmoid);
        one(family, "logSigmoid", 0.1, FunctionsKernels::logSigmoid);
        one(family, "softplus", 0.1, FunctionsKernels::softplus);
        one(family, "silu", 0.25, FunctionsKernels::silu);
        one(family, "gelu", 0.25, FunctionsKernels::gelu);
        one(family, "geluErf", 0.1, FunctionsKernels::geluErf);
        two(family, "expm1Gradient", 0.6, FunctionsKernels::expm1Gradient);
        two(family, "log1pGradient", 0.6, FunctionsKernels::log1pGradient);
        two(family, "tanhGradient", 0.6, FunctionsKernels::tanhGradient);
        two(family, "erfGradient", 0.3, FunctionsKernels::erfGradient);
        two(family, "sigmoidGradient", 0.6, FunctionsKernels::sigmoidGradient);
        two(family, "logSigmoidGradient", 0.3, FunctionsKernels::logSigmoidGradient);
        two(family, "softplusGradient", 0.3, FunctionsKernels::softplusGradient);
        two(family, "siluGradient", 0.3, FunctionsKernels::siluGradient);
        two(family, "geluGradient", 0.25, FunctionsKernels::geluGradient);
        two(family, "geluErfGradient", 0.12, FunctionsKernels::geluErfGradient);
    }

    private void rows(String family, String name, double expected, double passes, Rows kernel) {
        add(family, name, expected, passes, () -> kernel.run(p, memory, at(0), memory, at(7), rows, COLUMNS));
    }

    private void reductions() {
        String family = "Reductions";
        int[] indices = new int[rows];
        add(family, "rowSums", 0.8, 1, () -> ReductionsKernels.rowSums(p, memory, at(0), 0.5, memory, at(7), rows, COLUMNS));
        add(family, "columnSums", 0.8, 1,
                () -> ReductionsKernels.columnSums(p, memory, at(0), 0.5, memory, at(7), rows, COLUMNS, 0, COLUMNS));
        add(family, "sumOfSquares", 0.8, 1, () -> ReductionsKernels.sumOfSquares(p, memory, at(0), n));
        rows(family, "maxRows", 0.25, 1, ReductionsKernels::maxRows);
        rows(family, "minRows", 0.25, 1, ReductionsKernels::minRows);
        add(family, "argmaxRows", 0.08, 1, () -> ReductionsKernels.argmaxRows(p, memory, at(0), indices, 0, rows, COLUMNS));
        add(family, "extremeRowsGradient", 0.15, 2, () -> ReductionsKernels.extremeRowsGradient(p, memory, at(0), memory, at(1),
                memory, at(2), memory, at(7), rows, COLUMNS));
        add(family, "varianceRows", 0.2, 2,
                () -> ReductionsKernels.varianceRows(p, memory, at(0), 1, memory, at(6), memory, at(7), rows, COLUMNS));
        add(family, "varianceRowsGradient", 0.4, 2, () -> ReductionsKernels.varianceRowsGradient(p, memory, at(0), memory, at(1), 1,
                memory, at(2), memory, at(7), rows, COLUMNS));
        rows(family, "cumulativeRows", 0.15, 2, ReductionsKernels::cumulativeRows);
        rows(family, "cumulativeRowsGradient", 0.08, 2, ReductionsKernels::cumulativeRowsGradient);
    }

    private void softmax() {
        String family = "Softmax";
        rows(family, "rows", 0.2, 2, SoftmaxKernels::rows);
        add(family, "exponentials", 0.2, 2,
                () -> SoftmaxKernels.exponentials(p, memory, at(7), COLUMNS, rows, COLUMNS, memory, at(6), memory,
                        at(6) + rows * dtype.bytes()));
        // log-normalisers of 2 and more: e^(x - 2) falls to 0.16, and stays there
        MemorySegment large = memory.asSlice(at(5), n * dtype.bytes());
        PointwiseKernels.fill(p, large, 0, 2, n);
        add(family, "rowsFromNormaliser", 0.4, 2,
                () -> SoftmaxKernels.rowsFromNormaliser(p, memory, at(7), COLUMNS, rows, COLUMNS, memory, at(5)));
        add(family, "rowsGradient", 0.4, 3,
                () -> SoftmaxKernels.rowsGradient(p, memory, at(0), memory, at(1), memory, at(7), rows, COLUMNS));
        add(family, "columns", 0.15, 2, () -> SoftmaxKernels.columns(p, memory, at(0), memory, at(7), rows, COLUMNS, 0, COLUMNS));
        add(family, "columnsGradient", 0.4, 3, () -> SoftmaxKernels.columnsGradient(p, memory, at(0), memory, at(1), memory, at(7),
                rows, COLUMNS, 0, COLUMNS));
        rows(family, "logSumExpRows", 0.1, 1, SoftmaxKernels::logSumExpRows);
        add(family, "logSumExpRowsGradient", 0.3, 2, () -> SoftmaxKernels.logSumExpRowsGradient(p, memory, at(0), memory, at(1),
                memory, at(2), memory, at(7), rows, COLUMNS));
        rows(family, "logSoftmaxRows", 0.15, 2, SoftmaxKernels::logSoftmaxRows);
        add(family, "logSoftmaxRowsGradient", 0.35, 3,
                () -> SoftmaxKernels.logSoftmaxRowsGradient(p, memory, at(0), memory, at(1), memory, at(7), rows, COLUMNS));
    }

    private void norms() {
        String family = "Norms";
        add(family, "layerNorm", 0.1, 2, () -> NormsKernels.layerNorm(p, memory, at(0), memory, at(1), memory, at(2), memory, at(7),
                memory, at(5), memory, at(6), rows, COLUMNS, 1e-6));
        add(family, "layerNormGradient", 0.12, 3, () -> NormsKernels.layerNormGradient(p, memory, at(0), memory, at(1), memory,
                at(2), memory, at(3), memory, at(3), memory, at(7), memory, at(5), memory, at(6), rows, COLUMNS));
        add(family, "rms", 0.15, 2, () -> NormsKernels.rms(p, memory, at(0), memory, at(1), memory, at(7), memory, at(6), rows,
                COLUMNS, 1e-6));
        add(family, "rmsGradient", 0.2, 3, () -> NormsKernels.rmsGradient(p, memory, at(0), memory, at(1), memory, at(2), memory,
                at(3), memory, at(7), memory, at(6), rows, COLUMNS));
        add(family, "l2", 0.25, 2,
                () -> NormsKernels.l2(p, memory, at(0), memory, at(7), memory, at(6), rows, COLUMNS, 1e-6));
        add(family, "l2Gradient", 0.4, 3, () -> NormsKernels.l2Gradient(p, memory, at(0), memory, at(1), memory, at(2), memory,
                at(7), rows, COLUMNS));
    }

    private void losses() {
        String family = "Losses";
        int[] labels = new int[rows];
        add(family, "crossEntropy", 0.15, 2, () -> LossesKernels.crossEntropy(p, memory, at(0), labels, 0, 0.1, memory, at(7),
                memory, at(6), rows, COLUMNS));
        add(family, "crossEntropyGradient", 0.5, 2, () -> LossesKernels.crossEntropyGradient(p, memory, at(0), labels, 0, 0.1,
                memory, at(1), memory, at(7), rows, COLUMNS));
        add(family, "crossEntropySoft", 0.2, 3, () -> LossesKernels.crossEntropySoft(p, memory, at(0), memory, at(1), memory, at(7),
                memory, at(6), rows, COLUMNS));
        add(family, "crossEntropySoftGradient", 0.4, 3, () -> LossesKernels.crossEntropySoftGradient(p, memory, at(0), memory,
                at(1), memory, at(2), memory, at(7), rows, COLUMNS));
        add(family, "sigmoidCrossEntropy", 0.1, 2, () -> LossesKernels.sigmoidCrossEntropy(p, memory, at(0), memory, at(1), memory,
                at(7), rows, COLUMNS));
        add(family, "sigmoidCrossEntropyGradient", 0.3, 3, () -> LossesKernels.sigmoidCrossEntropyGradient(p, memory, at(0), memory,
                at(1), memory, at(2), memory, at(7), rows, COLUMNS));
    }

    private void optimizers() {
        String family = "Optimizers";
        double never = Double.POSITIVE_INFINITY;
        add(family, "adamW", 0.35, 7, () -> OptimizersKernels.adamW(p, memory, at(3), memory, at(1), memory, at(4), memory, at(2), n,
                STILL, 0.9, 0.1, 0.99, 0.01, 1, 1, 1e-8, 0, never));
        add(family, "average", 0.6, 3, () -> OptimizersKernels.average(p, memory, at(7), memory, at(1), n, 0.9, 0.1));
        add(family, "averageSquares", 0.6, 3,
                () -> OptimizersKernels.averageSquares(p, memory, at(7), memory, at(1), n, 0.9, 0.1, STILL, never));
        add(family, "descend", 0.6, 3,
                () -> OptimizersKernels.descend(p, memory, at(3), memory, at(1), n, STILL, 1, 1, 0, 0, never));
        add(family, "momentum", 0.5, 5,
                () -> OptimizersKernels.momentum(p, memory, at(3), memory, at(1), memory, at(7), n, STILL, 0.9, 0.9, 1, 1, 0, 0,
                        never));
        add(family, "lineSquares", 0.25, 1, () -> OptimizersKernels.lineSquares(p, memory, at(1), memory, at(7), rows, COLUMNS, 0.9,
                0.1, 1, STILL, never));
        add(family, "columnSquares", 0.3, 1, () -> OptimizersKernels.columnSquares(p, memory, at(1), COLUMNS * dtype.bytes(),
                memory, at(7), rows, COLUMNS, 0.9, 0.1, STILL, never));
        add(family, "scaledSquares", 0.25, 2, () -> OptimizersKernels.scaledSquares(p, memory, at(1), memory, at(2), n, 1, never));
        add(family, "scaledAverage", 0.5, 4,
                () -> OptimizersKernels.scaledAverage(p, memory, at(7), memory, at(1), memory, at(2), n, 0.9, 0.1, 1, never));
        add(family, "scaledMove", 0.5, 4, () -> OptimizersKernels.scaledMove(p, memory, at(3), memory, at(1), memory, at(2), n,
                STILL, 1, 0, 1, never));
        add(family, "factoredSquares", 0.12, 1, () -> OptimizersKernels.factoredSquares(p, memory, at(1), memory, at(0), memory,
                at(2), memory, at(4), 0, rows, rows, 1, COLUMNS, 1, 1, never));
        add(family, "factoredAverage", 0.35, 3, () -> OptimizersKernels.factoredAverage(p, memory, at(7), memory, at(1), memory,
                at(0), memory, at(2), memory, at(4), 0, rows, rows, 1, COLUMNS, 1, 0.9, 0.1, 1, never));
        add(family, "factoredMove", 0.35, 3, () -> OptimizersKernels.factoredMove(p, memory, at(3), memory, at(1), memory, at(0),
                memory, at(2), memory, at(4), 0, rows, rows, 1, COLUMNS, 1, STILL, 1, 0, 1, never));
    }

    private void copies() {
        String family = "Copies";
        int[] picks = new int[rows];
        int[] places = new int[n];
        for (int i = 0; i < n; i++) {
            picks[i % rows] = i * 7 % rows;
            places[i] = i * 7 % rows;
        }
        add(family, "copy", 0.5, 2,
                () -> CopiesKernels.copy(p, memory, at(0), COLUMNS, 1, memory, at(7), COLUMNS, rows, COLUMNS));
        add(family, "copy turned", 0.1, 2,
                () -> CopiesKernels.copy(p, memory, at(0), 1, rows, memory, at(7), COLUMNS, rows, COLUMNS));
        add(family, "gatherRows", 0.8, 2,
                () -> CopiesKernels.gatherRows(p, memory, at(0), picks, 0, memory, at(7), rows, COLUMNS));
        add(family, "scatterAddRows", 0.6, 3,
                () -> CopiesKernels.scatterAddRows(p, memory, at(0), picks, 0, memory, at(7), rows, COLUMNS, 0, COLUMNS));
        add(family, "gatherElements", 0.1, 2,
                () -> CopiesKernels.gatherElements(p, memory, at(0), places, 0, memory, at(7), rows, COLUMNS));
        add(family, "scatterAddElements", 0.15, 3,
                () -> CopiesKernels.scatterAddElements(p, memory, at(0), places, 0, memory, at(7), rows, COLUMNS));
        if (p == Precision.SINGLE) {
            half("fromBfloat16", 0.4, () -> Halves.fromBfloat16(memory, at(0), memory, at(7), n));
            half("toBfloat16", 0.15, () -> Halves.toBfloat16(memory, at(0), memory, at(7), n));
            half("fromFloat16", 0.15, () -> Halves.fromFloat16(memory, at(0), memory, at(7), n));
            half("toFloat16", 0.25, () -> Halves.toFloat16(memory, at(0), memory, at(7), n));
            add("Halves", "copy", 0.25, 1, () -> Halves.copy(memory, at(0), COLUMNS, 1, memory, at(7), COLUMNS, rows, COLUMNS));
            // float64 takes two arrays
            add("Halves", "toDouble", 0.5, 3, () -> Halves.toDouble(memory, at(0), memory, at(6), n));
            add("Halves", "fromDouble", 0.5, 3, () -> Halves.fromDouble(memory, at(4), memory, at(7), n));
            add("Halves", "fromDoubleToOdd", 0.12, 3, () -> Halves.fromDoubleToOdd(memory, at(4), memory, at(7), n));
        }
    }

    private void half(String name, double expected, Runnable call) {
        add("Halves", name, expected, 1.5, call);
    }

    private NdArray array(long... dims) {
        return NdArray.full(scope, dtype, Shape.of(dims), 0.5);
    }

    /** A product of the engine, which packs what it must; its result is returned at once. */
    private void product(String name, double expected, NdArray a, NdArray b) {
        double flop = 2.0 * a.size() * b.shape().dim(-1);
        double bytes = (double) (a.size() + b.size() + a.size() / a.shape().dim(-1) * b.shape().dim(-1)) * dtype.bytes();
        all.add(new Kernel("Gemm", name, flop, bytes, expected, () -> MatMul.multiply(a, b).free()));
    }

    /** A product with a B that was packed before. */
    private void product(String family, String name, double expected, NdArray a, PackedMatrix b) {
        long n = b.shape().dim(-1);
        double flop = 2.0 * a.size() * n;
        double bytes = (double) (a.size() + a.size() / a.shape().dim(-1) * n) * dtype.bytes()
                + (double) b.shape().size() * b.dtype().bytes();
        all.add(new Kernel(family, name, flop, bytes, expected, () -> MatMul.multiply(a, b).free()));
    }

    private void products() {
        boolean single = p == Precision.SINGLE;
        int most = single ? FloatGemm.MR : DoubleGemm.MR;
        int width = single ? FloatGemm.WIDTH : DoubleGemm.WIDTH;
        long inner = 8L * rows;
        long outer = 16L * rows;
        NdArray b = array(inner, 8L * width);
        for (int m = 1; m <= most; m++) {
            product("multiply, tile of " + m + (m == 1 ? " row" : " rows"), 0.6, array(m, inner), b);
        }
        product("multiplyFresh, columns that are no vectors", 0.5, array(10L * most, inner), array(inner, outer - 1));
        product("multiplyFresh, B in rows", 0.6, array(197, inner), array(inner, outer));
        product("multiplyFresh, B turned", 0.6, array(197, inner), array(outer, inner).transpose());
        product("multiplyFresh, A turned", 0.6, array(inner, 197).transpose(), array(inner, outer));
        product("multiplyFresh, B with gaps", 0.4, array(197, inner), array(inner, outer, 2).slice(2, 0, 1).reshape(Shape.of(inner, outer)));
        product("multiplyFresh, long rows", 0.6, array(197, 6 * inner), array(6 * inner, inner));
        // above 1 MB even for the warm-up: weights from memory are read as streams
        long side = 512 + 16L * rows;
        NdArray large = array(side, side);
        product("multiplyFresh, 8 rows, B in rows from memory", 0.35, array(8, side), large);
        product("multiplyFresh, 8 rows, B turned from memory", 0.25, array(8, side), large.transpose());
        NdArray weights = array(inner, outer);
        PackedMatrix packed = PackedMatrix.of(scope, weights);
        product("Gemm", "multiply, B packed before", 0.6, array(197, inner), packed);
        product("Gemm", "multiply, B packed before, 1 row", 0.4, array(1, inner), packed);
        if (single) {
            PackedMatrix half = PackedMatrix.bfloat16(scope, weights);
            product("HalfGemm", "multiply, 197 rows", 0.5, array(197, inner), half);
            product("HalfGemm", "multiply, 8 rows", 0.5, array(8, inner), half);
            product("HalfGemm", "multiply, 1 row", 0.4, array(1, inner), half);
        }
    }

    private void attention() {
        long tokens = 6L * rows + 5;
        NdArray q = array(1, tokens, 2, 64);
        NdArray bias = array(1, 2, tokens, tokens);
        double product = 2.0 * 2 * tokens * tokens * 64;
        double bytes = 4.0 * q.size() * dtype.bytes();
        Heads.Attention o = Heads.forward(q, q, q, 0.1);
        Heads.Attention masked = Heads.forward(q, q, q, 0.1, AttentionMask.causal(), bias);
        attention("forward", 2 * product, bytes, () -> release(Heads.forward(q, q, q, 0.1)));
        attention("forward, causal, with a bias", 2 * product, bytes,
                () -> release(Heads.forward(q, q, q, 0.1, AttentionMask.causal(), bias)));
        attention("backward", 5 * product, 2 * bytes, () -> release(Heads.gradient(q, q, q, o, q, 0.1)));
        attention("backward, causal, with a bias", 5 * product, 2 * bytes,
                () -> release(Heads.gradient(q, q, q, masked, q, 0.1, AttentionMask.causal(), bias)));
    }

    private void attention(String name, double flop, double bytes, Runnable call) {
        all.add(new Kernel("Attention", name, flop, bytes, 0.2, call));
    }

    private static void release(Heads.Attention attention) {
        attention.o().free();
        attention.normalisers().free();
    }

    private static void release(Heads.Gradient gradient) {
        gradient.dq().free();
        gradient.dk().free();
        gradient.dv().free();
    }

    @Override
    public void close() {
        scope.close();
        arena.close();
    }
}
