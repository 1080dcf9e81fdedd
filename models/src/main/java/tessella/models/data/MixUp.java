package tessella.models.data;

/**
 * Mixup (Zhang et al. 2018) with the rules of V-MoE: one weight l a batch, the larger part of a Beta(alpha, alpha), so that
 * no example disappears; x_i = l x_i + (1 - l) x_(i+1), the last with the first, and targets in the same way.
 *
 * @param alpha above 0: near 0 little is mixed, at 1 every weight from 1/2 to 1 is equally likely
 */
public record MixUp(double alpha) implements BatchTransform {
    /**
     * Checks the range.
     *
     * @throws IllegalArgumentException if alpha is not a positive finite number
     */
    public MixUp {
        Beta.requirePositive("mixup", alpha);
    }

    @Override
    public Batch apply(Batch batch, RandomSource random) {
        double weight = Beta.larger(alpha, random);
        return new Batch(mixed(batch.images(), batch.size(), weight), mixed(batch.targets(), batch.size(), weight),
                batch.labels(), batch.indices(), batch.height(), batch.width(), batch.channels());
    }

    /** Each row with the next one, [rows, n]. */
    static float[] mixed(float[] x, int rows, double weight) {
        float[] result = new float[x.length];
        int n = x.length / rows;
        for (int i = 0; i < x.length; i++) {
            result[i] = (float) (weight * x[i] + (1 - weight) * x[(i + n) % x.length]);
        }
        return result;
    }
}
