package tessella.bench.peers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** The comparison, from the command line: figures to standard output and to a file, progress to standard error. */
public final class Compare {
    private Compare() {}

    /** As the usage says. */
    public static void main(String[] args) throws IOException {
        Options options;
        try {
            options = Options.parse(args);
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.err.print(Options.USAGE);
            System.exit(2);
            return;
        }
        System.out.print(run(options).table());
    }

    /** Compares, and writes the JSON after each piece of work: a run that is stopped has written what it measured. */
    static Report run(Options options) throws IOException {
        try (Comparison comparison = new Comparison(options, System.err)) {
            Report report = new Report(options, comparison.versions(), commit());
            comparison.run(measured -> {
                report.add(measured);
                options.json().ifPresent(file -> {
                    try {
                        report.write(file);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
            });
            return report;
        }
    }

    /** What git calls this state of the sources, "-dirty" if something is not committed. */
    private static String commit() {
        try {
            Process git = new ProcessBuilder("git", "-C", System.getProperty("tessella.home", "."), "describe", "--always", "--dirty",
                    "--abbrev=12", "--exclude=*").redirectError(ProcessBuilder.Redirect.DISCARD).start();
            String text = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            return text.isEmpty() ? "no commit" : text;
        } catch (IOException e) {
            return "no commit";
        }
    }
}
