package tessella.models.cli;

import java.io.IOException;
import java.lang.module.ModuleDescriptor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import tessella.models.data.ShippedData;

/** Options that several commands have. */
final class CommonOptions {
    static final Option<DataChoice> DATA = Option.of("data", "name or path", "the pictures: " + String.join(", ", DataChoice.names())
            + ", a folder with a sub-folder for each class, or a .csv of paths and classes", "one of "
            + String.join(", ", DataChoice.names()) + ", or the path of a folder or table that is there", DataChoice::of)
            .orElse(new DataChoice.Shipped(ShippedData.FASHION_MNIST), ShippedData.FASHION_MNIST.label());
    static final Option<Integer> SIDE = Option.integer("side", 8, 1024,
            "the side of the square that scenes and own pictures are brought to, in pixels").otherwise(DataChoice.SIDE + ", "
            + "or what the data set has");
    static final Option<Path> DATA_ROOT = Option.path("data-root", "the folder that holds the data sets")
            .otherwise("models/data of the clone");
    static final Option<Integer> THREADS = Option.integer("threads", 1, 1024,
            "threads to compute with; the result does not depend on it")
            .orElse(Runtime.getRuntime().availableProcessors(), "one per processor");

    static final Option<Boolean> PROFILE = Option.flag("profile",
            "tells at the end which operators the time went to; the result does not depend on it");
    static final Option<Path> OUT = Option.path("out",
            "the new folder for checkpoint, metrics and report").otherwise("the next free number under runs");

    private static final Path CHECKPOINTS = Path.of("models", "data", "checkpoints");
    private static final String ENDING = ".safetensors";

    private CommonOptions() {
    }

    /** The clone that the launcher belongs to, or the current folder. */
    static Path home() {
        return Path.of(System.getProperty("tessella.home", ""));
    }

    /** The folder that holds the data sets. */
    static Path dataRoot(Optional<Path> given) throws IOException {
        return given.isPresent() ? given.get() : ShippedData.defaultRoot();
    }

    /**
     * The file of a checkpoint: a path, or the name of one that ships.
     *
     * @throws UsageException if there is neither
     */
    static Path checkpoint(String text) {
        Path file = Path.of(text);
        if (Files.exists(file) || text.endsWith(ENDING)) {
            return file; // if it is missing, its reader says so
        }
        return shipped(text).orElseThrow(() -> {
            List<String> names = checkpoints(home().resolve(CHECKPOINTS));
            return new UsageException("checkpoint: expected a file or the name of one that ships, found " + text
                    + Nearest.hint(text, names, "names are " + String.join(", ", names)));
        });
    }

    /** What to call the file of a checkpoint: its name if it ships, which holds on every machine, otherwise its path. */
    static String name(Path checkpoint) {
        String file = checkpoint.getFileName().toString();
        return checkpoint.equals(home().resolve(CHECKPOINTS).resolve(file)) ? file.substring(0, file.length() - ENDING.length())
                : checkpoint.toString();
    }

    /** The file of a checkpoint that ships under this name. */
    static Optional<Path> shipped(String name) {
        return Optional.of(home().resolve(CHECKPOINTS).resolve(name + ENDING)).filter(Files::exists);
    }

    private static List<String> checkpoints(Path folder) {
        String[] files = folder.toFile().list((parent, name) -> name.endsWith(ENDING));
        return files == null ? List.of() : Arrays.stream(files).sorted()
                .map(name -> name.substring(0, name.length() - ENDING.length())).toList();
    }

    /** The version of the library. */
    static String version() {
        return Optional.ofNullable(CommonOptions.class.getModule().getDescriptor()).flatMap(ModuleDescriptor::rawVersion)
                .orElse("development");
    }
}
