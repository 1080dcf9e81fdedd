package tessella.bench.peers;

import ai.djl.engine.Engine;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.pytorch.jni.LibUtils;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;

/** libtorch itself: unpacked from the class path and loaded once a process, without any network. */
final class TorchLibrary {
    /** torch::jit::optimize_for_inference(Module &, std::vector&lt;std::string&gt; const &amp;). */
    private static final String OPTIMIZE = "_ZN5torch3jit22optimize_for_inferenceERNS0_6ModuleE"
            + "RKSt6vectorINSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEESaIS9_EE";
    private static final long VECTOR_BYTES = 24;
    /** More than a C++ module has. */
    private static final long MODULE_BYTES = 1024;
    private static final int M_TRIM_THRESHOLD = -1;
    private static final int M_MMAP_MAX = -4;
    private static final Engine ENGINE = load();

    private TorchLibrary() {}

    private static Engine load() {
        keepMemory();
        System.setProperty("ai.djl.offline", "true");
        System.setProperty("OPT_OUT_TRACKING", "true");
        if (System.getProperty("ENGINE_CACHE_DIR") == null) {
            System.setProperty("ENGINE_CACHE_DIR", Natives.all().toString());
        }
        // set here, for it can be set only once
        System.setProperty("ai.djl.pytorch.num_interop_threads", "1");
        return Engine.getEngine("PyTorch");
    }

    /**
     * Lets malloc keep what is freed, as a caching allocator would: by default blocks over 32 MB go back to the system, and all of
     * their pages are faulted in again by the next call.
     */
    private static void keepMemory() {
        Linker linker = Linker.nativeLinker();
        linker.defaultLookup().find("mallopt").ifPresent(symbol -> {
            FunctionDescriptor descriptor = FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
            var mallopt = linker.downcallHandle(symbol, descriptor);
            try {
                int mapped = (int) mallopt.invokeExact(M_MMAP_MAX, 0);
                int trimmed = (int) mallopt.invokeExact(M_TRIM_THRESHOLD, Integer.MAX_VALUE);
                if (mapped + trimmed != 2) {
                    throw new IllegalStateException("mallopt refused");
                }
            } catch (RuntimeException e) {
                throw e;
            } catch (Throwable e) {
                throw Blas.failed(e);
            }
        });
    }

    static String version() {
        return ENGINE.getVersion();
    }

    /** Sets the number of threads that an operator may use. */
    static void threads(int threads) {
        JniUtils.setNumThreads(threads);
        if (JniUtils.getNumThreads() != threads || JniUtils.getNumInteropThreads() != 1) {
            throw new IllegalStateException("libtorch: expected " + threads + " threads and 1 for independent operators, found "
                    + JniUtils.getNumThreads() + " and " + JniUtils.getNumInteropThreads());
        }
    }

    /**
     * A module as torch.jit.optimize_for_inference makes it, which ai.djl cannot be asked for: its handle, to be deleted as other
     * modules. A C++ module is one pointer; the result is made where the hidden first argument points to.
     */
    static long optimizedForInference(long module) {
        Linker linker = Linker.nativeLinker();
        try (Arena arena = Arena.ofConfined()) {
            SymbolLookup library = SymbolLookup.libraryLookup(Path.of(LibUtils.getLibtorchPath(), "libtorch_cpu.so"), arena);
            MemorySegment malloc = linker.defaultLookup().findOrThrow("malloc");
            MemorySegment result = (MemorySegment) linker.downcallHandle(malloc, FunctionDescriptor.of(ValueLayout.ADDRESS,
                    ValueLayout.JAVA_LONG)).invokeExact(MODULE_BYTES);
            MemorySegment otherMethods = arena.allocate(VECTOR_BYTES, Long.BYTES);
            linker.downcallHandle(library.findOrThrow(OPTIMIZE), FunctionDescriptor.ofVoid(ValueLayout.ADDRESS, ValueLayout.ADDRESS,
                    ValueLayout.ADDRESS)).invokeExact(result, MemorySegment.ofAddress(module), otherMethods);
            return result.address();
        } catch (Throwable e) {
            throw Blas.failed(e);
        }
    }
}
