package tessella.models.transport;

import java.util.Arrays;
import tessella.engine.Random;
import tessella.models.data.Picture;

/**
 * A picture in a few colours: the means of its pixels by Lloyd's algorithm, from a start drawn as in k-means++.
 *
 * @param colours red, green and blue of each, from 0 to 1
 * @param shares of the pixels that each stands for; sum 1
 * @param nearest the colour of each pixel, row by row
 */
public record Palette(double[][] colours, double[] shares, int[] nearest) {
    private static final int ROUNDS = 15;
    /** Pixels that the colours are found from; more would not change them. */
    private static final int SEEN = 1 << 14;

    /**
     * At most so many colours of a picture: fewer where it has fewer.
     *
     * @throws IllegalArgumentException if that is below 1
     */
    public static Palette of(Picture picture, int most, long seed) {
        if (most < 1) {
            throw new IllegalArgumentException("palette: expected at least 1 colour, found " + most);
        }
        double[][] pixels = pixels(picture.withChannels(3));
        double[][] seen = pixels.length <= SEEN ? pixels : new double[SEEN][];
        for (int i = 0; seen != pixels && i < SEEN; i++) {
            seen[i] = pixels[(int) ((long) pixels.length * i / SEEN)];
        }
        double[][] colours = start(seen, most, Random.of(seed, "palette"));
        for (int round = 0; round < ROUNDS; round++) {
            move(colours, seen);
        }
        int[] nearest = new int[pixels.length];
        double[] shares = new double[colours.length];
        for (int i = 0; i < pixels.length; i++) {
            nearest[i] = nearest(colours, pixels[i]);
            shares[nearest[i]] += 1.0 / pixels.length;
        }
        return used(colours, shares, nearest);
    }

    private static double[][] pixels(Picture rgb) {
        byte[] bytes = rgb.pixels();
        double[][] pixels = new double[bytes.length / 3][3];
        for (int i = 0; i < bytes.length; i++) {
            pixels[i / 3][i % 3] = (bytes[i] & 0xff) / 255.0;
        }
        return pixels;
    }

    /** Each colour a pixel, drawn with a probability that grows with the square of its distance from those before. */
    private static double[][] start(double[][] pixels, int most, Random random) {
        double[][] colours = new double[most][];
        double[] distances = new double[pixels.length];
        Arrays.fill(distances, 1);
        int count = 0;
        while (count < most) {
            double total = Arrays.stream(distances).sum();
            if (!(total > 0)) {
                break; // every pixel is a colour
            }
            double left = random.uniform(count) * total;
            int chosen = 0;
            while (chosen + 1 < pixels.length && left >= distances[chosen]) {
                left -= distances[chosen++];
            }
            colours[count] = pixels[chosen].clone();
            for (int i = 0; i < pixels.length; i++) {
                double d = distance(pixels[i], colours[count]);
                distances[i] = count == 0 ? d : Math.min(distances[i], d);
            }
            count++;
        }
        return Arrays.copyOf(colours, count);
    }

    private static void move(double[][] colours, double[][] pixels) {
        double[][] sums = new double[colours.length][3];
        int[] counts = new int[colours.length];
        for (double[] pixel : pixels) {
            int j = nearest(colours, pixel);
            counts[j]++;
            for (int c = 0; c < 3; c++) {
                sums[j][c] += pixel[c];
            }
        }
        for (int j = 0; j < colours.length; j++) {
            for (int c = 0; c < 3 && counts[j] > 0; c++) {
                colours[j][c] = sums[j][c] / counts[j];
            }
        }
    }

    private static int nearest(double[][] colours, double[] pixel) {
        int best = 0;
        double least = Double.POSITIVE_INFINITY;
        for (int j = 0; j < colours.length; j++) {
            double d = distance(colours[j], pixel);
            if (d < least) {
                least = d;
                best = j;
            }
        }
        return best;
    }

    static double distance(double[] x, double[] y) {
        double r = x[0] - y[0];
        double g = x[1] - y[1];
        double b = x[2] - y[2];
        return r * r + g * g + b * b;
    }

    /** Without colours that no pixel has. */
    private static Palette used(double[][] colours, double[] shares, int[] nearest) {
        int[] place = new int[colours.length];
        int count = 0;
        for (int j = 0; j < colours.length; j++) {
            place[j] = count;
            if (shares[j] > 0) {
                colours[count] = colours[j];
                shares[count++] = shares[j];
            }
        }
        Arrays.setAll(nearest, i -> place[nearest[i]]);
        return new Palette(Arrays.copyOf(colours, count), Arrays.copyOf(shares, count), nearest);
    }

    /** Number of colours. */
    public int size() {
        return colours.length;
    }

    /** The picture, of this size, with other colours in the places of its own. */
    public Picture painted(int height, int width, double[][] others) {
        byte[] bytes = new byte[nearest.length * 3];
        for (int i = 0; i < nearest.length; i++) {
            for (int c = 0; c < 3; c++) {
                bytes[3 * i + c] = (byte) Math.clamp(Math.round(255 * others[nearest[i]][c]), 0, 255);
            }
        }
        return Picture.of(height, width, 3, bytes);
    }
}
