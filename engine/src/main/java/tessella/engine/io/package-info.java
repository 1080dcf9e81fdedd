/**
 * Tensor files. Readers trust nothing in a file: every length, offset, type and name is checked before it is used, and
 * what is wrong is a {@link tessella.engine.io.TensorFileException} of one sentence. Writers leave nothing half-written
 * under the final name.
 */
package tessella.engine.io;
