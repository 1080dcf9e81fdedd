package tessella.models.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tessella.engine.Memory;

/** That a Soft MoE learns: 1,266 handwritten digits, and 353 that it has not seen. */
class DigitsTest {
    @Test
    void namesNineteenOfTwentyDigitsItHasNotSeen(@TempDir Path folder) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrintStream print = new PrintStream(out, true, StandardCharsets.UTF_8);
        // few pictures and none of them changed: the decay is what keeps the model from learning them by heart
        int code = Main.run(new String[] {"train", "--data", "digits", "--epochs", "25", "--weight-decay", "0.5", "--batch", "32",
            "--learning-rate", "2e-3", "--out", folder.resolve("run").toString()}, print, print);
        String text = out.toString(StandardCharsets.UTF_8);
        assertEquals(0, code, text);
        List<String> lines = text.lines().filter(line -> line.startsWith("test accuracy ")).toList();
        assertEquals(1, lines.size(), text);
        assertTrue(Double.parseDouble(lines.getFirst().substring("test accuracy ".length())) >= 0.95, text);
        assertEquals(0, Memory.inUse());
    }
}
