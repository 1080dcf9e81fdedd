package tessella.models.cli;

/** Kernels are far slower than they should be; the message is one sentence for the user. */
final class FallenKernelsException extends RuntimeException {
    private static final long serialVersionUID = 1;

    FallenKernelsException(String message) {
        super(message);
    }
}
