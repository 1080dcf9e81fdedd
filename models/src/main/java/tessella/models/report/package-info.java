/**
 * What a training run leaves behind for people: a folder with metrics and a run card, and one HTML page with curves,
 * confusion matrix, sample predictions and routing, which needs no network, no script and no other file; and the same of a
 * measurement of a model's features.
 */
package tessella.models.report;
