package tessella.models.report;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import tessella.models.measure.Interval;

/**
 * Rows of dots over one axis, each row with its mean and the 95 % interval of it, as SVG.
 *
 * @param measure   the name of the axis
 * @param rows      from top to bottom
 * @param reference a value that the axis holds and marks, where it is a tick
 */
record IntervalChart(String measure, List<Row> rows, OptionalDouble reference) {
    private static final int WIDTH = 560;
    private static final int ROW = 38;
    private static final int LEFT = 150;
    private static final int RIGHT = WIDTH - 24;
    private static final int TOP = 10;
    /** Colours of a picture that stands alone, where no style sheet is. */
    private static final String ALONE = StyleSheet.bright(
            "text{font:13px sans-serif;fill:var(--muted)} .grid{stroke:var(--line)} .axis{stroke:var(--muted)} "
            + ".line{stroke-width:3;stroke:var(--train)} circle.train{fill:var(--train);fill-opacity:.35} circle.valid{fill:var(--valid)}");

    /** A name and its numbers. */
    record Row(String label, double[] values) {
    }

    /** Writes it into a page with the report's style sheet. */
    void write(Markup out) {
        out.open("div", "class", "scroll", "tabindex", "0", "role", "region", "aria-label", measure);
        begin(out, "chart intervals");
        draw(out);
        out.close().close().line();
    }

    /** Writes it as a file of its own, on white. */
    void writeAlone(Markup out) {
        begin(out, "alone");
        out.style(ALONE);
        out.empty("rect", "width", WIDTH, "height", height(), "fill", "#ffffff");
        draw(out);
        out.close();
    }

    private int height() {
        return TOP + ROW * rows.size() + 48;
    }

    private void begin(Markup out, String style) {
        out.open("svg", "xmlns", "http://www.w3.org/2000/svg", "viewBox", "0 0 " + WIDTH + " " + height(), "class", style, "role",
                "img", "aria-label", measure + " of " + String.join(", ", rows.stream().map(Row::label).toList()));
    }

    private void draw(Markup out) {
        double low = Double.POSITIVE_INFINITY;
        double high = Double.NEGATIVE_INFINITY;
        for (Row row : rows) {
            for (double value : row.values()) {
                low = Math.min(low, value);
                high = Math.max(high, value);
            }
            if (row.values().length > 1) {
                low = Math.min(low, Interval.of(row.values()).low());
                high = Math.max(high, Interval.of(row.values()).high());
            }
        }
        low = Math.min(low, reference.orElse(low));
        high = Math.max(high, reference.orElse(high));
        Axis x = Axis.round(low, high, 6, LEFT, RIGHT);
        int bottom = TOP + ROW * rows.size();
        for (double tick : x.ticks()) {
            String at = Numbers.place(x.place(tick));
            boolean marked = reference.isPresent() && Math.abs(tick - reference.getAsDouble()) < x.step() / 2;
            out.empty("line", "class", marked ? "grid axis" : "grid", "x1", at, "x2", at, "y1", TOP, "y2", bottom);
            out.element("text", x.label(tick), "class", "tick", "text-anchor", "middle", "x", at, "y", bottom + 18);
        }
        out.element("text", measure, "class", "tick", "text-anchor", "middle", "x", (LEFT + RIGHT) / 2, "y", bottom + 40).line();
        for (int i = 0; i < rows.size(); i++) {
            row(out, rows.get(i), x, TOP + ROW * i + ROW / 2);
        }
    }

    private static void row(Markup out, Row row, Axis x, int y) {
        out.element("text", row.label(), "text-anchor", "end", "x", LEFT - 12, "y", y, "dy", "0.32em");
        if (row.values().length > 1) {
            Interval interval = Interval.of(row.values());
            out.open("g").empty("line", "class", "line train", "x1", Numbers.place(x.place(interval.low())), "x2",
                    Numbers.place(x.place(interval.high())), "y1", y, "y2", y);
            out.element("title", row.label() + ": mean " + Numbers.fixed(interval.mean(), 4) + ", 95 % interval "
                    + Numbers.fixed(interval.low(), 4) + " to " + Numbers.fixed(interval.high(), 4)).close();
        }
        for (double value : row.values()) {
            out.empty("circle", "class", "train", "cx", Numbers.place(x.place(value)), "cy", y, "r", "4", "fill-opacity", "0.5");
        }
        double mean = Arrays.stream(row.values()).average().orElseThrow();
        out.empty("circle", "class", "valid", "cx", Numbers.place(x.place(mean)), "cy", y, "r", "5").line();
    }
}
