package tessella.models.report;

import java.util.List;

/** A table of what was measured class by class, with means below. */
record ClassTable(List<Row> rows, List<Row> means) {
    /** A line: values from 0 to 1, NaN for one that is not defined, and a number of pictures. */
    record Row(String name, double averagePrecision, double precision, double recall, double f1, long pictures) {
    }

    void write(Markup out) {
        out.open("div", "class", "scroll card sticky", "tabindex", "0", "role", "region", "aria-label", "Class by class");
        out.open("table", "class", "classes").open("thead").open("tr").element("th", "Class", "scope", "col");
        for (String name : List.of("AP", "Precision", "Recall", "F1")) {
            out.element("th", name, "scope", "col", "class", "measure");
        }
        out.element("th", "Pictures", "scope", "col", "class", "number").close().close().open("tbody").line();
        rows.forEach(row -> line(out, row));
        out.close().open("tfoot").line();
        means.forEach(row -> line(out, row));
        out.close().close().close();
    }

    private static void line(Markup out, Row row) {
        out.open("tr").element("th", row.name(), "scope", "row");
        for (double value : new double[] {row.averagePrecision(), row.precision(), row.recall(), row.f1()}) {
            out.open("td", "class", "measure").element("span", Numbers.fixed(value, 3));
            out.open("i", "class", "bar").element("i", "", "style", "width:"
                    + Numbers.fixed(Double.isNaN(value) ? 0 : 100 * value, 1) + "%").close().close();
        }
        out.element("td", Numbers.count(row.pictures()), "class", "number").close().line();
    }
}
