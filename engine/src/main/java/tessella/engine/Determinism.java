package tessella.engine;

import tessella.kernels.FloatGemm;

/**
 * The domain inside which equal programs give equal bits: vector width and block sizes. Threads, warm-up and the machine's
 * speed are not part of it.
 */
public final class Determinism {
    private Determinism() {}

    /** The domain of this process, such as "vector 512 bits, gemm kc 768". */
    public static String domain() {
        return "vector " + vectorBits() + " bits, gemm kc " + FloatGemm.KC;
    }

    /** Width in bits of the vectors that kernels compute with. */
    public static int vectorBits() {
        return FloatGemm.VECTOR_BITS;
    }
}
