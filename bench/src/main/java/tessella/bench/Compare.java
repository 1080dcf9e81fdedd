package tessella.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/** Compares two files of JMH: what got slower or faster beyond the noise. */
public final class Compare {
    private static final String USAGE = """
            usage: java -cp bench/target/benchmarks.jar tessella.bench.Compare OLD.json NEW.json [--least PERCENT]
            ends with 0 if nothing got slower, 1 if something did, 2 if there is nothing to compare
            """;
    private static final double LEAST = 2;

    private Compare() {}

    /** As the usage says. */
    public static void main(String[] args) {
        System.exit(run(System.out, System.err, args));
    }

    /** The program; returns its exit code. */
    static int run(PrintStream out, PrintStream err, String... args) {
        try {
            Options options = Options.parse(args, "--least");
            if (options.words().size() != 2) {
                throw new IllegalArgumentException("compare: expected two files, found " + options.words());
            }
            double least = options.number("--least", LEAST) / 100;
            return compare(out, least, JmhResult.read(Path.of(options.words().get(0))),
                    JmhResult.read(Path.of(options.words().get(1))));
        } catch (IllegalArgumentException e) {
            err.print(e.getMessage() + "\n" + USAGE);
        } catch (IOException e) {
            err.println("compare: cannot read " + e.getMessage());
        }
        return 2;
    }

    private static int compare(PrintStream out, double least, List<JmhResult> before, List<JmhResult> after) {
        Map<String, JmhResult> old = byKey(before);
        Map<String, JmhResult> now = byKey(after);
        List<Change> changes = new ArrayList<>();
        old.forEach((key, result) -> Optional.ofNullable(now.get(key)).ifPresent(other -> changes.add(Change.of(result, other))));
        if (changes.isEmpty()) {
            throw new IllegalArgumentException("compare: expected a benchmark that both files have with equal parameters, found "
                    + "none among " + old.size() + " and " + now.size());
        }
        Table table = new Table("benchmark", "parameters", "old", "new", "unit", "speed", "interval", "heap B/call", "");
        for (Change change : changes) {
            table.row(change.before().name(), change.before().parameters(), number(change.before().score()),
                    number(change.after().score()), change.before().unit(), change.speed() == null ? ""
                    : ratio(change.speed().ratio()),
                    change.speed() == null ? "" : ratio(change.speed().low()) + ".." + ratio(change.speed().high()),
                    bytes(change.before()) + " -> " + bytes(change.after()), word(change.verdict(least)));
        }
        out.print(table);
        only(out, "old", old, now);
        only(out, "new", now, old);
        out.printf(Locale.ROOT,
                "%nspeed: new over old, above 1 is faster. Slower or faster: the %.1f %% interval (Welch's t on logarithms; "
                + "of the means of forks%nif both runs have %d or more, else of iterations) leaves out 1, and the speed is off it "
                + "by %s %% or more.%n", 100 * Change.CONFIDENCE, Change.FORKS, Double.toString(100 * least));
        if (changes.stream().anyMatch(change -> change.before().scores().size() < Change.FORKS
                || change.after().scores().size() < Change.FORKS)) {
            out.printf(Locale.ROOT,
                    "With fewer than %d forks the interval knows nothing of how JVMs differ from one another: run with -f 5 "
                    + "before you believe it.%n", Change.FORKS);
        }
        long slower = changes.stream().filter(change -> change.verdict(least) == Change.Verdict.SLOWER).count();
        long faster = changes.stream().filter(change -> change.verdict(least) == Change.Verdict.FASTER).count();
        out.printf(Locale.ROOT, "%d compared: %d slower, %d faster.%n", changes.size(), slower, faster);
        return slower > 0 ? 1 : 0;
    }

    private static Map<String, JmhResult> byKey(List<JmhResult> results) {
        Map<String, JmhResult> byKey = new LinkedHashMap<>();
        for (JmhResult result : results) {
            if (byKey.put(result.key(), result) != null) {
                throw new IllegalArgumentException("compare: expected each benchmark once in a file, found two of " + result.key());
            }
        }
        return byKey;
    }

    private static void only(PrintStream out, String which, Map<String, JmhResult> these, Map<String, JmhResult> others) {
        these.values().stream().filter(result -> !others.containsKey(result.key()))
                .forEach(result -> out.println("only " + which + ": " + result.name() + " " + result.parameters()));
    }

    private static String word(Change.Verdict verdict) {
        return switch (verdict) {
            case SLOWER -> "SLOWER";
            case FASTER -> "faster";
            case SAME -> "";
            case UNKNOWN -> "one sample: no verdict";
        };
    }

    private static String bytes(JmhResult result) {
        OptionalDouble bytes = result.perCall("heapBytes");
        return bytes.isEmpty() ? "?" : Long.toString(Math.round(bytes.getAsDouble()));
    }

    private static String ratio(double value) {
        return String.format(Locale.ROOT, "%.3f", value);
    }

    private static String number(double value) {
        return Table.significant(value);
    }
}
