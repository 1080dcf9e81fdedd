package tessella.models.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** The data sets that ship, by their names on the command line; models/data/README.md has source and licence. */
public enum ShippedData {
    /** 28 x 28 grey clothes in ten classes; 5,400 + 600 + 10,000 pictures in the subset that ships. */
    FASHION_MNIST(FashionMnist.NAME, Augmentation.flipsAndShifts(1)),
    /** 8 x 8 grey handwritten digits; 1,266 + 178 + 353 pictures. A mirrored digit is no digit, and a shift cuts its strokes off. */
    DIGITS(Digits.NAME, Augmentation.NONE);

    private final String label;
    private final Augmentation augmentation;

    ShippedData(String label, Augmentation augmentation) {
        this.label = label;
        this.augmentation = augmentation;
    }

    /**
     * Returns the name on the command line, which is the name of the folder too.
     *
     * @return such as {@code "fashion-mnist"}
     */
    public String label() {
        return label;
    }

    /**
     * Returns the changes to a training picture that keep its meaning.
     *
     * @return the augmentation to train with
     */
    public Augmentation augmentation() {
        return augmentation;
    }

    /**
     * Returns the names of all data sets.
     *
     * @return an unmodifiable list
     */
    public static List<String> labels() {
        return Arrays.stream(values()).map(ShippedData::label).toList();
    }

    /**
     * Finds a data set by its name on the command line.
     *
     * @param label one of {@link #labels()}
     * @return the data set
     * @throws IllegalArgumentException if there is none of that name
     */
    public static ShippedData byLabel(String label) {
        return Arrays.stream(values()).filter(set -> set.label.equals(label)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("data: expected one of %s, found \"%s\"".formatted(
                        labels(), label)));
    }

    /**
     * Reads the data set and splits it.
     *
     * @param root the folder that holds one folder for each data set, see {@link #defaultRoot()}
     * @return the splits
     * @throws IOException if a file is missing, damaged or not what it should be
     */
    public DataSplits load(Path root) throws IOException {
        Path folder = root.resolve(label);
        return switch (this) {
            case FASHION_MNIST -> FashionMnist.load(folder);
            case DIGITS -> Digits.load(folder);
        };
    }

    /**
     * Finds the folder with the data that ships: {@code models/data} under the property {@code tessella.home}, which
     * the launcher sets, otherwise under the working directory.
     *
     * @return the folder
     * @throws IOException if there is no such folder
     */
    public static Path defaultRoot() throws IOException {
        Path root = Path.of(System.getProperty("tessella.home", ""), "models", "data");
        if (!Files.isDirectory(root)) {
            throw new DataException("data: expected the folder %s, found none: start in a clone of Tessella, or name "
                    .formatted(root.toAbsolutePath()) + "the folder that holds the data sets");
        }
        return root;
    }
}
