package tessella.models.measure;

import java.util.ArrayList;
import java.util.List;
import tessella.engine.Random;

/**
 * The few-shot probe of the vision transformer papers: a ridge regression from features to one-hot targets in {-1, 1}, in
 * float64. Features are standardised by the mean and deviation of those it learns from, and get a constant beside them.
 */
public final class RidgeProbe {
    /** What the published probe takes: the penalty, the constant feature, and what is added to a deviation. */
    public static final double PENALTY = 1024;
    private static final double CONSTANT = 100;
    private static final double LEAST = 1e-5;

    private final double[] means;
    private final double[] deviations;
    private final double[][] weights; // [features + 1, classes]

    private RidgeProbe(double[] means, double[] deviations, double[][] weights) {
        this.means = means;
        this.deviations = deviations;
        this.weights = weights;
    }

    /**
     * The same number of pictures of each class, drawn by a seed.
     *
     * @return their places, class by class
     * @throws IllegalArgumentException if a class has fewer
     */
    public static int[] shots(int[] labels, int classes, int shots, long seed) {
        int[] order = Random.of(seed, "few shots").permutation(labels.length);
        List<Integer> out = new ArrayList<>();
        for (int c = 0; c < classes; c++) {
            int before = out.size();
            for (int i = 0; i < order.length && out.size() < before + shots; i++) {
                if (labels[order[i]] == c) {
                    out.add(order[i]);
                }
            }
            if (out.size() < before + shots) {
                throw new IllegalArgumentException("few shots: expected at least " + shots + " pictures of class " + c + ", found "
                        + (out.size() - before));
            }
        }
        return out.stream().mapToInt(i -> i).toArray();
    }

    /**
     * Learns W = argmin |X W - T|^2 + penalty |W|^2, by the smaller of the two normal equations: (X^T X + penalty) W = X^T T or
     * W = X^T (X X^T + penalty)^-1 T.
     *
     * @param features [pictures, width]
     * @throws IllegalArgumentException if there is no picture, not one label a picture, or the penalty is not positive
     */
    public static RidgeProbe learn(float[][] features, int[] labels, int classes, double penalty) {
        if (features.length == 0 || features.length != labels.length || !(penalty > 0)) {
            throw new IllegalArgumentException("ridge probe: expected at least one picture, a label for each and a positive penalty, "
                    + "found " + features.length + " pictures, " + labels.length + " labels and " + penalty);
        }
        int n = features.length;
        int d = features[0].length;
        double[] means = new double[d];
        double[] deviations = new double[d];
        for (int j = 0; j < d; j++) {
            for (float[] row : features) {
                means[j] += row[j] / n;
            }
            double square = 0;
            for (float[] row : features) {
                square += (row[j] - means[j]) * (row[j] - means[j]);
            }
            deviations[j] = Math.sqrt(square / n) + LEAST;
        }
        double[][] x = new double[n][];
        double[][] t = new double[n][classes];
        for (int i = 0; i < n; i++) {
            x[i] = standardised(features[i], means, deviations);
            for (int c = 0; c < classes; c++) {
                t[i][c] = c == labels[i] ? 1 : -1;
            }
        }
        double[][] xt = transposed(x);
        double[][] weights = n > d
                ? solve(withPenalty(product(xt, x), penalty), product(xt, t))
                : product(xt, solve(withPenalty(product(x, xt), penalty), t));
        return new RidgeProbe(means, deviations, weights);
    }

    private static double[] standardised(float[] row, double[] means, double[] deviations) {
        double[] out = new double[row.length + 1];
        for (int j = 0; j < row.length; j++) {
            out[j] = (row[j] - means[j]) / deviations[j];
        }
        out[row.length] = CONSTANT;
        return out;
    }

    private static double[][] transposed(double[][] a) {
        double[][] out = new double[a[0].length][a.length];
        for (int i = 0; i < a.length; i++) {
            for (int j = 0; j < a[0].length; j++) {
                out[j][i] = a[i][j];
            }
        }
        return out;
    }

    private static double[][] product(double[][] a, double[][] b) {
        double[][] out = new double[a.length][b[0].length];
        for (int i = 0; i < a.length; i++) {
            for (int k = 0; k < b.length; k++) {
                double v = a[i][k];
                for (int j = 0; j < b[0].length; j++) {
                    out[i][j] += v * b[k][j];
                }
            }
        }
        return out;
    }

    private static double[][] withPenalty(double[][] a, double penalty) {
        for (int i = 0; i < a.length; i++) {
            a[i][i] += penalty;
        }
        return a;
    }

    /** a^-1 b for a symmetric positive definite a, which is overwritten, by its Cholesky factor. */
    private static double[][] solve(double[][] a, double[][] b) {
        int n = a.length;
        for (int j = 0; j < n; j++) {
            for (int k = 0; k < j; k++) {
                for (int i = j; i < n; i++) {
                    a[i][j] -= a[i][k] * a[j][k];
                }
            }
            double root = Math.sqrt(a[j][j]);
            for (int i = j; i < n; i++) {
                a[i][j] /= root;
            }
        }
        double[][] x = new double[n][];
        for (int i = 0; i < n; i++) {
            x[i] = b[i].clone();
            for (int c = 0; c < x[i].length; c++) {
                for (int k = 0; k < i; k++) {
                    x[i][c] -= a[i][k] * x[k][c];
                }
                x[i][c] /= a[i][i];
            }
        }
        for (int i = n - 1; i >= 0; i--) {
            for (int c = 0; c < x[i].length; c++) {
                for (int k = i + 1; k < n; k++) {
                    x[i][c] -= a[k][i] * x[k][c];
                }
                x[i][c] /= a[i][i];
            }
        }
        return x;
    }

    /**
     * The score of every class.
     *
     * @throws IllegalArgumentException if the features have another width than those that were learned from
     */
    public double[] scores(float[] features) {
        if (features.length != means.length) {
            throw new IllegalArgumentException("ridge probe: expected features of width " + means.length + ", found "
                    + features.length);
        }
        return product(new double[][] {standardised(features, means, deviations)}, weights)[0];
    }

    /** The class with the highest score, the lowest of equals; errors as for {@link #scores}. */
    public int predict(float[] features) {
        double[] scores = scores(features);
        int best = 0;
        for (int c = 1; c < scores.length; c++) {
            best = scores[c] > scores[best] ? c : best;
        }
        return best;
    }
}
