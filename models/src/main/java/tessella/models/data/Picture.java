package tessella.models.data;

import java.util.Arrays;
import tessella.autodiff.Resize;

/**
 * One picture: rows from top to bottom, pixels from left to right, channels innermost, a byte (0 to 255) each.
 * Immutable, hence safe for any number of threads.
 */
public final class Picture {
    private static final int GREY_BITS = 16;
    private static final int RED = 19595; // 0.299 in 2^-16, and so on; their sum is 1
    private static final int GREEN = 38470;
    private static final int BLUE = 7471;
    private static final int HALF_GREY = 1 << GREY_BITS - 1;

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
     * Returns the picture in grey or in colour: grey = (19595 red + 38470 green + 7471 blue + 32768) >> 16, which is
     * 0.299 red + 0.587 green + 0.114 blue rounded as Pillow rounds it.
     *
     * @param wanted 1 or 3
     * @return this picture if it already is so, otherwise a new one
     * @throws IllegalArgumentException if another number of channels is wanted
     */
    public Picture withChannels(int wanted) {
        if (wanted == channels) {
            return this;
        }
        if (wanted != 1 && wanted != 3) {
            throw new IllegalArgumentException("picture: expected 1 or 3 channels, found " + wanted);
        }
        byte[] result = new byte[height * width * wanted];
        for (int i = 0; i < height * width; i++) {
            if (wanted == 3) {
                Arrays.fill(result, 3 * i, 3 * i + 3, pixels[i]);
            } else {
                result[i] = (byte) (RED * (pixels[3 * i] & 0xff) + GREEN * (pixels[3 * i + 1] & 0xff)
                        + BLUE * (pixels[3 * i + 2] & 0xff) + HALF_GREY >> GREY_BITS);
            }
        }
        return new Picture(height, width, wanted, result);
    }

    /**
     * Returns the picture at another size by {@link Resize#BILINEAR_ANTIALIAS}: bilinear interpolation when enlarging,
     * an average over the covered area when reducing.
     *
     * @param newHeight rows, at least 1
     * @param newWidth  pixels in a row, at least 1
     * @return this picture if it already has that size, otherwise a new one
     * @throws IllegalArgumentException if an extent is not positive
     */
    public Picture resized(int newHeight, int newWidth) {
        return resized(newHeight, newWidth, Resize.BILINEAR_ANTIALIAS);
    }

    /**
     * Returns the picture at another size, the aspect ratio not kept, in 8 bits as Pillow does it: first along the
     * rows, then along the columns, each pass y = min(255, max(0, (sum_j round(2^22 R_ij) x_j + 2^21) >> 22)) with the
     * weights R of the method; an axis that keeps its extent has no pass. Real arithmetic, rounded nowhere:
     * {@link RealPicture#resized}.
     *
     * @param newHeight rows, at least 1
     * @param newWidth  pixels in a row, at least 1
     * @param method    where the weights come from
     * @return this picture if it already has that size, otherwise a new one
     * @throws IllegalArgumentException if an extent is not positive
     */
    public Picture resized(int newHeight, int newWidth, Resize method) {
        if (newHeight < 1 || newWidth < 1) {
            throw new IllegalArgumentException("resize: expected at least 1 x 1 pixels, found " + newHeight + " x "
                    + newWidth);
        }
        Picture narrow = newWidth == width ? this : resizedRows(Filter.of(method, width, newWidth));
        return newHeight == height ? narrow : narrow.resizedColumns(Filter.of(method, height, newHeight));
    }

    private Picture resizedRows(Filter filter) {
        byte[] result = new byte[Math.multiplyExact(height * channels, filter.size())];
        for (int x = 0; x < filter.size(); x++) {
            int first = filter.first(x);
            int[] weights = filter.fixed(x);
            for (int y = 0; y < height; y++) {
                for (int c = 0; c < channels; c++) {
                    int at = (y * width + first) * channels + c;
                    long sum = Filter.HALF;
                    for (int k = 0; k < weights.length; k++) {
                        sum += (long) weights[k] * (pixels[at + k * channels] & 0xff);
                    }
                    result[(y * filter.size() + x) * channels + c] = Filter.clipped(sum);
                }
            }
        }
        return new Picture(height, filter.size(), channels, result);
    }

    private Picture resizedColumns(Filter filter) {
        int row = width * channels;
        byte[] result = new byte[Math.multiplyExact(row, filter.size())];
        for (int y = 0; y < filter.size(); y++) {
            int first = filter.first(y);
            int[] weights = filter.fixed(y);
            for (int i = 0; i < row; i++) {
                long sum = Filter.HALF;
                for (int k = 0; k < weights.length; k++) {
                    sum += (long) weights[k] * (pixels[(first + k) * row + i] & 0xff);
                }
                result[y * row + i] = Filter.clipped(sum);
            }
        }
        return new Picture(filter.size(), width, channels, result);
    }

    /**
     * Returns a part of the picture.
     *
     * @param top       its first row
     * @param left      its first column
     * @param newHeight rows, at least 1
     * @param newWidth  pixels in a row, at least 1
     * @return this picture if the part is all of it, otherwise a new one
     * @throws IllegalArgumentException if the part does not lie in the picture
     */
    public Picture cropped(int top, int left, int newHeight, int newWidth) {
        requireInside(top, left, newHeight, newWidth, height, width);
        if (newHeight == height && newWidth == width) {
            return this;
        }
        byte[] result = new byte[newHeight * newWidth * channels];
        int row = newWidth * channels;
        for (int y = 0; y < newHeight; y++) {
            System.arraycopy(pixels, ((top + y) * width + left) * channels, result, y * row, row);
        }
        return new Picture(newHeight, newWidth, channels, result);
    }

    static void requireInside(int top, int left, int newHeight, int newWidth, int height, int width) {
        if (top < 0 || left < 0 || newHeight < 1 || newWidth < 1 || newHeight > height - top || newWidth > width - left) {
            throw new IllegalArgumentException("crop: expected a part of a picture of %d x %d, found %d x %d at [%d, %d]"
                    .formatted(height, width, newHeight, newWidth, top, left));
        }
    }

    /** All values, [height, width, channels]: shared with the package, never written. */
    byte[] shared() {
        return pixels;
    }

    /** Takes over an array that nobody else holds. */
    static Picture owning(int height, int width, int channels, byte[] pixels) {
        return new Picture(height, width, channels, pixels);
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
