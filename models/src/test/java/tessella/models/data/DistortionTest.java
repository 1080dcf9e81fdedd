package tessella.models.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static tessella.models.data.Distortion.Direction.BACK;
import static tessella.models.data.Distortion.Direction.FORTH;

import java.util.EnumMap;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Each change of RandAugment by numbers worked out by hand, and how they are drawn. */
class DistortionTest {
    @Test
    void identityChangesNothing() {
        assertChanged(Distortion.IDENTITY, 30, FORTH, row(1, 2, 3), row(1, 2, 3));
    }

    @Test
    void autoContrastStretchesEachChannelOverTheWholeRange() {
        assertChanged(Distortion.AUTO_CONTRAST, 0, FORTH, row(10, 20, 30, 40), row(0, 85, 170, 255));
        assertChanged(Distortion.AUTO_CONTRAST, 0, FORTH, row(7, 7), row(7, 7));
        Picture colour = Picture.of(1, 2, 3, bytes(10, 5, 0, 20, 5, 100));
        assertChanged(Distortion.AUTO_CONTRAST, 0, FORTH, colour, Picture.of(1, 2, 3, bytes(0, 5, 0, 255, 5, 255)));
    }

    @Test
    void equalizeSpreadsTheCounts() {
        // C = 2, 3, 4 of 4: 0, 255 / 2, 255
        assertChanged(Distortion.EQUALIZE, 0, FORTH, row(10, 10, 11, 200), row(0, 0, 128, 255));
        assertChanged(Distortion.EQUALIZE, 0, FORTH, row(9, 9), row(9, 9));
    }

    @Test
    void rotateTurnsClockwiseByThirtyDegreesForTenOfMagnitude() {
        Picture square = Picture.of(3, 3, 1, bytes(1, 2, 3, 4, 5, 6, 7, 8, 9));
        assertChanged(Distortion.ROTATE, 30, FORTH, square, Picture.of(3, 3, 1, bytes(7, 4, 1, 8, 5, 2, 9, 6, 3)));
        assertChanged(Distortion.ROTATE, 30, BACK, square, Picture.of(3, 3, 1, bytes(3, 6, 9, 2, 5, 8, 1, 4, 7)));
    }

    @Test
    void solarizeInvertsFromTheThresholdOn() {
        assertChanged(Distortion.SOLARIZE, 5, FORTH, row(0, 127, 128, 255), row(0, 127, 127, 0));
        assertChanged(Distortion.SOLARIZE, 0, FORTH, row(0, 255), row(0, 255));
        assertChanged(Distortion.SOLARIZE, 20, FORTH, row(0, 255), row(255, 0));
    }

    @Test
    void colourMovesAwayFromTheGreyOfThePixelOrTowardsIt() {
        Picture red = Picture.of(1, 1, 3, bytes(100, 0, 0)); // its grey is 30
        assertChanged(Distortion.COLOUR, 5, FORTH, red, Picture.of(1, 1, 3, bytes(132, 0, 0)));      // 30 + 1.45 * 70
        assertChanged(Distortion.COLOUR, 10, BACK, red, Picture.of(1, 1, 3, bytes(37, 27, 27)));     // 30 + 0.1 * 70
        assertChanged(Distortion.COLOUR, 20, BACK, red, Picture.of(1, 1, 3, bytes(30, 30, 30)));     // not beyond grey
        assertChanged(Distortion.COLOUR, 10, FORTH, row(77), row(77));
    }

    @Test
    void posterizeKeepsTheHighestBits() {
        assertChanged(Distortion.POSTERIZE, 10, FORTH, row(0x5f, 0xff), row(0x50, 0xf0));
        assertChanged(Distortion.POSTERIZE, 0, FORTH, row(0x5f), row(0x5f));
        assertChanged(Distortion.POSTERIZE, 30, FORTH, row(0x7f, 0xff), row(0, 0x80));
    }

    @Test
    void contrastMovesAwayFromTheMeanGreyOrTowardsIt() {
        assertChanged(Distortion.CONTRAST, 10, FORTH, row(90, 110), row(81, 119));  // the mean is 100
        assertChanged(Distortion.CONTRAST, 10, BACK, row(50, 150), row(95, 105));
        assertChanged(Distortion.CONTRAST, 15, BACK, row(50, 151), row(101, 101));  // the mean 100.5 is rounded up
    }

    @Test
    void brightnessMultiplies() {
        assertChanged(Distortion.BRIGHTNESS, 10, FORTH, row(10, 200), row(19, 255));
        assertChanged(Distortion.BRIGHTNESS, 5, BACK, row(100, 1), row(55, 1));
    }

    @Test
    void sharpnessMovesTheInsideAwayFromItsSurroundings() {
        Picture dot = Picture.of(3, 3, 1, bytes(0, 0, 0, 0, 130, 0, 0, 0, 13)); // blurred (5 * 130 + 13) / 13 = 51
        assertChanged(Distortion.SHARPNESS, 10, BACK, dot, Picture.of(3, 3, 1, bytes(0, 0, 0, 0, 59, 0, 0, 0, 13)));
        assertChanged(Distortion.SHARPNESS, 10, FORTH, dot, Picture.of(3, 3, 1, bytes(0, 0, 0, 0, 201, 0, 0, 0, 13)));
    }

    @Test
    void shearMovesRowsAndColumnsByTheirDistanceFromTheMiddle() {
        double one = 10 / 0.3; // more than the largest magnitude
        assertThrows(IllegalArgumentException.class, () -> Distortion.SHEAR_X.apply(row(1), one, FORTH));
        // half a pixel to the left above the middle, half a pixel to the right below it
        Picture square = Picture.of(3, 3, 1, bytes(10, 20, 30, 40, 50, 60, 70, 80, 90));
        assertChanged(Distortion.SHEAR_X, 5 / 0.3, FORTH, square,
                Picture.of(3, 3, 1, bytes(15, 25, 79, 40, 50, 60, 99, 75, 85)));
        assertChanged(Distortion.SHEAR_Y, 5 / 0.3, FORTH, square,
                Picture.of(3, 3, 1, bytes(25, 20, 79, 55, 50, 45, 99, 80, 75)));
        assertChanged(Distortion.SHEAR_X, 5 / 0.3, BACK, square,
                Picture.of(3, 3, 1, bytes(69, 15, 25, 40, 50, 60, 75, 85, 109)));
    }

    @Test
    void translateMovesByThirtyPerCentForTenOfMagnitude() {
        assertChanged(Distortion.TRANSLATE_X, 10, FORTH, row(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), row(128, 128, 128, 1, 2, 3, 4, 5, 6, 7));
        assertChanged(Distortion.TRANSLATE_X, 10, BACK, row(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), row(4, 5, 6, 7, 8, 9, 10, 128, 128, 128));
        Picture column = Picture.of(10, 1, 1, bytes(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
        assertChanged(Distortion.TRANSLATE_Y, 10, FORTH, column, Picture.of(10, 1, 1, bytes(128, 128, 128, 1, 2, 3, 4, 5, 6, 7)));
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void everyChangeKeepsTheSizeAndMagnitudeNoneIsTheSamePicture(@ForAll Distortion distortion,
            @ForAll @IntRange(min = 1, max = 9) int height, @ForAll @IntRange(min = 1, max = 9) int width,
            @ForAll @DoubleRange(min = 0, max = 30) double magnitude, @ForAll boolean grey, @ForAll long seed) {
        byte[] noise = new byte[height * width * (grey ? 1 : 3)];
        new Random(seed).nextBytes(noise);
        Picture picture = Picture.of(height, width, grey ? 1 : 3, noise);
        for (Distortion.Direction direction : Distortion.Direction.values()) {
            Picture changed = distortion.apply(picture, magnitude, direction);
            assertEquals(picture.toString(), changed.toString());
            if (distortion != Distortion.AUTO_CONTRAST && distortion != Distortion.EQUALIZE) {
                assertEquals(picture, distortion.apply(picture, 0, direction));
            }
        }
        assertArrayEquals(noise, picture.pixels(), "the picture itself stays");
    }

    @Test
    void randAugmentDrawsEveryChangeAndDirectionEquallyOften() {
        Picture picture = Picture.of(6, 7, 3, noise(126));
        Map<Distortion, Integer> hits = new EnumMap<>(Distortion.class);
        RandAugment one = new RandAugment(1, 7);
        for (Distortion distortion : Distortion.values()) {
            for (Distortion.Direction direction : Distortion.Direction.values()) {
                int[] script = {distortion.ordinal(), direction == FORTH ? 1 : 0};
                int[] at = {0};
                assertEquals(distortion.apply(picture, 7, direction), one.apply(picture, bound -> {
                    assertEquals(at[0] == 0 ? 14 : 2, bound);
                    return script[at[0]++];
                }));
                assertEquals(2, at[0], "numbers drawn");
                hits.merge(distortion, 1, Integer::sum);
            }
        }
        assertEquals(14, hits.size());
    }

    @Test
    void changesFollowOneAnother() {
        int[] script = {Distortion.SOLARIZE.ordinal(), 0, Distortion.BRIGHTNESS.ordinal(), 1};
        int[] at = {0};
        Picture picture = row(10, 250);
        Picture expected = Distortion.BRIGHTNESS.apply(Distortion.SOLARIZE.apply(picture, 5, BACK), 5, FORTH);
        assertEquals(expected, new RandAugment(2, 5).apply(picture, bound -> script[at[0]++]));
        assertEquals(picture, new RandAugment(0, 5).apply(picture, bound -> script[at[0]++]));
    }

    @Test
    void refusesWhatIsOutOfRange() {
        assertEquals("RandAugment: expected 0 or more changes and a magnitude from 0 to 30, found -1 and 3.0",
                assertThrows(IllegalArgumentException.class, () -> new RandAugment(-1, 3)).getMessage());
        assertEquals("RandAugment: expected 0 or more changes and a magnitude from 0 to 30, found 2 and NaN",
                assertThrows(IllegalArgumentException.class, () -> new RandAugment(2, Double.NaN)).getMessage());
        assertEquals("distortion: expected a magnitude from 0 to 30, found 31.0",
                assertThrows(IllegalArgumentException.class, () -> Distortion.ROTATE.apply(row(1), 31, FORTH)).getMessage());
    }

    private static void assertChanged(Distortion distortion, double magnitude, Distortion.Direction direction, Picture from,
            Picture to) {
        assertArrayEquals(ints(to), ints(distortion.apply(from, magnitude, direction)));
    }

    private static int[] ints(Picture picture) {
        byte[] pixels = picture.pixels();
        int[] values = new int[pixels.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = pixels[i] & 0xff;
        }
        return values;
    }

    private static Picture row(int... values) {
        return Picture.of(1, values.length, 1, bytes(values));
    }

    private static byte[] noise(int count) {
        byte[] noise = new byte[count];
        new Random(3).nextBytes(noise);
        return noise;
    }

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }
}
