package tessella.models.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
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

    @Test
    void aWarmUpAsLongAsTrainingIsRefused() {
        assertEquals("schedule: expected a warm-up of at least 0 and fewer than 10 steps, found 10; train for more epochs or "
                + "warm up for fewer steps", refused(10, 10));
        assertTrue(refused(-1, 10).contains("found -1"));
        assertTrue(refused(0, 0).contains("fewer than 0 steps"));
    }

    private static String refused(long warmup, long total) {
        return assertThrows(IllegalArgumentException.class, () -> Schedule.warmupCosine(1, warmup, total)).getMessage();
    }
}
