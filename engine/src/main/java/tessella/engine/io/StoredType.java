package tessella.engine.io;

import tessella.engine.DType;

/** How the elements of an array are stored in a file, all little endian. */
public enum StoredType {
    /** float64. */
    F64(8, DType.F64),
    /** float32. */
    F32(4, DType.F32),
    /** IEEE half precision, widened to float32 on load. */
    F16(2, DType.F32),
    /** The upper half of a float32, widened to float32 on load. */
    BF16(2, DType.F32),
    /** Signed 64-bit integers. */
    I64(8, null),
    /** Unsigned 64-bit integers; not loaded. */
    U64(8, null),
    /** Signed 32-bit integers. */
    I32(4, null),
    /** Unsigned 32-bit integers. */
    U32(4, null),
    /** Signed 16-bit integers. */
    I16(2, null),
    /** Unsigned 16-bit integers. */
    U16(2, null),
    /** Signed bytes. */
    I8(1, null),
    /** Unsigned bytes. */
    U8(1, null),
    /** Truth values, a byte of 0 or 1 each. */
    BOOL(1, null);

    private final int bytes;
    private final DType dtype;

    StoredType(int bytes, DType dtype) {
        this.bytes = bytes;
        this.dtype = dtype;
    }

    /** Bytes of one element in the file. */
    public int bytes() {
        return bytes;
    }

    /** The type of the array that it is loaded to, or null for integers; see {@link Safetensors#loadInto} for 16-bit arrays. */
    public DType dtype() {
        return dtype;
    }

    static StoredType of(DType dtype) {
        return switch (dtype) {
            case F64 -> F64;
            case F32 -> F32;
            case F16 -> F16;
            case BF16 -> BF16;
        };
    }
}
