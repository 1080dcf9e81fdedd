package tessella.models.train;

import java.util.List;

/** What schedules have in common: warm-up, progress, cool-down, and the numbers they refuse. */
final class Schedules {
    private Schedules() {}

    /** min(1, step / warmup). */
    static double rise(long step, long warmup) {
        return warmup == 0 ? 1 : Math.min(1, step / (double) warmup);
    }

    /** (step - warmup) / (total - warmup), clipped to [0, 1]. */
    static double progress(long step, long warmup, long total) {
        return Math.clamp((step - warmup) / (double) (total - warmup), 0, 1);
    }

    /** min(1, (total - step) / cooldown), 0 after total. */
    static double fall(long step, long total, long cooldown) {
        return cooldown == 0 ? step <= total ? 1 : 0 : Math.clamp((total - step) / (double) cooldown, 0, 1);
    }

    static double rsqrt(double peak, long step, long warmup, double timescale) {
        return peak * rise(step, warmup) / Math.sqrt(1 + Math.max(0, step - warmup) / timescale);
    }

    static void requireRate(String name, double rate) {
        require(rate >= 0 && Double.isFinite(rate), "a finite " + name + " of at least 0", rate, "choose another rate");
    }

    static void requireWarmup(long warmup, long total) {
        require(warmup >= 0 && warmup < total, "a warm-up of at least 0 and fewer than " + total + " steps", warmup,
                "train for more epochs or warm up for fewer steps");
    }

    static void requireStart(long warmup) {
        require(warmup >= 1, "a warm-up of at least 1 step", warmup, "the rate would be infinite at step 0");
    }

    static void requireCooldown(long warmup, double timescale, long total, long cooldown) {
        require(warmup >= 0 && cooldown >= 0 && warmup + cooldown <= total, "a warm-up and a cool-down of at least 0 and together "
                + "at most " + total + " steps", warmup + " and " + cooldown, "train for more epochs or shorten them");
        require(timescale > 0, "a positive timescale", timescale, "that of the papers is the warm-up");
    }

    static void requireStairs(long warmup, List<Schedule.Stair> stairs) {
        require(warmup >= 0, "a warm-up of at least 0 steps", warmup, "0 is none");
        long before = -1;
        for (Schedule.Stair stair : stairs) {
            requireRate("multiplier", stair.multiplier());
            require(stair.step() > before, "stairs in the order of their steps", stairs, "sort them");
            before = stair.step();
        }
    }

    private static void require(boolean holds, String expected, Object found, String then) {
        if (!holds) {
            throw new IllegalArgumentException("schedule: expected " + expected + ", found " + found + "; " + then);
        }
    }
}
