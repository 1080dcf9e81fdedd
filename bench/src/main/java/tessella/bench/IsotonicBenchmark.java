package tessella.bench;

import java.util.Arrays;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import tessella.engine.DType;
import tessella.engine.Isotonics;
import tessella.engine.NdArray;
import tessella.engine.Regularizer;
import tessella.engine.Shape;

/**
 * Isotonic regression of sorted rows of normal numbers less lambda on an eighth of them, which is what a soft top-k mask comes to, in float64:
 * by pooling, and by Dykstra's projections to 1e-6 lambda. 4 operations an element, as if the blocks were known.
 */
public class IsotonicBenchmark extends EngineBenchmark {
    private static final int CYCLES = 20_000;
    private static final double ACCURACY = 1e-6;

    /** Rows x elements: routers' rows, where blocks are short, and long ones. */
    @Param({"1024x32", "256x128"})
    public String shape;

    /** Lambda: the larger it is, the longer the blocks are, and the more cycles Dykstra takes. */
    @Param("0.1")
    public String lambda;

    NdArray s;
    NdArray w;
    private NdArray shifted;
    private NdArray ones;
    Regularizer regularizer;
    private Cost cost;

    @Override
    void prepare() {
        Shape extents = Extents.parse(shape, "1024x32");
        int n = Math.toIntExact(extents.dim(1));
        regularizer = Regularizer.l2(Double.parseDouble(lambda));
        double[] sorted = normal("s", DType.F64, extents).toDoubles();
        double[] weights = new double[n];
        Arrays.fill(weights, 0, n / 8, 1);
        double[] all = new double[n];
        Arrays.fill(all, 1);
        for (int from = 0; from < sorted.length; from += n) {
            Arrays.sort(sorted, from, from + n);
            for (int i = from, j = from + n - 1; i < j; i++, j--) {
                double x = sorted[i];
                sorted[i] = sorted[j];
                sorted[j] = x;
            }
        }
        double[] less = new double[sorted.length];
        Arrays.setAll(less, i -> sorted[i] - regularizer.lambda() * weights[i % n]);
        s = NdArray.of(scope(), extents, sorted);
        w = NdArray.of(scope(), Shape.of(n), weights);
        shifted = NdArray.of(scope(), extents, less);
        ones = NdArray.of(scope(), Shape.of(n), all);
        cost = Cost.of(4.0 * s.size(), s, shifted);
    }

    /** v of each row, exact. */
    @Benchmark
    public double pooling(Counters counters) {
        return measure(counters, cost, () -> Isotonics.mask(s, w, regularizer));
    }

    /** v of each row, until it moves by less than 1e-6 lambda a cycle. */
    @Benchmark
    public double dykstra(Counters counters) {
        return measure(counters, cost, () -> Isotonics.dykstra(shifted, ones, CYCLES, ACCURACY * regularizer.lambda()).v());
    }
}
