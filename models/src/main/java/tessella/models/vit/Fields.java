package tessella.models.vit;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import tessella.engine.json.Json;

/** The fields of a JSON object, each of the type that is asked for; what is missing or of another type is refused by its name. */
record Fields(String what, Map<String, Object> json) {
    static Fields of(String what, Object value) {
        return new Fields(what, Json.object(value, what));
    }

    boolean has(String name) {
        return json.containsKey(name);
    }

    Object value(String name) {
        Object value = json.get(name);
        if (value == null) {
            throw new IllegalArgumentException(what + ": expected a field " + name + ", found " + json.keySet());
        }
        return value;
    }

    int integer(String name) {
        long value = Json.integer(value(name), what + " " + name);
        if (value != (int) value) {
            throw new IllegalArgumentException(what + " " + name + ": expected a number below 2^31, found " + value);
        }
        return (int) value;
    }

    double real(String name) {
        return Json.number(value(name), what + " " + name);
    }

    String text(String name) {
        return Json.string(value(name), what + " " + name);
    }

    <E extends Enum<E>> E constant(String name, Class<E> type) {
        String text = text(name);
        for (E constant : type.getEnumConstants()) {
            if (word(constant).equals(text)) {
                return constant;
            }
        }
        throw new IllegalArgumentException(what + " " + name + ": expected one of "
                + Arrays.toString(type.getEnumConstants()).toLowerCase(Locale.ROOT) + ", found \"" + text + "\"");
    }

    static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }
}
