package tessella.autodiff;

import static tessella.autodiff.Shapes.permute;
import static tessella.autodiff.Shapes.reshape;
import static tessella.autodiff.Shapes.slice;

/** Images as sequences of patches. */
public final class Patches {
    private Patches() {}

    /**
     * Cuts images [batch, height, width, channels] into patches of side p: [batch, rows * columns, p * p * channels], the
     * grid row-major, a patch flattened as (y, x, channel). Pixels that do not fill a patch are left out.
     *
     * @throws IllegalArgumentException if the images have not 4 axes, or no patch fits
     */
    public static Tensor patchify(Tensor images, long p) {
        return patchify(images, p, p);
    }

    /**
     * Cuts images into patches of height p and width q: [batch, rows * columns, p * q * channels], as for square ones.
     *
     * @throws IllegalArgumentException if the images have not 4 axes, or no patch fits
     */
    public static Tensor patchify(Tensor images, long p, long q) {
        if (images.shape().rank() != 4 || p < 1 || q < 1 || images.dim(1) < p || images.dim(2) < q) {
            throw new IllegalArgumentException("patchify: expected images [batch, height, width, channels] of at least one "
                    + "patch of " + p + " x " + q + ", found " + images.shape());
        }
        long batch = images.dim(0);
        long rows = images.dim(1) / p;
        long columns = images.dim(2) / q;
        long channels = images.dim(3);
        Tensor whole = slice(slice(images, 1, 0, rows * p), 2, 0, columns * q);
        Tensor grid = reshape(whole, batch, rows, p, columns, q * channels);       // [b, r, y, c, (x, channel)]
        return reshape(permute(grid, 0, 1, 3, 2, 4), batch, rows * columns, p * q * channels);
    }

    /**
     * Puts patches [batch, rows * columns, p * p * channels] together to images [batch, rows * p, columns * p, channels],
     * the inverse of {@link #patchify}.
     *
     * @throws IllegalArgumentException if the patches do not fit the grid
     */
    public static Tensor unpatchify(Tensor patches, long p, long rows, long columns) {
        if (patches.shape().rank() != 3 || patches.dim(1) != rows * columns || patches.dim(2) % (p * p) != 0) {
            throw new IllegalArgumentException("unpatchify: expected patches [batch, " + rows * columns + ", " + p * p
                    + " * channels], found " + patches.shape());
        }
        long batch = patches.dim(0);
        long channels = patches.dim(2) / (p * p);
        Tensor grid = reshape(patches, batch, rows, columns, p, p * channels);     // [b, r, c, y, (x, channel)]
        return reshape(permute(grid, 0, 1, 3, 2, 4), batch, rows * p, columns * p, channels);
    }
}
