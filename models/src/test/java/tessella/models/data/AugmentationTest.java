package tessella.models.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class AugmentationTest {
    private static final Picture PICTURE = Picture.of(2, 3, 1, new byte[] {1, 2, 3, 4, 5, 6});

    @Test
    void noneDrawsNothingAndChangesNothing() {
        assertEquals(PICTURE, Augmentation.NONE.apply(PICTURE, script()));
    }

    @Test
    void mirrorsLeftAndRight() {
        assertArrayEquals(new byte[] {3, 2, 1, 6, 5, 4},
                Augmentation.flipsAndShifts(0).apply(PICTURE, script(1)).pixels());
        assertArrayEquals(PICTURE.pixels(), Augmentation.flipsAndShifts(0).apply(PICTURE, script(0)).pixels());
    }

    @Test
    void shiftsMoveBlackIn() {
        assertArrayEquals(new byte[] {0, 0, 0, 0, 1, 2}, // down and right
                Augmentation.shifts(1).apply(PICTURE, script(2, 2)).pixels());
        assertArrayEquals(new byte[] {5, 6, 0, 0, 0, 0}, // up and left
                Augmentation.shifts(1).apply(PICTURE, script(0, 0)).pixels());
        assertArrayEquals(new byte[6], Augmentation.shifts(2).apply(PICTURE, script(4, 2)).pixels());
    }

    @Test
    void mirrorsBeforeItShifts() {
        assertArrayEquals(new byte[] {0, 3, 2, 0, 6, 5},
                Augmentation.flipsAndShifts(1).apply(PICTURE, script(1, 1, 2)).pixels());
    }

    @Test
    void keepsThePixelsOfColourPicturesTogether() {
        Picture colour = Picture.of(1, 2, 3, new byte[] {1, 2, 3, 4, 5, 6});
        assertArrayEquals(new byte[] {4, 5, 6, 1, 2, 3},
                Augmentation.flipsAndShifts(0).apply(colour, script(1)).pixels());
    }

    @Test
    void everyChangeIsEquallyLikely() {
        Map<Picture, Integer> seen = new HashMap<>();
        Random random = new Random(1);
        Picture wide = Picture.of(3, 3, 1, new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9});
        for (int i = 0; i < 18_000; i++) {
            seen.merge(Augmentation.flipsAndShifts(1).apply(wide, random::nextInt), 1, Integer::sum);
        }
        assertEquals(18, seen.size());
        seen.values().forEach(count -> assertEquals(1000, count, 200));
    }

    @Property(tries = 200)
    void aShiftThereAndBackKeepsTheMiddle(@ForAll @IntRange(min = 1, max = 9) int height,
            @ForAll @IntRange(min = 1, max = 9) int width, @ForAll @IntRange(max = 2) int down,
            @ForAll @IntRange(max = 2) int right) {
        byte[] pixels = new byte[height * width];
        new Random(height * 31 + width).nextBytes(pixels);
        Picture picture = Picture.of(height, width, 1, pixels);
        Augmentation shifts = Augmentation.shifts(1);
        Picture back = shifts.apply(shifts.apply(picture, script(down, right)), script(2 - down, 2 - right));
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                boolean lost = y + down - 1 < 0 || y + down - 1 >= height || x + right - 1 < 0
                        || x + right - 1 >= width;
                assertEquals(lost ? 0 : picture.value(y, x, 0), back.value(y, x, 0));
            }
        }
    }

    @Test
    void refusesANegativeShift() {
        assertEquals("augmentation: expected a shift of 0 or more pixels, found -1",
                assertThrows(IllegalArgumentException.class, () -> Augmentation.shifts(-1)).getMessage());
    }

    /** The given numbers and no more. */
    private static RandomSource script(int... numbers) {
        List<Integer> list = new ArrayList<>();
        for (int number : numbers) {
            list.add(number);
        }
        Iterator<Integer> iterator = list.iterator();
        return bound -> iterator.next();
    }
}
