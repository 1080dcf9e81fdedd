package tessella.models.data;

/** Where augmentation takes its random numbers from; the caller decides what they are keyed by. */
@FunctionalInterface
public interface RandomSource {
    /**
     * Draws one number.
     *
     * @param bound the exclusive upper bound, at least 1
     * @return a number from 0 to {@code bound - 1}, each equally likely
     */
    int nextInt(int bound);
}
