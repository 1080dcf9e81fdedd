package tessella.models.report;

import java.util.List;

/** Pictures beside those that are most alike by their features, those that are named wrong apart. */
record RetrievalSection(List<Retrieval> retrievals) implements Section {
    @Override
    public void write(Markup out) {
        out.open("section", "id", "neighbours").element("h2", "Nearest pictures").line();
        out.element("p", "Test pictures, each beside the training pictures whose features have the highest cosine to its own. "
                + "The larger picture is named by a vote of its neighbours; a neighbour of another class is marked.", "class", "note");
        group(out, "Named wrong", retrievals.stream().filter(one -> !one.isRight()).toList());
        group(out, "Named right", retrievals.stream().filter(Retrieval::isRight).toList());
        out.close().line();
    }

    private static void group(Markup out, String title, List<Retrieval> group) {
        if (group.isEmpty()) {
            return;
        }
        out.element("h3", title).open("div", "class", "retrievals").line();
        for (Retrieval one : group) {
            retrieval(out, one);
        }
        out.close();
    }

    private static void retrieval(Markup out, Retrieval one) {
        out.open("div", "class", "card retrieval").open("div", "class", "asked");
        out.empty("img", "src", Png.dataUri(one.picture()), "width", 84, "height", 84, "alt", "A picture of class " + one.className());
        out.open("p", "class", one.isRight() ? "verdict right" : "verdict wrong");
        out.element("b", one.isRight() ? "\u2713" : "\u2717", "aria-hidden", "true").text(" " + one.said());
        if (!one.isRight()) {
            out.element("small", "is in truth " + one.className());
        }
        out.close().close().open("div", "class", "nearest").line();
        for (Retrieval.Neighbour neighbour : one.nearest()) {
            boolean alike = neighbour.className().equals(one.className());
            out.open("div", "class", alike ? "right" : "wrong");
            out.empty("img", "src", Png.dataUri(neighbour.picture()), "width", 56, "height", 56, "alt",
                    "A picture of class " + neighbour.className());
            out.open("span").element("b", alike ? "\u2713" : "\u2717", "aria-hidden", "true").text(" " + neighbour.className()).close();
            out.element("span", Numbers.fixed(neighbour.cosine(), 3), "class", "cosine").close().line();
        }
        out.close().close().line();
    }
}
