package tessella.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FirstResultTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int run(String... args) throws IOException, InterruptedException {
        return FirstResult.run(new PrintStream(out, true), new PrintStream(err, true), args);
    }

    /** Passes of n milliseconds, n counted down from 300. */
    private static FreshRun fresh(double first) {
        double[] passes = new double[300];
        Arrays.setAll(passes, i -> (300 - i) / 1e3);
        return new FreshRun(first / 2, first, passes);
    }

    @Test
    void aFreshJvmTellsItsTimes(@TempDir Path folder) throws Exception {
        assertEquals(0, run("--model", "smallest/2", "--forks", "2", "--", "-XX:+UseSerialGC"), err.toString());
        assertTrue(out.toString().contains("smallest/2, 2 JVMs"), out.toString());
        assertTrue(err.toString().contains("fork 2 of 2: first result after"), err.toString());
        Path checkpoint = folder.resolve("smallest.safetensors");
        FirstResult.save(ModelRun.config("smallest/1"), checkpoint);
        FreshRun run = FirstResult.fork(checkpoint, 1, 0, List.of());
        assertEquals(300, run.passes().length);
        assertTrue(run.model() > 0 && run.first() > run.model() + run.passes()[0] / 2, run.line());
    }

    @Test
    void aJvmThatWarmsUpFirstTellsItsTimesToo() throws Exception {
        assertEquals(0, run("--model", "smallest/1", "--forks", "1", "--warm-up", "1"), err.toString());
        assertTrue(out.toString().contains("pass 1, ms"), out.toString());
        assertEquals(2, run("--warm-up", "0"));
        assertTrue(err.toString().contains("expected a whole number of at least 1 for --warm-up, found 0"), err.toString());
    }

    @Test
    void aRunIsReadAsItWasWritten() {
        FreshRun run = fresh(1.25);
        FreshRun read = FreshRun.parse(run.line());
        assertEquals(run.model(), read.model());
        assertEquals(run.first(), read.first());
        assertArrayEquals(run.passes(), read.passes());
    }

    @Test
    void passesAreCountedFromOneAndBothEndsCount() {
        FreshRun run = fresh(1);
        // passes 200 to 300 take 101 to 1 milliseconds, 46 to 55 take 255 to 246
        assertEquals(0.051, run.steady(), 1e-12);
        assertEquals(0.2505 / 0.051, run.early(), 1e-9);
        String table = FirstResult.text("m", List.of(fresh(1), fresh(2), fresh(4)));
        String line = table.lines().filter(text -> text.contains("first result, s")).findFirst().orElseThrow();
        assertTrue(line.matches(".*\\b2(\\.0*)?\\b.*\\b1(\\.0*)?\\b.*\\b4(\\.0*)?\\b.*"), line);
        assertTrue(table.contains("pass 300, ms"), table);
    }

    @Test
    void whatCannotBeMeasuredIsOneSentenceAndTheUsage() throws Exception {
        for (String[] args : new String[][] {{"vit-ti16/1"}, {"--model", "vit-ti16"}, {"--model", "none/1"}, {"--forks", "0"},
                {"--model", "smallest/1", "--forks", "1", "--", "-XX:NoSuchFlag"}}) {
            err.reset();
            assertEquals(2, run(args), String.join(" ", args));
            assertTrue(err.toString().contains("usage: java"), err.toString());
        }
        assertEquals("", out.toString());
    }
}
