package tessella.kernels;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** The loops that no float32 kernel can outrun: multiply-adds on registers alone, and memory passed over once. */
public final class Ceiling {
    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    private static final int VL = S.length();
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    /** Chains of multiply-adds, more than latency times ports, few enough for 16 registers. */
    private static final int CHAINS = 12;
    /** Bytes of a step of the loops over memory. */
    private static final int STEP = 16 * VL;

    /** Floating-point operations of a step of {@link #multiplyAdds}. */
    public static final int FLOP = 2 * CHAINS * VL;

    private Ceiling() {}

    /** Runs so many steps of independent multiply-adds; what it returns only keeps them from being dropped. */
    public static float multiplyAdds(int steps, float x) {
        FloatVector v = FloatVector.broadcast(S, x);
        FloatVector c0 = FloatVector.broadcast(S, x);
        FloatVector c1 = FloatVector.broadcast(S, x + 1);
        FloatVector c2 = FloatVector.broadcast(S, x + 2);
        FloatVector c3 = FloatVector.broadcast(S, x + 3);
        FloatVector c4 = FloatVector.broadcast(S, x + 4);
        FloatVector c5 = FloatVector.broadcast(S, x + 5);
        FloatVector c6 = FloatVector.broadcast(S, x + 6);
        FloatVector c7 = FloatVector.broadcast(S, x + 7);
        FloatVector c8 = FloatVector.broadcast(S, x + 8);
        FloatVector c9 = FloatVector.broadcast(S, x + 9);
        FloatVector c10 = FloatVector.broadcast(S, x + 10);
        FloatVector c11 = FloatVector.broadcast(S, x + 11);
        for (int i = 0; i < steps; i++) {
            c0 = v.fma(v, c0);
            c1 = v.fma(v, c1);
            c2 = v.fma(v, c2);
            c3 = v.fma(v, c3);
            c4 = v.fma(v, c4);
            c5 = v.fma(v, c5);
            c6 = v.fma(v, c6);
            c7 = v.fma(v, c7);
            c8 = v.fma(v, c8);
            c9 = v.fma(v, c9);
            c10 = v.fma(v, c10);
            c11 = v.fma(v, c11);
        }
        return c0.add(c1).add(c2).add(c3).add(c4).add(c5).add(c6.add(c7).add(c8).add(c9).add(c10).add(c11)).lane(0);
    }

    /** y = x, n bytes, a multiple of 256; stored as shorts, as all kernels store. */
    public static void copy(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        for (int i = 0; i < n; i += STEP) {
            FloatVector a = FloatVector.fromMemorySegment(S, x, xo + i, ORDER);
            FloatVector b = FloatVector.fromMemorySegment(S, x, xo + i + 4L * VL, ORDER);
            FloatVector c = FloatVector.fromMemorySegment(S, x, xo + i + 8L * VL, ORDER);
            FloatVector d = FloatVector.fromMemorySegment(S, x, xo + i + 12L * VL, ORDER);
            a.reinterpretAsShorts().intoMemorySegment(y, yo + i, ORDER);
            b.reinterpretAsShorts().intoMemorySegment(y, yo + i + 4L * VL, ORDER);
            c.reinterpretAsShorts().intoMemorySegment(y, yo + i + 8L * VL, ORDER);
            d.reinterpretAsShorts().intoMemorySegment(y, yo + i + 12L * VL, ORDER);
        }
    }

    /** Reads n bytes, a multiple of 256, and returns an element of their sum by lanes. */
    public static float read(MemorySegment x, long xo, int n) {
        FloatVector a = FloatVector.zero(S);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        for (int i = 0; i < n; i += STEP) {
            // what was read first: of what a loop carries C2 may not know the class
            a = FloatVector.fromMemorySegment(S, x, xo + i, ORDER).add(a);
            b = FloatVector.fromMemorySegment(S, x, xo + i + 4L * VL, ORDER).add(b);
            c = FloatVector.fromMemorySegment(S, x, xo + i + 8L * VL, ORDER).add(c);
            d = FloatVector.fromMemorySegment(S, x, xo + i + 12L * VL, ORDER).add(d);
        }
        return a.add(b).add(c.add(d)).lane(0);
    }
}
