package tessella.models.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TopKCommandTest {
    @TempDir
    Path folder;

    @Test
    void showsTheMaskTheMagnitudesAndTheBlockByRank() {
        Ran ran = Ran.of("topk", "--k", "2", "--lambda", "0.6", "3", "1", "-0.5", "1.5");
        assertEquals(0, ran.code(), ran.err());
        assertEquals("k = 2 of 4, lambda = 0.6, p = 2.0", ran.lines().getFirst());
        // 1.5 and 1 are less than 0.6 apart: (s - v) / 0.6 with v = (1.5 + 1 - 0.6) / 2
        assertEquals("mask        1 selected whole, 2 in one block that shares places, all others 0", ran.line("mask"));
        List<String[]> rows = ran.lines().stream().filter(line -> line.matches(" +[0-9].*")).map(line -> line.strip().split("\\s+")).toList();
        assertEquals(List.of("1", "4", "2", "3"), rows.stream().map(row -> row[1]).toList(), "places by rank");
        assertEquals(1, Double.parseDouble(rows.get(0)[3]));
        assertEquals(0.55 / 0.6, Double.parseDouble(rows.get(1)[3]), 1e-7);
        assertEquals(0.05 / 0.6, Double.parseDouble(rows.get(2)[3]), 1e-7);
        assertEquals(0, Double.parseDouble(rows.get(3)[3]));
        assertEquals("block", rows.get(1)[6]);
        assertEquals(6, rows.get(0).length, "no block");
        // magnitudes: 1.5 / 1.6 is below 1, so both share 2.5 / (2 + 0.6)
        double v = 2.5 / 2.6;
        assertEquals((1.5 - v) / 0.6 + 1.5 - v, Double.parseDouble(rows.get(1)[4]), 1e-7);
        assertEquals((1.5 - v) / 0.6, Double.parseDouble(rows.get(1)[5]), 1e-7);
    }

    @Test
    void readsNumbersFromAFileAndWritesATable() throws IOException {
        Path file = Files.writeString(folder.resolve("numbers.txt"), "0.5, 2\n-3;\t1 ");
        Path table = folder.resolve("out.csv");
        Ran ran = Ran.of("topk", "--file", file.toString(), "--k=1", "--lambda=0", "--out", table.toString());
        assertEquals(0, ran.code(), ran.err());
        assertEquals(List.of("place,x,mask,magnitude,raw", "1,0.5,0.0,0.0,0.0", "2,2.0,1.0,0.0,0.0", "3,-3.0,0.0,-3.0,-3.0", "4,1.0,0.0,0.0,0.0"),
                Files.readAllLines(table));
    }

    @Test
    void whatDoesNotFitIsRefusedInASentence() throws IOException {
        assertRefused("topk: expected numbers, or --file with some, found neither", "topk");
        assertRefused("topk: expected numbers, found \"two\" in place 2", "topk", "1", "two");
        assertRefused("topk: expected a --k of at most 2, as many as there are numbers, found 3", "topk", "--k", "3", "1", "2");
        Path file = Files.write(folder.resolve("bytes"), new byte[] {(byte) 0xff, 0, 1});
        assertTrue(Ran.of("topk", "--file", file.toString()).err().startsWith("topk: expected numbers, found "));
        assertRefused("topk: expected numbers, or --file with some, found both", "topk", "--file", file.toString(), "1");
        assertTrue(Ran.of("topk", "--file", folder.resolve("none").toString()).code() != 0);
    }

    @Test
    void longListsArePrintedInPart() {
        String[] words = new String[153];
        words[0] = "topk";
        words[1] = "--k=3";
        words[2] = "--";
        for (int i = 3; i < words.length; i++) {
            words[i] = Integer.toString(i);
        }
        Ran ran = Ran.of(words);
        assertEquals("and 50 more; --out writes all of them", ran.lines().getLast());
    }

    private static void assertRefused(String sentence, String... words) {
        Ran ran = Ran.of(words);
        assertEquals(2, ran.code());
        assertEquals(sentence, ran.err().lines().findFirst().orElse(""));
    }
}
