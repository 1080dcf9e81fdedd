package tessella.tests.sealed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Training runs that get no more space say so in a sentence, leave nothing half-written, and go on, when there is space again, to the
 * bytes of one that was not disturbed.
 */
class DiskFullTest {
    /** So many steps that most of them get a line of metrics, which an epoch then has kilobytes of. */
    private static final List<String> TRAIN = List.of("--model", "vit-tiny", "--data", "digits", "--epochs", "2", "--limit", "80",
            "--batch", "1", "--threads", "1");
    private static final String CHECKPOINT = "checkpoint.safetensors";
    private static final Set<String> STOPPED = Set.of(TrainProcesses.METRICS, TrainProcesses.STATE);
    private static final String FULL = "No space left on device";
    private static final String TOO_LARGE = "File too large";

    @TempDir
    private static Path folder;
    private static TrainProcesses runs;
    private static Path whole;
    private static Path stopped;

    @BeforeAll
    static void trainsWithoutDisturbanceAndToTheSecondEpoch() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/bin/sh")), "there is no shell that limits the length of files");
        runs = new TrainProcesses(folder, TRAIN);
        whole = folder.resolve("whole");
        runs.assertEnds(0, runs.train(whole, "whole"), "whole");
        stopped = folder.resolve("stopped");
        Process process = runs.train(stopped, "stopped");
        while (!Files.exists(stopped.resolve(TrainProcesses.STATE)) && process.isAlive()) {
            Thread.sleep(2);
        }
        process.destroy();
        assertTrue(process.waitFor(2, TimeUnit.MINUTES));
        assertEquals(STOPPED, TrainProcesses.names(stopped), runs.log("stopped"));
    }

    @Test
    void aRunThatGetsNoSpaceBeforeItsFirstStateSaysSo() throws Exception {
        for (String file : List.of(TrainProcesses.METRICS, TrainProcesses.STATE)) {
            Path out = folder.resolve("first " + file);
            List<String> words = new ArrayList<>(TRAIN);
            words.addAll(List.of("--out", out.toString()));
            int blocks = file.equals(TrainProcesses.METRICS) ? 8 : 2_000;
            runs.assertEnds(1, runs.start(limited(blocks), words, file), file);
            assertSaid(file, out.resolve(file), TOO_LARGE, ", then train again into another folder, as nothing was saved yet to go on from");
            assertEquals(Set.of(TrainProcesses.METRICS), TrainProcesses.names(out));
            assertWholeLines(out);
        }
    }

    /** A limit of the length of files stops the writing of a file anywhere, as a full disk does, and needs no rights. */
    @Test
    void aRunThatMayNotWriteLongerFilesGoesOnWhenItMay() throws Exception {
        Path out = copy(stopped, folder.resolve("limited"));
        // two blocks more: somewhere in a line
        assertNoSpace(out, TrainProcesses.METRICS, TOO_LARGE,
                limited((int) (Files.size(out.resolve(TrainProcesses.METRICS)) / 512) + 2));
        assertNoSpace(out, TrainProcesses.STATE, TOO_LARGE, limited(2_000));
        toTheLastState(out);
        assertNoSpace(out, CHECKPOINT, TOO_LARGE, limited(1_000));
        assertGoesOn(out);
    }

    @Test
    void aRunOnAFullDiskGoesOnWhenThereIsSpace() throws Exception {
        try (SmallDisk disk = SmallDisk.mount(Files.createDirectory(folder.resolve("disk")), 8)) {
            Path out = copy(stopped, disk.root().resolve("run"));
            List<String> plain = List.of();
            disk.leave(0);
            assertNoSpace(out, TrainProcesses.METRICS, FULL, plain);
            disk.leave(200);
            assertNoSpace(out, TrainProcesses.STATE, FULL, plain);
            disk.empty();
            toTheLastState(out);
            disk.leave(50);
            assertNoSpace(out, CHECKPOINT, FULL, plain);
            long pages = Math.ceilDiv(Files.size(whole.resolve(CHECKPOINT)), SmallDisk.PAGE);
            disk.leave(pages);
            assertNoSpace(out, "run-card.json", FULL, plain);
            Files.delete(out.resolve(CHECKPOINT)); // its space would be left for the rest
            disk.leave(pages + 1);
            assertNoSpace(out, "run-card.md", FULL, plain);
            Files.delete(out.resolve(CHECKPOINT));
            disk.leave(pages + 4);
            assertNoSpace(out, "report.html", FULL, plain);
            disk.empty();
            assertGoesOn(out);
        }
    }

    @Test
    void aRunWhoseOutputIsFullLeavesItsFilesAndSaysSo() throws Exception {
        assumeTrue(Files.exists(Path.of("/dev/full")), "there is no /dev/full");
        Path out = copy(stopped, folder.resolve("silent"));
        runs.assertEnds(1, runs.start(List.of("/bin/sh", "-c", "exec \"$@\" > /dev/full", "sh"), List.of("--resume", out.toString()),
                "silent"), "silent");
        assertEquals("tessella: expected to print all results, found an output that does not take them; free space on its disk, or send it "
                + "elsewhere", runs.log("silent").lines().toList().getLast());
        TrainProcesses.assertSameBytes(whole, out);
    }

    /** A command before another that limits the length of files, in blocks of 512 bytes. */
    private static List<String> limited(int blocks) {
        return List.of("/bin/sh", "-c", "ulimit -f \"$0\"; exec \"$@\"", Integer.toString(blocks));
    }

    /** Goes on with a run that gets no space for a file: what was there before is there afterwards, and nothing else. */
    private static void assertNoSpace(Path out, String file, String reason, List<String> before) throws Exception {
        byte[] state = Files.readAllBytes(out.resolve(TrainProcesses.STATE));
        Set<String> names = new TreeSet<>(STOPPED);
        switch (file) { // in the order in which they are written
            case "report.html" -> names.addAll(List.of(CHECKPOINT, "run-card.json", "run-card.md"));
            case "run-card.md" -> names.addAll(List.of(CHECKPOINT, "run-card.json"));
            case "run-card.json" -> names.add(CHECKPOINT);
            default -> { }
        }
        String log = out.getFileName() + "-" + file;
        runs.assertEnds(1, runs.start(before, List.of("--resume", out.toString()), log), log);
        assertSaid(log, out.resolve(file), reason, ", then go on with: tessella train --resume " + out);
        assertEquals(names, TrainProcesses.names(out));
        assertEquals(-1, Files.mismatch(out.resolve(TrainProcesses.STATE), Files.write(folder.resolve("before"), state)));
        for (String name : names) {
            if (TrainProcesses.RESULTS.contains(name) && !name.equals(TrainProcesses.METRICS)) {
                assertEquals(-1, Files.mismatch(whole.resolve(name), out.resolve(name)), name);
            }
        }
        assertWholeLines(out);
    }

    private static void assertSaid(String log, Path file, String reason, String wayOn) throws IOException {
        assertEquals("tessella: %s: expected to write the whole file, found \"%s\"; free space on its disk, or allow writing there%s"
                .formatted(file, reason, wayOn), runs.log(log).lines().toList().getLast());
        assertFalse(runs.log(log).contains("\tat "), runs.log(log));
    }

    private static void assertWholeLines(Path out) throws IOException {
        String metrics = Files.readString(out.resolve(TrainProcesses.METRICS));
        assertTrue(metrics.endsWith("\n"), metrics);
        assertTrue(Files.readString(whole.resolve(TrainProcesses.METRICS)).startsWith(metrics), metrics);
    }

    /** Trains to the end of the last epoch, but for a folder where the checkpoint should be. */
    private static void toTheLastState(Path out) throws Exception {
        Path inTheWay = Files.createDirectory(out.resolve(CHECKPOINT));
        runs.assertEnds(1, runs.resume(out, "last"), "last");
        assertTrue(runs.log("last").contains(inTheWay + ": expected the name of a file to write, found a directory"), runs.log("last"));
        Files.delete(inTheWay);
        assertEquals(STOPPED, TrainProcesses.names(out));
    }

    private static void assertGoesOn(Path out) throws Exception {
        runs.assertEnds(0, runs.resume(out, "again"), "again");
        TrainProcesses.assertSameBytes(whole, out);
    }

    private static Path copy(Path from, Path to) throws IOException {
        Files.createDirectory(to);
        for (String name : TrainProcesses.names(from)) {
            Files.copy(from.resolve(name), to.resolve(name));
        }
        return to;
    }
}
