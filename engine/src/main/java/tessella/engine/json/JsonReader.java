package tessella.engine.json;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Recursive descent over one text. The depth limit bounds the Java stack whatever the text holds. */
final class JsonReader {
    private static final int END = -1;

    private final String text;
    private int at;
    private int depth;

    JsonReader(String text) {
        this.text = text;
    }

    Object document() {
        Object value = value();
        if (peek() != END) {
            throw expected("the end of the text");
        }
        return value;
    }

    private Object value() {
        return switch (peek()) {
            case '{' -> object();
            case '[' -> array();
            case '"' -> string();
            case 't' -> literal("true", Boolean.TRUE);
            case 'f' -> literal("false", Boolean.FALSE);
            case 'n' -> literal("null", null);
            case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9' -> number();
            default -> throw expected("a value");
        };
    }

    private Map<String, Object> object() {
        Map<String, Object> entries = new LinkedHashMap<>();
        enter();
        if (peek() != '}') {
            do {
                if (peek() != '"') {
                    throw expected("a key in double quotes");
                }
                int start = at;
                String key = string();
                if (entries.containsKey(key)) {
                    throw new JsonException(start,
                            "JSON: expected distinct keys in an object, found \"%s\" again at offset %d"
                                    .formatted(key, start));
                }
                require(':', "':' after a key");
                entries.put(key, value());
            } while (next(','));
        }
        require('}', "',' or '}'");
        depth--;
        return Collections.unmodifiableMap(entries);
    }

    private List<Object> array() {
        List<Object> items = new ArrayList<>();
        enter();
        if (peek() != ']') {
            do {
                items.add(value());
            } while (next(','));
        }
        require(']', "',' or ']'");
        depth--;
        return Collections.unmodifiableList(items);
    }

    private void enter() {
        if (++depth > Json.MAX_DEPTH) {
            throw new JsonException(at,
                    "JSON: expected at most %d levels of arrays and objects, found more at offset %d"
                            .formatted(Json.MAX_DEPTH, at));
        }
        at++;
    }

    private Object literal(String word, Object value) {
        if (!text.startsWith(word, at)) {
            throw expected(word);
        }
        at += word.length();
        return value;
    }

    private Object number() {
        int start = at;
        if (text.charAt(at) == '-') {
            at++;
        }
        if (current() == '0') {
            at++;
        } else {
            digits();
        }
        boolean integer = true;
        if (current() == '.') {
            integer = false;
            at++;
            digits();
        }
        if (current() == 'e' || current() == 'E') {
            integer = false;
            at++;
            if (current() == '+' || current() == '-') {
                at++;
            }
            digits();
        }
        String token = text.substring(start, at);
        return integer ? parseLong(token, start) : parseDouble(token, start);
    }

    private void digits() {
        if (current() < '0' || current() > '9') {
            throw expected("a digit");
        }
        while (current() >= '0' && current() <= '9') {
            at++;
        }
    }

    private static Object parseLong(String token, int start) {
        try {
            return Long.valueOf(token);
        } catch (NumberFormatException e) {
            // a silently rounded byte offset would be worse than no answer
            throw new JsonException(start, "JSON: expected an integer of 64 bits, found %s at offset %d"
                    .formatted(shortened(token), start));
        }
    }

    private static Object parseDouble(String token, int start) {
        Double number = Double.valueOf(token);
        if (number.isInfinite()) {
            throw new JsonException(start, "JSON: expected a number within double range, found %s at offset %d"
                    .formatted(shortened(token), start));
        }
        return number;
    }

    private static String shortened(String token) {
        return token.length() <= 40 ? token : token.substring(0, 40) + "...";
    }

    private String string() {
        int start = at++;
        StringBuilder result = null; // most strings have no escape and are a substring
        int copied = at;
        while (true) {
            int c = current();
            if (c == '"') {
                String tail = text.substring(copied, at++);
                return result == null ? tail : result.append(tail).toString();
            } else if (c == END) {
                throw new JsonException(at, "JSON: expected '\"' to end the string from offset %d, found the end of "
                        .formatted(start) + "the text at offset " + at);
            } else if (c < ' ') {
                throw expected("a character or an escape in a string");
            } else if (c == '\\') {
                result = (result == null ? new StringBuilder() : result).append(text, copied, at);
                escape(result);
                copied = at;
            } else if (Character.isSurrogate((char) c)) {
                if (!Character.isHighSurrogate((char) c) || at + 1 == text.length()
                        || !Character.isLowSurrogate(text.charAt(at + 1))) {
                    throw expected("both halves of a surrogate pair");
                }
                at += 2;
            } else {
                at++;
            }
        }
    }

    private void escape(StringBuilder out) {
        at++;
        char plain = switch (current()) {
            case '"' -> '"';
            case '\\' -> '\\';
            case '/' -> '/';
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> 0;
            default -> throw expected("one of \" \\ / b f n r t u after '\\'");
        };
        at++;
        if (plain != 0) {
            out.append(plain);
            return;
        }
        char first = hex();
        out.append(first);
        if (Character.isLowSurrogate(first)) {
            at -= 4;
            throw expected("a high surrogate before a low one");
        }
        if (Character.isHighSurrogate(first)) {
            if (!text.startsWith("\\u", at)) {
                throw expected("'\\u' with the low half of a surrogate pair");
            }
            at += 2;
            char second = hex();
            if (!Character.isLowSurrogate(second)) {
                at -= 4;
                throw expected("the low half of a surrogate pair");
            }
            out.append(second);
        }
    }

    private char hex() {
        int value = 0;
        for (int i = 0; i < 4; i++) {
            int c = current();
            int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
            if (digit < 0) {
                throw expected("four hexadecimal digits");
            }
            value = value << 4 | digit;
            at++;
        }
        return (char) value;
    }

    private boolean next(char c) {
        if (peek() != c) {
            return false;
        }
        at++;
        return true;
    }

    private void require(char c, String what) {
        if (!next(c)) {
            throw expected(what);
        }
    }

    /** The next character that is not white space, not consumed. */
    private int peek() {
        while (at < text.length() && " \t\n\r".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
        return current();
    }

    private int current() {
        return at < text.length() ? text.charAt(at) : END;
    }

    private JsonException expected(String what) {
        int c = current();
        String found = c == END ? "the end of the text" : c > ' ' && c < 0x7f ? "'" + (char) c + "'"
                : "the character U+%04X".formatted(c);
        return new JsonException(at, "JSON: expected %s at offset %d, found %s".formatted(what, at, found));
    }
}
