package tessella.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigDecimal;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The 16-bit storage types: every pattern widens exactly, and every number narrows to the nearest pattern. */
class HalvesTest {
    private static final int ALL = 1 << 16;

    private interface Kernel {
        void run(MemorySegment x, long xo, MemorySegment y, long yo, int n);
    }

    /** A storage type by its format: bits of exponent and fraction. */
    private enum Half {
        BFLOAT16(8, 7, Halves::fromBfloat16, Halves::toBfloat16), FLOAT16(5, 10, Halves::fromFloat16, Halves::toFloat16);

        private final int exponent;
        private final int fraction;
        private final Kernel widen;
        private final Kernel narrow;

        Half(int exponent, int fraction, Kernel widen, Kernel narrow) {
            this.exponent = exponent;
            this.fraction = fraction;
            this.widen = widen;
            this.narrow = narrow;
        }

        /** The value of a pattern, from the definition of the format. */
        double value(int bits) {
            int e = bits >> fraction & (1 << exponent) - 1;
            int f = bits & (1 << fraction) - 1;
            int bias = (1 << exponent - 1) - 1;
            double sign = (bits & 0x8000) != 0 ? -1 : 1;
            if (e == (1 << exponent) - 1) {
                return f == 0 ? sign * Double.POSITIVE_INFINITY : Double.NaN;
            }
            return sign * (e == 0 ? Math.scalb((double) f, 1 - bias - fraction)
                    : Math.scalb((double) f + (1 << fraction), e - bias - fraction));
        }
    }

    @Test
    void everyPatternWidensToItsValueAndNarrowsBack() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment half = arena.allocate(2L * ALL + 2, 64);
            MemorySegment single = arena.allocate(4L * ALL + 4, 64);
            for (Half type : Half.values()) {
                for (int i = 0; i < ALL; i++) {
                    half.set(ValueLayout.JAVA_SHORT, 2 + 2L * i, (short) i);
                }
                type.widen.run(half, 2, single, 4, ALL);
                type.narrow.run(single, 4, half, 2, ALL);
                for (int i = 0; i < ALL; i++) {
                    double expected = type.value(i);
                    assertEquals(expected, single.get(ValueLayout.JAVA_FLOAT, 4 + 4L * i), type + " pattern " + i);
                    int back = half.get(ValueLayout.JAVA_SHORT, 2 + 2L * i) & 0xffff;
                    assertTrue(Double.isNaN(expected) ? Double.isNaN(type.value(back)) : back == i, type + " pattern " + i);
                }
            }
        }
    }

    /** The nearest of all patterns, the even one of two that are as near. */
    private static double nearest(Half type, double x) {
        int top = (1 << 15) - (1 << type.fraction);
        int low = 0;
        int high = top;
        while (high - low > 1) {
            int middle = (low + high) / 2;
            if (type.value(middle) <= Math.abs(x)) {
                low = middle;
            } else {
                high = middle;
            }
        }
        // infinity is as far as the number that would follow the largest
        double upper = high == top ? 2 * type.value(top - 1) - type.value(top - 2) : type.value(high);
        BigDecimal size = new BigDecimal(Math.abs(x));
        int sides = size.subtract(new BigDecimal(type.value(low))).compareTo(new BigDecimal(upper).subtract(size));
        int chosen = sides < 0 || sides == 0 && (low & 1) == 0 ? low : high;
        return Math.copySign(type.value(chosen), x);
    }

    @Test
    void numbersNarrowToTheNearestEvenPattern() {
        SplittableRandom random = new SplittableRandom(7);
        int n = 20_000;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment x = arena.allocate(8L * n, 64);
            MemorySegment single = arena.allocate(4L * n, 64);
            MemorySegment half = arena.allocate(2L * n, 64);
            for (Half type : Half.values()) {
                double[] values = new double[n];
                for (int i = 0; i < n; i++) {
                    // beside the middle between two patterns, where rounding twice goes wrong, and anywhere
                    int bits = random.nextInt((1 << 15) - (1 << type.fraction) - 1);
                    double middle = (type.value(bits) + type.value(bits + 1)) / 2;
                    values[i] = (random.nextBoolean() ? 1 : -1) * switch (i % 4) {
                        case 0 -> middle;
                        case 1 -> Math.nextUp(middle);
                        case 2 -> Math.nextDown(middle);
                        default -> Math.scalb(random.nextDouble(1, 2), random.nextInt(-30, 20));
                    };
                    x.setAtIndex(ValueLayout.JAVA_DOUBLE, i, values[i]);
                }
                Halves.fromDoubleToOdd(x, 0, single, 0, n);
                type.narrow.run(single, 0, half, 0, n);
                for (int i = 0; i < n; i++) {
                    assertEquals(nearest(type, values[i]), type.value(half.getAtIndex(ValueLayout.JAVA_SHORT, i) & 0xffff),
                            type + " of " + values[i]);
                }
            }
        }
    }

    @Test
    void largeNumbersBecomeInfiniteAndNanStaysNan() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment x = arena.allocate(12, 64);
            MemorySegment y = arena.allocate(6, 64);
            x.setAtIndex(ValueLayout.JAVA_FLOAT, 0, -Float.MAX_VALUE);
            x.setAtIndex(ValueLayout.JAVA_FLOAT, 1, Float.NaN);
            // a NaN that lives in the lower half of the bits
            x.setAtIndex(ValueLayout.JAVA_INT, 2, 0x7f800001);
            for (Half type : Half.values()) {
                type.narrow.run(x, 0, y, 0, 3);
                assertEquals(Double.NEGATIVE_INFINITY, type.value(y.getAtIndex(ValueLayout.JAVA_SHORT, 0) & 0xffff));
                assertTrue(Double.isNaN(type.value(y.getAtIndex(ValueLayout.JAVA_SHORT, 1) & 0xffff)));
                assertTrue(Double.isNaN(type.value(y.getAtIndex(ValueLayout.JAVA_SHORT, 2) & 0xffff)));
            }
        }
    }

    @Test
    void doublesAndFloatsConvertWithOneRounding() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment x = arena.allocate(8, 64);
            MemorySegment y = arena.allocate(4, 64);
            for (double value : new double[] {Math.PI, 1e-50, -1e300, 0, Double.NaN, 0x1.000001p0}) {
                x.set(ValueLayout.JAVA_DOUBLE, 0, value);
                Halves.fromDouble(x, 0, y, 0, 1);
                assertEquals((float) value, y.get(ValueLayout.JAVA_FLOAT, 0));
                Halves.toDouble(y, 0, x, 0, 1);
                assertEquals((double) (float) value, x.get(ValueLayout.JAVA_DOUBLE, 0));
            }
        }
    }
}
