package tessella.models.report;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * What the features of a model tell about pictures, on one HTML page: no other file, no network, no script; equal reports have
 * equal bytes.
 *
 * @param title      the heading: {@code "Features of soft-moe.safetensors on fashion-mnist"}
 * @param headlines  numbers to see first
 * @param note       what holds for all numbers
 * @param numbers    all numbers
 * @param retrievals test pictures beside those that are most alike, right and wrong ones
 * @param card       how the measurement can be repeated
 */
public record ProbeReport(String title, List<Headline> headlines, String note, List<Headline> numbers, List<Retrieval> retrievals,
        RunCard card) {
    /** Copies the lists. */
    public ProbeReport {
        headlines = List.copyOf(headlines);
        numbers = List.copyOf(numbers);
        retrievals = List.copyOf(retrievals);
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
        return new Page(title, headlines, List.of(new NumbersSection(note, numbers), new RetrievalSection(retrievals)), card);
    }
}
