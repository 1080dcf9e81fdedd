package tessella.models.data;

/**
 * Random changes to a training picture that keep its meaning: a mirror image half of the time, and a shift by a few
 * pixels in each direction, every distance equally likely, with black (0) moving in from the border.
 *
 * <p>Numbers are drawn in a fixed order, one for the flip if there are flips, then two for the vertical and the
 * horizontal shift if there are shifts, so that a picture looks the same whenever its source of numbers does.
 */
public final class Augmentation implements Transform {
    /** Leaves every picture as it is and draws nothing. */
    public static final Augmentation NONE = new Augmentation(0, 0);

    private final int flips; // how many mirror images there are to choose from: 0 or 1
    private final int shift;

    private Augmentation(int flips, int shift) {
        this.flips = flips;
        this.shift = shift;
    }

    /**
     * Shifts without mirror images, for pictures whose left and right mean something.
     *
     * @param pixels the longest shift in each direction, 0 or more
     * @return the augmentation
     */
    public static Augmentation shifts(int pixels) {
        return new Augmentation(0, requireShift(pixels));
    }

    /**
     * Mirror images (left and right swapped, probability 1/2) and shifts.
     *
     * @param pixels the longest shift in each direction, 0 or more
     * @return the augmentation
     */
    public static Augmentation flipsAndShifts(int pixels) {
        return new Augmentation(1, requireShift(pixels));
    }

    private static int requireShift(int pixels) {
        if (pixels < 0) {
            throw new IllegalArgumentException("augmentation: expected a shift of 0 or more pixels, found " + pixels);
        }
        return pixels;
    }

    @Override
    public Picture apply(Picture picture, RandomSource random) {
        if (flips == 0 && shift == 0) {
            return picture;
        }
        int height = picture.height();
        int width = picture.width();
        int channels = picture.channels();
        byte[] source = picture.shared();
        byte[] target = new byte[source.length];
        boolean mirror = flips > 0 && random.nextInt(2) == 1;
        int down = shift > 0 ? random.nextInt(2 * shift + 1) - shift : 0;
        int right = shift > 0 ? random.nextInt(2 * shift + 1) - shift : 0;
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int fromY = y - down;
                int fromX = x - right; // of the picture already mirrored
                boolean inside = fromY >= 0 && fromY < height && fromX >= 0 && fromX < width;
                int from = (fromY * width + (mirror ? width - 1 - fromX : fromX)) * channels;
                for (int c = 0; c < channels; c++) {
                    target[(y * width + x) * channels + c] = inside ? source[from + c] : 0;
                }
            }
        }
        return Picture.owning(height, width, channels, target);
    }

    @Override
    public String toString() {
        String shifts = "shifts of up to " + shift + " pixel" + (shift == 1 ? "" : "s");
        return flips > 0 ? shift > 0 ? "horizontal flips and " + shifts : "horizontal flips" : shift > 0 ? shifts
                : "none";
    }
}
