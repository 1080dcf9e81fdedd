package tessella.engine;

import java.lang.foreign.ValueLayout;
import tessella.kernels.Precision;

/** Element types that operators compute in. */
public enum DType {
    /** IEEE 754 binary32. */
    F32(4, "float32"),
    /** IEEE 754 binary64, for reference runs and gradient checks. */
    F64(8, "float64");

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

    /** The kernels that compute in this type. */
    Precision precision() {
        return this == F32 ? Precision.SINGLE : Precision.DOUBLE;
    }

    ValueLayout layout() {
        return this == F32 ? ValueLayout.JAVA_FLOAT : ValueLayout.JAVA_DOUBLE;
    }

    @Override
    public String toString() {
        return text;
    }
}
