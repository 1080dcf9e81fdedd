package tessella.engine.json;

/** A text that is not JSON, or a value that has no JSON form. The message is one sentence and names the place. */
public final class JsonException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    private final int offset;

    JsonException(int offset, String message) {
        super(message);
        this.offset = offset;
    }

    /**
     * Returns where reading stopped.
     *
     * @return the index of the offending character (of the offending byte where bytes are not UTF-8), or -1 when
     *         the error arose in writing
     */
    public int offset() {
        return offset;
    }
}
