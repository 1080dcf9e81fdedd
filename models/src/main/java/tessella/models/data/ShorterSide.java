package tessella.models.data;

import tessella.autodiff.Resize;

/**
 * Brings the shorter side of every picture to one length and keeps its aspect ratio: the longer side becomes
 * floor(length long / short), and at least the length.
 *
 * @param length pixels of the shorter side, at least 1
 * @param method where the weights come from
 */
public record ShorterSide(int length, Resize method) implements Transform {
    /**
     * Checks the length.
     *
     * @throws IllegalArgumentException if it is below 1
     */
    public ShorterSide {
        if (length < 1) {
            throw new IllegalArgumentException("shorter side: expected at least 1 pixel, found " + length);
        }
    }

    @Override
    public Picture apply(Picture picture, RandomSource random) {
        int height = picture.height();
        int width = picture.width();
        return height <= width ? picture.resized(length, longer(height, width), method)
                : picture.resized(longer(width, height), length, method);
    }

    private int longer(int shortSide, int longSide) {
        return Math.toIntExact((long) length * longSide / shortSide);
    }
}
