package tessella.engine;

import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import tessella.kernels.DoubleGemm;
import tessella.kernels.FloatGemm;

/** Working memory of one thread inside a parallel region; pooled, so that it is warm and no region allocates. */
final class Scratch {
    private static final ArrayDeque<Scratch> POOL = new ArrayDeque<>();
    /** The most native memory that a task has got. */
    private static volatile long most;
    /** For how many threads, and for how much memory each, the pool is ready. */
    private static volatile int readyThreads;
    private static volatile long readyBytes;

    private float[] floatA;
    private float[] floatC;
    private double[] doubleA;
    private double[] doubleC;
    private Memory.Block block;

    private Scratch() {}

    static Scratch take() {
        synchronized (POOL) {
            Scratch scratch = POOL.pollLast();
            return scratch == null ? new Scratch() : scratch;
        }
    }

    void giveBack() {
        synchronized (POOL) {
            POOL.addLast(this);
        }
    }

    /**
     * Makes the pool ready for a region of this many threads: each finds as much memory as any task has got so far. Else it
     * would be chance in which step a thread first meets the operator that needs it.
     */
    static void prepare(int threads) {
        if (threads <= readyThreads && most == readyBytes) {
            return;
        }
        synchronized (POOL) {
            readyThreads = Math.max(threads, readyThreads);
            readyBytes = most;
            while (POOL.size() < threads) {
                POOL.addFirst(new Scratch());
            }
            if (readyBytes == 0) {
                return;
            }
            try {
                for (Scratch scratch : POOL) {
                    scratch.reserve(readyBytes, "scratch");
                }
            } catch (OutOfBudgetException e) {
                // who needs it asks for itself, and is told
            }
        }
    }

    /** Forgets the pooled scratch and returns its native memory. */
    static void drop() {
        synchronized (POOL) {
            for (Scratch scratch : POOL) {
                if (scratch.block != null) {
                    Memory.release(scratch.block);
                }
            }
            POOL.clear();
            most = 0;
            readyThreads = 0;
            readyBytes = 0;
        }
    }

    float[] floatA() {
        return floatA == null ? floatA = new float[FloatGemm.A_SCRATCH] : floatA;
    }

    float[] floatC() {
        return floatC == null ? floatC = new float[FloatGemm.C_SCRATCH] : floatC;
    }

    double[] doubleA() {
        return doubleA == null ? doubleA = new double[DoubleGemm.A_SCRATCH] : doubleA;
    }

    double[] doubleC() {
        return doubleC == null ? doubleC = new double[DoubleGemm.C_SCRATCH] : doubleC;
    }

    /** Makes room for bytes of native scratch at {@link #offset} of {@link #segment}. */
    void reserve(long bytes, String op) {
        if (block == null || block.capacity < bytes) {
            if (block != null) {
                Memory.release(block);
                block = null;
            }
            block = Memory.reserve(bytes, op, "scratch");
            synchronized (POOL) {
                most = Math.max(most, bytes);
            }
        }
    }

    MemorySegment segment() {
        return block.segment();
    }

    long offset() {
        return block.offset;
    }
}
