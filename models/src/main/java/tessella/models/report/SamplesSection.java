package tessella.models.report;

import java.util.List;
import java.util.stream.IntStream;

/** Pictures with what the model says of them, the wrong ones apart. */
record SamplesSection(List<String> classNames, List<SamplePrediction> samples) implements Section {
    private static final int NAMED = 3;

    @Override
    public void write(Markup out) {
        out.open("section", "id", "samples").element("h2", "Sample predictions").line();
        out.element("p", "Test pictures with the three most probable classes; the bar of a true class is green.",
                "class", "note");
        group(out, "Wrong", samples.stream().filter(sample -> !sample.isRight()).toList());
        group(out, "Right", samples.stream().filter(SamplePrediction::isRight).toList());
        out.close().line();
    }

    private void group(Markup out, String title, List<SamplePrediction> group) {
        if (group.isEmpty()) {
            return;
        }
        out.element("h3", title).open("div", "class", "samples").line();
        for (SamplePrediction sample : group) {
            sample(out, sample);
        }
        out.close();
    }

    private void sample(Markup out, SamplePrediction sample) {
        String truth = names(sample.truth());
        out.open("figure", "class", "card sample");
        out.empty("img", "src", Png.dataUri(sample.picture()), "width", 84, "height", 84, "alt", "A picture of class "
                + truth);
        out.open("figcaption").open("p", "class", sample.isRight() ? "verdict right" : "verdict wrong");
        out.element("b", sample.isRight() ? "\u2713" : "\u2717", "aria-hidden", "true");
        out.text(" " + names(sample.said()));
        if (!sample.isRight()) {
            out.element("small", "is in truth " + truth);
        }
        out.close();
        for (int c : sample.top(NAMED)) {
            double share = sample.probabilities()[c];
            out.open("div", "class", "guess").element("span", classNames.get(c)).element("span",
                    Numbers.fixed(share, 2), "class", "number");
            out.open("i", "class", sample.truth()[c] ? "bar true" : "bar").element("i", "", "style", "width:"
                    + Numbers.fixed(100 * share, 1) + "%").close().close();
        }
        out.close().close().line();
    }

    private String names(boolean[] classes) {
        return IntStream.range(0, classes.length).filter(c -> classes[c]).mapToObj(classNames::get)
                .reduce((a, b) -> a + ", " + b).orElse("of no class");
    }
}
