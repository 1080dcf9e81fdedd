package tessella.models.report;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import tessella.models.data.Picture;

/**
 * What a model says of one picture.
 *
 * @param picture       the picture
 * @param label         its true class
 * @param probabilities one per class, 0 to 1
 */
public record SamplePrediction(Picture picture, int label, float[] probabilities) {
    /**
     * Checks and copies.
     *
     * @throws IllegalArgumentException if there is no probability for the label
     */
    public SamplePrediction {
        probabilities = probabilities.clone();
        if (label < 0 || label >= probabilities.length) {
            throw new IllegalArgumentException("sample: expected a label from 0 to %d, found %d".formatted(
                    probabilities.length - 1, label));
        }
    }

    /** The most probable classes, the most probable first, of equals the first. */
    List<Integer> top(int count) {
        return IntStream.range(0, probabilities.length).boxed()
                .sorted(Comparator.comparing((Integer c) -> probabilities[c]).reversed()).limit(count).toList();
    }

    boolean isRight() {
        return top(1).getFirst() == label;
    }
}
