package tessella.models.data;

/**
 * Some examples, ready for a model. The arrays are fresh for each batch and belong to whoever asked for it.
 *
 * @param images   [labels.length, height, width, channels], preprocessed
 * @param targets  [labels.length, classes]: 1 for each class of an example and 0 elsewhere, or weights after {@link MixUp}
 *     and {@link CutMix}
 * @param labels   the class of each example that has exactly one, -1 for the others; of mixed examples the heavier's
 * @param indices  the place of each example in its {@link Dataset}
 * @param height   rows
 * @param width    pixels in a row
 * @param channels channels of a pixel
 */
public record Batch(float[] images, float[] targets, int[] labels, int[] indices, int height, int width, int channels) {
    /**
     * Returns the number of examples.
     *
     * @return at least 1
     */
    public int size() {
        return labels.length;
    }

    /**
     * Returns the number of classes.
     *
     * @return the columns of the targets
     */
    public int classes() {
        return targets.length / labels.length;
    }
}
