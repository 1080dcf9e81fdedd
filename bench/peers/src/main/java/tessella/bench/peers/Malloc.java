package tessella.bench.peers;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** The C library's allocator, glibc, which libraries without one of their own live on. */
final class Malloc {
    private static final int M_TRIM_THRESHOLD = -1;
    private static final int M_MMAP_THRESHOLD = -3;
    /** The most that malloc accepts. */
    private static final int MMAP_THRESHOLD = 32 << 20;

    private Malloc() {}

    /**
     * Has blocks up to 32 MB kept when they are freed, as a library's own allocator would: else they go back to the system, and the
     * next call faults all of their pages in again.
     */
    static void keepFreed() {
        MethodHandle mallopt = function("mallopt", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT,
                ValueLayout.JAVA_INT));
        try {
            int mapped = (int) mallopt.invokeExact(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
            int trimmed = (int) mallopt.invokeExact(M_TRIM_THRESHOLD, Integer.MAX_VALUE);
            if (mapped != 1 || trimmed != 1) {
                throw new IllegalStateException("mallopt: expected 1 and 1, found " + mapped + " and " + trimmed);
            }
        } catch (Throwable e) {
            throw Blas.failed(e);
        }
    }

    /** Gives what was kept back to the system, so that what the next work takes is its own. */
    static void trim() {
        try {
            int _ = (int) function("malloc_trim", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG)).invokeExact(0L);
        } catch (Throwable e) {
            throw Blas.failed(e);
        }
    }

    /** The address of a block, for a library to free. */
    static long allocate(long bytes) {
        try {
            return (long) function("malloc", FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG)).invokeExact(bytes);
        } catch (Throwable e) {
            throw Blas.failed(e);
        }
    }

    private static MethodHandle function(String name, FunctionDescriptor descriptor) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), descriptor);
    }
}
