package tessella.models.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Fashion-MNIST: 28 x 28 grey pictures of clothes in ten classes (Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747).
 * The validation part is the last 60 training pictures of each class in file order.
 */
final class FashionMnist {
    static final String NAME = "fashion-mnist";
    static final int VALIDATION_PER_CLASS = 60;
    private static final int SIDE = 28;
    private static final List<String> CLASSES = List.of("T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal",
            "Shirt", "Sneaker", "Bag", "Ankle boot");

    private FashionMnist() {
    }

    static DataSplits load(Path folder) throws IOException {
        DataFile trainImages = file(folder, "train-images-idx3-ubyte");
        DataFile trainLabels = file(folder, "train-labels-idx1-ubyte");
        DataFile testImages = file(folder, "t10k-images-idx3-ubyte");
        DataFile testLabels = file(folder, "t10k-labels-idx1-ubyte");
        String sha256 = DataFile.sha256(trainImages, trainLabels, testImages, testLabels);
        ImageSet all = read("all training pictures", trainImages, trainLabels, sha256);
        int[] fromEnd = new int[CLASSES.size()];
        int[] part = new int[all.size()];
        for (int i = all.size() - 1; i >= 0; i--) {
            part[i] = fromEnd[all.label(i)]++ < VALIDATION_PER_CLASS ? Partition.VALIDATION : Partition.TRAIN;
        }
        for (int c = 0; c < fromEnd.length; c++) {
            if (fromEnd[c] <= VALIDATION_PER_CLASS) {
                throw new DataException("%s: expected more than %d pictures of class %s, found %d".formatted(
                        trainLabels.path(), VALIDATION_PER_CLASS, CLASSES.get(c), fromEnd[c]));
            }
        }
        return new DataSplits(NAME, all.select(NAME + " train", Partition.indices(part, Partition.TRAIN)),
                all.select(NAME + " validation", Partition.indices(part, Partition.VALIDATION)),
                read(NAME + " test", testImages, testLabels, sha256));
    }

    private static ImageSet read(String name, DataFile images, DataFile labels, String sha256) throws IOException {
        ImageSet set = Idx.set(name, images, labels, CLASSES, sha256);
        if (set.height() != SIDE || set.width() != SIDE) {
            throw new DataException("%s: expected pictures of %d x %d, found %d x %d".formatted(images.path(), SIDE,
                    SIDE, set.height(), set.width()));
        }
        return set;
    }

    /** The file as published (.gz) or unpacked. */
    private static DataFile file(Path folder, String name) throws IOException {
        Path plain = folder.resolve(name);
        return DataFile.read(Files.isRegularFile(plain) ? plain : folder.resolve(name + ".gz"));
    }
}
