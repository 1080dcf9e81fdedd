package tessella.models.measure;

import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Numbers that sum up what a model says of many pictures. Of equal scores the first is taken to be the higher. All lie in
 * [0, 1].
 */
public final class Metrics {
    private Metrics() {}

    /**
     * The share of pictures whose class is among the k with the highest scores.
     *
     * @param scores [pictures, classes]
     * @throws IllegalArgumentException if there is no picture, not one label a row, or k is not positive
     */
    public static double topK(float[][] scores, int[] labels, int k) {
        check("top-" + k, scores, labels.length);
        if (k < 1) {
            throw new IllegalArgumentException("top-k: expected a positive k, found " + k);
        }
        int right = 0;
        for (int i = 0; i < scores.length; i++) {
            right += rank(scores[i], labels[i]) < k ? 1 : 0;
        }
        return (double) right / scores.length;
    }

    /**
     * The share of rows whose own column is among the k with the highest similarity: recall@k of retrieval where picture i and
     * text i belong together.
     *
     * @param similarity [n, n]
     */
    public static double recallAt(float[][] similarity, int k) {
        return topK(similarity, IntStream.range(0, similarity.length).toArray(), k);
    }

    /** How many come before a column. */
    private static int rank(float[] row, int column) {
        int before = 0;
        for (int j = 0; j < row.length; j++) {
            before += row[j] > row[column] || row[j] == row[column] && j < column ? 1 : 0;
        }
        return before;
    }

    /**
     * The expected calibration error: sum over bins of (pictures of the bin / pictures) |accuracy - mean confidence|, the bins
     * of equal width by the confidence, which is the highest probability of a picture (Guo et al. 2017).
     *
     * @param probabilities [pictures, classes]
     * @throws IllegalArgumentException if there is no picture, not one label a row, or no bin
     */
    public static double calibrationError(float[][] probabilities, int[] labels, int bins) {
        check("calibration", probabilities, labels.length);
        if (bins < 1) {
            throw new IllegalArgumentException("calibration: expected at least 1 bin, found " + bins);
        }
        double[] confidence = new double[bins];
        int[] right = new int[bins];
        for (int i = 0; i < labels.length; i++) {
            int best = 0;
            for (int j = 1; j < probabilities[i].length; j++) {
                best = probabilities[i][j] > probabilities[i][best] ? j : best;
            }
            // a bin reaches from above its lower bound up to its upper bound
            int bin = Math.clamp((int) Math.ceil(probabilities[i][best] * (double) bins) - 1, 0, bins - 1);
            confidence[bin] += probabilities[i][best];
            right[bin] += best == labels[i] ? 1 : 0;
        }
        double error = 0;
        for (int bin = 0; bin < bins; bin++) {
            error += Math.abs(right[bin] - confidence[bin]);
        }
        return error / labels.length;
    }

    /**
     * The average precision of one class: the mean, over the relevant pictures, of the share of relevant ones among those with
     * no lower score; NaN if none is relevant.
     *
     * @throws IllegalArgumentException if the numbers of scores and of truth values differ
     */
    public static double averagePrecision(float[] scores, boolean[] relevant) {
        if (scores.length != relevant.length) {
            throw new IllegalArgumentException("average precision: expected as many truth values as the " + scores.length
                    + " scores, found " + relevant.length);
        }
        int[] order = IntStream.range(0, scores.length).boxed()
                .sorted(Comparator.comparingDouble(i -> -scores[i])).mapToInt(i -> i).toArray();
        int found = 0;
        double sum = 0;
        for (int place = 0; place < order.length; place++) {
            if (relevant[order[place]]) {
                found++;
                sum += (double) found / (place + 1);
            }
        }
        return sum / found;
    }

    /**
     * The mean of the average precisions of all classes that have a relevant picture; NaN if none has.
     *
     * @param scores [pictures, classes]
     * @param relevant [pictures, classes]
     */
    public static double meanAveragePrecision(float[][] scores, boolean[][] relevant) {
        check("mean average precision", scores, relevant.length);
        double sum = 0;
        int classes = 0;
        for (int c = 0; c < scores[0].length; c++) {
            float[] column = new float[scores.length];
            boolean[] truth = new boolean[scores.length];
            boolean any = false;
            for (int i = 0; i < scores.length; i++) {
                column[i] = scores[i][c];
                truth[i] = relevant[i][c];
                any |= truth[i];
            }
            if (any) {
                sum += averagePrecision(column, truth);
                classes++;
            }
        }
        return sum / classes;
    }

    private static void check(String what, float[][] scores, int others) {
        if (scores.length == 0 || scores.length != others) {
            throw new IllegalArgumentException(what + ": expected at least one picture and as many labels as rows, found "
                    + scores.length + " rows and " + others + " labels");
        }
    }
}
