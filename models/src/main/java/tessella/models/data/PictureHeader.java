package tessella.models.data;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import javax.imageio.stream.ImageInputStream;

/**
 * What the platform's readers do not tell of a JPEG or PNG file.
 *
 * @param components  the channels of a JPEG file, 0 if unknown
 * @param orientation that of Exif, 1 (upright) to 8: which side of the stored picture is its top; 1 if there is none or it is
 *     damaged
 */
record PictureHeader(int components, int orientation) {
    private static final int UPRIGHT = 1;
    private static final int JPEG = 0xffd8;
    private static final long PNG = 0x89504e470d0a1a0aL;
    private static final int EXIF_CHUNK = 0x65584966; // eXIf
    private static final int LARGEST_EXIF = 0xffff; // what fits in a segment of a JPEG file
    private static final byte[] EXIF = "Exif\0\0".getBytes(StandardCharsets.US_ASCII);
    private static final int ORIENTATION_TAG = 0x0112;
    private static final int SHORT = 3;
    private static final int ENTRY = 12;

    /** Reads a stream at its beginning to the pixels of a JPEG file, or to the end of a PNG file. */
    static PictureHeader of(ImageInputStream stream) throws IOException {
        try {
            if (stream.readUnsignedShort() == JPEG) {
                return jpeg(stream);
            }
            stream.seek(0);
            return new PictureHeader(0, stream.readLong() == PNG ? png(stream) : UPRIGHT);
        } catch (EOFException e) {
            return new PictureHeader(0, UPRIGHT); // the decoder says more
        }
    }

    private static PictureHeader jpeg(ImageInputStream stream) throws IOException {
        int components = 0;
        int orientation = UPRIGHT;
        while (stream.readUnsignedByte() == 0xff) {
            int marker = stream.readUnsignedByte();
            while (marker == 0xff) {
                marker = stream.readUnsignedByte();
            }
            if (marker == 0xd9 || marker == 0xda) { // the end, or the pixels
                break;
            }
            if (marker == 0x01 || marker >= 0xd0 && marker <= 0xd7) { // no length follows
                continue;
            }
            int length = stream.readUnsignedShort() - 2;
            if (length < 0) {
                break;
            }
            byte[] body = new byte[length];
            stream.readFully(body);
            if (marker == 0xe1 && length > EXIF.length && Arrays.equals(body, 0, EXIF.length, EXIF, 0, EXIF.length)) {
                orientation = orientation(Arrays.copyOfRange(body, EXIF.length, length));
            } else if ((marker & 0xf0) == 0xc0 && marker != 0xc4 && marker != 0xc8 && marker != 0xcc && length > 5) {
                components = body[5] & 0xff;
            }
        }
        return new PictureHeader(components, orientation);
    }

    private static int png(ImageInputStream stream) throws IOException {
        while (true) {
            long length = stream.readUnsignedInt();
            int type = stream.readInt();
            if (type == EXIF_CHUNK && length <= LARGEST_EXIF) {
                byte[] body = new byte[(int) length];
                stream.readFully(body);
                return orientation(body);
            }
            stream.seek(stream.getStreamPosition() + length + 4);
        }
    }

    /** The orientation in the first directory of a TIFF structure. */
    private static int orientation(byte[] tiff) {
        ByteBuffer buffer = ByteBuffer.wrap(tiff);
        if (tiff.length < 8) {
            return UPRIGHT;
        }
        int order = buffer.getShort(0);
        if (order == 0x4949) {
            buffer.order(ByteOrder.LITTLE_ENDIAN);
        } else if (order != 0x4d4d) {
            return UPRIGHT;
        }
        long directory = buffer.getInt(4) & 0xffffffffL;
        if (buffer.getShort(2) != 42 || directory + 2 > tiff.length) {
            return UPRIGHT;
        }
        int entries = buffer.getShort((int) directory) & 0xffff;
        for (int i = 0; i < entries; i++) {
            long at = directory + 2 + (long) i * ENTRY;
            if (at + ENTRY > tiff.length) {
                return UPRIGHT;
            }
            if ((buffer.getShort((int) at) & 0xffff) == ORIENTATION_TAG) {
                int value = buffer.getShort((int) at + 8) & 0xffff;
                return buffer.getShort((int) at + 2) == SHORT && value >= 1 && value <= 8 ? value : UPRIGHT;
            }
        }
        return UPRIGHT;
    }

    /** Turns a stored picture the right way up. */
    Picture upright(Picture stored) {
        if (orientation == UPRIGHT) {
            return stored;
        }
        boolean turned = orientation > 4;
        int height = turned ? stored.width() : stored.height();
        int width = turned ? stored.height() : stored.width();
        int channels = stored.channels();
        byte[] pixels = new byte[height * width * channels];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int row = switch (orientation) {
                    case 2 -> y;
                    case 3, 4 -> height - 1 - y;
                    case 5, 8 -> x;
                    default -> width - 1 - x;
                };
                int column = switch (orientation) {
                    case 2, 3 -> width - 1 - x;
                    case 4 -> x;
                    case 5, 6 -> y;
                    default -> height - 1 - y;
                };
                System.arraycopy(stored.shared(), (row * stored.width() + column) * channels, pixels,
                        (y * width + x) * channels, channels);
            }
        }
        return Picture.owning(height, width, channels, pixels);
    }
}
