package tessella.models.train;

/** The learning rate of each step, steps counted from 0. */
@FunctionalInterface
public interface Schedule {
    /** The rate of a step. */
    double at(long step);

    /**
     * Linear warm-up times cosine decay: peak min(1, step / warmup) (1 + cos(pi u)) / 2, with
     * u = (step - warmup) / (total - warmup) clipped to [0, 1] (big_vision).
     *
     * @throws IllegalArgumentException unless 0 &lt;= warmup &lt; total
     */
    static Schedule warmupCosine(double peak, long warmup, long total) {
        if (warmup < 0 || warmup >= total) {
            throw new IllegalArgumentException("schedule: expected a warm-up of at least 0 and fewer than " + total
                    + " steps, found " + warmup + "; train for more epochs or warm up for fewer steps");
        }
        return step -> {
            double progress = Math.clamp((step - warmup) / (double) (total - warmup), 0, 1);
            double rise = warmup == 0 ? 1 : Math.min(1, step / (double) warmup);
            return peak * rise * 0.5 * (1 + StrictMath.cos(StrictMath.PI * progress));
        };
    }
}
