package tessella.models.report;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tessella.models.data.Picture;
import tessella.models.report.LineChart.Point;
import tessella.models.report.LineChart.Series;

/**
 * The colours of one picture given to another by plans of several kinds, side by side on one page.
 *
 * @param title    the heading
 * @param pictures what was given and what was made of it
 * @param plans    what is to know of each plan, a line each
 * @param ascents  how solvers of sparse plans climbed
 * @param card     how it can be repeated
 */
public record TransferReport(String title, List<Shown> pictures, List<Plan> plans, List<Ascent> ascents, RunCard card) {
    private static final int LARGEST = 320;
    /** Of a line: more cannot be told apart. */
    private static final int MOST_POINTS = 200;
    /** Below it a gap or an error is rounding. */
    private static final double LEAST = 1e-16;

    /** A picture with its name and what to know about it. */
    public record Shown(String label, Picture picture, String note) {}

    /**
     * A plan in the table.
     *
     * @param label its name
     * @param cost {@code <T, C>}
     * @param densest entries of its densest column
     * @param entries all
     * @param marginalError the largest error of a row or a column
     * @param gap between a plan with the marginals and the dual; NaN where there is none
     * @param ties columns in which the plan is one of several
     * @param iterations that it took
     * @param seconds that it took
     */
    public record Plan(String label, double cost, int densest, int entries, double marginalError, double gap, int ties, int iterations,
            double seconds) {}

    /**
     * The way of an ascent: at the start and after each iteration.
     *
     * @param label its name
     * @param gaps between the upper bound and the dual function
     * @param errors of the marginals
     */
    public record Ascent(String label, double[] gaps, double[] errors) {}

    /** Copies the lists. */
    public TransferReport {
        pictures = List.copyOf(pictures);
        plans = List.copyOf(plans);
        ascents = List.copyOf(ascents);
    }

    /** Writes the page, under its name only when it is whole; a file of the name is replaced. */
    public void write(Path file) throws IOException {
        page().write(file);
    }

    /** HTML that is well-formed XML too. */
    public String html() {
        return page().html();
    }

    private Page page() {
        List<Section> sections = new ArrayList<>(List.of(this::gallery, this::table));
        if (!ascents.isEmpty()) {
            sections.add(this::charts);
        }
        return new Page(title, List.of(), sections, card);
    }

    private void gallery(Markup out) {
        out.open("section", "id", "pictures").element("h2", "Pictures").line();
        out.open("div", "class", "gallery").line();
        for (Shown shown : pictures) {
            out.open("figure", "class", "card");
            out.empty("img", "src", Png.dataUri(small(shown.picture())), "alt", shown.label());
            out.open("figcaption").element("b", shown.label()).element("small", shown.note()).close().close().line();
        }
        out.close().close().line();
    }

    private static Picture small(Picture picture) {
        int side = Math.max(picture.height(), picture.width());
        return side <= LARGEST ? picture : picture.resized(Math.max(1, picture.height() * LARGEST / side),
                Math.max(1, picture.width() * LARGEST / side));
    }

    private void table(Markup out) {
        out.open("section", "id", "plans").element("h2", "Plans").line();
        out.element("p", "Where the k-th and the next candidate of a column tie, the plan is one of several, and the one that is recovered may "
                + "miss its marginals: the error says by how much. The gap is that between the cost of a plan with the marginals and the "
                + "dual function.", "class", "note");
        out.open("div", "class", "scroll card", "tabindex", "0", "role", "region", "aria-label", "Plans");
        out.open("table", "class", "numbers").open("thead").open("tr").element("th", "Plan", "scope", "col");
        for (String name : List.of("<T, C>", "Densest column", "Entries", "Marginal error", "Gap", "Tied columns", "Iterations", "Seconds")) {
            out.element("th", name, "scope", "col", "class", "number");
        }
        out.close().close().open("tbody").line();
        for (Plan plan : plans) {
            out.open("tr").element("th", plan.label(), "scope", "row");
            for (String cell : List.of(Numbers.significant(plan.cost()), Numbers.count(plan.densest()), Numbers.count(plan.entries()),
                    Numbers.significant(plan.marginalError()), Numbers.significant(plan.gap()), Numbers.count(plan.ties()),
                    Numbers.count(plan.iterations()), Numbers.fixed(plan.seconds(), 2))) {
                out.element("td", cell, "class", "number");
            }
            out.close().line();
        }
        out.close().close().close().close().line();
    }

    private void charts(Markup out) {
        out.open("section", "id", "ascents").element("h2", "Ascents").line();
        out.element("p", "Powers of ten, by iteration: how far the dual function is below the upper bound (full), and the largest marginal error "
                + "(broken).", "class", "note");
        out.open("div", "class", "charts").line();
        for (Ascent ascent : ascents) {
            out.open("figure", "class", "card").open("figcaption").element("h3", ascent.label()).close().line();
            new LineChart("Gap and marginal error of " + ascent.label() + " by iteration", "iteration",
                    List.of(series("log10 of the gap", "train", ascent.gaps()), series("log10 of the error", "valid", ascent.errors())),
                    Double.POSITIVE_INFINITY, value -> Numbers.fixed(value, 2)).write(out);
            out.close().line();
        }
        out.close().close().line();
    }

    private static Series series(String name, String style, double[] values) {
        List<Point> points = new ArrayList<>();
        int count = Math.min(MOST_POINTS, values.length);
        for (int i = 0; i < count; i++) {
            int at = count == 1 ? 0 : (int) ((long) i * (values.length - 1) / (count - 1));
            points.add(new Point(at, Math.log10(Math.max(LEAST, values[at]))));
        }
        return new Series(name, style, points);
    }
}
