package tessella.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class ComparisonTest {
    private static final int[] SHAPE = {2, 2};

    @Test
    void namesTheFirstWorstIndexAndBothValues() {
        Comparison c = Comparison.of("y", Array.of(SHAPE, 1, 2, 3, 4), new double[] {1, 2.5, 3, 3.5});
        assertArrayEquals(new int[] {0, 1}, c.worst());
        assertEquals(0.5, c.maxAbsError());
        assertEquals(0.125, c.maxRelError());
        String message = assertThrows(AssertionError.class, () -> c.requireWithin(0.1, 0)).getMessage();
        assertEquals("y [2, 2]: max error 0.5, relative 0.125, at [0, 1] expected 2.0, found 2.5; allowed 0.4",
                message);
        c.requireWithin(0.1, 0.1);
    }

    @Test
    void aNanOnOneSideIsNeverWithin() {
        Array want = Array.of(SHAPE, 1, Double.NaN, Double.POSITIVE_INFINITY, 4);
        assertTrue(Comparison.of("y", want, want.data()).isWithin(0, 0));
        assertFalse(Comparison.of("y", want, new double[] {1, 2, Double.POSITIVE_INFINITY, 4}).isWithin(1, 1e300));
        assertFalse(Comparison.of("y", want, new double[] {Double.NaN, Double.NaN, 3, 4}).isWithin(1, 1e300));
    }

    @Test
    void shapesMustAgree() {
        String message = assertThrows(AssertionError.class,
                () -> Comparison.of("y", Array.zeros(2, 3), Array.zeros(3, 2))).getMessage();
        assertEquals("y: expected the shape [2, 3], found [3, 2]", message);
        assertThrows(AssertionError.class, () -> Comparison.of("y", Array.zeros(2, 3), new float[5]));
    }

    @Test
    void emptyArraysAgree() {
        Comparison.of("y", Array.zeros(0, 3), new float[0]).requireEqual();
    }
}
