/**
 * Networks whose weights are pruned while they learn, by hard and by soft top-k magnitudes (Sander et al., Fast, Differentiable and Sparse
 * Top-k, 2023, section 6).
 */
package tessella.models.pruning;
