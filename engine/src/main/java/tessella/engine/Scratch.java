package tessella.engine;

import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import tessella.kernels.DoubleGemm;
import tessella.kernels.FloatGemm;

/** Working memory of one thread inside a parallel region; pooled, so that it is warm and no region allocates. */
final class Scratch {
    private static final ArrayDeque<Scratch> POOL = new ArrayDeque<>();

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

    /** Forgets the pooled scratch and returns its native memory. */
    static void drop() {
        synchronized (POOL) {
            for (Scratch scratch : POOL) {
                if (scratch.block != null) {
                    Memory.release(scratch.block);
                }
            }
            POOL.clear();
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
        }
    }

    MemorySegment segment() {
        return block.segment();
    }

    long offset() {
        return block.offset;
    }
}
