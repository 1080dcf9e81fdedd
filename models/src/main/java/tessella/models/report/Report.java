package tessella.models.report;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * One run on one HTML page: no other file, no network, no script; equal reports have equal bytes.
 *
 * @param title     the heading: {@code "soft-moe-tiny on fashion-mnist"}
 * @param headlines numbers to see first, after that of the result
 * @param card      how the run can be repeated
 * @param curve     how training went
 * @param result    what was measured on the test pictures
 * @param samples   test pictures with what the model says of them, right and wrong ones
 * @param routing   the Soft MoE layers; empty for a model without
 */
public record Report(String title, List<Headline> headlines, RunCard card, TrainingCurve curve,
        TestResult result, List<SamplePrediction> samples, List<RoutingFigure> routing) {
    /**
     * Copies the lists.
     *
     * @throws IllegalArgumentException if a sample has other classes than the result
     */
    public Report {
        headlines = List.copyOf(headlines);
        samples = List.copyOf(samples);
        routing = List.copyOf(routing);
        for (SamplePrediction sample : samples) {
            if (sample.probabilities().length != result.classNames().size()) {
                throw new IllegalArgumentException("report: expected %d probabilities for a sample, found %d".formatted(
                        result.classNames().size(), sample.probabilities().length));
            }
        }
    }

    /**
     * Makes the page.
     *
     * @return HTML that is well-formed XML too
     */
    public String html() {
        return page().html();
    }

    /**
     * Writes the page, under its name only when it is whole.
     *
     * @param file the file, replaced if it exists
     * @throws IOException if writing fails
     */
    public void write(Path file) throws IOException {
        page().write(file);
    }

    private Page page() {
        List<Headline> all = new ArrayList<>(List.of(result.headline()));
        all.addAll(headlines);
        List<Section> sections = new ArrayList<>(List.of(new CurvesSection(curve), switch (result) {
            case TestResult.OneClass one -> new ConfusionSection(one);
            case TestResult.SeveralClasses several -> new ClassesSection(several);
        }));
        if (!samples.isEmpty()) {
            sections.add(new SamplesSection(result.classNames(), samples));
        }
        if (!routing.isEmpty()) {
            sections.add(new RoutingSection(routing));
        }
        return new Page(title, all, sections, card);
    }
}
