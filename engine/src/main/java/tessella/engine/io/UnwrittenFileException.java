package tessella.engine.io;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;

/**
 * A file that could not be written to its end, because the disk is full, a limit is reached, or writing is not allowed;
 * the message is one sentence: file, what the system said, what to do. Under the name of the file is what was there before.
 */
public final class UnwrittenFileException extends IOException {
    private static final long serialVersionUID = 1L;

    /**
     * An error with the file that it is about: the platform's messages often leave it out, or name a temporary one.
     *
     * @param file  the file under its final name
     * @param cause what the system said
     */
    public UnwrittenFileException(Path file, IOException cause) {
        super(TensorFileException.line("%s: expected to write the whole file, found \"%s\"; free space on its disk, or allow writing there"
                .formatted(file, reason(cause))), cause);
    }

    private static String reason(IOException cause) {
        String reason = cause instanceof FileSystemException file ? file.getReason() : cause.getMessage();
        return reason == null ? cause.getClass().getSimpleName() : reason;
    }
}
