package tessella.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.stream.Collectors;
import tessella.engine.json.Json;
import tessella.engine.json.JsonException;

/**
 * One benchmark with its parameters, as JMH's {@code -rf json} has it.
 *
 * @param name class and method, without the package
 * @param mode JMH's: thrpt, avgt or ss
 * @param params by name
 * @param unit of the scores
 * @param scores of the iterations of each fork
 * @param counters mean scores of secondary metrics, by name
 */
record JmhResult(String name, String mode, Map<String, String> params, String unit, List<double[]> scores,
        Map<String, Double> counters) {
    private static final List<String> MODES = List.of("thrpt", "avgt", "ss");

    JmhResult {
        params = new TreeMap<>(params);
    }

    /**
     * Reads a file that {@code -rf json -rff FILE} wrote.
     *
     * @throws IOException if it cannot be read
     * @throws IllegalArgumentException if it is not such a file, or a mode has no samples of speed
     */
    static List<JmhResult> read(Path file) throws IOException {
        String text = Files.readString(file);
        try {
            List<JmhResult> results = new ArrayList<>();
            for (Object entry : Json.array(Json.parse(text), "the results of JMH")) {
                results.add(of(Json.object(entry, "a result of JMH")));
            }
            return results;
        } catch (JsonException e) {
            throw new IllegalArgumentException(file + ": expected what JMH writes with -rf json: " + e.getMessage(), e);
        }
    }

    private static JmhResult of(Map<String, Object> json) {
        String benchmark = Json.string(json.get("benchmark"), "\"benchmark\"");
        String mode = Json.string(json.get("mode"), "\"mode\"");
        if (!MODES.contains(mode)) {
            throw new IllegalArgumentException(benchmark + ": expected a mode of " + MODES + ", found " + mode);
        }
        Map<String, String> params = new TreeMap<>();
        if (json.get("params") != null) {
            Json.object(json.get("params"), "\"params\"").forEach((key, value) -> params.put(key, String.valueOf(value)));
        }
        Map<String, Object> primary = Json.object(json.get("primaryMetric"), "\"primaryMetric\"");
        List<double[]> scores = new ArrayList<>();
        for (Object fork : Json.array(primary.get("rawData"), "\"rawData\"")) {
            scores.add(Json.array(fork, "a fork of \"rawData\"").stream().mapToDouble(v -> Json.number(v, "a score")).toArray());
        }
        if (scores.isEmpty() || scores.stream().anyMatch(fork -> fork.length == 0)
                || scores.stream().flatMapToDouble(Arrays::stream).anyMatch(score -> !(score > 0))) {
            throw new IllegalArgumentException(benchmark + " " + params + ": expected scores above 0 in \"rawData\", found "
                    + scores.stream().map(Arrays::toString).toList());
        }
        Map<String, Double> counters = new TreeMap<>();
        if (json.get("secondaryMetrics") != null) {
            Json.object(json.get("secondaryMetrics"), "\"secondaryMetrics\"").forEach((key, value) -> {
                // JMH writes what is no number as a text
                if (Json.object(value, key).get("score") instanceof Number score) {
                    counters.put(key, score.doubleValue());
                }
            });
        }
        return new JmhResult(benchmark.replaceFirst("^tessella\\.bench\\.", ""), mode, params,
                Json.string(primary.get("scoreUnit"), "\"scoreUnit\""), scores, counters);
    }

    /** What must agree for two results to be comparable. */
    String key() {
        return name + " " + mode + " " + unit + " " + params;
    }

    /** The parameters in one word: "dtype=F32,shape=5x7". */
    String parameters() {
        return params.entrySet().stream().map(Object::toString).collect(Collectors.joining(","));
    }

    /** Scores of which the higher is the better: those of all iterations, or their means in each fork. */
    double[] speeds(boolean ofForks) {
        return ofForks ? scores.stream().mapToDouble(fork -> Arrays.stream(fork).map(this::speed).average().orElseThrow()).toArray()
                : scores.stream().flatMapToDouble(Arrays::stream).map(this::speed).toArray();
    }

    private double speed(double score) {
        return mode.equals("thrpt") ? score : 1 / score;
    }

    /** This result with the forks of another run of the same benchmark; counters are those of both, weighed by forks. */
    JmhResult with(JmhResult other) {
        List<double[]> forks = new ArrayList<>(scores);
        forks.addAll(other.scores);
        Map<String, Double> means = new TreeMap<>();
        counters.forEach((key, value) -> means.put(key, (value * scores.size() + other.counters.getOrDefault(key, value)
                * other.scores.size()) / forks.size()));
        return new JmhResult(name, mode, params, unit, forks, means);
    }

    /** The mean of all scores. */
    double score() {
        return scores.stream().flatMapToDouble(Arrays::stream).average().orElseThrow();
    }

    /** A counter divided by the calls: what one call did; empty if there is none, or scores are no calls a second. */
    OptionalDouble perCall(String counter) {
        Double rate = counters.get(counter);
        return rate == null || !mode.equals("thrpt") ? OptionalDouble.empty() : OptionalDouble.of(rate / score());
    }
}
