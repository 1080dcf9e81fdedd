package tessella.bench.peers;

/** How much of an operator is done. */
public enum Direction {
    /** Its result. */
    FORWARD,
    /** Its result and the cotangents of its operands, for a given cotangent of the result. */
    FORWARD_BACKWARD
}
