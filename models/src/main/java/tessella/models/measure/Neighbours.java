package tessella.models.measure;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/** Pictures that are kept by their features, to name others by the most similar ones. Immutable. */
public final class Neighbours {
    private final float[][] features;
    private final int[] labels;

    private Neighbours(float[][] features, int[] labels) {
        this.features = features;
        this.labels = labels;
    }

    /**
     * Keeps features, brought to length 1, with the class of each.
     *
     * @param features [pictures, width]
     * @throws IllegalArgumentException if there is none, or not one label a picture
     */
    public static Neighbours of(float[][] features, int[] labels) {
        if (features.length == 0 || features.length != labels.length) {
            throw new IllegalArgumentException("neighbours: expected at least one picture and a label for each, found "
                    + features.length + " pictures and " + labels.length + " labels");
        }
        float[][] unit = new float[features.length][];
        for (int i = 0; i < unit.length; i++) {
            unit[i] = unit(features[i]);
        }
        return new Neighbours(unit, labels.clone());
    }

    /** Of length 1; zeros stay zeros. */
    private static float[] unit(float[] x) {
        double square = 0;
        for (float v : x) {
            square += (double) v * v;
        }
        double scale = square == 0 ? 0 : 1 / Math.sqrt(square);
        float[] out = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            out[i] = (float) (x[i] * scale);
        }
        return out;
    }

    /**
     * The places of the k pictures with the highest cosine to a query, the highest first, of equals the first.
     *
     * @throws IllegalArgumentException if the query has another width, or k is not in [1, pictures]
     */
    public int[] nearest(float[] query, int k) {
        if (query.length != features[0].length || k < 1 || k > features.length) {
            throw new IllegalArgumentException("neighbours: expected a query of width " + features[0].length + " and k in [1, "
                    + features.length + "], found width " + query.length + " and k = " + k);
        }
        float[] unit = unit(query);
        double[] cosines = new double[features.length];
        for (int i = 0; i < cosines.length; i++) {
            cosines[i] = cosine(unit, features[i]);
        }
        return IntStream.range(0, cosines.length).boxed().sorted(Comparator.comparingDouble(i -> -cosines[i])).limit(k)
                .mapToInt(i -> i).toArray();
    }

    private static double cosine(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
        }
        return sum;
    }

    /** The class with the largest sum of cosines among the k nearest, the lowest of equals; errors as for {@link #nearest}. */
    public int predict(float[] query, int k) {
        float[] unit = unit(query);
        int classes = IntStream.of(labels).max().orElse(0) + 1;
        double[] votes = new double[classes];
        Arrays.fill(votes, Double.NEGATIVE_INFINITY);
        for (int i : nearest(query, k)) {
            double before = votes[labels[i]] == Double.NEGATIVE_INFINITY ? 0 : votes[labels[i]];
            votes[labels[i]] = before + cosine(unit, features[i]);
        }
        int best = 0;
        for (int c = 1; c < classes; c++) {
            best = votes[c] > votes[best] ? c : best;
        }
        return best;
    }
}
