package tessella.autodiff;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;

/** No public method of a tensor, and no operator, reads memory that was given back. */
@ExtendWith(MemoryReturned.class)
class TensorTest {
    /** What a tensor says of itself without its memory. */
    private static final Set<String> WITHOUT_MEMORY = Set.of("value", "shape", "dim", "dtype", "toString");

    private static void requireNamed(String what, Throwable thrown, String... parts) {
        assertInstanceOf(IllegalStateException.class, thrown, what);
        for (String part : parts) {
            assertTrue(thrown.getMessage().contains(part), what + ": expected \"" + part + "\" in: " + thrown.getMessage());
        }
    }

    @Test
    void everyPublicMethodThrowsAfterTheEnd() throws IllegalAccessException {
        Set<String> checked = new TreeSet<>();
        for (Method method : Tensor.class.getDeclaredMethods()) {
            int modifiers = method.getModifiers();
            if (!Modifier.isPublic(modifiers) || Modifier.isStatic(modifiers) || WITHOUT_MEMORY.contains(method.getName())) {
                continue;
            }
            for (boolean byScope : new boolean[] {false, true}) {
                try (Scope outer = Scope.open()) {
                    Tensor ended;
                    try (Scope inner = Scope.open()) {
                        ended = Tensor.of(NdArray.full(inner, DType.F32, Shape.of(1, 1), 2));
                        if (!byScope) {
                            ended.value().free();
                        }
                    }
                    Throwable thrown = null;
                    try {
                        method.invoke(ended, method.getParameterCount() == 0 ? new Object[0] : new Object[] {outer});
                    } catch (InvocationTargetException e) {
                        thrown = e.getCause();
                    }
                    requireNamed(method.toString(), thrown, "float32 array [1, 1]", "made by full", "freed");
                    checked.add(method.getName());
                    assertEquals("float32 [1, 1] (freed)", ended.toString());
                }
            }
        }
        assertEquals(new TreeSet<>(Set.of("toFloats", "toDoubles", "item", "moveTo", "keep")), checked);
    }

    /** Each operator, with each of its operands ended in turn, recorded and not. */
    @Test
    void everyOperatorThrowsForEachOperandThatHasEnded() {
        List<String> silent = new ArrayList<>();
        for (Operator operator : Operator.values()) {
            Operator.Sample sample = operator.sample(7);
            for (int at = 0; at < sample.operands().size(); at++) {
                for (boolean recorded : new boolean[] {false, true}) {
                    String what = operator + " operand " + at + (recorded ? " recorded" : "");
                    Throwable thrown = null;
                    try (Scope _ = Scope.open(); Recorder _ = new Recorder(recorded)) {
                        List<Tensor> x = new ArrayList<>();
                        for (var operand : sample.operands()) {
                            x.add(Tensor.of(Operator.array(DType.F64, operand)));
                        }
                        x.get(at).value().free();
                        try {
                            sample.library().apply(x);
                            silent.add(what);
                        } catch (IllegalStateException e) {
                            thrown = e;
                        }
                    }
                    if (thrown != null) {
                        requireNamed(what, thrown, "float64 array", "made by empty", "freed");
                    }
                }
            }
        }
        assertEquals(List.of(), silent);
    }

    /** A tape, or none. */
    private static final class Recorder implements AutoCloseable {
        private final Tape tape;

        Recorder(boolean recorded) {
            tape = recorded ? Tape.record() : null;
        }

        @Override
        public void close() {
            if (tape != null) {
                tape.close();
            }
        }
    }
}
