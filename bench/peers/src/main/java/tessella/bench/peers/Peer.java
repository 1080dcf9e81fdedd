package tessella.bench.peers;

/** A library, in a process of its own, that can be asked for work. */
public interface Peer extends AutoCloseable {
    /** Its name and version, as tables show it. */
    String name();

    /**
     * Makes ready: data copied into the library's own memory, weights packed if the work allows, models loaded. Null if the
     * library has nothing for this work.
     *
     * @param threads that it may use
     */
    Run prepare(Work work, int threads);

    @Override
    void close();

    /** Prepared work. */
    interface Run extends AutoCloseable {
        /** Does it once; this is timed. */
        void once();

        /**
         * What it computes, for the comparison: the result, then the gradients in the order that {@link Work} names the operands, one
         * after the other; models: logits, or the losses of ten steps from the initial parameters.
         */
        float[] result();

        @Override
        void close();
    }
}
