package tessella.models.vit;

/**
 * Fixed position embedding (MoCo v3 form): concat(sin x w, cos x w, sin y w, cos y w), w_k = T^(-k / (d/4 - 1)) for k from 0
 * to d/4 - 1, rows of the grid first.
 */
public final class SinCos2d {
    private static final double TEMPERATURE = 10_000;

    private SinCos2d() {}

    /**
     * The table [rows * columns, d], row-major.
     *
     * @throws IllegalArgumentException if d is below 8 or 4 does not divide it
     */
    public static double[] table(int rows, int columns, int d) {
        if (d < 8 || d % 4 != 0) {
            throw new IllegalArgumentException("sincos2d: expected a width of at least 8 that 4 divides, found " + d);
        }
        int quarter = d / 4;
        double[] out = new double[rows * columns * d];
        for (int y = 0; y < rows; y++) {
            for (int x = 0; x < columns; x++) {
                int at = (y * columns + x) * d;
                for (int k = 0; k < quarter; k++) {
                    double w = StrictMath.pow(TEMPERATURE, -k / (quarter - 1.0));
                    out[at + k] = StrictMath.sin(x * w);
                    out[at + quarter + k] = StrictMath.cos(x * w);
                    out[at + 2 * quarter + k] = StrictMath.sin(y * w);
                    out[at + 3 * quarter + k] = StrictMath.cos(y * w);
                }
            }
        }
        return out;
    }
}
