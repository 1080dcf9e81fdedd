package tessella.engine;

/** The memory budget is exhausted; nothing was changed, and the program can go on after freeing memory. */
public final class OutOfBudgetException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    OutOfBudgetException(String message) {
        super(message);
    }
}
