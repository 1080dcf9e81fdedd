package tessella.engine.io;

import java.io.IOException;

/**
 * A tensor file that is not what it should be; the message is one sentence: file, tensor, expected, found.
 *
 * <p>The sentence may quote the file, so whoever made the file must not shape the log: characters that break or hide a
 * line appear as escapes, and a sentence of more than 2,000 characters loses its middle.
 */
public final class TensorFileException extends IOException {
    private static final long serialVersionUID = 1L;
    private static final int HEAD = 1_400;
    private static final int TAIL = 595;

    /** An error with its message. */
    public TensorFileException(String message) {
        super(line(message));
    }

    /** An error with its message, and what went wrong below. */
    public TensorFileException(String message, Throwable cause) {
        super(line(message), cause);
    }

    /** Without what breaks or hides a line, and not endless. */
    static String line(String message) {
        StringBuilder out = new StringBuilder(message.length());
        for (int i = 0; i < message.length(); i++) {
            char c = message.charAt(i);
            switch (Character.getType(c)) {
                case Character.CONTROL, Character.FORMAT, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR ->
                    out.append("\\u%04x".formatted((int) c));
                default -> out.append(c);
            }
        }
        if (out.length() > HEAD + TAIL) {
            out.replace(HEAD, out.length() - TAIL, " ... ");
        }
        return out.toString();
    }
}
