package tessella.models.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import tessella.models.measure.Interval;

/**
 * Runs of several kinds by one measure, each kind with the same seeds: means with their intervals, and the differences from the
 * first kind by pairs of one seed. Two runs of a kind are the least that an interval can be told from; of one it is left out.
 *
 * @param measure the number that each run gave
 * @param arms    the kinds, of which the first is what the others are compared with
 */
public record Compared(String measure, List<Comparison.Arm> arms) {
    /** Checks and copies. */
    public Compared {
        arms = List.copyOf(arms);
        if (arms.stream().map(arm -> arm.values().length).distinct().count() != 1 || arms.getFirst().values().length == 0) {
            throw new IllegalArgumentException("comparison: expected at least one kind of run, all with as many values, found "
                    + arms.stream().map(arm -> arm.label() + " " + arm.values().length).toList());
        }
    }

    /** How much higher the first kind is than another, by pairs. */
    private Interval difference(Comparison.Arm other) {
        return Interval.ofPairs(arms.getFirst().values(), other.values());
    }

    private String verdict(Comparison.Arm other) {
        Interval difference = difference(other);
        double half = (difference.high() - difference.low()) / 2;
        return difference.excludesZero() ? arms.getFirst().label() + (difference.low() > 0 ? " is higher" : " is lower")
                : "not distinguishable; a difference of " + Numbers.fixed(half, 4) + " would have been seen";
    }

    /** Whether there is anything to tell of differences. */
    private boolean differs() {
        return arms.size() > 1 && arms.getFirst().values().length > 1;
    }

    /** A line for each kind, and for each difference. */
    String toText() {
        StringBuilder out = new StringBuilder();
        for (Comparison.Arm arm : arms) {
            out.append(measure).append(' ').append(arm.label()).append(' ').append(arm.text()).append(" of ")
                    .append(arm.values().length).append(" seeds\n");
        }
        if (differs()) {
            for (Comparison.Arm other : arms.subList(1, arms.size())) {
                out.append(arms.getFirst().label()).append(" - ").append(other.label()).append(' ').append(Comparison.text(difference(other)))
                        .append(": ").append(verdict(other)).append('\n');
            }
        }
        return out.toString();
    }

    /** The sections of a page; their anchors end so. */
    List<Section> sections(String ending) {
        Section means = out -> means(out, ending);
        return differs() ? List.of(means, out -> paired(out, ending)) : List.of(means);
    }

    private void means(Markup out, String ending) {
        out.open("section", "id", "means" + ending).element("h2", capital(measure)).line();
        out.element("p", "A dot is one run, a bar the 95 % interval of the mean over seeds (Student's t).", "class", "note");
        out.open("figure", "class", "card");
        chart().write(out);
        out.close().line();
        table(out);
        out.close().line();
    }

    private void paired(Markup out, String ending) {
        out.open("section", "id", "differences" + ending).element("h2", arms.getFirst().label() + " against the others").line();
        out.element("p", "Differences by pairs of runs with one seed; above 0 the first is higher. An interval that holds 0 "
                + "means that these runs do not tell the two apart.", "class", "note");
        out.open("figure", "class", "card");
        new IntervalChart("difference of " + measure, differences(), OptionalDouble.of(0)).write(out);
        out.close().line();
        verdicts(out);
        out.close().line();
    }

    private IntervalChart chart() {
        return new IntervalChart(measure, arms.stream().map(arm -> new IntervalChart.Row(arm.label(), arm.values())).toList(),
                OptionalDouble.empty());
    }

    private static String capital(String text) {
        return Character.toUpperCase(text.charAt(0)) + text.substring(1);
    }

    private List<IntervalChart.Row> differences() {
        List<IntervalChart.Row> out = new ArrayList<>();
        for (Comparison.Arm other : arms.subList(1, arms.size())) {
            double[] values = new double[other.values().length];
            Arrays.setAll(values, i -> arms.getFirst().values()[i] - other.values()[i]);
            out.add(new IntervalChart.Row("over " + other.label(), values));
        }
        return out;
    }

    private void table(Markup out) {
        out.open("div", "class", "scroll card").open("table", "class", "classes").open("thead").open("tr");
        for (String name : List.of("Model", "Mean", "Seed by seed", "Parameters", "GFLOP a picture")) {
            out.element("th", name, "scope", "col");
        }
        out.close().close().open("tbody").line();
        for (Comparison.Arm arm : arms) {
            out.open("tr").element("th", arm.label(), "scope", "row").element("td", arm.text());
            out.element("td", String.join(" ", Arrays.stream(arm.values()).mapToObj(v -> Numbers.fixed(v, 4)).toList()));
            out.element("td", Numbers.count(arm.parameters())).element("td", Numbers.significant(arm.gflop())).close().line();
        }
        out.close().close().close().line();
    }

    private void verdicts(Markup out) {
        out.open("div", "class", "scroll card").open("table", "class", "classes").open("thead").open("tr");
        for (String name : List.of("Against", "Mean difference", "Verdict")) {
            out.element("th", name, "scope", "col");
        }
        out.close().close().open("tbody").line();
        for (Comparison.Arm other : arms.subList(1, arms.size())) {
            out.open("tr").element("th", other.label(), "scope", "row").element("td", Comparison.text(difference(other)))
                    .element("td", verdict(other)).close().line();
        }
        out.close().close().close().line();
    }

    /** The chart of the means as a picture of its own. */
    String svg() {
        Markup out = new Markup();
        chart().writeAlone(out);
        return out.finish() + "\n";
    }

    /** What each kind gave, by its label. */
    Map<String, Object> json() {
        Map<String, Object> json = new LinkedHashMap<>();
        for (Comparison.Arm arm : arms) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("values", Arrays.stream(arm.values()).boxed().toList());
            one.put("mean", arm.mean());
            one.put("parameters", arm.parameters());
            one.put("gflop", arm.gflop());
            if (arm.values().length > 1) {
                Interval interval = Interval.of(arm.values());
                one.put("interval", List.of(interval.low(), interval.high()));
            }
            if (differs() && arm != arms.getFirst()) {
                Interval interval = difference(arm);
                one.put("first_minus_this", interval.mean());
                one.put("first_minus_this_interval", List.of(interval.low(), interval.high()));
            }
            json.put(arm.label(), one);
        }
        return json;
    }
}
