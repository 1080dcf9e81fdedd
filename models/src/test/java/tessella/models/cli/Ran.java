package tessella.models.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * What a command gave that was run as a user types it, in this process.
 *
 * @param code the exit code
 * @param out  what it printed
 * @param err  what it said of errors
 */
record Ran(int code, String out, String err) {
    /** A program on two streams, which returns its exit code. */
    interface Call {
        int run(PrintStream out, PrintStream err);
    }

    /** Runs tessella with these words. */
    static Ran of(String... words) {
        return of((out, err) -> Main.run(words, out, err));
    }

    /** Runs tessella with these words. */
    static Ran of(List<String> words) {
        return of(words.toArray(String[]::new));
    }

    static Ran of(Call call) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code = call.run(new PrintStream(out, true, StandardCharsets.UTF_8), new PrintStream(err, true, StandardCharsets.UTF_8));
        return new Ran(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    List<String> lines() {
        return out.lines().toList();
    }

    /** The lines that start so, which are one. */
    String line(String start) {
        List<String> found = out.lines().filter(line -> line.startsWith(start)).toList();
        assertEquals(1, found.size(), out);
        return found.getFirst();
    }

    /** The number after a label at the start of a line, which is one. */
    String number(String label) {
        return line(label + " ").substring(label.length() + 1).split(" ")[0];
    }
}
