package tessella.models.report;

import java.util.Arrays;

/**
 * A value for each member of equal groups, side by side, against one reference value, as SVG.
 *
 * @param title     what it shows, for those who cannot see it
 * @param groupName the name of a group: {@code "expert"}
 * @param groupSize members in a group; with one, the groups themselves are the members
 * @param values    the values, group by group
 * @param reference the value to compare with
 * @param note      what the reference is
 * @param mark      how a value is drawn
 */
record GroupChart(String title, String groupName, int groupSize, double[] values, double reference, String note,
        Mark mark) {
    private static final int WIDTH = 460;
    private static final int HEIGHT = 214;
    private static final int LEFT = 64;
    private static final int RIGHT = WIDTH - 14;
    private static final int TOP = 30;
    private static final int BOTTOM = HEIGHT - 44;
    private static final int MOST_LABELS = 16;

    /** How a value is drawn. */
    enum Mark {
        /** A bar from zero, for amounts. */
        BAR,
        /** A dot on a scale that need not begin at zero. */
        DOT
    }

    void write(Markup out) {
        double[] finite = Arrays.stream(values).filter(Double::isFinite).toArray();
        if (finite.length == 0) {
            out.element("p", "Nothing was measured.", "class", "note");
            return;
        }
        double low = mark == Mark.BAR ? 0 : Math.min(reference, Arrays.stream(finite).min().orElseThrow());
        Axis y = Axis.round(low, Math.max(reference, Arrays.stream(finite).max().orElseThrow()), 4, BOTTOM, TOP);
        int groups = values.length / groupSize;
        double pitch = (double) (RIGHT - LEFT) / groups;
        double step = pitch * 0.8 / groupSize;
        out.open("svg", "viewBox", "0 0 " + WIDTH + " " + HEIGHT, "class", "chart", "role", "img", "aria-label", title);
        for (double tick : y.ticks()) {
            String at = Numbers.place(y.place(tick));
            out.empty("line", "class", "grid", "x1", LEFT, "x2", RIGHT, "y1", at, "y2", at);
            out.element("text", y.label(tick), "class", "tick", "text-anchor", "end", "x", LEFT - 8, "y", at, "dy",
                    "0.32em");
        }
        for (int i = 0; i < values.length; i++) {
            double x = LEFT + pitch * (i / groupSize) + pitch * 0.1 + step * (i % groupSize + 0.5);
            value(out, i, x, Math.max(1, step * 0.8), y);
        }
        int every = Math.ceilDiv(groups, MOST_LABELS);
        for (int g = 0; g < groups; g += every) {
            out.element("text", Integer.toString(g), "class", "tick", "text-anchor", "middle", "x",
                    Numbers.place(LEFT + pitch * (g + 0.5)), "y", BOTTOM + 18);
        }
        String at = Numbers.place(y.place(reference));
        out.empty("line", "class", "axis", "x1", LEFT, "x2", RIGHT, "y1", BOTTOM, "y2", BOTTOM);
        out.empty("line", "class", "reference", "x1", LEFT, "x2", RIGHT, "y1", at, "y2", at);
        out.element("text", note, "class", "tick", "x", LEFT + 30, "y", TOP - 12);
        out.empty("line", "class", "reference", "x1", LEFT, "x2", LEFT + 24, "y1", TOP - 16, "y2", TOP - 16);
        out.element("text", groupName, "class", "tick", "text-anchor", "middle", "x", (LEFT + RIGHT) / 2, "y",
                HEIGHT - 6);
        out.close().line();
    }

    private void value(Markup out, int i, double x, double width, Axis y) {
        if (!Double.isFinite(values[i])) {
            return;
        }
        String name = groupName + " " + i / groupSize + (groupSize > 1 ? ", slot " + i % groupSize : "");
        out.open("g", "class", "value");
        if (mark == Mark.BAR) {
            out.empty("rect", "class", "train", "x", Numbers.place(x - width / 2), "width", Numbers.place(width), "y",
                    Numbers.place(y.place(values[i])), "height", Numbers.place(BOTTOM - y.place(values[i])));
        } else {
            out.empty("circle", "class", "train", "cx", Numbers.place(x), "cy", Numbers.place(y.place(values[i])), "r",
                    Numbers.place(Math.min(3.2, Math.max(1.2, width / 2))));
        }
        out.element("title", name + ": " + Numbers.significant(values[i])).close();
    }
}
