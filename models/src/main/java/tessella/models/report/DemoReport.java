package tessella.models.report;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import tessella.engine.io.AtomicFile;
import tessella.models.transport.DemoPlan;
import tessella.models.transport.TransportDemo;

/**
 * A transport problem solved in several ways, as a folder: pictures of the plans and of how solvers got there, tables, and a page with
 * all of them.
 *
 * @param demo  the problem
 * @param plans its plans
 * @param card  how it can be repeated
 */
public record DemoReport(TransportDemo demo, List<DemoPlan> plans, RunCard card) {
    /** The page. */
    public static final String PAGE = "demo.html";
    /** The most plans that have a trace: as many as there are colours. */
    public static final int MOST_TRACES = AscentChart.MOST_LINES;
    private static final String BOUND = "The upper bound is the least cost, with squared k-support norms of the columns, of three plans, "
            + "rounded to the marginals: the recovered plan, the plan of least cost, and the quadratic plan.";

    /** Copies the list. */
    public DemoReport {
        plans = List.copyOf(plans);
        if (plans.stream().filter(plan -> plan.values().length > 0).count() > MOST_TRACES) {
            throw new IllegalArgumentException("demo report: expected at most " + MOST_TRACES + " plans with a trace, found "
                    + plans.stream().filter(plan -> plan.values().length > 0).count());
        }
    }

    /**
     * Writes {@code plans.svg}, {@code gap.svg}, {@code error.svg}, {@code plans.csv}, {@code traces.csv} and {@value #PAGE} into a folder, which is
     * made if it is not there. All are computed before the first is written.
     */
    public void write(Path folder) throws IOException {
        Map<String, String> files = new LinkedHashMap<>();
        files.put("plans.svg", alone(panels()::writeAlone));
        files.put("gap.svg", alone(gaps()::writeAlone));
        files.put("error.svg", alone(errors()::writeAlone));
        files.put("plans.csv", table());
        files.put("traces.csv", traces());
        files.put(PAGE, html());
        Files.createDirectories(folder);
        for (Map.Entry<String, String> file : files.entrySet()) {
            AtomicFile.write(folder.resolve(file.getKey()), file.getValue().getBytes(StandardCharsets.UTF_8));
        }
    }

    /** HTML that is well-formed XML too. */
    public String html() {
        return new Page("Sparse transport of " + demo.describe(), List.of(), List.of(this::drawn, this::listed, this::climbed), card).html();
    }

    private static String alone(Consumer<Markup> picture) {
        Markup out = new Markup();
        picture.accept(out);
        return out.finish() + "\n";
    }

    private PlanPanels panels() {
        return new PlanPanels(demo, plans);
    }

    private AscentChart gaps() {
        return chart("gap: upper bound minus dual value", DemoPlan::gaps);
    }

    private AscentChart errors() {
        return chart("largest marginal error", DemoPlan::errors);
    }

    private AscentChart chart(String amount, Function<DemoPlan, double[]> amounts) {
        return new AscentChart(amount, plans.stream().filter(plan -> plan.values().length > 0)
                .map(plan -> new AscentChart.Line(plan.label(), amounts.apply(plan))).toList());
    }

    private void drawn(Markup out) {
        out.open("section", "id", "plans").element("h2", "Plans").line();
        out.element("p", "At most k entries in each column, no limit (quadratic), and the entropic plan, which has no zeros. Where the k-th and the "
                + "next candidate of a column tie, the plan is one of several, and the one that is recovered misses its marginals.", "class", "note");
        out.open("div", "class", "scroll card", "tabindex", "0", "role", "region", "aria-label", "Plans");
        panels().write(out);
        out.close().close().line();
    }

    private void listed(Markup out) {
        out.open("section", "id", "numbers").element("h2", "Numbers").line();
        out.element("p", "The dual value is a lower bound of the cost, squares included, of every plan with the marginals and at most k entries a "
                + "column. " + BOUND, "class", "note");
        out.open("div", "class", "scroll card", "tabindex", "0", "role", "region", "aria-label", "Numbers");
        out.open("table", "class", "numbers").open("thead").open("tr").element("th", "Plan", "scope", "col");
        for (String name : List.of("<T, C>", "Dual value", "Upper bound", "Gap", "Marginal error", "Tied columns", "Non-zeros", "Densest column",
                "Iterations")) {
            out.element("th", name, "scope", "col", "class", "number");
        }
        out.element("th", "Stop", "scope", "col").close().close().open("tbody").line();
        for (DemoPlan plan : plans) {
            out.open("tr").element("th", plan.label(), "scope", "row");
            for (String cell : List.of(Numbers.fixed(plan.cost(), 7), Numbers.fixed(plan.value(), 7), Numbers.fixed(plan.upperBound(), 7),
                    Numbers.fewDigits(plan.gap()), Numbers.fewDigits(plan.marginalError()), Numbers.count(plan.ties()),
                    Numbers.count(plan.entries()), Numbers.count(plan.densest()), Numbers.count(plan.iterations()))) {
                out.element("td", cell, "class", "number");
            }
            out.element("td", plan.stop()).close().line();
        }
        out.close().close().close().close().line();
    }

    private void climbed(Markup out) {
        out.open("section", "id", "ascents").element("h2", "Ascents").line();
        out.element("p", "L-BFGS on the semi-dual, from 0. " + BOUND + " It is computed once, at the end, so a line ends at the gap of "
                + "the table.", "class", "note");
        out.open("div", "class", "charts wide").line();
        out.open("figure", "class", "card");
        gaps().write(out);
        out.close().open("figure", "class", "card");
        errors().write(out);
        out.close().close().close().line();
    }

    /** The table as CSV, all digits; NaN where a plan has no such number. */
    private String table() {
        StringBuilder text = new StringBuilder(
                "plan,cost,dual_value,upper_bound,gap,marginal_error,tied_columns,non_zeros,densest_column,iterations,stop\n");
        for (DemoPlan plan : plans) {
            text.append(String.join(",", plan.label(), Double.toString(plan.cost()), Double.toString(plan.value()),
                    Double.toString(plan.upperBound()), Double.toString(plan.gap()), Double.toString(plan.marginalError()),
                    Integer.toString(plan.ties()), Integer.toString(plan.entries()), Integer.toString(plan.densest()),
                    Integer.toString(plan.iterations()), plan.stop())).append('\n');
        }
        return text.toString();
    }

    private String traces() {
        StringBuilder text = new StringBuilder("plan,iteration,dual_value,gap,marginal_error\n");
        for (DemoPlan plan : plans) {
            double[] gaps = plan.gaps();
            for (int i = 0; i < gaps.length; i++) {
                text.append(plan.label()).append(',').append(i).append(',').append(plan.values()[i]).append(',').append(gaps[i]).append(',')
                        .append(plan.errors()[i]).append('\n');
            }
        }
        return text.toString();
    }
}
