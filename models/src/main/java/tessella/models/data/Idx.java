package tessella.models.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** The IDX format: a magic number, one 32-bit big-endian extent per dimension, then unsigned bytes. */
final class Idx {
    private static final int MAGIC_IMAGES = 0x0803; // unsigned bytes in three dimensions
    private static final int MAGIC_LABELS = 0x0801; // unsigned bytes in one dimension
    private static final int LARGEST = 1 << 28; // five times the original training pictures
    private static final int IMAGES_HEADER = 16;
    private static final int LABELS_HEADER = 8;

    private Idx() {
    }

    /** Grey pictures, [count, height, width]. */
    record Images(int count, int height, int width, byte[] pixels) {
    }

    static Images images(DataFile file) throws IOException {
        byte[] content = file.content(LARGEST);
        ByteBuffer header = header(file, content, MAGIC_IMAGES, IMAGES_HEADER);
        int count = header.getInt();
        int height = header.getInt();
        int width = header.getInt();
        if (count < 0 || height < 1 || width < 1 || height > 1 << 15 || width > 1 << 15) {
            throw new DataException("%s: expected extents of pictures, found [%d, %d, %d]".formatted(
                    file.path(), count, height, width));
        }
        requireLength(file, content, IMAGES_HEADER, (long) height * width * count);
        return new Images(count, height, width, Arrays.copyOfRange(content, IMAGES_HEADER, content.length));
    }

    static int[] labels(DataFile file, int classes) throws IOException {
        byte[] content = file.content(LARGEST);
        int count = header(file, content, MAGIC_LABELS, LABELS_HEADER).getInt();
        if (count < 0) {
            throw new DataException("%s: expected a count of labels, found %d".formatted(file.path(), count));
        }
        requireLength(file, content, LABELS_HEADER, count);
        int[] labels = new int[count];
        for (int i = 0; i < count; i++) {
            labels[i] = content[LABELS_HEADER + i] & 0xff;
            if (labels[i] >= classes) {
                throw new DataException("%s: expected labels from 0 to %d, found %d at picture %d".formatted(
                        file.path(), classes - 1, labels[i], i));
            }
        }
        return labels;
    }

    private static ByteBuffer header(DataFile file, byte[] content, int magic, int length) throws DataException {
        if (content.length < length) {
            throw new DataException("%s: expected an IDX header of %d bytes, found %d bytes in all".formatted(
                    file.path(), length, content.length));
        }
        ByteBuffer header = ByteBuffer.wrap(content);
        int found = header.getInt();
        if (found != magic) {
            throw new DataException("%s: expected the IDX magic number 0x%08x, found 0x%08x".formatted(
                    file.path(), magic, found));
        }
        return header;
    }

    private static void requireLength(DataFile file, byte[] content, int header, long body) throws DataException {
        if (content.length != header + body) {
            throw new DataException("%s: expected %d bytes as its header says, found %d".formatted(
                    file.path(), header + body, content.length));
        }
    }
}
