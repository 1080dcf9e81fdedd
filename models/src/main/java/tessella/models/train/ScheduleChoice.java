package tessella.models.train;

import java.util.Locale;

/** The schedules that a training run can be asked for by name. */
public enum ScheduleChoice {
    /** Warm-up, then a cosine to 0. */
    COSINE,
    /** Warm-up, then a straight line to 0. */
    LINEAR,
    /** Warm-up, inverse square root with the warm-up as timescale, and a cool-down as long as the warm-up (big_vision). */
    RSQRT,
    /** The peak, always. */
    CONSTANT;

    /** The schedule of a run of so many steps. */
    public Schedule of(double peak, long warmup, long steps) {
        return switch (this) {
            case COSINE -> Schedule.warmupCosine(peak, warmup, steps);
            case LINEAR -> Schedule.warmupLinear(peak, warmup, steps, 0);
            case RSQRT -> Schedule.rsqrt(peak, warmup, Math.max(1, warmup), steps, warmup);
            case CONSTANT -> Schedule.constant(peak);
        };
    }

    /** In small letters. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
