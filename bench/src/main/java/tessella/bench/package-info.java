/** The speed of kernels and layers, measured by JMH through the public API. */
package tessella.bench;
