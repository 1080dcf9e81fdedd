package tessella.engine.json;

import java.util.Iterator;
import java.util.Map;

/** Appends one value to one text, compact with an indent of 0. */
final class JsonWriter {
    private final StringBuilder out = new StringBuilder();
    private final int indent;
    private int depth;

    JsonWriter(int indent) {
        this.indent = indent;
    }

    String document(Object value) {
        value(value);
        return out.toString();
    }

    private void value(Object value) {
        switch (value) {
            case null -> out.append("null");
            case String string -> string(string);
            case Boolean bool -> out.append(bool.booleanValue());
            case Double number -> finite(number, number.isNaN() || number.isInfinite());
            case Float number -> finite(number, number.isNaN() || number.isInfinite());
            case Long number -> out.append(number.longValue());
            case Integer number -> out.append(number.intValue());
            case Short number -> out.append(number.shortValue());
            case Byte number -> out.append(number.byteValue());
            case Map<?, ?> map -> object(map);
            case Iterable<?> items -> array(items.iterator());
            default -> throw new JsonException(-1, "JSON: expected a map, an iterable, a string, a boolean or a "
                    + "number, found an instance of " + value.getClass().getName());
        }
    }

    private void finite(Number number, boolean refused) {
        if (refused) {
            throw new JsonException(-1, "JSON: expected a finite number, found " + number);
        }
        out.append(number);
    }

    private void object(Map<?, ?> map) {
        open('{');
        boolean first = true;
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            if (!(entry.getKey() instanceof String key)) {
                throw new JsonException(-1, "JSON: expected string keys in an object, found " + entry.getKey());
            }
            separate(first);
            first = false;
            string(key);
            out.append(indent == 0 ? ":" : ": ");
            value(entry.getValue());
        }
        close('}', first);
    }

    private void array(Iterator<?> items) {
        open('[');
        boolean first = true;
        while (items.hasNext()) {
            separate(first);
            first = false;
            value(items.next());
        }
        close(']', first);
    }

    private void open(char bracket) {
        if (++depth > Json.MAX_DEPTH) { // also what ends a map that contains itself
            throw new JsonException(-1, "JSON: expected at most %d levels of maps and iterables, found more"
                    .formatted(Json.MAX_DEPTH));
        }
        out.append(bracket);
    }

    private void separate(boolean first) {
        if (!first) {
            out.append(',');
        }
        newLine();
    }

    private void close(char bracket, boolean empty) {
        depth--;
        if (!empty) {
            newLine();
        }
        out.append(bracket);
    }

    private void newLine() {
        if (indent > 0) {
            out.append('\n').repeat(' ', indent * depth);
        }
    }

    private void string(String string) {
        out.append('"');
        for (int i = 0; i < string.length(); i++) {
            char c = string.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\b' -> out.append("\\b");
                case '\f' -> out.append("\\f");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (c < ' ') {
                        out.append("\\u%04x".formatted((int) c));
                    } else if (!Character.isSurrogate(c)) {
                        out.append(c);
                    } else if (Character.isHighSurrogate(c) && i + 1 < string.length()
                            && Character.isLowSurrogate(string.charAt(i + 1))) {
                        out.append(c).append(string.charAt(++i));
                    } else {
                        throw new JsonException(-1, "JSON: expected both halves of a surrogate pair in a string, found "
                                + "U+%04X alone at character %d".formatted((int) c, i));
                    }
                }
            }
        }
        out.append('"');
    }
}
