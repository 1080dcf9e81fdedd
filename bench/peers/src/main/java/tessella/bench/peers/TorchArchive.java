package tessella.bench.peers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A module on its way to libtorch: what its values were made of is needed no more.
 *
 * @param file a file that this deletes
 * @param execution how it will run
 * @param hasArgument whether its program takes an argument
 */
record TorchArchive(Path file, TorchScript.Execution execution, boolean hasArgument) implements AutoCloseable {
    /** Writes a module to a file in the folder for temporary ones. */
    static TorchArchive of(TorchScript script) {
        try {
            TorchArchive archive = new TorchArchive(Files.createTempFile("tessella", ".pt"), script.execution(), script.hasArgument());
            try {
                script.write(archive.file());
                return archive;
            } catch (IOException | RuntimeException | Error e) {
                archive.close();
                throw e;
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
