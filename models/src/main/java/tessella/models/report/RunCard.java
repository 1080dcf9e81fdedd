package tessella.models.report;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tessella.engine.json.Json;

/**
 * All that is needed to run an experiment again and to judge its result. Holds no time of day, so that equal runs
 * leave equal cards.
 *
 * @param version    the version of this library
 * @param commit     the commit of the sources, with the ending {@code -dirty} if they were changed since
 * @param arguments  the command and all of its options, defaults written out
 * @param seed       where all random numbers came from
 * @param machine    where it ran
 * @param data       the name of the data set
 * @param dataSha256 the hash of its files
 * @param result     what came out, by name: numbers and texts
 */
public record RunCard(String version, Optional<String> commit, List<String> arguments, long seed, Machine machine,
        String data, String dataSha256, Map<String, Object> result) {
    /** Copies the collections. */
    public RunCard {
        arguments = List.copyOf(arguments);
        result = Collections.unmodifiableMap(new LinkedHashMap<>(result));
    }

    /**
     * Finds the commit of the sources.
     *
     * @param folder a folder of the clone
     * @return 40 hexadecimal digits, followed by {@code -dirty} if files differ from the commit; empty outside of a
     *         clone or without git
     */
    public static Optional<String> commitOf(Path folder) {
        return SystemCommand.output(
                List.of("git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"), folder);
    }

    /** Labels and values for people. */
    Map<String, String> rows() {
        Map<String, String> rows = new LinkedHashMap<>();
        rows.put("Command", String.join(" ", arguments.stream().map(word -> word.contains(" ") ? "\"" + word + "\"" : word).toList()));
        rows.put("Seed", Long.toString(seed));
        rows.put("Tessella", version);
        rows.put("Commit", commit.orElse("unknown"));
        rows.put("Java", machine.jdk());
        rows.put("System", machine.system());
        rows.put("Processor", machine.cpu() + ", " + machine.processors() + " in use");
        rows.put("Vector width", machine.vectorBits() + " bits");
        rows.put("Data", data);
        rows.put("Data SHA-256", dataSha256);
        result.forEach((key, value) -> rows.put(key, String.valueOf(value)));
        return rows;
    }

    /**
     * Returns the card as JSON.
     *
     * @return an indented object, ended by a line feed
     */
    public String toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("version", version);
        json.put("commit", commit.orElse(null));
        json.put("arguments", arguments);
        json.put("seed", seed);
        Map<String, Object> where = new LinkedHashMap<>();
        where.put("jdk", machine.jdk());
        where.put("system", machine.system());
        where.put("cpu", machine.cpu());
        where.put("processors", machine.processors());
        where.put("vector_bits", machine.vectorBits());
        json.put("machine", where);
        json.put("data", data);
        json.put("data_sha256", dataSha256);
        json.put("result", result);
        return Json.writeIndented(json) + "\n";
    }

    /**
     * Returns the card as a Markdown table.
     *
     * @return the lines, ended by a line feed
     */
    public String toMarkdown() {
        List<String> lines = new ArrayList<>(List.of("# Run card", "", "| | |", "|---|---|"));
        rows().forEach((label, value) -> lines.add("| " + cell(label) + " | " + cell(value) + " |"));
        return String.join("\n", lines) + "\n";
    }

    private static String cell(String text) {
        return text.replaceAll("\\s+", " ").replaceAll("([\\\\|`*_<\\[])", "\\\\$1");
    }
}
