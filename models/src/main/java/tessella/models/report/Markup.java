package tessella.models.report;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Set;

/**
 * Writes HTML and SVG that is well-formed XML too: every element is closed, every text and attribute escaped. The only
 * way around the escaping is {@link #style}, for a text of our own.
 */
final class Markup {
    private static final Set<String> VOID = Set.of("meta", "img", "path", "line", "rect", "circle", "image", "stop", "use");

    private final StringBuilder out = new StringBuilder();
    private final Deque<String> open = new ArrayDeque<>();

    /** Begins an element; attributes are names and values in turn. */
    Markup open(String tag, Object... attributes) {
        start(tag, attributes);
        out.append('>');
        open.push(tag);
        return this;
    }

    /** Ends the innermost element. */
    Markup close() {
        out.append("</").append(open.pop()).append('>');
        return this;
    }

    /** An element that can hold nothing: HTML parsers take any other that ends in {@code />} for an open one. */
    Markup empty(String tag, Object... attributes) {
        if (!VOID.contains(tag)) {
            throw new IllegalArgumentException("markup: expected one of %s, found %s".formatted(VOID, tag));
        }
        start(tag, attributes);
        out.append("/>");
        return this;
    }

    /** An element that holds a text. */
    Markup element(String tag, String text, Object... attributes) {
        return open(tag, attributes).text(text).close();
    }

    /** A text. */
    Markup text(String text) {
        escape(text);
        return this;
    }

    /** A line feed, to keep the source readable. */
    Markup line() {
        out.append('\n');
        return this;
    }

    /** The style sheet, as it is; it must not hold the characters that mean something in markup. */
    Markup style(String css) {
        if (css.indexOf('<') >= 0 || css.indexOf('&') >= 0) {
            throw new IllegalArgumentException("style sheet: expected no < and no &");
        }
        out.append("<style>").append(css).append("</style>");
        return this;
    }

    String finish() {
        if (!open.isEmpty()) {
            throw new IllegalStateException("markup: expected all elements to be closed, found open " + open);
        }
        return out.toString();
    }

    private void start(String tag, Object... attributes) {
        out.append('<').append(tag);
        for (int i = 0; i < attributes.length; i += 2) {
            out.append(' ').append(attributes[i]).append("=\"");
            escape(attributes[i + 1].toString());
            out.append('"');
        }
    }

    private void escape(String text) {
        text.codePoints().forEach(c -> {
            switch (c) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&quot;");
                case '\'' -> out.append("&#39;");
                case '\n' -> out.append("&#10;"); // kept in attributes, where titles have lines
                default -> out.appendCodePoint(allowed(c) ? c : 0xfffd);
            }
        });
    }

    /** Whether XML, and with it HTML, can hold the character at all. */
    private static boolean allowed(int c) {
        return c == '\t' || c >= 0x20 && c < 0x7f || c >= 0xa0 && c < 0xd800 || c >= 0xe000 && c < 0xfffe
                || c >= 0x10000;
    }
}
