package tessella.reference;

import java.util.List;

/** Gradient clipping and learning-rate schedules. */
public final class TrainingOracle {
    private TrainingOracle() {}

    /** The length of all gradients laid end to end: {@code sqrt(sum of g^2)}. */
    public static double globalNorm(List<Array> gradients) {
        double sum = 0;
        for (Array g : gradients) {
            sum += g.dot(g);
        }
        return Math.sqrt(sum);
    }

    /** All gradients times {@code min(1, maxNorm / norm)}: untouched when the norm is below the limit. */
    public static List<Array> clipGlobalNorm(List<Array> gradients, double maxNorm) {
        double norm = globalNorm(gradients);
        double factor = norm < maxNorm ? 1 : maxNorm / norm;
        return gradients.stream().map(g -> g.times(factor)).toList();
    }

    /**
     * Warm-up and cosine decay: {@code base * 0.5 (1 + cos(pi progress)) * min(1, step / warmup)} with
     * {@code progress = (step - warmup) / (total - warmup)} clipped to 0..1.
     */
    public static double warmupCosine(long step, long warmup, long total, double base) {
        double progress = Math.clamp((double) (step - warmup) / (total - warmup), 0.0, 1.0);
        double warm = warmup == 0 ? 1 : Math.min(1, (double) step / warmup);
        return base * 0.5 * (1 + Math.cos(Math.PI * progress)) * warm;
    }
}
