package tessella.bench;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The search for better values, one knob after the other, and the judgement of what it found. Every measurement of a candidate has
 * one of the standard values beside it, before or after it in turn, so that what the machine does meanwhile meets both. The best of
 * many noisy ratios is too good by choice: it is measured again, and only that counts.
 */
final class Tuning {
    private static final double CONFIDENCE = 0.95;

    private final Trial trial;
    private final int screening;
    private final int rounds;
    private final PrintStream progress;

    /** Speeds by benchmark, of a fresh JVM with these properties; empty if it refuses them. */
    interface Trial {
        Map<String, Double> run(Map<String, String> properties) throws Exception;
    }

    /**
     * What was found.
     *
     * @param properties to set; none if nothing is better than the standard values
     * @param gain of the properties that did best in the search, measured afterwards; null if none did better
     * @param each gain by benchmark
     * @param tried those properties, whether they are better or not
     */
    record Found(Map<String, String> properties, Ratio gain, Map<String, Double> each, Map<String, String> tried) {}

    Tuning(Trial trial, int screening, int rounds, PrintStream progress) {
        this.trial = trial;
        this.screening = screening;
        this.rounds = rounds;
        this.progress = progress;
    }

    Found run(List<Knob> knobs) throws Exception {
        Map<String, String> best = new LinkedHashMap<>();
        double gain = 1;
        for (Knob knob : knobs) {
            Map<String, String> before = Map.copyOf(best);
            for (String value : knob.values()) {
                Map<String, String> candidate = new LinkedHashMap<>(before);
                candidate.put(knob.property(), value);
                List<Map<String, Double>> ratios = measure(candidate, screening);
                double mean = ratios.isEmpty() ? 0 : geometricMean(ratios.stream().mapToDouble(Tuning::mean).toArray());
                progress.printf(Locale.ROOT, "%s: %s%n", flags(candidate), ratios.isEmpty() ? "refused"
                        : String.format(Locale.ROOT, "%.3f", mean));
                if (mean > gain) {
                    gain = mean;
                    best = candidate;
                }
            }
        }
        if (best.isEmpty()) {
            return new Found(Map.of(), null, Map.of(), Map.of());
        }
        progress.println("again, in fresh JVMs: " + flags(best));
        List<Map<String, Double>> ratios = measure(best, rounds);
        Ratio confirmed = Ratio.ofPairs(ratios.stream().mapToDouble(Tuning::mean).toArray(), CONFIDENCE);
        Map<String, Double> each = new TreeMap<>();
        ratios.getFirst().keySet().forEach(name -> each.put(name, geometricMean(ratios.stream()
                .mapToDouble(ratio -> ratio.get(name)).toArray())));
        return new Found(confirmed.low() > 1 ? best : Map.of(), confirmed, each, best);
    }

    /** Ratios of speed to the standard values, by benchmark, of each round; none if the properties are refused. */
    private List<Map<String, Double>> measure(Map<String, String> candidate, int count) throws Exception {
        List<Map<String, Double>> ratios = new ArrayList<>();
        for (int round = 0; round < count; round++) {
            Map<String, Double> standard = round % 2 == 0 ? trial.run(Map.of()) : null;
            Map<String, Double> speeds = trial.run(candidate);
            if (speeds.isEmpty()) {
                return List.of();
            }
            Map<String, Double> beside = standard == null ? trial.run(Map.of()) : standard;
            Map<String, Double> ratio = new TreeMap<>();
            beside.forEach((name, speed) -> ratio.put(name, speeds.get(name) / speed));
            ratios.add(ratio);
        }
        return ratios;
    }

    private static double mean(Map<String, Double> ratios) {
        return geometricMean(ratios.values().stream().mapToDouble(Double::doubleValue).toArray());
    }

    private static double geometricMean(double... values) {
        double logs = 0;
        for (double value : values) {
            logs += Math.log(value);
        }
        return Math.exp(logs / values.length);
    }

    /** As they are written on a command line. */
    static String flags(Map<String, String> properties) {
        return properties.entrySet().stream().map(entry -> "-D" + entry.getKey() + "=" + entry.getValue())
                .collect(Collectors.joining(" "));
    }

    /** The result for people. */
    static String text(Found found) {
        StringBuilder out = new StringBuilder();
        if (found.properties().isEmpty()) {
            out.append("Nothing is better than the default.\n");
            if (found.gain() != null) {
                out.append(String.format(Locale.ROOT, "The best of the search, %s, measured again: %s.%n", flags(found.tried()),
                        interval(found.gain())));
            }
            return out.toString();
        }
        out.append(flags(found.properties())).append('\n');
        out.append(String.format(Locale.ROOT, "gain %s%n%n", interval(found.gain())));
        Table table = new Table("benchmark", "speed over the default");
        found.each().forEach((name, ratio) -> table.row(name, String.format(Locale.ROOT, "%.3f", ratio)));
        out.append(table).append('\n');
        out.append(found.properties().containsKey(Knob.KC)
                ? Knob.KC + " is part of the determinism domain: with another value results have other last bits, and a run that "
                        + "was stopped does not go on with the bits it would have had.\n"
                : Knob.KC + ", the part of the determinism domain among these properties, stays as it is: results keep their "
                        + "bits.\n");
        return out.toString();
    }

    private static String interval(Ratio gain) {
        return String.format(Locale.ROOT, "%.3f (%.0f %% interval %.3f to %.3f)", gain.ratio(), 100 * CONFIDENCE, gain.low(),
                gain.high());
    }
}
