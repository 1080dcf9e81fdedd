package tessella.models.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;
import tessella.models.data.Picture;

class ReportTest {
    private static final Pattern OUTSIDE = Pattern.compile("(?i)https?:|//[a-z]|<script|<link|@import|\\son[a-z]+=");

    @TempDir
    private Path folder;

    @Test
    void isWellFormedAndHasAllSections() throws Exception {
        Document page = parse(Example.report().html());
        assertEquals(List.of("curves", "confusion", "samples", "routing", "card"), ids(page));
        assertEquals("soft-moe-tiny on fashion-mnist", text(page, "h1"));
        assertEquals("soft-moe-tiny on fashion-mnist", text(page, "title"));
        assertEquals(24, withClass(page, "figure", "sample").size());
        assertEquals(2, withClass(page, "table", "routing").size());
        assertEquals(2 * 6 * 18, withClass(page, "div", "patch").size());
        assertEquals(100, withClass(page, "table", "confusion").getFirst().getElementsByTagName("td").getLength() - 1);
    }

    /** The lines of the table of classes, each as its texts. */
    private static List<List<String>> lines(Document page) {
        return elements(withClass(page, "table", "classes").getFirst(), "tr").stream().map(line -> list(line.getChildNodes()).stream()
                .map(Element::getTextContent).toList()).toList();
    }

    @Test
    void theClassesOfOneLabelEndWithTheirMean() throws Exception {
        // c is never said, and of d there is no picture
        int[] labels = {0, 0, 0, 1, 1, 2};
        int[] predictions = {0, 0, 1, 1, 3, 1};
        float[][] p = {{0.9f, 0.1f, 0, 0}, {0.8f, 0.2f, 0, 0}, {0.3f, 0.7f, 0, 0}, {0.4f, 0.6f, 0, 0}, {0, 0, 0.3f, 0.7f},
            {0, 0.8f, 0.2f, 0}};
        Report report = new Report("t", List.of(), Example.card(), new TrainingCurve(List.of(), List.of()),
                TestResult.OneClass.of(List.of("a", "b", "c", "d"), labels, predictions, p), List.of(), List.of());
        // AP of a: 1, 1, 3/4; of b: places 3 and 6, as equals go by the order of the pictures; of c: place 2
        assertEquals(List.of(List.of("Class", "AP", "Precision", "Recall", "F1", "Pictures"),
                List.of("a", "0.917", "1.000", "0.667", "0.800", "3"),
                List.of("b", "0.333", "0.333", "0.500", "0.400", "2"),
                List.of("c", "0.500", "\u2013", "0.000", "0.000", "1"),
                List.of("d", "\u2013", "0.000", "\u2013", "0.000", "0"),
                List.of("Macro mean", "0.583", "0.444", "0.389", "0.400", "6")), lines(parse(report.html())));
        assertEquals("test result: expected an average precision for each of 1 classes, found 2", assertThrows(
                IllegalArgumentException.class, () -> new TestResult.OneClass(new ConfusionMatrix(List.of("a"), new int[1][1]),
                        new double[2])).getMessage());
    }

    @Test
    void severalClassesHaveTheirOwnTable() throws Exception {
        float[][] p = {{0.9f, 0.5f, 0}, {0.6f, 0.4f, 0.1f}, {0.7f, 0.8f, 0.45f}};
        boolean[][] truth = {{true, false, false}, {false, true, false}, {true, true, false}};
        Picture picture = Picture.of(2, 2, 1, new byte[4]);
        Report report = new Report("t", List.of(new Headline("Precision@1", "0.6667", "")), Example.card(),
                new TrainingCurve(List.of(), List.of()), new TestResult.SeveralClasses(List.of("a", "b", "c"), p, truth),
                List.of(SamplePrediction.ofSeveralClasses(picture, truth[1], p[1]), SamplePrediction.ofSeveralClasses(picture, truth[2], p[2]),
                        SamplePrediction.ofSeveralClasses(picture, new boolean[3], new float[3])), List.of());
        Document page = parse(report.html());
        assertEquals(List.of("curves", "classes", "samples", "card"), ids(page));
        // of all nine, the true ones are at the places 1, 2, 3 and 7: the micro AP is (3 + 4/7) / 4
        assertEquals(List.of(List.of("Class", "AP", "Precision", "Recall", "F1", "Pictures"),
                List.of("a", "1.000", "0.667", "1.000", "0.800", "2"),
                List.of("b", "0.833", "0.500", "0.500", "0.500", "2"),
                List.of("c", "\u2013", "\u2013", "\u2013", "\u2013", "0"),
                List.of("Macro mean", "0.917", "0.583", "0.750", "0.650", "3"),
                List.of("Micro", "0.893", "0.600", "0.750", "0.667", "3")), lines(page));
        assertEquals(List.of("Mean average precision", "Precision@1"), elements(elements(page, "header").getFirst(), "dt").stream()
                .map(Element::getTextContent).toList());
        assertTrue(elements(page, "header").getFirst().getTextContent().contains("0.91673 pictures, 3 classes"));
        List<String> verdicts = withClass(page, "p", "verdict").stream().map(Element::getTextContent).toList();
        assertEquals(List.of("\u2717 ais in truth b", "\u2713 a, b", "\u2713 of no class"), verdicts);
        assertEquals(3, withClass(page, "i", "true").size(), "the bars of true classes are marked");
    }

    @Test
    void aResultWithoutPicturesSaysSo() throws Exception {
        Report report = new Report("t", List.of(), Example.card(), new TrainingCurve(List.of(), List.of()),
                new TestResult.SeveralClasses(List.of("a"), new float[0][], new boolean[0][]), List.of(), List.of());
        Document page = parse(report.html());
        assertTrue(elements(page, "section").get(1).getTextContent().contains("Nothing was measured."));
        assertEquals("test result: expected as many rows of truth as the 1 of probabilities, found 0", assertThrows(
                IllegalArgumentException.class, () -> new TestResult.SeveralClasses(List.of("a"), new float[1][1], new boolean[0][]))
                .getMessage());
        assertEquals("test result: expected a probability and a truth for each of 2 classes, found 2 and 1 at picture 0", assertThrows(
                IllegalArgumentException.class, () -> new TestResult.SeveralClasses(List.of("a", "b"), new float[1][2],
                        new boolean[1][1])).getMessage());
    }

    @Test
    void needsNothingFromOutside() throws Exception {
        String html = Example.report().html();
        String visible = html.replaceAll("data:image/png;base64,[A-Za-z0-9+/=]*", "");
        assertFalse(OUTSIDE.matcher(visible).find(), "no address, no script, no handler");
        for (Element img : elements(parse(html), "img")) {
            assertTrue(img.getAttribute("src").startsWith("data:image/png;base64,"), "img " + img.getAttribute("src"));
        }
        assertTrue(html.contains("default-src &#39;none&#39;"), "a policy forbids the network");
    }

    @Test
    void equalInputGivesEqualBytesInAnyLanguage() throws IOException {
        String html = Example.report().html();
        Locale before = Locale.getDefault();
        try {
            for (String tag : List.of("de-DE", "ar-EG-u-nu-arab", "tr-TR")) {
                Locale.setDefault(Locale.forLanguageTag(tag));
                assertTrue(html.equals(Example.report().html()), "other bytes in the language " + tag);
            }
        } finally {
            Locale.setDefault(before);
        }
    }

    @Test
    void writesTheFileWholeAndNothingElse() throws IOException {
        Path file = folder.resolve("report.html");
        Files.writeString(file, "older");
        Report report = Example.report();
        report.write(file);
        assertArrayEquals(report.html().getBytes(StandardCharsets.UTF_8), Files.readAllBytes(file));
        try (var entries = Files.list(folder)) {
            assertEquals(List.of(file), entries.toList());
        }
        assertThrows(IOException.class, () -> report.write(folder.resolve("missing").resolve("report.html")));
    }

    @Property(tries = 200)
    void anyTextIsShownAsItIs(@ForAll String text) throws Exception {
        Document page = parse("<!DOCTYPE html>" + new Markup().open("html").element("p", text, "title", text).close()
                .finish());
        StringBuilder expected = new StringBuilder();
        text.codePoints().forEach(c -> expected.appendCodePoint(c == '\t' || c == '\n' || c >= 0x20 && c < 0x7f
                || c >= 0xa0 && c < 0xd800 || c >= 0xe000 && c < 0xfffe || c >= 0x10000 ? c : 0xfffd));
        Element p = elements(page, "p").getFirst();
        assertEquals(expected.toString(), p.getTextContent());
        assertEquals(expected.toString().replace('\t', ' '), p.getAttribute("title"), "XML makes tabs spaces there");
    }

    @Test
    void namesAreEscapedEverywhere() throws Exception {
        String evil = "</style><script>alert('x')</script>&\"";
        Picture picture = Picture.of(2, 2, 1, new byte[4]);
        RoutingStatistics statistics = new RoutingStatistics(4, 1, 1);
        float[][] weights = {{0.25f}, {0.25f}, {0.25f}, {0.25f}};
        statistics.add(weights, weights);
        Report report = new Report(evil, List.of(new Headline(evil, evil, evil)),
                new RunCard(evil, Optional.of(evil), List.of(evil), 1, new Machine(evil, evil, evil, 1, 128), evil,
                        evil, Map.of(evil, evil)),
                new TrainingCurve(List.of(), List.of()),
                new TestResult.OneClass(new ConfusionMatrix(List.of(evil, "b"), new int[][] {{1, 0}, {0, 1}}), new double[2]),
                List.of(new SamplePrediction(picture, 0, new float[] {1, 0}),
                        new SamplePrediction(picture, 1, new float[] {1, 0})),
                List.of(new RoutingFigure(evil, 2, 2, List.of(0), List.of(new RoutedPicture(picture, evil, weights)),
                        statistics)));
        String html = report.html();
        assertFalse(html.contains("<script"), html);
        assertEquals(1, html.split("</style>", -1).length - 1);
        Document page = parse(html);
        assertEquals(evil, text(page, "h1"));
        assertTrue(elements(page, "td").stream().anyMatch(td -> td.getAttribute("title").contains(evil)));
    }

    @Test
    void whatIsMissingIsLeftOut() throws Exception {
        RunCard card = Example.card();
        Report report = new Report("vit", List.of(), card, new TrainingCurve(List.of(
                new TrainingCurve.Epoch(1, Double.NaN, Double.NaN, Double.NaN, 0.5)), List.of()),
                new TestResult.OneClass(new ConfusionMatrix(List.of("a", "b"), new int[2][2]), new double[] {Double.NaN, Double.NaN}),
                List.of(), List.of());
        Document page = parse(report.html());
        assertEquals(List.of("curves", "confusion", "card"), ids(page));
        assertTrue(page.getDocumentElement().getTextContent().contains("Nothing was measured."));
        assertFalse(page.getDocumentElement().getTextContent().contains("NaN"));
    }

    @Test
    void chartsStayInTheirFrameAndTellTheirValues() throws Exception {
        Document page = parse(Example.report().html());
        List<Element> charts = withClass(page, "svg", "chart");
        assertEquals(3 + 2 * 3, charts.size());
        for (Element chart : charts) {
            String[] box = chart.getAttribute("viewBox").split(" ");
            for (String tag : List.of("circle", "rect", "line", "text")) {
                for (Element mark : elements(chart, tag)) {
                    for (String name : List.of("x", "cx", "x1", "x2")) {
                        assertInside(mark, name, Double.parseDouble(box[2]));
                    }
                    for (String name : List.of("y", "cy", "y1", "y2")) {
                        assertInside(mark, name, Double.parseDouble(box[3]));
                    }
                }
            }
            assertFalse(chart.getAttribute("aria-label").isEmpty());
            assertFalse(elements(chart, "title").isEmpty());
        }
        List<Element> titles = elements(charts.getFirst(), "title");
        assertEquals(25, titles.size());
        assertTrue(titles.getFirst().getTextContent().matches(
                "epoch 1\ntraining 1\\.\\d{4}\nvalidation 1\\.\\d{4}"), titles.getFirst().getTextContent());
        assertTrue(elements(charts.get(2), "title").size() <= 120, "a long run is thinned out");
    }

    @Test
    void aGapInALineIsAGap() throws Exception {
        LineChart chart = new LineChart("t", "epoch", List.of(new LineChart.Series("s", "train", List.of(
                new LineChart.Point(1, 1), new LineChart.Point(2, Double.NaN), new LineChart.Point(3, 2),
                new LineChart.Point(4, 3)))), 0, y -> Numbers.fixed(y, 1));
        Markup out = new Markup();
        chart.write(out);
        String path = elements(parse(out.finish()), "path").getFirst().getAttribute("d");
        assertEquals("MML", path.replaceAll("[^ML]", ""), path);
    }

    @Test
    void wrongSamplesAreMarkedInWordsToo() throws Exception {
        Document page = parse(Example.report().html());
        for (Element verdict : withClass(page, "p", "verdict")) {
            boolean wrong = verdict.getAttribute("class").contains("wrong");
            assertEquals(wrong, verdict.getTextContent().contains(" in truth "), verdict.getTextContent());
            assertTrue(verdict.getTextContent().startsWith(wrong ? "\u2717 " : "\u2713 "), verdict.getTextContent());
        }
    }

    @Test
    void aSampleNeedsAProbabilityForEachClass() {
        Picture picture = Picture.of(1, 1, 1, new byte[1]);
        assertThrows(IllegalArgumentException.class, () -> new SamplePrediction(picture, 2, new float[2]));
        assertEquals("report: expected 2 probabilities for a sample, found 3", assertThrows(
                IllegalArgumentException.class, () -> new Report("t", List.of(), Example.card(),
                        new TrainingCurve(List.of(), List.of()),
                        new TestResult.OneClass(new ConfusionMatrix(List.of("a", "b"), new int[2][2]), new double[2]),
                        List.of(new SamplePrediction(picture, 0, new float[3])), List.of())).getMessage());
    }

    @Test
    void markupRefusesWhatABrowserWouldMisread() {
        assertThrows(IllegalArgumentException.class, () -> new Markup().empty("div"));
        assertThrows(IllegalStateException.class, () -> new Markup().open("p").finish());
        assertThrows(IllegalArgumentException.class, () -> new Markup().style("a<b"));
    }

    private static void assertInside(Element mark, String name, double size) {
        if (mark.hasAttribute(name)) {
            double place = Double.parseDouble(mark.getAttribute(name));
            assertTrue(place >= 0 && place <= size, mark.getTagName() + " " + name + "=" + place);
        }
    }

    static Document parse(String html) throws Exception {
        return DocumentBuilderFactory.newInstance().newDocumentBuilder()
                .parse(new InputSource(new StringReader(html)));
    }

    private static List<String> ids(Document page) {
        return elements(page, "section").stream().map(section -> section.getAttribute("id")).toList();
    }

    private static String text(Document page, String tag) {
        return elements(page, tag).getFirst().getTextContent();
    }

    private static List<Element> withClass(Document page, String tag, String name) {
        return elements(page, tag).stream()
                .filter(element -> List.of(element.getAttribute("class").split(" ")).contains(name)).toList();
    }

    private static List<Element> elements(Document page, String tag) {
        return list(page.getElementsByTagName(tag));
    }

    private static List<Element> elements(Element parent, String tag) {
        return list(parent.getElementsByTagName(tag));
    }

    private static List<Element> list(NodeList nodes) {
        List<Element> list = new ArrayList<>();
        for (int i = 0; i < nodes.getLength(); i++) {
            if (nodes.item(i) instanceof Element element) {
                list.add(element);
            }
        }
        return list;
    }
}
