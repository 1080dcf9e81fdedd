/**
 * Fast, Differentiable and Sparse Top-k: a Convex Analysis Perspective (Sander, Puigcerver, Djolonga, Peyré, Blondel 2023), used for what
 * the paper uses it: here the weights of a network are pruned. The operators are in {@link tessella.autodiff.SparseTopK}.
 */
package tessella.models.topk;
