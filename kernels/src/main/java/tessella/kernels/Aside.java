package tessella.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Memory that is written and never read: C2 takes no load of native memory ahead of a store to it, so a store here keeps loads where they
 * stand. Two threads that store to one cache line have a quarter of their speed, so each array for tiles of C, which one thread
 * has at a time, gets a place of its own. These 64 KiB are the only memory off the heap that is not counted and lives as long as the process.
 */
final class Aside {
    private static final int PLACES = 512;
    /** Two cache lines, which prefetchers treat as one. */
    private static final int APART = 128;
    private static final AtomicInteger NEXT = new AtomicInteger();

    static final MemorySegment MEMORY = Arena.global().allocate(PLACES * APART, APART);

    private Aside() {}

    /** A place that nobody has, from 1 on, as long as there are. */
    static int next() {
        return 1 + Math.floorMod(NEXT.getAndIncrement(), PLACES - 1);
    }

    /** Where in the memory a place is; 0 is that of arrays that have none. */
    static long offset(int place) {
        return (long) place * APART;
    }
}
