package tessella.bench;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import tessella.models.report.Machine;

/** The page of a roofline: one picture, the ceilings, and every benchmark in a table. No script, no network. */
record RooflinePage(RooflineRounds rounds, List<RooflineRow> rows, Machine machine, String command) {
    private static final int WIDTH = 960;
    private static final int HEIGHT = 560;
    private static final int LEFT = 64;
    private static final int RIGHT = WIDTH - 150;
    private static final int TOP = 34;
    private static final int BOTTOM = HEIGHT - 52;
    /** Points that can carry their number. */
    private static final int NUMBERED = 60;
    private static final String[] COLOURS = {"#2565ab", "#b4530a", "#24713f", "#8c3fa0", "#b0312a", "#0f7d86", "#7a6a00", "#5a5f66",
        "#c2447e", "#3d4fb8", "#6b4a2f"};
    private static final String CSS = """
            :root { color-scheme: light dark; --page: #f6f5f1; --card: #fff; --ink: #1e2329; --muted: #59626d; --line: #dedbd3; }
            @media (prefers-color-scheme: dark) {
              :root { --page: #15181b; --card: #1e2226; --ink: #e7e4de; --muted: #a2a9b2; --line: #363b41; }
              circle, .swatch { filter: brightness(1.5); }
            }
            body { margin: 0 auto; padding: 1.5rem; max-width: 80rem; background: var(--page); color: var(--ink);
              font: 1rem/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
            h1 { font-size: 1.6rem; margin: 0 0 0.3rem; } h2 { font-size: 1.2rem; margin: 2rem 0 0.5rem; }
            p { max-width: 52rem; margin: 0 0 0.8rem; } .note { color: var(--muted); }
            small { display: block; color: var(--muted); } .card + p, .legend + p { margin-top: 0.6rem; }
            .warning { border-left: 4px solid #b0312a; padding-left: 0.7rem; }
            .card { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 0.9rem; overflow-x: auto; }
            svg { display: block; width: 100%; height: auto; min-width: 40rem; }
            svg text { font-size: 13px; fill: var(--muted); } svg .number { font-size: 10px; fill: var(--ink); }
            .grid { stroke: var(--line); } .roof { stroke: var(--ink); stroke-width: 1.6; fill: none; }
            .level { stroke: var(--muted); stroke-width: 1; fill: none; } .many { stroke-dasharray: 6 4; }
            svg .on { paint-order: stroke; stroke: var(--card); stroke-width: 4px; }
            circle { stroke: var(--card); stroke-width: 0.8; }
            .legend { display: flex; flex-wrap: wrap; gap: 0.2rem 1.2rem; margin: 0.6rem 0 0; font-size: 0.9rem; }
            .swatch { display: inline-block; width: 0.7rem; height: 0.7rem; border-radius: 50%; margin-right: 0.4rem; }
            table { border-collapse: collapse; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
            th, td { padding: 0.2rem 0.9rem 0.2rem 0; border-bottom: 1px solid var(--line); text-align: right;
              white-space: nowrap; }
            th { font-weight: 600; vertical-align: bottom; } .text { text-align: left; }
            code { font-size: 0.85rem; overflow-wrap: anywhere; }
            """;

    String html() {
        Markup out = new Markup();
        out.open("html", "lang", "en").open("head").empty("meta", "charset", "utf-8");
        out.empty("meta", "name", "viewport", "content", "width=device-width, initial-scale=1");
        out.empty("meta", "http-equiv", "Content-Security-Policy", "content", "default-src 'none'; style-src 'unsafe-inline'");
        out.element("title", "Roofline").element("style", CSS).close().open("body");
        out.element("h1", "Roofline");
        out.element("p", machine.cpu() + ", " + machine.processors() + " processors in use; " + machine.jdk() + "; "
                + machine.system()
                + "; vectors of " + machine.vectorBits() + " bits.", "class", "note");
        out.open("p", "class", "note").element("code", command).close();
        out.element("p", said(rounds), "class", rounds.fit() ? "note" : "warning");
        out.open("div", "class", "card");
        picture(out);
        legend(out);
        out.close();
        ceilings(out);
        table(out);
        return "<!DOCTYPE html>\n" + out.close().close().finish();
    }

    /** What became of the rounds, in a sentence. */
    static String said(RooflineRounds rounds) {
        String rule = " (a round is discarded if the peak of all threads was below " + RooflineRounds.FIT
                + " times as many peaks of one, which is 1.8 of two)";
        return rounds.fit() ? "Medians of " + rounds.used() + " rounds, " + rounds.discarded() + " discarded" + rule + "."
                : "Too often the machine had no core for each thread: not all of the " + rounds.used()
                + " rounds that are used are fit, and "
                        + rounds.discarded() + " more were discarded" + rule + ". Do not quote these figures.";
    }

    private LogAxis xAxis() {
        return LogAxis.powers(4, Math.min(0.0625, rows.stream().mapToDouble(RooflineRow::intensity).min().orElse(1)),
                Math.max(64, rows.stream().mapToDouble(RooflineRow::intensity).max().orElse(1)), LEFT, RIGHT);
    }

    private LogAxis yAxis() {
        double peak = rounds.ceilings().stream().mapToDouble(Ceilings::flops).max().orElseThrow();
        double lowest = rows.stream().mapToDouble(RooflineRow::flops).min().orElse(peak);
        double highest = rows.stream().mapToDouble(RooflineRow::flops).max().orElse(peak);
        return LogAxis.powers(10, Math.min(lowest, peak / 100) / 1e9, Math.max(peak, highest) / 1e9, BOTTOM, TOP);
    }

    private void picture(Markup out) {
        LogAxis x = xAxis();
        LogAxis y = yAxis();
        out.open("svg", "viewBox", "0 0 " + WIDTH + " " + HEIGHT, "role", "img", "aria-label",
                "Operations a second over operations a byte, with the roofs of the machine");
        for (double tick = x.low(); tick <= x.high() * 1.01; tick *= 4) {
            out.empty("line", "class", "grid", "x1", x.place(tick), "x2", x.place(tick), "y1", TOP, "y2", BOTTOM);
            out.element("text", tick < 1 ? "1/" + Math.round(1 / tick) : Long.toString(Math.round(tick)), "text-anchor",
                    "middle", "x", x.place(tick), "y", BOTTOM + 18);
        }
        for (double tick = y.low(); tick <= y.high() * 1.01; tick *= 10) {
            out.empty("line", "class", "grid", "x1", LEFT, "x2", RIGHT, "y1", y.place(tick), "y2", y.place(tick));
            out.element("text", new BigDecimal(tick, new MathContext(1)).toPlainString(), "text-anchor", "end", "x", LEFT - 8, "y",
                    y.place(tick) + 4);
        }
        out.element("text", "operations a byte", "text-anchor", "middle", "x", (LEFT + RIGHT) / 2, "y", HEIGHT - 12);
        out.element("text", "GFLOP/s", "text-anchor", "start", "x", 8, "y", TOP - 18);
        // the names stand on the roofs of one thread, which therefore come last
        rounds.ceilings().reversed().forEach(ceiling -> roofs(out, ceiling, x, y));
        for (int i = 0; i < rows.size(); i++) {
            point(out, i, x, y);
        }
        out.close();
    }

    private static void roofs(Markup out, Ceilings ceiling, LogAxis x, LogAxis y) {
        String many = ceiling.threads() == 1 ? "" : " many";
        double peak = ceiling.flops() / 1e9;
        out.empty("line", "class", "roof" + many, "x1", x.place(Math.max(x.low(), peak / (ceiling.bandwidths()[0] / 1e9))),
                "x2", RIGHT, "y1", y.place(peak), "y2", y.place(peak));
        out.element("text", "FMA, " + threads(ceiling), "x", RIGHT + 8, "y", y.place(peak) + 4);
        for (int i = 0; i < ceiling.levels().size(); i++) {
            double slope = ceiling.bandwidths()[i] / 1e9;
            double begin = Math.max(x.low(), y.low() / slope);
            double end = Math.min(x.high(), peak / slope);
            if (begin < end) {
                out.empty("line", "class", "level" + many, "x1", x.place(begin), "y1", y.place(begin * slope), "x2",
                        x.place(end), "y2", y.place(end * slope));
                if (ceiling.threads() == 1) {
                    double at = begin * 1.2;
                    out.element("text", ceiling.levels().get(i).name(), "class", "on", "x", x.place(at), "y",
                            y.place(at * slope) + 4);
                }
            }
        }
    }

    private void point(Markup out, int index, LogAxis x, LogAxis y) {
        RooflineRow row = rows.get(index);
        double at = x.place(row.intensity());
        double height = y.place(row.flops() / 1e9);
        out.open("g").open("circle", "cx", at, "cy", height, "r", 4.5, "style", fill(row))
                .element("title", (index + 1) + ": " + row.result().name() + " " + row.result().parameters() + ": "
                        + Table.significant(row.flops() / 1e9) + " GFLOP/s, " + percent(row.share()) + " of " + row.bound().by())
                        .close();
        if (rows.size() <= NUMBERED) {
            out.element("text", Integer.toString(index + 1), "class", "number on", "x", at + 6, "y", height + 3);
        }
        out.close();
    }

    /** Full for one thread, hollow for more. */
    private String fill(RooflineRow row) {
        String colour = colour(row.family());
        return row.threads() == 1 ? "fill: " + colour : "fill: var(--card); stroke: " + colour + "; stroke-width: 2";
    }

    private String colour(String family) {
        return COLOURS[families().indexOf(family) % COLOURS.length];
    }

    private List<String> families() {
        return rows.stream().map(RooflineRow::family).distinct().sorted().toList();
    }

    private void legend(Markup out) {
        out.open("div", "class", "legend");
        for (String family : families()) {
            out.open("span").open("span", "class", "swatch", "style", "background: " + colour(family)).close().text(family).close();
        }
        out.close();
        String many = rounds.ceilings().size() > 1
                ? " Full points and solid roofs are those of one thread, hollow points and dashed roofs those of "
                + threads(rounds.ceilings().getLast()) + "." : "";
        out.element("p", "Each point is a row of the table below; pointing at one names it." + many, "class", "note");
    }

    private static String threads(Ceilings ceiling) {
        return ceiling.threads() + (ceiling.threads() == 1 ? " thread" : " threads");
    }

    private void ceilings(Markup out) {
        out.element("h2", "Ceilings").open("div", "class", "card").open("table");
        out.open("tr").element("th", "threads").element("th", "FMA GFLOP/s");
        rounds.ceilings().getFirst().levels().forEach(level -> out.element("th", level.name() + " GB/s"));
        out.close();
        for (Ceilings ceiling : rounds.ceilings()) {
            out.open("tr").element("td", Integer.toString(ceiling.threads()))
                    .element("td", Table.significant(ceiling.flops() / 1e9));
            for (double bandwidth : ceiling.bandwidths()) {
                out.element("td", Table.significant(bandwidth / 1e9));
            }
            out.close();
        }
        out.close().close();
        out.element("p", "Bandwidths are those of reading or of copying (read plus written), whichever was more, over "
                + String.join(", ", rounds.ceilings().getFirst().levels().stream()
                        .map(level -> size(level.workingSet()) + " for " + level.name()).toList()) + ".", "class", "note");
    }

    private static String size(long bytes) {
        return bytes >= 1 << 20 ? (bytes >> 20) + " MB" : (bytes >> 10) + " KB";
    }

    private void table(Markup out) {
        out.element("h2", "Benchmarks");
        out.element("p", "Operations and bytes are those of the definition: a function such as exp is one operation, operands are "
                + "read once and results written once. The bound is the lower of the FMA peak and of that intensity times the "
                + "bandwidth of the nearest level that holds the bytes of a call.", "class", "note");
        out.open("div", "class", "card").open("table").open("tr");
        Stream.of("", "benchmark", "GFLOP/s", "GB/s", "FLOP/byte", "bound GFLOP/s", "by", "% of bound", "heap B/call",
                "off-heap B/call")
                .forEach(heading -> out.element("th", heading, "class", heading.equals("benchmark") ? "text" : "figure"));
        out.close();
        for (int i = 0; i < rows.size(); i++) {
            String[] cells = cells(i, rows.get(i));
            out.open("tr").element("td", cells[0]);
            out.open("td", "class", "text").text(cells[1]).element("small", cells[2]).close();
            Arrays.stream(cells, 3, cells.length).forEach(cell -> out.element("td", cell));
            out.close();
        }
        out.close().close();
    }

    /** The cells of a row of the table. */
    static String[] cells(int index, RooflineRow row) {
        return new String[] {Integer.toString(index + 1), row.result().name(), row.result().parameters(),
            Table.significant(row.flops() / 1e9), Table.significant(row.bytes() / 1e9), Table.significant(row.intensity()),
            Table.significant(row.bound().flops() / 1e9), row.bound().by(), percent(row.share()),
            Long.toString(Math.round(row.heapBytes())), Long.toString(Math.round(row.offHeapBytes()))};
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * share);
    }
}
