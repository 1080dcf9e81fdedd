package tessella.engine;

import java.lang.foreign.MemorySegment;
import tessella.kernels.Halves;

/** Elements of one type rounded to, or widened to, another. */
final class Conversions {
    private static final long GRAIN = 1 << 14;

    private Conversions() {}

    private interface Kernel {
        void run(MemorySegment x, long xo, MemorySegment y, long yo, int n);
    }

    /** Sets every element of a contiguous array from a contiguous one of its shape, rounded once, to nearest and even. */
    static void convert(NdArray x, NdArray y) {
        DType from = x.dtype();
        DType to = y.dtype();
        Kernel direct = from == to ? copy(from) : from == DType.F32 ? narrow(to) : to == DType.F32 ? widen(from) : null;
        // between the others by way of float32, which loses nothing: it is wider, or the rounding to it is to odd
        Kernel first = from == DType.F64 ? Halves::fromDoubleToOdd : widen(from);
        Split split = Split.of(x.size(), GRAIN);
        Region.run("to", split.parts(), (task, scratch) -> {
            long at = split.from(task);
            int n = split.length(task);
            long xo = x.offset() + at * from.bytes();
            long yo = y.offset() + at * to.bytes();
            if (direct != null) {
                direct.run(x.segment(), xo, y.segment(), yo, n);
            } else {
                scratch.reserve((long) n * Float.BYTES, "to");
                first.run(x.segment(), xo, scratch.segment(), scratch.offset(), n);
                narrow(to).run(scratch.segment(), scratch.offset(), y.segment(), yo, n);
            }
        }, x, y);
    }

    private static Kernel copy(DType type) {
        return (x, xo, y, yo, n) -> MemorySegment.copy(x, xo, y, yo, (long) n * type.bytes());
    }

    private static Kernel widen(DType from) {
        return switch (from) {
            case F32 -> copy(from);
            case F64 -> Halves::fromDouble;
            case F16 -> Halves::fromFloat16;
            case BF16 -> Halves::fromBfloat16;
        };
    }

    private static Kernel narrow(DType to) {
        return switch (to) {
            case F32 -> copy(to);
            case F64 -> Halves::toDouble;
            case F16 -> Halves::toFloat16;
            case BF16 -> Halves::toBfloat16;
        };
    }
}
