package tessella.models.report;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import tessella.engine.io.AtomicFile;

/**
 * One run on one HTML page: no other file, no network, no script; equal reports have equal bytes.
 *
 * @param title     the heading: {@code "soft-moe-tiny on fashion-mnist"}
 * @param headlines numbers to see first, after the test accuracy
 * @param card      how the run can be repeated
 * @param curve     how training went
 * @param confusion the result on the test pictures
 * @param samples   test pictures with what the model says of them, right and wrong ones
 * @param routing   the Soft MoE layers; empty for a model without
 */
public record Report(String title, List<Headline> headlines, RunCard card, TrainingCurve curve,
        ConfusionMatrix confusion, List<SamplePrediction> samples, List<RoutingFigure> routing) {
    /**
     * Copies the lists.
     *
     * @throws IllegalArgumentException if a sample has other classes than the confusion matrix
     */
    public Report {
        headlines = List.copyOf(headlines);
        samples = List.copyOf(samples);
        routing = List.copyOf(routing);
        for (SamplePrediction sample : samples) {
            if (sample.probabilities().length != confusion.classNames().size()) {
                throw new IllegalArgumentException("report: expected %d probabilities for a sample, found %d".formatted(
                        confusion.classNames().size(), sample.probabilities().length));
            }
        }
    }

    /**
     * Makes the page.
     *
     * @return HTML that is well-formed XML too
     */
    public String html() {
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
        new CurvesSection(curve).write(out);
        new ConfusionSection(confusion).write(out);
        if (!samples.isEmpty()) {
            new SamplesSection(confusion.classNames(), samples).write(out);
        }
        if (!routing.isEmpty()) {
            new RoutingSection(routing).write(out);
        }
        card(out);
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
        double[] interval = confusion.accuracyInterval();
        out.open("dl", "class", "headlines");
        headline(out, new Headline("Test accuracy", Numbers.fixed(confusion.accuracy(), 4),
                "%s of %s pictures; 95 %% interval %s to %s".formatted(
                        Numbers.count(confusion.right()), Numbers.count(confusion.total()),
                        Numbers.fixed(interval[0], 3), Numbers.fixed(interval[1], 3))));
        headlines.forEach(headline -> headline(out, headline));
        out.close().close().line();
    }

    private static void headline(Markup out, Headline headline) {
        out.open("div").element("dt", headline.label()).open("dd").element("b", headline.value());
        if (!headline.note().isEmpty()) {
            out.element("small", headline.note());
        }
        out.close().close().line();
    }

    private void card(Markup out) {
        out.open("section", "id", "card").element("h2", "Run card").line();
        out.element("p", "What it takes to run this again.", "class", "note");
        out.open("dl", "class", "card runcard").line();
        card.rows().forEach((label, value) -> out.open("div").element("dt", label).element("dd", value).close().line());
        out.close().close().line();
    }

    /**
     * Writes the page, under its name only when it is whole.
     *
     * @param file the file, replaced if it exists
     * @throws IOException if writing fails
     */
    public void write(Path file) throws IOException {
        AtomicFile.write(file, html().getBytes(StandardCharsets.UTF_8));
    }
}
