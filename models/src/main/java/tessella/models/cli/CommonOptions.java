package tessella.models.cli;

import java.lang.module.ModuleDescriptor;
import java.nio.file.Path;
import java.util.Optional;
import tessella.models.data.ShippedData;

/** Options that several commands have. */
final class CommonOptions {
    static final Option<String> DATA = Option.choice("data", ShippedData.labels(), "the pictures")
            .orElse(ShippedData.FASHION_MNIST.label());
    static final Option<Path> DATA_ROOT = Option.path("data-root", "the folder that holds the data sets")
            .otherwise("models/data of the clone");
    static final Option<Integer> THREADS = Option.integer("threads", 1, 1024,
            "threads to compute with; the result does not depend on it")
            .orElse(Runtime.getRuntime().availableProcessors(), "one per processor");

    private CommonOptions() {
    }

    /** The clone that the launcher belongs to, or the current folder. */
    static Path home() {
        return Path.of(System.getProperty("tessella.home", ""));
    }

    /** The version of the library. */
    static String version() {
        return Optional.ofNullable(CommonOptions.class.getModule().getDescriptor()).flatMap(ModuleDescriptor::rawVersion)
                .orElse("development");
    }
}
