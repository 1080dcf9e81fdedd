package tessella.reference;

/** Sums, means, maxima and variances over any set of axes. Results keep the reduced axes with extent 1. */
public final class ReductionOracle {
    private ReductionOracle() {}

    /** {@code y = sum of x} over {@code axes}; the reduced axes stay with extent 1. */
    public static Array sum(Array x, int... axes) {
        Axes reduced = new Axes(x.shape(), axes);
        Array y = Array.zeros(reduced.keptShape());
        for (int[] index : x.indices()) {
            y.add(x.get(index), reduced.group(index));
        }
        return y;
    }

    /** {@code dx = dy} repeated; {@code dy} may keep or drop the reduced axes. */
    public static Array sumVjp(Array x, Array dy, int... axes) {
        Axes reduced = new Axes(x.shape(), axes);
        Array kept = dy.reshape(reduced.keptShape());
        return Array.fill(x.shape(), index -> kept.get(reduced.group(index)));
    }

    /** {@code y = mean of x} over {@code axes}; the reduced axes stay with extent 1. */
    public static Array mean(Array x, int... axes) {
        int count = new Axes(x.shape(), axes).count();
        return sum(x, axes).map(v -> v / count);
    }

    /** {@code dx = dy / count} repeated. */
    public static Array meanVjp(Array x, Array dy, int... axes) {
        int count = new Axes(x.shape(), axes).count();
        return sumVjp(x, dy, axes).map(v -> v / count);
    }

    /** The largest element over {@code axes}; the reduced axes stay with extent 1; minus infinity of no elements. */
    public static Array max(Array x, int... axes) {
        Axes reduced = new Axes(x.shape(), axes);
        Array y = Array.full(reduced.keptShape(), Double.NEGATIVE_INFINITY);
        for (int[] index : x.indices()) {
            int[] group = reduced.group(index);
            y.set(Math.max(y.get(group), x.get(index)), group);
        }
        return y;
    }

    /** The mean square distance from the mean over {@code axes} (divided by the count, not the count less one). */
    public static Array variance(Array x, int... axes) {
        return mean(x.zip(mean(x, axes), (v, mean) -> (v - mean) * (v - mean)), axes);
    }

    /** {@code dx = dy / ties} where x is the largest over {@code axes}, else 0; dy keeps the reduced axes. */
    public static Array maxVjp(Array x, Array dy, int... axes) {
        Array hit = x.zip(max(x, axes), (v, top) -> v == top ? 1 : 0);
        return hit.zip(sum(hit, axes), (h, ties) -> h / ties).times(dy);
    }

    /** {@code dx = 2 dy (x - mean) / count}; dy keeps the reduced axes. */
    public static Array varianceVjp(Array x, Array dy, int... axes) {
        int count = new Axes(x.shape(), axes).count();
        return x.zip(mean(x, axes), (v, mean) -> 2 * (v - mean) / count).times(dy);
    }

    /** {@code y_i = x_0 + ... + x_i} along an axis. */
    public static Array cumulativeSum(Array x, int axis) {
        return Array.fill(x.shape(), index -> {
            double sum = 0;
            int[] at = index.clone();
            for (at[axis] = 0; at[axis] <= index[axis]; at[axis]++) {
                sum += x.get(at);
            }
            return sum;
        });
    }

    /** The shape of {@code x} without the reduced axes: a result reshaped to it has dropped them. */
    public static int[] droppedShape(Array x, int... axes) {
        return new Axes(x.shape(), axes).droppedShape();
    }
}
