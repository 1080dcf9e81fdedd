package tessella.models.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.Color;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import java.awt.image.WritableRaster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** What picture files may hold: kinds of colour, orientations, damage, and claims of a size. */
class PictureReaderTest {
    private static final List<String> FORMATS = List.of("png", "jpg", "gif", "bmp");

    @TempDir
    private Path folder;

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void losslessFilesGiveTheirPixels(@ForAll @IntRange(min = 1, max = 30) int height,
            @ForAll @IntRange(min = 1, max = 30) int width, @ForAll boolean png, @ForAll long seed) throws IOException {
        BufferedImage image = noise(height, width, seed);
        Picture picture = PictureReader.read(encoded(image, png ? "png" : "bmp"));
        assertEquals("Picture[" + height + ", " + width + ", 3]", picture.toString());
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                assertEquals(image.getRGB(x, y) & 0xffffff,
                        picture.value(y, x, 0) << 16 | picture.value(y, x, 1) << 8 | picture.value(y, x, 2));
            }
        }
    }

    @Test
    void gifAndJpegFilesAreReadInGreyAndColour() throws IOException {
        BufferedImage flat = new BufferedImage(16, 8, BufferedImage.TYPE_INT_RGB);
        BufferedImage grey = new BufferedImage(16, 8, BufferedImage.TYPE_BYTE_GRAY);
        for (int i = 0; i < 128; i++) {
            flat.setRGB(i % 16, i / 16, 0xff8000);
            grey.getRaster().setSample(i % 16, i / 16, 0, 77);
        }
        assertArrayEquals(new byte[] {-1, (byte) 128, 0},
                Arrays.copyOf(PictureReader.read(encoded(flat, "gif")).pixels(), 3));
        byte[] jpeg = PictureReader.read(encoded(flat, "jpg")).pixels();
        assertEquals(255, jpeg[0] & 0xff, 3);
        assertEquals(128, jpeg[1] & 0xff, 3);
        assertEquals(0, jpeg[2] & 0xff, 3);
        Picture greyJpeg = PictureReader.read(encoded(grey, "jpg"));
        assertEquals("Picture[8, 16, 1]", greyJpeg.toString());
        assertEquals(77, greyJpeg.value(3, 3, 0), 1);
    }

    @Test
    void sixteenBitColourIsScaledAndItsAlphaShowsWhite() throws IOException {
        ComponentColorModel model = new ComponentColorModel(ColorSpace.getInstance(ColorSpace.CS_sRGB), true, false,
                Color.TRANSLUCENT, DataBuffer.TYPE_USHORT);
        WritableRaster raster = model.createCompatibleWritableRaster(2, 1);
        raster.setPixel(0, 0, new int[] {257 * 10, 257 * 200, 65535, 65535});
        raster.setPixel(1, 0, new int[] {0, 0, 0, 0});
        byte[] file = encoded(new BufferedImage(model, raster, false, null), "png");
        assertEquals(16, file[24], "bits a sample");
        assertArrayEquals(new byte[] {10, (byte) 200, -1, -1, -1, -1}, PictureReader.read(file).pixels());
    }

    @Test
    void greyWithAlphaStaysGreyOnWhite() throws IOException {
        ComponentColorModel model = new ComponentColorModel(ColorSpace.getInstance(ColorSpace.CS_GRAY), true, false,
                Color.TRANSLUCENT, DataBuffer.TYPE_BYTE);
        WritableRaster raster = model.createCompatibleWritableRaster(3, 1);
        raster.setPixel(0, 0, new int[] {100, 255});
        raster.setPixel(1, 0, new int[] {100, 0});
        raster.setPixel(2, 0, new int[] {0, 51});
        assertEquals(Picture.of(1, 3, 1, new byte[] {100, -1, (byte) 204}),
                PictureReader.read(encoded(new BufferedImage(model, raster, false, null), "png")));
    }

    @Test
    void paletteEntriesMayBeTransparent() throws IOException {
        IndexColorModel palette = new IndexColorModel(2, 3, new byte[] {10, 0, 0}, new byte[] {20, 0, 0}, new byte[] {30, 0, 0}, 2);
        BufferedImage image = new BufferedImage(2, 1, BufferedImage.TYPE_BYTE_INDEXED, palette);
        image.getRaster().setSample(1, 0, 0, 2);
        for (String format : List.of("png", "gif")) {
            assertArrayEquals(new byte[] {10, 20, 30, -1, -1, -1}, PictureReader.read(encoded(image, format)).pixels(), format);
        }
    }

    @Test
    void theFirstPixelOfAnOrientationIsWhereACameraPutIt() throws IOException {
        Picture turned = PictureReader.read(withExif(png(2, 3, 1, 2, 3, 4, 5, 6), exif(ByteOrder.BIG_ENDIAN, 6)));
        assertEquals(Picture.of(3, 2, 1, new byte[] {4, 1, 5, 2, 6, 3}), turned, "6: turned clockwise by a quarter");
        Picture other = PictureReader.read(withExif(png(2, 3, 1, 2, 3, 4, 5, 6), exif(ByteOrder.BIG_ENDIAN, 8)));
        assertEquals(Picture.of(3, 2, 1, new byte[] {3, 6, 2, 5, 1, 4}), other, "8: the other way");
    }

    @Test
    void allOrientationsOfJpegAndPngFilesAreTurnedUpright() throws IOException {
        for (String format : List.of("png", "jpg")) {
            byte[] file = encoded(noise(9, 17, 3), format);
            Picture stored = PictureReader.read(file);
            Picture transposed = transposed(stored);
            List<Picture> expected = List.of(stored, mirrored(stored), mirrored(flipped(stored)), flipped(stored), transposed,
                    mirrored(transposed), mirrored(flipped(transposed)), flipped(transposed));
            for (int orientation = 1; orientation <= 8; orientation++) {
                for (ByteOrder order : List.of(ByteOrder.BIG_ENDIAN, ByteOrder.LITTLE_ENDIAN)) {
                    assertEquals(expected.get(orientation - 1), PictureReader.read(withExif(file, exif(order, orientation))),
                            format + " " + orientation);
                }
            }
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void damagedOrientationsAreIgnored(@ForAll @IntRange(max = 25) int at, @ForAll byte value, @ForAll @IntRange(max = 26) int length,
            @ForAll boolean jpeg) throws IOException {
        byte[] exif = exif(ByteOrder.BIG_ENDIAN, 1);
        exif[at] = value;
        byte[] file = encoded(noise(5, 7, 3), jpeg ? "jpg" : "png");
        Picture picture = PictureReader.read(withExif(file, Arrays.copyOf(exif, length)));
        assertEquals(35 * 3, picture.pixels().length);
        if (at == 19) { // the orientation itself, 0 to 255
            boolean whole = length >= 22 && value >= 2 && value <= 8;
            assertEquals(!whole, picture.equals(PictureReader.read(file)));
        }
    }

    @Test
    void jpegFilesInCmykAreRefused() throws IOException {
        Path file = folder.resolve("print.jpg");
        Files.write(file, cmyk());
        assertMessage(file + ": expected a JPEG file in grey or RGB, found one of 4 channels (CMYK); convert it to RGB",
                () -> PictureReader.read(file));
    }

    /** A picture is all there or refused; what may be missing is the mark after the last pixel. */
    @Test
    void filesThatEndEarlyAreRefusedWhereverTheyEnd() throws IOException {
        for (String format : FORMATS) {
            byte[] whole = encoded(noise(40, 40, 1), format);
            Picture picture = PictureReader.read(whole);
            for (int length = 0; length < whole.length; length++) {
                byte[] cut = Arrays.copyOf(whole, length);
                try {
                    assertEquals(picture, PictureReader.read(cut), format + " of " + length + " bytes");
                    assertTrue(length >= whole.length - 20, format + " of " + length + " bytes");
                } catch (DataException e) {
                    assertTrue(e.getMessage().startsWith("picture: expected a picture") && e.getMessage().lines().count() == 1,
                            e.getMessage());
                }
            }
        }
    }

    @Property(tries = 1000, edgeCases = EdgeCasesMode.NONE)
    void damagedFilesAreReadOrRefusedInOneSentence(@ForAll @IntRange(max = 3) int format, @ForAll @IntRange(max = 3000) int at,
            @ForAll byte value, @ForAll @IntRange(max = 200) int other) throws IOException {
        byte[] file = encoded(noise(9, 11, 5), FORMATS.get(format));
        file[at % file.length] = value;
        file[other % file.length] ^= (byte) (1 << at % 8);
        try {
            PictureReader.read(file, 1_000_000);
        } catch (DataException e) {
            assertTrue(e.getMessage().startsWith("picture: expected") && e.getMessage().lines().count() == 1, e.getMessage());
        }
    }

    @Test
    void namesOfFilesMayBeAnything() throws IOException {
        byte[] file = encoded(noise(2, 2, 1), "png");
        for (String name : List.of("\u00fcn\u00ef \u7c73\ud83d\ude00.png", "a b;c,d'e\"f.png", "#%41?.png", "no ending", "-rf")) {
            Path path = folder.resolve(name);
            Files.write(path, file);
            assertEquals(PictureReader.read(file), PictureReader.read(path));
        }
    }

    @Test
    void theLimitOfPixelsIsAnOption() throws IOException {
        Path file = folder.resolve("p.png");
        Files.write(file, encoded(noise(10, 20, 1), "png"));
        assertEquals(20, PictureReader.read(file, 200).width());
        assertMessage(file + ": expected a picture of at most 199 pixels, found 20 x 10", () -> PictureReader.read(file, 199));
    }

    /** Files of a few kilobytes that claim up to 4 10^9 pixels, in a Java runtime with 24 MB. */
    @Test
    void bombsAreRefusedInLittleMemory() throws Exception {
        Path png = folder.resolve("bomb.png");
        Files.write(png, bomb(30_000, 30_000));
        byte[] huge = encoded(new BufferedImage(4, 4, BufferedImage.TYPE_BYTE_INDEXED), "bmp"); // run lengths, without an end
        ByteBuffer.wrap(huge).order(ByteOrder.LITTLE_ENDIAN).putInt(18, 20_000).putInt(22, 20_000).putInt(30, 1);
        Path bmp = Files.write(folder.resolve("bomb.bmp"), huge);
        byte[] frame = encoded(noise(4, 4, 1), "gif");
        int descriptor = 13 + 3 * (2 << (frame[10] & 7));
        while (frame[descriptor] != 0x2c) { // extensions stand before the picture
            descriptor += 2;
            while (frame[descriptor] != 0) {
                descriptor += (frame[descriptor] & 0xff) + 1;
            }
            descriptor++;
        }
        ByteBuffer.wrap(frame).order(ByteOrder.LITTLE_ENDIAN).putShort(descriptor + 5, (short) -1).putShort(descriptor + 7, (short) -1);
        Path gif = Files.write(folder.resolve("bomb.gif"), frame);
        byte[] scan = encoded(noise(4, 4, 1), "jpg");
        int frameHeader = 2;
        while (scan[frameHeader + 1] != (byte) 0xc0) {
            frameHeader += 2 + (ByteBuffer.wrap(scan).getShort(frameHeader + 2) & 0xffff);
        }
        ByteBuffer.wrap(scan).putShort(frameHeader + 5, (short) 65_000).putShort(frameHeader + 7, (short) 65_000);
        Path jpg = Files.write(folder.resolve("bomb.jpg"), scan);
        Path small = Files.write(folder.resolve("small.png"), bomb(300, 300));
        Process child = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx24m",
                "-XX:+UseSerialGC", "-cp", System.getProperty("java.class.path"), ReadAll.class.getName(), png.toString(),
                bmp.toString(), gif.toString(), jpg.toString(), small.toString()).redirectErrorStream(true).start();
        child.getOutputStream().close();
        String out = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        String most = ": expected a picture of at most 100000000 pixels, found ";
        assertEquals(png + most + "30000 x 30000\n" + bmp + most + "20000 x 20000\n" + gif + most + "65535 x 65535\n"
                + jpg + most + "65000 x 65000\nPicture[300, 300, 1]\n", out.replace("\r", ""));
    }

    @Test
    void aFileThatIsLongerThanItsPixelsCouldBeIsRefusedUnread() throws IOException {
        Path file = folder.resolve("long.png");
        try (var channel = java.nio.channels.FileChannel.open(file, java.nio.file.StandardOpenOption.CREATE,
                java.nio.file.StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(encoded(noise(2, 2, 1), "png")));
            channel.write(ByteBuffer.allocate(1), (1L << 24) + 8 * 200 + 7);
        }
        assertMessage(file + ": expected a picture of at most 200 pixels, found a file of 16778824 bytes",
                () -> PictureReader.read(file, 200));
        assertEquals(2, PictureReader.read(file, 201).width());
    }

    /** A program: reads pictures, one line for each. */
    static final class ReadAll {
        public static void main(String[] files) {
            for (String file : files) {
                try {
                    System.out.println(PictureReader.read(Path.of(file)));
                } catch (IOException e) {
                    System.out.println(e.getMessage());
                }
            }
        }
    }

    private static Picture mirrored(Picture p) {
        return moved(p, p.height(), p.width(), (y, x) -> new int[] {y, p.width() - 1 - x});
    }

    private static Picture flipped(Picture p) {
        return moved(p, p.height(), p.width(), (y, x) -> new int[] {p.height() - 1 - y, x});
    }

    private static Picture transposed(Picture p) {
        return moved(p, p.width(), p.height(), (y, x) -> new int[] {x, y});
    }

    private interface From {
        int[] place(int y, int x);
    }

    private static Picture moved(Picture p, int height, int width, From from) {
        byte[] pixels = new byte[height * width * p.channels()];
        int at = 0;
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                for (int c = 0; c < p.channels(); c++) {
                    int[] place = from.place(y, x);
                    pixels[at++] = (byte) p.value(place[0], place[1], c);
                }
            }
        }
        return Picture.of(height, width, p.channels(), pixels);
    }

    /** A directory of one entry, the orientation. */
    private static byte[] exif(ByteOrder order, int orientation) {
        return ByteBuffer.allocate(26).order(order).putShort((short) (order == ByteOrder.BIG_ENDIAN ? 0x4d4d : 0x4949))
                .putShort((short) 42).putInt(8).putShort((short) 1).putShort((short) 0x0112).putShort((short) 3).putInt(1)
                .putShort((short) orientation).putShort((short) 0).putInt(0).array();
    }

    private static byte[] withExif(byte[] file, byte[] exif) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        if (file[0] == (byte) 0xff) {
            out.write(file, 0, 2);
            out.writeBytes(ByteBuffer.allocate(10).putShort((short) 0xffe1).putShort((short) (exif.length + 8))
                    .put("Exif\0\0".getBytes(StandardCharsets.US_ASCII)).array());
            out.writeBytes(exif);
            out.write(file, 2, file.length - 2);
        } else {
            out.write(file, 0, 33); // the signature and the first chunk
            chunk(out, "eXIf", exif);
            out.write(file, 33, file.length - 33);
        }
        return out.toByteArray();
    }

    static void chunk(ByteArrayOutputStream out, String type, byte[] body) {
        byte[] name = type.getBytes(StandardCharsets.US_ASCII);
        CRC32 crc = new CRC32();
        crc.update(name);
        crc.update(body);
        out.writeBytes(ByteBuffer.allocate(4).putInt(body.length).array());
        out.writeBytes(name);
        out.writeBytes(body);
        out.writeBytes(ByteBuffer.allocate(4).putInt((int) crc.getValue()).array());
    }

    /** A black picture of one bit a pixel, whole and well-formed. */
    private static byte[] bomb(int height, int width) throws IOException {
        ByteArrayOutputStream pixels = new ByteArrayOutputStream();
        try (DeflaterOutputStream deflated = new DeflaterOutputStream(pixels, new Deflater(9))) {
            byte[] row = new byte[1 + (width + 7) / 8];
            for (int y = 0; y < height; y++) {
                deflated.write(row);
            }
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'});
        chunk(out, "IHDR", ByteBuffer.allocate(13).putInt(width).putInt(height).put((byte) 1).array());
        chunk(out, "IDAT", pixels.toByteArray());
        chunk(out, "IEND", new byte[0]);
        return out.toByteArray();
    }

    static byte[] cmyk() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpg").next();
        try (MemoryCacheImageOutputStream stream = new MemoryCacheImageOutputStream(out)) {
            writer.setOutput(stream);
            writer.write(null, new IIOImage(Raster.createInterleavedRaster(DataBuffer.TYPE_BYTE, 8, 8, 4, null), null, null), null);
        } finally {
            writer.dispose();
        }
        return out.toByteArray();
    }

    private static byte[] png(int height, int width, int... values) throws IOException {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_BYTE_GRAY);
        for (int i = 0; i < values.length; i++) {
            image.getRaster().setSample(i % width, i / width, 0, values[i]);
        }
        return encoded(image, "png");
    }

    static BufferedImage noise(int height, int width, long seed) {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Random random = new Random(seed);
        for (int i = 0; i < height * width; i++) {
            image.setRGB(i % width, i / width, random.nextInt());
        }
        return image;
    }

    static byte[] encoded(BufferedImage image, String format) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        assertTrue(ImageIO.write(image, format, out), format);
        return out.toByteArray();
    }

    private static void assertMessage(String message, Executable action) {
        assertEquals(message, assertThrows(DataException.class, action).getMessage());
    }
}
