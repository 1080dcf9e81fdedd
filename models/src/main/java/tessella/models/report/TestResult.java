package tessella.models.report;

import java.util.Arrays;
import java.util.List;
import tessella.models.measure.Metrics;

/** What was measured on the test pictures. */
public sealed interface TestResult {
    /**
     * Returns the names of the classes.
     *
     * @return an unmodifiable list
     */
    List<String> classNames();

    /**
     * Returns the number to see first.
     *
     * @return with what it was measured on
     */
    Headline headline();

    /**
     * Of pictures that have one class each.
     *
     * @param confusion         which class was taken for which
     * @param averagePrecisions of each class against the rest; NaN where there is none
     */
    record OneClass(ConfusionMatrix confusion, double[] averagePrecisions) implements TestResult {
        /**
         * Checks and copies.
         *
         * @throws IllegalArgumentException if there is not one average precision a class
         */
        public OneClass {
            averagePrecisions = averagePrecisions.clone();
            if (averagePrecisions.length != confusion.classNames().size()) {
                throw new IllegalArgumentException("test result: expected an average precision for each of %d classes, found %d"
                        .formatted(confusion.classNames().size(), averagePrecisions.length));
            }
        }

        /**
         * Counts and measures.
         *
         * @param classNames    the names of the classes
         * @param labels        the true class of each picture
         * @param predictions   the predicted class of each picture
         * @param probabilities [pictures, classes]
         * @return the result
         * @throws IllegalArgumentException if the numbers of labels, predictions and rows differ, a class is out of range, a row has
         *                                  not one probability a class, or there is no picture
         */
        public static OneClass of(List<String> classNames, int[] labels, int[] predictions, float[][] probabilities) {
            ConfusionMatrix confusion = ConfusionMatrix.of(classNames, labels, predictions);
            return new OneClass(confusion,
                    Metrics.averagePrecisions(probabilities, Metrics.oneAgainstTheRest(labels, classNames.size())));
        }

        @Override
        public List<String> classNames() {
            return confusion.classNames();
        }

        @Override
        public Headline headline() {
            double[] interval = confusion.accuracyInterval();
            return new Headline("Test accuracy", Numbers.fixed(confusion.accuracy(), 4),
                    "%s of %s pictures; 95 %% interval %s to %s".formatted(
                            Numbers.count(confusion.right()), Numbers.count(confusion.total()),
                            Numbers.fixed(interval[0], 3), Numbers.fixed(interval[1], 3)));
        }
    }

    /**
     * Of pictures that have any number of classes each.
     *
     * @param classNames    the names of the classes
     * @param probabilities [pictures, classes], each by itself from 0 to 1
     * @param truth         [pictures, classes]
     */
    record SeveralClasses(List<String> classNames, float[][] probabilities, boolean[][] truth) implements TestResult {
        /** From where on a class is said to be on a picture. */
        static final double THRESHOLD = 0.5;

        /**
         * Checks and copies.
         *
         * @throws IllegalArgumentException if the two do not have one value for each class of each picture
         */
        public SeveralClasses {
            classNames = List.copyOf(classNames);
            probabilities = Arrays.stream(probabilities).map(float[]::clone).toArray(float[][]::new);
            truth = Arrays.stream(truth).map(boolean[]::clone).toArray(boolean[][]::new);
            if (probabilities.length != truth.length) {
                throw new IllegalArgumentException("test result: expected as many rows of truth as the %d of probabilities, found %d"
                        .formatted(probabilities.length, truth.length));
            }
            for (int i = 0; i < truth.length; i++) {
                if (probabilities[i].length != classNames.size() || truth[i].length != classNames.size()) {
                    throw new IllegalArgumentException(("test result: expected a probability and a truth for each of %d classes, "
                            + "found %d and %d at picture %d").formatted(classNames.size(), probabilities[i].length, truth[i].length, i));
                }
            }
        }

        @Override
        public Headline headline() {
            return new Headline("Mean average precision",
                    Numbers.fixed(truth.length == 0 ? Double.NaN : Metrics.meanAveragePrecision(probabilities, truth), 4),
                    "%s pictures, %s classes".formatted(Numbers.count(truth.length), Numbers.count(classNames.size())));
        }
    }
}
