package tessella.models.cli;

/** A command line that asks for something there is not; the message is one sentence for the user. */
public final class UsageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * Makes the exception.
     *
     * @param message what was expected and found, and what to do
     */
    public UsageException(String message) {
        super(message);
    }
}
