package tessella.reference;

/** Pictures {@code [B, H, W, C]} in another size, every pixel from its definition. */
public final class ResizeOracle {
    private ResizeOracle() {}

    /** The picture by a method of this name. */
    public static Array resize(Array x, String method, int height, int width) {
        Array rows = Array.fill(new int[] {x.dim(0), height, x.dim(2), x.dim(3)}, at -> {
            double sum = 0;
            for (int h = 0; h < x.dim(1); h++) {
                sum += weight(method, at[1], h, x.dim(1), height) * x.get(at[0], h, at[2], at[3]);
            }
            return sum;
        });
        return Array.fill(new int[] {x.dim(0), height, width, x.dim(3)}, at -> {
            double sum = 0;
            for (int w = 0; w < x.dim(2); w++) {
                sum += weight(method, at[2], w, x.dim(2), width) * rows.get(at[0], at[1], w, at[3]);
            }
            return sum;
        });
    }

    /** What input j of n contributes to output i of m. */
    private static double weight(String method, int i, int j, int n, int m) {
        double ratio = (double) n / m;
        double centre = (i + 0.5) * ratio;
        return switch (method) {
            case "NEAREST" -> j == Math.floor(centre) ? 1 : 0;
            case "AREA" -> {
                double from = Math.floor(i * ratio);
                double to = Math.ceil((i + 1) * ratio - 1e-9);
                yield j >= from && j < to ? 1 / (to - from) : 0;
            }
            case "BILINEAR_ALIGN_CORNERS" -> Math.max(0, 1 - Math.abs((m == 1 ? 0 : i * (n - 1.0) / (m - 1)) - j));
            case "BILINEAR_HALF_PIXEL" -> Math.max(0, 1 - Math.abs(Math.clamp(centre - 0.5, 0, n - 1) - j));
            case "BICUBIC" -> {
                // every tap outside falls on the border pixel
                double sum = 0;
                for (int tap = -3; tap < n + 3; tap++) {
                    sum += Math.max(0, Math.min(n - 1, tap)) == j ? cubic(centre - 0.5 - tap, -0.75) : 0;
                }
                yield sum;
            }
            case "BILINEAR_ANTIALIAS" -> stretched(j, n, centre, ratio, false);
            case "BICUBIC_ANTIALIAS" -> stretched(j, n, centre, ratio, true);
            default -> throw new IllegalArgumentException("resize method " + method);
        };
    }

    private static double stretched(int j, int n, double centre, double ratio, boolean cubic) {
        double stretch = Math.max(1, ratio);
        double all = 0;
        double own = 0;
        for (int k = 0; k < n; k++) {
            double d = (k + 0.5 - centre) / stretch;
            double w = cubic ? cubic(d, -0.5) : Math.max(0, 1 - Math.abs(d));
            all += w;
            own = k == j ? w : own;
        }
        return own / all;
    }

    private static double cubic(double d, double a) {
        double t = Math.abs(d);
        if (t < 1) {
            return (a + 2) * t * t * t - (a + 3) * t * t + 1;
        }
        return t < 2 ? a * t * t * t - 5 * a * t * t + 8 * a * t - 4 * a : 0;
    }
}
