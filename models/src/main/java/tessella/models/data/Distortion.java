package tessella.models.data;

import java.util.function.DoubleUnaryOperator;

/**
 * The changes that {@link RandAugment} draws from. With s = magnitude / 10 and a sign +1 or -1 for the direction, a value v
 * becomes as written beside each change, rounded half up and clipped to 0 to 255. Movements look each new pixel up in the
 * old picture, bilinear between pixel centres, about its middle; what moves in from outside is grey, 128.
 */
public enum Distortion {
    /** v. */
    IDENTITY,
    /** Each channel stretched over the whole range: 255 (v - least) / (most - least); a channel of one value stays. */
    AUTO_CONTRAST,
    /** Each channel flattened: 255 (C(v) - C(least)) / (n - C(least)), C(v) of the n values are at most v; one value stays. */
    EQUALIZE,
    /** Turned by 30 s degrees, clockwise when the sign is +1. */
    ROTATE,
    /** 255 - v from the threshold round(256 - 256 s) on, at least 0. */
    SOLARIZE,
    /** g + f (v - g), g the grey of the pixel and f = max(0, 1 + 0.9 s sign). */
    COLOUR,
    /** Keeps the highest max(1, 8 - round(4 s)) bits of v. */
    POSTERIZE,
    /** m + f (v - m), m the mean grey of the picture, rounded, and f = max(0, 1 + 0.9 s sign). */
    CONTRAST,
    /** f v, f = max(0, 1 + 0.9 s sign). */
    BRIGHTNESS,
    /** b + f (v - b), b = (5 v + the eight about it) / 13, and f = max(0, 1 + 0.9 s sign); the border stays. */
    SHARPNESS,
    /** Each row moved right by 0.3 s sign times its distance below the middle. */
    SHEAR_X,
    /** Each column moved down by 0.3 s sign times its distance to the right of the middle. */
    SHEAR_Y,
    /** Moved right by 0.3 s sign of the width. */
    TRANSLATE_X,
    /** Moved down by 0.3 s sign of the height. */
    TRANSLATE_Y;

    /** Which way a change goes. */
    public enum Direction {
        /** The sign +1. */
        FORTH(1),
        /** The sign -1. */
        BACK(-1);

        private final int sign;

        Direction(int sign) {
            this.sign = sign;
        }
    }

    /** The largest magnitude. */
    public static final int LARGEST = 30;
    private static final int OUTSIDE = 128;
    private static final int VALUES = 256;

    /**
     * Changes one picture.
     *
     * @param picture   the picture
     * @param magnitude 0 to {@link #LARGEST}
     * @param direction the sign, which some changes do not look at
     * @return a picture of the same size and number of channels
     * @throws IllegalArgumentException if the magnitude is not in the range
     */
    public Picture apply(Picture picture, double magnitude, Direction direction) {
        if (!(magnitude >= 0 && magnitude <= LARGEST)) {
            throw new IllegalArgumentException("distortion: expected a magnitude from 0 to " + LARGEST + ", found " + magnitude);
        }
        double s = magnitude / 10;
        double signed = s * direction.sign;
        double factor = Math.max(0, 1 + 0.9 * signed);
        return switch (this) {
            case IDENTITY -> picture;
            case AUTO_CONTRAST -> byChannel(picture, Distortion::stretched);
            case EQUALIZE -> byChannel(picture, Distortion::flattened);
            case SOLARIZE -> {
                long threshold = Math.max(0, Math.round(VALUES - VALUES * s));
                yield byValue(picture, v -> v >= threshold ? 255 - v : v);
            }
            case POSTERIZE -> {
                int lost = 8 - (int) Math.max(1, 8 - Math.round(4 * s));
                yield byValue(picture, v -> (int) v >> lost << lost);
            }
            case BRIGHTNESS -> byValue(picture, v -> factor * v);
            case CONTRAST -> {
                long mean = meanGrey(picture);
                yield byValue(picture, v -> mean + factor * (v - mean));
            }
            case COLOUR -> coloured(picture, factor);
            case SHARPNESS -> sharpened(picture, factor);
            case ROTATE -> {
                double angle = StrictMath.toRadians(30 * signed);
                double cos = StrictMath.cos(angle);
                double sin = StrictMath.sin(angle);
                yield moved(picture, cos, sin, 0, -sin, cos, 0);
            }
            case SHEAR_X -> moved(picture, 1, -0.3 * signed, 0, 0, 1, 0);
            case SHEAR_Y -> moved(picture, 1, 0, 0, -0.3 * signed, 1, 0);
            case TRANSLATE_X -> moved(picture, 1, 0, -0.3 * signed * picture.width(), 0, 1, 0);
            case TRANSLATE_Y -> moved(picture, 1, 0, 0, 0, 1, -0.3 * signed * picture.height());
        };
    }

    private static byte rounded(double value) {
        return (byte) Math.clamp((long) Math.floor(value + 0.5), 0, 255);
    }

    private static Picture like(Picture picture, byte[] pixels) {
        return Picture.owning(picture.height(), picture.width(), picture.channels(), pixels);
    }

    private static Picture byValue(Picture picture, DoubleUnaryOperator f) {
        byte[] result = new byte[picture.shared().length];
        for (int i = 0; i < result.length; i++) {
            result[i] = rounded(f.applyAsDouble(picture.shared()[i] & 0xff));
        }
        return like(picture, result);
    }

    /** From the counts of the values of a channel to the new value of each. */
    @FunctionalInterface
    private interface Levels {
        DoubleUnaryOperator of(int[] counts, int least, int most);
    }

    private static Picture byChannel(Picture picture, Levels levels) {
        byte[] pixels = picture.shared();
        byte[] result = new byte[pixels.length];
        int channels = picture.channels();
        for (int c = 0; c < channels; c++) {
            int[] counts = new int[VALUES];
            int least = VALUES;
            int most = -1;
            for (int i = c; i < pixels.length; i += channels) {
                int v = pixels[i] & 0xff;
                counts[v]++;
                least = Math.min(least, v);
                most = Math.max(most, v);
            }
            DoubleUnaryOperator f = least == most ? v -> v : levels.of(counts, least, most);
            for (int i = c; i < pixels.length; i += channels) {
                result[i] = rounded(f.applyAsDouble(pixels[i] & 0xff));
            }
        }
        return like(picture, result);
    }

    private static DoubleUnaryOperator stretched(int[] counts, int least, int most) {
        return v -> 255.0 * (v - least) / (most - least);
    }

    private static DoubleUnaryOperator flattened(int[] counts, int least, int most) {
        long[] upTo = new long[VALUES];
        long sum = 0;
        for (int v = 0; v < VALUES; v++) {
            sum += counts[v];
            upTo[v] = sum;
        }
        long all = sum;
        return v -> 255.0 * (upTo[(int) v] - upTo[least]) / (all - upTo[least]);
    }

    private static long meanGrey(Picture picture) {
        long sum = 0;
        byte[] grey = picture.withChannels(1).shared();
        for (byte v : grey) {
            sum += v & 0xff;
        }
        return Math.round((double) sum / grey.length);
    }

    private static Picture coloured(Picture picture, double factor) {
        byte[] pixels = picture.shared();
        byte[] grey = picture.withChannels(1).shared();
        byte[] result = new byte[pixels.length];
        for (int i = 0; i < pixels.length; i++) {
            int g = grey[i / picture.channels()] & 0xff;
            result[i] = rounded(g + factor * ((pixels[i] & 0xff) - g));
        }
        return like(picture, result);
    }

    private static Picture sharpened(Picture picture, double factor) {
        byte[] result = picture.pixels();
        for (int y = 1; y < picture.height() - 1; y++) {
            for (int x = 1; x < picture.width() - 1; x++) {
                for (int c = 0; c < picture.channels(); c++) {
                    int v = picture.value(y, x, c);
                    int sum = 4 * v;
                    for (int near = 0; near < 9; near++) {
                        sum += picture.value(y - 1 + near / 3, x - 1 + near % 3, c);
                    }
                    double blurred = sum / 13.0;
                    result[(y * picture.width() + x) * picture.channels() + c] = rounded(blurred + factor * (v - blurred));
                }
            }
        }
        return like(picture, result);
    }

    /** The new pixel at (x, y) from the middle is the old one at (a x + b y + c, d x + e y + f). */
    private static Picture moved(Picture picture, double a, double b, double c, double d, double e, double f) {
        byte[] result = new byte[picture.shared().length];
        double middleY = (picture.height() - 1) / 2.0;
        double middleX = (picture.width() - 1) / 2.0;
        int at = 0;
        for (int y = 0; y < picture.height(); y++) {
            for (int x = 0; x < picture.width(); x++) {
                double fromX = a * (x - middleX) + b * (y - middleY) + c + middleX;
                double fromY = d * (x - middleX) + e * (y - middleY) + f + middleY;
                int left = (int) Math.floor(fromX);
                int top = (int) Math.floor(fromY);
                double right = fromX - left;
                double down = fromY - top;
                for (int channel = 0; channel < picture.channels(); channel++) {
                    double upper = (1 - right) * value(picture, top, left, channel)
                            + right * value(picture, top, left + 1, channel);
                    double lower = (1 - right) * value(picture, top + 1, left, channel)
                            + right * value(picture, top + 1, left + 1, channel);
                    result[at++] = rounded((1 - down) * upper + down * lower);
                }
            }
        }
        return like(picture, result);
    }

    private static int value(Picture picture, int y, int x, int channel) {
        boolean inside = y >= 0 && y < picture.height() && x >= 0 && x < picture.width();
        return inside ? picture.value(y, x, channel) : OUTSIDE;
    }
}
