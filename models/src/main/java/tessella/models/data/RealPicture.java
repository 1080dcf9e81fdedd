package tessella.models.data;

import java.util.List;
import tessella.autodiff.Resize;

/**
 * A picture in real numbers, for pipelines that round nowhere between decoding and the model, as those of TensorFlow
 * do: rows from top to bottom, pixels from left to right, channels innermost. Immutable.
 */
public final class RealPicture {
    private final int height;
    private final int width;
    private final int channels;
    private final double[] values;

    private RealPicture(int height, int width, int channels, double[] values) {
        this.height = height;
        this.width = width;
        this.channels = channels;
        this.values = values;
    }

    /**
     * Wraps a copy of the given values, which may be any.
     *
     * @param height   rows, at least 1
     * @param width    pixels in a row, at least 1
     * @param channels 1 or 3
     * @param values   [height, width, channels]
     * @return the picture
     * @throws IllegalArgumentException if the extents and the number of values do not fit
     */
    public static RealPicture of(int height, int width, int channels, double[] values) {
        if (height < 1 || width < 1 || channels != 1 && channels != 3 || (long) height * width * channels != values.length) {
            throw new IllegalArgumentException("picture: expected at least 1 x 1 pixels, 1 or 3 channels and a value for each, "
                    + "found " + height + " x " + width + " x " + channels + " and " + values.length + " values");
        }
        return new RealPicture(height, width, channels, values.clone());
    }

    /**
     * Widens the bytes of a picture.
     *
     * @param picture the picture
     * @return the same values, 0 to 255
     */
    public static RealPicture of(Picture picture) {
        byte[] pixels = picture.shared();
        double[] values = new double[pixels.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = pixels[i] & 0xff;
        }
        return new RealPicture(picture.height(), picture.width(), picture.channels(), values);
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
    public double[] values() {
        return values.clone();
    }

    /**
     * Returns the picture at another size: y = R_h x R_w^T in double precision, neither rounded nor clipped.
     *
     * @param newHeight rows, at least 1
     * @param newWidth  pixels in a row, at least 1
     * @param method    where the weights R come from
     * @return a new picture
     * @throws IllegalArgumentException if an extent is not positive
     */
    public RealPicture resized(int newHeight, int newWidth, Resize method) {
        Filter across = Filter.of(method, width, newWidth);
        Filter down = Filter.of(method, height, newHeight);
        int row = Math.multiplyExact(newWidth, channels);
        double[] narrow = new double[Math.multiplyExact(height, row)]; // [height, newWidth, channels]
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < newWidth; x++) {
                double[] weights = across.weights(x);
                for (int c = 0; c < channels; c++) {
                    int at = (y * width + across.first(x)) * channels + c;
                    double sum = 0;
                    for (int k = 0; k < weights.length; k++) {
                        sum += weights[k] * values[at + k * channels];
                    }
                    narrow[y * row + x * channels + c] = sum;
                }
            }
        }
        double[] result = new double[Math.multiplyExact(newHeight, row)];
        for (int y = 0; y < newHeight; y++) {
            double[] weights = down.weights(y);
            for (int i = 0; i < row; i++) {
                double sum = 0;
                for (int k = 0; k < weights.length; k++) {
                    sum += weights[k] * narrow[(down.first(y) + k) * row + i];
                }
                result[y * row + i] = sum;
            }
        }
        return new RealPicture(newHeight, newWidth, channels, result);
    }

    /**
     * Returns a part of the picture.
     *
     * @param top       its first row
     * @param left      its first column
     * @param newHeight rows, at least 1
     * @param newWidth  pixels in a row, at least 1
     * @return a new picture
     * @throws IllegalArgumentException if the part does not lie in the picture
     */
    public RealPicture cropped(int top, int left, int newHeight, int newWidth) {
        Picture.requireInside(top, left, newHeight, newWidth, height, width);
        double[] result = new double[newHeight * newWidth * channels];
        int row = newWidth * channels;
        for (int y = 0; y < newHeight; y++) {
            System.arraycopy(values, ((top + y) * width + left) * channels, result, y * row, row);
        }
        return new RealPicture(newHeight, newWidth, channels, result);
    }

    /**
     * Returns (v / 255 - mean) / std of every value v.
     *
     * @param mean one per channel
     * @param std  one per channel, not 0
     * @return a new picture
     * @throws IllegalArgumentException if there is not one mean and one std for each channel
     */
    public RealPicture normalised(List<Double> mean, List<Double> std) {
        if (mean.size() != channels || std.size() != channels || std.contains(0.0)) {
            throw new IllegalArgumentException("normalise: expected a mean and a std other than 0 for each of %d channels, "
                    .formatted(channels) + "found " + mean + " and " + std);
        }
        double[] result = new double[values.length];
        for (int i = 0; i < result.length; i++) {
            result[i] = (values[i] / 255 - mean.get(i % channels)) / std.get(i % channels);
        }
        return new RealPicture(height, width, channels, result);
    }
}
