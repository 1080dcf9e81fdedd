package tessella.models.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import tessella.engine.Profile;

/**
 * Where the time of a run went, a line an operator.
 *
 * @param rows    the operators, then what is none
 * @param bounds  what the machine gives
 * @param threads threads that computed
 */
record ProfileTable(List<Profile.Row> rows, Bounds bounds, int threads) {
    private static final String OTHER = "other (Java, data, waiting)";
    private static final String NONE = "-";

    /** The lines, the heading first. */
    List<String> lines() {
        int width = Math.max(OTHER.length(), rows.stream().mapToInt(row -> row.operator().length()).max().orElse(0));
        String format = "%-" + width + "s %10s %10s %7s %9s %8s %9s %10s";
        List<String> lines = new ArrayList<>();
        lines.add(format(format, "operator", "calls", "seconds", "share", "GFLOP/s", "GB/s", "roofline", "MB"));
        for (Profile.Row row : rows) {
            boolean operator = row.calls() > 0;
            lines.add(format(format, operator ? row.operator() : OTHER, operator ? format("%d", row.calls()) : NONE,
                    format("%.3f", row.nanos() / 1e9), format("%.1f %%", 100 * row.share()),
                    row.flops() > 0 ? format("%.1f", row.flopRate() / 1e9) : NONE,
                    operator ? format("%.1f", row.byteRate() / 1e9) : NONE,
                    operator ? format("%.0f %%", 100 * roofline(row)) : NONE,
                    operator ? format("%.1f", row.bytes() / 1e6) : NONE));
        }
        double total = rows.stream().mapToLong(Profile.Row::nanos).sum() / 1e9;
        lines.add(format(format, "total", NONE, format("%.3f", total), "100.0 %", NONE, NONE, NONE, NONE));
        lines.add(format("roofline of %d %s now: %.1f GFLOP/s", threads, threads == 1 ? "thread" : "threads", bounds.flops() / 1e9));
        lines.add(bounds.copies().entrySet().stream().map(copy -> format("%.1f GB/s in %s", copy.getValue() / 1e9, size(copy.getKey())))
                .collect(Collectors.joining(", ", "copies: ", "")));
        return lines;
    }

    /** The share of its time that an operator would need if nothing but the machine held it up. */
    private double roofline(Profile.Row row) {
        return row.nanos() == 0 ? 0
                : bounds.seconds(row.flops(), row.bytes(), row.bytes() / row.calls()) * 1e9 / row.nanos();
    }

    private static String size(long bytes) {
        return bytes >= 1 << 20 ? (bytes >> 20) + " MiB" : (bytes >> 10) + " KiB";
    }

    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
