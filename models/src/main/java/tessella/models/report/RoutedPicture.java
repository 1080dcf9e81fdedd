package tessella.models.report;

import tessella.models.data.Picture;

/**
 * How one Soft MoE layer gathers the patches of one picture into its slots.
 *
 * @param picture  the picture
 * @param caption  what is on it
 * @param dispatch the dispatch weights D [tokens, experts * slots per expert], each column a mean over the tokens:
 *                 its weights are 0 to 1 and sum to 1
 */
public record RoutedPicture(Picture picture, String caption, float[][] dispatch) {
    /** Copies the rows. */
    public RoutedPicture {
        float[][] copy = new float[dispatch.length][];
        for (int i = 0; i < dispatch.length; i++) {
            copy[i] = dispatch[i].clone();
        }
        dispatch = copy;
    }
}
