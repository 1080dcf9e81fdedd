package tessella.models.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import tessella.engine.Memory;
import tessella.engine.json.Json;
import tessella.models.data.ShippedData;
import tessella.models.data.ImageSet;
import tessella.models.data.Picture;
import tessella.models.train.Checkpoint;
import tessella.models.train.Evaluation;
import tessella.models.vit.VitConfig;

/** The four commands as a user runs them, on one short training run with digits. */
class EndToEndTest {
    private static final List<String> TRAIN = List.of("train", "--data", "digits", "--limit", "320", "--epochs", "2",
            "--seed", "11");

    /** Of soft-moe-tiny with patches of 2 x 2 pixels and 1 slot an expert. */
    private static final String PARAMETERS = "1,195,852";

    @TempDir
    private static Path folder;

    private static Path run;
    private static Path checkpoint;
    private static Ran trained;

    @TempDir
    private Path other;

    @BeforeAll
    static void train() {
        run = folder.resolve("run");
        checkpoint = run.resolve("checkpoint.safetensors");
        trained = Ran.of(with(TRAIN, "--threads", "2", "--out", run.toString()));
        assertEquals(0, trained.code(), trained.err());
    }

    @AfterEach
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    @Test
    void trainEndsWithTheAccuracyAndWhereItsFilesAre() throws IOException {
        List<String> lines = trained.lines();
        List<String> last = lines.subList(lines.size() - 3, lines.size());
        assertTrue(last.get(0).matches("test accuracy [01]\\.\\d{4}"), trained.out());
        assertEquals("checkpoint " + checkpoint, last.get(1));
        assertEquals("report " + run.resolve("report.html"), last.get(2));
        assertTrue(lines.getFirst().startsWith("soft-moe-tiny: " + PARAMETERS + " parameters, "), trained.out());
        assertTrue(lines.getFirst().endsWith("digits: 320 training, 178 validation, 353 test pictures"), trained.out());
        assertFalse(trained.out().contains("\r") || trained.out().contains("\u001b"), "plain lines: this is no terminal");
        assertEquals("", trained.err());
        try (Stream<Path> files = Files.list(run)) {
            assertEquals(Set.of("checkpoint.safetensors", "metrics.jsonl", "report.html", "run-card.json", "run-card.md"),
                    new TreeSet<>(files.map(file -> file.getFileName().toString()).toList()));
        }
    }

    @Test
    void evalPrintsTheVerySameNumber() {
        for (String[] options : new String[][] {{}, {"--threads", "1"}, {"--threads", "3", "--batch", "7"}}) {
            Ran eval = Ran.of(with(with(List.of("eval", "--data", "digits"), options), checkpoint.toString()));
            assertEquals(0, eval.code(), eval.err());
            assertEquals(trained.line("test accuracy "), eval.line("test accuracy "), Arrays.toString(options));
        }
    }

    /** The data of the default, all 10,000 test pictures: one epoch of few pictures. */
    @Test
    void fashionMnistIsTheDefault() {
        Path out = other.resolve("fashion");
        Ran first = Ran.of("train", "--limit", "320", "--epochs", "1", "--out", out.toString());
        assertEquals(0, first.code(), first.err());
        assertTrue(first.lines().getFirst().endsWith(
                "fashion-mnist: 320 training, 600 validation, 10000 test pictures"), first.out());
        Ran eval = Ran.of("eval", out.resolve("checkpoint.safetensors").toString());
        assertEquals(0, eval.code(), eval.err());
        assertEquals(first.line("test accuracy "), eval.line("test accuracy "));
    }

    @Test
    void equalArgumentsLeaveEqualBytesWhateverTheThreads() throws IOException {
        Path second = other.resolve("second");
        Ran again = Ran.of(with(TRAIN, "--threads", "3", "--out", second.toString()));
        assertEquals(trained.line("test accuracy "), again.line("test accuracy "));
        for (String name : List.of("checkpoint.safetensors", "metrics.jsonl", "report.html", "run-card.json",
                "run-card.md")) {
            assertEquals(-1, Files.mismatch(run.resolve(name), second.resolve(name)), name);
        }
    }

    @Test
    void metricsAreOneJsonObjectALine() throws IOException {
        List<String> lines = Files.readAllLines(run.resolve("metrics.jsonl"));
        List<Map<String, Object>> steps = new ArrayList<>();
        List<Map<String, Object>> epochs = new ArrayList<>();
        for (String line : lines) {
            Map<String, Object> fields = Json.object(Json.parse(line), "line");
            (fields.get("kind").equals("step") ? steps : epochs).add(fields);
        }
        assertEquals(List.of("kind", "step", "epoch", "loss", "learning_rate", "gradient_norm"),
                List.copyOf(steps.getFirst().keySet()));
        assertEquals(40L, steps.getLast().get("step"));
        assertEquals(List.of("kind", "step", "epoch", "train_loss", "train_accuracy", "validation_loss",
                "validation_accuracy"), List.copyOf(epochs.getFirst().keySet()));
        assertEquals(List.of(1L, 2L), epochs.stream().map(fields -> fields.get("epoch")).toList());
        assertEquals(List.of(20L, 40L), epochs.stream().map(fields -> fields.get("step")).toList());
    }

    @Test
    void theRunCardTellsHowToRunItAgain() throws IOException {
        Map<String, Object> card = Json.object(Json.parse(Files.readString(run.resolve("run-card.json"))), "card");
        List<String> words = Json.array(card.get("arguments"), "arguments").stream().map(String.class::cast).toList();
        assertEquals(List.of("tessella", "train"), words.subList(0, 2));
        TrainCommand again = TrainCommand.of(TrainCommand.COMMAND.parse(words.subList(2, words.size())));
        TrainCommand first = TrainCommand.of(TrainCommand.COMMAND.parse(TRAIN.subList(1, TRAIN.size())));
        assertEquals(first, again);
        assertEquals(11L, card.get("seed"));
        assertEquals("digits", card.get("data"));
        Map<String, Object> result = Json.object(card.get("result"), "result");
        assertEquals(trained.line("test accuracy "),
                "test accuracy " + EvalCommand.decimals(Json.number(result.get("test_accuracy"), "test_accuracy")));
        String precision = EvalCommand.decimals(Json.number(result.get("test_mean_average_precision"), "precision"));
        assertTrue(Files.readString(run.resolve("report.html")).contains(
                "<dt>Mean average precision</dt><dd><b>" + precision + "</b>"), precision);
        assertEquals(PARAMETERS, String.format(Locale.ROOT, "%,d", result.get("parameters")));
    }

    @Test
    void theReportShowsTheRoutingOfBothMixtureLayers() throws Exception {
        String html = Files.readString(run.resolve("report.html"));
        Document page = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new ByteArrayInputStream(
                html.replaceFirst("<!DOCTYPE html>", "").getBytes(StandardCharsets.UTF_8)));
        Set<String> sections = new TreeSet<>();
        List<String> titles = new ArrayList<>();
        for (Element section : elements(page, "section")) {
            sections.add(section.getAttribute("id"));
        }
        for (Element title : elements(page, "h3")) {
            titles.add(title.getTextContent());
        }
        assertTrue(sections.containsAll(Set.of("curves", "confusion", "samples", "routing", "card")), sections.toString());
        assertTrue(titles.containsAll(List.of("blocks.2.moe", "blocks.3.moe")), titles.toString());
        assertTrue(html.contains(trained.line("test accuracy ").substring("test accuracy ".length())));
    }

    @Test
    void aDenseModelHasNoRoutingSection() throws IOException {
        Path out = other.resolve("dense");
        Ran dense = Ran.of("train", "--model", "vit-tiny", "--data", "digits", "--limit", "64", "--epochs", "1", "--out",
                out.toString());
        assertEquals(0, dense.code(), dense.err());
        assertFalse(Files.readString(out.resolve("report.html")).contains("id=\"routing\""));
    }

    @Test
    void predictNamesTheClassesWithTheProbabilitiesOfTheModel() throws IOException {
        ImageSet test = ShippedData.DIGITS.load(ShippedData.defaultRoot()).test();
        float[][] probabilities;
        try (Checkpoint loaded = Checkpoint.load(checkpoint)) {
            probabilities = Evaluation.of(loaded.model(), test.first(3), loaded.preprocessing(), 3).probabilities();
        }
        List<String> files = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            files.add(png(test.picture(i), other.resolve("digit " + i + ".png")).toString());
        }
        Ran predict = Ran.of(with(List.of("predict", "--top", "10", "--threads", "2", checkpoint.toString()),
                files.toArray(String[]::new)));
        assertEquals(0, predict.code(), predict.err());
        List<String> lines = predict.lines();
        assertEquals(3 * 11, lines.size(), predict.out());
        for (int i = 0; i < 3; i++) {
            float[] p = probabilities[i];
            List<String> expected = new ArrayList<>(List.of(files.get(i)));
            IntStream.range(0, 10).boxed().sorted((a, b) -> Float.compare(p[b], p[a])).forEach(c ->
                    expected.add(String.format(Locale.ROOT, "  %.4f %d", p[c], c)));
            assertEquals(expected, lines.subList(11 * i, 11 * (i + 1)));
        }
        Ran three = Ran.of("predict", checkpoint.toString(), files.getFirst());
        assertEquals(lines.subList(0, 4), three.lines(), "three classes unless told otherwise");
        Path routing = other.resolve("routing.svg");
        Ran routed = Ran.of("predict", checkpoint.toString(), files.get(0), files.get(1), "--routing", routing.toString());
        assertEquals(0, routed.code(), routed.err());
        assertEquals("routing " + routing, routed.lines().getLast());
        String svg = Files.readString(routing);
        assertTrue(svg.contains("blocks.3.moe: where the slots of 6 of 16 experts look") && svg.contains("digit 1.png"), svg);
    }

    private static Path png(Picture picture, Path file) throws IOException {
        BufferedImage image = new BufferedImage(picture.width(), picture.height(), BufferedImage.TYPE_BYTE_GRAY);
        for (int y = 0; y < picture.height(); y++) {
            for (int x = 0; x < picture.width(); x++) {
                image.getRaster().setSample(x, y, 0, picture.value(y, x, 0));
            }
        }
        ImageIO.write(image, "png", file.toFile());
        return file;
    }

    @Test
    void infoTellsThePublishedModelsWithoutTheirMemory() {
        Memory.resetPeak();
        Map<String, String> published = Map.of("soft-moe-b16-128e", "3,707,638,687", "soft-moe-h14-256e", "54,177,406,889",
                "soft-moe-s16-128e", "933,709,471");
        published.forEach((model, parameters) -> {
            Ran info = Ran.of("info", model);
            assertEquals(0, info.code(), info.err());
            assertTrue(info.line("  parameters ").endsWith(" " + parameters), info.out());
            assertTrue(info.line("  classes ").endsWith(" 29,593"), info.out());
        });
        assertEquals(0, Memory.peak());
        for (String model : VitConfig.presets()) {
            assertEquals(0, Ran.of("info", model).code(), model);
        }
    }

    @Test
    void infoTellsWhatACheckpointHolds() {
        Memory.resetPeak();
        Ran info = Ran.of("info", checkpoint.toString());
        assertEquals(0, info.code(), info.err());
        assertEquals(0, Memory.peak(), "no tensor is read");
        assertEquals(checkpoint.toString(), info.lines().getFirst());
        assertTrue(info.line("  image ").endsWith("8 x 8 x 1, patch 2, 16 tokens"), info.out());
        assertTrue(info.line("  parameters ").endsWith(" " + PARAMETERS), info.out());
        assertTrue(info.line("  soft moe ").contains("16 experts x 1 slots in the last 2 blocks"), info.out());
    }

    @Test
    void whatTheUserGotWrongIsASentence() throws IOException {
        String text = Files.writeString(other.resolve("text.safetensors"), "not tensors, but some words").toString();
        Path tensors = other.resolve("cut.safetensors");
        Files.write(tensors, Arrays.copyOf(Files.readAllBytes(checkpoint), 100_000));
        String none = other.resolve("none.safetensors").toString();
        refused(2, "tessella train: there is no option --epoch, did you mean --epochs?", "train", "--epoch", "2");
        refused(2, "tessella train: --model expects one of vit-tiny, soft-moe-tiny, v-moe-tiny, ", "train", "--model",
                "soft-moe");
        refused(2, "info: there is no model or file soft-moe-b16-128, did you mean soft-moe-b16-128e?", "info",
                "soft-moe-b16-128");
        refused(1, "tessella: " + none + ": expected a safetensors file, found nothing of this name", "eval", none);
        refused(1, "tessella: " + none + ": expected a safetensors file, found nothing of this name", "info", none);
        refused(1, "tessella: " + text + ": expected a header", "eval", text);
        refused(1, "tessella: " + tensors + ": tensor blocks.0.mlp.in.kernel: expected ", "eval", tensors.toString());
        refused(1, "tessella: " + checkpoint + ": it knows the classes [0, 1,", "eval", checkpoint.toString());
        refused(2, other.resolve("none.png") + ": expected a picture file, found none", "predict", checkpoint.toString(),
                other.resolve("none.png").toString());
        refused(2, text + ": expected a picture (PNG, JPEG,", "predict", checkpoint.toString(), text);
        refused(1, "tessella: " + run + ": expected a new or empty folder for the run, found ", "train", "--data", "digits",
                "--out", run.toString());
        refused(2, other.resolve("digits/digits.csv.gz") + ": expected a data file, found none", "train", "--data", "digits",
                "--data-root", other.toString(), "--out", other.resolve("x").toString());
        assertFalse(Files.exists(other.resolve("x")), "nothing is made before the data is there");
    }

    @Test
    void whatCannotBeTrainedIsASentenceToo() {
        Path out = other.resolve("x");
        List<String> digits = List.of("train", "--data", "digits", "--out", out.toString());
        refused(2, "train: expected at least one batch of 16 pictures, found 10", with(digits, "--limit", "10"));
        refused(2, "train: expected a finite learning rate", with(digits, "--warmup", "1"));
        refused(2, "train: expected a finite learning rate", with(digits, "--beta2", "1"));
        refused(2, "tessella train: --learning-rate expects a number of at least 0, found \"Infinity\"",
                with(digits, "--learning-rate", "Infinity"));
        refused(2, "tessella train: --clip expects a number of at least 0, found \"-1\"", with(digits, "--clip", "-1"));
        assertFalse(Files.exists(out), "nothing is made for a run that cannot begin");
        Ran diverging = Ran.of(with(digits, "--learning-rate", "1e4", "--warmup", "0", "--limit", "160", "--epochs", "1"));
        assertEquals(1, diverging.code(), diverging.err());
        assertTrue(diverging.err().matches("train: the (loss|norm of the gradients) is (NaN|Infinity) at step \\d of epoch 1, first not finite is [a-z0-9_. ]+; "
                + "nothing of this step was kept, lower the learning rate\n"), diverging.err());
    }

    private static void refused(int code, String start, List<String> words) {
        refused(code, start, words.toArray(String[]::new));
    }

    private static void refused(int code, String start, String... words) {
        Ran result = Ran.of(words);
        assertEquals(code, result.code(), result.err());
        assertTrue(result.err().startsWith(start), result.err());
        assertEquals(1, result.err().lines().count(), result.err());
        assertEquals("", result.out());
    }

    private static List<Element> elements(Document page, String name) {
        var nodes = page.getElementsByTagName(name);
        return IntStream.range(0, nodes.getLength()).mapToObj(i -> (Element) nodes.item(i)).toList();
    }

    private static List<String> with(List<String> words, String... more) {
        return Stream.concat(words.stream(), Stream.of(more)).toList();
    }

}
