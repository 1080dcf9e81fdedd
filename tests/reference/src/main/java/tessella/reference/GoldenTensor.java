package tessella.reference;

import java.nio.ByteBuffer;

/**
 * One tensor of a golden file.
 *
 * @param name the name in the file
 * @param type how it is stored
 * @param values the values; integers are widened and exact up to 2^53
 * @param integers the exact integers of I64, I32 and U8; empty for reals
 */
public record GoldenTensor(String name, Type type, Array values, long[] integers) {

    /** The storage types that golden files use. */
    public enum Type {
        /** float64. */
        F64(8),
        /** float32. */
        F32(4),
        /** Signed 64-bit integers. */
        I64(8),
        /** Signed 32-bit integers. */
        I32(4),
        /** Unsigned bytes. */
        U8(1);

        private final int bytes;

        Type(int bytes) {
            this.bytes = bytes;
        }

        /** The bytes of one element. */
        public int bytes() {
            return bytes;
        }

        /** Whether the elements are real numbers. */
        public boolean isReal() {
            return this == F64 || this == F32;
        }
    }

    /** The shape. */
    public int[] shape() {
        return values.shape();
    }

    /** The integers as indices. */
    public int[] indices() {
        int[] indices = new int[integers.length];
        for (int i = 0; i < indices.length; i++) {
            indices[i] = Math.toIntExact(integers[i]);
        }
        return indices;
    }

    static GoldenTensor read(String name, Type type, int[] shape, ByteBuffer bytes) {
        Array values = Array.zeros(shape);
        long[] integers = new long[type.isReal() ? 0 : values.size()];
        for (int i = 0; i < values.size(); i++) {
            switch (type) {
                case F64 -> values.data()[i] = bytes.getDouble();
                case F32 -> values.data()[i] = bytes.getFloat();
                case I64 -> integers[i] = bytes.getLong();
                case I32 -> integers[i] = bytes.getInt();
                case U8 -> integers[i] = bytes.get() & 0xff;
            }
            if (!type.isReal()) {
                values.data()[i] = integers[i];
            }
        }
        return new GoldenTensor(name, type, values, integers);
    }
}
