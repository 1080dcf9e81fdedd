package tessella.models.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tessella.engine.Memory;

/** The commands on a model whose tokens choose their experts. */
class SparseCommandTest {
    private static final List<String> TRAIN = List.of("train", "--model", "v-moe-tiny", "--data", "digits", "--limit", "160", "--epochs", "1");
    private static final String DENSE = "../models/data/checkpoints/vit-tiny-fashion-mnist.safetensors";

    @TempDir
    private static Path folder;
    private static Path checkpoint;
    private static Ran trained;

    @BeforeAll
    static void train() {
        checkpoint = folder.resolve("run/checkpoint.safetensors");
        trained = Ran.of(with(TRAIN, "--threads", "2", "--out", folder.resolve("run").toString()));
        assertEquals(0, trained.code(), trained.err());
    }

    @AfterEach
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    private static List<String> with(List<String> words, String... more) {
        return Stream.concat(words.stream(), Stream.of(more)).toList();
    }

    private static void refused(String sentence, List<String> words) {
        Ran result = Ran.of(words);
        assertEquals(2, result.code(), result.err());
        assertEquals(sentence + "\n", result.err());
    }

    @Test
    void itTrainsIsToldAndIsMeasuredAsItWas() throws IOException {
        assertTrue(trained.lines().getFirst().startsWith("v-moe-tiny: "), trained.out());
        Ran info = Ran.of("info", checkpoint.toString());
        assertEquals("  sparse moe  16 experts in 2 blocks, the last odd ones, groups of 8 images, noise 1.0, tokens choose 2 in order of "
                + "largest_gate, capacity factor 1.05 in multiples of 4", info.line("  sparse moe"));
        assertTrue(Ran.of("info", "experts-choice-tiny").line("  sparse moe").endsWith("16 experts in 2 blocks, the last, groups of 1 images, "
                + "noise 1.0, experts choose, capacity factor 1.0"));
        Ran eval = Ran.of("eval", "--data", "digits", checkpoint.toString());
        assertEquals(trained.line("test accuracy "), eval.line("test accuracy "));
        assertFalse(Files.readString(folder.resolve("run/report.html")).contains("id=\"routing\""), "there are no slots to draw");
    }

    @Test
    void equalArgumentsLeaveEqualBytesWhateverTheThreadsAndActivations() throws IOException {
        byte[] bytes = Files.readAllBytes(folder.resolve("run/metrics.jsonl"));
        for (String[] options : new String[][] {{"--threads", "1"}, {"--threads", "3", "--recompute"}}) {
            Path out = folder.resolve(String.join("", options));
            Ran again = Ran.of(with(with(TRAIN, options), "--out", out.toString()));
            assertEquals(0, again.code(), again.err());
            assertEquals(new String(bytes), Files.readString(out.resolve("metrics.jsonl")));
        }
    }

    @Test
    void mixturesMayBeOfAnotherNumberOfBlocks() {
        Path out = folder.resolve("one");
        Ran one = Ran.of(with(TRAIN, "--mixtures", "1", "--out", out.toString()));
        assertEquals(0, one.code(), one.err());
        assertTrue(Ran.of("info", out.resolve("checkpoint.safetensors").toString()).line("  sparse moe").contains(" 16 experts in 1 blocks"));
        Ran three = Ran.of(with(TRAIN, "--mixtures", "3", "--out", folder.resolve("three").toString()));
        assertTrue(three.err().contains("sparse moe: expected at most 2 mixture layers in 4 blocks placed ODD, found 3"), three.err());
    }

    @Test
    void routingIsToldLayerByLayer() {
        Ran told = Ran.of("routing", "--data", "digits", "--pictures", "20", checkpoint.toString());
        assertEquals(0, told.code(), told.err());
        // tokens choose two of their own, full experts drop some; hard choices are compared with themselves
        assertTrue(told.line("blocks.1.moe ").matches("blocks.1.moe +1\\.[0-9]{3} +0\\.[0-9]{4} +[0-9.]+ +0\\.0000 +0\\.[0-9]{4} +-"), told.out());
        assertTrue(told.line("blocks.3.moe ").endsWith(" -"), told.out());
        refused("routing: expected a checkpoint with sparse mixtures, found " + DENSE
                + " without; the report of a Soft MoE run shows its routing", List.of("routing", DENSE, "--data", "fashion-mnist"));
    }

    @Test
    void softRoutersChooseAsSoftlyAsTheyAreAsked() {
        Path out = folder.resolve("soft");
        Ran soft = Ran.of(with(List.of("train", "--model", "soft-tokens-choice-tiny", "--data", "digits", "--limit", "32", "--epochs", "1",
                "--router-lambda", "0.5", "--router-norm", "1.5"), "--out", out.toString()));
        assertEquals(0, soft.code(), soft.err());
        assertTrue(Ran.of("info", out.resolve("checkpoint.safetensors").toString()).line("  sparse moe")
                .endsWith("tokens choose 1 softly, lambda 0.5, p 1.5"));
        for (String model : List.of("v-moe-tiny", "transport-experts-tiny", "vit-tiny", "soft-moe-tiny")) {
            refused("train: --router-lambda and --router-norm are of routers by soft top-k, found " + model + "; leave them out",
                    List.of("train", "--model", model, "--data", "digits", "--router-lambda", "0.5"));
        }
    }

    @Test
    void whatIsOfSoftMoeIsRefused() {
        refused("train: --dispatch, --combine and --router-scale are of Soft MoE, found v-moe-tiny, whose tokens or experts choose; leave them "
                + "out", with(TRAIN, "--dispatch", "uniform"));
        refused("train: --dispatch, --combine and --router-scale are of Soft MoE, found v-moe-tiny, whose tokens or experts choose; leave them "
                + "out", with(TRAIN, "--router-scale", "2"));
        refused("predict: --routing shows the learned routing of Soft MoE, found a model without; leave it out",
                List.of("predict", checkpoint.toString(), "../models/data/samples/shirt.png", "--routing", folder.resolve("x.svg").toString()));
        Ran ablate = Ran.of("ablate", "--model", "v-moe-tiny");
        assertEquals(2, ablate.code());
        assertTrue(ablate.err().startsWith("ablate: expected the model soft-moe-tiny"), ablate.err());
    }
}
