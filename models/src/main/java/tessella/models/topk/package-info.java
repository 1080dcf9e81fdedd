/**
 * Fast, Differentiable and Sparse Top-k: a Convex Analysis Perspective (Sander, Puigcerver, Djolonga, Peyré, Blondel 2023): routers of mixtures of
 * experts whose choices are soft. The operators are in {@link tessella.autodiff.SparseTopK}, pruning is in {@code tessella.models.pruning}.
 */
package tessella.models.topk;
