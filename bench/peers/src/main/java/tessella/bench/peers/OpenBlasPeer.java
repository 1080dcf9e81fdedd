package tessella.bench.peers;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** OpenBLAS, for products. */
final class OpenBlasPeer implements Peer {
    private final Blas blas = new Blas(Natives.folder("openblas").resolve("libopenblas.so.0"));

    @Override
    public String name() {
        try {
            MemorySegment text = (MemorySegment) blas.function("openblas_get_config", FunctionDescriptor.of(ValueLayout.ADDRESS))
                    .invokeExact();
            return text.reinterpret(Long.MAX_VALUE).getString(0).strip();
        } catch (Throwable e) {
            throw Blas.failed(e);
        }
    }

    @Override
    public Run prepare(Work work, int threads) {
        if (!(work instanceof Work.Gemm gemm)) {
            return null;
        }
        blas.set("openblas_set_num_threads", threads);
        return blas.products(gemm);
    }

    @Override
    public void close() {}
}
