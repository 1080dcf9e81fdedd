package tessella.models.report;

import java.util.List;

/** Which classes are taken for which, and precision and recall of each. */
record ConfusionSection(ConfusionMatrix matrix) {
    void write(Markup out) {
        out.open("section", "id", "confusion").element("h2", "Confusion matrix").line();
        out.element("p", "Rows are true classes, columns what the model said. A cell counts test pictures; its "
                + "colour is the share of its row.", "class", "note");
        out.open("div", "class", "pair").open("div");
        out.open("div", "class", "scroll card sticky", "tabindex", "0", "role", "region", "aria-label",
                "Confusion matrix");
        out.open("table", "class", "confusion").open("thead").open("tr").element("td", "");
        for (String name : matrix.classNames()) {
            out.open("th", "scope", "col").element("span", name).close();
        }
        out.close().close().open("tbody").line();
        for (int truth = 0; truth < matrix.classNames().size(); truth++) {
            out.open("tr").element("th", matrix.classNames().get(truth), "scope", "row");
            for (int said = 0; said < matrix.classNames().size(); said++) {
                cell(out, truth, said);
            }
            out.close().line();
        }
        out.close().close().close().close().open("div");
        classes(out);
        out.close().close().close().line();
    }

    private void cell(Markup out, int truth, int said) {
        List<String> names = matrix.classNames();
        int count = matrix.counts()[truth][said];
        double share = count == 0 ? 0 : (double) count / matrix.support(truth);
        String style = (Heat.LIGHT.needsWhite(share) ? "lw" : "lb") + (Heat.DARK.needsWhite(share) ? " dw" : " db")
                + (count == 0 ? " zero" : "") + (truth == said ? " diagonal" : "");
        String title = "%s of %s pictures of %s taken for %s (%s)".formatted(count, matrix.support(truth),
                names.get(truth), names.get(said), Numbers.percent(share));
        out.element("td", Integer.toString(count), "class", style, "style",
                "--v:" + Numbers.fixed(100 * share, 1) + "%", "title", title);
    }

    private void classes(Markup out) {
        out.open("div", "class", "scroll card", "tabindex", "0", "role", "region", "aria-label", "Class by class");
        out.open("table", "class", "classes").open("thead").open("tr").element("th", "Class", "scope", "col");
        for (String name : List.of("Precision", "Recall", "F1")) {
            out.element("th", name, "scope", "col", "class", "measure");
        }
        out.element("th", "Pictures", "scope", "col", "class", "number").close().close().open("tbody").line();
        for (int c = 0; c < matrix.classNames().size(); c++) {
            out.open("tr").element("th", matrix.classNames().get(c), "scope", "row");
            for (double value : new double[] {matrix.precision(c), matrix.recall(c), matrix.f1(c)}) {
                out.open("td", "class", "measure").element("span", Numbers.fixed(value, 3));
                out.open("i", "class", "bar").element("i", "", "style", "width:"
                        + Numbers.fixed(Double.isNaN(value) ? 0 : 100 * value, 1) + "%").close().close();
            }
            out.element("td", Integer.toString(matrix.support(c)), "class", "number").close().line();
        }
        out.close().close().close();
    }
}
