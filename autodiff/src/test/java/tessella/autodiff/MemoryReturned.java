package tessella.autodiff;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import net.jqwik.api.lifecycle.AroundTryHook;
import net.jqwik.api.lifecycle.TryExecutionResult;
import net.jqwik.api.lifecycle.TryExecutor;
import net.jqwik.api.lifecycle.TryLifecycleContext;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import tessella.engine.Memory;

/** After every test, and every try of a property, as many bytes are in use as before. */
public final class MemoryReturned implements BeforeEachCallback, AfterEachCallback, AroundTryHook {
    private static final ExtensionContext.Namespace NAMESPACE = ExtensionContext.Namespace.create(MemoryReturned.class);

    /** For the test frameworks. */
    public MemoryReturned() {}

    @Override
    public void beforeEach(ExtensionContext context) {
        context.getStore(NAMESPACE).put("bytes", Memory.inUse());
    }

    @Override
    public void afterEach(ExtensionContext context) {
        require(context.getStore(NAMESPACE).get("bytes", Long.class));
    }

    @Override
    public TryExecutionResult aroundTry(TryLifecycleContext context, TryExecutor aTry, List<Object> parameters) {
        long before = Memory.inUse();
        TryExecutionResult result = aTry.execute(parameters);
        if (result.isSatisfied()) {
            require(before);
        }
        return result;
    }

    private static void require(long before) {
        assertEquals(before, Memory.inUse(), "bytes in use after the test");
    }
}
