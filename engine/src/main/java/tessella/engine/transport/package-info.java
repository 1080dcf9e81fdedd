/**
 * Optimal transport with at most k entries a column (Liu, Puigcerver, Blondel: Sparsity-Constrained Optimal Transport, 2022, arXiv
 * 2209.15466): a {@link tessella.engine.transport.TransportProblem} is solved by {@link tessella.engine.transport.TransportSolver}.
 * Its ends, the unregularised, the quadratic and the entropic problem, are {@link tessella.engine.transport.LeastCost}, k = m, and
 * {@link tessella.engine.transport.Sinkhorn}. All of it computes in float64; plans and potentials are on the heap.
 */
package tessella.engine.transport;
