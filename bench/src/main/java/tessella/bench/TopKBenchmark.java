package tessella.bench;

import java.util.Arrays;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Regularizer;
import tessella.engine.Shape;
import tessella.engine.TopK;

/**
 * Soft top-k of rows, an eighth of each selected, and its gradients; 4 operations an element, as if its threshold were known. Rows in order, all
 * equal, or at random: it should not matter.
 */
public class TopKBenchmark extends EngineBenchmark {
    /** How the elements of a row follow each other. */
    public enum Order {
        /** At random. */
        RANDOM,
        /** From the least to the largest. */
        RISING,
        /** From the largest to the least. */
        FALLING,
        /** All equal. */
        EQUAL
    }

    /** Rows x elements: a router's batch, and the weights of a layer that is pruned. */
    @Param({"4096x256", "1x1000000"})
    public String shape;

    /** Lambda, the elements being normal. */
    @Param({"0.01"})
    public String lambda;

    /** The exponent of the regularizer, times 3. */
    @Param({"6", "4"})
    public int thirds;

    /** The order of the elements, which should not matter; others with -p order=EQUAL. */
    @Param("RANDOM")
    public Order order;

    /** The type of the elements. */
    @Param("F32")
    public DType dtype;

    NdArray x;
    NdArray dy;
    int k;
    Regularizer regularizer;
    private TopK.Selection mask;
    private TopK.Selection magnitude;
    private Cost forward;
    private Cost gradient;

    @Override
    void prepare() {
        Shape extents = Extents.parse(shape, "4096x256");
        int n = Math.toIntExact(extents.dim(1));
        k = Math.max(1, n / 8);
        regularizer = new Regularizer(Double.parseDouble(lambda), thirds / 3.0);
        x = normal("x", dtype, extents);
        x.copyFrom(ordered(x.toDoubles(), n));
        dy = normal("dy", dtype, extents);
        mask = TopK.mask(x, k, regularizer);
        magnitude = TopK.magnitude(x, k, regularizer);
        keep(mask.y(), mask.thresholds(), magnitude.y(), magnitude.thresholds());
        forward = Cost.of(4.0 * x.size(), x, x);
        gradient = Cost.of(4.0 * x.size(), x, dy, x);
    }

    private double[] ordered(double[] values, int n) {
        for (int row = 0; row < values.length && order != Order.RANDOM; row += n) {
            Arrays.sort(values, row, row + n);
            for (int i = 0; i < n; i++) {
                double other = values[row + n - 1 - i];
                if (order == Order.EQUAL) {
                    values[row + i] = 0.5;
                } else if (order == Order.FALLING && i < n / 2) {
                    values[row + n - 1 - i] = values[row + i];
                    values[row + i] = other;
                }
            }
        }
        return values;
    }

    /** y of x. */
    @Benchmark
    public double mask(Counters counters) {
        return measureAll(counters, forward, () -> {
            TopK.Selection selection = TopK.mask(x, k, regularizer);
            return new NdArray[] {selection.y(), selection.thresholds()};
        });
    }

    /** dx of dy. */
    @Benchmark
    public double maskGradient(Counters counters) {
        return measure(counters, gradient, () -> TopK.maskGradient(x, regularizer, mask, dy));
    }

    /** The largest in magnitude. */
    @Benchmark
    public double magnitude(Counters counters) {
        return measureAll(counters, forward, () -> {
            TopK.Selection selection = TopK.magnitude(x, k, regularizer);
            return new NdArray[] {selection.y(), selection.thresholds()};
        });
    }

    /** dx of dy. */
    @Benchmark
    public double magnitudeGradient(Counters counters) {
        return measure(counters, gradient, () -> TopK.magnitudeGradient(x, regularizer, magnitude, dy));
    }
}
