package tessella.models.nn;

/** Which projections of an attention layer add a bias. */
public enum Biases {
    /** All four: queries, keys, values and the result. */
    ALL,
    /** None. */
    NONE
}
