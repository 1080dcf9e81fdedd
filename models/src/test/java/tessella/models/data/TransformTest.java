package tessella.models.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import net.jqwik.api.Assume;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import tessella.autodiff.Resize;
import tessella.engine.Random;

/** Crops, sizes, composition, and where random numbers come from. */
class TransformTest {
    private static final RandomSource NONE = bound -> {
        throw new AssertionError("a fixed transform draws nothing");
    };

    /** Ten lines: a transform of a user. */
    record Inverted() implements Transform {
        @Override
        public Picture apply(Picture picture, RandomSource random) {
            byte[] pixels = picture.pixels();
            for (int i = 0; i < pixels.length; i++) {
                pixels[i] = (byte) ~pixels[i];
            }
            return Picture.of(picture.height(), picture.width(), picture.channels(), pixels);
        }
    }

    @Test
    void aTransformOfAUserFitsWithTheOthers() {
        Transform both = new CentreCrop(1, 2).then(new Inverted());
        assertArrayEquals(new byte[] {-3, -4}, both.apply(Picture.of(1, 4, 1, new byte[] {1, 2, 3, 4}), NONE).pixels());
    }

    @Test
    void oneTransformAfterTheOtherDrawsFromTheSameSource() {
        List<String> order = new ArrayList<>();
        Transform first = (picture, random) -> {
            order.add("first " + random.nextInt(10));
            return picture;
        };
        Transform second = (picture, random) -> {
            order.add("second " + random.nextInt(10));
            return picture;
        };
        int[] next = {0};
        first.then(second).apply(Picture.of(1, 1, 1, new byte[1]), bound -> next[0]++);
        assertEquals(List.of("first 0", "second 1"), order);
    }

    @Test
    void theCentreIsRoundedTowardsTheUpperLeft() {
        Picture picture = Picture.of(4, 5, 1, counting(20));
        assertArrayEquals(new byte[] {6, 7}, new CentreCrop(1, 2).apply(picture, NONE).pixels());
        assertArrayEquals(new byte[] {7, 12}, new CentreCrop(2, 1).apply(picture, NONE).pixels());
        assertSame(picture, new CentreCrop(4, 5).apply(picture, NONE));
        assertMessage("centre crop: expected pictures of at least 5 x 1, found 4 x 5; resize first",
                () -> new CentreCrop(5, 1).apply(picture, NONE));
        assertMessage("centre crop: expected at least 1 x 1 pixels, found 0 x 1", () -> new CentreCrop(0, 1));
    }

    @Test
    void theShorterSideGetsItsLengthAndTheLongerIsRoundedDown() {
        ShorterSide side = new ShorterSide(36, Resize.BICUBIC_ANTIALIAS);
        assertEquals("Picture[36, 51, 1]", side.apply(Picture.of(37, 53, 1, new byte[37 * 53]), NONE).toString());
        assertEquals("Picture[51, 36, 1]", side.apply(Picture.of(53, 37, 1, new byte[37 * 53]), NONE).toString());
        Picture wide = Picture.of(1, 3, 1, new byte[] {0, 100, -1});
        assertEquals(wide.resized(2, 6, Resize.NEAREST), new ShorterSide(2, Resize.NEAREST).apply(wide, NONE));
        assertMessage("shorter side: expected at least 1 pixel, found 0", () -> new ShorterSide(0, Resize.AREA));
    }

    @Test
    void resizedUsesItsMethod() {
        Picture wide = Picture.of(1, 3, 1, new byte[] {0, 100, -1});
        for (Resize method : Resize.values()) {
            assertEquals(wide.resized(4, 5, method), new Resized(4, 5, method).apply(wide, NONE));
        }
        assertMessage("resize: expected at least 1 x 1 pixels, found 3 x 0", () -> new Resized(3, 0, Resize.AREA));
    }

    /** The parts that a crop takes out of a picture whose pixels hold their place, seen through the nearest pixels. */
    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void anInceptionCropHasItsShareOfTheAreaAndItsAspectRatio(@ForAll @IntRange(min = 8, max = 40) int height,
            @ForAll @IntRange(min = 8, max = 40) int width, @ForAll long seed) {
        int[] place = new int[4];
        InceptionCrop crop = new InceptionCrop(1, 1, 0.2, 0.5, 1.5, Resize.AREA);
        crop.apply(Picture.of(height, width, 1, new byte[height * width]), recording(seed, place));
        Assume.that(place[0] > 0); // of ten draws none fitted: the middle was taken, of which the test below tells
        double h = height - place[0] + 1; // nextInt(height - h + 1) and nextInt(width - w + 1)
        double w = width - place[1] + 1;
        assertTrue((h - 0.5) * (w - 0.5) <= 0.5 * height * width && (h + 0.5) * (w + 0.5) >= 0.2 * height * width, h + " x " + w);
        assertTrue((w - 0.5) / (h + 0.5) <= 1.5 && (h - 0.5) / (w + 0.5) <= 1.5, h + " x " + w);
    }

    @Test
    void anInceptionCropTakesThePartThatItsNumbersSay() {
        Picture picture = Picture.of(8, 8, 1, counting(64));
        // area 0.25 of 64, aspect ratio 1: 4 x 4, at row 3 and column 2
        int[] at = {0};
        int[] bounds = {1 << 30, 1 << 30, 5, 5};
        int[] numbers = {1 << 29, 1 << 29, 3, 2};
        Picture part = new InceptionCrop(4, 4, 0.25, 0.25, 2, Resize.BILINEAR_HALF_PIXEL).apply(picture, bound -> {
            assertEquals(bounds[at[0]], bound);
            return numbers[at[0]++];
        });
        assertEquals(picture.cropped(3, 2, 4, 4), part);
    }

    @Test
    void anInceptionCropThatNeverFitsIsTheMiddle() {
        Picture wide = Picture.of(2, 40, 1, counting(80));
        InceptionCrop whole = new InceptionCrop(2, 3, 1, 1, 4.0 / 3, Resize.NEAREST);
        int[] drawn = {0};
        Picture part = whole.apply(wide, bound -> {
            drawn[0]++;
            return bound / 2;
        });
        assertEquals(20, drawn[0], "two numbers for each of ten tries");
        assertEquals(wide.cropped(0, 18, 2, 3).resized(2, 3, Resize.NEAREST), part);
        Picture square = Picture.of(3, 3, 1, counting(9));
        assertEquals(square, new InceptionCrop(3, 3, 1, 1, 1, Resize.AREA).apply(square, bound -> 0), "all of a square");
    }

    @Test
    void inceptionCropsCoverTheWholeRangeOfAreas() {
        int[] counts = new int[4];
        InceptionCrop crop = InceptionCrop.vit(2, 2);
        for (int i = 0; i < 2000; i++) {
            int[] place = new int[4];
            crop.apply(Picture.of(100, 100, 1, new byte[10_000]), recording(i, place));
            double area = (101 - place[0]) * (101 - place[1]) / 1e4;
            counts[Math.clamp((int) ((area - 0.05) / 0.2375), 0, 3)]++;
        }
        assertEquals(2000, Arrays.stream(counts).sum());
        for (int i = 0; i < 3; i++) { // the largest parts often do not fit with their aspect ratio and are drawn again
            assertEquals(550, counts[i], 130, Arrays.toString(counts));
        }
        assertTrue(counts[3] > 150, Arrays.toString(counts));
        assertEquals(new InceptionCrop(2, 2, 0.05, 1, 4.0 / 3, Resize.BILINEAR_HALF_PIXEL), crop);
    }

    @Test
    void inceptionCropsRefuseOtherRanges() {
        assertMessage("inception crop: expected shares of the area with 0 < least <= most <= 1, found 0.0 and 1.0",
                () -> new InceptionCrop(1, 1, 0, 1, 1, Resize.AREA));
        assertMessage("inception crop: expected shares of the area with 0 < least <= most <= 1, found 0.5 and 0.25",
                () -> new InceptionCrop(1, 1, 0.5, 0.25, 1, Resize.AREA));
        assertMessage("inception crop: expected an aspect ratio from 1 to 10^6, found 0.75",
                () -> new InceptionCrop(1, 1, 0.5, 1, 0.75, Resize.AREA));
        assertMessage("inception crop: expected at least 1 x 1 pixels, found 1 x 0",
                () -> new InceptionCrop(1, 0, 0.5, 1, 1, Resize.AREA));
    }

    @Test
    void aSourceIsTheKeyedStreamElementByElement() {
        Random stream = Random.of(7, "augment").at(3, 11);
        RandomSource source = RandomSource.of(stream);
        for (int i = 0; i < 100; i++) {
            assertEquals(stream.below(i + 1, i), source.nextInt(i + 1));
        }
        assertEquals((stream.below(1 << 30, 100) + 0.5) / (1 << 30), source.nextUniform());
    }

    @Test
    void uniformAndNormalNumbersHaveTheirMoments() {
        RandomSource source = RandomSource.of(Random.of(1, "moments"));
        double sum = 0;
        double squares = 0;
        double uniform = 0;
        for (int i = 0; i < 20_000; i++) {
            double x = source.nextNormal();
            sum += x;
            squares += x * x;
            uniform += source.nextUniform();
        }
        assertEquals(0, sum / 20_000, 0.03);
        assertEquals(1, squares / 20_000, 0.04);
        assertEquals(0.5, uniform / 20_000, 0.01);
    }

    /** The promise of all random transforms: a picture depends on its key, not on who computes it when. */
    @Test
    void aKeyGivesTheSamePictureOnAnyThreadAndInAnyOrder() throws Exception {
        Transform transform = InceptionCrop.vit(9, 7).then(Augmentation.flipsAndShifts(2)).then(new RandAugment(2, 9));
        Picture picture = Picture.of(20, 30, 3, counting(1800));
        Random augment = Random.of(5, "augment");
        List<Callable<Picture>> tasks = new ArrayList<>();
        IntStream.range(0, 200).forEach(i -> tasks.add(() -> transform.apply(picture, RandomSource.of(augment.at(2, i)))));
        List<Picture> alone = new ArrayList<>();
        for (Callable<Picture> task : tasks.reversed()) {
            alone.addFirst(task.call());
        }
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Future<Picture>> together = threads.invokeAll(tasks);
            for (int i = 0; i < alone.size(); i++) {
                assertEquals(alone.get(i), together.get(i).get());
            }
        }
        assertNotEquals(alone.get(0), alone.get(1));
        assertTrue(alone.stream().distinct().count() > 190, "pictures that differ");
    }

    /** Numbers of a seed; the bounds of the last two integers, which are not uniform numbers, go to place. */
    private static RandomSource recording(long seed, int[] place) {
        RandomSource source = RandomSource.of(Random.of(seed, "crop"));
        int[] at = {0};
        return bound -> {
            if (bound != 1 << 30) {
                place[at[0]++] = bound;
            }
            return source.nextInt(bound);
        };
    }

    private static byte[] counting(int count) {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++) {
            bytes[i] = (byte) i;
        }
        return bytes;
    }

    private static void assertMessage(String message, Executable action) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, action).getMessage());
    }
}
