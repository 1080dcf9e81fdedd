package tessella.models.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import tessella.engine.json.Json;

class TransportCommandTest {
    @TempDir
    Path folder;

    private Path file(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }

    @Test
    void aTableOfCostsGivesPlansAndACertificate() throws IOException {
        Path cost = file("c.csv", "1,2,3\n2,1,4\n3,3,1\n2,2,2\n");
        Path out = folder.resolve("out");
        Ran ran = Ran.of("transport", "--cost", cost.toString(), "--k", "1,2", "--out", out.toString());
        assertEquals(0, ran.code(), ran.err());
        List<Object> certificates = Json.array(Json.parse(Files.readString(out.resolve("certificate.json"))), "certificate");
        Map<String, Object> second = Json.object(certificates.get(1), "k = 2");
        assertEquals(2L, second.get("k"));
        assertEquals(0, Json.number(second.get("gap"), "gap"), 1e-9);
        assertEquals("converged", second.get("stop"));
        // one entry a column of mass 1/3 cannot give four rows 1/4 each
        Map<String, Object> first = Json.object(certificates.get(0), "k = 1");
        assertTrue(Json.number(first.get("row_error"), "row_error") > 0.05);
        assertTrue(Json.number(first.get("tied_columns"), "tied_columns") > 0);
        double[] rows = new double[4];
        List<String> plan = Files.readAllLines(out.resolve("plan-k-2.csv"));
        assertEquals("row,column,mass", plan.getFirst());
        for (String line : plan.subList(1, plan.size())) {
            rows[Integer.parseInt(line.split(",")[0]) - 1] += Double.parseDouble(line.split(",")[2]);
        }
        for (double sum : rows) {
            assertEquals(0.25, sum, 1e-9);
        }
    }

    @Test
    void massesMayBeGiven() throws IOException {
        Path cost = file("c.csv", "0 1\n1 0\n");
        Path out = folder.resolve("out");
        Ran ran = Ran.of("transport", "--cost", cost.toString(), "--rows", file("a.csv", "2\n1").toString(), "--columns",
                file("b.csv", "1,2").toString(), "--k", "2", "--gamma", "0.001", "--out", out.toString());
        assertEquals(0, ran.code(), ran.err());
        assertEquals(List.of("row,column,mass", "1,1,1.0", "1,2,1.0", "2,2,1.0"), Files.readAllLines(out.resolve("plan-k-2.csv")).stream()
                .map(line -> line.replaceAll("(0\\.9999|1\\.0000)[0-9]*$", "1.0")).toList());
    }

    @Test
    void picturesGetTheColoursOfEachOtherAndAPage() throws IOException {
        Path samples = CommonOptions.home().resolve("models/data/samples");
        Path out = folder.resolve("out");
        Ran ran = Ran.of("transport", samples.resolve("scene-0.png").toString(), samples.resolve("scene-1.png").toString(), "--k", "1,4",
                "--colours", "12", "--iterations", "50", "--out", out.toString());
        assertEquals(0, ran.code(), ran.err());
        for (String name : List.of("k-1", "k-4", "quadratic", "sinkhorn", "quantised")) {
            assertEquals(32, ImageIO.read(out.resolve(name + ".png").toFile()).getWidth(), name);
        }
        String page = Files.readString(out.resolve("transport.html"));
        assertTrue(page.contains("Tied columns") && page.contains("entropic, epsilon = 0.02"));
        assertTrue(ran.out().contains("k = 1 ") && ran.out().contains("quadratic "));
        Ran again = Ran.of("transport", samples.resolve("scene-0.png").toString(), samples.resolve("scene-1.png").toString(), "--out",
                out.toString());
        assertEquals(2, again.code());
    }

    @Test
    void aDemoGivesPicturesThatStandAloneTablesAndAPage() throws Exception {
        for (String demo : List.of("bins", "points")) {
            Path out = folder.resolve(demo);
            Ran ran = Ran.of("transport", "--demo", demo, "--k", "1,3", "--iterations", "40", "--threads", "1", "--out", out.toString());
            assertEquals(0, ran.code(), ran.err());
            assertTrue(ran.out().contains("k = 3 ") && ran.out().contains("entropic ") && !ran.out().contains("NaN"), ran.out());
            try (Stream<Path> files = Files.list(out)) {
                assertEquals(List.of("demo.html", "error.svg", "gap.svg", "plans.csv", "plans.svg", "traces.csv"),
                        files.map(file -> file.getFileName().toString()).sorted().toList());
            }
            for (String name : List.of("plans", "gap", "error")) {
                Element svg = parsed(Files.readString(out.resolve(name + ".svg")));
                assertEquals("svg", svg.getTagName());
                assertEquals("http://www.w3.org/2000/svg", svg.getAttribute("xmlns"));
                assertEquals(1, svg.getElementsByTagName("style").getLength());
            }
            Element plans = parsed(Files.readString(out.resolve("plans.svg")));
            assertTrue(texts(plans).containsAll(List.of("k = 1", "k = 3", "quadratic", "entropic")));
            assertEquals(demo.equals("bins") ? 0 : 4 * 40, plans.getElementsByTagName("circle").getLength());
            // a name in the legend and a line in the plot for each sparse plan and the quadratic one
            Element gap = parsed(Files.readString(out.resolve("gap.svg")));
            assertTrue(texts(gap).containsAll(List.of("k = 1", "k = 3", "quadratic")) && !texts(gap).contains("entropic"));
            assertEquals(3, gap.getElementsByTagName("path").getLength());
            Element page = parsed(Files.readString(out.resolve("demo.html")).replace("<!DOCTYPE html>", ""));
            assertEquals(5, page.getElementsByTagName("tr").getLength());
            assertEquals(0, page.getElementsByTagName("script").getLength());
            assertTrue(page.getTextContent().contains("tessella transport --demo " + demo));
            List<String> table = Files.readAllLines(out.resolve("plans.csv"));
            assertEquals(5, table.size());
            int[] iterations = table.subList(1, 5).stream().mapToInt(line -> Integer.parseInt(line.split(",")[9])).toArray();
            assertEquals(1 + iterations[0] + 1 + iterations[1] + 1 + iterations[2] + 1, Files.readAllLines(out.resolve("traces.csv")).size());
            assertEquals(2, Ran.of("transport", "--demo", demo, "--out", out.toString()).code());
        }
    }

    private static Element parsed(String text) throws Exception {
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)))
                .getDocumentElement();
    }

    private static List<String> texts(Element svg) {
        NodeList all = svg.getElementsByTagName("text");
        return IntStream.range(0, all.getLength()).mapToObj(i -> all.item(i).getTextContent()).toList();
    }

    @Test
    void aDemoThatDoesNotFitIsRefusedAndNothingIsWritten() throws IOException {
        String out = folder.resolve("none").toString();
        Path cost = file("c.csv", "1,2\n2,1\n");
        refused("transport: expected --demo without pictures and tables, found " + cost + "; leave it out", "--demo", "bins", "--cost",
                cost.toString(), "--out", out);
        refused("transport: expected --demo without pictures and tables, found a.png; leave it out", "a.png", "b.png", "--demo", "bins", "--out",
                out);
        refused("transport: expected --demo without pictures and tables, found " + cost + "; leave it out", "--demo", "points", "--rows",
                cost.toString(), "--out", out);
        refused("transport: expected at most 7 numbers in --k beside --demo, found 8; leave some out", "--demo", "bins", "--k", "1,2,3,4,5,6,7,8",
                "--out", out);
        refused("transport: expected --seed with --demo points only, found it with bins", "--demo", "bins", "--seed", "2", "--out", out);
        refused("transport: expected --seed with --demo only, found it without", "--seed", "2", "--cost", cost.toString(), "--out", out);
        refused("transport: expected --out with a new folder, found none", "--demo", "bins");
        assertFalse(Files.exists(folder.resolve("none")));
    }

    @Test
    void whatDoesNotFitIsRefusedInASentenceAndNothingIsWritten() throws IOException {
        Path cost = file("c.csv", "1,2\n3\n");
        String out = folder.resolve("none").toString();
        refused("transport: expected two pictures, --cost with a table, or --demo, found neither", "--out", out);
        refused("transport: expected two pictures, --cost with a table, or --demo, found one picture", "a.png", "--out", out);
        refused("transport: expected two pictures, --cost with a table, or --demo, found both", "a.png", "b.png", "--cost", cost.toString(), "--out", out);
        refused("transport: expected --out with a new folder, found none", "--cost", cost.toString());
        refused("transport: expected 2 numbers in each line of " + cost + ", found 1 in line 2", "--cost", cost.toString(), "--out", out);
        Path word = file("w.csv", "1,x\n");
        refused("transport: expected numbers in " + word + ", found \"x\" in line 1", "--cost", word.toString(), "--out", out);
        Path good = file("g.csv", "1,2\n2,1\n");
        Path masses = file("m.csv", "1 2 3");
        refused("transport: expected 2 masses of rows in " + masses + ", found 3", "--cost", good.toString(), "--rows", masses.toString(), "--out",
                out);
        Path uneven = file("u.csv", "1 2");
        Path small = file("s.csv", "1 1");
        Ran ran = Ran.of("transport", "--cost", good.toString(), "--rows", uneven.toString(), "--columns", small.toString(), "--out", out);
        assertEquals(2, ran.code());
        assertTrue(ran.err().startsWith("transport: expected rows and columns of one sum of masses, found 3.0 and 2.0"), ran.err());
        assertFalse(Files.exists(folder.resolve("none")));
    }

    private static void refused(String sentence, String... words) {
        List<String> all = new java.util.ArrayList<>(List.of("transport"));
        all.addAll(List.of(words));
        Ran ran = Ran.of(all);
        assertEquals(2, ran.code());
        assertEquals(sentence, ran.err().lines().findFirst().orElse(""));
    }
}
