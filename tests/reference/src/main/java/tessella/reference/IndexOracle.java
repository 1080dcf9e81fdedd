package tessella.reference;

import java.util.stream.IntStream;

/** Elements picked by index along an axis, and added back, one element at a time. */
public final class IndexOracle {
    private IndexOracle() {}

    /** {@code y[.., i, ..] = x[.., picks[i], ..]}. */
    public static Array select(Array x, int axis, int... picks) {
        int[] shape = x.shape();
        shape[axis] = picks.length;
        return Array.fill(shape, index -> {
            int[] at = index.clone();
            at[axis] = picks[index[axis]];
            return x.get(at);
        });
    }

    /** {@code y[b, i, k] = x[b, picks[b, i], k]} for x of three axes. */
    public static Array selectEach(Array x, int... picks) {
        int m = picks.length / x.dim(0);
        return Array.fill(new int[] {x.dim(0), m, x.dim(2)}, at -> x.get(at[0], picks[at[0] * m + at[1]], at[2]));
    }

    /** {@code y[.., i, ..] = x[.., picks[.., i, ..], ..]}, the picks in the given shape. */
    public static Array elements(Array x, int axis, int[] picks, int... shape) {
        Array places = Array.of(shape, IntStream.of(picks).asDoubleStream().toArray());
        return Array.fill(shape, index -> {
            int[] at = index.clone();
            at[axis] = (int) places.get(index);
            return x.get(at);
        });
    }

    /** x with source[.., i, ..] added at [.., picks[i], ..]. */
    public static Array add(Array x, int axis, int[] picks, Array source) {
        Array y = x.copy();
        for (int[] index : source.indices()) {
            int[] at = index.clone();
            at[axis] = picks[index[axis]];
            y.add(source.get(index), at);
        }
        return y;
    }

    /** x with source[.., i, ..] added at [.., picks[.., i, ..], ..]. */
    public static Array addElements(Array x, int axis, int[] picks, Array source) {
        Array y = x.copy();
        int place = 0;
        for (int[] index : source.indices()) {
            int[] at = index.clone();
            at[axis] = picks[place++];
            y.add(source.get(index), at);
        }
        return y;
    }

    /** {@code e^x[i, k] / sum of e^x[j, k]} over the rows j of the segment of i. */
    public static Array segmentSoftmax(Array x, int[] segments) {
        return Array.fill(x.shape(), at -> {
            double sum = 0;
            for (int j = 0; j < segments.length; j++) {
                sum += segments[j] == segments[at[0]] ? Math.exp(x.get(j, at[1])) : 0;
            }
            return Math.exp(x.get(at)) / sum;
        });
    }

    /** The places of the k largest of each row of a matrix, the largest first. */
    public static int[] topK(Array x, int k) {
        return IntStream.range(0, x.dim(0)).flatMap(row -> IntStream.range(0, x.dim(1)).boxed()
                .sorted((i, j) -> Double.compare(x.get(row, j), x.get(row, i))).limit(k).mapToInt(i -> i)).toArray();
    }
}
