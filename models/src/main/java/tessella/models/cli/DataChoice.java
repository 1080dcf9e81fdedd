package tessella.models.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import tessella.models.data.Augmentation;
import tessella.models.data.DataSplits;
import tessella.models.data.ImageSet;
import tessella.models.data.OwnPictures;
import tessella.models.data.ShippedData;
import tessella.models.scenes.SceneData;
import tessella.models.scenes.Scenes;

/** What {@code --data} names: a data set that ships, scenes with a question, or pictures of the user's. */
sealed interface DataChoice {
    /** Side of scenes, and of pictures of the user's, if no other is asked for. */
    int SIDE = 32;

    /** A data set that ships. */
    record Shipped(ShippedData set) implements DataChoice {
        @Override
        public String label() {
            return set.label();
        }

        @Override
        public Augmentation augmentation() {
            return set.augmentation();
        }

        @Override
        public DataSplits load(Path root, Optional<Integer> side, Optional<Integer> limit) throws IOException {
            if (side.isPresent()) {
                throw new UsageException("--side: expected with scenes or own pictures only, found " + label()
                        + ", whose pictures have one size");
            }
            return set.load(root).limitTraining(limit.orElse(Integer.MAX_VALUE));
        }
    }

    /** Scenes that are made when they are asked for. */
    record SceneTask(Scenes.Question question) implements DataChoice {
        @Override
        public String label() {
            return switch (question) {
                case DOMINANT -> "scenes";
                case COUNT -> "scenes-count";
                case KIND -> "scenes-kind";
                case PRESENCE -> "scenes-presence";
            };
        }

        @Override
        public Augmentation augmentation() {
            return Augmentation.NONE; // there are as many as anybody wants
        }

        @Override
        public DataSplits load(Path root, Optional<Integer> side, Optional<Integer> limit) throws IOException {
            return SceneData.load(label(), root, question, side.orElse(SIDE), limit.orElse(SceneData.TRAINING));
        }
    }

    /** A folder with a sub-folder for each class, or a table of paths and classes. */
    record Own(Path path) implements DataChoice {
        @Override
        public String label() {
            return path.toString();
        }

        @Override
        public Augmentation augmentation() {
            return Augmentation.flipsAndShifts(1);
        }

        @Override
        public DataSplits load(Path root, Optional<Integer> side, Optional<Integer> limit) throws IOException {
            return OwnPictures.load(path, side.orElse(SIDE)).limitTraining(limit.orElse(Integer.MAX_VALUE));
        }
    }

    /** The text of the option. */
    String label();

    /** The name of a folder for its runs. */
    default String fileName() {
        return this instanceof Own own ? own.path.toAbsolutePath().normalize().getFileName().toString() : label();
    }

    /** Changes to training pictures that keep their meaning. */
    Augmentation augmentation();

    /**
     * Reads or makes the pictures.
     *
     * @param root the folder that holds the data sets that ship
     * @param side of a square that pictures are brought to, in pixels
     * @param limit how many training pictures
     * @throws IOException if a file is missing, damaged or not what it should be
     */
    DataSplits load(Path root, Optional<Integer> side, Optional<Integer> limit) throws IOException;

    /** The test pictures alone, as for {@link #load}; scenes to learn from, which are made one by one, are left out. */
    default ImageSet test(Path root, Optional<Integer> side) throws IOException {
        return load(root, side, this instanceof SceneTask ? Optional.of(1) : Optional.empty()).test();
    }

    /** Names that are no paths. */
    static List<String> names() {
        return Stream.concat(ShippedData.labels().stream(),
                Arrays.stream(Scenes.Question.values()).map(question -> new SceneTask(question).label()).sorted()).toList();
    }

    /** What a text names, if it names something; a folder must be there. */
    static Optional<DataChoice> of(String text) {
        if (ShippedData.labels().contains(text)) {
            return Optional.of(new Shipped(ShippedData.byLabel(text)));
        }
        for (Scenes.Question question : Scenes.Question.values()) {
            if (new SceneTask(question).label().equals(text)) {
                return Optional.of(new SceneTask(question));
            }
        }
        try {
            return Files.exists(Path.of(text)) ? Optional.of(new Own(Path.of(text))) : Optional.empty();
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }
}
