package tessella.kernels;

/** The types that kernels compute in. */
public enum Precision {
    /** IEEE 754 binary32. */
    SINGLE,
    /** IEEE 754 binary64. */
    DOUBLE
}
