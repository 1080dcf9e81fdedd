package tessella.models.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import tessella.engine.Random;

/**
 * Pictures of a user's in a folder or a table, in memory, brought to one square size with three channels, and split.
 *
 * <p>A folder with the sub-folders {@code train} and {@code test}, and perhaps {@code validation}, is split already; each of them
 * has a sub-folder for each class, and one picture in ten of the training part is for validation if there is no other. Of any
 * other folder, and of a table, eight pictures in ten are for training, one for validation and one for the test, of each class
 * in a folder. The choice depends on the order of the pictures alone.
 */
public final class OwnPictures {
    private static final int PARTS = 10;

    private OwnPictures() {}

    /**
     * Reads all pictures.
     *
     * @param path a folder, see {@link PictureFiles#folder}, or a table, see {@link PictureFiles#csv}
     * @param side of the square that each picture is brought to, in pixels
     * @return the splits; pictures of a table may have any number of classes
     * @throws IOException if there is no such folder or file, one of its pictures cannot be read, or a part would be empty
     */
    public static DataSplits load(Path path, int side) throws IOException {
        String name = path.toString();
        if (!Files.isDirectory(path)) {
            PictureFiles table = PictureFiles.csv(path);
            int[] place = permutation(table.size());
            return split(name, table, IntStream.range(0, table.size()).map(i -> part(place[i])).toArray(), side);
        }
        if (Files.isDirectory(path.resolve("train")) && Files.isDirectory(path.resolve("test"))) {
            return splitAlready(name, path, side);
        }
        PictureFiles files = PictureFiles.folder(path);
        return split(name, files, byClass(files), side);
    }

    private static DataSplits splitAlready(String name, Path path, int side) throws IOException {
        PictureFiles train = PictureFiles.folder(path.resolve("train"));
        PictureFiles test = known(path.resolve("test"), train);
        Path other = path.resolve("validation");
        if (Files.isDirectory(other)) {
            return hashed(name, train, known(other, train), test, side);
        }
        int[] parts = byClass(train);
        Arrays.setAll(parts, i -> parts[i] == Partition.TEST ? Partition.TRAIN : parts[i]); // the test part is elsewhere
        return hashed(name, train.select(Partition.indices(parts, Partition.TRAIN)),
                train.select(Partition.indices(parts, Partition.VALIDATION)), test, side);
    }

    private static PictureFiles known(Path folder, PictureFiles train) throws IOException {
        try {
            return PictureFiles.folder(folder).withClasses(train.classNames());
        } catch (IllegalArgumentException e) {
            throw new DataException(e.getMessage(), e);
        }
    }

    /** The part of each picture, by its place among those of its class. */
    private static int[] byClass(PictureFiles files) {
        int[] part = new int[files.size()];
        for (int c = 0; c < files.classNames().size(); c++) {
            int wanted = c;
            int[] own = IntStream.range(0, part.length).filter(i -> files.classes(i).getFirst() == wanted).toArray();
            int[] place = permutation(own.length);
            for (int i = 0; i < own.length; i++) {
                part[own[i]] = part(place[i]);
            }
        }
        return part;
    }

    private static int[] permutation(int count) {
        return Random.of(0, "split").permutation(count);
    }

    private static int part(int place) {
        return switch (place % PARTS) {
            case PARTS - 2 -> Partition.VALIDATION;
            case PARTS - 1 -> Partition.TEST;
            default -> Partition.TRAIN;
        };
    }

    private static DataSplits split(String name, PictureFiles files, int[] parts, int side) throws IOException {
        return hashed(name, files.select(Partition.indices(parts, Partition.TRAIN)),
                files.select(Partition.indices(parts, Partition.VALIDATION)),
                files.select(Partition.indices(parts, Partition.TEST)), side);
    }

    private static DataSplits hashed(String name, PictureFiles train, PictureFiles validation, PictureFiles test, int side)
            throws IOException {
        List<String> words = List.of("training", "validation", "test");
        List<PictureFiles> parts = List.of(train, validation, test);
        List<ImageSet> sets = new ArrayList<>();
        boolean many = parts.stream().anyMatch(PictureFiles::hasManyClasses);
        for (int i = 0; i < parts.size(); i++) {
            if (parts.get(i).size() == 0) {
                throw new DataException("%s: expected pictures for training, validation and test, found none left for %s; a split needs "
                        .formatted(name, words.get(i)) + "ten pictures of a class or more");
            }
            String part = name + " " + words.get(i);
            sets.add(many ? ImageSet.ofMany(part, parts.get(i), side, side, 3) : ImageSet.of(part, parts.get(i), side, side, 3));
        }
        return DataSplits.hashed(name, sets.get(0), sets.get(1), sets.get(2));
    }
}
