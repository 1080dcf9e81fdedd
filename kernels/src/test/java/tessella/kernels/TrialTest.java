package tessella.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TrialTest {
    @Test
    void thirtyCallsAreTriedAndThenOneOfSixteen() {
        Trial trial = new Trial(false);
        List<Integer> due = IntStream.range(0, 70).filter(call -> trial.isDue()).boxed().toList();
        List<Integer> expected = IntStream.range(0, 70).filter(call -> call < 30 || call == 32 || call == 48 || call == 64).boxed().toList();
        assertEquals(expected, due);
    }

    @Test
    void twoFastTrialsInARowEndThem() {
        Trial trial = new Trial(false);
        for (long nanos : new long[] {500_000, 9_999, 10_000, 9_999}) {
            trial.took(nanos);
            assertFalse(trial.isOver(), "after " + nanos);
        }
        trial.took(9_999);
        assertTrue(trial.isOver());
    }

    @Test
    void whereVectorsAreWantedFromTheFirstCallOnNothingIsTried() {
        assertTrue(new Trial(true).isOver());
        boolean plain = !"false".equals(System.getProperty("tessella.gemm.plain"));
        for (Trial trial : Trial.of(3)) {
            assertEquals(!plain, trial.isOver());
        }
    }
}
