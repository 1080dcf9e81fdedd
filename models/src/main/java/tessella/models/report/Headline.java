package tessella.models.report;

/**
 * A number to see first.
 *
 * @param label what it is: {@code "Test accuracy"}
 * @param value the number: {@code "0.8342"}
 * @param note  what to know about it, or ""
 */
public record Headline(String label, String value, String note) {
}
