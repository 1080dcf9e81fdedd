/** Sparse mixtures of experts: tokens or experts choose, or any other router assigns tokens to experts. */
package tessella.models.moe;
