package tessella.models.scenes;

import java.util.function.IntUnaryOperator;

/** What lies behind the objects: a colour, a slope of colours, stripes, tiles or clouds. Integers only. */
final class Backgrounds {
    private Backgrounds() {}

    /** Fills a canvas; below(n) draws a number in [0, n). */
    static void paint(Canvas canvas, IntUnaryOperator below) {
        int a = colour(below);
        int b = colour(below);
        int kind = below.applyAsInt(5);
        int step = 3 + below.applyAsInt(14);
        int dx = below.applyAsInt(5) - 2;
        int dy = below.applyAsInt(5) - 2;
        int[][] cloud = kind == 4 ? cloud(below) : null;
        int span = Math.max(1, Math.abs(dx) * (canvas.width - 1) + Math.abs(dy) * (canvas.height - 1));
        for (int y = 0; y < canvas.height; y++) {
            for (int x = 0; x < canvas.width; x++) {
                int along = dx * x + dy * y;
                int share = switch (kind) {
                    case 1 -> Math.floorMod(along, span + 1) * 255 / span;
                    case 2 -> Math.floorMod(along + x, 2 * step) < step ? 0 : 255;
                    case 3 -> (x / step + y / step) % 2 * 255;
                    case 4 -> smooth(cloud, y, x, canvas.height, canvas.width);
                    default -> 0;
                };
                canvas.set(y, x, mixed(a, b, share));
            }
        }
    }

    /** Neither black nor white, which objects have at their edges. */
    private static int colour(IntUnaryOperator below) {
        int out = 0;
        for (int c = 0; c < 3; c++) {
            out = out << 8 | 40 + below.applyAsInt(176);
        }
        return out;
    }

    private static int mixed(int a, int b, int share) {
        int out = 0;
        for (int shift = 16; shift >= 0; shift -= 8) {
            int mixed = ((a >> shift & 0xff) * (255 - share) + (b >> shift & 0xff) * share + 127) / 255;
            out |= mixed << shift;
        }
        return out;
    }

    private static final int KNOTS = 5;

    private static int[][] cloud(IntUnaryOperator below) {
        int[][] out = new int[KNOTS][KNOTS];
        for (int[] row : out) {
            for (int i = 0; i < KNOTS; i++) {
                row[i] = below.applyAsInt(256);
            }
        }
        return out;
    }

    /** Between the four knots around a pixel, linearly. */
    private static int smooth(int[][] cloud, int y, int x, int height, int width) {
        int ty = y * (KNOTS - 1) * 256 / height;
        int tx = x * (KNOTS - 1) * 256 / width;
        int fy = ty % 256;
        int fx = tx % 256;
        int top = cloud[ty / 256][tx / 256] * (256 - fx) + cloud[ty / 256][tx / 256 + 1] * fx;
        int bottom = cloud[ty / 256 + 1][tx / 256] * (256 - fx) + cloud[ty / 256 + 1][tx / 256 + 1] * fx;
        return (top * (256 - fy) + bottom * fy) >> 16;
    }
}
