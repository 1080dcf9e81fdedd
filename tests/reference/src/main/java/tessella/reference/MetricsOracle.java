package tessella.reference;

/** Metrics from their definitions, one picture, class and place at a time. Of equal scores the first is the higher. */
public final class MetricsOracle {
    private MetricsOracle() {}

    /** 1 + how many of a row come before a place. */
    public static int place(double[] row, int at) {
        int place = 1;
        for (int j = 0; j < row.length; j++) {
            if (row[j] > row[at] || row[j] == row[at] && j < at) {
                place++;
            }
        }
        return place;
    }

    /** Mean of: relevant classes among the first k, over k. */
    public static double precisionAt(double[][] scores, boolean[][] relevant, int k) {
        double sum = 0;
        for (int i = 0; i < scores.length; i++) {
            for (int c = 0; c < scores[i].length; c++) {
                sum += relevant[i][c] && place(scores[i], c) <= k ? 1.0 / k : 0;
            }
        }
        return sum / scores.length;
    }

    /** Mean over rows with a relevant class of: relevant classes among the first k, over relevant classes. */
    public static double recallAt(double[][] scores, boolean[][] relevant, int k) {
        double sum = 0;
        double rows = 0;
        for (int i = 0; i < scores.length; i++) {
            double all = 0;
            double found = 0;
            for (int c = 0; c < scores[i].length; c++) {
                all += relevant[i][c] ? 1 : 0;
                found += relevant[i][c] && place(scores[i], c) <= k ? 1 : 0;
            }
            if (all > 0) {
                sum += found / all;
                rows++;
            }
        }
        return sum / rows;
    }

    /** Mean over the relevant of one column of: relevant ones not behind it, over all that are not behind it. */
    public static double averagePrecision(double[] scores, boolean[] relevant) {
        double sum = 0;
        double count = 0;
        for (int i = 0; i < scores.length; i++) {
            if (relevant[i]) {
                double found = 0;
                for (int j = 0; j < scores.length; j++) {
                    found += relevant[j] && place(scores, j) <= place(scores, i) ? 1 : 0;
                }
                sum += found / place(scores, i);
                count++;
            }
        }
        return sum / count;
    }

    /** {tp, fp, fn, tn} of one class. */
    public static double[] counts(double[][] probabilities, boolean[][] truth, int c, double threshold) {
        double tp = 0;
        double fp = 0;
        double fn = 0;
        double tn = 0;
        for (int i = 0; i < truth.length; i++) {
            boolean yes = probabilities[i][c] >= threshold;
            if (yes && truth[i][c]) {
                tp++;
            } else if (yes) {
                fp++;
            } else if (truth[i][c]) {
                fn++;
            } else {
                tn++;
            }
        }
        return new double[] {tp, fp, fn, tn};
    }

    /** 2 p r / (p + r) of the summed counts, as tp / (tp + (fp + fn) / 2). */
    public static double microF1(double[][] probabilities, boolean[][] truth, double threshold) {
        double tp = 0;
        double wrong = 0;
        for (int c = 0; c < truth[0].length; c++) {
            double[] counts = counts(probabilities, truth, c, threshold);
            tp += counts[0];
            wrong += counts[1] + counts[2];
        }
        return tp / (tp + wrong / 2);
    }

    /** {precision, recall, F1}, means over the classes with a picture; 0 where there is no true positive. */
    public static double[] macro(double[][] probabilities, boolean[][] truth, double threshold) {
        double[] sum = new double[3];
        double classes = 0;
        for (int c = 0; c < truth[0].length; c++) {
            double[] counts = counts(probabilities, truth, c, threshold);
            if (counts[0] + counts[2] == 0) {
                continue;
            }
            classes++;
            if (counts[0] > 0) {
                double p = counts[0] / (counts[0] + counts[1]);
                double r = counts[0] / (counts[0] + counts[2]);
                sum[0] += p;
                sum[1] += r;
                sum[2] += 2 * p * r / (p + r);
            }
        }
        return new double[] {sum[0] / classes, sum[1] / classes, sum[2] / classes};
    }

    /** Bin by bin: share of all values in (b / bins, (b + 1) / bins], 0 with the first, times |share of true - mean value|. */
    public static double binaryCalibrationError(double[][] probabilities, boolean[][] truth, int bins) {
        double error = 0;
        double values = (double) truth.length * truth[0].length;
        for (int b = 0; b < bins; b++) {
            double count = 0;
            double sum = 0;
            double so = 0;
            for (int i = 0; i < truth.length; i++) {
                for (int c = 0; c < truth[i].length; c++) {
                    double scaled = probabilities[i][c] * bins;
                    if (scaled > b && scaled <= b + 1 || scaled == 0 && b == 0) {
                        count++;
                        sum += probabilities[i][c];
                        so += truth[i][c] ? 1 : 0;
                    }
                }
            }
            if (count > 0) {
                error += count / values * Math.abs(so / count - sum / count);
            }
        }
        return error;
    }
}
