package tessella.models.report;

import java.util.Arrays;
import java.util.List;

/** Where the slots of Soft MoE layers look, expert by expert, and what each expert contributes. */
record RoutingSection(List<RoutingFigure> figures) implements Section {
    private static final int[] WEAK = {0xe8, 0x55, 0x00}; // red, green, blue
    private static final int[] STRONG = {0xff, 0xdc, 0x5a};
    private static final double STRONGEST = 0.9; // opacity: the picture stays visible below
    private static final double RISE = 0.9; // power below 1: weak weights can be told apart too
    private static final double SATURATED = 0.995; // quantile of weights that gets the strongest colour

    @Override
    public void write(Markup out) {
        out.open("section", "id", "routing").element("h2", "Soft MoE routing").line();
        out.element("p", "A slot is a weighted mean of all patches of a picture, and each expert computes its own "
                + "slots. The glow shows the dispatch weights of one slot over the patches: the stronger, the "
                + "more of the slot comes from there. A slot that takes the same from each of m patches glows evenly "
                + "and has the entropy ln m.", "class", "note");
        for (RoutingFigure figure : figures) {
            figure(out, figure);
        }
        out.close().line();
    }

    private static void figure(Markup out, RoutingFigure figure) {
        RoutingStatistics statistics = figure.statistics();
        double uniform = Math.log(statistics.tokens());
        double[] entropy = statistics.dispatchEntropy();
        double mean = Arrays.stream(entropy).average().orElseThrow();
        out.element("h3", figure.layer());
        out.element("p", "%s experts with %s each, %s patches. Mean dispatch entropy over %s pictures: %s of %s (%s)."
                .formatted(statistics.experts(), statistics.slotsPerExpert() == 1 ? "1 slot"
                        : statistics.slotsPerExpert() + " slots", statistics.tokens(), statistics.pictures(),
                        Numbers.fixed(mean, 3), Numbers.fixed(uniform, 3), Numbers.percent(mean / uniform)),
                "class", "note");
        if (!figure.pictures().isEmpty() && !figure.shownExperts().isEmpty()) {
            grid(out, figure, entropy);
        }
        out.open("div", "class", "charts");
        chart(out, "Dispatch entropy of each slot", new GroupChart("Dispatch entropy of each slot", "expert",
                statistics.slotsPerExpert(), entropy, uniform, "uniform: ln %s = %s".formatted(statistics.tokens(),
                        Numbers.fixed(uniform, 3)), GroupChart.Mark.DOT));
        chart(out, "Combine mass of each expert", new GroupChart("Share of each expert in the output", "expert", 1,
                statistics.combineMass(), 1.0 / statistics.experts(), "uniform: 1/%s".formatted(statistics.experts()),
                GroupChart.Mark.BAR));
        places(out, figure);
        out.close().line();
    }

    private static void chart(Markup out, String title, GroupChart chart) {
        out.open("figure", "class", "card").open("figcaption").element("h3", title).close();
        chart.write(out);
        out.close().line();
    }

    /** How much of all slots comes from each place of the picture, in multiples of the uniform amount. */
    private static void places(Markup out, RoutingFigure figure) {
        double[] weight = figure.statistics().tokenWeight();
        double most = Arrays.stream(weight).max().orElseThrow();
        out.open("figure", "class", "card").open("figcaption").element("h3", "Where slots look on average");
        out.open("span", "class", "legend").element("span", "%s to %s times uniform".formatted(
                Numbers.fixed(Arrays.stream(weight).min().orElseThrow(), 2), Numbers.fixed(most, 2))).close().close();
        int columns = figure.gridColumns();
        double side = 170.0 / Math.max(figure.gridRows(), columns);
        double left = (460 - side * columns) / 2;
        out.open("svg", "viewBox", "0 0 460 214", "class", "chart places", "role", "img", "aria-label",
                "Mean weight of each patch over all slots");
        for (int i = 0; i < weight.length; i++) {
            out.open("g").empty("rect", "x", Numbers.place(left + i % columns * side), "y",
                    Numbers.place(20 + i / columns * side), "width", Numbers.place(side * 0.94), "height",
                    Numbers.place(side * 0.94), "fill-opacity", Numbers.fixed(weight[i] / most, 3));
            out.element("title", "row %s, column %s: %s times uniform".formatted(i / columns + 1, i % columns + 1,
                    Numbers.fixed(weight[i], 3))).close();
        }
        out.close().close().line();
    }

    private static void grid(Markup out, RoutingFigure figure, double[] entropy) {
        int perExpert = figure.statistics().slotsPerExpert();
        double scale = scale(figure);
        out.open("div", "class", "scroll card sticky", "tabindex", "0", "role", "region", "aria-label",
                "Dispatch weights in " + figure.layer());
        out.open("table", "class", "routing").open("thead").open("tr").element("td", "");
        for (int expert : figure.shownExperts()) {
            out.element("th", "expert " + expert, "scope", "colgroup", "colspan", perExpert, "class", "first");
        }
        out.close().close().open("tbody").line();
        for (RoutedPicture picture : figure.pictures()) {
            String uri = Png.dataUri(picture.picture());
            out.open("tr", "style", "--picture:url(" + uri + ")").open("th", "scope", "row");
            out.empty("img", "src", uri, "alt", "", "width", 56, "height", 56).element("span", picture.caption());
            out.close();
            for (int expert : figure.shownExperts()) {
                for (int slot = 0; slot < perExpert; slot++) {
                    cell(out, figure, picture, expert, slot, scale);
                }
            }
            out.close().line();
        }
        out.close().open("tfoot").open("tr").element("th", "mean entropy", "scope", "row");
        for (int expert : figure.shownExperts()) {
            for (int slot = 0; slot < perExpert; slot++) {
                out.element("td", Numbers.fixed(entropy[expert * perExpert + slot], 2), "class",
                        slot == 0 ? "number first" : "number");
            }
        }
        out.close().close().close().close();
        out.open("p", "class", "note scale").element("span", "0");
        out.element("i", "", "class", "ramp", "style", ramp()).element("span",
                Numbers.fixed(scale, 1) + " times the uniform weight 1/" + figure.statistics().tokens() + " or more");
        out.close().line();
    }

    private static void cell(Markup out, RoutingFigure figure, RoutedPicture picture, int expert, int slot,
            double scale) {
        float[][] dispatch = picture.dispatch();
        int column = expert * figure.statistics().slotsPerExpert() + slot;
        int tokens = dispatch.length;
        double entropy = 0;
        int strongest = 0;
        for (int i = 0; i < tokens; i++) {
            double weight = dispatch[i][column];
            entropy -= weight > 0 ? weight * Math.log(weight) : 0;
            strongest = dispatch[i][column] > dispatch[strongest][column] ? i : strongest;
        }
        String title = "%s, expert %s, slot %s: entropy %s of %s, strongest in row %s, column %s (%s times uniform)"
                .formatted(picture.caption(), expert, slot, Numbers.fixed(entropy, 2),
                        Numbers.fixed(Math.log(tokens), 2), strongest / figure.gridColumns() + 1,
                        strongest % figure.gridColumns() + 1,
                        Numbers.fixed(dispatch[strongest][column] * (double) tokens, 1));
        out.open("td", "class", slot == 0 ? "first" : "").open("div", "class", "patch").empty("img", "src",
                glow(figure, picture, column, scale), "alt", title, "title", title);
        out.close().close();
    }

    /** The weights of a slot over the patches, as a picture of one pixel a patch. */
    static String glow(RoutingFigure figure, RoutedPicture picture, int column, double scale) {
        float[][] dispatch = picture.dispatch();
        byte[] overlay = new byte[dispatch.length * 4];
        for (int i = 0; i < dispatch.length; i++) {
            int[] colour = colour(Math.clamp(dispatch[i][column] * (double) dispatch.length / scale, 0, 1));
            for (int c = 0; c < 4; c++) {
                overlay[4 * i + c] = (byte) colour[c];
            }
        }
        return Png.dataUri(figure.gridRows(), figure.gridColumns(), overlay);
    }

    /** Red, green, blue and opacity, 0 to 255, for a share of the strongest weight. */
    static int[] colour(double share) {
        int[] colour = new int[4];
        for (int c = 0; c < 3; c++) {
            colour[c] = (int) Math.round(WEAK[c] + share * (STRONG[c] - WEAK[c]));
        }
        colour[3] = (int) Math.round(255 * STRONGEST * Math.pow(share, RISE));
        return colour;
    }

    /** The colours of all shares from left to right, over the grey of the pictures. */
    private static String ramp() {
        StringBuilder css = new StringBuilder("background:linear-gradient(to right");
        for (int i = 0; i <= 8; i++) {
            int[] c = colour(i / 8.0);
            css.append(",#%02x%02x%02x%02x".formatted(c[0], c[1], c[2], c[3]));
        }
        return css.append("),#333").toString();
    }

    /** The weight that gets the strongest colour, in multiples of the uniform weight, for all cells of the figure. */
    static double scale(RoutingFigure figure) {
        int perExpert = figure.statistics().slotsPerExpert();
        int tokens = figure.statistics().tokens();
        double[] weights = new double[figure.pictures().size() * tokens * figure.shownExperts().size() * perExpert];
        int at = 0;
        for (RoutedPicture picture : figure.pictures()) {
            for (float[] row : picture.dispatch()) {
                for (int expert : figure.shownExperts()) {
                    for (int slot = 0; slot < perExpert; slot++) {
                        weights[at++] = row[expert * perExpert + slot] * (double) tokens;
                    }
                }
            }
        }
        Arrays.sort(weights);
        return Math.max(1.5, weights[(int) (SATURATED * (weights.length - 1))]);
    }
}
