package tessella.models.cli;

import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.stream.LongStream;
import tessella.engine.Roofline;

/**
 * The roofline of this moment: no operator computes or moves faster.
 *
 * @param flops  FLOP a second of multiply-adds alone
 * @param copies bytes a second that copies read and write, by the bytes of their working set; at least one
 */
record Bounds(double flops, NavigableMap<Long, Double> copies) {
    /** Beyond it nothing changes that a run would meet. */
    static final long LARGEST = 1 << 26;
    private static final long SMALLEST = 1 << 16;

    /** How much longer the loops run before, until they are compiled: they may be met here for the first time. */
    private static final int WARM_UP = 10;

    /** Takes so many seconds for each figure, after warming up; copies at the sizes that serve these working sets. */
    static Bounds measure(int threads, double seconds, LongStream workingSets) {
        Roofline.fma(threads, WARM_UP * seconds);
        Roofline.copy(threads, Math.max(1 << 20, 1024L * threads), WARM_UP * seconds);
        return measured(threads, seconds, workingSets);
    }

    /** As {@link #measure}, with loops that have run before. */
    static Bounds measured(int threads, double seconds, LongStream workingSets) {
        double flops = Roofline.fma(threads, seconds);
        NavigableMap<Long, Double> copies = new TreeMap<>();
        workingSets.map(Bounds::size).distinct().forEach(size ->
                copies.put(size, Roofline.copy(threads, Math.max(size, 1024L * threads), seconds)));
        return new Bounds(flops, copies);
    }

    /** The power of 4 that stands for a working set: of the same level of caches, most likely. */
    static long size(long bytes) {
        long size = LARGEST;
        while (size > bytes && size > SMALLEST) {
            size >>= 2;
        }
        return size;
    }

    /** Bytes a second of copies in a working set of so many bytes. */
    double copy(long bytes) {
        Map.Entry<Long, Double> entry = copies.floorEntry(size(bytes));
        return (entry == null ? copies.firstEntry() : entry).getValue();
    }

    /** The least seconds for so much work, in which either its multiply-adds or its bytes take all the time. */
    double seconds(double flop, double bytes, long workingSet) {
        return Math.max(flop / flops, bytes / copy(workingSet));
    }
}
