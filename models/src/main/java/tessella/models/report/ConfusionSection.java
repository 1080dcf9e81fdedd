package tessella.models.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import tessella.models.measure.MacroMeans;

/** Which classes are taken for which, and how well each is found. */
record ConfusionSection(TestResult.OneClass result) implements Section {
    @Override
    public void write(Markup out) {
        ConfusionMatrix matrix = result.confusion();
        out.open("section", "id", "confusion").element("h2", "Confusion matrix").line();
        out.element("p", "Rows are true classes, columns what the model said. A cell counts test pictures; its "
                + "colour is the share of its row. AP is the average precision of a class against the rest; the mean is that of "
                + "the classes with pictures, a precision that is not defined counting as 0.", "class", "note");
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
        new ClassTable(rows(), List.of(mean())).write(out);
        out.close().close().close().line();
    }

    private void cell(Markup out, int truth, int said) {
        ConfusionMatrix matrix = result.confusion();
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

    private List<ClassTable.Row> rows() {
        ConfusionMatrix matrix = result.confusion();
        List<ClassTable.Row> rows = new ArrayList<>();
        for (int c = 0; c < matrix.classNames().size(); c++) {
            rows.add(new ClassTable.Row(matrix.classNames().get(c), result.averagePrecisions()[c], matrix.precision(c),
                    matrix.recall(c), matrix.f1(c), matrix.support(c)));
        }
        return rows;
    }

    private ClassTable.Row mean() {
        ConfusionMatrix matrix = result.confusion();
        MacroMeans macro = MacroMeans.of(IntStream.range(0, matrix.classNames().size()).mapToObj(matrix::decisions).toList());
        double averagePrecision = Arrays.stream(result.averagePrecisions()).filter(v -> !Double.isNaN(v)).average()
                .orElse(Double.NaN);
        return new ClassTable.Row("Macro mean", averagePrecision, macro.precision(), macro.recall(), macro.f1(), matrix.total());
    }
}
