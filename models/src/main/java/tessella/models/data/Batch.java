package tessella.models.data;

/**
 * Some examples, ready for a model. The arrays are fresh for each batch and belong to whoever asked for it.
 *
 * @param images   [labels.length, height, width, channels], preprocessed
 * @param labels   the class of each example
 * @param indices  the place of each example in its {@link ImageSet}
 * @param height   rows
 * @param width    pixels in a row
 * @param channels channels of a pixel
 */
public record Batch(float[] images, int[] labels, int[] indices, int height, int width, int channels) {
    /**
     * Returns the number of examples.
     *
     * @return at least 1
     */
    public int size() {
        return labels.length;
    }
}
