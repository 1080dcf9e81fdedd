package tessella.models.measure;

import java.util.Arrays;
import java.util.stream.IntStream;
import tessella.engine.DType;
import tessella.engine.MatMul;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;

/**
 * Pictures that are kept by their features, to name others by the most similar ones. Features are brought to length 1 in
 * float32 (zeros stay zeros); their cosines are sums in float64, the product of two matrices. Immutable; holds nothing off the
 * heap. The engine's memory of a call, some 8 MB beside the features, is returned with it, and its result does not depend on the
 * number of threads nor on which queries are asked together.
 */
public final class Neighbours {
    /** Cosines that are computed at a time. */
    private static final int BLOCK = 1 << 20;

    private final int width;
    private final float[] features; // [pictures, width], each row of length 1
    private final int[] labels;

    private Neighbours(int width, float[] features, int[] labels) {
        this.width = width;
        this.features = features;
        this.labels = labels;
    }

    /**
     * Keeps features with the class of each.
     *
     * @param features [pictures, width], finite
     * @param labels   the class of each picture, at least 0
     * @throws IllegalArgumentException if there is none, or not one label a picture, or a row or a label is not as described
     */
    public static Neighbours of(float[][] features, int[] labels) {
        if (features.length == 0 || features.length != labels.length) {
            throw new IllegalArgumentException("neighbours: expected at least one picture and a label for each, found "
                    + features.length + " pictures and " + labels.length + " labels");
        }
        for (int i = 0; i < labels.length; i++) {
            if (labels[i] < 0) {
                throw new IllegalArgumentException("neighbours: expected one class of at least 0 for each picture, found "
                        + labels[i] + " at picture " + i);
            }
        }
        int width = features[0].length;
        check("picture", features, width);
        return new Neighbours(width, unit(features, 0, features.length, width), labels.clone());
    }

    private static void check(String what, float[][] features, int width) {
        for (int i = 0; i < features.length; i++) {
            if (features[i].length != width || width == 0) {
                throw new IllegalArgumentException("neighbours: expected a " + what + " of width " + Math.max(1, width) + ", found width "
                        + features[i].length + " at " + what + " " + i);
            }
            for (int j = 0; j < width; j++) {
                if (!Float.isFinite(features[i][j])) {
                    throw new IllegalArgumentException("neighbours: expected finite features, found " + features[i][j] + " at "
                            + what + " " + i + ", feature " + j);
                }
            }
        }
    }

    /** Some rows one after the other, each of length 1; zeros stay zeros. */
    private static float[] unit(float[][] rows, int from, int to, int width) {
        float[] out = new float[Math.multiplyExact(to - from, width)];
        for (int i = from; i < to; i++) {
            double square = 0;
            for (float v : rows[i]) {
                square += (double) v * v;
            }
            double scale = square == 0 ? 0 : 1 / Math.sqrt(square);
            for (int j = 0; j < width; j++) {
                out[(i - from) * width + j] = (float) (rows[i][j] * scale);
            }
        }
        return out;
    }

    /** As {@link #nearest(float[][], int)}, of one query. */
    public int[] nearest(float[] query, int k) {
        return nearest(new float[][] {query}, k)[0];
    }

    /**
     * For each query, the places of the k pictures with the highest cosine to it, the highest first, of equals the first.
     *
     * @param queries [queries, width], finite
     * @return [queries, k]
     * @throws IllegalArgumentException if a query has another width or is not finite, or k is not in [1, pictures]
     */
    public int[][] nearest(float[][] queries, int k) {
        if (k < 1 || k > labels.length) {
            throw new IllegalArgumentException("neighbours: expected k in [1, " + labels.length + "], found k = " + k);
        }
        check("query", queries, width);
        int[][] out = new int[queries.length][];
        int rows = Math.max(1, BLOCK / labels.length);
        try (Scope call = Scope.open()) {
            NdArray keys = matrix(call, features).transpose();                  // [width, pictures]
            for (int from = 0; from < queries.length; from += rows) {
                int to = Math.min(queries.length, from + rows);
                try (Scope block = Scope.open()) {
                    NdArray asked = matrix(block, unit(queries, from, to, width));
                    double[] cosines = MatMul.multiply(asked, keys).toDoubles(); // [to - from, pictures]
                    for (int i = from; i < to; i++) {
                        out[i] = TopK.of(cosines, (i - from) * labels.length, labels.length, k);
                    }
                }
            }
        }
        return out;
    }

    private NdArray matrix(Scope scope, float[] rows) {
        return NdArray.of(scope, Shape.of(rows.length / width, width), rows).to(DType.F64);
    }

    /** As {@link #predict(float[][], int)}, of one query. */
    public int predict(float[] query, int k) {
        return predict(new float[][] {query}, k)[0];
    }

    /**
     * For each query, the class with the largest sum of cosines among the k nearest, the lowest of equals; errors as for
     * {@link #nearest(float[][], int)}.
     */
    public int[] predict(float[][] queries, int k) {
        int[][] nearest = nearest(queries, k);
        int[] out = new int[queries.length];
        Arrays.setAll(out, i -> vote(queries[i], nearest[i]));
        return out;
    }

    private int vote(float[] query, int[] nearest) {
        double[] votes = new double[IntStream.of(labels).max().orElse(0) + 1];
        Arrays.fill(votes, Double.NEGATIVE_INFINITY);
        double[] cosines = cosines(query, nearest);
        for (int i = 0; i < nearest.length; i++) {
            int label = labels[nearest[i]];
            votes[label] = (votes[label] == Double.NEGATIVE_INFINITY ? 0 : votes[label]) + cosines[i];
        }
        int best = 0;
        for (int c = 1; c < votes.length; c++) {
            best = votes[c] > votes[best] ? c : best;
        }
        return best;
    }

    /**
     * The cosines of a query with pictures at some places; zero where one of the two is all zeros.
     *
     * @throws IllegalArgumentException  if the query has another width or is not finite
     * @throws IndexOutOfBoundsException if there is no picture at a place
     */
    public double[] cosines(float[] query, int... places) {
        check("query", new float[][] {query}, width);
        float[] unit = unit(new float[][] {query}, 0, 1, width);
        double[] out = new double[places.length];
        for (int i = 0; i < places.length; i++) {
            for (int j = 0; j < width; j++) {
                out[i] += (double) unit[j] * features[places[i] * width + j];
            }
        }
        return out;
    }
}
