package tessella.tests.sealed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training runs that are interrupted or killed at any moment go on, and leave the bytes of one that was not. */
class KilledRunTest {
    private static final int EPOCHS = 20;
    private static final List<String> TRAIN = List.of("--model", "vit-tiny", "--data", "digits", "--epochs", Integer.toString(EPOCHS),
            "--limit", "64", "--batch", "16", "--threads", "1");
    /** In the long suite a hundred. */
    private static final int KILLS = Boolean.getBoolean("tessella.long") ? 100 : 3;
    private static final int PER_RUN = 3;

    @TempDir
    private static Path folder;
    private static TrainProcesses runs;
    private static Path whole;
    /** How long the undisturbed run took, which only decides when others are disturbed. */
    private static long millis;

    @BeforeAll
    static void trainsWithoutInterruption() throws Exception {
        runs = new TrainProcesses(folder, TRAIN);
        whole = folder.resolve("whole");
        long start = System.nanoTime();
        runs.assertEnds(0, runs.train(whole, "whole"), "whole");
        millis = (System.nanoTime() - start) / 1_000_000;
        assertEquals(TrainProcesses.RESULTS, TrainProcesses.names(whole), "a run that has ended needs no state");
    }

    private static boolean saved(Path out) {
        return Files.exists(out.resolve(TrainProcesses.STATE));
    }

    @Test
    void anInterruptedRunEndsItsStepSaysHowToGoOnAndGoesOn() throws Exception {
        Path out = folder.resolve("interrupted");
        Process process = runs.train(out, "interrupted");
        // after the first epoch, wherever it is then
        while (!saved(out) && process.isAlive()) {
            Thread.sleep(10);
        }
        process.destroy(); // the signal that Ctrl-C and the system send
        assertTrue(process.waitFor(2, TimeUnit.MINUTES));
        String said = runs.log("interrupted");
        if (process.exitValue() != 0) {
            assertTrue(said.contains("stopped after step ") && said.contains("go on with: tessella train --resume " + out), said);
            assertFalse(Files.exists(out.resolve("checkpoint.safetensors")));
            runs.assertEnds(0, runs.resume(out, "interrupted"), "interrupted");
            assertTrue(runs.log("interrupted").contains("goes on after step "), runs.log("interrupted"));
        }
        TrainProcesses.assertSameBytes(whole, out);
    }

    @Test
    void aRunThatIsKilledAtAnyMomentGoesOnFromItsLastState() throws Exception {
        SplittableRandom random = new SplittableRandom(11);
        int kills = 0;
        for (int run = 0; kills < KILLS && run < 4 * KILLS; run++) {
            Path out = folder.resolve("killed" + run);
            String log = "killed" + run;
            Process process = runs.train(out, log);
            // a few kills a run: one that is killed again and again before its first epoch would never end
            for (int kill = 0; kill < PER_RUN && kills < KILLS; kill++) {
                if (endsBefore(process, out, random)) {
                    break;
                }
                process.destroyForcibly();
                process.waitFor();
                kills++;
                process = saved(out) ? runs.resume(out, log) : runs.train(out = folder.resolve("killed" + run + "-" + kills), log);
            }
            runs.assertEnds(0, process, log);
            TrainProcesses.assertSameBytes(whole, out);
        }
        assertEquals(KILLS, kills);
    }

    /**
     * Waits for a random moment of what is left of a run: while it starts, in an epoch or its end, while the results are
     * written. What it has written tells where it is, as time alone would miss a run on a machine that became faster meanwhile.
     *
     * @return whether the run ended before
     */
    private static boolean endsBefore(Process process, Path out, SplittableRandom random) throws Exception {
        Path metrics = out.resolve(TrainProcesses.METRICS);
        long now = TrainProcesses.length(metrics);
        long all = Files.size(whole.resolve(TrainProcesses.METRICS));
        int part = random.nextInt(8);
        long written = switch (part) {
            case 0 -> now;
            case 1 -> all;
            default -> random.nextLong(now, all + 1);
        };
        long pause = random.nextLong(1 + (part < 2 ? millis / 4 : 2 * millis / EPOCHS));
        for (int look = 0; TrainProcesses.length(metrics) < written; look++) {
            if (process.waitFor(5, TimeUnit.MILLISECONDS)) {
                return true;
            }
            assertTrue(look < 60_000, () -> out + ": hangs before it has written " + written + " bytes of metrics");
        }
        return process.waitFor(pause, TimeUnit.MILLISECONDS);
    }

    @Test
    void whatIsNoStoppedRunIsRefused() throws Exception {
        runs.assertEnds(1, runs.resume(whole, "refused"), "refused");
        String said = runs.log("refused");
        assertTrue(said.contains("expected the folder of a run that was stopped") && said.contains("has ended"), said);
    }
}
