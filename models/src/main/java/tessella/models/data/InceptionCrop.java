package tessella.models.data;

import tessella.autodiff.Resize;

/**
 * A random part of every picture, brought to one size (Szegedy et al., Going deeper with convolutions, 2015). A try draws
 * a share s of the area, uniform in [least, most], and an aspect ratio r, its logarithm uniform in
 * [-ln aspect, ln aspect]; the part has round(sqrt(s H W r)) columns and round(sqrt(s H W / r)) rows. The first of ten tries
 * that fits lies anywhere in the picture with equal probability; if none fits it is the middle, as much of it as has an
 * aspect ratio in the range.
 *
 * <p>Each try draws two uniform numbers, the place two integers.
 *
 * @param height    rows of the result, at least 1
 * @param width     pixels in a row of the result, at least 1
 * @param leastArea the smallest share of the area, above 0
 * @param mostArea  the largest share of the area, at most 1
 * @param aspect    the largest ratio of the sides either way, at least 1
 * @param method    how the part is resized
 */
public record InceptionCrop(int height, int width, double leastArea, double mostArea, double aspect, Resize method)
        implements Transform {
    private static final int TRIES = 10;

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException if one is not as described
     */
    public InceptionCrop {
        if (height < 1 || width < 1) {
            throw new IllegalArgumentException("inception crop: expected at least 1 x 1 pixels, found " + height + " x " + width);
        }
        if (!(leastArea > 0 && leastArea <= mostArea && mostArea <= 1)) {
            throw new IllegalArgumentException("inception crop: expected shares of the area with 0 < least <= most <= 1, found "
                    + leastArea + " and " + mostArea);
        }
        if (!(aspect >= 1 && aspect <= 1e6)) {
            throw new IllegalArgumentException("inception crop: expected an aspect ratio from 1 to 10^6, found " + aspect);
        }
    }

    /**
     * The crop of the vision transformers: 5 to 100 % of the area, aspect ratios from 3/4 to 4/3, bilinear without
     * antialias.
     *
     * @param height rows of the result, at least 1
     * @param width  pixels in a row of the result, at least 1
     * @return the transform
     */
    public static InceptionCrop vit(int height, int width) {
        return new InceptionCrop(height, width, 0.05, 1, 4.0 / 3, Resize.BILINEAR_HALF_PIXEL);
    }

    @Override
    public Picture apply(Picture picture, RandomSource random) {
        int rows = picture.height();
        int columns = picture.width();
        double range = StrictMath.log(aspect);
        for (int i = 0; i < TRIES; i++) {
            double area = (leastArea + random.nextUniform() * (mostArea - leastArea)) * rows * columns;
            double ratio = StrictMath.exp((2 * random.nextUniform() - 1) * range);
            long w = Math.round(Math.sqrt(area * ratio));
            long h = Math.round(Math.sqrt(area / ratio));
            if (w >= 1 && h >= 1 && w <= columns && h <= rows) {
                int top = random.nextInt(rows - (int) h + 1);
                int left = random.nextInt(columns - (int) w + 1);
                return picture.cropped(top, left, (int) h, (int) w).resized(height, width, method);
            }
        }
        int h = Math.clamp(Math.round(columns * aspect), 1, rows);
        int w = Math.clamp(Math.round(rows * aspect), 1, columns);
        return picture.cropped((rows - h) / 2, (columns - w) / 2, h, w).resized(height, width, method);
    }
}
