package tessella.engine.io;

import java.io.IOException;

/** A tensor file that is not what it should be; the message is one sentence: file, tensor, expected, found. */
public final class TensorFileException extends IOException {
    private static final long serialVersionUID = 1L;

    /** An error with its message. */
    public TensorFileException(String message) {
        super(message);
    }

    /** An error with its message, and what went wrong below. */
    public TensorFileException(String message, Throwable cause) {
        super(message, cause);
    }
}
