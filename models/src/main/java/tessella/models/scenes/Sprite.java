package tessella.models.scenes;

import java.util.ArrayDeque;
import java.util.Arrays;

/**
 * A small picture with opacity.
 *
 * @param id what it is called in its sheet, such as "1F600"
 * @param height rows
 * @param width pixels in a row
 * @param rgba [height, width, 4], 0 to 255, not multiplied by the opacity
 */
record Sprite(String id, int height, int width, byte[] rgba) {
    /** What counts as seen: at least half opaque. */
    static final int OPAQUE = 128;

    /**
     * A sprite from a picture on white, which the sheet has: white that reaches the edge of the picture is the background, and
     * pixels beside it are taken for colours mixed with it.
     *
     * @param rgb [height * width] red, green and blue, eight bits each, in the lower 24
     */
    static Sprite cutFromWhite(String id, int height, int width, int[] rgb) {
        boolean[] outside = outside(height, width, rgb);
        byte[] rgba = new byte[height * width * 4];
        for (int at = 0; at < rgb.length; at++) {
            int least = Math.min(rgb[at] >> 16 & 0xff, Math.min(rgb[at] >> 8 & 0xff, rgb[at] & 0xff));
            // the least opaque colour over white that looks like this
            int alpha = outside[at] ? 0 : isBeside(outside, at, width) ? 255 - least : 255;
            for (int c = 0; c < 3; c++) {
                int value = rgb[at] >> 16 - 8 * c & 0xff;
                rgba[at * 4 + c] = (byte) (alpha == 0 ? 0 : 255 - (255 - value) * 255 / alpha);
            }
            rgba[at * 4 + 3] = (byte) alpha;
        }
        return new Sprite(id, height, width, rgba);
    }

    /** What of the white can be reached from the edge. */
    private static boolean[] outside(int height, int width, int[] rgb) {
        boolean[] out = new boolean[rgb.length];
        ArrayDeque<Integer> open = new ArrayDeque<>();
        for (int at = 0; at < rgb.length; at++) {
            boolean edge = at < width || at >= rgb.length - width || at % width == 0 || at % width == width - 1;
            if (edge && isWhite(rgb[at])) {
                out[at] = true;
                open.add(at);
            }
        }
        while (!open.isEmpty()) {
            int at = open.poll();
            int x = at % width;
            int[] beside = {x > 0 ? at - 1 : at, x < width - 1 ? at + 1 : at, at >= width ? at - width : at,
                at + width < height * width ? at + width : at};
            for (int next : beside) {
                if (!out[next] && isWhite(rgb[next])) {
                    out[next] = true;
                    open.add(next);
                }
            }
        }
        return out;
    }

    private static boolean isWhite(int rgb) {
        return (rgb >> 16 & 0xff) >= 248 && (rgb >> 8 & 0xff) >= 248 && (rgb & 0xff) >= 248;
    }

    private static boolean isBeside(boolean[] outside, int at, int width) {
        int x = at % width;
        return x > 0 && outside[at - 1] || x < width - 1 && outside[at + 1] || at >= width && outside[at - width]
                || at + width < outside.length && outside[at + width];
    }

    int alpha(int y, int x) {
        return rgba[(y * width + x) * 4 + 3] & 0xff;
    }

    /**
     * The sprite with another side, every new pixel the mean of the area it covers, weighted by opacity. Integers only, so
     * that all machines agree.
     */
    Sprite scaled(int newHeight, int newWidth) {
        byte[] out = new byte[newHeight * newWidth * 4];
        long area = (long) height * width;
        for (int y = 0; y < newHeight; y++) {
            for (int x = 0; x < newWidth; x++) {
                long opacity = 0;
                long[] colour = new long[3];
                // in units of 1 / (old side * new side): pixel y covers [y height, (y + 1) height)
                for (int sy = y * height / newHeight; sy * newHeight < (y + 1) * height; sy++) {
                    long rows = overlap(y * height, (y + 1) * height, sy * newHeight, (sy + 1) * newHeight);
                    for (int sx = x * width / newWidth; sx * newWidth < (x + 1) * width; sx++) {
                        long weight = rows * overlap(x * width, (x + 1) * width, sx * newWidth, (sx + 1) * newWidth)
                                * alpha(sy, sx);
                        opacity += weight;
                        for (int c = 0; c < 3; c++) {
                            colour[c] += weight * (rgba[(sy * width + sx) * 4 + c] & 0xff);
                        }
                    }
                }
                int at = (y * newWidth + x) * 4;
                for (int c = 0; c < 3; c++) {
                    out[at + c] = (byte) (opacity == 0 ? 0 : (colour[c] + opacity / 2) / opacity);
                }
                out[at + 3] = (byte) ((opacity + area / 2) / area);
            }
        }
        return new Sprite(id, newHeight, newWidth, out);
    }

    private static int overlap(int from, int to, int otherFrom, int otherTo) {
        return Math.min(to, otherTo) - Math.max(from, otherFrom);
    }

    /** Left and right exchanged. */
    Sprite mirrored() {
        byte[] out = new byte[rgba.length];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                System.arraycopy(rgba, (y * width + x) * 4, out, (y * width + width - 1 - x) * 4, 4);
            }
        }
        return new Sprite(id, height, width, out);
    }

    /** The smallest part that holds everything seen; the sprite itself if nothing is. */
    Sprite cropped() {
        int top = height;
        int bottom = 0;
        int left = width;
        int right = 0;
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                if (alpha(y, x) >= OPAQUE) {
                    top = Math.min(top, y);
                    bottom = Math.max(bottom, y + 1);
                    left = Math.min(left, x);
                    right = Math.max(right, x + 1);
                }
            }
        }
        if (top >= bottom) {
            return this;
        }
        byte[] out = new byte[(bottom - top) * (right - left) * 4];
        for (int y = top; y < bottom; y++) {
            byte[] row = Arrays.copyOfRange(rgba, (y * width + left) * 4, (y * width + right) * 4);
            System.arraycopy(row, 0, out, (y - top) * row.length, row.length);
        }
        return new Sprite(id, bottom - top, right - left, out);
    }
}
