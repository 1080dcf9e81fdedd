package tessella.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;

/**
 * Elements in native memory at an odd element offset, NaN before and behind: what a kernel reads outside shows as NaN
 * in
 * its result, and what it writes outside is found by {@link #requireGuards}.
 */
final class Buffer {
    private static final int GUARD = 71;

    final Type type;
    final MemorySegment segment;
    final long offset;
    final int length;

    private Buffer(Type type, MemorySegment segment, long offset, int length) {
        this.type = type;
        this.segment = segment;
        this.offset = offset;
        this.length = length;
    }

    /** Elements that are NaN until they are written. */
    static Buffer of(Type type, int length) {
        MemorySegment segment = Arena.ofAuto().allocate((length + 2L * GUARD) * type.bytes, 64);
        segment.fill((byte) 0xff);
        return new Buffer(type, segment, (long) GUARD * type.bytes, length);
    }

    /** A missing operand. */
    static Buffer none(Type type) {
        return new Buffer(type, null, 0, 0);
    }

    static Buffer of(Type type, double... values) {
        Buffer out = of(type, values.length);
        for (int i = 0; i < values.length; i++) {
            out.set(i, values[i]);
        }
        return out;
    }

    static Buffer gaussians(Type type, long seed, int length) {
        return random(type, seed, length, x -> x);
    }

    /** f of standard normal numbers. */
    static Buffer random(Type type, long seed, int length, DoubleUnaryOperator f) {
        SplittableRandom random = new SplittableRandom(seed);
        Buffer out = of(type, length);
        for (int i = 0; i < length; i++) {
            out.set(i, f.applyAsDouble(random.nextGaussian()));
        }
        return out;
    }

    Buffer from(int element) {
        return new Buffer(type, segment, offset + (long) element * type.bytes, length - element);
    }

    double get(long i) {
        long at = offset + i * type.bytes;
        return type == Type.FLOAT ? segment.get(ValueLayout.JAVA_FLOAT, at) : segment.get(ValueLayout.JAVA_DOUBLE, at);
    }

    void set(long i, double value) {
        long at = offset + i * type.bytes;
        if (type == Type.FLOAT) {
            segment.set(ValueLayout.JAVA_FLOAT, at, (float) value);
        } else {
            segment.set(ValueLayout.JAVA_DOUBLE, at, value);
        }
    }

    double[] values() {
        double[] out = new double[length];
        for (int i = 0; i < length; i++) {
            out[i] = get(i);
        }
        return out;
    }

    Buffer copy() {
        Buffer out = of(type, length);
        MemorySegment.copy(segment, offset, out.segment, out.offset, (long) length * type.bytes);
        return out;
    }

    /** The same elements with no memory behind them: what reads further throws. */
    Buffer toTheEnd() {
        return new Buffer(type, segment.asSlice(0, offset + (long) length * type.bytes), offset, length);
    }

    /** Nothing before or behind the elements was written. */
    void requireGuards() {
        long end = offset + (long) length * type.bytes;
        for (long at = 0; at < segment.byteSize(); at++) {
            if (at < offset || at >= end) {
                assertEquals((byte) 0xff, segment.get(ValueLayout.JAVA_BYTE, at), "written outside, at byte "
                        + (at - offset) + " of " + length + " elements");
            }
        }
    }

    /** |element - expected| is at most tolerance, and guards are untouched. */
    void requireNear(String what, double[] expected, double[] tolerance) {
        assertEquals(expected.length, length, what);
        for (int i = 0; i < length; i++) {
            double found = get(i);
            if (found != expected[i] && !(Math.abs(found - expected[i]) <= tolerance[i])
                    && !(Double.isNaN(found) && Double.isNaN(expected[i]))) {
                throw new AssertionError(what + " " + type + ": element " + i + " of " + length + ": expected "
                        + expected[i]
                        + ", found " + found + ", allowed error " + tolerance[i]);
            }
        }
        requireGuards();
    }

    void requireSameBits(String what, Buffer other) {
        long bytes = (long) length * type.bytes;
        long mismatch = segment.asSlice(offset, bytes).mismatch(other.segment.asSlice(other.offset, bytes));
        assertEquals(-1, mismatch < 0 ? -1 : mismatch / type.bytes, what + " " + type
                + ": first element of other bits");
    }
}
