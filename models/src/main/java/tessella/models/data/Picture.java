package tessella.models.data;

import java.util.Arrays;

/**
 * One picture: rows from top to bottom, pixels from left to right, channels innermost, a byte (0 to 255) each.
 * Immutable, hence safe for any number of threads.
 */
public final class Picture {
    private static final double RED = 0.299;
    private static final double GREEN = 0.587;
    private static final double BLUE = 0.114;

    private final int height;
    private final int width;
    private final int channels;
    private final byte[] pixels;

    private Picture(int height, int width, int channels, byte[] pixels) {
        this.height = height;
        this.width = width;
        this.channels = channels;
        this.pixels = pixels;
    }

    /**
     * Wraps a copy of the given bytes.
     *
     * @param height   rows, at least 1
     * @param width    pixels in a row, at least 1
     * @param channels 1 (grey) or 3 (red, green, blue)
     * @param pixels   {@code height * width * channels} bytes, read as 0 to 255
     * @return the picture
     * @throws IllegalArgumentException if the extents and the number of bytes do not fit
     */
    public static Picture of(int height, int width, int channels, byte[] pixels) {
        if (height < 1 || width < 1 || channels != 1 && channels != 3) {
            throw new IllegalArgumentException("picture: expected at least 1 x 1 pixels and 1 or 3 channels, found "
                    + height + " x " + width + " and " + channels);
        }
        if ((long) height * width * channels != pixels.length) {
            throw new IllegalArgumentException("picture: expected %d x %d x %d bytes, found %d".formatted(
                    height, width, channels, pixels.length));
        }
        return new Picture(height, width, channels, pixels.clone());
    }

    /**
     * Returns the number of rows.
     *
     * @return at least 1
     */
    public int height() {
        return height;
    }

    /**
     * Returns the number of pixels in a row.
     *
     * @return at least 1
     */
    public int width() {
        return width;
    }

    /**
     * Returns the number of channels.
     *
     * @return 1 or 3
     */
    public int channels() {
        return channels;
    }

    /**
     * Returns a copy of all values, [height, width, channels].
     *
     * @return a new array
     */
    public byte[] pixels() {
        return pixels.clone();
    }

    /**
     * Returns one value.
     *
     * @param y       row
     * @param x       column
     * @param channel channel
     * @return 0 to 255
     * @throws IndexOutOfBoundsException if one of the three is outside of the picture
     */
    public int value(int y, int x, int channel) {
        if (y < 0 || y >= height || x < 0 || x >= width || channel < 0 || channel >= channels) {
            throw new IndexOutOfBoundsException("picture [%d, %d, %d]: no value at [%d, %d, %d]".formatted(
                    height, width, channels, y, x, channel));
        }
        return pixels[(y * width + x) * channels + channel] & 0xff;
    }

    /**
     * Returns the picture in grey or in colour: grey = 0.299 red + 0.587 green + 0.114 blue, rounded.
     *
     * @param wanted 1 or 3
     * @return this picture if it already is so, otherwise a new one
     */
    public Picture withChannels(int wanted) {
        if (wanted == channels) {
            return this;
        }
        byte[] result = new byte[height * width * wanted];
        for (int i = 0; i < height * width; i++) {
            if (wanted == 3) {
                Arrays.fill(result, 3 * i, 3 * i + 3, pixels[i]);
            } else {
                result[i] = (byte) Math.round(RED * (pixels[3 * i] & 0xff) + GREEN * (pixels[3 * i + 1] & 0xff)
                        + BLUE * (pixels[3 * i + 2] & 0xff));
            }
        }
        return of(height, width, wanted, result);
    }

    /**
     * Returns the picture at another size, the aspect ratio not kept. Each new pixel is a weighted mean of the old
     * ones about its place, with weights that fall linearly to zero at one pixel's distance of the coarser of the two
     * grids: bilinear interpolation when enlarging, an average over the covered area when reducing.
     *
     * @param newHeight rows, at least 1
     * @param newWidth  pixels in a row, at least 1
     * @return this picture if it already has that size, otherwise a new one
     */
    public Picture resized(int newHeight, int newWidth) {
        if (newHeight < 1 || newWidth < 1) {
            throw new IllegalArgumentException("resize: expected at least 1 x 1 pixels, found " + newHeight + " x "
                    + newWidth);
        }
        if (newHeight == height && newWidth == width) {
            return this;
        }
        double[][] acrossRow = weights(width, newWidth);
        double[][] acrossColumn = weights(height, newHeight);
        int[] firstX = first(width, newWidth);
        int[] firstY = first(height, newHeight);
        double[] narrow = new double[height * newWidth * channels]; // [height, newWidth, channels]
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < newWidth; x++) {
                for (int c = 0; c < channels; c++) {
                    double sum = 0;
                    for (int k = 0; k < acrossRow[x].length; k++) {
                        sum += acrossRow[x][k] * (pixels[(y * width + firstX[x] + k) * channels + c] & 0xff);
                    }
                    narrow[(y * newWidth + x) * channels + c] = sum;
                }
            }
        }
        byte[] result = new byte[newHeight * newWidth * channels];
        int row = newWidth * channels;
        for (int y = 0; y < newHeight; y++) {
            for (int i = 0; i < row; i++) {
                double sum = 0;
                for (int k = 0; k < acrossColumn[y].length; k++) {
                    sum += acrossColumn[y][k] * narrow[(firstY[y] + k) * row + i];
                }
                result[y * row + i] = (byte) Math.round(sum);
            }
        }
        return of(newHeight, newWidth, channels, result);
    }

    /** The first old pixel each new pixel looks at. */
    private static int[] first(int from, int to) {
        double scale = (double) from / to;
        double reach = Math.max(1, scale);
        int[] first = new int[to];
        for (int i = 0; i < to; i++) {
            first[i] = Math.max(0, (int) Math.ceil((i + 0.5) * scale - reach - 0.5));
        }
        return first;
    }

    /** The weights of the old pixels each new pixel looks at, from {@link #first} on; each row sums to 1. */
    private static double[][] weights(int from, int to) {
        double scale = (double) from / to;
        double reach = Math.max(1, scale);
        int[] first = first(from, to);
        double[][] weights = new double[to][];
        for (int i = 0; i < to; i++) {
            double centre = (i + 0.5) * scale - 0.5;
            int last = Math.min(from - 1, (int) Math.floor(centre + reach));
            double[] row = new double[last - first[i] + 1];
            double sum = 0;
            for (int k = 0; k < row.length; k++) {
                row[k] = Math.max(0, 1 - Math.abs(first[i] + k - centre) / reach);
                sum += row[k];
            }
            for (int k = 0; k < row.length; k++) {
                row[k] /= sum;
            }
            weights[i] = row;
        }
        return weights;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Picture that && height == that.height && width == that.width
                && channels == that.channels && Arrays.equals(pixels, that.pixels);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * height + width) + Arrays.hashCode(pixels);
    }

    @Override
    public String toString() {
        return "Picture[" + height + ", " + width + ", " + channels + "]";
    }
}
