package tessella.models.report;

import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The look of the report: one column that fits a telephone and a desk, bright or dark as the reader's system is. */
final class StyleSheet {
    static final String CSS = """

            :root {
              color-scheme: light dark;
              --page: #f6f5f1; --card: %1$s; --ink: #1e2329; --muted: #59626d; --line: #dedbd3; --heat: %2$s;
              --train: #2565ab; --valid: #b4530a; --rate: #59626d; --right: #24713f; --wrong: #b0312a;
              --tile-a: #1f5f9e; --tile-b: #c9772b; --tile-c: #8c9a86;
              --k0: #b0312a; --k1: #d97a1a; --k2: #a08500; --k3: #24713f; --k4: #2aa5b8; --k5: #2565ab; --k6: #7a4bb0;
            }
            @media (prefers-color-scheme: dark) {
              :root {
                --page: #15181b; --card: %3$s; --ink: #e7e4de; --muted: #a2a9b2; --line: #363b41; --heat: %4$s;
                --train: #7db4ee; --valid: #f0a25c; --rate: #a2a9b2; --right: #7cc795; --wrong: #f08a80;
                --k0: #f08a80; --k1: #f0a25c; --k2: #d9bd52; --k3: #7cc795; --k4: #6cc9d6; --k5: #7db4ee; --k6: #bda1e6;
              }
            }
            * { box-sizing: border-box; }
            html { -webkit-text-size-adjust: 100%%; }
            body {
              margin: 0 auto; padding: 1.5rem clamp(0.9rem, 3vw, 2.5rem) 4rem; max-width: 84rem;
              background: var(--page); color: var(--ink);
              font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
            }
            h1 { margin: 0; font-size: clamp(1.35rem, 4vw, 1.9rem); line-height: 1.2; letter-spacing: -0.01em;
              overflow-wrap: anywhere; }
            h2 { margin: 0 0 0.4rem; font-size: 1.3rem; letter-spacing: -0.005em; }
            h3 { margin: 1.4rem 0 0.5rem; font-size: 1rem; }
            section { margin-top: 2.8rem; }
            figure { margin: 0; container-type: inline-size; }
            figcaption h3 { margin: 0; }
            .note { margin: 0 0 0.9rem; max-width: 46rem; color: var(--muted); }
            .card { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 0.9rem; }
            .scroll { overflow-x: auto; max-width: 100%%; }
            .scroll:focus-visible, summary:focus-visible { outline: 2px solid var(--train); outline-offset: 2px; }
            .number { text-align: right; font-variant-numeric: tabular-nums; }
            table { border-collapse: collapse; font-size: 0.9rem; }
            th { font-weight: 600; text-align: left; }
            thead th { vertical-align: bottom; }

            header { display: grid; grid-template-columns: auto 1fr; gap: 0 0.9rem; align-items: center; }
            .tile { width: 2.3rem; height: 2.3rem; }
            .tile .a { fill: var(--tile-a); } .tile .b { fill: var(--tile-b); } .tile .c { fill: var(--tile-c); }
            .headlines { grid-column: 1 / -1; display: grid; margin: 1.4rem 0 0; border-top: 1px solid var(--line);
              grid-template-columns: repeat(auto-fit, minmax(min(13rem, 100%%), 1fr)); gap: 0 2rem; }
            .headlines div { padding: 0.8rem 0; }
            dt { color: var(--muted); font-size: 0.9rem; }
            dd { margin: 0; }
            .headlines b { display: block; font-size: 1.55rem; font-weight: 600; line-height: 1.3;
              font-variant-numeric: tabular-nums; }
            .headlines small { color: var(--muted); font-size: 0.85rem; }

            .charts { display: grid; gap: 1rem;
              grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%%), 1fr)); }
            .charts figcaption { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem;
              margin-bottom: 0.4rem; }
            .legend { display: flex; gap: 1rem; font-size: 0.875rem; color: var(--muted); }
            .legend span { display: inline-flex; align-items: center; gap: 0.4rem; }
            .legend svg { width: 1.7rem; height: 0.5rem; }
            .chart { display: block; width: 100%%; height: auto; }
            .chart text { font-size: 13px; fill: var(--muted); font-variant-numeric: tabular-nums; }
            @container (max-width: 24rem) { .chart text { font-size: 15px; } }
            .intervals { min-width: 32rem; max-width: 46rem; }
            .grid { stroke: var(--line); stroke-width: 1; }
            .axis { stroke: var(--muted); stroke-width: 1; }
            .reference { stroke: var(--valid); stroke-width: 1.5; stroke-dasharray: 5 4; }
            .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
            .line.train { stroke: var(--train); }
            .line.valid { stroke: var(--valid); stroke-dasharray: 6 3; }
            .line.rate { stroke: var(--rate); }
            circle.train, rect.train { fill: var(--train); }
            circle.valid { fill: var(--valid); }
            circle.rate { fill: var(--rate); }
            .mark { stroke: var(--card); stroke-width: 0.8; }
            .point rect { fill: transparent; }
            .point line, .point circle { visibility: hidden; pointer-events: none; }
            .point line { stroke: var(--muted); stroke-width: 1; }
            .point:hover line, .point:hover circle { visibility: visible; }
            .value:hover .train { fill: var(--valid); }

            details { margin-top: 1rem; }
            summary { cursor: pointer; color: var(--muted); width: fit-content; }
            details td, details th { padding: 0.2rem 0.9rem 0.2rem 0; border-bottom: 1px solid var(--line); }

            .pair { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; }
            .pair > div { flex: 0 1 auto; min-width: 0; max-width: 100%%; }
            .pair > div:last-child { flex: 1 1 30rem; }
            .confusion { border-collapse: separate; border-spacing: 2px; }
            .confusion thead th { padding: 0 0 0.3rem; font-weight: 500; }
            .confusion thead th span { display: block; margin: 0 auto; writing-mode: vertical-rl;
              transform: rotate(180deg); white-space: nowrap; }
            .sticky { padding-left: 0; }
            .sticky tbody th, .sticky tfoot th { position: sticky; left: 0; z-index: 1; padding: 0 0.6rem 0 0.9rem;
              background: var(--card); font-weight: 500; }
            .confusion tbody th { white-space: nowrap; }
            .confusion tbody td { min-width: 3rem; padding: 0.35rem 0.2rem; text-align: center; border-radius: 3px;
              font-variant-numeric: tabular-nums;
              background: color-mix(in srgb, var(--heat) var(--v), var(--card)); }
            .confusion tbody td.lw { color: #fff; } .confusion tbody td.lb { color: #000; }
            @media (prefers-color-scheme: dark) {
              .confusion tbody td.dw { color: #fff; } .confusion tbody td.db { color: #000; }
            }
            .confusion tbody td.zero { color: var(--muted); }
            .confusion tbody td.diagonal { font-weight: 600; }

            .classes { width: 100%%; min-width: 38rem; }
            .classes th, .classes td { padding: 0.3rem 1.2rem 0.3rem 0; border-bottom: 1px solid var(--line); }
            .classes tbody tr:last-child > * { border-bottom: 0; }
            .classes thead th:first-child { padding-left: 0.9rem; }
            .classes tbody th, .classes tfoot th { font-weight: 500; white-space: nowrap; }
            .classes td:last-child, .classes th:last-child { padding-right: 0; }
            .classes tfoot th, .classes tfoot td { border-top: 1px solid var(--line); border-bottom: 0; }
            .classes tfoot tr + tr > * { border-top: 0; }
            .measure { width: 20%%; font-variant-numeric: tabular-nums; }
            td.measure span { display: inline-block; width: 3.2rem; }
            td.measure .bar { display: inline-block; width: calc(100%% - 3.4rem); vertical-align: middle; }
            .bar { display: block; height: 0.4rem; border-radius: 2px; background: var(--line); overflow: hidden; }
            .bar i { display: block; height: 100%%; background: var(--train); }

            .samples { display: grid; gap: 0.8rem;
              grid-template-columns: repeat(auto-fill, minmax(min(17.5rem, 100%%), 1fr)); }
            .sample { display: grid; grid-template-columns: 84px 1fr; gap: 0.9rem; padding: 0.7rem; }
            img { image-rendering: pixelated; display: block; }
            .sample img { border-radius: 3px; }
            .verdict { margin: 0 0 0.2rem; font-weight: 600; line-height: 1.3; }
            .verdict small { display: block; font-size: 0.875rem; font-weight: 400; color: var(--muted); }
            .right b { color: var(--right); } .wrong b { color: var(--wrong); }
            .guess { display: grid; grid-template-columns: 1fr auto; font-size: 0.8125rem; line-height: 1.35;
              color: var(--muted); }
            .guess .bar { grid-column: 1 / -1; height: 3px; margin-bottom: 1px; }
            .guess .bar.true i { background: var(--right); }

            .numbers { min-width: 34rem; }
            .numbers th, .numbers td { padding: 0.3rem 1.2rem 0.3rem 0; border-bottom: 1px solid var(--line); }
            .numbers tr:last-child > * { border-bottom: 0; }
            .numbers th { font-weight: 500; }
            .numbers th, .numbers td { white-space: nowrap; }
            .retrievals { display: grid; gap: 0.8rem;
              grid-template-columns: repeat(auto-fill, minmax(min(33rem, 100%%), 1fr)); }
            .retrieval { display: flex; flex-wrap: wrap; gap: 0.9rem; padding: 0.7rem; }
            .asked { width: 7.5rem; }
            .asked .verdict { margin-top: 0.3rem; overflow-wrap: anywhere; }
            .nearest { flex: 1 1 12rem; display: grid; gap: 0.6rem; align-content: start;
              grid-template-columns: repeat(auto-fill, minmax(4.6rem, 1fr)); }
            .nearest div { font-size: 0.8125rem; line-height: 1.3; min-width: 0; }
            .nearest img { margin-bottom: 0.35rem; }
            .nearest span { display: block; overflow-wrap: anywhere; }
            .nearest .cosine { color: var(--muted); font-variant-numeric: tabular-nums; }
            .nearest .wrong img { outline: 2px solid var(--wrong); outline-offset: 1px; }

            .routing { border-collapse: separate; border-spacing: 3px 4px; }
            .routing thead th { text-align: center; font-weight: 500; font-size: 0.875rem; color: var(--muted);
              border-bottom: 1px solid var(--line); }
            .routing .first { padding-left: 0.7rem; }
            .routing th { font-size: 0.8125rem; line-height: 1.2; }
            .routing tbody th, .routing tbody td { vertical-align: top; }
            .routing tbody th span { display: block; max-width: 5.5rem; padding-top: 2px; }
            .routing tfoot td { text-align: center; font-size: 0.8125rem; color: var(--muted); }
            .patch { width: 56px; height: 56px; border-radius: 2px;
              overflow: hidden; image-rendering: pixelated;
              background: linear-gradient(#20242880, #20242880), var(--picture) center / 100%% 100%%; }
            .patch img { width: 100%%; height: 100%%; }
            .scale { display: flex; align-items: center; gap: 0.5rem; margin-top: 0.6rem; font-size: 0.875rem; }
            .ramp { width: 8rem; height: 0.8rem; border-radius: 2px; flex: none; }
            .places rect { fill: var(--train); }

            .gallery { display: grid; gap: 0.9rem; grid-template-columns: repeat(auto-fill, minmax(min(13rem, 100%%), 1fr)); }
            .gallery img { width: 100%%; height: auto; border-radius: 3px; }
            .gallery figcaption small { display: block; color: var(--muted); }

            .charts.wide { grid-template-columns: repeat(auto-fit, minmax(min(36rem, 100%%), 1fr)); }
            .plans { min-width: 44rem; max-width: 66rem; }
            .chart.plans text { font-size: 11px; }
            .chart.plans .name { font-size: 14px; }
            .plans .name { font-weight: 600; fill: var(--ink); }
            .plans .cells { fill: var(--heat); }
            .plans .wanted { fill: var(--tile-b); fill-opacity: 0.55; }
            .plans .sums, .plans .frame, .plans .ways { fill: none; stroke: var(--muted); }
            .plans .from { fill: var(--heat); } .plans .to { fill: var(--tile-b); }
            .line.k0 { stroke: var(--k0); } .line.k1 { stroke: var(--k1); } .line.k2 { stroke: var(--k2); }
            .line.k3 { stroke: var(--k3); } .line.k4 { stroke: var(--k4); } .line.k5 { stroke: var(--k5); }
            .line.k6 { stroke: var(--k6); } .line.k7 { stroke: var(--ink); stroke-dasharray: 6 3; }

            .runcard { margin: 0; display: grid; gap: 0.45rem 1.5rem; }
            .runcard div { display: grid; grid-template-columns: 9rem 1fr; gap: 0 1rem; }
            .runcard dd { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
              font-size: 0.85rem; overflow-wrap: anywhere; }
            @media (max-width: 34rem) { .runcard div { grid-template-columns: 1fr; } }
            @media print { body { background: none; } .card { break-inside: avoid; } }
            """.formatted(Heat.LIGHT.page(), Heat.LIGHT.strong(), Heat.DARK.page(), Heat.DARK.strong());

    private static final Pattern COLOUR = Pattern.compile("(--[a-z0-9-]+): (#[0-9a-f]{6});");
    private static final Pattern NAME = Pattern.compile("var\\((--[a-z0-9-]+)\\)");
    /** The bright colours come first in the sheet. */
    private static final Map<String, String> BRIGHT = COLOUR.matcher(CSS).results()
            .collect(Collectors.toUnmodifiableMap(m -> m.group(1), m -> m.group(2), (bright, dark) -> bright));

    private StyleSheet() {
    }

    /** Rules with bright colours in place of their names, for a picture that stands alone. */
    static String bright(String rules) {
        return NAME.matcher(rules).replaceAll(name -> Objects.requireNonNull(BRIGHT.get(name.group(1)), name.group()));
    }
}
