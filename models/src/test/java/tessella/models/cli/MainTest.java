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
import org.junit.jupiter.api.Test;
import tessella.models.data.DataException;
import tessella.models.data.ShippedData;
import tessella.models.train.RuleChoice;
import tessella.models.train.ScheduleChoice;

class MainTest {
    private record Result(int code, String out, String err) {
    }

    @Test
    void helpListsTheCommands() {
        Result help = run("--help");
        assertEquals(0, help.code());
        assertEquals("", help.err());
        for (String command : List.of("train", "eval", "predict", "info")) {
            assertTrue(help.out().contains("\n  " + command + "  "), help.out());
            Result own = run(command, "--help");
            assertEquals(0, own.code());
            assertTrue(own.out().startsWith("Usage: tessella " + command + " [options]"), own.out());
            assertEquals(own, run(command, "-h"));
        }
        assertEquals(help, run());
    }

    @Test
    void anUnknownCommandIsRefusedWithTheNearestName() {
        assertEquals(new Result(2, "", "tessella: there is no command trian, did you mean train?\n"), run("trian"));
        assertEquals(new Result(2, "", "tessella: there is no command fly: tessella --help lists all\n"), run("fly"));
    }

    @Test
    void anUnknownOptionIsRefusedWithTheNearestName() {
        assertEquals(new Result(2, "", "tessella train: there is no option --learning-rat, did you mean "
                + "--learning-rate?\n"), run("train", "--learning-rat", "1"));
    }

    @Test
    void errorsOfFilesAreOneSentence() {
        assertEquals(new Result(2, "", "x.gz: damaged\n"), runThrowing(new DataException("x.gz: damaged")));
        assertEquals(new Result(1, "", "t: x: expected a file, found none\n"),
                runThrowing(new NoSuchFileException("x")));
        assertEquals(new Result(1, "", "t: No space left on device\n"),
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

    @Test
    void trainReadsItsOptions() {
        TrainCommand defaults = TrainCommand.of(TrainCommand.COMMAND.parse(List.of()));
        assertEquals("soft-moe-tiny", defaults.model());
        assertEquals(ShippedData.FASHION_MNIST, defaults.data());
        assertEquals(22, defaults.epochs());
        assertEquals(16, defaults.batch());
        assertEquals(1e-3, defaults.learningRate());
        assertEquals(Runtime.getRuntime().availableProcessors(), defaults.threads());
        assertEquals(Optional.empty(), defaults.out());
        assertEquals(Optional.empty(), defaults.limit());
        assertEquals(RuleChoice.ADAMW, defaults.rule());
        assertEquals(ScheduleChoice.COSINE, defaults.schedule());
        TrainCommand given = TrainCommand.of(TrainCommand.COMMAND.parse(List.of("--model", "vit-tiny", "--data",
                "digits", "--epochs", "3", "--seed", "-5", "--out", "x", "--limit=100", "--warmup=0.5", "--clip", "0",
                "--threads", "2", "--data-root", "d", "--optimizer", "adafactor", "--schedule=rsqrt")));
        assertEquals("vit-tiny", given.model());
        assertEquals(ShippedData.DIGITS, given.data());
        assertEquals(3, given.epochs());
        assertEquals(-5, given.seed());
        assertEquals(Optional.of(Path.of("x")), given.out());
        assertEquals(Optional.of(Path.of("d")), given.dataRoot());
        assertEquals(Optional.of(100), given.limit());
        assertEquals(0.5, given.warmup());
        assertEquals(0, given.clip());
        assertEquals(2, given.threads());
        assertEquals(RuleChoice.ADAFACTOR, given.rule());
        assertEquals(ScheduleChoice.RSQRT, given.schedule());
    }

    @Test
    void theCommandOfTrainNamesRuleAndScheduleIfTheyAreNotTheDefault() {
        List<String> words = TrainCommand.of(TrainCommand.COMMAND.parse(List.of())).arguments();
        assertTrue(!words.contains("--optimizer") && !words.contains("--schedule"), words.toString());
        List<String> other = TrainCommand.of(TrainCommand.COMMAND.parse(List.of("--optimizer", "sgd", "--schedule", "linear")))
                .arguments();
        assertEquals(List.of("--optimizer", "sgd", "--schedule", "linear"), other.subList(words.size(), other.size()));
        assertEquals(other, TrainCommand.of(TrainCommand.COMMAND.parse(other.subList(2, other.size()))).arguments());
    }

    @Test
    void theOtherCommandsReadTheirs() {
        assertEquals(new EvalCommand(Path.of("m"), ShippedData.DIGITS, Optional.empty(), 7, 1), EvalCommand.of(
                EvalCommand.COMMAND.parse(List.of("m", "--data=digits", "--batch=7", "--threads=1"))));
        assertEquals(new PredictCommand(Path.of("m"), List.of(Path.of("a.png"), Path.of("b.png")), 5, 1),
                PredictCommand.of(PredictCommand.COMMAND.parse(List.of("m", "a.png", "b.png", "--top", "5",
                        "--threads", "1"))));
        assertEquals(new InfoCommand("m"), InfoCommand.of(InfoCommand.COMMAND.parse(List.of("m"))));
        assertEquals("tessella predict: expected <checkpoint> <picture>..., found m", assertThrows(
                UsageException.class, () -> PredictCommand.COMMAND.parse(List.of("m"))).getMessage());
    }

    private static Result run(String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code = Main.run(args, new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8));
        return new Result(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    private static Result runThrowing(IOException e) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code = new Program("t", "").with(InfoCommand.COMMAND, arguments -> stream -> {
            throw e;
        }).run(new String[] {"info", "x"}, new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8));
        return new Result(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }
}
