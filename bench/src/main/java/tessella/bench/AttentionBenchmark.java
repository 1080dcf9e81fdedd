package tessella.bench;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import tessella.engine.DType;
import tessella.engine.Heads;
import tessella.engine.NdArray;
import tessella.engine.Shape;

/**
 * Attention of many heads without the matrix of weights. Of batch x heads x tokens x width, its two products have 4 b h n^2 d
 * operations, those of the gradient 8 b h n^2 d; the weights that the gradient computes again are not counted.
 */
public class AttentionBenchmark extends EngineBenchmark {
    /** Batch x heads x tokens x width of a head: ViT-Ti and ViT-B at 224 pixels, one and 8 pictures, and ViT-B at 448. */
    @Param({"1x3x197x64", "1x12x197x64", "8x12x197x64", "1x12x785x64"})
    public String bhnd;

    /** The type of the elements. */
    @Param("F32")
    public DType dtype;

    NdArray q;
    NdArray k;
    NdArray v;
    NdArray dO;
    double scale;
    private Cost forward;
    private Cost gradient;

    @Override
    void prepare() {
        Shape extents = Extents.parse(bhnd, "1x12x197x64");
        Shape rows = Shape.of(extents.dim(0), extents.dim(2), extents.dim(1), extents.dim(3));
        q = normal("q", dtype, rows);
        k = normal("k", dtype, rows);
        v = normal("v", dtype, rows);
        dO = normal("dO", dtype, rows);
        scale = 1 / Math.sqrt(extents.dim(3));
        double product = 2.0 * extents.size() * extents.dim(2);
        forward = Cost.of(2 * product, q, k, v, dO);
        gradient = Cost.of(4 * product, q, k, v, dO, q, k, v);
    }

    /** o = softmax(scale q k^T) v. */
    @Benchmark
    public double forward(Counters counters) {
        return measure(counters, forward, () -> Heads.forward(q, k, v, scale).o());
    }

    /** o, and from its cotangent dq, dk and dv. */
    @Benchmark
    public double forwardAndBackward(Counters counters) {
        return measureAll(counters, forward.plus(gradient), () -> {
            Heads.Gradient d = Heads.gradient(q, k, v, Heads.forward(q, k, v, scale), dO, scale);
            return new NdArray[] {d.dq(), d.dk(), d.dv()};
        });
    }
}
