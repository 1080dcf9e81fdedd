package tessella.models.data;

import java.io.IOException;
import java.util.Arrays;
import javax.imageio.stream.ImageInputStream;

/**
 * Where the first frame of a GIF file lies: the platform's reader gives the frame alone. The screen grows with a frame that lies
 * over its edge.
 *
 * @param height rows of the screen
 * @param width  pixels in a row of it
 * @param top    rows above the frame
 * @param left   pixels to the left of it
 */
record GifScreen(int height, int width, int top, int left) {
    /** A frame that is the whole picture. */
    static final GifScreen NONE = new GifScreen(0, 0, 0, 0);
    private static final int EXTENSION = 0x21;
    private static final int FRAME = 0x2c;

    /** Reads a GIF file from its beginning to its first frame. */
    static GifScreen of(ImageInputStream stream) throws IOException {
        stream.seek(6); // behind the signature
        int width = shortAt(stream);
        int height = shortAt(stream);
        int flags = stream.readUnsignedByte();
        skip(stream, 2 + ((flags & 0x80) == 0 ? 0 : 3 * (2 << (flags & 7)))); // the table of colours
        while (true) {
            int block = stream.readUnsignedByte();
            if (block == FRAME) {
                int left = shortAt(stream);
                return new GifScreen(height, width, shortAt(stream), left);
            }
            if (block != EXTENSION) {
                return NONE; // the decoder says more
            }
            skip(stream, 1);
            int length = stream.readUnsignedByte();
            while (length > 0) {
                skip(stream, length);
                length = stream.readUnsignedByte();
            }
        }
    }

    private static int shortAt(ImageInputStream stream) throws IOException {
        return stream.readUnsignedByte() | stream.readUnsignedByte() << 8;
    }

    private static void skip(ImageInputStream stream, int bytes) throws IOException {
        stream.seek(stream.getStreamPosition() + bytes);
    }

    /** The rows of the picture of a frame. */
    int height(int frame) {
        return Math.max(height, top + frame);
    }

    /** The pixels in its rows. */
    int width(int frame) {
        return Math.max(width, left + frame);
    }

    /** Puts a frame where it lies; around it is white, as behind all that is transparent. */
    Picture around(Picture frame) {
        int rows = height(frame.height());
        int columns = width(frame.width());
        if (rows == frame.height() && columns == frame.width()) {
            return frame;
        }
        int channels = frame.channels();
        byte[] pixels = new byte[rows * columns * channels];
        Arrays.fill(pixels, (byte) 255);
        for (int y = 0; y < frame.height(); y++) {
            System.arraycopy(frame.shared(), y * frame.width() * channels, pixels, ((top + y) * columns + left) * channels,
                    frame.width() * channels);
        }
        return Picture.owning(rows, columns, channels, pixels);
    }
}
