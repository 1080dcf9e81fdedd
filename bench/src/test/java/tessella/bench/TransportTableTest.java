package tessella.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tessella.engine.Memory;
import tessella.engine.transport.Formulation;
import tessella.engine.transport.SolverOptions;
import tessella.engine.transport.TransportResult;

/** What holds of the numbers of the tables, whatever they are. */
class TransportTableTest {
    @AfterEach
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    @Test
    void iterationsDoNotRiseFromSmallKToNoLimitInTheMedian() {
        for (Formulation formulation : Formulation.values()) {
            int before = TransportTable.MOST_ITERATIONS;
            for (int k : new int[] {2, 4, 6, Integer.MAX_VALUE}) {
                int median = (int) LongStream.rangeClosed(1, 5).map(seed -> TransportTable.ascent(seed, 10, k, formulation).iterations()).sorted()
                        .toArray()[2];
                assertTrue(median <= before, formulation + ": " + median + " iterations at k = " + k + " after " + before);
                before = median;
            }
            assertTrue(before < 100, formulation + ": " + before + " iterations without a limit");
        }
    }

    @Test
    void anExpertHasAtMostKTokensWhereTheFirstExpertOfEachTokenMayHaveMore() {
        int more = 0;
        for (long seed = 1; seed <= 5; seed++) {
            double[] gates = TransportTable.gates(seed);
            more += TransportTable.mostOfTopOne(gates) > TransportTable.TOKENS / TransportTable.EXPERTS ? 1 : 0;
            for (int k : new int[] {8, 16}) {
                for (int iterations : new int[] {20, 500}) {
                    TransportResult routed = TransportTable.route(gates, k, SolverOptions.router(iterations));
                    assertTrue(TransportTable.mostOfAnExpert(routed.plan()) <= k);
                    // a token without an expert is the largest error there can be of a row that has too little
                    assertTrue(TransportTable.withoutExpert(routed.plan()) == 0 || routed.rowError() >= 1 - 1e-12);
                }
            }
            TransportResult smooth = TransportTable.route(gates, TransportTable.TOKENS, SolverOptions.DEFAULT);
            assertTrue(smooth.isConverged() && TransportTable.withoutExpert(smooth.plan()) == 0);
        }
        assertTrue(more > 0, "no seed is out of balance");
    }

    @Test
    void theProgramPrintsMarkdownAndRefusesOtherWords() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        assertEquals(0, TransportTable.run(new PrintStream(out, true, StandardCharsets.UTF_8), new PrintStream(err), "routing", "--seeds", "1"));
        List<String> lines = out.toString(StandardCharsets.UTF_8).lines().toList();
        assertEquals(10, lines.size());
        assertEquals("|---|---|---|---|", lines.get(1));
        assertTrue(lines.stream().allMatch(line -> line.startsWith("|") && line.endsWith("|")));
        assertEquals(2, TransportTable.run(new PrintStream(out), new PrintStream(err, true, StandardCharsets.UTF_8), "speed"));
        assertTrue(err.toString(StandardCharsets.UTF_8).startsWith(
                "transport table: expected iterations or routing, found \"speed\""), err.toString(StandardCharsets.UTF_8));
    }
}
