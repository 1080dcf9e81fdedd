package tessella.models.transport;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import tessella.models.data.Picture;

class PaletteTest {
    private static Picture noise(long seed, int height, int width) {
        byte[] pixels = new byte[height * width * 3];
        new SplittableRandom(seed).nextBytes(pixels);
        return Picture.of(height, width, 3, pixels);
    }

    @Test
    void aPictureOfFewColoursIsItsOwnPalette() {
        Picture picture = Picture.of(1, 4, 3, new byte[] {(byte) 255, 0, 0, 0, (byte) 255, 0, (byte) 255, 0, 0, 10, 20, 30});
        Palette palette = Palette.of(picture, 16, 1);
        assertEquals(3, palette.size());
        assertEquals(picture, palette.painted(1, 4, palette.colours()));
        assertEquals(0.5, palette.shares()[palette.nearest()[0]], 1e-12);
        assertEquals(1, Arrays.stream(palette.shares()).sum(), 1e-12);
    }

    @Test
    void everyPixelHasItsNearestColourAndEveryColourAPixel() {
        Picture picture = noise(3, 40, 50);
        Palette palette = Palette.of(picture, 20, 5);
        boolean[] used = new boolean[palette.size()];
        for (int i = 0; i < 2000; i++) {
            double[] pixel = {picture.value(i / 50, i % 50, 0) / 255.0, picture.value(i / 50, i % 50, 1) / 255.0,
                picture.value(i / 50, i % 50, 2) / 255.0};
            used[palette.nearest()[i]] = true;
            double own = Palette.distance(palette.colours()[palette.nearest()[i]], pixel);
            for (double[] other : palette.colours()) {
                assertTrue(own <= Palette.distance(other, pixel) + 1e-15);
            }
        }
        for (boolean one : used) {
            assertTrue(one);
        }
    }

    @Test
    void moreColoursAreNearerAndOneSeedGivesOnePalette() {
        Picture picture = noise(7, 60, 60);
        double last = Double.POSITIVE_INFINITY;
        for (int colours : new int[] {1, 4, 16, 64}) {
            Palette palette = Palette.of(picture, colours, 2);
            double sum = 0;
            for (int i = 0; i < 3600; i++) {
                double[] pixel = {picture.value(i / 60, i % 60, 0) / 255.0, picture.value(i / 60, i % 60, 1) / 255.0,
                    picture.value(i / 60, i % 60, 2) / 255.0};
                sum += Palette.distance(palette.colours()[palette.nearest()[i]], pixel);
            }
            assertTrue(sum < 0.8 * last, colours + " colours");
            last = sum;
            assertArrayEquals(palette.nearest(), Palette.of(picture, colours, 2).nearest());
        }
        assertEquals("palette: expected at least 1 colour, found 0",
                assertThrows(IllegalArgumentException.class, () -> Palette.of(picture, 0, 1)).getMessage());
    }
}
