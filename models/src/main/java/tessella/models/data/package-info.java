/**
 * Pictures with labels: the data sets that ship, their splits, batches with augmentation, and reading a user's picture.
 * Plain arrays only; nothing here knows of tensors.
 */
package tessella.models.data;
