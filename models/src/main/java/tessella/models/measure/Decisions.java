package tessella.models.measure;

import java.util.ArrayList;
import java.util.List;

/**
 * Yes-or-no decisions about pictures, counted beside the truth: whether a class is on each of them.
 *
 * @param truePositives  yes, and it is so
 * @param falsePositives yes, and it is not so
 * @param falseNegatives no, and it is so
 * @param trueNegatives  no, and it is not so
 */
public record Decisions(long truePositives, long falsePositives, long falseNegatives, long trueNegatives) {
    /**
     * Counts the decisions about each class: yes where the probability is at least the threshold.
     *
     * @param probabilities [pictures, classes]
     * @param truth         [pictures, classes]
     * @return one for each class
     * @throws IllegalArgumentException if there is no picture, the two have different extents, a probability is not in [0, 1], or
     *     the threshold is NaN
     */
    public static List<Decisions> of(float[][] probabilities, boolean[][] truth, double threshold) {
        Metrics.checkProbabilities("decisions", probabilities, truth);
        if (Double.isNaN(threshold)) {
            throw new IllegalArgumentException("decisions: expected a threshold that is a number, found NaN");
        }
        List<Decisions> out = new ArrayList<>();
        for (int c = 0; c < probabilities[0].length; c++) {
            long[] counts = new long[4];
            for (int i = 0; i < probabilities.length; i++) {
                counts[(probabilities[i][c] >= threshold ? 0 : 2) + (truth[i][c] ? 0 : 1)]++;
            }
            out.add(new Decisions(counts[0], counts[1], counts[2], counts[3]));
        }
        return List.copyOf(out);
    }

    /** The counts of all classes together, for the means that are called micro. */
    public static Decisions sum(List<Decisions> classes) {
        long[] sum = new long[4];
        for (Decisions one : classes) {
            sum[0] += one.truePositives;
            sum[1] += one.falsePositives;
            sum[2] += one.falseNegatives;
            sum[3] += one.trueNegatives;
        }
        return new Decisions(sum[0], sum[1], sum[2], sum[3]);
    }

    /** Of how many pictures it is so. */
    public long support() {
        return truePositives + falseNegatives;
    }

    /** How many there are. */
    public long total() {
        return truePositives + falsePositives + falseNegatives + trueNegatives;
    }

    /** tp / (tp + fp); NaN if nothing was said to be so. */
    public double precision() {
        return (double) truePositives / (truePositives + falsePositives);
    }

    /** tp / (tp + fn); NaN if there is no picture of which it is so. */
    public double recall() {
        return (double) truePositives / support();
    }

    /** 2 tp / (2 tp + fp + fn), the harmonic mean of precision and recall; NaN if there is neither such a picture nor a yes. */
    public double f1() {
        return 2.0 * truePositives / (2 * truePositives + falsePositives + falseNegatives);
    }
}
