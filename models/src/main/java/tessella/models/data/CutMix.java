package tessella.models.data;

/**
 * CutMix (Yun et al. 2019): one box a batch, in which example i shows what example i + 1 shows there, the last what the
 * first does. The box has the sides round(H sqrt(1 - l)) and round(W sqrt(1 - l)), l the larger part of a
 * Beta(alpha, alpha), and lies anywhere in the picture with equal probability; t_i = w t_i + (1 - w) t_(i+1), w the share
 * of the picture outside of the box.
 *
 * @param alpha above 0
 */
public record CutMix(double alpha) implements BatchTransform {
    /**
     * Checks the range.
     *
     * @throws IllegalArgumentException if alpha is not a positive finite number
     */
    public CutMix {
        Beta.requirePositive("CutMix", alpha);
    }

    @Override
    public Batch apply(Batch batch, RandomSource random) {
        double side = Math.sqrt(1 - Beta.larger(alpha, random));
        int rows = (int) Math.round(batch.height() * side);
        int columns = (int) Math.round(batch.width() * side);
        int top = random.nextInt(batch.height() - rows + 1);
        int left = random.nextInt(batch.width() - columns + 1);
        float[] images = batch.images().clone();
        int picture = images.length / batch.size();
        int row = columns * batch.channels();
        for (int i = 0; i < batch.size(); i++) {
            for (int y = top; y < top + rows; y++) {
                int at = (y * batch.width() + left) * batch.channels();
                System.arraycopy(batch.images(), (i + 1) % batch.size() * picture + at, images, i * picture + at, row);
            }
        }
        double outside = 1 - (double) rows * columns / (batch.height() * batch.width());
        return new Batch(images, MixUp.mixed(batch.targets(), batch.size(), outside), batch.labels(), batch.indices(),
                batch.height(), batch.width(), batch.channels());
    }
}
