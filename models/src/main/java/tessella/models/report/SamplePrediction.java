package tessella.models.report;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import tessella.models.data.Picture;

/**
 * What a model says of one picture.
 *
 * @param picture       the picture
 * @param truth         for each class, whether it is on the picture
 * @param said          for each class, whether the model says so
 * @param probabilities one per class, 0 to 1
 */
public record SamplePrediction(Picture picture, boolean[] truth, boolean[] said, float[] probabilities) {
    /**
     * Checks and copies.
     *
     * @throws IllegalArgumentException if the three do not have one value a class, or there is no class
     */
    public SamplePrediction {
        truth = truth.clone();
        said = said.clone();
        probabilities = probabilities.clone();
        if (truth.length == 0 || said.length != truth.length || probabilities.length != truth.length) {
            throw new IllegalArgumentException("sample: expected truth, decision and probability of each of at least one class, found "
                    + "%d, %d and %d".formatted(truth.length, said.length, probabilities.length));
        }
    }

    /**
     * A picture of one class, which is said to be of the most probable one, the first of equals.
     *
     * @param picture       the picture
     * @param label         its true class
     * @param probabilities one per class
     * @throws IllegalArgumentException if there is no probability for the label
     */
    public SamplePrediction(Picture picture, int label, float[] probabilities) {
        this(picture, only(label, probabilities.length), only(order(probabilities).getFirst(), probabilities.length), probabilities);
    }

    /**
     * Makes the sample of a picture that may have several classes: those of a probability of at least 1/2 are said to be on it.
     *
     * @param picture       the picture
     * @param truth         for each class, whether it is on the picture
     * @param probabilities one per class
     * @return the sample
     * @throws IllegalArgumentException if the two do not have one value a class, or there is no class
     */
    public static SamplePrediction ofSeveralClasses(Picture picture, boolean[] truth, float[] probabilities) {
        boolean[] said = new boolean[probabilities.length];
        for (int c = 0; c < said.length; c++) {
            said[c] = probabilities[c] >= TestResult.SeveralClasses.THRESHOLD;
        }
        return new SamplePrediction(picture, truth, said, probabilities);
    }

    private static boolean[] only(int label, int classes) {
        if (label < 0 || label >= classes) {
            throw new IllegalArgumentException("sample: expected a label from 0 to %d, found %d".formatted(classes - 1, label));
        }
        boolean[] out = new boolean[classes];
        out[label] = true;
        return out;
    }

    private static List<Integer> order(float[] probabilities) {
        return IntStream.range(0, probabilities.length).boxed()
                .sorted(Comparator.comparing((Integer c) -> probabilities[c]).reversed()).toList();
    }

    /** The most probable classes, the most probable first, of equals the first. */
    List<Integer> top(int count) {
        return order(probabilities).stream().limit(count).toList();
    }

    /**
     * Returns whether the model says exactly what is on the picture.
     *
     * @return of all classes
     */
    public boolean isRight() {
        return Arrays.equals(truth, said);
    }
}
