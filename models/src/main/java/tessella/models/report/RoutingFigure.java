package tessella.models.report;

import java.util.Arrays;
import java.util.List;

/**
 * How one Soft MoE layer routes: a few pictures, slot by slot, and means over many.
 *
 * @param layer        the name of the layer: {@code "block 3"}
 * @param gridRows     rows of patches in a picture
 * @param gridColumns  patches in a row; {@code gridRows * gridColumns} tokens
 * @param shownExperts the experts whose slots are shown on the pictures, in order
 * @param pictures     the pictures to show
 * @param statistics   means over all pictures measured, read when the page is made
 */
public record RoutingFigure(String layer, int gridRows, int gridColumns, List<Integer> shownExperts,
        List<RoutedPicture> pictures, RoutingStatistics statistics) {
    /**
     * Checks and copies.
     *
     * @throws IllegalArgumentException if the grid, an expert or the shape of dispatch weights does not fit the layer
     */
    public RoutingFigure {
        shownExperts = List.copyOf(shownExperts);
        pictures = List.copyOf(pictures);
        if (gridRows * gridColumns != statistics.tokens()) {
            throw new IllegalArgumentException("routing of %s: expected a grid of %d tokens, found %d x %d".formatted(
                    layer, statistics.tokens(), gridRows, gridColumns));
        }
        for (int expert : shownExperts) {
            if (expert < 0 || expert >= statistics.experts()) {
                throw new IllegalArgumentException("routing of %s: expected experts from 0 to %d, found %d".formatted(
                        layer, statistics.experts() - 1, expert));
            }
        }
        int slots = statistics.experts() * statistics.slotsPerExpert();
        for (RoutedPicture picture : pictures) {
            float[][] dispatch = picture.dispatch();
            if (dispatch.length != statistics.tokens()
                    || Arrays.stream(dispatch).anyMatch(row -> row.length != slots)) {
                throw new IllegalArgumentException("routing of %s: expected dispatch weights [%d, %d] for %s, found "
                        .formatted(layer, statistics.tokens(), slots, picture.caption())
                        + "[%d, %d]".formatted(dispatch.length, dispatch.length == 0 ? 0 : dispatch[0].length));
            }
        }
    }

    /**
     * Cuts the weights of one picture out of those of a batch.
     *
     * @param weights [batch, tokens, slots], flat
     * @param picture the place in the batch
     * @param tokens  tokens of a picture
     * @param slots   slots of the layer
     * @return [tokens, slots]
     */
    public static float[][] matrix(float[] weights, int picture, int tokens, int slots) {
        float[][] rows = new float[tokens][slots];
        for (int i = 0; i < tokens; i++) {
            System.arraycopy(weights, (picture * tokens + i) * slots, rows[i], 0, slots);
        }
        return rows;
    }
}
