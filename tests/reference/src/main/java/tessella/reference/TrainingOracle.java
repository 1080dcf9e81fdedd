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

    /** Each element limited to [-max, max]. */
    public static List<Array> clipValue(List<Array> gradients, double max) {
        return gradients.stream().map(g -> g.map(x -> x > max ? max : x < -max ? -max : x)).toList();
    }

    /** Warm-up and linear decay to an end: {@code (end + (base - end) (1 - progress)) * min(1, step / warmup)}. */
    public static double warmupLinear(long step, long warmup, long total, double base, double end) {
        double progress = Math.clamp((double) (step - warmup) / (total - warmup), 0.0, 1.0);
        double warm = warmup == 0 ? 1 : Math.min(1, (double) step / warmup);
        return (end + (base - end) * (1 - progress)) * warm;
    }

    /** optax: linear from {@code init} to {@code peak}, then a cosine from there to {@code end}. */
    public static double optaxWarmupCosine(long step, long warmup, long total, double init, double peak, double end) {
        if (step < warmup) {
            return init + (peak - init) * step / warmup;
        }
        double progress = Math.min(1, (double) (step - warmup) / (total - warmup));
        return end + (peak - end) * (1 + Math.cos(Math.PI * progress)) / 2;
    }

    /** big_vision: {@code base / sqrt((step + timescale - warmup) / timescale)} after a linear warm-up, times what is left. */
    public static double rsqrt(long step, long warmup, double timescale, long total, long cooldown, double base) {
        double rate = step <= warmup ? (warmup == 0 ? base : base * step / warmup)
                : base / Math.sqrt((step + timescale - warmup) / timescale);
        double left = cooldown == 0 ? (step > total ? 0 : 1) : Math.min(1, (double) (total - step) / cooldown);
        return rate * Math.max(0, left);
    }

    /** V-MoE: as {@link #rsqrt}, but from {@code total - cooldown} on a straight line to 0. */
    public static double rsqrtHeld(long step, long warmup, double timescale, long total, long cooldown, double base) {
        long begin = total - cooldown;
        if (step <= begin) {
            return rsqrt(step, warmup, timescale, Long.MAX_VALUE, 0, base);
        }
        double there = rsqrt(begin, warmup, timescale, Long.MAX_VALUE, 0, base);
        return step >= total ? 0 : there - there * (step - begin) / cooldown;
    }
}
