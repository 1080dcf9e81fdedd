package tessella.models.cli;

import java.nio.file.Path;
import tessella.models.data.DataSet;

/** Options that several commands have. */
final class CommonOptions {
    static final Option<String> DATA = Option.choice("data", DataSet.labels(), "the pictures")
            .orElse(DataSet.FASHION_MNIST.label());
    static final Option<Path> DATA_ROOT = Option.path("data-root", "the folder that holds the data sets")
            .otherwise("models/data of the clone");
    static final Option<Integer> THREADS = Option.integer("threads", 1, 1024,
            "threads to compute with; the result does not depend on it")
            .orElse(Runtime.getRuntime().availableProcessors(), "one per processor");

    private CommonOptions() {
    }
}
