package tessella.bench;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import tessella.engine.DType;
import tessella.engine.MatMul;
import tessella.engine.NdArray;
import tessella.engine.Shape;

/**
 * The matrix products of a dense layer, packing and memory of the result included: y = x w with x [m, k] and w [k, n], and the two
 * of its gradient, which read an operand transposed. Each has 2 m k n operations.
 */
public class GemmBenchmark extends EngineBenchmark {
    /**
     * Extents m x k x n: the layers of ViT-Ti, S, B and L on one picture and on 8 (197 tokens each), few rows, one head of
     * attention, odd sizes, and a square.
     */
    @Param({"197x192x192", "197x192x768", "197x768x192", "1576x192x192", "1576x192x768", "1576x768x192",
        "197x384x384", "197x384x1536", "197x1536x384", "1576x384x384", "1576x384x1536", "1576x1536x384",
        "197x768x768", "197x768x3072", "197x3072x768", "1576x768x768", "1576x768x3072", "1576x3072x768",
        "197x1024x1024", "197x1024x4096", "197x4096x1024", "1576x1024x1024", "1576x1024x4096", "1576x4096x1024",
        "1x768x3072", "2x768x3072", "4x768x3072", "8x768x3072", "16x768x3072",
        "197x64x197", "101x257x129", "13x1001x37", "1024x1024x1024"})
    public String mkn;

    /** The type of the elements: F32 or F64. */
    @Param("F32")
    public DType dtype;

    NdArray x;
    NdArray w;
    NdArray dy;
    private NdArray xTransposed;
    private NdArray wTransposed;
    private Cost cost;

    @Override
    void prepare() {
        Shape extents = Extents.parse(mkn, "197x768x3072");
        x = normal("x", dtype, extents.axes(0, 2));
        w = normal("w", dtype, extents.axes(1, 3));
        dy = normal("dy", dtype, Shape.of(extents.dim(0), extents.dim(2)));
        xTransposed = x.transpose();
        wTransposed = w.transpose();
        cost = Cost.of(2.0 * extents.size(), x, w, dy);
    }

    /** y = x w. */
    @Benchmark
    public double multiply(Counters counters) {
        return measure(counters, cost, () -> MatMul.multiply(x, w));
    }

    /** dx = dy w^T: the second operand is read across its rows. */
    @Benchmark
    public double inputGradient(Counters counters) {
        return measure(counters, cost, () -> MatMul.multiply(dy, wTransposed));
    }

    /** dw = x^T dy: the first operand is read across its rows, and the sums are as long as there are rows. */
    @Benchmark
    public double weightGradient(Counters counters) {
        return measure(counters, cost, () -> MatMul.multiply(xTransposed, dy));
    }
}
