package tessella.models.report;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Asks a program of the system, which may not be there. */
final class SystemCommand {
    private static final int PATIENCE_SECONDS = 5;

    private SystemCommand() {
    }

    /** The first line a program prints, or empty if there is no such program, it fails, or takes too long. */
    static Optional<String> output(List<String> words, Path folder) {
        try {
            Process process = new ProcessBuilder(words).directory(folder.toAbsolutePath().toFile())
                    .redirectError(ProcessBuilder.Redirect.DISCARD).start();
            process.getOutputStream().close();
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return Optional.empty();
            }
            return process.exitValue() != 0 ? Optional.empty()
                    : process.inputReader(StandardCharsets.UTF_8).lines().findFirst().filter(line -> !line.isBlank());
        } catch (IOException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }
}
