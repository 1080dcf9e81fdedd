/** Native float32 libraries on the same work and data as Tessella, each in a process of its own, in alternating rounds. */
package tessella.bench.peers;
