package tessella.reference;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Typed access to a parsed JSON object: every getter refuses a missing name or another type with one sentence. */
public final class Attributes {
    private final String where;
    private final Map<String, Object> values;

    Attributes(String where, Map<String, Object> values) {
        this.where = where;
        this.values = values;
    }

    @SuppressWarnings("unchecked")
    static Attributes parse(String where, String json) {
        if (JsonReader.parse(json) instanceof Map<?, ?> object) {
            return new Attributes(where, (Map<String, Object>) object);
        }
        throw new IllegalArgumentException(where + ": expected a JSON object, found " + json);
    }

    /** The names that are there. */
    public Set<String> names() {
        return values.keySet();
    }

    /** Whether the name is there with a value other than null. */
    public boolean has(String name) {
        return values.get(name) != null;
    }

    /** A whole number. */
    public int integer(String name) {
        return exact(name, get(name, Double.class));
    }

    /** A number. */
    public double real(String name) {
        return get(name, Double.class);
    }

    /** A number, or {@code otherwise} when the name is not there. */
    public double real(String name, double otherwise) {
        return has(name) ? real(name) : otherwise;
    }

    /** A string. */
    public String text(String name) {
        return get(name, String.class);
    }

    /** Whether the name is there and true; a value that is not a truth value is refused. */
    public boolean flag(String name) {
        return has(name) && get(name, Boolean.class);
    }

    /** Whether the value is a number, as opposed to a text that names a rule. */
    public boolean isNumber(String name) {
        return values.get(name) instanceof Double;
    }

    /** A list of whole numbers. */
    public int[] integers(String name) {
        return list(name).stream().mapToInt(value -> exact(name, value)).toArray();
    }

    /** A list of lists of whole numbers. */
    public long[][] integerRows(String name) {
        return list(name).stream().map(row -> ((List<?>) row).stream().mapToLong(value -> exact(name, value)).toArray())
                .toArray(long[][]::new);
    }

    /** A list of numbers. */
    public double[] reals(String name) {
        return list(name).stream().mapToDouble(Double.class::cast).toArray();
    }

    /** A list of lists of numbers. */
    public double[][] realRows(String name) {
        return list(name).stream().map(row -> ((List<?>) row).stream().mapToDouble(Double.class::cast).toArray())
                .toArray(double[][]::new);
    }

    /** A list of objects. */
    @SuppressWarnings("unchecked")
    public List<Attributes> objects(String name) {
        return list(name).stream().map(value -> new Attributes(where + "." + name, (Map<String, Object>) value)).toList();
    }

    /** A list of strings. */
    public List<String> texts(String name) {
        return list(name).stream().map(String.class::cast).toList();
    }

    /** An object. */
    @SuppressWarnings("unchecked")
    public Attributes object(String name) {
        return new Attributes(where + "." + name, get(name, Map.class));
    }

    /** Whether the value is a list. */
    public boolean isList(String name) {
        return values.get(name) instanceof List;
    }

    /** A list of pairs, each as an object with a name and a value, which may be null; none when it is not there. */
    public List<Attributes> pairs(String name) {
        List<Attributes> pairs = new ArrayList<>();
        for (Object pair : has(name) ? list(name) : List.of()) {
            Map<String, Object> object = new HashMap<>();
            object.put("name", ((List<?>) pair).get(0));
            object.put("value", ((List<?>) pair).get(1));
            pairs.add(new Attributes(where + "." + name, object));
        }
        return pairs;
    }

    private List<?> list(String name) {
        return get(name, List.class);
    }

    private int exact(String name, Object value) {
        if (value instanceof Double number && number == Math.rint(number) && Math.abs(number) < 1L << 31) {
            return number.intValue();
        }
        throw new IllegalArgumentException(where + ": " + name + " should hold whole numbers, found " + value);
    }

    private <T> T get(String name, Class<T> type) {
        Object value = values.get(name);
        if (!type.isInstance(value)) {
            throw new IllegalArgumentException(where + ": " + name + " should be a " + type.getSimpleName()
                    + ", found " + value);
        }
        return type.cast(value);
    }
}
