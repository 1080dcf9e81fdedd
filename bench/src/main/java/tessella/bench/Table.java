package tessella.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A table of texts in columns as wide as they need. */
final class Table {
    private final List<String[]> rows = new ArrayList<>();

    Table(String... headings) {
        rows.add(headings);
    }

    void row(String... cells) {
        if (cells.length != rows.getFirst().length) {
            throw new IllegalArgumentException("table: expected " + rows.getFirst().length + " cells, found " + cells.length);
        }
        rows.add(cells);
    }

    /** A number with four significant digits, without an exponent. */
    static String significant(double value) {
        int digits = value == 0 || !Double.isFinite(value) ? 0 : Math.max(0, 3 - (int) Math.floor(Math.log10(Math.abs(value))));
        return String.format(Locale.ROOT, "%." + digits + "f", value);
    }

    /** As a Markdown table. */
    String markdown() {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < rows.size(); i++) {
            out.append("| ").append(String.join(" | ", rows.get(i))).append(" |\n");
            if (i == 0) {
                out.append("|---".repeat(rows.getFirst().length)).append("|\n");
            }
        }
        return out.toString();
    }

    @Override
    public String toString() {
        StringBuilder out = new StringBuilder();
        for (String[] row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < row.length; i++) {
                int column = i;
                int width = rows.stream().mapToInt(cells -> cells[column].length()).max().orElseThrow();
                line.append(row[i]).append(" ".repeat(width - row[i].length() + 2));
            }
            out.append(line.toString().stripTrailing()).append('\n');
        }
        return out.toString();
    }
}
