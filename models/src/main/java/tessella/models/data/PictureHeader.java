package tessella.models.data;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import javax.imageio.stream.ImageInputStream;

/**
 * What the platform's readers do not tell of a file.
 *
 * @param components  the channels of a JPEG file, 1 for a PNG file in grey, 0 if unknown
 * @param orientation that of Exif, 1 (upright) to 8: which side of the stored picture is its top; 1 if there is none or it is
 *     damaged
 * @param screen      what is around the first frame of a GIF file
 */
record PictureHeader(int components, int orientation, GifScreen screen) {
    private static final int UPRIGHT = 1;
    private static final int PNG_GREY = 0;
    private static final int PNG_GREY_ALPHA = 4;
    private static final int SHORTEST_BMP = 12; // a header without a compression
    private static final int BMP_OF_JPEG = 4;
    private static final int BMP_OF_PNG = 5;
    private static final int EXIF_CHUNK = 0x65584966; // eXIf
    private static final int LARGEST_EXIF = 0xffff; // what fits in a segment of a JPEG file
    private static final byte[] EXIF = "Exif\0\0".getBytes(StandardCharsets.US_ASCII);
    private static final int ORIENTATION_TAG = 0x0112;
    private static final int SHORT = 3;
    private static final int ENTRY = 12;
    private static final PictureHeader PLAIN = new PictureHeader(0, UPRIGHT, GifScreen.NONE);

    /** Reads a stream to the pixels of a JPEG file, the first frame of a GIF file, or the end of a PNG file. */
    static PictureHeader of(ImageInputStream stream, PictureFormat format) throws IOException {
        try {
            return switch (format) {
                case JPEG -> jpeg(stream);
                case PNG -> png(stream);
                case GIF -> new PictureHeader(0, UPRIGHT, GifScreen.of(stream));
                case BMP -> bmp(stream);
            };
        } catch (EOFException e) {
            return PLAIN; // the decoder says more
        }
    }

    private static PictureHeader jpeg(ImageInputStream stream) throws IOException {
        int components = 0;
        int orientation = UPRIGHT;
        stream.seek(2); // behind the first mark
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
        return new PictureHeader(components, orientation, GifScreen.NONE);
    }

    /** A BMP file may hold a JPEG or PNG file, of which the platform's reader takes any length that the header claims into memory. */
    private static PictureHeader bmp(ImageInputStream stream) throws IOException {
        stream.setByteOrder(ByteOrder.LITTLE_ENDIAN);
        stream.seek(14);
        long header = stream.readUnsignedInt();
        stream.seek(30);
        int compression = stream.readInt();
        if (header > SHORTEST_BMP && (compression == BMP_OF_JPEG || compression == BMP_OF_PNG)) {
            throw new IOException("a JPEG or PNG file inside of a BMP file");
        }
        return PLAIN;
    }

    private static PictureHeader png(ImageInputStream stream) throws IOException {
        stream.seek(25); // the kind of colour, in the first chunk
        int kind = stream.readUnsignedByte();
        int components = kind == PNG_GREY || kind == PNG_GREY_ALPHA ? 1 : 0;
        return new PictureHeader(components, pngOrientation(stream), GifScreen.NONE);
    }

    private static int pngOrientation(ImageInputStream stream) throws IOException {
        stream.seek(8); // behind the signature
        try {
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
        } catch (EOFException e) {
            return UPRIGHT;
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

    /** Makes a decoded picture what the file means: grey if it is, where it lies, the right way up. */
    Picture upright(Picture decoded) {
        // the platform gives grey of 1, 2 and 4 bits as palettes
        Picture stored = screen.around(components == 1 ? decoded.withChannels(1) : decoded);
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
