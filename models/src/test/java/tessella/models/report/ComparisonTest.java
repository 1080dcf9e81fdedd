package tessella.models.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tessella.engine.json.Json;

class ComparisonTest {
    @TempDir
    private Path folder;

    private static Comparison.Arm arm(String label, double... values) {
        return new Comparison.Arm(label, values, 1_195_852, 0.0215);
    }

    static Comparison comparison(Comparison.Arm... arms) {
        return new Comparison("Learned against <uniform>", "test accuracy", List.of(arms), new RunCard("0.1.0", Optional.of("abc"),
                List.of("tessella", "ablate"), 1, new Machine("25", "Linux", "a processor", 2, 512), "scenes", "00", Map.of()));
    }

    /** Three kinds: one that is clearly below the first by pairs, though their own intervals overlap, one that is not. */
    static Comparison three() {
        return comparison(arm("learned", 0.50, 0.60, 0.70), arm("below", 0.48, 0.58, 0.67), arm("near", 0.58, 0.55, 0.69));
    }

    @Test
    void differencesAreTakenByPairsOfOneSeed() {
        String text = three().toText();
        assertEquals("""
                test accuracy learned 0.6000 [0.3516, 0.8484] of 3 seeds
                test accuracy below 0.5767 [0.3406, 0.8128] of 3 seeds
                test accuracy near 0.6067 [0.4236, 0.7898] of 3 seeds
                learned - below 0.0233 [0.0090, 0.0377]: learned is higher
                learned - near -0.0067 [-0.1721, 0.1587]: not distinguishable; a difference of 0.1654 would have been seen
                """, text);
        assertTrue(comparison(arm("a", 0.1, 0.2), arm("b", 0.3, 0.4001)).toText().contains("a is lower"));
    }

    @Test
    void aSingleSeedTellsNoDifference() {
        Comparison one = comparison(arm("a", 0.5), arm("b", 0.7));
        assertEquals("test accuracy a 0.5000 of 1 seeds\ntest accuracy b 0.7000 of 1 seeds\n", one.toText());
        assertFalse(one.html().contains("differences"));
    }

    @Test
    void writesAPageAPictureAndTheNumbers() throws Exception {
        three().write(folder);
        for (String name : List.of("comparison.html", "comparison.svg")) {
            String text = Files.readString(folder.resolve(name));
            DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new ByteArrayInputStream(text
                    .replace("<!DOCTYPE html>", "").getBytes(StandardCharsets.UTF_8)));
        }
        assertTrue(Files.readString(folder.resolve("comparison.svg")).contains("xmlns=\"http://www.w3.org/2000/svg\""));
        assertTrue(Files.readString(folder.resolve("comparison.html")).contains("Learned against &lt;uniform&gt;"));
        Map<String, Object> json = Json.object(Json.parse(Files.readString(folder.resolve("comparison.json"))), "json");
        Map<String, Object> below = Json.object(json.get("below"), "below");
        assertEquals(List.of(0.48, 0.58, 0.67), below.get("values"));
        assertEquals(0.07 / 3, (double) below.get("first_minus_this"), 1e-12);
        assertTrue(Files.exists(folder.resolve("run-card.json")) && Files.exists(folder.resolve("run-card.md")));
        byte[] before = Files.readAllBytes(folder.resolve("comparison.html"));
        three().write(folder);
        assertEquals(-1, Arrays.mismatch(before, Files.readAllBytes(folder.resolve("comparison.html"))));
    }

    private static Comparison measured(Compared... measures) {
        return new Comparison("Two", List.of(measures), new RunCard("0.1.0", Optional.of("abc"), List.of("tessella", "compare", "--arm",
                "top-5: --loss top-k"), 1, new Machine("25", "Linux", "a processor", 2, 512), "scenes", "00", Map.of()));
    }

    @Test
    void severalMeasuresStandOnOnePageAndInOneFile() throws Exception {
        List<Comparison.Arm> accuracy = List.of(arm("learned", 0.50, 0.60, 0.70), arm("below", 0.48, 0.58, 0.67));
        List<Comparison.Arm> loss = List.of(arm("learned", 2.0, 2.2, 2.1), arm("below", 2.5, 2.75, 2.65));
        Comparison two = measured(new Compared("test accuracy", accuracy), new Compared("test loss", loss));
        assertEquals("""
                test accuracy learned 0.6000 [0.3516, 0.8484] of 3 seeds
                test accuracy below 0.5767 [0.3406, 0.8128] of 3 seeds
                learned - below 0.0233 [0.0090, 0.0377]: learned is higher
                test loss learned 2.1000 [1.8516, 2.3484] of 3 seeds
                test loss below 2.6333 [2.3207, 2.9459] of 3 seeds
                learned - below -0.5333 [-0.6050, -0.4616]: learned is lower
                """, two.toText());
        two.write(folder);
        String html = Files.readString(folder.resolve("comparison.html"));
        DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new ByteArrayInputStream(html.replace("<!DOCTYPE html>", "")
                .getBytes(StandardCharsets.UTF_8)));
        for (String id : List.of("means", "differences", "means-2", "differences-2")) {
            assertEquals(2, html.split("id=\"" + id + "\"", -1).length, id);
        }
        assertTrue(html.replace("&quot;", "\"").contains("--arm \"top-5: --loss top-k\""), "a word with blanks is in quotes");
        assertTrue(Files.exists(folder.resolve("comparison.svg")) && Files.exists(folder.resolve("comparison-2.svg")));
        Map<String, Object> json = Json.object(Json.parse(Files.readString(folder.resolve("comparison.json"))), "json");
        assertEquals("test accuracy", json.get("measure"));
        assertEquals(List.of(0.48, 0.58, 0.67), Json.object(json.get("below"), "below").get("values"));
        Map<String, Object> further = Json.object(Json.object(json.get("further_measures"), "further").get("test loss"), "loss");
        assertEquals(List.of(2.5, 2.75, 2.65), Json.object(further.get("below"), "below").get("values"));
    }

    @Test
    void measuresOfOtherKindsOrOfOneNameAreRefused() {
        Compared one = new Compared("test accuracy", List.of(arm("a", 1), arm("b", 1)));
        Compared other = new Compared("test loss", List.of(arm("a", 1), arm("c", 1)));
        assertEquals("comparison: expected measures of different names, all of the same kinds of run, found [test accuracy of [a, b], "
                + "test loss of [a, c]]", assertThrows(IllegalArgumentException.class, () -> measured(one, other)).getMessage());
        assertThrows(IllegalArgumentException.class, () -> measured(one, one));
        assertThrows(IllegalArgumentException.class, () -> measured());
    }

    @Test
    void kindsWithOtherNumbersOfSeedsAreRefused() {
        String message = assertThrows(IllegalArgumentException.class, () -> comparison(arm("a", 1, 2), arm("b", 1))).getMessage();
        assertEquals("comparison: expected at least one kind of run, all with as many values, found [a 2, b 1]", message);
        assertThrows(IllegalArgumentException.class, () -> comparison());
    }
}
