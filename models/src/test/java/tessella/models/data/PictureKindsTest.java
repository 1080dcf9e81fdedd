package tessella.models.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.zip.DeflaterOutputStream;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.junit.jupiter.api.Test;

/** The kinds of files that a format has: depths, colour models, orders of the pixels, frames. */
class PictureKindsTest {
    private static final int GREY = 0;
    private static final int RGB = 2;
    private static final int PALETTE = 3;
    private static final int GREY_ALPHA = 4;

    /** One row of a PNG file: bits and kind of its samples, other chunks, and the bytes of the row. */
    private static byte[] png(int width, int bits, int kind, List<Chunk> chunks, int... row) throws IOException {
        ByteArrayOutputStream pixels = new ByteArrayOutputStream();
        try (DeflaterOutputStream deflated = new DeflaterOutputStream(pixels)) {
            deflated.write(0); // no filter
            for (int value : row) {
                deflated.write(value);
            }
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'});
        PictureReaderTest.chunk(out, "IHDR", ByteBuffer.allocate(13).putInt(width).putInt(1).put((byte) bits).put((byte) kind).array());
        chunks.forEach(chunk -> PictureReaderTest.chunk(out, chunk.type(), chunk.body()));
        PictureReaderTest.chunk(out, "IDAT", pixels.toByteArray());
        PictureReaderTest.chunk(out, "IEND", new byte[0]);
        return out.toByteArray();
    }

    private record Chunk(String type, byte[] body) {
    }

    private static Picture grey(int... values) {
        byte[] pixels = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            pixels[i] = (byte) values[i];
        }
        return Picture.of(1, values.length, 1, pixels);
    }

    @Test
    void greyOfAnyDepthIsGreyAndScaled() throws IOException {
        assertEquals(grey(255, 0, 255, 255, 0), PictureReader.read(png(5, 1, GREY, List.of(), 0b10110000)), "1 bit");
        assertEquals(grey(0, 85, 170, 255), PictureReader.read(png(4, 2, GREY, List.of(), 0b00011011)), "2 bits");
        assertEquals(grey(0, 17, 255), PictureReader.read(png(3, 4, GREY, List.of(), 0x01, 0xf0)), "4 bits");
        assertEquals(grey(0, 77, 255), PictureReader.read(png(3, 8, GREY, List.of(), 0, 77, 255)), "8 bits");
        assertEquals(grey(0, 77, 78), PictureReader.read(png(3, 16, GREY, List.of(), 0, 0, 77, 77, 77, 255)), "16 bits");
    }

    @Test
    void greyOfSixteenBitsWithAlphaStaysGreyOnWhite() throws IOException {
        assertEquals(grey(100, 255, 204),
                PictureReader.read(png(3, 16, GREY_ALPHA, List.of(), 100, 100, 255, 255, 100, 100, 0, 0, 0, 0, 51, 51)));
    }

    @Test
    void oneGreyOrColourMayBeTransparent() throws IOException {
        Chunk grey = new Chunk("tRNS", new byte[] {0, 77});
        Picture read = PictureReader.read(png(3, 8, GREY, List.of(grey), 0, 77, 78));
        assertArrayEquals(new int[] {0, 255, 78}, new int[] {read.value(0, 0, 0), read.value(0, 1, 0), read.value(0, 2, 0)});
        Chunk colour = new Chunk("tRNS", new byte[] {0, 1, 0, 2, 0, 3});
        assertArrayEquals(new byte[] {-1, -1, -1, 1, 2, 4}, PictureReader.read(png(2, 8, RGB, List.of(colour), 1, 2, 3, 1, 2, 4)).pixels());
    }

    @Test
    void palettesOfAnyDepthAreColourAndMayBeTransparentInPart() throws IOException {
        Chunk palette = new Chunk("PLTE", new byte[] {10, 20, 30, 40, 50, 60});
        Chunk alpha = new Chunk("tRNS", new byte[] {(byte) 255, 51});
        // 51 of 255 is a fifth
        byte[] expected = {10, 20, 30, (byte) 212, (byte) 214, (byte) 216};
        assertArrayEquals(expected, PictureReader.read(png(2, 1, PALETTE, List.of(palette, alpha), 0b01000000)).pixels());
        assertArrayEquals(expected, PictureReader.read(png(2, 2, PALETTE, List.of(palette, alpha), 0b00010000)).pixels());
        assertArrayEquals(expected, PictureReader.read(png(2, 4, PALETTE, List.of(palette, alpha), 0x01)).pixels());
        assertArrayEquals(expected, PictureReader.read(png(2, 8, PALETTE, List.of(palette, alpha), 0, 1)).pixels());
    }

    @Test
    void theOrderOfThePixelsInAFileDoesNotMatter() throws IOException {
        BufferedImage image = PictureReaderTest.noise(21, 35, 2);
        for (String format : List.of("png", "jpg")) {
            byte[] inOrder = written(image, format, ImageWriteParam.MODE_DISABLED);
            byte[] progressive = written(image, format, ImageWriteParam.MODE_DEFAULT);
            assertTrue(format.equals("png") ? progressive[28] == 1 : contains(progressive, 0xffc2), "it is interlaced");
            assertEquals(PictureReader.read(inOrder), PictureReader.read(progressive), format);
        }
    }

    private static boolean contains(byte[] file, int mark) {
        for (int i = 0; i + 1 < file.length; i++) {
            if ((ByteBuffer.wrap(file).getShort(i) & 0xffff) == mark) {
                return true;
            }
        }
        return false;
    }

    private static byte[] written(BufferedImage image, String format, int progressive) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageWriter writer = ImageIO.getImageWritersByFormatName(format).next();
        ImageWriteParam param = writer.getDefaultWriteParam();
        param.setProgressiveMode(progressive);
        try (MemoryCacheImageOutputStream stream = new MemoryCacheImageOutputStream(out)) {
            writer.setOutput(stream);
            writer.write(null, new IIOImage(image, null, null), param);
        } finally {
            writer.dispose();
        }
        return out.toByteArray();
    }

    /** Bytes from the mark of the first frame to before the end of a file that has no extension before it. */
    private static byte[] frame(int height, int width, int colour, int top, int left) throws IOException {
        byte[] file = gif(height, width, colour);
        byte[] frame = Arrays.copyOfRange(file, descriptor(file), file.length - 1);
        ByteBuffer.wrap(frame).order(ByteOrder.LITTLE_ENDIAN).putShort(1, (short) left).putShort(3, (short) top);
        return frame;
    }

    private static byte[] gif(int height, int width, int colour) throws IOException {
        IndexColorModel palette = new IndexColorModel(2, 3, new byte[] {10, 40, 70}, new byte[] {20, 50, 80}, new byte[] {30, 60, 90});
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_BYTE_INDEXED, palette);
        for (int i = 0; i < height * width; i++) {
            image.getRaster().setSample(i % width, i / width, 0, colour);
        }
        return PictureReaderTest.encoded(image, "gif");
    }

    private static int descriptor(byte[] file) {
        int at = 13 + 3 * (2 << (file[10] & 7));
        while (file[at] != 0x2c) {
            at += 2;
            while (file[at] != 0) {
                at += (file[at] & 0xff) + 1;
            }
            at++;
        }
        return at;
    }

    /** A file with a screen, a comment, and frames. */
    private static byte[] animated(int height, int width, byte[]... frames) throws IOException {
        byte[] head = Arrays.copyOf(gif(1, 1, 0), 13 + 3 * (2 << (gif(1, 1, 0)[10] & 7)));
        ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN).putShort(6, (short) width).putShort(8, (short) height);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(head);
        out.writeBytes(new byte[] {0x21, (byte) 0xfe, 2, ',', ',', 1, ',', 0}); // commas look like the mark of a frame
        for (byte[] frame : frames) {
            out.writeBytes(frame);
        }
        out.write(0x3b);
        return out.toByteArray();
    }

    @Test
    void theFirstFrameOfAnAnimationCounts() throws IOException {
        Picture picture = PictureReader.read(animated(2, 3, frame(2, 3, 1, 0, 0), frame(2, 3, 2, 0, 0)));
        assertEquals(PictureReader.read(gif(2, 3, 1)), picture);
        assertNotEquals(PictureReader.read(gif(2, 3, 2)), picture);
    }

    @Test
    void aFrameLiesWhereItsFileSaysOnWhite() throws IOException {
        Picture picture = PictureReader.read(animated(4, 5, frame(1, 2, 1, 2, 1), frame(4, 5, 2, 0, 0)));
        assertEquals("Picture[4, 5, 3]", picture.toString());
        for (int y = 0; y < 4; y++) {
            for (int x = 0; x < 5; x++) {
                assertEquals(y == 2 && (x == 1 || x == 2) ? 40 : 255, picture.value(y, x, 0), y + ", " + x);
            }
        }
        Picture grown = PictureReader.read(animated(1, 1, frame(1, 2, 1, 3, 1)));
        assertEquals("Picture[4, 3, 3]", grown.toString());
        assertEquals(40, grown.value(3, 2, 0));
    }

    @Test
    void theScreenCountsForTheLimitOfPixels() throws IOException {
        byte[] file = animated(30, 20, frame(1, 1, 1, 0, 0));
        assertEquals(20, PictureReader.read(file, 600).width());
        assertEquals("picture: expected a picture of at most 599 pixels, found 20 x 30",
                assertThrows(DataException.class, () -> PictureReader.read(file, 599)).getMessage());
    }

    /** Photoshop writes a mark of its own, and stores CMYK turned around or as YCCK. */
    @Test
    void jpegFilesInCmykOfAdobeAreRefused() throws IOException {
        byte[] plain = PictureReaderTest.cmyk();
        for (int transform : new int[] {0, 2}) {
            ByteArrayOutputStream file = new ByteArrayOutputStream();
            file.write(plain, 0, 2);
            file.writeBytes(ByteBuffer.allocate(16).putShort((short) 0xffee).putShort((short) 14)
                    .put("Adobe".getBytes(StandardCharsets.US_ASCII)).putShort((short) 100).putInt(0).put((byte) transform).array());
            file.write(plain, 2, plain.length - 2);
            assertEquals("picture: expected a JPEG file in grey or RGB, found one of 4 channels (CMYK); convert it to RGB",
                    assertThrows(DataException.class, () -> PictureReader.read(file.toByteArray())).getMessage());
        }
    }

    @Test
    void pictureFilesInsideOfBmpFilesAreRefused() throws IOException {
        byte[] file = PictureReaderTest.encoded(PictureReaderTest.noise(3, 3, 1), "bmp");
        for (byte compression : new byte[] {4, 5}) {
            file[30] = compression;
            assertEquals("picture: expected a picture, found a damaged or unsupported file (a JPEG or PNG file inside of a BMP file)",
                    assertThrows(DataException.class, () -> PictureReader.read(file)).getMessage());
        }
    }

    /** A header of 12 bytes, as of OS/2: where others have their compression are colours and pixels, here 4, 0, 0, 0. */
    @Test
    void bmpFilesOfTheOldKindAreRead() throws IOException {
        byte[] file = ByteBuffer.allocate(14 + 12 + 6 + 4).order(ByteOrder.LITTLE_ENDIAN).put((byte) 'B').put((byte) 'M').putInt(36)
                .putInt(0).putInt(32).putInt(12).putShort((short) 18).putShort((short) 1).putShort((short) 1).putShort((short) 1)
                .put(new byte[] {30, 20, 10, 60, 4, 0}).put(new byte[] {0, 0, 0b01000000, 0}).array();
        Picture picture = PictureReader.read(file);
        assertEquals("Picture[1, 18, 3]", picture.toString());
        assertArrayEquals(new byte[] {10, 20, 30, 0, 4, 60}, Arrays.copyOfRange(picture.pixels(), 16 * 3, 18 * 3));
    }

    @Test
    void otherFormatsAreRefusedWithTheirName() throws IOException {
        byte[] tiff = PictureReaderTest.encoded(PictureReaderTest.noise(3, 3, 1), "tif");
        assertRefused("a TIFF file; convert it to one of these", tiff);
        byte[] other = new byte[40];
        ByteBuffer.wrap(other).putInt(0x49492a00);
        assertRefused("a TIFF file; convert it to one of these", other);
        assertRefused("a WebP file; convert it to one of these", "RIFF....WEBPVP8 ".getBytes(StandardCharsets.US_ASCII));
        assertRefused("16 other bytes", "RIFF....WAVEfmt ".getBytes(StandardCharsets.US_ASCII));
        assertRefused("a HEIF or AVIF file; convert it to one of these", "....ftypavif....".getBytes(StandardCharsets.US_ASCII));
        byte[] wbmp = PictureReaderTest.encoded(new BufferedImage(8, 8, BufferedImage.TYPE_BYTE_BINARY), "wbmp");
        assertRefused(wbmp.length + " other bytes", wbmp); // nothing tells it from any file that begins with zeros
    }

    private static void assertRefused(String found, byte[] file) {
        assertEquals("picture: expected a picture (PNG, JPEG, GIF or BMP), found " + found,
                assertThrows(DataException.class, () -> PictureReader.read(file)).getMessage());
    }
}
