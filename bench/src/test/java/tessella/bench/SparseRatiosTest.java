package tessella.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tessella.engine.Memory;

/** Which works are in the table and what they are compared with, whatever the times. */
class SparseRatiosTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @AfterEach
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    private int run(String... args) throws IOException {
        return SparseRatios.run(new PrintStream(out, true, StandardCharsets.UTF_8), new PrintStream(err, true, StandardCharsets.UTF_8), args);
    }

    @Test
    void aRoundWithoutPeersComparesWithTheReferencesOfJava() throws IOException {
        assertEquals(0, run("--rounds", "1", "--warmup", "1"), () -> err.toString(StandardCharsets.UTF_8));
        List<String> rows = out.toString(StandardCharsets.UTF_8).lines().map(line -> line.strip().replaceAll(" {2,}", "|")).toList();
        for (String pair : List.of("mask, 10^6 random|Arrays.sort", "mask, 10^6 all ties|Arrays.sort", "mask, rows of 1000|Arrays.sort, rows of 1000",
                "batch, p = 2|batch, textbook in Java", "batch, p = 4/3, two threads|batch, p = 4/3",
                "router step, few experts a token|experts' forward pass, d = 384")) {
            String work = pair.substring(0, pair.indexOf('|'));
            String reference = pair.substring(pair.indexOf('|') + 1);
            assertTrue(rows.stream().map(row -> List.of(row.split("\\|"))).anyMatch(row -> row.getFirst().equals(work) && row.contains(reference)),
                    pair + " in\n" + String.join("\n", rows));
        }
        assertTrue(rows.stream().noneMatch(row -> row.contains("numba") || row.contains("POT")), "peers took no part");
    }

    @Test
    void whatCannotBeMeasuredIsRefusedInASentence() throws IOException {
        assertEquals(2, run("all"));
        assertTrue(err.toString(StandardCharsets.UTF_8).startsWith("sparse ratios: expected options only, found [all]"), err.toString(StandardCharsets.UTF_8));
    }
}
