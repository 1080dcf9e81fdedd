package tessella.models.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.xml.sax.InputSource;
import tessella.engine.Memory;
import tessella.engine.Scope;
import tessella.engine.json.Json;
import tessella.models.data.DataSplits;
import tessella.models.data.ImageSet;
import tessella.models.data.Picture;
import tessella.models.data.ShippedData;
import tessella.models.measure.FeatureProbe;
import tessella.models.measure.RidgeProbe;
import tessella.models.train.Checkpoint;
import tessella.reference.NeighbourOracle;
import tessella.reference.RidgeOracle;

/** The probe command as a user runs it, on a model that has seen few digits. */
class ProbeCommandTest {
    private static final List<String> FILES = List.of("metrics.jsonl", "report.html", "run-card.json", "run-card.md");

    @TempDir
    private static Path folder;

    private static Path checkpoint;
    private static Path report;
    private static Ran probed;

    @TempDir
    private Path other;

    @BeforeAll
    static void trainAndProbe() {
        Ran trained = Ran.of("train", "--data", "digits", "--limit", "160", "--epochs", "1", "--seed", "3", "--out",
                folder.resolve("run").toString());
        assertEquals(0, trained.code(), trained.err());
        checkpoint = folder.resolve("run/checkpoint.safetensors");
        report = folder.resolve("probe");
        probed = Ran.of("probe", "--data", "digits", "--threads", "2", "--out", report.toString(), checkpoint.toString());
        assertEquals(0, probed.code(), probed.err());
    }

    @AfterEach
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    /** In float64, picture by picture, from the features of other batches; only the draws themselves are taken from the library. */
    @Test
    void theNumbersAreThoseOfAnIndependentComputation() throws IOException {
        DataSplits digits = ShippedData.DIGITS.load(ShippedData.defaultRoot());
        double[][] train;
        double[][] test;
        try (Checkpoint loaded = Checkpoint.load(checkpoint)) {
            train = features(loaded, digits.train());
            test = features(loaded, digits.test());
        }
        int[] labels = digits.train().labels();
        int[] truth = digits.test().labels();
        int right = 0;
        int[] found = new int[3];
        for (int i = 0; i < test.length; i++) {
            double[] asked = test[i];
            double[] cosines = Arrays.stream(train).mapToDouble(row -> NeighbourOracle.cosine(row, asked)).toArray();
            List<Integer> order = IntStream.range(0, train.length).boxed().sorted(Comparator.comparing((Integer j) -> -cosines[j])).toList();
            double[] votes = new double[10];
            order.subList(0, 10).forEach(j -> votes[labels[j]] += cosines[j]);
            right += largest(votes) == truth[i] ? 1 : 0;
            int wanted = truth[i];
            for (int r = 0; r < 3; r++) {
                found[r] += order.subList(0, new int[] {1, 5, 10}[r]).stream().anyMatch(j -> labels[j] == wanted) ? 1 : 0;
            }
        }
        assertEquals(decimals(right, test.length), probed.number("10 nearest neighbours accuracy"));
        assertEquals(decimals(found[0], test.length), probed.number("retrieval recall@1"));
        assertEquals(decimals(found[1], test.length), probed.number("retrieval recall@5"));
        assertEquals(decimals(found[2], test.length), probed.number("retrieval recall@10"));
        assertEquals(decimals(ridge(train, labels, test, truth), 1), probed.number("ridge accuracy"));
        double[] draws = new double[5];
        for (int draw = 0; draw < 5; draw++) {
            int[] shots = RidgeProbe.shots(labels, 10, 10, draw + 1);
            draws[draw] = ridge(Arrays.stream(shots).mapToObj(i -> train[i]).toArray(double[][]::new),
                    Arrays.stream(shots).map(i -> labels[i]).toArray(), test, truth);
        }
        double mean = Arrays.stream(draws).average().orElseThrow();
        assertEquals(decimals(mean, 1), probed.number("10-shot ridge accuracy"));
        // 2.7764: the point of the t distribution with 4 degrees of freedom
        double half = 2.7764 * Math.sqrt(Arrays.stream(draws).map(v -> (v - mean) * (v - mean)).sum() / 4 / 5);
        assertTrue(half > 0 && probed.out().contains("95 % interval " + decimals(mean - half, 1) + " to " + decimals(mean + half, 1)
                + " of the mean over 5 draws"), probed.out());
        assertTrue(probed.out().contains("features of width 64 of 1,266 training and 353 test pictures of digits\n"), probed.out());
    }

    private static double[][] features(Checkpoint loaded, ImageSet pictures) {
        double[][] out = new double[pictures.size()][];
        for (int from = 0; from < out.length; from += 50) {
            List<Picture> part = IntStream.range(from, Math.min(out.length, from + 50)).mapToObj(pictures::picture).toList();
            try (Scope scope = Scope.open()) {
                double[] values = loaded.model().features(loaded.batch(scope, part)).toDoubles();
                for (int i = 0; i < part.size(); i++) {
                    out[from + i] = Arrays.copyOfRange(values, i * 64, (i + 1) * 64);
                }
            }
        }
        return out;
    }

    private static double ridge(double[][] train, int[] labels, double[][] test, int[] truth) {
        double[][] scores = RidgeOracle.scores(train, labels, 10, test, 1024, 100, 1e-5);
        return IntStream.range(0, truth.length).filter(i -> largest(scores[i]) == truth[i]).count() / (double) truth.length;
    }

    private static int largest(double[] row) {
        return IntStream.range(0, row.length).boxed().max(Comparator.comparing((Integer c) -> row[c])).orElseThrow();
    }

    private static String decimals(double right, int of) {
        return String.format(Locale.ROOT, "%.4f", right / of);
    }

    @Test
    void equalArgumentsLeaveEqualBytesWhateverTheThreads() throws IOException {
        try (Stream<Path> files = Files.list(report)) {
            assertEquals(Set.copyOf(FILES), new TreeSet<>(files.map(file -> file.getFileName().toString()).toList()));
        }
        for (int threads : new int[] {1, 3}) {
            Path second = other.resolve("threads " + threads);
            Ran again = Ran.of("probe", checkpoint.toString(), "--data=digits", "--threads", Integer.toString(threads), "--out",
                    second.toString());
            assertEquals(0, again.code(), again.err());
            assertEquals(results(probed, report), results(again, second));
            for (String name : FILES) {
                assertEquals(-1, Files.mismatch(report.resolve(name), second.resolve(name)), name);
            }
        }
    }

    /** What is printed, but for the progress and the name of the folder. */
    private static List<String> results(Ran result, Path out) {
        return result.out().lines().dropWhile(line -> !line.startsWith("features of ")).map(line -> line.replace(out.toString(), "")).toList();
    }

    @Test
    void theRunCardTellsHowToRunItAgain() throws IOException {
        Map<String, Object> card = Json.object(Json.parse(Files.readString(report.resolve("run-card.json"))), "card");
        List<String> words = Json.array(card.get("arguments"), "arguments").stream().map(String.class::cast).toList();
        assertEquals(List.of("tessella", "probe"), words.subList(0, 2));
        assertEquals(ProbeCommand.of(ProbeCommand.COMMAND.parse(List.of(checkpoint.toString(), "--data", "digits"))),
                ProbeCommand.of(ProbeCommand.COMMAND.parse(words.subList(2, words.size()))));
        Map<String, Object> result = Json.object(card.get("result"), "result");
        assertEquals(probed.number("ridge accuracy"), decimals(Json.number(result.get("ridge_accuracy"), "ridge"), 1));
        assertEquals(probed.number("10-shot ridge accuracy"), decimals(Json.number(result.get("few_shot_accuracy"), "few"), 1));
        assertTrue(((String) result.get("checkpoint_sha256")).matches("[0-9a-f]{64}"));
        List<Map<String, Object>> draws = new ArrayList<>();
        for (String line : Files.readAllLines(report.resolve("metrics.jsonl"))) {
            draws.add(Json.object(Json.parse(line), "line"));
        }
        assertEquals(List.of(1L, 2L, 3L, 4L, 5L), draws.stream().map(line -> line.get("seed")).toList());
        assertEquals(Json.number(result.get("few_shot_accuracy"), "few"),
                draws.stream().mapToDouble(line -> Json.number(line.get("accuracy"), "accuracy")).average().orElseThrow(), 1e-12);
    }

    @Test
    void theReportShowsTestPicturesBesideTheirNeighbours() throws Exception {
        String html = Files.readString(report.resolve("report.html"));
        Document page = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(
                new StringReader(html.replaceFirst("<!DOCTYPE html>", ""))));
        assertEquals(List.of("numbers", "neighbours", "card"), elements(page, "section").stream().map(e -> e.getAttribute("id")).toList());
        assertEquals(List.of("Named wrong", "Named right"), elements(page, "h3").stream().map(Element::getTextContent).toList());
        List<Element> shown = elements(page, "div").stream().filter(e -> e.getAttribute("class").equals("card retrieval")).toList();
        assertEquals(12, shown.size());
        assertEquals(12 * (1 + 5), elements(page, "img").size());
        for (Element one : shown) {
            List<Element> images = elements(one, "img");
            String verdict = elements(one, "p").getFirst().getTextContent();
            String truth = images.getFirst().getAttribute("alt").substring("A picture of class ".length());
            assertEquals(verdict.startsWith("\u2713"), verdict.equals("\u2713 " + truth), verdict);
            assertEquals(verdict.startsWith("\u2717"), verdict.endsWith("is in truth " + truth), verdict);
            List<Element> spans = elements(one, "span");
            for (int r = 0; r < 5; r++) {
                String name = images.get(1 + r).getAttribute("alt").substring("A picture of class ".length());
                assertEquals((name.equals(truth) ? "\u2713 " : "\u2717 ") + name, spans.get(2 * r).getTextContent());
                assertTrue(r == 0 || Double.parseDouble(spans.get(2 * r + 1).getTextContent())
                        <= Double.parseDouble(spans.get(2 * r - 1).getTextContent()), "the most alike first");
            }
        }
        for (String label : List.of("10 nearest neighbours accuracy", "10-shot ridge accuracy", "ridge accuracy", "retrieval recall@10")) {
            assertTrue(elements(page, "tr").stream().anyMatch(line -> line.getTextContent().toLowerCase(Locale.ROOT)
                    .startsWith(label + probed.number(label))), label);
        }
    }

    @Test
    void readsItsOptions() {
        assertEquals(new ProbeCommand(Path.of("m.safetensors"), new DataChoice.Shipped(ShippedData.FASHION_MNIST), Optional.empty(), Optional.empty(),
                new FeatureProbe.Settings(10, 10, 5),
                Runtime.getRuntime().availableProcessors(), Optional.empty()), ProbeCommand.of(ProbeCommand.COMMAND.parse(List.of("m.safetensors"))));
        assertEquals(new ProbeCommand(Path.of("m.safetensors"), new DataChoice.Shipped(ShippedData.DIGITS), Optional.empty(), Optional.of(Path.of("d")),
                new FeatureProbe.Settings(1, 20, 3), 2,
                Optional.of(Path.of("x"))), ProbeCommand.of(ProbeCommand.COMMAND.parse(List.of("--shots=1", "m.safetensors", "--neighbours", "20",
                        "--draws", "3", "--data", "digits", "--data-root", "d", "--threads", "2", "--out", "x"))));
        assertEquals(List.of("--side", "48"), ProbeCommand.of(ProbeCommand.COMMAND.parse(List.of("m.safetensors", "--side", "48",
                "--data", "scenes"))).arguments().subList(11, 13));
        assertThrows(UsageException.class, () -> ProbeCommand.COMMAND.parse(List.of("m.safetensors", "--draws", "1")));
    }

    @Test
    void whatTheUserGotWrongIsASentence() throws IOException {
        String model = checkpoint.toString();
        Path out = other.resolve("x");
        Path taken = Files.createDirectories(other.resolve("taken"));
        Files.writeString(taken.resolve("precious"), "");
        refused(2, "tessella probe: --draws expects an integer of at least 2, found \"1\"", "probe", model, "--draws", "1");
        refused(2, "probe: expected at least 1000 training pictures of each class, found 12", "probe", model, "--data", "digits", "--shots",
                "1000", "--out", out.toString());
        refused(2, "probe: expected at least 2000 training pictures, as many as neighbours are looked at, found 1266", "probe", model,
                "--data", "digits", "--neighbours", "2000", "--out", out.toString());
        refused(1, "tessella: " + other.resolve("none.safetensors") + ": expected a safetensors file, found nothing of this name", "probe",
                other.resolve("none.safetensors").toString(), "--data", "digits", "--out", out.toString());
        assertFalse(Files.exists(out), "nothing is made for a measurement that cannot begin");
        refused(1, "tessella: " + taken + ": expected a new or empty folder for the run, found precious in it", "probe", model, "--data",
                "digits", "--out", taken.toString());
    }

    private static void refused(int code, String start, String... words) {
        Ran result = Ran.of(words);
        assertEquals(code, result.code(), result.err());
        assertTrue(result.err().startsWith(start), result.err());
        assertEquals(1, result.err().lines().count(), result.err());
        assertEquals("", result.out());
    }

    private static List<Element> elements(Document page, String name) {
        return elements(page.getDocumentElement(), name);
    }

    private static List<Element> elements(Element parent, String name) {
        var nodes = parent.getElementsByTagName(name);
        return IntStream.range(0, nodes.getLength()).mapToObj(i -> (Element) nodes.item(i)).toList();
    }

}
