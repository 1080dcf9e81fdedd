package tessella.kernels;

import java.lang.reflect.Array;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The kernels of one element type, called by name, so that one test serves both expansions of a template. */
enum Type {
    FLOAT("Float", 4, 0x1p-24, Float.MIN_NORMAL),
    DOUBLE("Double", 8, 0x1p-53, Double.MIN_NORMAL);

    private static final Map<String, Method> METHODS = new ConcurrentHashMap<>();

    private final String prefix;
    final int bytes;
    /** Largest relative error of one rounding. */
    final double unit;
    final double minNormal;

    Type(String prefix, int bytes, double unit, double minNormal) {
        this.prefix = prefix;
        this.bytes = bytes;
        this.unit = unit;
        this.minNormal = minNormal;
    }

    Class<?> family(String name) {
        try {
            // of float32 alone, so without its name
            return Class.forName("tessella.kernels." + (name.equals("HalfGemm") ? "" : prefix) + name);
        } catch (ClassNotFoundException e) {
            throw new AssertionError(e);
        }
    }

    /** A static int of a family, such as VL or KC. */
    int constant(String family, String name) {
        try {
            var field = family(family).getDeclaredField(name);
            field.setAccessible(true);
            return field.getInt(null);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }

    int lanes() {
        return constant("Pointwise", "VL");
    }

    Object heap(int length) {
        return Array.newInstance(this == FLOAT ? float.class : double.class, length);
    }

    Object heapA() {
        return heap(constant("Gemm", "A_SCRATCH"));
    }

    Object heapC() {
        return heap(constant("Gemm", "C_SCRATCH"));
    }

    double rounded(double x) {
        return this == FLOAT ? (float) x : x;
    }

    /** The distance from |x| to the next larger number of this type. */
    double ulp(double x) {
        return this == FLOAT ? Math.ulp((float) x) : Math.ulp(x);
    }

    /** Calls a kernel; a {@link Buffer} stands for segment and offset, numbers take the type of their parameter. */
    Object call(String family, String name, Object... arguments) {
        List<Object> flat = new ArrayList<>();
        for (Object argument : arguments) {
            if (argument instanceof Buffer buffer) {
                flat.add(buffer.segment);
                flat.add(buffer.offset);
            } else {
                flat.add(argument);
            }
        }
        Method method = METHODS.computeIfAbsent(prefix + family + '.' + name + '/' + flat.size(),
                key -> find(family, name, flat.size()));
        Class<?>[] types = method.getParameterTypes();
        for (int i = 0; i < types.length; i++) {
            flat.set(i, convert(flat.get(i), types[i]));
        }
        try {
            return method.invoke(null, flat.toArray());
        } catch (InvocationTargetException e) {
            switch (e.getCause()) {
                case RuntimeException cause -> throw cause;
                case Error cause -> throw cause;
                default -> throw new AssertionError(e);
            }
        } catch (IllegalAccessException e) {
            throw new AssertionError(e);
        }
    }

    private Method find(String family, String name, int parameters) {
        Method found = null;
        for (Method method : family(family).getDeclaredMethods()) {
            if (method.getName().equals(name) && method.getParameterCount() == parameters
                    && !Modifier.isPrivate(method.getModifiers())) {
                if (found != null) {
                    throw new AssertionError("two methods " + name + " of " + parameters + " parameters");
                }
                found = method;
            }
        }
        if (found == null) {
            throw new AssertionError("no method " + name + " of " + parameters + " parameters in " + prefix + family);
        }
        return found;
    }

    private static Object convert(Object value, Class<?> type) {
        if (!(value instanceof Number number)) {
            return value;
        }
        return switch (type.getName()) {
            case "int" -> number.intValue();
            case "long" -> number.longValue();
            case "float" -> number.floatValue();
            case "double" -> number.doubleValue();
            default -> throw new AssertionError("a number for a parameter of type " + type);
        };
    }
}
