package tessella.models.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Reads pictures in the IDX format of MNIST: a magic number, one 32-bit big-endian extent per dimension, then unsigned bytes.
 * A file whose name ends in .gz is unpacked.
 */
public final class Idx {
    private static final int MAGIC_IMAGES = 0x0803; // unsigned bytes in three dimensions
    private static final int MAGIC_LABELS = 0x0801; // unsigned bytes in one dimension
    private static final int LARGEST = 1 << 28; // five times the original training pictures
    private static final int IMAGES_HEADER = 16;
    private static final int LABELS_HEADER = 8;

    private Idx() {
    }

    /**
     * Reads grey pictures and their classes, in file order.
     *
     * @param name       what the set is called in messages
     * @param images     unsigned bytes in three dimensions, [count, height, width]
     * @param labels     unsigned bytes in one dimension, the class of each picture
     * @param classNames the names of the classes
     * @return the set, with the SHA-256 of both files
     * @throws IOException if a file is missing, damaged or not what it should be
     */
    public static ImageSet read(String name, Path images, Path labels, List<String> classNames) throws IOException {
        DataFile imageFile = DataFile.read(images);
        DataFile labelFile = DataFile.read(labels);
        return set(name, imageFile, labelFile, classNames, DataFile.sha256(imageFile, labelFile));
    }

    static ImageSet set(String name, DataFile imageFile, DataFile labelFile, List<String> classNames, String sha256)
            throws IOException {
        Images pictures = images(imageFile);
        int[] classes = labels(labelFile, classNames.size());
        if (classes.length != pictures.count()) {
            throw new DataException("%s: expected a label for each of %d pictures, found %d labels".formatted(
                    labelFile.path(), pictures.count(), classes.length));
        }
        return ImageSet.of(name, pictures.height(), pictures.width(), 1, pictures.pixels(), classes, classNames, sha256);
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
