package tessella.models.data;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tessella.engine.json.Json;

/**
 * What happens to a picture on its way into a model: it is brought to a number of channels and a size, by
 * {@link Picture#withChannels} and {@link Picture#resized(int, int)}, and a value v
 * from 0 to 255 becomes x = (v / 255 - mean) / std, with a mean and a standard deviation for each channel. Kept in
 * checkpoints, so that a model meets later pictures as it met those it learned from.
 *
 * @param height   rows, at least 1
 * @param width    pixels in a row, at least 1
 * @param channels 1 (grey) or 3 (red, green, blue)
 * @param mean     one per channel
 * @param std      one per channel, above 0
 */
public record Preprocessing(int height, int width, int channels, List<Double> mean, List<Double> std) {
    private static final List<String> FIELDS = List.of("height", "width", "channels", "mean", "std");
    private static final int VALUES = 256;

    /**
     * Checks and copies.
     *
     * @throws IllegalArgumentException if an extent, a number of values or a value is not as described
     */
    public Preprocessing {
        mean = List.copyOf(mean);
        std = List.copyOf(std);
        if (height < 1 || width < 1 || channels != 1 && channels != 3) {
            throw new IllegalArgumentException("preprocessing: expected at least 1 x 1 pixels and 1 or 3 channels, "
                    + "found " + height + " x " + width + " and " + channels);
        }
        if (mean.size() != channels || std.size() != channels) {
            throw new IllegalArgumentException("preprocessing: expected a mean and a std for each of %d channels, "
                    .formatted(channels) + "found " + mean + " and " + std);
        }
        if (!mean.stream().allMatch(Double::isFinite) || !std.stream().allMatch(s -> s > 0 && s < 1e9)) {
            throw new IllegalArgumentException("preprocessing: expected finite means and positive stds, found " + mean
                    + " and " + std);
        }
    }

    /**
     * Maps 0 to 255 onto -1 to 1: mean = std = 1/2 in each channel.
     *
     * @param height   rows
     * @param width    pixels in a row
     * @param channels 1 or 3
     * @return the preprocessing
     */
    public static Preprocessing symmetric(int height, int width, int channels) {
        List<Double> half = Collections.nCopies(channels, 0.5);
        return new Preprocessing(height, width, channels, half, half);
    }

    /**
     * Gives the values of each channel mean 0 and variance 1 over all pixels of the given pictures.
     *
     * @param pictures the training pictures: statistics of others would leak into the model
     * @return the preprocessing, of the size of the pictures
     * @throws IllegalArgumentException if there is no picture, or a channel has one value only
     */
    public static Preprocessing standardising(ImageSet pictures) {
        int channels = pictures.channels();
        long[] sum = new long[channels];
        long[] squares = new long[channels]; // exact: 2^63 / 255^2 is more pixels than fit in an array
        byte[] pixels = pictures.shared();
        for (int i = 0; i < pixels.length; i++) {
            int v = pixels[i] & 0xff;
            sum[i % channels] += v;
            squares[i % channels] += v * v;
        }
        List<Double> mean = new ArrayList<>();
        List<Double> std = new ArrayList<>();
        double count = pixels.length / (double) channels;
        for (int c = 0; c < channels; c++) {
            double m = sum[c] / count;
            double variance = squares[c] / count - m * m;
            if (!(variance > 0)) {
                throw new IllegalArgumentException("preprocessing: expected pictures with more than one value, found "
                        + pictures);
            }
            mean.add(m / 255);
            std.add(Math.sqrt(variance) / 255);
        }
        return new Preprocessing(pictures.height(), pictures.width(), channels, mean, std);
    }

    /**
     * Prepares one picture of any size.
     *
     * @param picture the picture
     * @return [height, width, channels]
     */
    public float[] apply(Picture picture) {
        float[] result = new float[height * width * channels];
        apply(table(), picture, result, 0);
        return result;
    }

    /** Brings one picture to size and channels, and maps it through the {@link #table()}. */
    void apply(float[] table, Picture picture, float[] target, int offset) {
        byte[] pixels = picture.withChannels(channels).resized(height, width).shared();
        for (int i = 0; i < pixels.length; i += channels) {
            for (int c = 0; c < channels; c++) {
                target[offset + i + c] = table[c * VALUES + (pixels[i + c] & 0xff)];
            }
        }
    }

    /** The image of every value of every channel, [channels, 256], computed in double and rounded once. */
    float[] table() {
        float[] table = new float[channels * VALUES];
        for (int c = 0; c < channels; c++) {
            for (int v = 0; v < VALUES; v++) {
                table[c * VALUES + v] = (float) ((v / 255.0 - mean.get(c)) / std.get(c));
            }
        }
        return table;
    }

    /**
     * Returns the record as a JSON object.
     *
     * @return height, width, channels, mean, std
     */
    public Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("height", height);
        json.put("width", width);
        json.put("channels", channels);
        json.put("mean", mean);
        json.put("std", std);
        return json;
    }

    /**
     * Reads what {@link #toJson()} wrote.
     *
     * @param json a parsed JSON value
     * @return the record
     * @throws IllegalArgumentException if a field is missing, unknown or not as described
     */
    public static Preprocessing fromJson(Object json) {
        Map<String, Object> fields = Json.object(json, "preprocessing");
        if (!fields.keySet().equals(Set.copyOf(FIELDS))) {
            throw new IllegalArgumentException("preprocessing: expected the fields %s, found %s".formatted(FIELDS,
                    fields.keySet()));
        }
        return new Preprocessing(extent(fields, "height"), extent(fields, "width"), extent(fields, "channels"),
                numbers(fields, "mean"), numbers(fields, "std"));
    }

    private static int extent(Map<String, Object> fields, String name) {
        long value = Json.integer(fields.get(name), "preprocessing." + name);
        if (value < 1 || value > 1 << 15) {
            throw new IllegalArgumentException("preprocessing.%s: expected 1 to %d, found %d".formatted(name, 1 << 15,
                    value));
        }
        return (int) value;
    }

    private static List<Double> numbers(Map<String, Object> fields, String name) {
        return Json.array(fields.get(name), "preprocessing." + name).stream()
                .map(value -> Json.number(value, "preprocessing." + name)).toList();
    }
}
