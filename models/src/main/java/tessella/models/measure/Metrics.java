package tessella.models.measure;

import java.util.Arrays;
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
            int bin = bin(probabilities[i][best], bins);
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
     * @throws IllegalArgumentException if the numbers of scores and of truth values differ, or a score is NaN
     */
    public static double averagePrecision(float[] scores, boolean[] relevant) {
        if (scores.length != relevant.length) {
            throw new IllegalArgumentException("average precision: expected as many truth values as the " + scores.length
                    + " scores, found " + relevant.length);
        }
        double[] wide = new double[scores.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = scores[i];
            if (Float.isNaN(scores[i])) {
                throw new IllegalArgumentException("average precision: expected scores that are numbers, found NaN at picture " + i);
            }
        }
        int[] order = TopK.of(wide, 0, wide.length, wide.length);
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
     * The average precision of every class, by {@link #averagePrecision}; NaN for a class without a relevant picture.
     *
     * @param scores   [pictures, classes]
     * @param relevant [pictures, classes]
     * @throws IllegalArgumentException if there is no picture, the two have different extents, or a score is NaN
     */
    public static double[] averagePrecisions(float[][] scores, boolean[][] relevant) {
        checkExtents("average precision", scores, relevant);
        double[] out = new double[scores[0].length];
        for (int c = 0; c < out.length; c++) {
            float[] column = new float[scores.length];
            boolean[] truth = new boolean[scores.length];
            for (int i = 0; i < scores.length; i++) {
                column[i] = scores[i][c];
                truth[i] = relevant[i][c];
            }
            out[c] = averagePrecision(column, truth);
        }
        return out;
    }

    /**
     * The truth about every class where a picture has exactly one: each class against the rest.
     *
     * @return [pictures, classes]
     * @throws IllegalArgumentException if a label is not in [0, classes)
     */
    public static boolean[][] oneAgainstTheRest(int[] labels, int classes) {
        boolean[][] out = new boolean[labels.length][classes];
        for (int i = 0; i < labels.length; i++) {
            if (labels[i] < 0 || labels[i] >= classes) {
                throw new IllegalArgumentException("truth: expected labels from 0 to " + (classes - 1) + ", found " + labels[i]
                        + " at picture " + i);
            }
            out[i][labels[i]] = true;
        }
        return out;
    }

    /**
     * The mean of the average precisions of all classes that have a relevant picture; NaN if none has. Errors as for
     * {@link #averagePrecisions}.
     *
     * @param scores [pictures, classes]
     * @param relevant [pictures, classes]
     */
    public static double meanAveragePrecision(float[][] scores, boolean[][] relevant) {
        return Arrays.stream(averagePrecisions(scores, relevant)).filter(v -> !Double.isNaN(v)).average().orElse(Double.NaN);
    }

    /**
     * The mean over pictures of the share of right ones among the k classes with the highest scores. A picture without any class
     * counts as 0.
     *
     * @param scores   [pictures, classes]
     * @param relevant [pictures, classes]
     * @throws IllegalArgumentException if there is no picture, the two have different extents, or k is not in [1, classes]
     */
    public static double precisionAt(float[][] scores, boolean[][] relevant, int k) {
        int[] hits = hits("precision@" + k, scores, relevant, k);
        return IntStream.of(hits).sum() / ((double) k * hits.length);
    }

    /**
     * The mean, over pictures that have a class, of the share of their classes that are among the k with the highest scores; NaN
     * if no picture has a class. Errors as for {@link #precisionAt}.
     *
     * @param scores   [pictures, classes]
     * @param relevant [pictures, classes]
     */
    public static double recallAt(float[][] scores, boolean[][] relevant, int k) {
        int[] hits = hits("recall@" + k, scores, relevant, k);
        double sum = 0;
        int pictures = 0;
        for (int i = 0; i < hits.length; i++) {
            int classes = 0;
            for (boolean one : relevant[i]) {
                classes += one ? 1 : 0;
            }
            if (classes > 0) {
                sum += (double) hits[i] / classes;
                pictures++;
            }
        }
        return sum / pictures;
    }

    /** How many of the k classes with the highest scores of each picture are right. */
    private static int[] hits(String what, float[][] scores, boolean[][] relevant, int k) {
        checkExtents(what, scores, relevant);
        if (k < 1 || k > scores[0].length) {
            throw new IllegalArgumentException(what + ": expected k in [1, " + scores[0].length + "], found " + k);
        }
        int[] out = new int[scores.length];
        for (int i = 0; i < out.length; i++) {
            for (int c = 0; c < scores[i].length; c++) {
                out[i] += relevant[i][c] && rank(scores[i], c) < k ? 1 : 0;
            }
        }
        return out;
    }

    /**
     * F1 of the decisions about all classes together, yes where a probability is at least the threshold: 2 tp / (2 tp + fp + fn).
     * NaN if nothing is so and nothing is said to be; errors as for {@link Decisions#of}.
     *
     * @param probabilities [pictures, classes]
     * @param truth         [pictures, classes]
     */
    public static double microF1(float[][] probabilities, boolean[][] truth, double threshold) {
        return Decisions.sum(Decisions.of(probabilities, truth, threshold)).f1();
    }

    /**
     * The mean F1 of the classes that have a picture, by {@link MacroMeans}; errors as for {@link Decisions#of}.
     *
     * @param probabilities [pictures, classes]
     * @param truth         [pictures, classes]
     */
    public static double macroF1(float[][] probabilities, boolean[][] truth, double threshold) {
        return MacroMeans.of(Decisions.of(probabilities, truth, threshold)).f1();
    }

    /**
     * The expected calibration error of yes-or-no probabilities, all classes together: sum over bins of (values of the bin /
     * values) |share of those that are true - mean probability|, the bins of equal width by the probability itself.
     *
     * @param probabilities [pictures, classes]
     * @param truth         [pictures, classes]
     * @throws IllegalArgumentException if there is no picture, the two have different extents, a probability is not in [0, 1], or
     *     there is no bin
     */
    public static double binaryCalibrationError(float[][] probabilities, boolean[][] truth, int bins) {
        checkProbabilities("calibration", probabilities, truth);
        if (bins < 1) {
            throw new IllegalArgumentException("calibration: expected at least 1 bin, found " + bins);
        }
        double[] said = new double[bins];
        long[] so = new long[bins];
        for (int i = 0; i < truth.length; i++) {
            for (int c = 0; c < truth[i].length; c++) {
                int bin = bin(probabilities[i][c], bins);
                said[bin] += probabilities[i][c];
                so[bin] += truth[i][c] ? 1 : 0;
            }
        }
        double error = 0;
        for (int bin = 0; bin < bins; bin++) {
            error += Math.abs(so[bin] - said[bin]);
        }
        return error / ((double) truth.length * truth[0].length);
    }

    /** A bin reaches from above its lower bound up to its upper bound; 0 is in the first. */
    private static int bin(float probability, int bins) {
        return Math.clamp((int) Math.ceil(probability * (double) bins) - 1, 0, bins - 1);
    }

    /**
     * The share of queries that are found: one of the first k of their nearest pictures has their class.
     *
     * @param nearest     [queries, at least k], places of pictures, the nearest first
     * @param labels      the class of each picture that a place may name
     * @param queryLabels the class of each query
     * @throws IllegalArgumentException if there is no query, not one label a query, or k is not positive or more than a row has
     */
    public static double foundAt(int[][] nearest, int[] labels, int[] queryLabels, int k) {
        if (nearest.length == 0 || nearest.length != queryLabels.length) {
            throw new IllegalArgumentException("retrieval: expected at least one query and as many labels, found " + nearest.length
                    + " queries and " + queryLabels.length + " labels");
        }
        int found = 0;
        for (int i = 0; i < nearest.length; i++) {
            if (k < 1 || k > nearest[i].length) {
                throw new IllegalArgumentException("retrieval: expected k in [1, " + nearest[i].length + "] for query " + i + ", found "
                        + k);
            }
            int wanted = queryLabels[i];
            found += IntStream.of(nearest[i]).limit(k).anyMatch(place -> labels[place] == wanted) ? 1 : 0;
        }
        return (double) found / nearest.length;
    }

    /** Refuses what is not one value and one truth for each of at least one class of at least one picture. */
    private static void checkExtents(String what, float[][] values, boolean[][] truth) {
        check(what, values, truth.length);
        int classes = values[0].length;
        for (int i = 0; i < values.length; i++) {
            if (classes == 0 || values[i].length != classes || truth[i].length != classes) {
                throw new IllegalArgumentException(what + ": expected " + Math.max(1, classes) + " values and as many truths for each picture, "
                        + "found " + values[i].length + " and " + truth[i].length + " at picture " + i);
            }
        }
    }

    static void checkProbabilities(String what, float[][] probabilities, boolean[][] truth) {
        checkExtents(what, probabilities, truth);
        for (int i = 0; i < probabilities.length; i++) {
            for (int c = 0; c < probabilities[i].length; c++) {
                if (!(probabilities[i][c] >= 0 && probabilities[i][c] <= 1)) {
                    throw new IllegalArgumentException(what + ": expected probabilities from 0 to 1, found " + probabilities[i][c]
                            + " at picture " + i + ", class " + c);
                }
            }
        }
    }

    private static void check(String what, float[][] scores, int others) {
        if (scores.length == 0 || scores.length != others) {
            throw new IllegalArgumentException(what + ": expected at least one picture and as many labels as rows, found "
                    + scores.length + " rows and " + others + " labels");
        }
    }
}
