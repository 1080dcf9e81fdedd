package tessella.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;

/** The parts of a range tile it, evenly. */
class SplitProperties {
    @Property
    void partsTileTheRangeInWholeUnitsOfNearlyOneLength(@ForAll @LongRange(min = 1, max = 3_000_000) long size,
            @ForAll @LongRange(min = 200, max = 40_000) long grain, @ForAll @LongRange(min = 1, max = 100) long unit) {
        Split split = Split.of(size, grain, unit);
        long at = 0;
        long least = Long.MAX_VALUE;
        long most = 0;
        for (int part = 0; part < split.parts(); part++) {
            assertEquals(at, split.from(part));
            assertEquals(0, at % unit);
            at = split.to(part);
            assertEquals(at - split.from(part), split.length(part));
            least = Math.min(least, split.length(part));
            most = Math.max(most, split.length(part));
        }
        assertEquals(size, at);
        assertTrue(least > 0, "an empty part");
        assertTrue(most < grain + unit, most + " elements in a part");
        assertTrue(most - least < 2 * unit, "parts of " + least + " to " + most);
    }

    @Property
    void twoFourAndEightThreadsShareThePartsEvenly(@ForAll @LongRange(min = 1, max = 3_000_000) long size) {
        int parts = Split.of(size, 1000).parts();
        assertTrue(parts <= 2 || parts == 4 || parts % 8 == 0, parts + " parts");
    }

    @Example
    void aRangeOfNothingHasNoParts() {
        assertEquals(0, Split.of(0, 100).parts());
        assertEquals(3, Split.of(3, 1).parts(), "no more parts than elements");
    }
}
