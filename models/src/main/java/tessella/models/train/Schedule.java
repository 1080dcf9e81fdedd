package tessella.models.train;

import java.util.List;

/** The learning rate of each step, steps counted from 0. */
@FunctionalInterface
public interface Schedule {
    /** The rate of a step. */
    double at(long step);

    /** The same rate for ever. */
    static Schedule constant(double rate) {
        Schedules.requireRate("rate", rate);
        return step -> rate;
    }

    /**
     * Linear warm-up times cosine decay: peak min(1, step / warmup) (1 + cos(pi u)) / 2, with
     * u = (step - warmup) / (total - warmup) clipped to [0, 1] (big_vision).
     *
     * @throws IllegalArgumentException unless 0 &lt;= warmup &lt; total
     */
    static Schedule warmupCosine(double peak, long warmup, long total) {
        Schedules.requireRate("peak", peak);
        Schedules.requireWarmup(warmup, total);
        return step -> peak * Schedules.rise(step, warmup) * 0.5
                * (1 + StrictMath.cos(StrictMath.PI * Schedules.progress(step, warmup, total)));
    }

    /**
     * Linear warm-up times linear decay: (end + (peak - end) (1 - u)) min(1, step / warmup), u as in
     * {@link #warmupCosine} (big_vision, vision_transformer).
     *
     * @throws IllegalArgumentException unless 0 &lt;= warmup &lt; total
     */
    static Schedule warmupLinear(double peak, long warmup, long total, double end) {
        Schedules.requireRate("peak", peak);
        Schedules.requireRate("end", end);
        Schedules.requireWarmup(warmup, total);
        return step -> (end + (peak - end) * (1 - Schedules.progress(step, warmup, total))) * Schedules.rise(step, warmup);
    }

    /**
     * Warm-up to a peak and cosine decay to an end: init + (peak - init) step / warmup, then
     * end + (peak - end) (1 + cos(pi u)) / 2, u as in {@link #warmupCosine} (optax).
     *
     * @throws IllegalArgumentException unless 0 &lt;= warmup &lt; total
     */
    static Schedule optaxWarmupCosine(double init, double peak, long warmup, long total, double end) {
        Schedules.requireRate("init", init);
        Schedules.requireRate("peak", peak);
        Schedules.requireRate("end", end);
        Schedules.requireWarmup(warmup, total);
        return step -> step < warmup ? init + (peak - init) * step / warmup
                : end + (peak - end) * 0.5 * (1 + StrictMath.cos(StrictMath.PI * Schedules.progress(step, warmup, total)));
    }

    /**
     * Inverse square root with a timescale: peak min(1, step / warmup) / sqrt(1 + max(0, step - warmup) / timescale), times
     * min(1, (total - step) / cooldown), 0 from total on (big_vision). The rate goes on falling while it cools down.
     *
     * @throws IllegalArgumentException unless warmup and cooldown are at least 0, at most total together, and the timescale is
     *     positive
     */
    static Schedule rsqrt(double peak, long warmup, double timescale, long total, long cooldown) {
        Schedules.requireRate("peak", peak);
        Schedules.requireCooldown(warmup, timescale, total, cooldown);
        return step -> Schedules.rsqrt(peak, step, warmup, timescale) * Schedules.fall(step, total, cooldown);
    }

    /**
     * Inverse square root with a timescale as {@link #rsqrt}, whose value at total - cooldown is kept from there on, and only
     * falls linearly to 0 at total (V-MoE, Soft MoE).
     *
     * @throws IllegalArgumentException as {@link #rsqrt}
     */
    static Schedule rsqrtHeldForCooldown(double peak, long warmup, double timescale, long total, long cooldown) {
        Schedules.requireRate("peak", peak);
        Schedules.requireCooldown(warmup, timescale, total, cooldown);
        return step -> Schedules.rsqrt(peak, Math.min(step, total - cooldown), warmup, timescale)
                * Schedules.fall(step, total, cooldown);
    }

    /**
     * scale / sqrt(max(step, warmup)): constant first, no linear part (T5).
     *
     * @throws IllegalArgumentException unless warmup is at least 1
     */
    static Schedule inverseSqrt(double scale, long warmup) {
        Schedules.requireRate("scale", scale);
        Schedules.requireStart(warmup);
        return step -> scale / Math.sqrt(Math.max(step, warmup));
    }

    /**
     * peak step / warmup, then peak sqrt(warmup / step).
     *
     * @throws IllegalArgumentException unless warmup is at least 1
     */
    static Schedule warmupInverseSqrt(double peak, long warmup) {
        Schedules.requireRate("peak", peak);
        Schedules.requireStart(warmup);
        return step -> step < warmup ? peak * step / warmup : peak * Math.sqrt((double) warmup / step);
    }

    /** From a step on, the rate is the peak times this. */
    record Stair(long step, double multiplier) {}

    /**
     * Linear warm-up times stairs: peak min(1, step / warmup), times the multiplier of the last stair that was reached
     * (big_vision).
     *
     * @throws IllegalArgumentException unless warmup is at least 0 and each stair begins after the one before
     */
    static Schedule stairs(double peak, long warmup, List<Stair> stairs) {
        Schedules.requireRate("peak", peak);
        Schedules.requireStairs(warmup, stairs);
        List<Stair> copy = List.copyOf(stairs);
        return step -> {
            double multiplier = 1;
            for (Stair stair : copy) {
                multiplier = step >= stair.step() ? stair.multiplier() : multiplier;
            }
            return peak * multiplier * Schedules.rise(step, warmup);
        };
    }
}
