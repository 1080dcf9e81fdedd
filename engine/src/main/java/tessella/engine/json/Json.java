package tessella.engine.json;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * Reads and writes JSON, strictly.
 *
 * <p>The value model is plain Java: an object is a {@code Map<String, Object>} in the order of the text, an array a
 * {@code List<Object>}, a string a {@code String}, an integer literal a {@code Long}, any other number a
 * {@code Double}, and {@code true}, {@code false}, {@code null} are {@code Boolean} and {@code null}. Whatever
 * {@link #parse(String)} returns is unmodifiable, and {@link #write(Object)} turns it back into equal values.
 *
 * <p>Stateless, hence safe for any number of threads.
 */
public final class Json {
    /** The deepest nesting of arrays and objects that is read or written. */
    public static final int MAX_DEPTH = 64;

    private Json() {
    }

    /**
     * Reads one JSON value that fills the whole text.
     *
     * <p>Refused, besides what RFC 8259 refuses: a key twice in one object, more than {@link #MAX_DEPTH} levels,
     * an integer outside of {@code long}, a number beyond the range of {@code double}, and half of a surrogate pair.
     *
     * @param text the text
     * @return the value, see the class comment
     * @throws JsonException naming the offset, what was expected and what was found
     */
    public static Object parse(String text) {
        return new JsonReader(text).document();
    }

    /**
     * Reads one JSON value from UTF-8 bytes, as {@link #parse(String)} does.
     *
     * @param utf8 the bytes; a byte order mark is not allowed
     * @return the value
     * @throws JsonException where the bytes are not UTF-8 or the text is not JSON
     */
    public static Object parse(byte[] utf8) {
        ByteBuffer bytes = ByteBuffer.wrap(utf8);
        CharBuffer chars = CharBuffer.allocate(utf8.length);
        CoderResult result = StandardCharsets.UTF_8.newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT)
                .decode(bytes, chars, true);
        if (result.isError()) {
            throw new JsonException(bytes.position(), "JSON: expected UTF-8, found byte 0x%02x at byte %d".formatted(
                    bytes.get(bytes.position()), bytes.position()));
        }
        return parse(chars.flip().toString());
    }

    /**
     * Writes a value as JSON without any white space.
     *
     * @param value a {@code Map} with string keys (its order is kept), {@code Iterable}, {@code String},
     *              {@code Boolean}, {@code null}, or a {@code Byte}, {@code Short}, {@code Integer}, {@code Long},
     *              {@code Float} or {@code Double}
     * @return the text; floating-point numbers in the shortest form that reads back as the same number
     * @throws JsonException for NaN, infinities, half of a surrogate pair, other types, and more than
     *                       {@link #MAX_DEPTH} levels
     */
    public static String write(Object value) {
        return new JsonWriter(0).document(value);
    }

    /**
     * Writes a value as JSON for people: two spaces an indent, a line per entry, no line break at the end.
     *
     * @param value as in {@link #write(Object)}
     * @return the text
     * @throws JsonException as in {@link #write(Object)}
     */
    public static String writeIndented(Object value) {
        return new JsonWriter(2).document(value);
    }

    /**
     * Casts a value to an object.
     *
     * @param value a value from {@link #parse(String)}
     * @param what  what the object is, for the message: {@code "the header of x.safetensors"}
     * @return the same value
     * @throws JsonException if it is anything else
     */
    @SuppressWarnings("unchecked") // every map this package makes has string keys
    public static Map<String, Object> object(Object value, String what) {
        if (value instanceof Map<?, ?> map) {
            return (Map<String, Object>) map;
        }
        throw unexpected(what, "a JSON object", value);
    }

    /**
     * Casts a value to an array.
     *
     * @param value a value from {@link #parse(String)}
     * @param what  what the array is, for the message
     * @return the same value
     * @throws JsonException if it is anything else
     */
    @SuppressWarnings("unchecked") // a list of anything is a list of objects to a reader
    public static List<Object> array(Object value, String what) {
        if (value instanceof List<?> list) {
            return (List<Object>) list;
        }
        throw unexpected(what, "a JSON array", value);
    }

    /**
     * Casts a value to a string.
     *
     * @param value a value from {@link #parse(String)}
     * @param what  what the string is, for the message
     * @return the same value
     * @throws JsonException if it is anything else
     */
    public static String string(Object value, String what) {
        if (value instanceof String string) {
            return string;
        }
        throw unexpected(what, "a JSON string", value);
    }

    /**
     * Casts a value to an integer.
     *
     * @param value a value from {@link #parse(String)}
     * @param what  what the number is, for the message
     * @return the number
     * @throws JsonException if it is anything else, {@code 1.0} included
     */
    public static long integer(Object value, String what) {
        if (value instanceof Long number) {
            return number;
        }
        throw unexpected(what, "an integer", value);
    }

    /**
     * Casts a value to a number.
     *
     * @param value a value from {@link #parse(String)}
     * @param what  what the number is, for the message
     * @return the number, an integer literal rounded to the nearest double
     * @throws JsonException if it is anything else
     */
    public static double number(Object value, String what) {
        return switch (value) {
            case Long number -> number;
            case Double number -> number;
            case null, default -> throw unexpected(what, "a number", value);
        };
    }

    private static JsonException unexpected(String what, String expected, Object found) {
        return new JsonException(-1, "%s: expected %s, found %s".formatted(what, expected, describe(found)));
    }

    private static String describe(Object value) {
        return switch (value) {
            case null -> "null";
            case Map<?, ?> map -> "an object of " + map.size();
            case List<?> list -> "an array of " + list.size();
            case String string when string.length() > 40 -> "a string of " + string.length() + " characters";
            case String string -> "the string \"" + string + "\"";
            default -> value.toString();
        };
    }
}
