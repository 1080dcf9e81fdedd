/**
 * The reference mathematics: slow, obvious float64 code that every kernel and operator is compared with.
 *
 * <p>One class {@code XOracle} per family holds the forward formula and, beside it, the vector-Jacobian product
 * (vjp): given {@code dy}, the gradient of some scalar with respect to the output, it returns the gradient with respect
 * to each input. Nothing here is shared with the library, so that no mistake can hide on both sides of a comparison.
 * Inputs are never modified; results are always new.
 */
package tessella.reference;
