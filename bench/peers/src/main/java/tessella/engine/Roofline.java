package tessella.engine;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** Stands in for the class of the engine of this name until that is there. */
public final class Roofline {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int STEPS = 10_000;
    private static volatile float sink;

    private Roofline() {}

    /** Floating-point operations a second. */
    public static double fma(int threads, double seconds) {
        return rate(threads, seconds, Roofline::chain);
    }

    /** Bytes a second, read and written. */
    public static double copy(int threads, long bytes, double seconds) {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment from = arena.allocate(bytes / 2, 64);
            MemorySegment to = arena.allocate(bytes / 2, 64);
            return rate(threads, seconds, () -> {
                to.copyFrom(from);
                return bytes;
            });
        }
    }

    private static double rate(int threads, double seconds, LongSupplier work) {
        return IntStream.range(0, threads).mapToObj(_ -> {
            double[] rate = new double[1];
            Thread thread = Thread.ofPlatform().start(() -> {
                long start = System.nanoTime();
                long done = 0;
                do {
                    done += work.getAsLong();
                } while (System.nanoTime() - start < seconds * 1e9);
                rate[0] = done / ((System.nanoTime() - start) * 1e-9);
            });
            return new Object() {
                double joined() {
                    try {
                        thread.join();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                    return rate[0];
                }
            };
        }).toList().stream().mapToDouble(o -> o.joined()).sum();
    }

    private static long chain() {
        FloatVector x = FloatVector.broadcast(SPECIES, 0.999f);
        FloatVector a = x;
        FloatVector b = x;
        FloatVector c = x;
        FloatVector d = x;
        FloatVector e = x;
        FloatVector f = x;
        FloatVector g = x;
        FloatVector h = x;
        FloatVector i = x;
        FloatVector j = x;
        for (int step = 0; step < STEPS; step++) {
            a = a.fma(x, x);
            b = b.fma(x, x);
            c = c.fma(x, x);
            d = d.fma(x, x);
            e = e.fma(x, x);
            f = f.fma(x, x);
            g = g.fma(x, x);
            h = h.fma(x, x);
            i = i.fma(x, x);
            j = j.fma(x, x);
        }
        sink = a.add(b).add(c).add(d).add(e).add(f).add(g).add(h).add(i).add(j).lane(0);
        return 2L * 10 * SPECIES.length() * STEPS;
    }
}
