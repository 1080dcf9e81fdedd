package tessella.tests.sealed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training runs that are interrupted or killed at any moment go on, and leave the bytes of one that was not. */
class KilledRunTest {
    private static final Path JAR = Path.of(System.getProperty("tessella.jar"));
    private static final List<String> TRAIN = List.of("--model", "vit-tiny", "--data", "digits", "--epochs", "60", "--limit", "64",
            "--batch", "16", "--threads", "1");
    private static final List<String> FILES = List.of("checkpoint.safetensors", "metrics.jsonl", "report.html", "run-card.json");
    /** In the long suite a hundred. */
    private static final int KILLS = Boolean.getBoolean("tessella.long") ? 100 : 3;
    private static final int PER_RUN = 3;

    @TempDir
    private static Path folder;
    private static Path whole;
    /** How long the undisturbed run took, which only decides when others are disturbed. */
    private static long millis;

    @BeforeAll
    static void trainsWithoutInterruption() throws Exception {
        whole = folder.resolve("whole");
        long start = System.nanoTime();
        Process process = train(whole, "whole");
        assertTrue(process.waitFor(5, TimeUnit.MINUTES));
        assertEquals(0, process.exitValue(), log("whole"));
        millis = (System.nanoTime() - start) / 1_000_000;
        assertFalse(Files.exists(whole.resolve("state.safetensors")), "a run that has ended needs no state");
    }

    private static Process train(Path out, String log) throws IOException {
        List<String> words = new ArrayList<>(TRAIN);
        words.addAll(List.of("--out", out.toString()));
        return start(words, log);
    }

    private static Process resume(Path out, String log) throws IOException {
        return start(List.of("--resume", out.toString()), log);
    }

    private static Process start(List<String> words, String log) throws IOException {
        List<String> command = new ArrayList<>(List.of(Child.java(), "-p", JAR.toString(), "-m", "tessella", "train",
                "--data-root", Path.of(System.getProperty("tessella.home"), "models", "data").toAbsolutePath().toString()));
        command.addAll(words);
        return new ProcessBuilder(command).redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.resolve(log + ".log").toFile())).start();
    }

    private static String log(String name) throws IOException {
        return Files.readString(folder.resolve(name + ".log"));
    }

    private static void assertSameBytes(Path out) throws IOException {
        for (String name : FILES) {
            assertEquals(-1, Files.mismatch(whole.resolve(name), out.resolve(name)), name);
        }
        assertFalse(Files.exists(out.resolve("state.safetensors")));
    }

    @Test
    void anInterruptedRunEndsItsStepSaysHowToGoOnAndGoesOn() throws Exception {
        Path out = folder.resolve("interrupted");
        Process process = train(out, "interrupted");
        // after the first epoch, wherever it is then
        while (!Files.exists(out.resolve("state.safetensors")) && process.isAlive()) {
            Thread.sleep(10);
        }
        process.destroy(); // the signal that Ctrl-C and the system send
        assertTrue(process.waitFor(2, TimeUnit.MINUTES));
        String said = log("interrupted");
        if (process.exitValue() != 0) {
            assertTrue(said.contains("stopped after step ") && said.contains("go on with: tessella train --resume " + out), said);
            assertFalse(Files.exists(out.resolve("checkpoint.safetensors")));
            Process again = resume(out, "interrupted");
            assertTrue(again.waitFor(5, TimeUnit.MINUTES));
            assertEquals(0, again.exitValue(), log("interrupted"));
            assertTrue(log("interrupted").contains("goes on after step "), log("interrupted"));
        }
        assertSameBytes(out);
    }

    @Test
    void aRunThatIsKilledAtAnyMomentGoesOnFromItsLastState() throws Exception {
        SplittableRandom random = new SplittableRandom(11);
        int kills = 0;
        for (int run = 0; kills < KILLS && run < 4 * KILLS; run++) {
            Path out = folder.resolve("killed" + run);
            String log = "killed" + run;
            Process process = train(out, log);
            // a few kills a run: one that is killed again and again before its first epoch would never end
            for (int kill = 0; kill < PER_RUN && kills < KILLS; kill++) {
                if (process.waitFor(millis / 8 + random.nextLong(Math.max(1, millis)), TimeUnit.MILLISECONDS)) {
                    break;
                }
                process.destroyForcibly();
                process.waitFor();
                kills++;
                process = Files.exists(out.resolve("state.safetensors")) ? resume(out, log)
                        : train(out = folder.resolve("killed" + run + "-" + kills), log);
            }
            assertTrue(process.waitFor(5, TimeUnit.MINUTES), log(log));
            assertEquals(0, process.exitValue(), log(log));
            assertSameBytes(out);
        }
        assertEquals(KILLS, kills);
    }

    @Test
    void whatIsNoStoppedRunIsRefused() throws Exception {
        Process process = resume(whole, "refused");
        assertTrue(process.waitFor(2, TimeUnit.MINUTES));
        assertEquals(1, process.exitValue());
        assertTrue(log("refused").contains("expected the folder of a run that was stopped") && log("refused").contains("has ended"),
                log("refused"));
    }
}
