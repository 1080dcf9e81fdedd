package tessella.bench;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Normalizers;
import tessella.engine.Shape;

/**
 * LayerNorm, RMSNorm and L2 normalisation of rows, and gradients. Operations an element: LayerNorm 8 and its gradient 13, RMSNorm
 * 4 and 9, L2 3 and 5.
 */
public class NormsBenchmark extends EngineBenchmark {
    static final double EPS = 1e-6;

    /** Rows x width: ViT-Ti, ViT-B on one picture and on 8, ViT-L on 8. */
    @Param({"197x192", "197x768", "1576x768", "1576x1024"})
    public String shape;

    /** The type of the elements. */
    @Param("F32")
    public DType dtype;

    NdArray x;
    NdArray gain;
    NdArray bias;
    NdArray dy;
    private Normalizers.LayerNorm layer;
    private Normalizers.Rms rms;
    private Normalizers.L2 l2;

    @Override
    void prepare() {
        Shape extents = Extents.parse(shape, "197x768");
        Shape width = extents.axes(1, 2);
        x = normal("x", dtype, extents);
        gain = normal("gain", dtype, width);
        bias = normal("bias", dtype, width);
        dy = normal("dy", dtype, extents);
        layer = Normalizers.layerNorm(x, gain, bias, EPS);
        rms = Normalizers.rms(x, gain, EPS);
        l2 = Normalizers.l2(x, EPS);
        keep(layer.y(), layer.means(), layer.rs(), rms.y(), rms.rs(), l2.y(), l2.rs());
    }

    private Cost cost(double flop, NdArray... moved) {
        return Cost.of(flop * x.size(), moved);
    }

    /** gain (x - mean) / sqrt(variance + eps) + bias. */
    @Benchmark
    public double layerNorm(Counters counters) {
        return measure(counters, cost(8, x, gain, bias, x), () -> Normalizers.layerNorm(x, gain, bias, EPS).y());
    }

    /** Cotangents of x, gain and bias. */
    @Benchmark
    public double layerNormGradient(Counters counters) {
        return measureAll(counters, cost(13, x, gain, dy, x, gain, bias), () -> {
            Normalizers.LayerNormGradient d = Normalizers.layerNormGradient(x, gain, bias, layer, dy);
            return new NdArray[] {d.dx(), d.dgain(), d.dbias()};
        });
    }

    /** gain x / sqrt(mean x^2 + eps). */
    @Benchmark
    public double rmsNorm(Counters counters) {
        return measure(counters, cost(4, x, gain, x), () -> Normalizers.rms(x, gain, EPS).y());
    }

    /** Cotangents of x and gain. */
    @Benchmark
    public double rmsNormGradient(Counters counters) {
        return measureAll(counters, cost(9, x, gain, dy, x, gain), () -> {
            Normalizers.RmsGradient d = Normalizers.rmsGradient(x, gain, rms, dy);
            return new NdArray[] {d.dx(), d.dgain()};
        });
    }

    /** x / sqrt(sum x^2 + eps). */
    @Benchmark
    public double l2Normalize(Counters counters) {
        return measure(counters, cost(3, x, x), () -> Normalizers.l2(x, EPS).y());
    }

    /** The cotangent of x. */
    @Benchmark
    public double l2NormalizeGradient(Counters counters) {
        return measure(counters, cost(5, x, dy, x), () -> Normalizers.l2Gradient(l2, dy));
    }
}
