package tessella.engine.io;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;

/**
 * The elements of arrays, between files and memory. They are read through a channel and never mapped: a mapped file
 * would change the type profile of the kernels for good, and turn a file cut short into a crash.
 */
final class Elements {
    /** Integers that are read at once; they go to the heap. */
    static final long MAX_INTEGERS = 1L << 28;
    /** Bytes that one call hands to the operating system. */
    private static final long CHUNK = 1 << 26;
    /** Bytes that are converted at a time. */
    private static final int CONVERTED = 1 << 16;

    private Elements() {}

    /** Takes the bytes of an array. */
    @FunctionalInterface
    interface Sink {
        /** Takes all that remains in the buffer. */
        void write(ByteBuffer bytes) throws IOException;
    }

    /** An action that is stopped by errors of a file. */
    @FunctionalInterface
    private interface Reading {
        void over(MemorySegment segment) throws IOException;
    }

    /**
     * Loads real numbers into a new array in scope; if that fails, no memory of it stays.
     *
     * @throws TensorFileException if they are integers, or the bytes are not what they should be
     */
    static NdArray load(Scope scope, StoredArray stored, Source source) throws IOException {
        requireLoadable(stored, source);
        NdArray array = NdArray.empty(scope, stored.type().dtype(), stored.shape());
        try {
            fill(array, stored, source);
            return array;
        } catch (Throwable e) {
            array.free();
            throw e;
        }
    }

    /**
     * Loads real numbers into a contiguous array that exists.
     *
     * @throws TensorFileException as {@link #load}, and if type or shape are not those of the array
     */
    static void loadInto(NdArray target, StoredArray stored, Source source) throws IOException {
        requireLoadable(stored, source);
        boolean fits = stored.type().dtype() == target.dtype() || stored.type() == StoredType.of(target.dtype());
        if (!stored.shape().equals(target.shape()) || !fits) {
            throw source.wrong("expected " + target.dtype() + " " + target.shape() + ", found " + stored);
        }
        fill(target, stored, source);
    }

    private static void requireLoadable(StoredArray stored, Source source) throws TensorFileException {
        if (stored.type().dtype() == null) {
            throw source.wrong("expected real numbers, found " + stored.type() + "; use loadIntegers");
        }
        for (int axis = 0; stored.isReordered() && axis < stored.shape().rank(); axis++) {
            if (stored.shape().dim(axis) > Integer.MAX_VALUE) {
                throw source.wrong("expected extents of at most 2^31 - 1 in column-major order, found "
                        + stored.shape() + "; save it in row-major order");
            }
        }
    }

    private static void fill(NdArray target, StoredArray stored, Source source) throws IOException {
        if (stored.isReordered()) {
            int rank = stored.shape().rank();
            int[] order = new int[rank];
            Arrays.setAll(order, axis -> rank - 1 - axis);
            try (Scope inner = Scope.open()) {
                NdArray columns = NdArray.empty(inner, target.dtype(), stored.reversed());
                read(columns, stored.type(), source);
                target.copyFrom(columns.permute(order));
            }
        } else {
            read(target, stored.type(), source);
        }
        source.finish();
    }

    private static void read(NdArray target, StoredType type, Source source) throws IOException {
        over(target, segment -> {
            if (target.dtype() == type.dtype() && type.bytes() < target.dtype().bytes()) {
                widen(source, type, segment);
            } else {
                copy(source, segment);
            }
        });
    }

    /** withSegment with an action that may throw what files throw. */
    private static void over(NdArray array, Reading action) throws IOException {
        IOException failure = array.withSegment(segment -> {
            try {
                action.over(segment);
                return null;
            } catch (IOException e) {
                return e;
            }
        });
        if (failure != null) {
            throw failure;
        }
    }

    private static void copy(Source source, MemorySegment target) throws IOException {
        for (long at = 0; at < target.byteSize(); at += CHUNK) {
            source.read(target.asSlice(at, Math.min(CHUNK, target.byteSize() - at)).asByteBuffer());
        }
    }

    private static void widen(Source source, StoredType type, MemorySegment target) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(CONVERTED).order(ByteOrder.LITTLE_ENDIAN);
        long size = target.byteSize() / Float.BYTES;
        for (long index = 0; index < size;) {
            bytes.clear().limit((int) Math.min(CONVERTED, (size - index) * type.bytes()));
            source.read(bytes);
            bytes.flip();
            while (bytes.hasRemaining()) {
                short half = bytes.getShort();
                float value = type == StoredType.F16 ? Float.float16ToFloat(half) : Float.intBitsToFloat(half << 16);
                target.setAtIndex(ValueLayout.JAVA_FLOAT, index++, value);
            }
        }
    }

    /**
     * Integers or truth values, row-major.
     *
     * @throws TensorFileException if they are real numbers, U64 or too many, or a truth value is neither 0 nor 1
     */
    static long[] integers(StoredArray stored, Source source) throws IOException {
        if (stored.type().dtype() != null || stored.type() == StoredType.U64) {
            throw source.wrong("expected signed integers, unsigned integers of at most 32 bits or truth values, found "
                    + stored.type());
        }
        if (stored.shape().size() > MAX_INTEGERS) {
            throw source.wrong("expected at most " + MAX_INTEGERS + " integers, found " + stored.shape().size());
        }
        long[] values = new long[(int) stored.shape().size()];
        ByteBuffer bytes = ByteBuffer.allocate(CONVERTED).order(ByteOrder.LITTLE_ENDIAN);
        for (int index = 0; index < values.length;) {
            bytes.clear().limit((int) Math.min(CONVERTED, (long) (values.length - index) * stored.type().bytes()));
            source.read(bytes);
            bytes.flip();
            while (bytes.hasRemaining()) {
                values[index++] = integer(stored.type(), bytes, source);
            }
        }
        source.finish();
        return stored.isReordered() ? rowMajor(values, stored.shape()) : values;
    }

    private static long integer(StoredType type, ByteBuffer bytes, Source source) throws TensorFileException {
        return switch (type) {
            case I64 -> bytes.getLong();
            case I32 -> bytes.getInt();
            case U32 -> Integer.toUnsignedLong(bytes.getInt());
            case I16 -> bytes.getShort();
            case U16 -> Short.toUnsignedLong(bytes.getShort());
            case I8 -> bytes.get();
            case U8 -> Byte.toUnsignedLong(bytes.get());
            case BOOL -> {
                int value = Byte.toUnsignedInt(bytes.get());
                if (value > 1) {
                    throw source.wrong("expected truth values of 0 or 1, found " + value);
                }
                yield value;
            }
            case F64, F32, F16, BF16, U64 -> throw new AssertionError(type);
        };
    }

    private static long[] rowMajor(long[] columns, Shape shape) {
        int rank = shape.rank();
        long[] index = new long[rank];
        long[] out = new long[columns.length];
        for (long value : columns) {
            long at = 0;
            for (int axis = 0; axis < rank; axis++) {
                at = at * shape.dim(axis) + index[axis];
            }
            out[(int) at] = value;
            for (int axis = 0; axis < rank && ++index[axis] == shape.dim(axis); axis++) {
                index[axis] = 0;
            }
        }
        return out;
    }

    /** Hands the elements of an array, row-major and little endian, to a sink in parts of at most 64 MiB. */
    static void write(NdArray array, Sink sink) throws IOException {
        try (Scope _ = Scope.open()) {
            over(array.contiguous(), segment -> {
                for (long at = 0; at < segment.byteSize(); at += CHUNK) {
                    sink.write(segment.asSlice(at, Math.min(CHUNK, segment.byteSize() - at)).asByteBuffer());
                }
            });
        }
    }
}
