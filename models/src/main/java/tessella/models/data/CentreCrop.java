package tessella.models.data;

/**
 * Cuts the middle out of every picture: from row floor((H - height) / 2) and column floor((W - width) / 2) on.
 *
 * @param height rows, at least 1
 * @param width  pixels in a row, at least 1
 */
public record CentreCrop(int height, int width) implements Transform {
    /**
     * Checks the size.
     *
     * @throws IllegalArgumentException if an extent is below 1
     */
    public CentreCrop {
        if (height < 1 || width < 1) {
            throw new IllegalArgumentException("centre crop: expected at least 1 x 1 pixels, found " + height + " x " + width);
        }
    }

    /** Refuses a picture that is smaller than the crop with an {@link IllegalArgumentException}. */
    @Override
    public Picture apply(Picture picture, RandomSource random) {
        if (picture.height() < height || picture.width() < width) {
            throw new IllegalArgumentException("centre crop: expected pictures of at least %d x %d, found %d x %d; resize first"
                    .formatted(height, width, picture.height(), picture.width()));
        }
        return picture.cropped((picture.height() - height) / 2, (picture.width() - width) / 2, height, width);
    }
}
