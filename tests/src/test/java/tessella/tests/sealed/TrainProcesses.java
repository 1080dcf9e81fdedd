package tessella.tests.sealed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/**
 * Training runs of equal arguments, each in a process of its own that runs the sealed JAR.
 *
 * @param folder    holds a log a run, of both streams
 * @param arguments what follows {@code train}
 */
record TrainProcesses(Path folder, List<String> arguments) {
    static final String STATE = "state.safetensors";
    static final String METRICS = "metrics.jsonl";
    static final Set<String> RESULTS = Set.of("checkpoint.safetensors", METRICS, "report.html", "run-card.json", "run-card.md");
    private static final Path JAR = Path.of(System.getProperty("tessella.jar"));

    /** Begins a run in a folder that does not exist yet. */
    Process train(Path out, String log) throws IOException {
        List<String> words = new ArrayList<>(arguments);
        words.addAll(List.of("--out", out.toString()));
        return start(List.of(), words, log);
    }

    Process resume(Path out, String log) throws IOException {
        return start(List.of(), List.of("--resume", out.toString()), log);
    }

    /** Begins {@code tessella train} behind the words of another command. */
    Process start(List<String> before, List<String> words, String log) throws IOException {
        List<String> command = new ArrayList<>(before);
        command.addAll(List.of(Child.java(), "-p", JAR.toString(), "-m", "tessella", "train", "--data-root",
                Path.of(System.getProperty("tessella.home"), "models", "data").toAbsolutePath().toString()));
        command.addAll(words);
        return new ProcessBuilder(command).redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.resolve(log + ".log").toFile())).start();
    }

    String log(String name) throws IOException {
        return Files.readString(folder.resolve(name + ".log"));
    }

    void assertEnds(int expected, Process process, String log) throws IOException, InterruptedException {
        assertTrue(process.waitFor(5, TimeUnit.MINUTES), log(log));
        assertEquals(expected, process.exitValue(), log(log));
    }

    /** All files of a run that has ended, and no others. */
    static void assertSameBytes(Path expected, Path found) throws IOException {
        assertEquals(RESULTS, names(found));
        for (String name : RESULTS) {
            assertEquals(-1, Files.mismatch(expected.resolve(name), found.resolve(name)), name);
        }
    }

    /** What is in a folder, hidden files too. */
    static Set<String> names(Path folder) throws IOException {
        Set<String> names = new TreeSet<>();
        try (var entries = Files.list(folder)) {
            entries.forEach(entry -> names.add(entry.getFileName().toString()));
        }
        return names;
    }

    /** The length of a file, 0 if there is none. */
    static long length(Path file) throws IOException {
        return Files.exists(file) ? Files.size(file) : 0;
    }
}
