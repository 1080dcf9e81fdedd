package tessella.engine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Arrays of random numbers: each element is a function of its place and the key, so threads do not matter. */
public final class Draws {
    /** Elements of a task: some hundred microseconds of Philox. */
    private static final long GRAIN = 1 << 12;

    /** Numbers that are functions of their place. */
    @FunctionalInterface
    public interface Numbers {
        /** out_i = number first + i. */
        void draw(long first, double[] out);
    }

    private Draws() {}

    /** An array in the innermost scope whose element i is the standard normal number of element first + i. */
    public static NdArray normal(Random random, DType dtype, Shape shape, long first) {
        NdArray y = NdArray.result("normal", dtype, shape);
        draw("normal", y, (from, out) -> {
            for (int i = 0; i < out.length; i++) {
                out[i] = random.normal(first + from + i);
            }
        });
        return y;
    }

    /**
     * An array in the innermost scope whose elements are value with probability p and 0 otherwise: element i is kept when the
     * uniform number of element i is below p.
     *
     * @throws IllegalArgumentException if p is not in [0, 1]
     */
    public static NdArray bernoulli(Random random, DType dtype, Shape shape, double p, double value) {
        if (!(p >= 0 && p <= 1)) {
            throw new IllegalArgumentException("bernoulli: expected a probability in [0, 1], found " + p);
        }
        NdArray y = NdArray.result("bernoulli", dtype, shape);
        draw("bernoulli", y, (from, out) -> {
            random.uniform(from, out);
            for (int i = 0; i < out.length; i++) {
                out[i] = out[i] < p ? value : 0;
            }
        });
        return y;
    }

    /**
     * Element i of y becomes number i, rounded to the array's precision; numbers are asked for on all threads of the team.
     *
     * @throws IllegalArgumentException if y is not contiguous, or not of float32 or float64
     */
    public static void fill(NdArray y, Numbers numbers) {
        y.check("fill");
        if (!y.isContiguous() || !y.dtype().isComputed()) {
            throw new IllegalArgumentException("fill: expected a contiguous array of float32 or float64, found " + y.dtype() + " " + y.shape()
                    + (y.isContiguous() ? "" : ", a view with gaps") + "; fill such an array and copy or convert it");
        }
        draw("fill", y, numbers);
    }

    private static void draw(String op, NdArray y, Numbers numbers) {
        Split split = Split.of(y.size(), GRAIN);
        Region.run(op, split.parts(), (task, scratch) -> {
            long from = split.from(task);
            double[] drawn = new double[split.length(task)];
            numbers.draw(from, drawn);
            MemorySegment segment = y.segment();
            long at = y.offset() + from * y.dtype().bytes();
            switch (y.dtype().precision()) {
                case SINGLE -> {
                    for (int i = 0; i < drawn.length; i++) {
                        segment.set(ValueLayout.JAVA_FLOAT, at + 4L * i, (float) drawn[i]);
                    }
                }
                case DOUBLE -> MemorySegment.copy(drawn, 0, segment, ValueLayout.JAVA_DOUBLE, at, drawn.length);
            }
        }, y);
    }
}
