package tessella.models.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import tessella.autodiff.Resize;
import tessella.reference.Array;
import tessella.reference.ResizeOracle;

/** Pictures in other sizes, against the definition of every weight. */
class ResizeProperties {
    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void realArithmeticEqualsTheOracle(@ForAll @IntRange(min = 1, max = 20) int height,
            @ForAll @IntRange(min = 1, max = 20) int width, @ForAll @IntRange(min = 1, max = 20) int newHeight,
            @ForAll @IntRange(min = 1, max = 20) int newWidth, @ForAll Resize method, @ForAll boolean grey, @ForAll long seed) {
        Picture picture = noise(height, width, grey ? 1 : 3, seed);
        RealPicture resized = RealPicture.of(picture).resized(newHeight, newWidth, method);
        assertEquals(newHeight, resized.height());
        assertEquals(newWidth, resized.width());
        assertArrayEquals(ResizeOracle.resize(array(picture), method.name(), newHeight, newWidth).data(), resized.values(), 1e-9);
    }

    /**
     * Weights of 22 bits move a value by at most 20 taps times 255 times 2^-23, so only what lies that near to a tie may be rounded the
     * other way than in real arithmetic; a column in which the first pass has such a value may differ by one grey level a pass.
     */
    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void bytesAreRoundedAndClippedAfterEachPassWidthFirst(@ForAll @IntRange(min = 1, max = 20) int height,
            @ForAll @IntRange(min = 1, max = 20) int width, @ForAll @IntRange(min = 1, max = 20) int newHeight,
            @ForAll @IntRange(min = 1, max = 20) int newWidth, @ForAll Resize method, @ForAll boolean grey, @ForAll long seed) {
        double near = 1e-3;
        Picture picture = noise(height, width, grey ? 1 : 3, seed);
        Array first = ResizeOracle.resize(array(picture), method.name(), height, newWidth);
        double[] low = rounded(first.map(v -> v - near)).data();
        double[] high = rounded(first.map(v -> v + near)).data();
        int row = newWidth * picture.channels();
        boolean[] unsure = new boolean[row];
        for (int i = 0; i < low.length; i++) {
            unsure[i % row] |= low[i] != high[i];
        }
        Array second = ResizeOracle.resize(rounded(first), method.name(), newHeight, newWidth);
        double[] least = rounded(second.map(v -> v - near)).data();
        double[] most = rounded(second.map(v -> v + near)).data();
        double[] got = array(picture.resized(newHeight, newWidth, method)).data();
        assertEquals(least.length, got.length);
        for (int i = 0; i < got.length; i++) {
            int slack = unsure[i % row] ? 2 : 0;
            assertTrue(got[i] >= least[i] - slack && got[i] <= most[i] + slack, got[i] + " at " + i + ", expected " + least[i] + " to "
                    + most[i] + " give or take " + slack);
        }
    }

    @Test
    void aTieIsRoundedUpAndOvershootIsClipped() {
        Picture edge = Picture.of(1, 2, 1, new byte[] {1, 2});
        assertArrayEquals(new byte[] {2}, edge.resized(1, 1, Resize.AREA).pixels());
        Picture step = Picture.of(1, 4, 1, new byte[] {0, 0, -1, -1});
        double[] real = RealPicture.of(step).resized(1, 8, Resize.BICUBIC).values();
        assertEquals(-26.89453125, real[2], 1e-9);
        assertEquals(255 + 26.89453125, real[5], 1e-9);
        byte[] bytes = step.resized(1, 8, Resize.BICUBIC).pixels();
        assertEquals(0, bytes[2]);
        assertEquals(-1, bytes[5]);
    }

    @Test
    void theSameSizeIsTheSamePicture() {
        Picture picture = noise(3, 4, 3, 1);
        for (Resize method : Resize.values()) {
            assertSame(picture, picture.resized(3, 4, method));
        }
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void aPartHasThePixelsOfItsPlace(@ForAll @IntRange(min = 1, max = 9) int height, @ForAll @IntRange(min = 1, max = 9) int width,
            @ForAll @IntRange(max = 8) int top, @ForAll @IntRange(max = 8) int left, @ForAll boolean grey, @ForAll long seed) {
        Picture whole = noise(top + height + 1, left + width + 2, grey ? 1 : 3, seed);
        Picture part = whole.cropped(top, left, height, width);
        RealPicture real = RealPicture.of(whole).cropped(top, left, height, width);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                for (int c = 0; c < whole.channels(); c++) {
                    assertEquals(whole.value(top + y, left + x, c), part.value(y, x, c));
                    assertEquals(whole.value(top + y, left + x, c), real.values()[(y * width + x) * whole.channels() + c]);
                }
            }
        }
    }

    @Test
    void normalisingDividesBy255AndStandardises() {
        RealPicture picture = RealPicture.of(1, 1, 3, new double[] {255, 51, 0}).normalised(List.of(0.5, 0.0, 0.25), List.of(0.5, 0.1, 2.0));
        assertArrayEquals(new double[] {1, 2, -0.125}, picture.values(), 1e-15);
    }

    @Test
    void refusesWhatDoesNotFit() {
        Picture picture = noise(3, 4, 1, 1);
        assertMessage("crop: expected a part of a picture of 3 x 4, found 2 x 2 at [2, 0]", () -> picture.cropped(2, 0, 2, 2));
        assertMessage("crop: expected a part of a picture of 3 x 4, found 1 x 2147483647 at [0, 1]",
                () -> RealPicture.of(picture).cropped(0, 1, 1, Integer.MAX_VALUE));
        assertMessage("resize: expected at least 1 x 1 pixels, found 0 x 5", () -> picture.resized(0, 5, Resize.AREA));
        assertMessage("resize: expected positive extents with a product below 2^31, found 4 and 1073741824",
                () -> picture.resized(1, 1 << 30, Resize.AREA));
        assertMessage("normalise: expected a mean and a std other than 0 for each of 1 channels, found [0.0] and [0.0]",
                () -> RealPicture.of(picture).normalised(List.of(0.0), List.of(0.0)));
        assertMessage("picture: expected at least 1 x 1 pixels, 1 or 3 channels and a value for each, found 1 x 1 x 3 and 2 values",
                () -> RealPicture.of(1, 1, 3, new double[2]));
        assertMessage("picture: expected 1 or 3 channels, found 4", () -> picture.withChannels(4));
    }

    private static void assertMessage(String message, org.junit.jupiter.api.function.Executable action) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, action).getMessage());
    }

    private static Array rounded(Array x) {
        return x.map(v -> Math.clamp(Math.floor(v + 0.5), 0, 255));
    }

    private static Array array(Picture picture) {
        byte[] pixels = picture.pixels();
        return Array.of(new int[] {1, picture.height(), picture.width(), picture.channels()},
                IntStream.range(0, pixels.length).mapToDouble(i -> pixels[i] & 0xff).toArray());
    }

    /** Values near both ends as often as those between: that is where clipping shows. */
    private static Picture noise(int height, int width, int channels, long seed) {
        Random random = new Random(seed);
        byte[] pixels = new byte[height * width * channels];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (random.nextBoolean() ? random.nextInt(256) : random.nextBoolean() ? 0 : 255);
        }
        return Picture.of(height, width, channels, pixels);
    }
}
