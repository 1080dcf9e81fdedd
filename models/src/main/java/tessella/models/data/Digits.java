package tessella.models.data;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Handwritten digits of 8 x 8 pixels, values 0 to 16 (Alpaydin and Kaynak 1998), one a line: 64 values, the label.
 * The pictures of one class are counted in file order; a count that ends in 7 is validation, in 8 or 9 test.
 */
final class Digits {
    static final String NAME = "digits";
    private static final int SIDE = 8;
    private static final int VALUES = SIDE * SIDE;
    private static final int LARGEST = 16;
    private static final int LARGEST_FILE = 1 << 24;
    private static final List<String> CLASSES = IntStream.range(0, 10).mapToObj(Integer::toString).toList();

    private Digits() {
    }

    static DataSplits load(Path folder) throws IOException {
        DataFile file = DataFile.read(folder.resolve("digits.csv.gz"));
        List<String> lines = new String(file.content(LARGEST_FILE), StandardCharsets.US_ASCII).lines().toList();
        byte[] pixels = new byte[lines.size() * VALUES];
        int[] labels = new int[lines.size()];
        for (int line = 0; line < lines.size(); line++) {
            String[] fields = lines.get(line).split(",", -1);
            if (fields.length != VALUES + 1) {
                throw new DataException("%s, line %d: expected %d values and a label, found %d fields".formatted(
                        file.path(), line + 1, VALUES, fields.length));
            }
            for (int i = 0; i < VALUES; i++) {
                int value = number(file, line, fields[i], "a value", LARGEST);
                pixels[line * VALUES + i] = (byte) Math.round(value * 255.0 / LARGEST);
            }
            labels[line] = number(file, line, fields[VALUES], "a label", CLASSES.size() - 1);
        }
        ImageSet all = ImageSet.of(NAME, SIDE, SIDE, 1, pixels, labels, CLASSES, DataFile.sha256(file));
        int[] counts = new int[CLASSES.size()];
        int[] part = new int[all.size()];
        for (int i = 0; i < part.length; i++) {
            part[i] = switch (counts[all.label(i)]++ % 10) {
                case 7 -> Partition.VALIDATION;
                case 8, 9 -> Partition.TEST;
                default -> Partition.TRAIN;
            };
        }
        return new DataSplits(NAME, all.select(NAME + " train", Partition.indices(part, Partition.TRAIN)),
                all.select(NAME + " validation", Partition.indices(part, Partition.VALIDATION)),
                all.select(NAME + " test", Partition.indices(part, Partition.TEST)));
    }

    private static int number(DataFile file, int line, String field, String what, int largest) throws DataException {
        try {
            int number = Integer.parseInt(field);
            if (number >= 0 && number <= largest) {
                return number;
            }
        } catch (NumberFormatException e) {
            // the sentence below says all there is to say
        }
        throw new DataException("%s, line %d: expected %s from 0 to %d, found %s".formatted(
                file.path(), line + 1, what, largest, field.length() > 20 ? "a longer text" : "\"" + field + "\""));
    }
}
