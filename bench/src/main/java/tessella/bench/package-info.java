/**
 * The speed of kernels, layers and models, measured by JMH through the public API, and the tools around it: {@link
 * tessella.bench.Compare} of two runs, {@link tessella.bench.RooflinePlot} against the machine, {@link tessella.bench.Tune} of
 * block sizes. docs/tuning.md walks through them.
 */
package tessella.bench;
