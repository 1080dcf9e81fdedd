package tessella.reference;

/**
 * Images {@code [B, H, W, C]} cut into tokens {@code [B, rows * cols, patchH * patchW * C]}: row-major patches, inside
 * a patch row, column, channel. Pixels at the lower and right edge that do not fill a patch are ignored.
 */
public final class PatchOracle {
    private PatchOracle() {}

    /** {@code y[b, r * cols + c, (py * patchW + px) * C + ch] = x[b, r * patchH + py, c * patchW + px, ch]}. */
    public static Array patchify(Array x, int patchH, int patchW) {
        int cols = x.dim(2) / patchW;
        int channels = x.dim(3);
        int[] shape = {x.dim(0), x.dim(1) / patchH * cols, patchH * patchW * channels};
        return Array.fill(shape, i -> {
            int row = i[1] / cols * patchH + i[2] / channels / patchW;
            int col = i[1] % cols * patchW + i[2] / channels % patchW;
            return x.get(i[0], row, col, i[2] % channels);
        });
    }

    /** The gradient of {@link #patchify}: every pixel takes the gradient of the one place it went to, or 0. */
    public static Array patchifyVjp(Array x, int patchH, int patchW, Array dy) {
        return unpatchify(dy, x.shape(), patchH, patchW);
    }

    /** The image {@code [B, H, W, C]} of these tokens; pixels that belong to no patch are 0. */
    public static Array unpatchify(Array y, int[] imageShape, int patchH, int patchW) {
        int rows = imageShape[1] / patchH;
        int cols = imageShape[2] / patchW;
        int channels = imageShape[3];
        return Array.fill(imageShape, i -> {
            int row = i[1] / patchH;
            int col = i[2] / patchW;
            if (row >= rows || col >= cols) {
                return 0;
            }
            int inside = (i[1] % patchH * patchW + i[2] % patchW) * channels + i[3];
            return y.get(i[0], row * cols + col, inside);
        });
    }
}
