package tessella.engine.json;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonTest {
    @Test
    void readsEveryKindOfValue() {
        Map<String, Object> value = Json.object(Json.parse("""
                 { "z": [1, -2.5e-3, true, false, null], "a": {"nested": {}}, "e": [],
                   "text": "\\u00e9 \\ud83d\\ude00 \\"\\\\\\/\\b\\f\\n\\r\\t \uD83D\uDE00" }
                """), "value");
        assertEquals(List.of("z", "a", "e", "text"), List.copyOf(value.keySet()));
        assertEquals(Arrays.asList(1L, -2.5e-3, true, false, null), value.get("z"));
        assertEquals(Map.of("nested", Map.of()), value.get("a"));
        assertEquals("\u00e9 \uD83D\uDE00 \"\\/\b\f\n\r\t \uD83D\uDE00", value.get("text"));
    }

    @Test
    void keepsIntegersApartFromOtherNumbers() {
        assertEquals(Long.MAX_VALUE, Json.parse("9223372036854775807"));
        assertEquals(Long.MIN_VALUE, Json.parse("-9223372036854775808"));
        assertEquals(1.0, Json.parse("1.0"));
        assertEquals(1.0, Json.parse("1e0"));
        assertEquals(-0.0, Json.parse("-0.0"));
        assertEquals(0L, Json.parse("-0"));
        assertEquals(0.0, Json.parse("1e-999"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
        "~~ | 0 | a value at offset 0, found the end of the text",
        "[1,] | 3 | a value at offset 3, found ']'",
        "[1 2] | 3 | ',' or ']' at offset 3, found '2'",
        "{\"a\" 1} | 5 | ':' after a key at offset 5, found '1'",
        "{\"a\":1,} | 7 | a key in double quotes at offset 7, found '}'",
        "{a:1} | 1 | a key in double quotes at offset 1, found 'a'",
        "{\"a\":1 | 6 | ',' or '}' at offset 6, found the end of the text",
        "1 2 | 2 | the end of the text at offset 2, found '2'",
        "01 | 1 | the end of the text at offset 1, found '1'",
        "-x | 1 | a digit at offset 1, found 'x'",
        "1. | 2 | a digit at offset 2, found the end of the text",
        "1e+ | 3 | a digit at offset 3, found the end of the text",
        "+1 | 0 | a value at offset 0, found '+'",
        "NaN | 0 | a value at offset 0, found 'N'",
        "nul | 0 | null at offset 0, found 'n'",
        "1e999 | 0 | a number within double range, found 1e999 at offset 0",
        "[9223372036854775808] | 1 | an integer of 64 bits, found 9223372036854775808 at offset 1",
        "\"ab | 3 | '\"' to end the string from offset 0, found the end of the text at offset 3",
        "\"\\x\" | 2 | one of \" \\ / b f n r t u after '\\' at offset 2, found 'x'",
        "\"\\u00g0\" | 5 | four hexadecimal digits at offset 5, found 'g'",
        "\"\\ud83d\" | 7 | '\\u' with the low half of a surrogate pair at offset 7, found '\"'",
        "\"\\ud83d\\u0041\" | 9 | the low half of a surrogate pair at offset 9, found '0'",
        "\"\\ude00\" | 3 | a high surrogate before a low one at offset 3, found 'd'",
        "{\"a\":1,\"a\":2} | 7 | distinct keys in an object, found \"a\" again at offset 7",
        "{\"a\":1,\"\\u0061\":2} | 7 | distinct keys in an object, found \"a\" again at offset 7",
        "[1]\u00a0 | 3 | the end of the text at offset 3, found the character U+00A0",
    })
    void refusesWhatIsNotJsonAndSaysWhere(String text, int offset, String message) {
        JsonException e = assertThrows(JsonException.class, () -> Json.parse(text));
        assertEquals("JSON: expected " + message, e.getMessage());
        assertEquals(offset, e.offset());
    }

    @Test
    void refusesRawControlCharactersAndLoneSurrogates() {
        assertMessage("JSON: expected a character or an escape in a string at offset 2, found the character U+000A",
                () -> Json.parse("\"a\nb\""));
        assertMessage("JSON: expected both halves of a surrogate pair at offset 1, found the character U+D83D",
                () -> Json.parse("\"\uD83Dx\""));
        assertMessage("JSON: expected both halves of a surrogate pair at offset 1, found the character U+DE00",
                () -> Json.parse("\"\uDE00\""));
        assertMessage("JSON: expected both halves of a surrogate pair in a string, found U+D83D alone at character 1",
                () -> Json.write("a\uD83D"));
    }

    @Test
    void limitsTheDepthSoThatNoTextOverflowsTheStack() {
        String deepest = "[".repeat(Json.MAX_DEPTH) + "]".repeat(Json.MAX_DEPTH);
        assertEquals(deepest, Json.write(Json.parse(deepest)));
        assertMessage("JSON: expected at most 64 levels of arrays and objects, found more at offset 64",
                () -> Json.parse("[".repeat(1_000_000)));
        List<Object> endless = new ArrayList<>();
        endless.add(endless);
        assertMessage("JSON: expected at most 64 levels of maps and iterables, found more", () -> Json.write(endless));
    }

    @Test
    void readsUtf8BytesOnly() {
        assertEquals("\u00e9\uD83D\uDE00", Json.parse("\"\u00e9\uD83D\uDE00\"".getBytes(StandardCharsets.UTF_8)));
        assertMessage("JSON: expected UTF-8, found byte 0xe9 at byte 1",
                () -> Json.parse(new byte[] {'"', (byte) 0xe9, '"'}));
        assertMessage("JSON: expected UTF-8, found byte 0xc3 at byte 1", 
                () -> Json.parse(new byte[] {'"', (byte) 0xc3}));
    }

    @Test
    void writesCompactAndIndented() {
        Map<String, Object> value = new LinkedHashMap<>();
        value.put("b", List.of(1, 2L, 0.5f, 1e300, -0.0));
        value.put("a\n\u0001\"\\", null);
        value.put("empty", List.of());
        assertEquals("{\"b\":[1,2,0.5,1.0E300,-0.0],\"a\\n\\u0001\\\"\\\\\":null,\"empty\":[]}", Json.write(value));
        assertEquals("""
                {
                  "b": [
                    1,
                    true
                  ],
                  "c": {}
                }""", Json.writeIndented(new TreeMap<>(Map.of("b", List.of(1, true), "c", Map.of()))));
    }

    @Test
    void refusesToWriteWhatJsonCannotHold() {
        assertMessage("JSON: expected a finite number, found NaN", () -> Json.write(List.of(Double.NaN)));
        assertMessage("JSON: expected a finite number, found -Infinity", () -> Json.write(Float.NEGATIVE_INFINITY));
        assertMessage("JSON: expected string keys in an object, found 1", () -> Json.write(Map.of(1, 2)));
        assertMessage("JSON: expected a map, an iterable, a string, a boolean or a number, found an instance of "
                + "java.lang.Object", () -> Json.write(new Object()));
    }

    @Test
    void castsNameTheThingAndWhatWasFound() {
        assertEquals(3.0, Json.number(3L, "x"));
        assertMessage("size: expected an integer, found 1.5", () -> Json.integer(1.5, "size"));
        assertMessage("size: expected a number, found null", () -> Json.number(null, "size"));
        assertMessage("header: expected a JSON object, found an array of 2", 
                () -> Json.object(List.of(1, 2), "header"));
        assertMessage("shape: expected a JSON array, found the string \"x\"", () -> Json.array("x", "shape"));
        assertMessage("dtype: expected a JSON string, found an object of 0", () -> Json.string(Map.of(), "dtype"));
    }

    @Property(tries = 300)
    void whatIsWrittenReadsBackEqual(@ForAll("values") Object value) {
        String compact = Json.write(value);
        assertEquals(value, Json.parse(compact));
        assertEquals(value, Json.parse(Json.writeIndented(value)));
        assertEquals(value, Json.parse(compact.getBytes(StandardCharsets.UTF_8)));
        assertArrayEquals(compact.toCharArray(), Json.write(Json.parse(compact)).toCharArray());
    }

    @Property(tries = 300)
    void aChangedTextIsReadOrRefusedButNeverCrashes(@ForAll("values") Object value, @ForAll int where,
            @ForAll char replacement) {
        StringBuilder text = new StringBuilder(Json.write(value));
        text.setCharAt(Math.floorMod(where, text.length()), replacement);
        try {
            Json.parse(text.toString());
        } catch (JsonException e) {
            assertTrue(e.offset() >= 0 && e.offset() <= text.length(), e.getMessage());
        }
    }

    @Provide
    Arbitrary<Object> values() {
        Arbitrary<String> strings = Arbitraries.strings().all().ofMaxLength(12)
                .map(s -> new String(s.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8)); // no lone surrogates
        Arbitrary<Object> leaves = Arbitraries.oneOf(strings, Arbitraries.longs(),
                Arbitraries.of(true, false), Arbitraries.doubles(), Arbitraries.of(Double.MIN_VALUE, -0.0));
        return nested(strings, nested(strings, nested(strings, leaves)));
    }

    private static Arbitrary<Object> nested(Arbitrary<String> keys, Arbitrary<Object> values) {
        return Arbitraries.oneOf(values, values.list().ofMaxSize(4),
                Arbitraries.maps(keys, values).ofMaxSize(4)).map(value -> value);
    }

    private static void assertMessage(String message, Executable action) {
        assertEquals(message, assertThrows(JsonException.class, action).getMessage());
    }
}
