package tessella.engine;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.DoubleAdder;
import tessella.kernels.Ceiling;

/**
 * What the machine gives to float32 loops at this moment, to hold kernels against (Williams et al., Roofline, CACM 2009): measured
 * with loops of the same vectors, on the same threads, never quoted from a data sheet.
 *
 * <p>Each measurement takes about the time that it is given; other work on the machine lowers it.
 */
public final class Roofline {
    /** Steps between two looks at the clock. */
    private static final int STEPS = 1 << 14;
    /** Bytes between two looks at the clock, as far as the working set has them. */
    private static final long CHUNK = 1 << 20;
    /** Whole steps of the loops over memory, whatever the vector. */
    private static final long UNIT = 256;
    /** Keeps the loops from being dropped. */
    private static final DoubleAdder KEPT = new DoubleAdder();

    private Roofline() {}

    /** What one thread does until the deadline; returns flop or bytes. */
    private interface Load {
        double run(int thread, long deadline);
    }

    /**
     * Multiply-adds on registers alone: FLOP a second of so many threads together.
     *
     * @throws IllegalArgumentException if there is not at least one thread, or the time is not above 0
     */
    public static double fma(int threads, double seconds) {
        return rate("fma", threads, seconds, (thread, deadline) -> {
            double flop = 0;
            do {
                KEPT.add(Ceiling.multiplyAdds(STEPS, 0.5f));
                flop += (double) STEPS * Ceiling.FLOP;
            } while (System.nanoTime() < deadline);
            return flop;
        });
    }

    /**
     * Copies back and forth inside a working set of so many bytes in all: bytes read plus bytes written a second.
     *
     * @throws IllegalArgumentException if there is not at least one thread, the time is not above 0, or a thread's part is below
     *     512 bytes
     */
    public static double copy(int threads, long bytes, double seconds) {
        return overMemory("copy", threads, bytes, seconds, (segment, offset, half) -> {
            for (long at = 0; at < half; at += CHUNK) {
                Ceiling.copy(segment, offset + at, segment, offset + half + at, (int) Math.min(CHUNK, half - at));
            }
        });
    }

    /** Reads a working set of so many bytes in all: bytes a second; errors as for {@link #copy}. */
    public static double read(int threads, long bytes, double seconds) {
        return overMemory("read", threads, bytes, seconds, (segment, offset, half) -> {
            for (long at = 0; at < 2 * half; at += CHUNK) {
                KEPT.add(Ceiling.read(segment, offset + at, (int) Math.min(CHUNK, 2 * half - at)));
            }
        });
    }

    private interface Sweep {
        /** One pass over two halves of so many bytes. */
        void run(MemorySegment segment, long offset, long half);
    }

    private static double overMemory(String what, int threads, long bytes, double seconds, Sweep sweep) {
        long half = bytes / Math.max(1, threads) / 2 / UNIT * UNIT;
        if (half == 0) {
            throw new IllegalArgumentException("roofline: expected at least " + 2 * UNIT + " bytes for each of " + threads
                    + " threads to " + what + ", found " + bytes + " in all");
        }
        try (Scope scope = Scope.shared()) {
            NdArray memory = NdArray.zeros(scope, DType.F32, Shape.of(threads, 2 * half / DType.F32.bytes()));
            return rate(what, threads, seconds, (thread, deadline) -> {
                double moved = 0;
                do {
                    sweep.run(memory.segment(), memory.offset() + thread * 2 * half, half);
                    moved += 2 * half;
                } while (System.nanoTime() < deadline);
                return moved;
            });
        }
    }

    private static double rate(String what, int threads, double seconds, Load load) {
        if (threads < 1 || !(seconds > 0)) {
            throw new IllegalArgumentException("roofline: expected at least one thread and a time above 0 to " + what + ", found "
                    + threads + " threads and " + seconds + " seconds");
        }
        DoubleAdder rate = new DoubleAdder();
        try (Workers team = Workers.of(threads)) {
            // the first half warms up, compiler and clock of the cores alike
            for (double part : new double[] {seconds / 2, seconds / 2}) {
                rate.reset();
                team.run(threads, (thread, scratch) -> {
                    long start = System.nanoTime();
                    double done = load.run(thread, start + (long) (part * 1e9));
                    rate.add(done / (System.nanoTime() - start) * 1e9);
                });
            }
        }
        return rate.sum();
    }
}
