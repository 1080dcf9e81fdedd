package tessella.models.report;

import java.util.Arrays;
import java.util.List;
import tessella.models.transport.DemoPlan;
import tessella.models.transport.TransportDemo;

/**
 * Transport plans side by side, as SVG: a matrix of masses with both marginals along its sides where the problem is one of bins, lines between the
 * points of two clouds where it is one of points. Masses are drawn in {@value #LEVELS} steps, relative to the largest of their panel.
 *
 * @param demo  the problem
 * @param plans its plans, in rows of {@value #ACROSS}
 */
record PlanPanels(TransportDemo demo, List<DemoPlan> plans) {
    private static final int ACROSS = 4;
    private static final int WIDTH = 240;
    private static final int HEIGHT = 292;
    private static final int MARGIN = 12;
    /** Of a panel, under its title. */
    private static final int TOP = 26;
    private static final int SIDE = 208;
    /** What a marginal takes of the side. */
    private static final int MARGINAL = 32;
    private static final int FOOT = 30;
    private static final int LEVELS = 24;
    /** Of the largest mass: less cannot be seen. */
    private static final double LEAST = 1.0 / 256;
    private static final String ALONE = StyleSheet.bright(
            "text{font:11px sans-serif;fill:var(--muted)} .name{font-weight:600;font-size:14px;fill:var(--ink)} "
            + ".cells{fill:var(--tile-a)} .wanted{fill:var(--tile-b);fill-opacity:.55} .sums,.frame{fill:none;stroke:var(--muted)} "
            + ".ways{fill:none;stroke:var(--muted)} "
            + ".from{fill:var(--tile-a)} .to{fill:var(--tile-b)}");

    /** Writes it into a page with the report's style sheet. */
    void write(Markup out) {
        begin(out, "chart plans");
        draw(out);
        out.close().line();
    }

    /** Writes it as a file of its own, on white. */
    void writeAlone(Markup out) {
        begin(out, "alone");
        out.style(ALONE);
        out.empty("rect", "width", width(), "height", height(), "fill", "#ffffff").line();
        draw(out);
        out.close();
    }

    /** What the drawing means, for a caption. */
    String note() {
        String masses = ", relative to the largest mass of the panel.";
        return switch (demo) {
            case TransportDemo.Bins _ -> "Rows: bins of the first distribution. Columns: bins of the second. Orange: the masses that are wanted. "
                    + "Grey line: the sums of the plan. Blue: the plan" + masses;
            case TransportDemo.Points _ -> "Blue: the first cloud. Orange: the second. Lines: the plan; width and strength are the mass" + masses;
        };
    }

    private int width() {
        return 2 * MARGIN + WIDTH * Math.min(ACROSS, plans.size());
    }

    private int height() {
        return 2 * MARGIN + HEIGHT * Math.ceilDiv(plans.size(), ACROSS) + FOOT;
    }

    private void begin(Markup out, String style) {
        out.open("svg", "xmlns", "http://www.w3.org/2000/svg", "viewBox", "0 0 " + width() + " " + height(), "class", style, "role", "img",
                "aria-label", "Plans for " + demo.describe() + ": " + String.join(", ", plans.stream().map(DemoPlan::label).toList()));
    }

    private void draw(Markup out) {
        for (int i = 0; i < plans.size(); i++) {
            DemoPlan plan = plans.get(i);
            out.open("g", "transform", "translate(" + (MARGIN + WIDTH * (i % ACROSS)) + " " + (MARGIN + HEIGHT * (i / ACROSS)) + ")");
            out.element("text", plan.label(), "class", "name", "x", 0, "y", 14).line();
            switch (demo) {
                case TransportDemo.Bins bins -> matrix(out, bins, plan);
                case TransportDemo.Points points -> ways(out, points, plan);
            }
            int below = TOP + SIDE + 18;
            out.element("text", Numbers.count(plan.entries()) + " non-zeros, densest column " + plan.densest(), "x", 0, "y", below);
            out.element("text", "marginal error " + Numbers.fewDigits(plan.marginalError()) + (Double.isNaN(plan.value()) ? ""
                    : ", gap " + Numbers.fewDigits(plan.gap())), "x", 0, "y", below + 16);
            out.close().line();
        }
        String[] sentences = note().split("(?<=\\.) (?=(Grey|Lines))");
        for (int i = 0; i < sentences.length; i++) {
            out.element("text", sentences[i], "x", MARGIN, "y", height() - FOOT + 8 + 16 * i);
        }
    }

    // ---- a matrix

    private static void matrix(Markup out, TransportDemo.Bins bins, DemoPlan plan) {
        int m = bins.a().length;
        int n = bins.b().length;
        double[] rows = new double[m];
        double[] columns = new double[n];
        for (int at = 0; at < plan.plan().length; at++) {
            rows[at / n] += plan.plan()[at];
            columns[at % n] += plan.plan()[at];
        }
        double most = largest(bins.a(), bins.b(), rows, columns);
        double cell = (double) (SIDE - MARGINAL) / Math.max(m, n);
        String[] paths = new String[LEVELS + 1];
        Arrays.fill(paths, "");
        double heaviest = largest(plan.plan());
        for (int at = 0; at < plan.plan().length; at++) {
            int level = level(plan.plan()[at] / heaviest);
            paths[level] += "M" + at % n + " " + at / n + "h1v1h-1z";
        }
        out.open("g", "class", "cells", "shape-rendering", "crispEdges", "transform", "translate(" + MARGINAL + " " + (TOP + MARGINAL) + ") scale("
                + Numbers.place(cell) + ")");
        for (int level = 1; level <= LEVELS; level++) {
            if (!paths[level].isEmpty()) {
                out.empty("path", "fill-opacity", Numbers.place((double) level / LEVELS), "d", paths[level]);
            }
        }
        out.close().line();
        out.empty("rect", "class", "frame", "x", MARGINAL, "y", TOP + MARGINAL, "width", Numbers.place(n * cell), "height", Numbers.place(m * cell),
                "stroke-width", "0.6");
        // along the top, then turned for the left: up becomes left
        String top = "translate(" + MARGINAL + " " + (TOP + MARGINAL - 2) + ")";
        marginal(out, top, bins.b(), columns, cell, most);
        marginal(out, "translate(" + (MARGINAL - 2) + " " + (TOP + MARGINAL) + ") matrix(0 1 1 0 0 0)", bins.a(), rows, cell, most);
    }

    private static void marginal(Markup out, String place, double[] wanted, double[] sums, double cell, double most) {
        out.open("g", "transform", place);
        out.empty("path", "class", "wanted", "d", steps(wanted, cell, most) + "z");
        out.empty("path", "class", "sums", "stroke-width", "0.9", "d", steps(sums, cell, most));
        out.close().line();
    }

    private static String steps(double[] values, double cell, double most) {
        StringBuilder path = new StringBuilder("M0 0");
        for (int i = 0; i < values.length; i++) {
            path.append('V').append(Numbers.place(-(MARGINAL - 4) * values[i] / most)).append('H').append(Numbers.place((i + 1) * cell));
        }
        return path.append("V0").toString();
    }

    // ---- points

    private static void ways(Markup out, TransportDemo.Points points, DemoPlan plan) {
        int n = points.to().length;
        double[] xs = coordinates(points, 0);
        double[] ys = coordinates(points, 1);
        double low = Math.min(Arrays.stream(xs).min().orElseThrow(), Arrays.stream(ys).min().orElseThrow());
        double high = Math.max(Arrays.stream(xs).max().orElseThrow(), Arrays.stream(ys).max().orElseThrow());
        Axis x = new Axis(low, high, 1, 5, SIDE - 5);
        Axis y = new Axis(low, high, 1, TOP + SIDE - 5, TOP + 5);
        String[] paths = new String[LEVELS + 1];
        Arrays.fill(paths, "");
        double heaviest = largest(plan.plan());
        for (int at = 0; at < plan.plan().length; at++) {
            double[] from = points.from()[at / n];
            double[] to = points.to()[at % n];
            paths[level(plan.plan()[at] / heaviest)] += "M" + Numbers.place(x.place(from[0])) + " " + Numbers.place(y.place(from[1])) + "L"
                    + Numbers.place(x.place(to[0])) + " " + Numbers.place(y.place(to[1]));
        }
        for (int level = 1; level <= LEVELS; level++) {
            if (!paths[level].isEmpty()) {
                double share = (double) level / LEVELS;
                out.empty("path", "class", "ways", "stroke-width", Numbers.place(0.3 + 2 * share), "stroke-opacity",
                        Numbers.place(0.08 + 0.82 * share), "d", paths[level]);
            }
        }
        circles(out, "from", points.from(), x, y);
        circles(out, "to", points.to(), x, y);
    }

    private static void circles(Markup out, String style, double[][] points, Axis x, Axis y) {
        for (double[] point : points) {
            out.empty("circle", "class", style, "cx", Numbers.place(x.place(point[0])), "cy", Numbers.place(y.place(point[1])), "r", "3.2");
        }
        out.line();
    }

    private static double[] coordinates(TransportDemo.Points points, int axis) {
        double[] all = new double[points.from().length + points.to().length];
        Arrays.setAll(all, i -> i < points.from().length ? points.from()[i][axis] : points.to()[i - points.from().length][axis]);
        return all;
    }

    private static double largest(double[]... all) {
        return Arrays.stream(all).flatMapToDouble(Arrays::stream).max().orElseThrow();
    }

    /** From 1 to {@link #LEVELS}, 0 for what is not drawn. */
    private static int level(double share) {
        return share < LEAST ? 0 : Math.max(1, (int) Math.round(share * LEVELS));
    }
}
