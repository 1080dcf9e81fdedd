package tessella.engine.transport;

/** The potentials from which a solver climbs. */
public sealed interface Start {
    /** All 0. */
    record Zero() implements Start {}

    /** Those of the solution without a limit of entries, k = m, which is smooth and found in few iterations. */
    record Unlimited() implements Start {}

    /**
     * Given ones: of an earlier solution, say.
     *
     * @param alpha of the m rows, finite
     * @param beta of the n columns, finite; the semi-dual does without those of the sparse lines
     */
    record Potentials(double[] alpha, double[] beta) implements Start {}
}
