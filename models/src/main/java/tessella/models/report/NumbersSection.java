package tessella.models.report;

import java.util.List;

/** Numbers in a table, each with what to know about it. */
record NumbersSection(String note, List<Headline> numbers) implements Section {
    @Override
    public void write(Markup out) {
        out.open("section", "id", "numbers").element("h2", "Numbers").line();
        out.element("p", note, "class", "note");
        out.open("div", "class", "scroll card", "tabindex", "0", "role", "region", "aria-label", "Numbers");
        out.open("table", "class", "numbers").open("tbody").line();
        for (Headline number : numbers) {
            out.open("tr").element("th", number.label(), "scope", "row").element("td", number.value(), "class", "number")
                    .element("td", number.note()).close().line();
        }
        out.close().close().close().close().line();
    }
}
