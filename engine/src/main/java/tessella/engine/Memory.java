package tessella.engine;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The engine's off-heap memory: every byte is counted, for the JVM neither limits nor reports it.
 *
 * <p>Memory is taken from the system in slabs and handed out in blocks of size classes, 64-byte aligned: four to a power of two, and
 * sixteen above 256 KB, for the system clears a slab to its end, and what no array needs is resident too. A freed block goes to the free
 * list of its class; after warm-up a training step takes nothing from the system. Thread-safe.
 */
public final class Memory {
    /** Blocks up to this size share slabs. */
    private static final long SMALL = 1 << 18;
    private static final long SLAB = 1 << 20;
    static final int ALIGNMENT = 64;
    static final String BUDGET = "tessella.memory.budget";

    private static final Map<Long, ArrayDeque<Block>> FREE = new HashMap<>();
    private static final List<Slab> SLABS = new ArrayList<>();
    private static Slab open;
    private static long used;
    private static long highest;
    private static long taken;
    private static long limit = Platform.setting(BUDGET, defaultBudget(), Long.MAX_VALUE);

    private Memory() {}

    /** What the system gave at once; an arena of its own, closed when none of its blocks is in use and {@link #trim} asks. */
    private static final class Slab {
        final Arena arena = Arena.ofShared();
        final MemorySegment segment;
        long filled;
        int live;

        Slab(long bytes) {
            segment = arena.allocate(bytes, ALIGNMENT);
        }
    }

    /** A piece of a slab, of the extent of its size class. */
    static final class Block {
        private final Slab slab;
        final long offset;
        final long capacity;

        private Block(Slab slab, long offset, long capacity) {
            this.slab = slab;
            this.offset = offset;
            this.capacity = capacity;
        }

        MemorySegment segment() {
            return slab.segment;
        }
    }

    private static long defaultBudget() {
        long machine = ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean os
                ? os.getTotalMemorySize() : Long.MAX_VALUE;
        return defaultBudget(machine, Runtime.getRuntime().maxMemory());
    }

    /** What a machine or container has beyond the largest heap, but a quarter at least: heaps are seldom full. */
    static long defaultBudget(long machine, long heap) {
        return Math.max(machine - heap, machine / 4);
    }

    /** Bytes of arrays that are alive, in open scopes. */
    public static synchronized long inUse() {
        return used;
    }

    /** The most bytes that were alive at once since the start or {@link #resetPeak}. */
    public static synchronized long peak() {
        return highest;
    }

    /** Starts a new measurement of {@link #peak}. */
    public static synchronized void resetPeak() {
        highest = used;
    }

    /** Bytes taken from the system: arrays alive, free lists, and the scratch of the workers. */
    public static synchronized long reserved() {
        return taken;
    }

    /**
     * Bytes that may be taken from the system: {@code -Dtessella.memory.budget}, or the memory of the machine or container
     * less the largest heap, but at least a quarter of it.
     */
    public static synchronized long budget() {
        return limit;
    }

    /**
     * Sets the budget, in bytes.
     *
     * @throws IllegalArgumentException if it is not positive
     */
    public static synchronized void budget(long bytes) {
        if (bytes <= 0) {
            throw new IllegalArgumentException("memory budget: expected a positive number of bytes, found " + bytes);
        }
        limit = bytes;
    }

    /** Gives free memory back to the system. */
    public static void trim() {
        Scratch.drop();
        giveBack();
    }

    private static synchronized void giveBack() {
        for (ArrayDeque<Block> blocks : FREE.values()) {
            blocks.removeIf(block -> block.slab.live == 0);
        }
        SLABS.removeIf(slab -> {
            if (slab.live > 0) {
                return false;
            }
            taken -= slab.segment.byteSize();
            slab.arena.close();
            return true;
        });
        if (open != null && open.live == 0) {
            open = null;
        }
    }

    /** Bytes that a request of this size occupies: the extent of its size class. */
    static long sizeClass(long bytes) {
        if (bytes <= ALIGNMENT) {
            return ALIGNMENT;
        }
        long step = Math.max(ALIGNMENT, Long.highestOneBit(bytes - 1) >> (bytes <= SMALL ? 2 : 4));
        return (bytes + step - 1) / step * step;
    }

    /** A block for an array, counted as in use. */
    static synchronized Block take(long bytes, String op, Object what) {
        Block block = reserve(bytes, op, what);
        used += block.capacity;
        highest = Math.max(highest, used);
        return block;
    }

    /** Returns a block that {@link #take} gave. */
    static synchronized void give(Block block) {
        used -= block.capacity;
        release(block);
    }

    /** A block for scratch, counted as reserved only. */
    static synchronized Block reserve(long bytes, String op, Object what) {
        long size = sizeClass(bytes);
        ArrayDeque<Block> free = FREE.get(size);
        Block block = free == null ? null : free.pollLast();
        if (block == null) {
            block = carve(size, op, what);
        }
        block.slab.live++;
        return block;
    }

    static synchronized void release(Block block) {
        block.slab.live--;
        FREE.computeIfAbsent(block.capacity, size -> new ArrayDeque<>()).addLast(block);
    }

    private static Block carve(long size, String op, Object what) {
        if (size > SMALL) {
            return new Block(slab(size, op, what), 0, size);
        }
        if (open == null || open.filled + size > SLAB) {
            open = slab(SLAB, op, what);
        }
        Block block = new Block(open, open.filled, size);
        open.filled += size;
        return block;
    }

    private static Slab slab(long size, String op, Object what) {
        if (size > limit - taken) {
            // free memory of other size classes is no reason to refuse
            giveBack();
        }
        if (size > limit - taken) {
            throw new OutOfBudgetException(op + ": " + what + " needs " + size + " more bytes, and " + taken
                    + " of the budget of " + limit + " are taken (" + used + " in use); close scopes, use a smaller batch, "
                    + "or raise -D" + BUDGET);
        }
        Slab slab;
        try {
            slab = new Slab(size);
        } catch (OutOfMemoryError e) {
            throw new OutOfBudgetException(op + ": " + what + " needs " + size + " more bytes, which the system refuses to give "
                    + "beyond the " + taken + " that are taken (" + used + " in use); close scopes, use a smaller batch, or a "
                    + "machine or container with more memory");
        }
        SLABS.add(slab);
        taken += size;
        return slab;
    }
}
