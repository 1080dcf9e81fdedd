package tessella.models.report;

import java.util.ArrayList;
import java.util.List;

/**
 * Amounts that fall by powers of ten, one line for each solver, by iteration; both axes are logarithmic, so the start, iteration 0, is left
 * out. As SVG, with a legend in the order of the lines.
 *
 * @param amount the name of the vertical axis
 * @param lines  at most {@value #MOST_LINES}
 */
record AscentChart(String amount, List<Line> lines) {
    /** Colours there are. */
    static final int MOST_LINES = 8;
    private static final int WIDTH = 720;
    private static final int HEIGHT = 366;
    private static final int LEFT = 66;
    private static final int RIGHT = WIDTH - 130;
    private static final int TOP = 26;
    private static final int BOTTOM = HEIGHT - 48;
    /** Of a line: more cannot be told apart. */
    private static final int MOST_POINTS = 240;
    /** Below it an amount is rounding. */
    private static final double LEAST = 1e-16;
    private static final String ALONE = StyleSheet.bright(
            "text{font:13px sans-serif;fill:var(--muted)} .grid{stroke:var(--line)} .axis{stroke:var(--muted)} "
            + ".line{fill:none;stroke-width:2;stroke-linejoin:round} .k7{stroke-dasharray:6 3} .k0{stroke:var(--k0)} .k1{stroke:var(--k1)} "
            + ".k2{stroke:var(--k2)} .k3{stroke:var(--k3)} "
            + ".k4{stroke:var(--k4)} .k5{stroke:var(--k5)} .k6{stroke:var(--k6)} .k7{stroke:var(--ink)}");

    /**
     * A name and its amounts, the first of them before the first iteration.
     *
     * @param name in the legend
     * @param amounts at least 0
     */
    record Line(String name, double[] amounts) {}

    /** Writes it into a page with the report's style sheet. */
    void write(Markup out) {
        begin(out, "chart");
        draw(out);
        out.close().line();
    }

    /** Writes it as a file of its own, on white. */
    void writeAlone(Markup out) {
        begin(out, "alone");
        out.style(ALONE);
        out.empty("rect", "width", WIDTH, "height", HEIGHT, "fill", "#ffffff").line();
        draw(out);
        out.close();
    }

    private void begin(Markup out, String style) {
        out.open("svg", "xmlns", "http://www.w3.org/2000/svg", "viewBox", "0 0 " + WIDTH + " " + HEIGHT, "class", style, "role", "img",
                "aria-label", amount + " by iteration, for " + String.join(", ", lines.stream().map(Line::name).toList()));
    }

    private void draw(Markup out) {
        double low = 0;
        double high = Math.log10(LEAST);
        int longest = 2;
        for (Line line : lines) {
            for (int i = 1; i < line.amounts().length; i++) {
                low = Math.min(low, log(line.amounts()[i]));
                high = Math.max(high, log(line.amounts()[i]));
            }
            longest = Math.max(longest, line.amounts().length - 1);
        }
        Axis y = Axis.integers(Math.floor(low), Math.ceil(high), 8, BOTTOM, TOP);
        Axis x = new Axis(0, Math.log10(longest), 1, LEFT, RIGHT);
        grid(out, x, y, longest);
        for (int i = 0; i < lines.size(); i++) {
            out.open("g").empty("path", "class", style(i), "d", path(lines.get(i).amounts(), x, y));
            out.element("title", lines.get(i).name()).close();
            int at = TOP + 10 + 24 * i;
            out.empty("line", "class", style(i), "x1", RIGHT + 16, "x2", RIGHT + 44, "y1", at, "y2", at);
            out.element("text", lines.get(i).name(), "x", RIGHT + 52, "y", at, "dy", "0.32em").line();
        }
    }

    /** The last of the lines is the one without a limit: it has the colour of that, however many there are. */
    private String style(int line) {
        return "line k" + (line == lines.size() - 1 ? MOST_LINES - 1 : line);
    }

    private void grid(Markup out, Axis x, Axis y, int longest) {
        for (double tick : y.ticks()) {
            String at = Numbers.place(y.place(tick));
            out.empty("line", "class", "grid", "x1", LEFT, "x2", RIGHT, "y1", at, "y2", at);
            out.element("text", power(tick), "text-anchor", "end", "x", LEFT - 8, "y", at, "dy", "0.32em");
        }
        for (int ten = 1; ten <= longest; ten *= 10) {
            for (int count = ten; count < 10 * ten && count <= longest; count += ten) {
                String at = Numbers.place(x.place(Math.log10(count)));
                out.empty("line", "class", "axis", "x1", at, "x2", at, "y1", BOTTOM, "y2", BOTTOM + (count == ten ? 6 : 3));
            }
            out.element("text", Numbers.count(ten), "text-anchor", "middle", "x", Numbers.place(x.place(Math.log10(ten))), "y", BOTTOM + 20);
        }
        out.empty("line", "class", "axis", "x1", LEFT, "x2", RIGHT, "y1", BOTTOM, "y2", BOTTOM);
        out.element("text", "iteration", "text-anchor", "middle", "x", (LEFT + RIGHT) / 2, "y", HEIGHT - 8);
        out.element("text", amount, "x", LEFT, "y", TOP - 11).line();
    }

    private static String power(double tick) {
        return tick == 0 ? "1" : tick == 1 ? "10" : "1e" + Math.round(tick);
    }

    private static double log(double amount) {
        return Math.log10(Math.max(LEAST, amount));
    }

    private static String path(double[] amounts, Axis x, Axis y) {
        StringBuilder path = new StringBuilder();
        for (int iteration : shown(amounts.length - 1)) {
            path.append(path.isEmpty() ? 'M' : 'L').append(Numbers.place(x.place(Math.log10(iteration)))).append(' ')
                    .append(Numbers.place(y.place(log(amounts[iteration]))));
        }
        return path.toString();
    }

    /** Iterations from 1 to the last: as far apart on the axis as there is room for, and never twice the same. */
    private static List<Integer> shown(int last) {
        List<Integer> shown = new ArrayList<>();
        for (int i = 0; i < MOST_POINTS && last > 0; i++) {
            int at = (int) Math.round(Math.pow(last, (double) i / (MOST_POINTS - 1)));
            if (shown.isEmpty() || at > shown.getLast()) {
                shown.add(at);
            }
        }
        return shown;
    }
}
