/**
 * Labelled pictures on their way to a model: sources ({@link tessella.models.data.Dataset}), random and fixed changes
 * ({@link tessella.models.data.Transform}), batches and what makes them ahead of training, and the data sets that ship. The page
 * docs/data.md leads from each promise to its test. Plain arrays only: of tensors nothing is used but the weights of a resize.
 */
package tessella.models.data;
