/**
 * Sparsity-Constrained Optimal Transport (Liu, Puigcerver, Blondel 2022), used to match things: here the colours of two photographs, tokens
 * and experts, and small problems to look at. The problem and its solvers are in {@link tessella.engine.transport}, a loss and a layer in
 * {@link tessella.autodiff.Transport}.
 */
package tessella.models.transport;
