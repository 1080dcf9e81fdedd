package tessella.bench;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import tessella.engine.DType;
import tessella.engine.Extremes;
import tessella.engine.Moments;
import tessella.engine.NdArray;
import tessella.engine.Shape;
import tessella.engine.Sums;

/** Sums, extremes and variances over the rows, the columns or all of a matrix. */
public class ReductionsBenchmark extends EngineBenchmark {
    /** Rows x columns: the tokens of ViT-B on one picture and on 8, and the hidden layer of its MLP on 8. */
    @Param({"197x768", "1576x768", "1576x3072"})
    public String shape;

    /** The type of the elements. */
    @Param("F32")
    public DType dtype;

    NdArray x;
    private Shape extents;

    @Override
    void prepare() {
        extents = Extents.parse(shape, "197x768");
        x = normal("x", dtype, extents);
    }

    private Cost cost(double flop, double results) {
        return Cost.of(flop * x.size(), x).plus(new Cost(0, results * dtype.bytes()));
    }

    /** The sum of all elements. */
    @Benchmark
    public double sum(Counters counters) {
        return measure(counters, cost(1, 1), () -> Sums.sum(x, 1, 0, 1));
    }

    /** The sum of each row. */
    @Benchmark
    public double sumOfRows(Counters counters) {
        return measure(counters, cost(1, extents.dim(0)), () -> Sums.sum(x, 1, 1));
    }

    /** The sum of each column: the gradient of a bias. */
    @Benchmark
    public double sumOfColumns(Counters counters) {
        return measure(counters, cost(1, extents.dim(1)), () -> Sums.sum(x, 1, 0));
    }

    /** The largest of each row. */
    @Benchmark
    public double maxOfRows(Counters counters) {
        return measure(counters, cost(1, extents.dim(0)), () -> Extremes.max(x, 1));
    }

    /** The variance of each row, unbiased. */
    @Benchmark
    public double varianceOfRows(Counters counters) {
        return measure(counters, cost(4, extents.dim(0)), () -> Moments.variance(x, 1, 1).y());
    }

    /** Running sums along each row. */
    @Benchmark
    public double cumulativeSum(Counters counters) {
        return measure(counters, cost(1, x.size()), () -> Moments.cumulative(x, 1));
    }
}
