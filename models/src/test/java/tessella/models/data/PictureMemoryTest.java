package tessella.models.data;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.Test;

/** What a small picture file takes of the heap is bounded by the limit of pixels, whatever numbers stand in it. */
class PictureMemoryTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final long PIXELS = 250_000;
    /** 64 bytes for each pixel that is allowed, and what readers take for any file. */
    private static final long BOUND = 64 * PIXELS + (8 << 20);

    private static void assertBounded(String what, byte[] file) throws IOException {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        try {
            PictureReader.read(file, PIXELS);
        } catch (DataException e) {
            assertTrue(e.getMessage().startsWith("picture: expected") && e.getMessage().lines().count() == 1, e.getMessage());
        }
        long taken = THREADS.getCurrentThreadAllocatedBytes() - before;
        assertTrue(taken <= BOUND, () -> what + ": took " + taken + " bytes");
    }

    /** Each byte and each word of the beginning, where the numbers are, claims much. */
    @Test
    void numbersInAHeaderThatClaimMuchTakeLittle() throws IOException {
        assertBounded("the first reader", PictureReaderTest.encoded(PictureReaderTest.noise(5, 7, 1), "png"));
        BufferedImage palette = new BufferedImage(7, 5, BufferedImage.TYPE_BYTE_INDEXED);
        BufferedImage bits = new BufferedImage(7, 5, BufferedImage.TYPE_BYTE_BINARY);
        List<byte[]> files = new ArrayList<>();
        for (String format : List.of("png", "jpg", "gif", "bmp")) {
            files.add(PictureReaderTest.encoded(PictureReaderTest.noise(5, 7, 1), format));
            if (!format.equals("jpg")) {
                files.add(PictureReaderTest.encoded(palette, format));
                files.add(PictureReaderTest.encoded(bits, format));
            }
        }
        for (byte compression = 1; compression <= 5; compression++) { // run lengths, fields of bits, a JPEG file, a PNG file
            byte[] file = PictureReaderTest.encoded(palette, "bmp");
            file[30] = compression;
            files.add(file);
        }
        for (byte[] whole : files) {
            for (int at = 0; at < Math.min(200, whole.length - 4); at++) {
                for (int value : new int[] {Integer.MAX_VALUE, 0x7fffff, 0x00ff00ff}) {
                    for (ByteOrder order : List.of(ByteOrder.BIG_ENDIAN, ByteOrder.LITTLE_ENDIAN)) {
                        byte[] file = whole.clone();
                        ByteBuffer.wrap(file).order(order).putInt(at, value);
                        assertBounded("file " + files.indexOf(whole) + ", " + Integer.toHexString(value) + " " + order + " at " + at, file);
                    }
                }
                byte[] file = whole.clone();
                file[at] = -1;
                assertBounded("255 at " + at, file);
            }
        }
    }

    /** Texts and profiles of a PNG file are packed, and no part of the picture. */
    @Test
    void whatElseIsPackedInAFileIsNotUnpacked() throws IOException {
        byte[] plain = PictureReaderTest.encoded(PictureReaderTest.noise(5, 7, 1), "png");
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (DeflaterOutputStream deflated = new DeflaterOutputStream(packed)) {
            deflated.write(new byte[1 << 26]);
        }
        for (String type : List.of("zTXt", "iTXt", "iCCP")) {
            ByteArrayOutputStream body = new ByteArrayOutputStream();
            body.writeBytes("name\0".getBytes(StandardCharsets.US_ASCII));
            body.writeBytes(type.equals("iTXt") ? new byte[] {1, 0, 0, 0} : new byte[] {0});
            body.writeBytes(packed.toByteArray());
            ByteArrayOutputStream file = new ByteArrayOutputStream();
            file.write(plain, 0, 33);
            PictureReaderTest.chunk(file, type, body.toByteArray());
            file.write(plain, 33, plain.length - 33);
            assertBounded(type, file.toByteArray());
        }
    }
}
