package tessella.models.report;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.zip.Adler32;
import java.util.zip.CRC32;
import tessella.models.data.Picture;

/**
 * Writes pictures as PNG (ISO/IEC 15948), 8 bits a sample. The samples are stored, not compressed: the bytes of a compressor differ from one
 * build of it to the next.
 */
public final class Png {
    private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    private static final int LARGEST_STORED_BLOCK = 0xffff;
    private static final byte GREY = 0;
    private static final byte RGB = 2;
    private static final byte RGBA = 6;

    private Png() {
    }

    /** The bytes of a file with the picture. */
    public static byte[] bytes(Picture picture) {
        return encode(picture.height(), picture.width(), picture.channels() == 1 ? GREY : RGB, picture.channels(), picture.pixels());
    }

    /** The picture as an address that holds its data. */
    static String dataUri(Picture picture) {
        return dataUri(bytes(picture));
    }

    /** Red, green, blue and opacity, [height, width, 4], as an address that holds its data. */
    static String dataUri(int height, int width, byte[] rgba) {
        return dataUri(encode(height, width, RGBA, 4, rgba));
    }

    private static String dataUri(byte[] png) {
        return "data:image/png;base64," + Base64.getEncoder().encodeToString(png);
    }

    private static byte[] encode(int height, int width, byte colourType, int channels, byte[] samples) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(SIGNATURE);
        chunk(out, "IHDR", ByteBuffer.allocate(13).putInt(width).putInt(height).put((byte) 8).put(colourType).array());
        byte[] rows = new byte[height * (1 + width * channels)]; // each row begins with a 0: no filter
        for (int y = 0; y < height; y++) {
            System.arraycopy(samples, y * width * channels, rows, y * (1 + width * channels) + 1, width * channels);
        }
        chunk(out, "IDAT", zlib(rows));
        chunk(out, "IEND", new byte[0]);
        return out.toByteArray();
    }

    /** The zlib format (RFC 1950) around stored blocks (RFC 1951, 3.2.4). */
    private static byte[] zlib(byte[] data) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(0x78);
        out.write(0x01);
        for (int at = 0; at < data.length; at += LARGEST_STORED_BLOCK) {
            int length = Math.min(LARGEST_STORED_BLOCK, data.length - at);
            out.write(at + length == data.length ? 1 : 0);
            out.write(length);
            out.write(length >> 8);
            out.write(~length);
            out.write(~length >> 8);
            out.write(data, at, length);
        }
        Adler32 check = new Adler32();
        check.update(data);
        out.writeBytes(ByteBuffer.allocate(4).putInt((int) check.getValue()).array());
        return out.toByteArray();
    }

    private static void chunk(ByteArrayOutputStream out, String type, byte[] data) {
        byte[] body = ByteBuffer.allocate(4 + data.length).put(type.getBytes(StandardCharsets.US_ASCII)).put(data)
                .array();
        CRC32 check = new CRC32();
        check.update(body);
        out.writeBytes(ByteBuffer.allocate(4).putInt(data.length).array());
        out.writeBytes(body);
        out.writeBytes(ByteBuffer.allocate(4).putInt((int) check.getValue()).array());
    }
}
