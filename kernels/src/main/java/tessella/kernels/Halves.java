package tessella.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Conversions between the 16-bit storage types and float32 over runs of n contiguous elements: widening is exact, narrowing
 * rounds to the nearest number, ties to the even one, beyond the largest to infinity. NaN stays NaN.
 */
public final class Halves {
    private static final ValueLayout.OfShort HALF = ValueLayout.JAVA_SHORT;
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;

    private Halves() {}

    /** y [rows, n] of 16-bit elements, rows yrs elements apart, from x with element (r, j) at r * rs + j * cs. */
    public static void copy(MemorySegment x, long xo, long rs, long cs, MemorySegment y, long yo, long yrs, int rows, int n) {
        for (int r = 0; r < rows; r++) {
            for (int j = 0; j < n; j++) {
                y.set(HALF, yo + (r * yrs + j) * 2, x.get(HALF, xo + (r * rs + j * cs) * 2));
            }
        }
    }

    /** y = x for bfloat16 x: the upper half of the bits of a float32. */
    public static void fromBfloat16(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        for (int i = 0; i < n; i++) {
            y.set(FLOAT, yo + i * 4L, Float.intBitsToFloat(x.get(HALF, xo + i * 2L) << 16));
        }
    }

    /** y = x rounded to bfloat16. */
    public static void toBfloat16(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        for (int i = 0; i < n; i++) {
            y.set(HALF, yo + i * 2L, bfloat16(x.get(FLOAT, xo + i * 4L)));
        }
    }

    /** The bits of the nearest bfloat16. */
    static short bfloat16(float x) {
        int bits = Float.floatToRawIntBits(x);
        if ((bits & 0x7fffffff) > 0x7f800000) {
            // the carry of rounding could turn a NaN into an infinity
            return (short) (bits >>> 16 | 0x40);
        }
        return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
    }

    /** y = x for IEEE 754 binary16 x. */
    public static void fromFloat16(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        for (int i = 0; i < n; i++) {
            y.set(FLOAT, yo + i * 4L, Float.float16ToFloat(x.get(HALF, xo + i * 2L)));
        }
    }

    /** y = x rounded to IEEE 754 binary16. */
    public static void toFloat16(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        for (int i = 0; i < n; i++) {
            y.set(HALF, yo + i * 2L, Float.floatToFloat16(x.get(FLOAT, xo + i * 4L)));
        }
    }

    /** y = x. */
    public static void toDouble(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        for (int i = 0; i < n; i++) {
            y.set(ValueLayout.JAVA_DOUBLE, yo + i * 8L, x.get(FLOAT, xo + i * 4L));
        }
    }

    /** y = x rounded to float32. */
    public static void fromDouble(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        for (int i = 0; i < n; i++) {
            y.set(FLOAT, yo + i * 4L, (float) x.get(ValueLayout.JAVA_DOUBLE, xo + i * 8L));
        }
    }

    /**
     * y = x rounded to odd: to the neighbour whose last bit is set, unless x is a float32. What is rounded again to a shorter
     * type then comes out as if it had been rounded once.
     */
    public static void fromDoubleToOdd(MemorySegment x, long xo, MemorySegment y, long yo, int n) {
        for (int i = 0; i < n; i++) {
            double exact = x.get(ValueLayout.JAVA_DOUBLE, xo + i * 8L);
            float nearest = (float) exact;
            int bits = Float.floatToRawIntBits(nearest);
            if (nearest != exact && exact == exact && (bits & 1) == 0) {
                bits += Math.abs(nearest) < Math.abs(exact) ? 1 : -1;
            }
            y.set(FLOAT, yo + i * 4L, Float.intBitsToFloat(bits));
        }
    }
}
