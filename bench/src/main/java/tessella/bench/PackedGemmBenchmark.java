package tessella.bench;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import tessella.engine.DType;
import tessella.engine.MatMul;
import tessella.engine.NdArray;
import tessella.engine.PackedMatrix;
import tessella.engine.Scope;
import tessella.engine.Shape;

/** The product of a dense layer whose weights were packed before: y = x w with x [m, k] and w [k, n], all of float32 but the weights. */
public class PackedGemmBenchmark extends EngineBenchmark {
    /** Extents m x k x n: one layer of ViT-B on a few rows, and on one picture. */
    @Param({"1x768x3072", "4x768x3072", "8x768x3072", "197x768x3072"})
    public String mkn;

    NdArray x;
    NdArray w;
    private PackedMatrix single;
    private PackedMatrix half;
    private Cost cost;
    private Cost costOfHalf;

    @Override
    void prepare() {
        Shape extents = Extents.parse(mkn, "197x768x3072");
        x = normal("x", DType.F32, extents.axes(0, 2));
        w = normal("w", DType.F32, extents.axes(1, 3));
        single = PackedMatrix.of(scope(), w);
        half = PackedMatrix.bfloat16(scope(), w);
        NdArray y = NdArray.empty(Scope.current(), DType.F32, Shape.of(extents.dim(0), extents.dim(2)));
        cost = Cost.of(2.0 * extents.size(), x, w, y);
        costOfHalf = Cost.of(2.0 * extents.size(), x, w.to(DType.BF16), y);
    }

    /** y = x w with the weights as they are. */
    @Benchmark
    public double multiply(Counters counters) {
        return measure(counters, cost, () -> MatMul.multiply(x, single));
    }

    /** y = x w with the weights rounded to bfloat16. */
    @Benchmark
    public double bfloat16(Counters counters) {
        return measure(counters, costOfHalf, () -> MatMul.multiply(x, half));
    }
}
