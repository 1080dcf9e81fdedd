package tessella.models.data;

/** A random change to a whole batch, for what mixes examples: a function of the batch and of random numbers alone. */
@FunctionalInterface
public interface BatchTransform {
    /**
     * Changes one batch.
     *
     * @param batch  the batch, which may not be written
     * @param random where the numbers come from
     * @return a new batch, or the same one
     */
    Batch apply(Batch batch, RandomSource random);
}
