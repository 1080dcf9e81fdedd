package tessella.bench;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Shape;
import tessella.engine.Softmaxes;

/**
 * Softmax over the rows or the columns of a matrix, its relatives and its gradient; 4 operations an element, an exp counted as
 * one.
 */
public class SoftmaxBenchmark extends EngineBenchmark {
    /** Rows x columns: the logits of 12 heads, of a batch of classifiers, of long rows, and of the router of soft-moe-tiny. */
    @Param({"2364x197", "256x1000", "36x4096", "784x48"})
    public String shape;

    /** The type of the elements. */
    @Param("F32")
    public DType dtype;

    NdArray x;
    NdArray y;
    NdArray dy;
    private Cost elementwise;
    private Cost toRows;
    private Cost gradient;

    @Override
    void prepare() {
        Shape extents = Extents.parse(shape, "2364x197");
        x = normal("x", dtype, extents);
        dy = normal("dy", dtype, extents);
        y = Softmaxes.forward(x, 1);
        keep(y);
        elementwise = Cost.of(4.0 * x.size(), x, y);
        toRows = Cost.of(3.0 * x.size(), x).plus(new Cost(0, (double) extents.dim(0) * dtype.bytes()));
        gradient = Cost.of(4.0 * x.size(), y, dy, x);
    }

    /** Each row sums to 1. */
    @Benchmark
    public double rows(Counters counters) {
        return measure(counters, elementwise, () -> Softmaxes.forward(x, 1));
    }

    /** Each column sums to 1: the dispatch weights of Soft MoE. */
    @Benchmark
    public double columns(Counters counters) {
        return measure(counters, elementwise, () -> Softmaxes.forward(x, 0));
    }

    /** dx = y (dy - sum y dy), row by row. */
    @Benchmark
    public double rowsGradient(Counters counters) {
        return measure(counters, gradient, () -> Softmaxes.gradient(y, dy, 1));
    }

    /** x - logsumexp(x), row by row. */
    @Benchmark
    public double logSoftmax(Counters counters) {
        return measure(counters, elementwise, () -> Softmaxes.logForward(x, 1));
    }

    /** One number a row. */
    @Benchmark
    public double logSumExp(Counters counters) {
        return measure(counters, toRows, () -> Softmaxes.logSumExp(x, 1));
    }
}
