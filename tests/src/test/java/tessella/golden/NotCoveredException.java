package tessella.golden;

/** A case that needs a feature which the library does not have yet. */
final class NotCoveredException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NotCoveredException(String feature) {
        super(feature);
    }
}
