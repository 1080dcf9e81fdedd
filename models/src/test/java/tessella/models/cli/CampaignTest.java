package tessella.models.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tessella.engine.Memory;
import tessella.engine.json.Json;

/** Runs of several seeds and kinds, as a user starts them. */
class CampaignTest {
    private static final String[] SHORT = {"--data", "digits", "--limit", "64", "--epochs", "1", "--threads", "2"};

    @TempDir
    private Path folder;

    @AfterEach
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    private static Ran run(String command, Path out, String... more) {
        return Ran.of(Stream.of(new String[] {command, "--out", out.toString()}, SHORT, more).flatMap(Stream::of)
                .toArray(String[]::new));
    }

    private static double accuracy(Path run) throws IOException {
        Map<String, Object> card = Json.object(Json.parse(Files.readString(run.resolve("run-card.json"))), "card");
        return (double) Json.object(card.get("result"), "result").get("test_accuracy");
    }

    @Test
    void seedsGiveAMeanAndWhatHasEndedIsNotRunAgain() throws IOException {
        Path out = folder.resolve("seeds");
        Ran result = run("train", out, "--seeds", "2", "--seed", "5", "--model", "vit-tiny");
        assertEquals(0, result.code(), result.err());
        double first = accuracy(out.resolve("vit-tiny-seed-5"));
        double second = accuracy(out.resolve("vit-tiny-seed-6"));
        String mean = EvalCommand.decimals((first + second) / 2);
        assertTrue(result.out().contains("test accuracy vit-tiny " + mean + " ["), result.out());
        assertTrue(result.out().contains("] of 2 seeds\ncomparison " + out.resolve("comparison.html")), result.out());
        // a run of one seed alone is the same run
        Ran alone = run("train", folder.resolve("alone"), "--seed", "6", "--model", "vit-tiny");
        assertEquals(0, alone.code(), alone.err());
        assertEquals(-1, Files.mismatch(folder.resolve("alone/checkpoint.safetensors"),
                out.resolve("vit-tiny-seed-6/checkpoint.safetensors")));

        FileTime before = Files.getLastModifiedTime(out.resolve("vit-tiny-seed-5/checkpoint.safetensors"));
        // a third seed, and one that was killed before its first epoch ended
        Files.delete(out.resolve("vit-tiny-seed-6/run-card.json"));
        try (Stream<Path> files = Files.list(out.resolve("vit-tiny-seed-6"))) {
            for (Path file : files.filter(f -> !f.endsWith("metrics.jsonl")).toList()) {
                Files.delete(file);
            }
        }
        Ran more = run("train", out, "--seeds", "3", "--seed", "5", "--model", "vit-tiny");
        assertEquals(0, more.code(), more.err());
        assertFalse(more.out().contains("vit-tiny, seed 5\n"), more.out());
        assertTrue(more.out().contains("vit-tiny, seed 6\n") && more.out().contains("vit-tiny, seed 7\n"), more.out());
        assertTrue(more.out().contains(" of 3 seeds\n"), more.out());
        assertEquals(before, Files.getLastModifiedTime(out.resolve("vit-tiny-seed-5/checkpoint.safetensors")));
        assertEquals(second, accuracy(out.resolve("vit-tiny-seed-6")));

        Ran other = run("train", out, "--seeds", "2", "--seed", "5", "--model", "vit-tiny", "--learning-rate", "2e-3");
        assertEquals(1, other.code());
        assertTrue(other.err().contains(out.resolve("vit-tiny-seed-5") + ": expected no run, or one of \"tessella train ")
                && other.err().endsWith("name another folder with --out\n"), other.err());
        assertFalse(other.out().contains("seed"), "nothing is run beside another campaign's runs");
    }

    @Test
    void ablationsAreTrainedOnTheSamePicturesWithTheSameSeeds() throws IOException {
        Path out = folder.resolve("ablate");
        Ran result = run("ablate", out, "--seeds", "2");
        assertEquals(0, result.code(), result.err());
        for (String kind : List.of("learned-routing", "uniform-routing", "identity-routing", "dense-twin")) {
            for (int seed = 1; seed <= 2; seed++) {
                assertTrue(Files.exists(out.resolve(kind + "-seed-" + seed + "/checkpoint.safetensors")), kind);
            }
        }
        for (String other : List.of("uniform routing", "identity routing", "dense twin")) {
            assertTrue(result.out().contains("learned routing - " + other + " "), result.out());
        }
        String uniform = Files.readString(out.resolve("uniform-routing-seed-1/run-card.json"));
        assertTrue(uniform.contains("\"--dispatch\",\n    \"uniform\"") || uniform.contains("\"--dispatch\", \"uniform\""), uniform);
        Map<String, Object> json = Json.object(Json.parse(Files.readString(out.resolve("comparison.json"))), "json");
        assertEquals(accuracy(out.resolve("dense-twin-seed-2")),
                Json.array(Json.object(json.get("dense twin"), "dense").get("values"), "values").get(1));
    }

    @Test
    void aRunMayBeginWithACheckpoint() throws IOException {
        Path first = folder.resolve("first");
        assertEquals(0, run("train", first, "--model", "vit-tiny").code());
        String from = first.resolve("checkpoint.safetensors").toString();
        Ran frozen = run("train", folder.resolve("tuned"), "--model", "vit-tiny", "--from", from, "--freeze",
                "(?!head).*", "--learning-rate", "0");
        assertEquals(0, frozen.code(), frozen.err());
        assertTrue(frozen.out().contains("begins with " + from + "\n"), frozen.out());
        assertEquals(accuracy(first), accuracy(folder.resolve("tuned")), "nothing was learned anew");
        Ran other = run("train", folder.resolve("other"), "--model", "vit-tiny", "--from", from, "--patch", "4");
        assertEquals(1, other.code());
        assertFalse(Files.exists(folder.resolve("other")), "nothing is made for a run that cannot begin");
        assertTrue(other.err().contains("its tensors do not fit this model: embedding.kernel expected [16, 64] found [4, 64]"), other.err());
    }
}
