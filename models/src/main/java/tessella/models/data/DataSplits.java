package tessella.models.data;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;

/**
 * A data set in three parts that share no picture. The model learns from the first, choices are made on the second,
 * and the third is looked at once, for the last number.
 *
 * @param name       the name of the data set on the command line
 * @param train      what is learned from
 * @param validation what choices are made on
 * @param test       what the result is measured on
 */
public record DataSplits(String name, ImageSet train, ImageSet validation, ImageSet test) {
    /**
     * Checks that the parts fit together.
     *
     * @throws IllegalArgumentException if the sizes of the pictures, the classes, their number a picture or the hashes differ
     */
    public DataSplits {
        for (ImageSet part : List.of(validation, test)) {
            if (part.height() != train.height() || part.width() != train.width()
                    || part.channels() != train.channels() || !part.classNames().equals(train.classNames())
                    || part.hasManyClasses() != train.hasManyClasses() || !part.sha256().equals(train.sha256())) {
                throw new IllegalArgumentException("%s: expected splits of one data set, found (%s) beside (%s)"
                        .formatted(name, part, train));
            }
        }
    }

    /**
     * Puts parts together that were not read from files with a hash, and gives them the hash of their classes and pixels.
     *
     * @return the splits
     * @throws IllegalArgumentException if the parts do not fit together
     */
    public static DataSplits hashed(String name, ImageSet train, ImageSet validation, ImageSet test) {
        MessageDigest digest = DataFile.sha256();
        for (ImageSet part : List.of(train, validation, test)) {
            digest.update((part + " " + part.classNames()).getBytes(StandardCharsets.UTF_8));
            for (int i = 0; i < part.size(); i++) {
                digest.update(part.classes(i).toString().getBytes(StandardCharsets.UTF_8));
            }
            digest.update(part.shared());
        }
        String hash = HexFormat.of().formatHex(digest.digest());
        return new DataSplits(name, train.withSha256(hash), validation.withSha256(hash), test.withSha256(hash));
    }

    /**
     * Returns the names of the classes.
     *
     * @return an unmodifiable list
     */
    public List<String> classNames() {
        return train.classNames();
    }

    /**
     * Returns the hash of all files of the data set.
     *
     * @return 64 hexadecimal digits, or "" if it came from no file
     */
    public String sha256() {
        return train.sha256();
    }

    /**
     * Cuts the training part short, for a quick try; the other parts stay whole.
     *
     * @param count how many training pictures, more than there are means all
     * @return the splits
     */
    public DataSplits limitTraining(int count) {
        return new DataSplits(name, train.first(count), validation, test);
    }
}
