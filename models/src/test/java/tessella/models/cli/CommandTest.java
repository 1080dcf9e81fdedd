package tessella.models.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.AlphaChars;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CommandTest {
    private static final Option<Integer> COUNT = Option.integer("count", 1, 9, "how many").orElse(3);
    private static final Option<Long> SEED = Option.longInteger("seed", "the seed").otherwise("a new one");
    private static final Option<Double> RATE = Option.number("rate", 0, Double.POSITIVE_INFINITY, "how fast")
            .orElse(1e-3);
    private static final Option<String> COLOUR = Option.choice("colour", List.of("red", "blue"), "the colour")
            .orElse("red");
    private static final Option<Path> OUT = Option.path("out", "where to");
    private static final Option<Boolean> QUIET = Option.flag("quiet", "says nothing");
    private static final Command COMMAND = new Command("paint", "Paints files.",
            new Command.Operands("<file>...", 0, 2), List.of(COUNT, SEED, RATE, COLOUR, OUT, QUIET));

    @Test
    void defaultsHoldWhenNothingIsGiven() {
        Arguments arguments = COMMAND.parse(List.of());
        assertEquals(3, arguments.get(COUNT));
        assertEquals(1e-3, arguments.get(RATE));
        assertEquals("red", arguments.get(COLOUR));
        assertEquals(false, arguments.get(QUIET));
        assertEquals(Optional.empty(), arguments.find(OUT));
        assertEquals(List.of(), arguments.operands());
        assertEquals("--out has no default",
                assertThrows(NoSuchElementException.class, () -> arguments.get(OUT)).getMessage());
    }

    @Test
    void readsValuesBesideAndAfterAnEqualsSignInAnyOrder() {
        Arguments arguments = COMMAND.parse(List.of("a.txt", "--quiet", "--seed=-7", "--rate", "2.5e-4", "--out=x=y",
                "--count", "9", "--colour=blue", "-"));
        assertEquals(true, arguments.get(QUIET));
        assertEquals(-7L, arguments.get(SEED));
        assertEquals(2.5e-4, arguments.get(RATE));
        assertEquals(Path.of("x=y"), arguments.get(OUT));
        assertEquals(9, arguments.get(COUNT));
        assertEquals("blue", arguments.get(COLOUR));
        assertEquals(List.of("a.txt", "-"), arguments.operands());
    }

    @Test
    void anOptionMayBeRepeatedAndCommonArgumentsGiveWhatIsLeftOut() {
        Option<List<Integer>> each = Option.integer("each", 1, 9, "one of them").repeated();
        Command command = new Command("paint", "Paints.", Command.Operands.NONE, List.of(each, COUNT, RATE));
        Arguments common = command.parse(List.of("--each", "3", "--each=1", "--count", "5", "--each", "3"));
        assertEquals(List.of(3, 1, 3), common.get(each));
        assertEquals(Optional.empty(), command.parse(List.of()).find(each));
        assertEquals("tessella paint: --each expects an integer from 1 to 9, found \"10\"",
                assertThrows(UsageException.class, () -> command.parse(List.of("--each", "1", "--each", "10"))).getMessage());
        Arguments own = command.parse(List.of("--count", "7")).over(common);
        assertEquals(7, own.get(COUNT));
        assertEquals(List.of(3, 1, 3), own.get(each));
        assertEquals(1e-3, own.get(RATE));
        assertEquals(5, common.get(COUNT), "arguments do not change");
    }

    @Test
    void twoDashesEndTheOptions() {
        assertEquals(List.of("--count", "-x"), COMMAND.parse(List.of("--", "--count", "-x")).operands());
    }

    @Test
    void aNegativeNumberIsAValue() {
        assertEquals(-1L, COMMAND.parse(List.of("--seed", "-1")).get(SEED));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "--cuont 3 | there is no option --cuont, did you mean --count?",
        "--quite | there is no option --quite, did you mean --quiet?",
        "--count3 | there is no option --count3, did you mean --count?",
        "--velocity=3 | there is no option --velocity: tessella paint --help lists all",
        "-q | there is no option -q: tessella paint --help lists all",
        "--count | --count needs a value, an integer from 1 to 9",
        "--count --quiet | --count needs a value, an integer from 1 to 9",
        "--count= | --count expects an integer from 1 to 9, found \"\"",
        "--count ten | --count expects an integer from 1 to 9, found \"ten\"",
        "--count 10 | --count expects an integer from 1 to 9, found \"10\"",
        "--count 1.5 | --count expects an integer from 1 to 9, found \"1.5\"",
        "--seed 9223372036854775808 | --seed expects an integer of 64 bits, found \"9223372036854775808\"",
        "--rate NaN | --rate expects a number of at least 0, found \"NaN\"",
        "--rate 1f | --rate expects a number of at least 0, found \"1f\"",
        "--rate 1e999 | --rate expects a number of at least 0, found \"1e999\"",
        "--rate -0.1 | --rate expects a number of at least 0, found \"-0.1\"",
        "--colour green | --colour expects one of red, blue, found \"green\"",
        "--quiet=yes | --quiet expects no value, found \"yes\"",
        "--quiet --quiet | --quiet is given twice",
        "--count 1 --count=1 | --count is given twice",
        "a b c | expected <file>..., found a b c",
    })
    void refusesWhatItDoesNotKnowInOneSentence(String words, String message) {
        UsageException e = assertThrows(UsageException.class, () -> COMMAND.parse(List.of(words.split(" "))));
        assertEquals("tessella paint: " + message, e.getMessage());
    }

    @Test
    void helpIsAligned() {
        assertEquals("""
                Usage: tessella paint [options] <file>...

                Paints files.

                Options:
                  --count <n>      how many (default: 3)
                  --seed <n>       the seed (default: a new one)
                  --rate <x>       how fast (default: 0.001)
                  --colour <name>  the colour: red, blue (default: red)
                  --out <path>     where to
                  --quiet          says nothing
                  --help           shows this text
                """, COMMAND.help());
    }

    @Test
    void helpOfEveryCommandFitsAHundredColumns() {
        for (Command command : List.of(TrainCommand.COMMAND, EvalCommand.COMMAND, PredictCommand.COMMAND,
                InfoCommand.COMMAND, ProbeCommand.COMMAND, CheckCommand.COMMAND, CompareCommand.COMMAND)) {
            command.help().lines().forEach(line -> assertTrue(line.length() <= 100, line));
        }
    }

    @Test
    void distanceCountsEditsAndSwaps() {
        assertEquals(0, Nearest.distance("train", "train"));
        assertEquals(1, Nearest.distance("trian", "train"));
        assertEquals(1, Nearest.distance("tran", "train"));
        assertEquals(1, Nearest.distance("traain", "train"));
        assertEquals(1, Nearest.distance("trein", "train"));
        assertEquals(5, Nearest.distance("", "train"));
        assertEquals(3, Nearest.distance("kitten", "sitting"));
    }

    @Property(tries = 300)
    void distanceIsSymmetricAndBounded(@ForAll @AlphaChars @StringLength(max = 8) String a,
            @ForAll @AlphaChars @StringLength(max = 8) String b) {
        int distance = Nearest.distance(a, b);
        assertEquals(distance, Nearest.distance(b, a));
        assertTrue(distance <= Math.max(a.length(), b.length()));
        assertTrue(distance >= Math.abs(a.length() - b.length()));
        assertEquals(a.equals(b), distance == 0);
    }
}
