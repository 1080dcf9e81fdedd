/**
 * Golden vectors: numbers that other people's implementations computed, checked in float64 and in float32.
 *
 * <p>{@link tessella.golden.GoldenReport} finds the files, {@link tessella.golden.Adapters} says which operator of the
 * library each {@code op} is, {@link tessella.golden.GoldenRun} runs one file forward and backward and compares.
 */
package tessella.golden;
