package tessella.bench.peers;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Intel's library, for products. */
final class MklPeer implements Peer {
    /** What happens to a right operand that may be packed beforehand. */
    enum Packing {
        /** Nothing: cblas_sgemm packs it in each product. */
        NEVER,
        /** It is packed by cblas_sgemm_pack; other works are refused. */
        BEFOREHAND
    }

    private static final int NAME = 198;

    private final Packing packing;
    private final Blas blas = new Blas(Natives.folder("mkl").resolve("libmkl_rt.so.2"));

    MklPeer(Packing packing) {
        this.packing = packing;
        blas.set("MKL_Set_Dynamic", 0);
    }

    @Override
    public String name() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocate(NAME);
            blas.function("MKL_Get_Version_String", FunctionDescriptor.ofVoid(ValueLayout.ADDRESS, ValueLayout.JAVA_INT))
                    .invokeExact(text, NAME);
            return text.getString(0).replaceAll(" +", " ").strip();
        } catch (Throwable e) {
            throw Blas.failed(e);
        }
    }

    @Override
    public Run prepare(Work work, int threads) {
        if (!(work instanceof Work.Gemm gemm) || packing == Packing.BEFOREHAND
                && (gemm.weights() == Work.Weights.FRESH || gemm.form() != Work.Form.PLAIN)) {
            return null;
        }
        blas.set("MKL_Set_Num_Threads", threads);
        return packing == Packing.NEVER ? blas.products(gemm) : blas.packedProducts(gemm);
    }

    @Override
    public void close() {}
}
