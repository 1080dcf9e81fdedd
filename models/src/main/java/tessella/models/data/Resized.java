package tessella.models.data;

import tessella.autodiff.Resize;

/**
 * Brings every picture to one size, the aspect ratio not kept: {@link Picture#resized(int, int, Resize)}.
 *
 * @param height rows, at least 1
 * @param width  pixels in a row, at least 1
 * @param method where the weights come from
 */
public record Resized(int height, int width, Resize method) implements Transform {
    /**
     * Checks the size.
     *
     * @throws IllegalArgumentException if an extent is below 1
     */
    public Resized {
        if (height < 1 || width < 1) {
            throw new IllegalArgumentException("resize: expected at least 1 x 1 pixels, found " + height + " x " + width);
        }
    }

    @Override
    public Picture apply(Picture picture, RandomSource random) {
        return picture.resized(height, width, method);
    }
}
