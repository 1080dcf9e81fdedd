package tessella.models.report;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import tessella.engine.io.AtomicFile;

/** One HTML page that ends with a run card: no other file, no network, no script; equal pages have equal bytes. */
record Page(String title, List<Headline> headlines, List<Section> sections, RunCard card) {
    Page {
        headlines = List.copyOf(headlines);
        sections = List.copyOf(sections);
    }

    /** HTML that is well-formed XML too. */
    String html() {
        Markup out = new Markup();
        out.open("html", "lang", "en").line().open("head").line();
        out.empty("meta", "charset", "utf-8").line();
        out.empty("meta", "name", "viewport", "content", "width=device-width, initial-scale=1").line();
        out.empty("meta", "name", "color-scheme", "content", "light dark").line();
        out.empty("meta", "http-equiv", "Content-Security-Policy", "content",
                "default-src 'none'; style-src 'unsafe-inline'; img-src data:").line();
        out.element("title", title).line().style(StyleSheet.CSS).line().close().line().open("body").line();
        header(out);
        out.open("main").line();
        sections.forEach(section -> section.write(out));
        cardSection(out);
        out.close().line().close().line().close();
        return "<!DOCTYPE html>\n" + out.finish() + "\n";
    }

    private void header(Markup out) {
        out.open("header");
        out.open("svg", "class", "tile", "viewBox", "0 0 7 7", "aria-hidden", "true");
        String[] shades = {"a", "b", "c", "c", "a", "b", "b", "c", "a"};
        for (int i = 0; i < shades.length; i++) {
            out.empty("rect", "class", shades[i], "x", i % 3 * 2.5, "y", i / 3 * 2.5, "width", 2, "height", 2);
        }
        out.close();
        out.element("h1", title).line();
        if (!headlines.isEmpty()) {
            out.open("dl", "class", "headlines");
            headlines.forEach(headline -> headline(out, headline));
            out.close();
        }
        out.close().line();
    }

    private static void headline(Markup out, Headline headline) {
        out.open("div").element("dt", headline.label()).open("dd").element("b", headline.value());
        if (!headline.note().isEmpty()) {
            out.element("small", headline.note());
        }
        out.close().close().line();
    }

    private void cardSection(Markup out) {
        out.open("section", "id", "card").element("h2", "Run card").line();
        out.element("p", "What it takes to run this again.", "class", "note");
        out.open("dl", "class", "card runcard").line();
        card.rows().forEach((label, value) -> out.open("div").element("dt", label).element("dd", value).close().line());
        out.close().close().line();
    }

    /** Writes the page, under its name only when it is whole; a file of the name is replaced. */
    void write(Path file) throws IOException {
        AtomicFile.write(file, html().getBytes(StandardCharsets.UTF_8));
    }
}
