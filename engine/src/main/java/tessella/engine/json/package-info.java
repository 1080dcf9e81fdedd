/**
 * A strict JSON reader and writer (RFC 8259) for the headers, run records and metadata this library exchanges.
 * Internal: the package is not exported.
 */
package tessella.engine.json;
