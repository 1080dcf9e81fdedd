package tessella.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Memory that is written and never read: C2 takes no load of native memory ahead of a store to it, so a store here keeps loads where they
 * stand. Each thread has a place of its own, two cache lines from the next, unless as many as there are places run at once; those who
 * share one only wait for each other. These 8 KiB are the only ones off the heap that live as long as the process and are not counted.
 */
final class Aside {
    private static final int PLACES = 64;
    private static final int APART = 128;

    static final MemorySegment MEMORY = Arena.global().allocate(PLACES * APART, APART);

    private Aside() {}

    /** The offset of this thread's place. */
    static long place() {
        return (Thread.currentThread().threadId() & PLACES - 1) * APART;
    }
}
