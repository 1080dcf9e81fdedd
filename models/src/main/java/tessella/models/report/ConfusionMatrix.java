package tessella.models.report;

import java.util.Arrays;
import java.util.List;
import tessella.models.measure.Decisions;

/**
 * How often pictures of one class were taken for another.
 *
 * @param classNames the names of the classes
 * @param counts     [true class, predicted class]
 */
public record ConfusionMatrix(List<String> classNames, int[][] counts) {
    private static final double Z_95 = 1.959963984540054; // the 97.5 % point of the normal distribution

    /**
     * Checks and copies.
     *
     * @throws IllegalArgumentException if the counts are not square, negative, or not as many as the names
     */
    public ConfusionMatrix {
        classNames = List.copyOf(classNames);
        int[][] copy = new int[counts.length][];
        for (int i = 0; i < counts.length; i++) {
            copy[i] = counts[i].clone();
            if (counts.length != classNames.size() || counts[i].length != classNames.size()
                    || Arrays.stream(copy[i]).anyMatch(count -> count < 0)) {
                throw new IllegalArgumentException("confusion matrix: expected %d x %d counts of 0 or more, found a "
                        .formatted(classNames.size(), classNames.size()) + "row of " + Arrays.toString(copy[i]));
            }
        }
        counts = copy;
    }

    /**
     * Counts.
     *
     * @param classNames  the names of the classes
     * @param labels      the true class of each picture
     * @param predictions the predicted class of each picture
     * @return the matrix
     * @throws IllegalArgumentException if there are not as many predictions as labels, or one is out of range
     */
    public static ConfusionMatrix of(List<String> classNames, int[] labels, int[] predictions) {
        if (labels.length != predictions.length) {
            throw new IllegalArgumentException("confusion matrix: expected as many predictions as %d labels, found %d"
                    .formatted(labels.length, predictions.length));
        }
        int classes = classNames.size();
        int[][] counts = new int[classes][classes];
        for (int i = 0; i < labels.length; i++) {
            if (labels[i] < 0 || labels[i] >= classes || predictions[i] < 0 || predictions[i] >= classes) {
                throw new IllegalArgumentException("confusion matrix: expected classes from 0 to %d, found label %d "
                        .formatted(classes - 1, labels[i]) + "and prediction " + predictions[i]);
            }
            counts[labels[i]][predictions[i]]++;
        }
        return new ConfusionMatrix(classNames, counts);
    }

    /**
     * Returns the number of pictures of one class.
     *
     * @param classIndex the class
     * @return 0 or more
     */
    public int support(int classIndex) {
        return Arrays.stream(counts[classIndex]).sum();
    }

    /**
     * Returns the number of all pictures.
     *
     * @return 0 or more
     */
    public int total() {
        return Arrays.stream(counts).flatMapToInt(Arrays::stream).sum();
    }

    /**
     * Returns the number of pictures named right.
     *
     * @return 0 to {@link #total()}
     */
    public int right() {
        int sum = 0;
        for (int c = 0; c < counts.length; c++) {
            sum += counts[c][c];
        }
        return sum;
    }

    /**
     * Returns the share of pictures named right.
     *
     * @return 0 to 1, NaN without pictures
     */
    public double accuracy() {
        return (double) right() / total();
    }

    /**
     * Returns the share of right ones among the pictures said to be of a class.
     *
     * @param classIndex the class
     * @return 0 to 1, NaN if no picture was said to be
     */
    public double precision(int classIndex) {
        return decisions(classIndex).precision();
    }

    /**
     * Returns the share of pictures of a class that were said to be.
     *
     * @param classIndex the class
     * @return 0 to 1, NaN if there is no picture of the class
     */
    public double recall(int classIndex) {
        return decisions(classIndex).recall();
    }

    /**
     * Returns the harmonic mean of precision and recall: 2 tp / (2 tp + fp + fn).
     *
     * @param classIndex the class
     * @return 0 to 1, NaN if there is neither a picture nor a prediction of the class
     */
    public double f1(int classIndex) {
        return decisions(classIndex).f1();
    }

    /**
     * Returns what was said about one class, as decisions of yes or no.
     *
     * @param classIndex the class
     * @return counts over all pictures
     */
    public Decisions decisions(int classIndex) {
        int right = counts[classIndex][classIndex];
        int said = 0;
        for (int[] row : counts) {
            said += row[classIndex];
        }
        int missed = support(classIndex) - right;
        return new Decisions(right, said - right, missed, total() - said - missed);
    }

    /**
     * Returns the 95 % interval of the accuracy over other pictures of the same kind (Wilson's score interval). It
     * tells nothing about other seeds.
     *
     * @return lower and upper bound
     */
    public double[] accuracyInterval() {
        double n = total();
        double p = accuracy();
        double z2 = Z_95 * Z_95;
        double centre = (p + z2 / (2 * n)) / (1 + z2 / n);
        double half = Z_95 * Math.sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n);
        return new double[] {centre - half, centre + half};
    }
}
