package tessella.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Rates are counted, not judged: how fast the machine is, no test can know. */
class RooflineTest {
    @Test
    void ratesArePositiveAndMemoryComesBack() {
        long inUse = Memory.inUse();
        for (int threads : new int[] {1, 2, 3}) {
            assertTrue(Roofline.fma(threads, 0.002) > 0);
            assertTrue(Roofline.copy(threads, 1 << 16, 0.002) > 0);
            assertTrue(Roofline.read(threads, 5 << 20, 0.002) > 0);
        }
        assertEquals(inUse, Memory.inUse());
    }

    @Test
    void refusesNoThreadNoTimeAndNoMemory() {
        RuntimeException e = assertThrows(IllegalArgumentException.class, () -> Roofline.fma(0, 0.1));
        assertTrue(e.getMessage().startsWith("roofline: expected at least one thread"), e.getMessage());
        assertThrows(IllegalArgumentException.class, () -> Roofline.fma(1, 0));
        assertThrows(IllegalArgumentException.class, () -> Roofline.read(1, 1 << 20, Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> Roofline.copy(4, 1000, 0.1));
    }
}
