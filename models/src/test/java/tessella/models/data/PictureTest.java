package tessella.models.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class PictureTest {
    @TempDir
    private Path folder;

    @Test
    void greyStaysGreyThroughAPngFile() throws IOException {
        BufferedImage image = new BufferedImage(3, 2, BufferedImage.TYPE_BYTE_GRAY);
        byte[] values = {0, 60, 120, (byte) 180, (byte) 240, (byte) 255};
        image.getRaster().setDataElements(0, 0, 3, 2, values);
        Path file = folder.resolve("grey.png");
        Files.write(file, png(image));
        assertEquals(Picture.of(2, 3, 1, values), PictureReader.read(file));
        assertEquals(Picture.of(2, 3, 1, values), PictureReader.of(image));
    }

    @Test
    void colourComesInTheOrderRedGreenBlue() throws IOException {
        BufferedImage image = new BufferedImage(2, 1, BufferedImage.TYPE_INT_RGB);
        image.setRGB(0, 0, 0x102030);
        image.setRGB(1, 0, 0xfffefd);
        Picture expected = Picture.of(1, 2, 3, new byte[] {0x10, 0x20, 0x30, -1, -2, -3});
        assertEquals(expected, PictureReader.read(png(image)));
        assertEquals(expected, PictureReader.read(new ByteArrayInputStream(png(image))));
    }

    @Test
    void whatIsTransparentShowsWhite() throws IOException {
        BufferedImage image = new BufferedImage(3, 1, BufferedImage.TYPE_INT_ARGB);
        image.setRGB(0, 0, 0x00123456);
        image.setRGB(1, 0, 0x80000000);
        image.setRGB(2, 0, 0xff123456);
        assertArrayEquals(new byte[] {-1, -1, -1, 127, 127, 127, 0x12, 0x34, 0x56},
                PictureReader.read(png(image)).pixels());
    }

    @Test
    void palettesAreColour() throws IOException {
        BufferedImage image = new BufferedImage(1, 1, BufferedImage.TYPE_BYTE_INDEXED);
        image.setRGB(0, 0, Color.RED.getRGB());
        assertArrayEquals(new byte[] {-1, 0, 0}, PictureReader.read(png(image)).pixels());
    }

    @Test
    void sixteenBitGreyIsScaled() {
        BufferedImage image = new BufferedImage(2, 1, BufferedImage.TYPE_USHORT_GRAY);
        image.getRaster().setSample(0, 0, 0, 65535);
        image.getRaster().setSample(1, 0, 0, 257 * 100);
        assertArrayEquals(new byte[] {-1, 100}, PictureReader.of(image).pixels());
    }

    @Test
    void refusesWhatIsNoPicture() throws IOException {
        Path missing = folder.resolve("missing.png");
        assertMessage(missing + ": expected a picture file, found none", () -> PictureReader.read(missing));
        assertMessage(folder + ": expected a picture file, found a folder", () -> PictureReader.read(folder));
        Path text = Files.writeString(folder.resolve("text.png"), "hello");
        assertMessage(text + ": expected a picture (PNG, JPEG, GIF or BMP), found 5 other bytes",
                () -> PictureReader.read(text));
        assertMessage("picture: expected a picture (PNG, JPEG, GIF or BMP), found 0 other bytes",
                () -> PictureReader.read(new byte[0]));
        byte[] whole = png(new BufferedImage(40, 40, BufferedImage.TYPE_INT_RGB));
        String message = assertThrows(DataException.class,
                () -> PictureReader.read(Arrays.copyOf(whole, 45))).getMessage();
        assertTrue(message.startsWith("picture: expected a picture, found a damaged or unsupported file ("), message);
    }

    @Test
    void refusesAPictureThatClaimsToBeHuge() throws IOException {
        byte[] file = png(new BufferedImage(2, 2, BufferedImage.TYPE_INT_RGB));
        ByteBuffer header = ByteBuffer.wrap(file);
        header.putInt(16, 60_000).putInt(20, 50_000);
        CRC32 crc = new CRC32();
        crc.update(file, 12, 17);
        header.putInt(29, (int) crc.getValue());
        assertMessage("picture: expected a picture of at most 100000000 pixels, found 60000 x 50000",
                () -> PictureReader.read(file));
    }

    @Property(tries = 200)
    void damagedFilesAreReadOrRefusedInASentence(@ForAll @IntRange(max = 200) int at, @ForAll byte value)
            throws IOException {
        byte[] file = png(new BufferedImage(5, 7, BufferedImage.TYPE_BYTE_GRAY));
        file[at % file.length] = value;
        try {
            PictureReader.read(file, 1_000_000);
        } catch (DataException e) {
            assertTrue(e.getMessage().startsWith("picture: expected"), e.getMessage());
        }
    }

    @Test
    void greyIsTheWeightedMeanOfTheColours() {
        assertArrayEquals(new byte[] {76, (byte) 150, 29, -1}, Picture.of(1, 4, 3,
                new byte[] {-1, 0, 0, 0, -1, 0, 0, 0, -1, -1, -1, -1}).withChannels(1).pixels());
        assertArrayEquals(new byte[] {7, 7, 7}, Picture.of(1, 1, 1, new byte[] {7}).withChannels(3).pixels());
    }

    @Test
    void reducingAveragesAndEnlargingInterpolates() {
        Picture row = Picture.of(1, 4, 1, new byte[] {0, 0, 100, 100});
        // weights 3 3 1 of 7 in reach of the left half, 1 3 3 of the right
        assertArrayEquals(new byte[] {14, 86}, row.resized(1, 2).pixels());
        assertArrayEquals(new byte[] {0, 25, 75, 100},
                Picture.of(1, 2, 1, new byte[] {0, 100}).resized(1, 4).pixels());
        assertArrayEquals(new byte[] {0, 25, 75, 100},
                Picture.of(2, 1, 1, new byte[] {0, 100}).resized(4, 1).pixels());
    }

    @Property(tries = 200)
    void resizingStaysInRangeAndKeepsFlatPictures(@ForAll @IntRange(min = 1, max = 40) int height,
            @ForAll @IntRange(min = 1, max = 40) int width, @ForAll @IntRange(min = 1, max = 40) int newHeight,
            @ForAll @IntRange(min = 1, max = 40) int newWidth, @ForAll byte value) {
        byte[] flat = new byte[height * width * 3];
        Arrays.fill(flat, value);
        byte[] resized = Picture.of(height, width, 3, flat).resized(newHeight, newWidth).pixels();
        byte[] expected = new byte[newHeight * newWidth * 3];
        Arrays.fill(expected, value);
        assertArrayEquals(expected, resized);

        byte[] noise = new byte[height * width];
        new Random(value).nextBytes(noise);
        int low = 255;
        int high = 0;
        for (byte b : noise) {
            low = Math.min(low, b & 0xff);
            high = Math.max(high, b & 0xff);
        }
        for (byte b : Picture.of(height, width, 1, noise).resized(newHeight, newWidth).pixels()) {
            assertTrue((b & 0xff) >= low && (b & 0xff) <= high);
        }
    }

    @Property(tries = 200)
    void mirroringAndResizingCommute(@ForAll @IntRange(min = 1, max = 20) int width,
            @ForAll @IntRange(min = 1, max = 20) int newWidth, @ForAll long seed) {
        byte[] noise = new byte[width];
        new Random(seed).nextBytes(noise);
        Picture picture = Picture.of(1, width, 1, noise);
        Augmentation mirror = Augmentation.flipsAndShifts(0);
        byte[] one = mirror.apply(picture, bound -> 1).resized(1, newWidth).pixels();
        byte[] other = mirror.apply(picture.resized(1, newWidth), bound -> 1).pixels();
        for (int i = 0; i < newWidth; i++) {
            assertEquals(one[i] & 0xff, other[i] & 0xff, 1); // sums in another order may round the other way
        }
    }

    @Test
    void refusesBadExtentsAndPlaces() {
        assertThrows(IllegalArgumentException.class, () -> Picture.of(2, 2, 1, new byte[3]));
        assertThrows(IllegalArgumentException.class, () -> Picture.of(0, 2, 1, new byte[0]));
        assertThrows(IllegalArgumentException.class, () -> Picture.of(1, 1, 2, new byte[2]));
        Picture picture = Picture.of(1, 1, 1, new byte[1]);
        assertThrows(IllegalArgumentException.class, () -> picture.resized(0, 1));
        assertEquals("picture [1, 1, 1]: no value at [0, 1, 0]",
                assertThrows(IndexOutOfBoundsException.class, () -> picture.value(0, 1, 0)).getMessage());
    }

    private static byte[] png(BufferedImage image) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(image, "png", out);
        return out.toByteArray();
    }

    private static void assertMessage(String message, Executable action) {
        assertEquals(message, assertThrows(DataException.class, action).getMessage());
    }
}
