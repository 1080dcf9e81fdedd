package tessella.engine.transport;

/** Which concave function a solver climbs; both have the same maximum (Liu, Puigcerver, Blondel 2022, Proposition 2). */
public enum Formulation {
    /** D(alpha, beta), of m + n variables; row and column sums hold at the maximum. */
    DUAL,
    /** S(alpha), of the potentials of the lines that are not limited; the sums of the sparse lines hold always. */
    SEMI_DUAL
}
