package tessella.models.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tessella.engine.Memory;
import tessella.engine.json.Json;
import tessella.models.data.ImageSet;
import tessella.models.train.LossChoice;

/** Recipes that are compared, as a user gives them. */
class CompareCommandTest {
    private static final String[] COMMON = {"compare", "--data", "digits", "--limit", "64", "--epochs", "2", "--model", "vit-tiny",
        "--label-smoothing", "0", "--seeds", "2", "--seed", "3", "--threads", "2"};
    private static final String[] ARMS = {"--arm", "cross-entropy:", "--arm", "top 3 :  --loss top-k  --loss-k 3"};

    @TempDir
    private Path folder;

    @AfterEach
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    private static CompareCommand parse(String... words) {
        return CompareCommand.of(CompareCommand.COMMAND.parse(List.of(words)));
    }

    private static String[] with(String[] words, String... more) {
        return Stream.of(words, more).flatMap(Stream::of).toArray(String[]::new);
    }

    private static void refused(String sentence, String... words) {
        assertEquals(sentence, assertThrows(UsageException.class, () -> parse(words)).getMessage());
    }

    @Test
    void anArmIsTheCommonRecipeWithItsOwnOptions() {
        CompareCommand command = parse("--data", "digits", "--epochs", "4", "--label-smoothing", "0", "--measures", "loss,top-5-accuracy",
                "--arm", "as it is:", "--validate", "--arm", "top-5: --loss top-k --epochs 6");
        assertEquals(List.of("as it is", "top-5"), command.arms().stream().map(Campaign.Arm::label).toList());
        Recipe first = command.arms().getFirst().recipe();
        Recipe second = command.arms().getLast().recipe();
        assertEquals(new LossChoice.CrossEntropy(), first.config().loss());
        assertEquals(new LossChoice.TopK(5, 1), second.config().loss());
        assertEquals(List.of(4, 6), List.of(first.config().epochs(), second.config().epochs()));
        assertEquals(first.data(), second.data());
        assertEquals(5, command.seeds());
        assertEquals(new Campaign.Measures(Campaign.Pictures.VALIDATION, List.of(Measure.LOSS, Measure.TOP_5_ACCURACY)), command.measures());
        List<String> words = command.words();
        assertEquals(List.of("--seeds", "5", "--validate", "--measures", "loss,top-5-accuracy", "--arm", "as it is:", "--arm",
                "top-5: --loss top-k --epochs 6"), words.subList(words.size() - 9, words.size()));
        assertEquals(command, new CompareCommand(command.arms(), 5, command.measures(), words, command.dataRoot(), command.threads(),
                command.out()));
        assertEquals(words, parse(words.subList(2, words.size()).toArray(String[]::new)).words(), "the words are the command");
        assertEquals(new Campaign.Measures(Campaign.Pictures.TEST, List.of()), parse("--arm", "a:", "--arm", "b: --epochs 3").measures());
    }

    @Test
    void armsThatAreNotAsTheyShouldBeAreRefusedInOneSentence() {
        String expected = "tessella compare: --arm expects a label (letters, digits and .,=+()- but not title or measure), a colon and options, "
                + "such as \"top-5: --loss top-k --label-smoothing 0\", found ";
        for (String text : List.of(": --loss top-k", "epochs 3", "a/b: --epochs 3", "title: --epochs 3", "measure:", " : ", "..: --epochs 3",
                "a\u00e9:")) {
            refused(expected + "\"" + text + "\"", "--arm", "a:", "--arm", text);
        }
        refused("compare: expected --arm \"LABEL: OPTIONS\" twice or more often, found none; an arm may have a label alone");
        refused("compare: expected --arm \"LABEL: OPTIONS\" twice or more often, found only \"a: --epochs 3\"; an arm may have a label alone",
                "--arm", "a:  --epochs   3");
        refused("compare: arm \"b\": tessella compare: there is no option --lss, did you mean --loss?", "--arm", "a:", "--arm",
                "b: --lss top-k");
        refused("compare: arm \"b\": tessella compare: --epochs expects an integer of at least 1, found \"0\"", "--arm", "a:", "--arm",
                "b: --epochs 0");
        refused("compare: arm \"b\": tessella compare: expected options only, found epochs 3", "--arm", "a:", "--arm", "b: epochs 3");
        refused("compare: arm \"b\": train: expected a top-k loss without label smoothing and mixed pictures, found a label smoothing "
                + "of 0.1 and no mixing; set the label smoothing to 0 and leave mixup and cutmix out", "--arm", "a:", "--arm", "b: --loss top-k");
        for (String other : List.of("a: --epochs 3", "A:")) {
            refused("compare: expected arms of different labels, found \"" + other.charAt(0) + "\" twice, or as the name of the same folder; "
                    + "rename one", "--arm", "a:", "--arm", other);
        }
        assertTrue(assertThrows(UsageException.class, () -> parse("--arm", "a b:", "--arm", "a-b:")).getMessage().contains("the same folder"));
        for (String option : List.of("--data digits", "--seed 2", "--limit 5", "--side 48")) {
            refused("compare: expected the same pictures and seeds for all arms, found another --data, --side, --limit or --seed in arm \"b\"; "
                    + "give it once, outside of --arm", "--arm", "a:", "--arm", "b: " + option);
        }
        String measures = "tessella compare: --measures expects some of accuracy, loss, top-5-accuracy, mean-average-precision, recall-at-3, "
                + "micro-f1, macro-f1, calibration-error, each once, with commas between them, found ";
        for (String text : List.of("accurracy", "loss,", "loss,loss", "")) {
            refused(measures + "\"" + text + "\"", "--arm", "a:", "--arm", "b:", "--measures=" + text);
        }
    }

    @Test
    void measuresThatThePicturesDoNotHaveAreRefusedBeforeAnyRun() {
        Ran ran = Ran.of(with(with(COMMON, ARMS), "--out", folder.resolve("x").toString(), "--measures", "accuracy,micro-f1"));
        assertEquals(new Ran(2, "", "compare: expected --measures among accuracy, loss, top-5-accuracy, mean-average-precision, "
                + "calibration-error for digits test, found accuracy, micro-f1; leave out the others\n"), ran);
        assertFalse(Files.exists(folder.resolve("x")));
    }

    @Test
    void ofFewerThanThreeClassesThereIsNoRecallAtThree() {
        ImageSet two = ImageSet.ofMany("two", 1, 1, 1, new byte[1], List.of(List.of(0)), List.of("a", "b"), "");
        ImageSet three = ImageSet.ofMany("three", 1, 1, 1, new byte[1], List.of(List.of(0)), List.of("a", "b", "c"), "");
        assertFalse(Measure.of(two).contains(Measure.RECALL_AT_3));
        assertTrue(Measure.of(three).contains(Measure.RECALL_AT_3));
        assertEquals(Measure.MEAN_AVERAGE_PRECISION, Measure.of(three).getFirst());
    }

    private static Map<String, Object> json(Path file) throws IOException {
        return Json.object(Json.parse(Files.readString(file)), "json");
    }

    private static Map<String, Object> result(Path run) throws IOException {
        return Json.object(json(run.resolve("run-card.json")).get("result"), "result");
    }

    @Test
    void armsAreTrainedWithTheSameSeedsMeasuredAndReadTheSecondTime() throws IOException {
        Path out = folder.resolve("compared");
        Ran first = Ran.of(with(with(COMMON, ARMS), "--out", out.toString(), "--measures", "top-5-accuracy,loss"));
        assertEquals(0, first.code(), first.err());
        for (String label : List.of("cross-entropy", "top 3")) {
            for (String measure : List.of("test top-5 accuracy ", "test loss ")) {
                assertTrue(first.line(measure + label + " ").endsWith("] of 2 seeds"), first.out());
            }
        }
        assertEquals(2, first.lines().stream().filter(line -> line.startsWith("cross-entropy - top 3 ")).count());
        Map<String, Object> card = json(out.resolve("top-3-seed-4/run-card.json"));
        assertTrue(Json.array(card.get("arguments"), "arguments").containsAll(List.of("--loss", "top-k", "--loss-k", "3", "--loss-lambda",
                "1.0")));
        for (String run : List.of("cross-entropy-seed-3", "top-3-seed-3")) {
            for (Measure measure : List.of(Measure.ACCURACY, Measure.LOSS, Measure.TOP_5_ACCURACY, Measure.MEAN_AVERAGE_PRECISION,
                    Measure.CALIBRATION_ERROR)) {
                for (Campaign.Pictures pictures : Campaign.Pictures.values()) {
                    assertTrue(result(out.resolve(run)).get(TestMeasures.key(pictures.text(), measure.text())) instanceof Double,
                            run + measure);
                }
            }
        }
        List<Object> expected = List.of(result(out.resolve("top-3-seed-3")).get("test_top5_accuracy"),
                result(out.resolve("top-3-seed-4")).get("test_top5_accuracy"));
        assertEquals(expected, Json.object(json(out.resolve("comparison.json")).get("top 3"), "arm").get("values"));
        double before = (double) result(out.resolve("top-3-seed-3")).get("validation_accuracy");

        // the last run was killed before its first epoch ended; the others are read, now by the validation pictures
        try (Stream<Path> files = Files.list(out.resolve("top-3-seed-4"))) {
            for (Path file : files.filter(f -> !f.endsWith("metrics.jsonl")).toList()) {
                Files.delete(file);
            }
        }
        Ran second = Ran.of(with(with(COMMON, ARMS), "--out", out.toString(), "--validate"));
        assertEquals(0, second.code(), second.err());
        assertEquals(List.of("top 3, seed 4"), second.lines().stream().filter(line -> line.matches(".*, seed \\d+")).toList());
        assertEquals(expected.get(1), result(out.resolve("top-3-seed-4")).get("test_top5_accuracy"), "the same run again");
        Map<String, Object> validated = json(out.resolve("comparison.json"));
        assertEquals("validation accuracy", validated.get("measure"));
        assertFalse(validated.containsKey("further_measures"));
        assertEquals(before, Json.array(Json.object(validated.get("top 3"), "arm").get("values"), "values").getFirst());

        Ran third = Ran.of(with(with(COMMON, ARMS), "--out", out.toString(), "--validate"));
        assertFalse(third.out().contains(", seed "), third.out());
        assertEquals(json(out.resolve("comparison.json")), validated);

        // a run of an earlier version, whose card has no number of validation but the accuracy
        Path old = out.resolve("cross-entropy-seed-3/run-card.json");
        Files.writeString(old, Files.readString(old).replace("validation_top5_accuracy", "other"));
        Ran refused = Ran.of(with(with(COMMON, ARMS), "--out", out.toString(), "--validate", "--measures", "accuracy,top-5-accuracy"));
        assertEquals(1, refused.code());
        assertTrue(refused.err().startsWith("tessella: " + old + ": expected the result of a run with validation_top5_accuracy, found "
                + "test_accuracy, "), refused.err());
    }
}
