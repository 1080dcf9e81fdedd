package tessella.models.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import tessella.models.data.DataException;
import tessella.models.data.ShippedData;
import tessella.models.data.MixUp;
import tessella.models.scenes.SceneSplit;
import tessella.models.train.LossChoice;
import tessella.models.train.RuleChoice;
import tessella.models.train.ScheduleChoice;
import tessella.models.train.TrainConfig;
import tessella.models.vit.Activations;

class MainTest {
    @Test
    void helpListsTheCommands() {
        Ran help = Ran.of("--help");
        assertEquals(0, help.code());
        assertEquals("", help.err());
        for (String command : List.of("train", "compare", "eval", "probe", "predict", "check", "info")) {
            assertTrue(help.out().contains("\n  " + command + "  "), help.out());
            Ran own = Ran.of(command, "--help");
            assertEquals(0, own.code());
            assertTrue(own.out().startsWith("Usage: tessella " + command + " [options]"), own.out());
            assertEquals(own, Ran.of(command, "-h"));
        }
        assertEquals(help, Ran.of());
    }

    @Test
    void anUnknownCommandIsRefusedWithTheNearestName() {
        assertEquals(new Ran(2, "", "tessella: there is no command trian, did you mean train?\n"), Ran.of("trian"));
        assertEquals(new Ran(2, "", "tessella: there is no command fly: tessella --help lists all\n"), Ran.of("fly"));
    }

    @Test
    void anUnknownOptionIsRefusedWithTheNearestName() {
        assertEquals(new Ran(2, "", "tessella train: there is no option --learning-rat, did you mean "
                + "--learning-rate?\n"), Ran.of("train", "--learning-rat", "1"));
    }

    @Test
    void errorsOfFilesAreOneSentence() {
        assertEquals(new Ran(2, "", "x.gz: damaged\n"), runThrowing(new DataException("x.gz: damaged")));
        assertEquals(new Ran(1, "", "t: x: expected a file, found none\n"),
                runThrowing(new NoSuchFileException("x")));
        assertEquals(new Ran(1, "", "t: No space left on device\n"),
                runThrowing(new IOException("No space left on device")));
    }

    @Test
    void resultsThatCannotBePrintedAreAnError() {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        OutputStream full = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("No space left on device");
            }
        };
        assertEquals(1, Main.run(new String[] {"--help"}, new PrintStream(full), new PrintStream(err, true, StandardCharsets.UTF_8)));
        assertEquals("tessella: expected to print all results, found an output that does not take them; free space on its disk, or send "
                + "it elsewhere\n", err.toString(StandardCharsets.UTF_8));
    }

    @Test
    void errorsOfTheProgramKeepTheirTrace() {
        Program program = new Program("t", "").with(InfoCommand.COMMAND, arguments -> out -> {
            throw new IllegalStateException("bug");
        });
        assertThrows(IllegalStateException.class,
                () -> program.run(new String[] {"info", "x"}, System.out, System.err));
    }

    private static TrainCommand train(String... words) {
        return TrainCommand.of(TrainCommand.COMMAND.parse(List.of(words)));
    }

    @Test
    void trainReadsItsOptions() {
        TrainCommand defaults = train();
        assertEquals("soft-moe-tiny", defaults.recipe().model());
        assertEquals(new DataChoice.Shipped(ShippedData.FASHION_MNIST), defaults.recipe().data());
        assertEquals(new TrainConfig(22, 16, 1e-3, 0.05, 0.1, 0.1, 0.99, 1, 1), defaults.recipe().config());
        assertEquals(Runtime.getRuntime().availableProcessors(), defaults.threads());
        assertEquals(Optional.empty(), defaults.out());
        assertEquals(Optional.empty(), defaults.recipe().limit());
        assertEquals(1, defaults.seeds());
        TrainCommand given = train("--model", "vit-tiny", "--data",
                "digits", "--epochs", "3", "--seed", "-5", "--out", "x", "--limit=100", "--warmup=0.5", "--clip", "0",
                "--threads", "2", "--data-root", "d", "--optimizer", "adafactor", "--schedule=rsqrt", "--parts", "4", "--ema", "0.9",
                "--freeze", "head.*,norm\\..*", "--recompute", "--mixup", "0.2", "--seeds", "3");
        assertEquals("vit-tiny", given.recipe().model());
        assertEquals(new DataChoice.Shipped(ShippedData.DIGITS), given.recipe().data());
        assertEquals(Optional.of(Path.of("x")), given.out());
        assertEquals(Optional.of(Path.of("d")), given.dataRoot());
        assertEquals(Optional.of(100), given.recipe().limit());
        assertEquals(2, given.threads());
        assertEquals(3, given.seeds());
        assertEquals(new TrainConfig(3, 16, 1e-3, 0.5, 0.1, 0.1, 0.99, Double.POSITIVE_INFINITY, -5)
                .with(RuleChoice.ADAFACTOR, ScheduleChoice.RSQRT).inParts(4).averaged(0.9).freezing(List.of("head.*", "norm\\..*"))
                .holding(Activations.RECOMPUTED).mixing(new MixUp(0.2)), given.recipe().config());
    }

    @Test
    void whatDoesNotFitTogetherIsRefused() {
        assertRefused("expected --mixup or --cutmix, found both", "--mixup", "1", "--cutmix", "1");
        assertRefused("--freeze expects regular expressions", "--freeze", "(");
        assertRefused("--data expects one of fashion-mnist, digits, scenes, ", "--data", "no-such-folder");
        assertRefused("parts that divide the batch of 16", "--parts", "3");
        assertRefused("expected a top-k loss without label smoothing and mixed pictures, found a label smoothing of 0.1 and no mixing", "--loss",
                "top-k");
        assertRefused("found a label smoothing of 0.0 and MixUp[alpha=1.0]; set the label smoothing to 0 and leave mixup and cutmix out",
                "--loss", "top-k", "--label-smoothing", "0", "--mixup", "1");
        assertRefused("--loss-k and --loss-lambda are of --loss top-k, found --loss cross-entropy", "--loss-k", "3");
        assertRefused("--loss-lambda expects a number", "--loss-lambda", "0");
        Ran many = Ran.of("train", "--data", "digits", "--loss", "top-k", "--loss-k", "10", "--label-smoothing", "0");
        assertEquals(new Ran(2, "", "train: expected pictures of one class of more than 10 for a top-k loss of k = 10, found digits train "
                + "with 10 classes; choose a smaller k\n"), many);
        Ran side = Ran.of("train", "--data", "digits", "--side", "16");
        assertTrue(side.code() == 2 && side.err().contains("--side: expected with scenes or own pictures only, found digits"), side.err());
        Ran dense = Ran.of("train", "--data", "digits", "--model", "vit-tiny", "--dispatch", "uniform");
        assertTrue(dense.code() == 2 && dense.err().contains("found vit-tiny, which has none"), dense.err());
        Ran half = Ran.of("train", "--data", "digits", "--dispatch", "identity");
        assertTrue(half.code() == 2 && half.err().contains("identity mixing holds for dispatch and combine together"), half.err());
        Ran split = Ran.of("eval", "m.safetensors", "--data", "digits", "--split", "held-out-pairs");
        assertTrue(split.code() == 2 && split.err().contains("--split held-out-pairs is of scenes, found digits"), split.err());
        Ran twin = Ran.of("ablate", "--model", "vit-tiny");
        assertTrue(twin.code() == 2 && twin.err().contains("leave --model, --dispatch and --combine out"), twin.err());
    }

    private static void assertRefused(String part, String... words) {
        String message = assertThrows(RuntimeException.class, () -> train(words)).getMessage();
        assertTrue(message.contains(part), message);
    }

    @Test
    void theWordsOfARecipeNameWhatIsNotTheDefaultAndReadBackTheSame() {
        List<String> words = train().recipe().words();
        assertEquals(List.of("--model", "soft-moe-tiny", "--data", "fashion-mnist", "--epochs", "22", "--batch", "16",
                "--learning-rate", "0.001", "--weight-decay", "0.1", "--warmup", "0.05", "--label-smoothing", "0.1", "--beta2", "0.99",
                "--clip", "1.0", "--seed", "1"), words);
        String[] other = {"--optimizer", "sgd", "--schedule", "linear", "--limit", "7", "--side", "48", "--patch", "8", "--from", "m.safetensors",
            "--parts", "2", "--recompute", "--ema", "0.5", "--freeze", "head.*,norm.*", "--cutmix", "1.0", "--mixtures", "3", "--dispatch", "uniform",
            "--combine", "uniform", "--router-scale", "8.0", "--router-lambda", "0.25", "--router-norm", "1.5"};
        List<String> found = train(other).recipe().words();
        assertEquals(List.of(other), found.subList(words.size(), found.size()));
        assertEquals(found, train(found.toArray(String[]::new)).recipe().words());
        String[] loss = {"--loss", "top-k", "--loss-k", "3", "--loss-lambda", "0.5"};
        found = train(Stream.concat(Stream.of("--label-smoothing", "0"), Stream.of(loss)).toArray(String[]::new)).recipe().words();
        assertEquals(List.of(loss), found.subList(words.size(), found.size()));
        assertEquals(found, train(found.toArray(String[]::new)).recipe().words());
        assertEquals(new LossChoice.TopK(5, 1), train("--loss", "top-k", "--label-smoothing", "0").recipe().config().loss());
        assertEquals(List.of("--clip", "0.0"), train("--clip", "0", "--data", "scenes-count").recipe().words().subList(18, 20));
    }

    @Test
    void theOtherCommandsReadTheirs() {
        assertEquals(new EvalCommand(Path.of("m.safetensors"), new DataChoice.Shipped(ShippedData.DIGITS), Optional.empty(),
                Optional.empty(), SceneSplit.TEST, 7, 1), EvalCommand.of(
                EvalCommand.COMMAND.parse(List.of("m.safetensors", "--data=digits", "--batch=7", "--threads=1"))));
        assertEquals(new PredictCommand(Path.of("m.safetensors"), List.of(Path.of("a.png"), Path.of("b.png")), 5, Optional.empty(), 1),
                PredictCommand.of(PredictCommand.COMMAND.parse(List.of("m.safetensors", "a.png", "b.png", "--top", "5",
                        "--threads", "1"))));
        assertEquals(new InfoCommand("m"), InfoCommand.of(InfoCommand.COMMAND.parse(List.of("m"))));
        assertEquals("tessella predict: expected <checkpoint> <picture>..., found m", assertThrows(
                UsageException.class, () -> PredictCommand.COMMAND.parse(List.of("m"))).getMessage());
    }

    private static Ran runThrowing(IOException e) {
        return Ran.of((out, err) -> new Program("t", "").with(InfoCommand.COMMAND, arguments -> stream -> {
            throw e;
        }).run(new String[] {"info", "x"}, out, err));
    }
}
