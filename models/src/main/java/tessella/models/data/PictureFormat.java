package tessella.models.data;

import java.nio.ByteBuffer;
import java.util.Optional;

/** The formats of picture files that are understood, each told by the first bytes of a file. */
enum PictureFormat {
    PNG("png", 0x89504e470d0a1a0aL, 8),
    JPEG("jpeg", 0xffd8ff, 3),
    GIF("gif", 0x47494638, 4),
    BMP("bmp", 0x424d, 2);

    /** How many first bytes tell a format. */
    static final int SIGNATURE = 12;

    private final String label;
    private final long signature;
    private final int length;

    PictureFormat(String label, long signature, int length) {
        this.label = label;
        this.signature = signature;
        this.length = length;
    }

    /** What the platform calls it. */
    String label() {
        return label;
    }

    /** The format of a file, from its first bytes followed by zeros. */
    static Optional<PictureFormat> of(byte[] first) {
        for (PictureFormat format : values()) {
            if (begins(first, format.signature, format.length)) {
                return Optional.of(format);
            }
        }
        return Optional.empty();
    }

    /** What else a file seems to be, for a sentence that refuses it; empty if that cannot be told. */
    static Optional<String> other(byte[] first) {
        if (begins(first, 0x49492a00, 4) || begins(first, 0x4d4d002a, 4)) {
            return Optional.of("TIFF");
        }
        ByteBuffer buffer = ByteBuffer.wrap(first);
        if (begins(first, 0x52494646, 4) && buffer.getInt(8) == 0x57454250) { // RIFF, WEBP
            return Optional.of("WebP");
        }
        if (buffer.getInt(4) == 0x66747970) { // ftyp
            return Optional.of("HEIF or AVIF");
        }
        return Optional.empty();
    }

    private static boolean begins(byte[] first, long signature, int length) {
        return ByteBuffer.wrap(first).getLong() >>> 8 * (8 - length) == signature;
    }
}
