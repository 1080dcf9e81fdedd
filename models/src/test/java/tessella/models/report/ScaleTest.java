package tessella.models.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ScaleTest {
    @Test
    void ticksAreRound() {
        Axis axis = Axis.round(0.53, 1.82, 5, 200, 0);
        assertEquals(List.of("0.5", "1.0", "1.5", "2.0"), axis.ticks().stream().map(axis::label).toList());
        Axis rate = Axis.round(0, 2e-3, 5, 200, 0);
        assertEquals(List.of("0.0000", "0.0005", "0.0010", "0.0015", "0.0020"),
                rate.ticks().stream().map(rate::label).toList());
        Axis epochs = Axis.integers(1, 25, 6, 0, 100);
        assertEquals(List.of("5", "10", "15", "20", "25"), epochs.ticks().stream().map(epochs::label).toList());
        Axis one = Axis.integers(1, 1, 6, 0, 100);
        assertEquals(List.of("1", "2"), one.ticks().stream().map(one::label).toList());
    }

    @Property(tries = 500)
    void aRoundScaleHoldsItsValuesAndHasAFewTicks(@ForAll @DoubleRange(min = -1e6, max = 1e6) double a,
            @ForAll @DoubleRange(min = -1e6, max = 1e6) double b, @ForAll @IntRange(min = 2, max = 8) int count) {
        double low = Math.min(a, b);
        double high = Math.max(a, b);
        Axis axis = Axis.round(low, high, count, 100, 10);
        double slack = (axis.high() - axis.low()) * 1e-6;
        assertTrue(axis.low() <= low + slack && axis.high() >= high - slack, axis.toString());
        int ticks = axis.ticks().size();
        assertTrue(ticks >= 2 && ticks <= count + 2, ticks + " ticks on " + axis);
        assertEquals(100, axis.place(axis.low()), 1e-9);
        assertEquals(10, axis.place(axis.high()), 1e-9);
    }

    @Test
    void numbersAreShort() {
        assertEquals("0.8342", Numbers.fixed(0.83421, 4));
        assertEquals("\u2013", Numbers.fixed(Double.NaN, 4));
        assertEquals("0.002000", Numbers.significant(0.002));
        assertEquals("3.142", Numbers.significant(Math.PI));
        assertEquals("1235", Numbers.significant(1234.5678));
        assertEquals("1.5e-5", Numbers.significant(1.5e-5));
        assertEquals("2e7", Numbers.significant(2e7));
        assertEquals("0", Numbers.significant(0));
        assertEquals("12.3 %", Numbers.percent(0.1234));
        assertEquals("1,234,567", Numbers.count(1_234_567));
        assertEquals("3", Numbers.place(3));
        assertEquals("3.14", Numbers.place(Math.PI));
    }

    @Property(tries = 500)
    void numbersOnColoursCanBeRead(@ForAll @DoubleRange(min = 0, max = 1) double share) {
        for (Heat heat : Heat.values()) {
            double contrast = heat.contrast(share, heat.needsWhite(share) ? 1 : 0);
            assertTrue(contrast >= 4.5, heat + " at " + share + " has the contrast " + contrast);
        }
    }

    @Test
    void contrastIsThatOfTheGuidelines() {
        assertEquals(21, Heat.LIGHT.contrast(0, 0), 1e-9);
        assertEquals(1, Heat.LIGHT.contrast(0, 1), 1e-9);
    }
}
