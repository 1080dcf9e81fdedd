package tessella.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;

/** No public method reads or writes memory that was given back, and the error names the array and who made it. */
@ExtendWith(MemoryReturned.class)
class UseAfterFreeTest {
    /** What an array says of itself without its memory; letGo of a freed array is the last holder's business. */
    private static final Set<String> WITHOUT_MEMORY = Set.of("shape", "dtype", "size", "isContiguous",
            "sharesMemoryWith",
            "isUnheld", "isHeldOnce", "letGo", "scope", "toString", "equals", "hashCode");

    private static Object argument(Class<?> type, NdArray alive, Scope scope) {
        if (type == Shape.class) {
            return alive.shape();
        } else if (type == Scope.class) {
            return scope;
        } else if (type == NdArray.class) {
            return alive;
        } else if (type == PackedMatrix.class) {
            return PackedMatrix.of(scope, alive);
        } else if (type == int[].class) {
            return new int[] {1, 0};
        } else if (type == long[].class) {
            return new long[] {0, 0};
        } else if (type == float[].class) {
            return new float[6];
        } else if (type == double[].class) {
            return new double[6];
        } else if (type == Function.class) {
            Function<Object, Object> identity = x -> x;
            return identity;
        } else if (type == int.class) {
            return 0;
        } else if (type == long.class) {
            return 1L;
        } else if (type == double.class) {
            return 2.0;
        } else if (type.isEnum()) {
            return type.getEnumConstants()[0];
        }
        throw new AssertionError("no argument of type " + type);
    }

    private static void requireNamed(String what, Throwable thrown, Shape shape) {
        assertInstanceOf(IllegalStateException.class, thrown, what);
        String message = thrown.getMessage();
        assertTrue(message.contains("float64 array " + shape) && message.contains("made by full")
                && message.contains("freed"),
                what + ": " + message);
    }

    @Test
    void everyPublicMethodOfAnArrayThrows() throws IllegalAccessException {
        int methods = 0;
        for (boolean byScope : new boolean[] {false, true}) {
            for (Method method : NdArray.class.getDeclaredMethods()) {
                int modifiers = method.getModifiers();
                if (!Modifier.isPublic(modifiers) || Modifier.isStatic(modifiers) || method.isSynthetic()
                        || WITHOUT_MEMORY.contains(method.getName())) {
                    continue;
                }
                try (Scope outer = Scope.open()) {
                    NdArray alive = NdArray.full(outer, DType.F64, Shape.of(2, 3), 1);
                    boolean one = method.getName().equals("item");
                    NdArray freed;
                    try (Scope inner = Scope.open()) {
                        freed = NdArray.full(inner, DType.F64, one ? Shape.of() : Shape.of(2, 3), 1);
                        if (!byScope) {
                            freed.free();
                        }
                    }
                    Object[] arguments = new Object[method.getParameterCount()];
                    for (int i = 0; i < arguments.length; i++) {
                        arguments[i] = argument(method.getParameterTypes()[i], alive, outer);
                    }
                    InvocationTargetException e = null;
                    try {
                        method.invoke(freed, arguments);
                    } catch (InvocationTargetException thrown) {
                        e = thrown;
                    }
                    assertTrue(e != null, method + " did not throw");
                    requireNamed(method.toString(), e.getCause(), freed.shape());
                    methods++;
                }
            }
        }
        assertTrue(methods >= 2 * 18, methods + " methods");
    }

    @Test
    void everyOperatorThrowsForEachOfItsOperands() {
        List<String> silent = new ArrayList<>();
        int checked = 0;
        for (Class<?> type : new Class<?>[] {Pointwise.class, MatMul.class, Sums.class, Softmaxes.class,
                Normalizers.class}) {
            for (Method method : type.getDeclaredMethods()) {
                boolean saved = List.of(method.getParameterTypes()).stream().anyMatch(Class::isRecord);
                if (!Modifier.isPublic(method.getModifiers()) || method.isSynthetic() || saved
                        || method.getName().equals("to")) {
                    continue;
                }
                for (int at = 0; at < method.getParameterCount(); at++) {
                    // the shapes of gain and bias are looked at first: they are in the next test
                    boolean vector = at > 0 && method.getName().equals("layerNorm") || at == 2 && type == MatMul.class;
                    if (method.getParameterTypes()[at] != NdArray.class || vector) {
                        continue;
                    }
                    checked++;
                    call(method, at, silent);
                }
            }
        }
        assertEquals(List.of(), silent);
        assertTrue(checked > 9, checked + " operands");
    }

    private static void call(Method method, int at, List<String> silent) {
        try (Scope outer = Scope.open()) {
            NdArray alive = NdArray.full(outer, DType.F64, Shape.of(2, 3), 1);
            NdArray freed = NdArray.full(outer, DType.F64, Shape.of(2, 3), 1);
            freed.free();
            Object[] arguments = new Object[method.getParameterCount()];
            for (int i = 0; i < arguments.length; i++) {
                arguments[i] = i == at ? freed : argument(method.getParameterTypes()[i], alive, outer);
            }
            method.invoke(null, arguments);
            silent.add(method + " operand " + at);
        } catch (InvocationTargetException e) {
            requireNamed(method + " operand " + at, e.getCause(), Shape.of(2, 3));
        } catch (IllegalAccessException e) {
            throw new AssertionError(e);
        }
    }

    private static void stepped(NdArray p, NdArray gradient) {
        Update update = Update.of(UpdateRule.Adam.DEFAULT, Scope.current(), List.of(new Update.Target(p, 1, 0)));
        update.gradient(0, gradient);
        update.step(1, 1, 1);
    }

    private static void averaged(NdArray mean, NdArray x) {
        Averages averages = new Averages(List.of(mean));
        averages.source(0, x);
        averages.step(1, 1);
    }

    @Test
    void operatorsWithStructuredOperandsThrow() {
        try (Scope scope = Scope.open()) {
            NdArray x = NdArray.full(scope, DType.F64, Shape.of(2, 3), 1);
            NdArray four = NdArray.full(scope, DType.F64, Shape.of(1, 2, 1, 3), 1);
            NdArray freed = NdArray.full(scope, DType.F64, Shape.of(2, 3), 1);
            NdArray vector = NdArray.full(scope, DType.F64, Shape.of(3), 1);
            NdArray freedVector = NdArray.full(scope, DType.F64, Shape.of(3), 1);
            freedVector.free();
            NdArray freedView = freed.reshape(Shape.of(1, 2, 1, 3));
            freed.free();
            for (Executable action : List.<Executable>of(
                    () -> Einsum.of("ab,ab->a").apply(x, freed), () -> Einsum.of("ab->ba").apply(freed),
                    () -> Heads.forward(four, freedView, four, 1), () -> Heads.forward(four, four, freedView, 1),
                    () -> MatMul.multiply(x, NdArray.full(scope, DType.F64, Shape.of(3, 3), 1), freedVector),
                    () -> MatMul.multiply(x, PackedMatrix.of(scope, NdArray.full(scope, DType.F64, Shape.of(3, 3), 1)), freedVector),
                    () -> PackedMatrix.of(scope, freed),
                    () -> Normalizers.layerNorm(x, freedVector, vector, 1),
                    () -> Normalizers.layerNorm(x, vector, freedVector, 1),
                    () -> CrossEntropy.softmax(freed, new int[2], 0), () -> CrossEntropy.softmax(x, freed),
                    () -> CrossEntropy.sigmoid(x, freed),
                    () -> stepped(x, freed), () -> averaged(x, freed))) {
                Samples.requireMessage(IllegalStateException.class, action, "float64", "made by full", "freed");
            }
        }
    }
}
