package tessella.engine;

import tessella.kernels.Precision;

/** Element types. Operators compute in float32 and float64; the 16-bit types only store, half the bytes of float32. */
public enum DType {
    /** IEEE 754 binary32. */
    F32(4, "float32"),
    /** IEEE 754 binary64, for reference runs and gradient checks. */
    F64(8, "float64"),
    /** IEEE 754 binary16: 11 significant bits, up to 65,504. */
    F16(2, "float16"),
    /** The upper half of a float32: 8 significant bits, the range of float32. */
    BF16(2, "bfloat16");

    private final int bytes;
    private final String text;

    DType(int bytes, String text) {
        this.bytes = bytes;
        this.text = text;
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }

    /** Whether operators compute in this type; the others are converted by {@link NdArray#to} first. */
    public boolean isComputed() {
        return this == F32 || this == F64;
    }

    /** The kernels that compute in this type. */
    Precision precision() {
        return switch (this) {
            case F32 -> Precision.SINGLE;
            case F64 -> Precision.DOUBLE;
            case F16, BF16 -> throw new IllegalStateException(this + " is a type of storage");
        };
    }

    @Override
    public String toString() {
        return text;
    }
}
