package tessella.engine.io;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The dictionary in the header of an npy file: a Python literal of the keys descr (a string), fortran_order (True or
 * False) and shape (a tuple of integers), each once, in any order. Nothing else that Python could read is taken.
 */
final class NpyDictionary {
    private static final Set<String> KEYS = Set.of("descr", "fortran_order", "shape");
    private static final char END = '\0';

    private final Source source;
    private final String text;
    private int at;

    private String descr;
    private StoredArray.Order order;
    private List<Long> dims;

    private NpyDictionary(Source source, String text) {
        this.source = source;
        this.text = text;
    }

    /**
     * Reads the text of a dictionary.
     *
     * @throws TensorFileException of the source, if it is anything else
     */
    static NpyDictionary parse(Source source, String text) throws TensorFileException {
        NpyDictionary dictionary = new NpyDictionary(source, text);
        dictionary.document();
        return dictionary;
    }

    /** The type of the elements, in NumPy's words. */
    String descr() {
        return descr;
    }

    StoredArray.Order order() {
        return order;
    }

    long[] dims() {
        return dims.stream().mapToLong(Long::longValue).toArray();
    }

    private void document() throws TensorFileException {
        Set<String> found = new HashSet<>();
        require('{', "a header that starts with '{'");
        while (peek() != '}') {
            String key = string("a key in quotes");
            if (!KEYS.contains(key)) {
                throw source.wrong("expected the keys descr, fortran_order and shape in the header, found " + key);
            }
            if (!found.add(key)) {
                throw source.wrong("expected each key of the header once, found " + key + " twice");
            }
            require(':', "':' after a key");
            switch (key) {
                case "descr" -> descr = type();
                case "fortran_order" -> order = truth() ? StoredArray.Order.COLUMN_MAJOR : StoredArray.Order.ROW_MAJOR;
                default -> dims = tuple();
            }
            if (!next(',')) {
                break;
            }
        }
        require('}', "',' or '}'");
        if (peek() != END || at < text.length()) {
            throw expected("spaces up to the end");
        }
        if (found.size() != KEYS.size()) {
            throw source.wrong("expected the keys descr, fortran_order and shape in the header, found " + found.size()
                    + " of them");
        }
    }

    private String type() throws TensorFileException {
        if (peek() == '[') {
            throw source.wrong("expected elements of one type, found a structured type; save each field as an array");
        }
        return string("a type in quotes");
    }

    private boolean truth() throws TensorFileException {
        peek();
        for (String word : List.of("True", "False")) {
            if (text.startsWith(word, at)) {
                at += word.length();
                return word.equals("True");
            }
        }
        throw expected("True or False");
    }

    private List<Long> tuple() throws TensorFileException {
        List<Long> items = new ArrayList<>();
        require('(', "a shape in parentheses");
        while (peek() != ')') {
            items.add(integer());
            if (!next(',')) {
                if (items.size() == 1) {
                    throw expected("',' after the only extent");
                }
                break;
            }
        }
        require(')', "',' or ')' after an extent");
        return items;
    }

    private long integer() throws TensorFileException {
        int start = at;
        if (current() == '-') {
            at++;
        }
        int digits = at;
        while (current() >= '0' && current() <= '9') {
            at++;
        }
        if (at == digits) {
            throw expected("an integer");
        }
        String token = text.substring(start, at);
        if (current() == 'L') {
            at++; // Python 2 wrote it after long integers
        }
        try {
            return Long.parseLong(token);
        } catch (NumberFormatException e) {
            throw source.wrong("expected extents of 64 bits in the header, found " + token);
        }
    }

    private String string(String what) throws TensorFileException {
        char quote = peek();
        if (quote != '\'' && quote != '"') {
            throw expected(what);
        }
        int start = ++at;
        while (current() != quote) {
            if (at == text.length() || current() == '\\' || Character.isISOControl(current())) {
                throw expected("a string without escapes");
            }
            at++;
        }
        return text.substring(start, at++);
    }

    private void require(char c, String what) throws TensorFileException {
        if (!next(c)) {
            throw expected(what);
        }
    }

    private boolean next(char c) {
        if (peek() != c) {
            return false;
        }
        at++;
        return true;
    }

    /** The next character that is not white space, not consumed. */
    private char peek() {
        while (at < text.length() && " \t\n\r".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
        return current();
    }

    private char current() {
        return at < text.length() ? text.charAt(at) : END;
    }

    private TensorFileException expected(String what) {
        String found = at < text.length() ? "'" + text.charAt(at) + "'" : "its end";
        return source.wrong("expected " + what + " at character " + at + " of the header, found " + found);
    }
}
