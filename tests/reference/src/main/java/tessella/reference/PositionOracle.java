package tessella.reference;

/** The fixed two-dimensional sine-cosine position table. */
public final class PositionOracle {
    private PositionOracle() {}

    /**
     * The table {@code [rows * cols, width]}, width divisible by 4 and at least 8. With
     * {@code w_i = temperature^(-i / (width/4 - 1))} and x the column, y the row of a patch, its row of the table is
     * {@code [sin(x w), cos(x w), sin(y w), cos(y w)]}.
     */
    public static Array sincos2d(int rows, int cols, int width, double temperature) {
        int quarter = width / 4;
        return Array.fill(new int[] {rows * cols, width}, i -> {
            double omega = Math.pow(temperature, -(double) (i[1] % quarter) / (quarter - 1));
            int x = i[0] % cols;
            int y = i[0] / cols;
            return switch (i[1] / quarter) {
                case 0 -> Math.sin(x * omega);
                case 1 -> Math.cos(x * omega);
                case 2 -> Math.sin(y * omega);
                default -> Math.cos(y * omega);
            };
        });
    }
}
