package tessella.models.data;

import java.io.IOException;

/** A data file or picture that is missing or not what it should be; the message is one sentence. */
public final class DataException extends IOException {
    private static final long serialVersionUID = 1L;

    /**
     * Makes the exception.
     *
     * @param message which file, what was expected, what was found
     */
    public DataException(String message) {
        super(message);
    }

    /**
     * Makes the exception.
     *
     * @param message which file, what was expected, what was found
     * @param cause   what went wrong below
     */
    public DataException(String message, Throwable cause) {
        super(message, cause);
    }
}
