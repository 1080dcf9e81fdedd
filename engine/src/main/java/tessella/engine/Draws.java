package tessella.engine;

import java.lang.foreign.ValueLayout;
import java.util.function.LongToDoubleFunction;

/** Arrays of random numbers: each element is a function of its place and the key, so threads do not matter. */
public final class Draws {
    /** Elements of a task: some hundred microseconds of Philox. */
    private static final long GRAIN = 1 << 12;

    private Draws() {}

    /** An array in the innermost scope whose element i is the standard normal number of element first + i. */
    public static NdArray normal(Random random, DType dtype, Shape shape, long first) {
        return draw("normal", dtype, shape, i -> random.normal(first + i));
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
        return draw("bernoulli", dtype, shape, i -> random.uniform(i) < p ? value : 0);
    }

    private static NdArray draw(String op, DType dtype, Shape shape, LongToDoubleFunction element) {
        NdArray y = NdArray.result(op, dtype, shape);
        Split split = Split.of(shape.size(), GRAIN);
        Region.run(op, split.parts(), (task, scratch) -> {
            for (long i = split.from(task), end = split.to(task); i < end; i++) {
                double drawn = element.applyAsDouble(i);
                long at = y.offset() + i * dtype.bytes();
                switch (dtype.precision()) {
                    case SINGLE -> y.segment().set(ValueLayout.JAVA_FLOAT, at, (float) drawn);
                    case DOUBLE -> y.segment().set(ValueLayout.JAVA_DOUBLE, at, drawn);
                }
            }
        }, y);
        return y;
    }
}
