package tessella.models.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tessella.engine.io.UnwrittenFileException;
import tessella.engine.json.Json;
import tessella.engine.json.JsonException;

class RunDirectoryTest {
    @TempDir
    private Path folder;

    @Test
    void holdsMetricsCardAndReportAndNothingHalfWritten() throws IOException {
        Path path = folder.resolve("a").resolve("b");
        try (RunDirectory run = RunDirectory.create(path)) {
            assertEquals(path, run.path());
            run.write(Example.card());
            assertEquals(path.resolve("report.html"), run.write(Example.report()));
        }
        try (var entries = Files.list(path)) {
            Set<String> names = new TreeSet<>();
            entries.forEach(entry -> names.add(entry.getFileName().toString()));
            assertEquals(Set.of("metrics.jsonl", "run-card.json", "run-card.md", "report.html"), names);
        }
    }

    @Test
    void metricsCanBeReadWhileTheRunGoesOn() throws IOException {
        try (RunDirectory run = RunDirectory.create(folder)) {
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("epoch", 1);
            line.put("loss", 0.25);
            run.metrics(line);
            assertEquals(List.of("{\"epoch\":1,\"loss\":0.25}"), Files.readAllLines(folder.resolve("metrics.jsonl")));
            assertThrows(JsonException.class, () -> run.metrics(Map.of("loss", Double.NaN)));
            run.metrics(Map.of("epoch", 2));
            assertEquals(List.of("{\"epoch\":1,\"loss\":0.25}", "{\"epoch\":2}"),
                    Files.readAllLines(folder.resolve("metrics.jsonl")));
        }
    }

    @Test
    void aRunThatGoesOnLosesWhatItWroteAfterItWasSavedAndWhatItLeftWhenItWasKilled() throws IOException {
        long saved;
        try (RunDirectory run = RunDirectory.create(folder)) {
            run.metrics(Map.of("epoch", 1));
            saved = run.metricsBytes();
            assertEquals(12, saved);
            run.metrics(Map.of("epoch", 2));
        }
        Files.writeString(folder.resolve(".state.safetensors.4711-c0ffee.tmp"), "half");
        try (RunDirectory run = RunDirectory.reopen(folder, saved)) {
            run.metrics(Map.of("epoch", 3));
            assertEquals(List.of(Map.of("epoch", 1L), Map.of("epoch", 3L)), run.metrics());
        }
        try (var entries = Files.list(folder)) {
            assertEquals(List.of(folder.resolve("metrics.jsonl")), entries.toList());
        }
        assertEquals(folder.resolve("metrics.jsonl") + ": expected at least the 25 bytes that were there when the run was saved, found 24",
                assertThrows(IOException.class, () -> RunDirectory.reopen(folder, 25)).getMessage());
    }

    @Test
    void aLineThatTheDiskDoesNotTakeIsRefusedWithTheNameOfTheFile() throws IOException {
        Path full = Path.of("/dev/full");
        assumeTrue(Files.exists(full), "there is no /dev/full");
        Path metrics = Files.createSymbolicLink(folder.resolve("metrics.jsonl"), full);
        try (RunDirectory run = RunDirectory.reopen(folder, 0)) {
            String message = assertThrows(UnwrittenFileException.class, () -> run.metrics(Map.of("epoch", 1))).getMessage();
            assertTrue(message.startsWith(metrics + ": expected to write the whole file, found \""), message);
        }
        Files.delete(metrics);
    }

    @Test
    void anotherRunIsNeverWrittenInto() throws IOException {
        Files.writeString(folder.resolve("precious"), "");
        assertEquals(folder + ": expected a new or empty folder for the run, found precious in it: name another",
                assertThrows(IOException.class, () -> RunDirectory.create(folder)).getMessage());
        Path file = folder.resolve("precious");
        assertEquals(file + ": expected a new or empty folder for the run, found a file",
                assertThrows(IOException.class, () -> RunDirectory.create(file)).getMessage());
    }

    @Test
    void numbersGoUp() throws IOException {
        Path runs = folder.resolve("runs");
        for (String name : List.of("001-vit", "002-moe")) {
            try (RunDirectory run = RunDirectory.createNumbered(runs, name.substring(4))) {
                assertEquals(runs.resolve(name), run.path());
            }
        }
        Files.createDirectory(runs.resolve("041-other"));
        Files.createDirectory(runs.resolve("notes"));
        try (RunDirectory run = RunDirectory.createNumbered(runs, "vit")) {
            assertEquals(runs.resolve("042-vit"), run.path());
        }
    }

    @Test
    void twoRunsAtOnceGetTwoFolders() {
        Set<Path> paths = new ConcurrentSkipListSet<>();
        IntStream.range(0, 40).parallel().forEach(i -> {
            try (RunDirectory run = RunDirectory.createNumbered(folder, "run")) {
                paths.add(run.path());
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        assertEquals(40, paths.size());
    }

    @Test
    void theCardSaysTheSameInJsonAndMarkdown() {
        RunCard card = Example.card();
        Map<String, Object> json = Json.object(Json.parse(card.toJson()), "card");
        assertEquals(List.of("version", "commit", "arguments", "seed", "machine", "data", "data_sha256", "result"),
                List.copyOf(json.keySet()));
        assertEquals(1L, json.get("seed"));
        assertEquals(0.8342, Json.object(json.get("result"), "result").get("test_accuracy"));
        assertEquals(512L, Json.object(json.get("machine"), "machine").get("vector_bits"));
        assertTrue(card.toMarkdown().contains("| Commit | 0123456789abcdef0123456789abcdef01234567-dirty |\n"));
        assertTrue(card.toMarkdown().contains("| test\\_accuracy | 0.8342 |\n"), card.toMarkdown());
        assertEquals(card.toJson(), Example.card().toJson());
    }

    @Test
    void markdownCellsCannotBreakTheTable() {
        RunCard card = new RunCard("1", Optional.empty(), List.of("a|b", "c\nd", "<i>"), 1,
                new Machine("j", "s", "c", 1, 128), "d", "", Map.of());
        assertTrue(card.toMarkdown().contains("| Command | a\\|b c d \\<i> |\n"), card.toMarkdown());
        assertTrue(card.toMarkdown().contains("| Commit | unknown |\n"));
        assertEquals(null, Json.object(Json.parse(card.toJson()), "card").get("commit"));
    }

    @Test
    void theCommitSaysWhetherTheSourcesWereChanged() throws Exception {
        assumeTrue(SystemCommand.output(List.of("git", "--version"), folder).isPresent(), "git is not installed");
        assertEquals(Optional.empty(), RunCard.commitOf(folder));
        git("init", "-q");
        Files.writeString(folder.resolve("file"), "one");
        git("add", "file");
        git("-c", "user.name=t", "-c", "user.email=t@t", "commit", "-q", "-m", "one");
        String clean = RunCard.commitOf(folder).orElseThrow();
        assertTrue(clean.matches("[0-9a-f]{40}"), clean);
        Files.writeString(folder.resolve("file"), "two");
        assertEquals(clean + "-dirty", RunCard.commitOf(folder).orElseThrow());
    }

    @Test
    void aProgramThatIsMissingOrFailsIsNoAnswer() {
        assertEquals(Optional.empty(), SystemCommand.output(List.of("no-such-program-anywhere"), folder));
        assertEquals(Optional.empty(), SystemCommand.output(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--no-such-option"), folder));
    }

    @Test
    void theMachineIsDescribed() throws IOException {
        Machine machine = Machine.detect(256);
        assertTrue(machine.jdk().contains(Runtime.version().toString()), machine.jdk());
        assertFalse(machine.cpu().isBlank());
        assertNotEquals(0, machine.processors());
        Path file = Files.writeString(folder.resolve("cpuinfo"), "processor\t: 0\nmodel name\t: Fast One\n");
        assertEquals(Optional.of("Fast One"), Machine.fromCpuInfo(file));
        assertEquals(Optional.empty(), Machine.fromCpuInfo(folder.resolve("missing")));
    }

    private void git(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("git"));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).directory(folder.toFile()).inheritIO().start();
        assertEquals(0, process.waitFor());
    }
}
