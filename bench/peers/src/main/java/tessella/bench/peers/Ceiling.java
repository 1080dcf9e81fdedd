package tessella.bench.peers;

import java.io.IOException;
import java.util.List;
import tessella.engine.Roofline;

/**
 * The process that measures what the machine can do: {@code fma THREADS SECONDS}, floating-point operations a second, and
 * {@code copy THREADS BYTES SECONDS}, bytes read and written a second.
 */
public final class Ceiling {
    private Ceiling() {}

    /** No arguments. */
    public static void main(String[] args) throws IOException {
        Answers.serve("ceiling", Ceiling::answer);
    }

    private static String answer(List<String> words) {
        int threads = Integer.parseInt(words.get(1));
        double rate = switch (words.getFirst()) {
            case "fma" -> Roofline.fma(threads, Double.parseDouble(words.get(2)));
            case "copy" -> Roofline.copy(threads, Long.parseLong(words.get(2)), Double.parseDouble(words.get(3)));
            default -> throw new IllegalArgumentException("ceiling: no command " + words.getFirst());
        };
        return Double.toString(rate);
    }
}
