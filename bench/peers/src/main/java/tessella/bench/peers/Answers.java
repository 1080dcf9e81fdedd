package tessella.bench.peers;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** What a child process does: it reads commands from standard input, a line each, and writes one line in answer. */
final class Answers {
    /** Begins an answer; other lines are a library's own. */
    static final String MARK = "= ";
    /** Begins what went wrong. */
    static final String FAILED = "! ";
    /** The last command. */
    static final String END = "end";

    private Answers() {}

    /** Answers a command. */
    interface Service {
        /** The answer to the words of a line. */
        String answer(List<String> words) throws IOException;
    }

    /** Answers until the line "end", or the end of the input, which comes when the driver has died. */
    static void serve(String greeting, Service service) throws IOException {
        PrintStream out = System.out;
        System.setOut(System.err);
        out.println(MARK + greeting);
        out.flush();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null && !line.equals(END); line = in.readLine()) {
            String answer;
            try {
                answer = MARK + service.answer(List.of(line.split(" ")));
            } catch (RuntimeException | Error | IOException e) {
                // whatever went wrong with one piece of work, the next one may go well
                e.printStackTrace();
                answer = MARK + FAILED + e.toString().replaceAll("\\R", " ");
            }
            out.println(answer);
            out.flush();
        }
    }
}
