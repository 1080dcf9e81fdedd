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
    private static final Engine ENGINE = load();

    private TorchLibrary() {}

    private static Engine load() {
        Malloc.keepFreed();
        System.setProperty("ai.djl.offline", "true");
        System.setProperty("OPT_OUT_TRACKING", "true");
        if (System.getProperty("ENGINE_CACHE_DIR") == null) {
            System.setProperty("ENGINE_CACHE_DIR", Natives.all().toString());
        }
        // set here, for it can be set only once
        System.setProperty("ai.djl.pytorch.num_interop_threads", "1");
        return Engine.getEngine("PyTorch");
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
     * modules are. A C++ function makes a result that is an object where its hidden first argument points to.
     */
    static long optimizedForInference(long module) {
        try (Arena arena = Arena.ofConfined()) {
            SymbolLookup library = SymbolLookup.libraryLookup(Path.of(LibUtils.getLibtorchPath(), "libtorch_cpu.so"), arena);
            long result = Malloc.allocate(MODULE_BYTES);
            MemorySegment otherMethods = arena.allocate(VECTOR_BYTES, Long.BYTES);
            Linker.nativeLinker().downcallHandle(library.findOrThrow(OPTIMIZE), FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG, ValueLayout.ADDRESS)).invokeExact(result, module, otherMethods);
            return result;
        } catch (Throwable e) {
            throw Blas.failed(e);
        }
    }
}
