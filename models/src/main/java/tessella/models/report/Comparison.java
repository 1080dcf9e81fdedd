package tessella.models.report;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tessella.engine.io.AtomicFile;
import tessella.engine.json.Json;
import tessella.models.measure.Interval;

/**
 * Runs of several kinds side by side, by one measure or more ({@link Compared}), on one page.
 *
 * @param title    what is compared
 * @param measures what the kinds gave, the first being the one that counts; of the same kinds in the same order
 * @param card     how the comparison can be repeated
 */
public record Comparison(String title, List<Compared> measures, RunCard card) {
    /** The file that people open. */
    public static final String PAGE = "comparison.html";

    /**
     * One kind of run.
     *
     * @param label      its name
     * @param values     a number for each seed, in the order of the seeds
     * @param parameters of its model
     * @param gflop      of a forward pass of one picture
     */
    public record Arm(String label, double[] values, long parameters, double gflop) {
        /** Copies the values. */
        public Arm {
            values = values.clone();
        }

        double mean() {
            return Arrays.stream(values).sum() / values.length;
        }

        /**
         * The mean, with its interval if there are several values.
         *
         * @return such as "0.8343 [0.8305, 0.8381]"
         */
        public String text() {
            return values.length < 2 ? Numbers.fixed(mean(), 4) : Comparison.text(Interval.of(values));
        }
    }

    /** Checks and copies. */
    public Comparison {
        measures = List.copyOf(measures);
        if (measures.stream().map(one -> one.arms().stream().map(Arm::label).toList()).distinct().count() != 1
                || measures.stream().map(Compared::measure).distinct().count() != measures.size()) {
            throw new IllegalArgumentException("comparison: expected measures of different names, all of the same kinds of run, found "
                    + measures.stream().map(one -> one.measure() + " of " + one.arms().stream().map(Arm::label).toList()).toList());
        }
    }

    /** By one measure, the number that each run gave. */
    public Comparison(String title, String measure, List<Arm> arms, RunCard card) {
        this(title, List.of(new Compared(measure, arms)), card);
    }

    static String text(Interval interval) {
        return Numbers.fixed(interval.mean(), 4) + " [" + Numbers.fixed(interval.low(), 4) + ", " + Numbers.fixed(interval.high(), 4)
                + "]";
    }

    /**
     * Returns the tables as plain text.
     *
     * @return for each measure a line for each kind, and for each difference
     */
    public String toText() {
        return String.join("", measures.stream().map(Compared::toText).toList());
    }

    /**
     * Returns the page.
     *
     * @return HTML that is well-formed XML too, without a script
     */
    public String html() {
        List<Section> sections = new ArrayList<>();
        for (int i = 0; i < measures.size(); i++) {
            sections.addAll(measures.get(i).sections(ending(i)));
        }
        return new Page(title, List.of(), sections, card).html();
    }

    /** What tells the names of a further measure from those of the first. */
    private static String ending(int measure) {
        return measure == 0 ? "" : "-" + (measure + 1);
    }

    private String json() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("title", title);
        json.put("measure", measures.getFirst().measure());
        json.putAll(measures.getFirst().json());
        if (measures.size() > 1) {
            Map<String, Object> further = new LinkedHashMap<>();
            measures.subList(1, measures.size()).forEach(one -> further.put(one.measure(), one.json()));
            json.put("further_measures", further);
        }
        return Json.writeIndented(json) + "\n";
    }

    /**
     * Writes comparison.html, comparison.json, the run card, and the means as comparison.svg, those of a further measure as
     * comparison-2.svg and so on.
     *
     * @param folder where they go; files of these names are replaced
     * @throws IOException if writing fails
     */
    public void write(Path folder) throws IOException {
        Map<String, String> files = new LinkedHashMap<>();
        files.put(PAGE, html());
        for (int i = 0; i < measures.size(); i++) {
            files.put("comparison" + ending(i) + ".svg", measures.get(i).svg());
        }
        files.put("comparison.json", json());
        files.put("run-card.json", card.toJson());
        files.put("run-card.md", card.toMarkdown());
        for (Map.Entry<String, String> file : files.entrySet()) {
            AtomicFile.write(folder.resolve(file.getKey()), file.getValue().getBytes(StandardCharsets.UTF_8));
        }
    }
}
