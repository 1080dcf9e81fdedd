package tessella.models.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import tessella.reference.TrainingOracle;

class ScheduleTest {
    @Test
    void risesLinearlyThenFallsAsACosine() {
        Schedule schedule = Schedule.warmupCosine(0.2, 10, 110);
        assertEquals(0, schedule.at(0));
        assertEquals(0.1, schedule.at(5));
        assertEquals(0.2, schedule.at(10));
        assertEquals(0.2 * 0.5 * (1 + Math.sqrt(0.5)), schedule.at(35), 1e-16);
        assertEquals(0.1, schedule.at(60), 1e-16);
        assertEquals(0.2 * 0.5 * (1 - Math.sqrt(0.5)), schedule.at(85), 1e-16);
        assertEquals(0, schedule.at(110));
        assertEquals(0, schedule.at(1000));
    }

    @Test
    void withoutWarmUpItStartsAtThePeak() {
        assertEquals(3e-3, Schedule.warmupCosine(3e-3, 0, 7).at(0));
        assertEquals(3e-3, Schedule.warmupCosine(3e-3, 0, 1).at(0));
    }

    @Property(tries = 200)
    void isWhatTheOracleSays(@ForAll @DoubleRange(min = 0.01, max = 10) double peak,
            @ForAll @IntRange(min = 0, max = 50) int warmup, @ForAll @IntRange(min = 1, max = 500) int rest) {
        Schedule schedule = Schedule.warmupCosine(peak, warmup, warmup + rest);
        for (int step = 0; step <= warmup + rest + 3; step++) {
            double rate = schedule.at(step);
            assertEquals(TrainingOracle.warmupCosine(step, warmup, warmup + rest, peak), rate, 1e-15 * peak);
            assertTrue(rate >= 0 && rate <= peak, step + ": " + rate);
        }
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void theOtherSchedulesAreWhatTheOracleSays(@ForAll @DoubleRange(min = 0.01, max = 10) double peak,
            @ForAll @DoubleRange(min = 0, max = 1) double share, @ForAll @IntRange(min = 0, max = 50) int warmup,
            @ForAll @IntRange(min = 0, max = 50) int cooldown, @ForAll @IntRange(min = 1, max = 300) int rest,
            @ForAll @IntRange(min = 1, max = 100) int timescale) {
        int total = warmup + rest + cooldown;
        double other = share * peak;
        Schedule linear = Schedule.warmupLinear(peak, warmup, total, other);
        Schedule optax = Schedule.optaxWarmupCosine(other, peak, warmup, total, other / 2);
        Schedule rsqrt = Schedule.rsqrt(peak, warmup, timescale, total, cooldown);
        Schedule held = Schedule.rsqrtHeldForCooldown(peak, warmup, timescale, total, cooldown);
        for (int step = 0; step <= total + 3; step++) {
            assertEquals(TrainingOracle.warmupLinear(step, warmup, total, peak, other), linear.at(step), 1e-15 * peak);
            assertEquals(TrainingOracle.optaxWarmupCosine(step, warmup, total, other, peak, other / 2), optax.at(step),
                    1e-15 * peak);
            assertEquals(TrainingOracle.rsqrt(step, warmup, timescale, total, cooldown, peak), rsqrt.at(step), 1e-14 * peak);
            assertEquals(TrainingOracle.rsqrtHeld(step, warmup, timescale, total, cooldown, peak), held.at(step), 1e-14 * peak);
            assertTrue(rsqrt.at(step) <= held.at(step) + 1e-15 * peak, "held is the higher of both");
        }
    }

    /** The fixture of moe.md 1.4: the rate at the beginning of the cool-down is held. */
    @Test
    void theCooldownOfVmoeFallsFromAHeldRate() {
        Schedule schedule = Schedule.rsqrtHeldForCooldown(0.1, 4, 2, 12, 3);
        double[] expected = {0, 0.025, 0.05, 0.075, 0.1, 0.1 / Math.sqrt(1.5), 0.1 / Math.sqrt(2), 0.1 / Math.sqrt(2.5),
            0.1 / Math.sqrt(3), 0.1 / Math.sqrt(3.5), 0.1 / Math.sqrt(3.5) * 2 / 3, 0.1 / Math.sqrt(3.5) / 3, 0, 0};
        for (int step = 0; step < expected.length; step++) {
            assertEquals(expected[step], schedule.at(step), 1e-16, "step " + step);
        }
    }

    /** The fixture of vit.md 0.8: the rate goes on falling during the cool-down. */
    @Test
    void theCooldownOfBigVisionMultipliesAFallingRate() {
        Schedule schedule = Schedule.rsqrt(8e-4, 10_000, 10_000, 1_000_000, 50_000);
        assertEquals(4e-4, schedule.at(5_000), 1e-19);
        assertEquals(8e-4, schedule.at(10_000), 1e-19);
        assertEquals(5.657e-4, schedule.at(20_000), 5e-8);
        assertEquals(2.530e-4, schedule.at(100_000), 5e-8);
        assertEquals(1.131e-4, schedule.at(500_000), 5e-8);
        assertEquals(8.208e-5, schedule.at(950_000), 5e-9);
        assertEquals(4.051e-5, schedule.at(975_000), 5e-9);
        assertEquals(0, schedule.at(1_000_000));
    }

    @Test
    void constantStairsAndInverseSquareRoots() {
        assertEquals(0.3, Schedule.constant(0.3).at(0));
        assertEquals(0.3, Schedule.constant(0.3).at(1L << 40));
        Schedule stairs = Schedule.stairs(8, 4, List.of(new Schedule.Stair(2, 0.5), new Schedule.Stair(6, 0.125)));
        double[] of = {0, 2, 2, 3, 4, 4, 1, 1};
        Schedule rising = Schedule.warmupInverseSqrt(8, 4);
        double[] rises = {0, 2, 4, 6, 8, 8 * Math.sqrt(4 / 5.0), 8 * Math.sqrt(4 / 6.0), 8 * Math.sqrt(4 / 7.0)};
        Schedule flat = Schedule.inverseSqrt(8, 4);
        for (int step = 0; step < of.length; step++) {
            assertEquals(of[step], stairs.at(step));
            assertEquals(rises[step], rising.at(step), 1e-14);
            assertEquals(8 / Math.sqrt(Math.max(4, step)), flat.at(step), 1e-14);
        }
    }

    @Test
    void numbersThatMakeNoScheduleAreRefused() {
        assertEquals("schedule: expected a finite rate of at least 0, found -1.0; choose another rate",
                refused(() -> Schedule.constant(-1)));
        assertTrue(refused(() -> Schedule.warmupLinear(Double.NaN, 0, 1, 0)).contains("finite peak"));
        assertTrue(refused(() -> Schedule.warmupLinear(1, 0, 1, -1)).contains("finite end"));
        assertTrue(refused(() -> Schedule.warmupLinear(1, 3, 3, 0)).contains("fewer than 3 steps, found 3"));
        assertTrue(refused(() -> Schedule.optaxWarmupCosine(-1, 1, 0, 1, 0)).contains("finite init"));
        assertTrue(refused(() -> Schedule.optaxWarmupCosine(0, 1, 2, 1, 0)).contains("fewer than 1 steps, found 2"));
        assertEquals("schedule: expected a warm-up and a cool-down of at least 0 and together at most 9 steps, found 4 and 6; "
                + "train for more epochs or shorten them", refused(() -> Schedule.rsqrt(1, 4, 1, 9, 6)));
        assertEquals("schedule: expected a positive timescale, found 0.0; that of the papers is the warm-up",
                refused(() -> Schedule.rsqrtHeldForCooldown(1, 4, 0, 12, 3)));
        assertEquals("schedule: expected a warm-up of at least 1 step, found 0; the rate would be infinite at step 0",
                refused(() -> Schedule.inverseSqrt(1, 0)));
        assertTrue(refused(() -> Schedule.warmupInverseSqrt(1, 0)).contains("at least 1 step, found 0"));
        assertTrue(refused(() -> Schedule.stairs(1, -1, List.of())).contains("at least 0 steps, found -1"));
        assertTrue(refused(() -> Schedule.stairs(1, 0, List.of(new Schedule.Stair(5, 1), new Schedule.Stair(5, 1))))
                .contains("in the order of their steps"));
        assertTrue(refused(() -> Schedule.stairs(1, 0, List.of(new Schedule.Stair(5, -1)))).contains("finite multiplier"));
    }

    @Test
    void aWarmUpAsLongAsTrainingIsRefused() {
        assertEquals("schedule: expected a warm-up of at least 0 and fewer than 10 steps, found 10; train for more epochs or "
                + "warm up for fewer steps", refused(10, 10));
        assertTrue(refused(-1, 10).contains("found -1"));
        assertTrue(refused(0, 0).contains("fewer than 0 steps"));
    }

    private static String refused(long warmup, long total) {
        return refused(() -> Schedule.warmupCosine(1, warmup, total));
    }

    private static String refused(Executable action) {
        return assertThrows(IllegalArgumentException.class, action).getMessage();
    }
}
