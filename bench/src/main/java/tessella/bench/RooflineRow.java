package tessella.bench;

import java.util.List;

/**
 * A benchmark under its roof.
 *
 * @param result of JMH
 * @param threads that it used
 * @param flops operations a second
 * @param bytes a second
 * @param intensity operations a byte
 * @param bound the roof over it
 * @param heapBytes taken from the heap in a call
 * @param offHeapBytes taken from the system in a call
 */
record RooflineRow(JmhResult result, int threads, double flops, double bytes, double intensity, Ceilings.Bound bound,
        double heapBytes, double offHeapBytes) {
    /**
     * Places a result under the ceilings of its number of threads.
     *
     * @throws IllegalArgumentException if it has not the counters of our benchmarks
     */
    static RooflineRow of(JmhResult result, List<Ceilings> ceilings) {
        double flop = 1e9 * counter(result, "gflop");
        double bytes = 1e9 * counter(result, "gbyte");
        int threads = Integer.parseInt(result.params().getOrDefault("threads", "1"));
        Ceilings ceiling = ceilings.stream().filter(c -> c.threads() == threads).findFirst().orElseThrow(() ->
                new IllegalArgumentException(result.name() + ": expected ceilings of " + threads + " threads, found those of "
                        + ceilings.stream().map(Ceilings::threads).toList()));
        int elementBytes = "F64".equals(result.params().get("dtype")) ? Double.BYTES : Float.BYTES;
        double calls = Ceilings.median(result.speeds(false));
        return new RooflineRow(result, threads, flop * calls, bytes * calls, flop / bytes,
                ceiling.bound(flop / bytes, ceiling.level(bytes), elementBytes), counter(result, "heapBytes"),
                counter(result, "offHeapBytes"));
    }

    private static double counter(JmhResult result, String name) {
        return result.perCall(name).orElseThrow(() ->
                new IllegalArgumentException("roofline: expected calls a second with the counter "
                + name + " of " + result.name() + ", as the benchmarks of this package have, found mode " + result.mode()
                + " with " + result.counters().keySet()));
    }

    /** The share of the roof that was reached. */
    double share() {
        return flops / bound.flops();
    }

    /** What all points of one colour share. */
    String family() {
        return result.name().replaceFirst("Benchmark\\..*", "");
    }
}
