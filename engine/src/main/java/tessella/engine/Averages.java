package tessella.engine;

import java.util.Arrays;
import java.util.List;
import tessella.kernels.OptimizersKernels;

/** Running means or sums of many arrays in place, in one parallel region: mean = b mean + a x, 0 below the normal range. */
public final class Averages {
    private final int count;
    /** The means, then what comes in next; null where nothing does. */
    private final NdArray[] operands;
    private final Pass pass;
    private double b;
    private double a;

    /**
     * The means of these arrays, which must be contiguous.
     *
     * @throws IllegalArgumentException if one is not, or not float32 or float64
     */
    public Averages(List<NdArray> means) {
        count = means.size();
        operands = Arrays.copyOf(means.toArray(NdArray[]::new), 2 * count);
        long[] sizes = new long[count];
        long[] ones = new long[count];
        Arrays.fill(ones, 1);
        for (int i = 0; i < count; i++) {
            operands[i].check("average");
            if (!operands[i].dtype().isComputed() || !operands[i].isContiguous()) {
                throw new IllegalArgumentException("average: expected contiguous float32 or float64 arrays, found " + operands[i]);
            }
            sizes[i] = operands[i].size();
        }
        pass = new Pass("average", sizes, ones, Update.PART, operands, this::average);
    }

    /**
     * Sets what comes into a mean next; null: it stays as it is.
     *
     * @throws IllegalArgumentException if shape or type differ, or the array is not contiguous
     */
    public void source(int index, NdArray x) {
        NdArray mean = operands[index];
        if (x != null && (x.dtype() != mean.dtype() || !x.shape().equals(mean.shape()) || !x.isContiguous())) {
            throw new IllegalArgumentException("average: expected a contiguous array " + mean.dtype() + " " + mean.shape()
                    + ", found " + x);
        }
        operands[count + index] = x;
    }

    /** mean = b mean + a x for what was set, which is then forgotten. */
    public void step(double b, double a) {
        this.b = b;
        this.a = a;
        try {
            pass.start();
        } finally {
            Arrays.fill(operands, count, 2 * count, null);
        }
    }

    private void average(int i, long from, int n, int part) {
        NdArray mean = operands[i];
        NdArray x = operands[count + i];
        if (x != null) {
            OptimizersKernels.average(mean.dtype().precision(), mean.segment(), Update.at(mean, from), x.segment(),
                    Update.at(x, from), n, b, a);
        }
    }
}
