package tessella.bench.peers;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/** The products of a library with the C interface of BLAS, row-major; loaded for the life of the process. */
final class Blas {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;
    private static final MemoryLayout POINTER = ValueLayout.ADDRESS;
    private static final int ROW_MAJOR = 101;
    private static final int PLAIN = 111;
    private static final int TRANSPOSED = 112;
    private static final int PACKED = 151;
    private static final int B_MATRIX = 162;

    private final SymbolLookup symbols;
    private final MethodHandle sgemm;

    Blas(Path library) {
        symbols = SymbolLookup.libraryLookup(library, Arena.global());
        sgemm = function("cblas_sgemm", FunctionDescriptor.ofVoid(INT, INT, INT, INT, INT, INT, FLOAT, POINTER, INT, POINTER, INT,
                FLOAT, POINTER, INT));
    }

    /** A function of the library. */
    MethodHandle function(String name, FunctionDescriptor descriptor) {
        return Linker.nativeLinker().downcallHandle(symbols.findOrThrow(name), descriptor);
    }

    /** Calls a function of an int without a result, such as a setter of threads. */
    void set(String name, int value) {
        try {
            function(name, FunctionDescriptor.ofVoid(INT)).invokeExact(value);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    /** Products by cblas_sgemm. */
    Peer.Run products(Work.Gemm work) {
        return new Products(work) {
            private final int ta = work.form() == Work.Form.A_TRANSPOSED ? TRANSPOSED : PLAIN;
            private final int tb = work.form() == Work.Form.B_TRANSPOSED ? TRANSPOSED : PLAIN;

            @Override
            public void once() {
                try {
                    sgemm.invokeExact(ROW_MAJOR, ta, tb, m, n, k, 1f, a, lda, b, ldb, 0f, c, n);
                } catch (Throwable e) {
                    throw failed(e);
                }
            }
        };
    }

    /** Products whose right operand was packed beforehand by cblas_sgemm_pack, of MKL. */
    Peer.Run packedProducts(Work.Gemm work) {
        MethodHandle size = function("cblas_sgemm_pack_get_size", FunctionDescriptor.of(ValueLayout.JAVA_LONG, INT, INT, INT, INT));
        MethodHandle pack = function("cblas_sgemm_pack", FunctionDescriptor.ofVoid(INT, INT, INT, INT, INT, INT, FLOAT, POINTER, INT,
                POINTER));
        MethodHandle compute = function("cblas_sgemm_compute", FunctionDescriptor.ofVoid(INT, INT, INT, INT, INT, INT, POINTER, INT,
                POINTER, INT, FLOAT, POINTER, INT));
        return new Products(work) {
            private final MemorySegment packed = pack();

            private MemorySegment pack() {
                try {
                    MemorySegment to = arena.allocate((long) size.invokeExact(B_MATRIX, m, n, k), ALIGNMENT);
                    pack.invokeExact(ROW_MAJOR, B_MATRIX, PLAIN, m, n, k, 1f, b, ldb, to);
                    return to;
                } catch (Throwable e) {
                    throw failed(e);
                }
            }

            @Override
            public void once() {
                try {
                    compute.invokeExact(ROW_MAJOR, PLAIN, PACKED, m, n, k, a, lda, packed, ldb, 0f, c, n);
                } catch (Throwable e) {
                    throw failed(e);
                }
            }
        };
    }

    /** The operands in memory of their own. */
    private abstract static class Products implements Peer.Run {
        static final long ALIGNMENT = 64;

        final Arena arena = Arena.ofShared();
        final int m;
        final int k;
        final int n;
        final int lda;
        final int ldb;
        final MemorySegment a;
        final MemorySegment b;
        final MemorySegment c;

        Products(Work.Gemm work) {
            m = work.m();
            k = work.k();
            n = work.n();
            lda = work.form() == Work.Form.A_TRANSPOSED ? m : k;
            ldb = work.form() == Work.Form.B_TRANSPOSED ? k : n;
            Operands operands = Operands.of(work);
            a = memory(operands.a());
            b = memory(operands.b());
            c = arena.allocate((long) m * n * Float.BYTES, ALIGNMENT);
        }

        private MemorySegment memory(float[] values) {
            MemorySegment memory = arena.allocate((long) values.length * Float.BYTES, ALIGNMENT);
            MemorySegment.copy(values, 0, memory, FLOAT, 0, values.length);
            return memory;
        }

        @Override
        public float[] result() {
            c.fill((byte) -1);
            once();
            return c.toArray(FLOAT);
        }

        @Override
        public void close() {
            arena.close();
        }
    }

    static IllegalStateException failed(Throwable e) {
        return new IllegalStateException("a call of the native library failed: " + e.getMessage(), e);
    }
}
