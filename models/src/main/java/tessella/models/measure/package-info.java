/** What a model is worth: accuracies, calibration, retrieval, and probes of its features. */
package tessella.models.measure;
