package tessella.models.report;

import java.util.List;
import java.util.TreeSet;
import java.util.function.DoubleFunction;

/**
 * Lines over one horizontal axis, as SVG. Pointing at the chart shows the values there, without a script.
 *
 * @param title     what it shows, for those who cannot see it
 * @param xName     the name of the horizontal axis, singular: {@code "epoch"}
 * @param series    the lines
 * @param lowest    the vertical axis reaches at least down to here
 * @param formatter writes a value when pointed at
 */
record LineChart(String title, String xName, List<Series> series, double lowest, DoubleFunction<String> formatter) {
    private static final int WIDTH = 460;
    private static final int HEIGHT = 270;
    private static final int LEFT = 64;
    private static final int RIGHT = WIDTH - 22;
    private static final int TOP = 12;
    private static final int BOTTOM = HEIGHT - 44;
    private static final int MOST_MARKS = 40; // more would touch each other

    /** One line; {@code style} chooses colour and dashes in the style sheet. */
    record Series(String name, String style, List<Point> points) {
    }

    /** A point; NaN leaves a gap. */
    record Point(double x, double y) {
    }

    void write(Markup out) {
        List<Point> all = series.stream().flatMap(line -> line.points().stream())
                .filter(point -> Double.isFinite(point.y())).toList();
        if (all.isEmpty()) {
            out.element("p", "Nothing was measured.", "class", "note");
            return;
        }
        double low = Math.min(lowest, all.stream().mapToDouble(Point::y).min().orElseThrow());
        double high = all.stream().mapToDouble(Point::y).max().orElseThrow();
        Axis y = Axis.round(low, high, 5, BOTTOM, TOP);
        Axis x = Axis.integers(all.stream().mapToDouble(Point::x).min().orElseThrow(),
                all.stream().mapToDouble(Point::x).max().orElseThrow(), 6, LEFT, RIGHT);
        out.open("svg", "viewBox", "0 0 " + WIDTH + " " + HEIGHT, "class", "chart", "role", "img", "aria-label", title);
        grid(out, x, y);
        for (Series line : series) {
            line(out, line, x, y);
        }
        pointing(out, x, y);
        out.close().line();
    }

    private void grid(Markup out, Axis x, Axis y) {
        for (double tick : y.ticks()) {
            String at = Numbers.place(y.place(tick));
            out.empty("line", "class", "grid", "x1", LEFT, "x2", RIGHT, "y1", at, "y2", at);
            out.element("text", y.label(tick), "class", "tick", "text-anchor", "end", "x", LEFT - 8, "y", at, "dy",
                    "0.32em");
        }
        for (double tick : x.ticks()) {
            String at = Numbers.place(x.place(tick));
            out.empty("line", "class", "axis", "x1", at, "x2", at, "y1", BOTTOM, "y2", BOTTOM + 4);
            out.element("text", x.label(tick), "class", "tick", "text-anchor", "middle", "x", at, "y", BOTTOM + 18);
        }
        out.empty("line", "class", "axis", "x1", LEFT, "x2", RIGHT, "y1", BOTTOM, "y2", BOTTOM);
        out.element("text", xName, "class", "tick", "text-anchor", "middle", "x", (LEFT + RIGHT) / 2, "y", HEIGHT - 6);
        out.line();
    }

    private static void line(Markup out, Series line, Axis x, Axis y) {
        StringBuilder path = new StringBuilder();
        boolean drawing = false;
        for (Point point : line.points()) {
            boolean finite = Double.isFinite(point.y());
            if (finite) {
                path.append(drawing ? 'L' : 'M').append(Numbers.place(x.place(point.x()))).append(' ')
                        .append(Numbers.place(y.place(point.y())));
            }
            drawing = finite;
        }
        out.empty("path", "class", "line " + line.style(), "d", path);
        if (line.points().size() <= MOST_MARKS) {
            for (Point point : line.points()) {
                if (Double.isFinite(point.y())) {
                    out.empty("circle", "class", "mark " + line.style(), "cx", Numbers.place(x.place(point.x())), "cy",
                            Numbers.place(y.place(point.y())), "r", "2.6");
                }
            }
        }
        out.line();
    }

    /** A column for each place, with a guide that appears and the values as its title. */
    private void pointing(Markup out, Axis x, Axis y) {
        List<Double> places = List.copyOf(new TreeSet<>(series.stream().flatMap(line -> line.points().stream())
                .map(Point::x).toList()));
        for (int i = 0; i < places.size(); i++) {
            double at = x.place(places.get(i));
            double left = i == 0 ? at : (x.place(places.get(i - 1)) + at) / 2;
            double right = i == places.size() - 1 ? at : (x.place(places.get(i + 1)) + at) / 2;
            left = Math.min(left, at - 2);
            right = Math.max(right, at + 2);
            StringBuilder values = new StringBuilder(xName).append(' ').append(x.label(places.get(i)));
            out.open("g", "class", "point");
            out.empty("rect", "x", Numbers.place(left), "y", TOP, "width", Numbers.place(right - left), "height",
                    BOTTOM - TOP);
            out.empty("line", "x1", Numbers.place(at), "x2", Numbers.place(at), "y1", TOP, "y2", BOTTOM);
            for (Series line : series) {
                for (Point point : line.points()) {
                    if (point.x() == places.get(i) && Double.isFinite(point.y())) {
                        values.append('\n').append(line.name()).append(' ').append(formatter.apply(point.y()));
                        out.empty("circle", "class", line.style(), "cx", Numbers.place(at), "cy",
                                Numbers.place(y.place(point.y())), "r", "4");
                    }
                }
            }
            out.element("title", values.toString()).close();
        }
    }
}
