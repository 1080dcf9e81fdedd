package tessella.models.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * What the kernels reach, and which of them fell off the speed of their sisters.
 *
 * @param kernels in the order of the table
 */
record CheckReport(List<Timed> kernels) {
    /** A kernel below this part of what it should reach has fallen: the compiler has failed it, no machine is so different. */
    static final double CLIFF = 0.25;

    /**
     * A kernel that was timed.
     *
     * @param kernel   its name
     * @param flopRate FLOP a second, 0 for a kernel that is held against copies alone
     * @param byteRate bytes read plus bytes written a second
     * @param share    of the speed of its bound, the roofline of the moment
     * @param expected the share that it should reach, roughly
     */
    record Timed(String kernel, double flopRate, double byteRate, double share, double expected) {
        /** What it reaches of the share that it should reach. */
        double relative() {
            return share / expected;
        }

        boolean hasFallen() {
            return !(relative() >= CLIFF);
        }
    }

    /** Those that fell. */
    List<Timed> fallen() {
        return kernels.stream().filter(Timed::hasFallen).toList();
    }

    /** The table, the heading first. */
    List<String> lines() {
        int width = kernels.stream().mapToInt(timed -> timed.kernel().length()).max().orElse(0);
        String format = "%-" + Math.max(width, 6) + "s %9s %8s %9s %9s  %s";
        List<String> lines = new ArrayList<>();
        lines.add(format(format, "kernel", "GFLOP/s", "GB/s", "of bound", "expected", "verdict"));
        for (Timed timed : kernels) {
            lines.add(format(format, timed.kernel(), timed.flopRate() > 0 ? format("%.1f", timed.flopRate() / 1e9) : "-",
                    format("%.1f", timed.byteRate() / 1e9), percent(timed.share()), percent(timed.expected()),
                    timed.hasFallen() ? "FELL OFF" : "ok"));
        }
        return lines;
    }

    /** What happened, and what to do about it. */
    String sentence() {
        List<Timed> fallen = fallen();
        if (fallen.isEmpty()) {
            return "all " + kernels.size() + " kernels are within their bounds";
        }
        return "check: expected every kernel to reach at least " + percent(CLIFF) + " of its usual share, found "
                + fallen.stream().map(timed -> timed.kernel() + " at " + percent(timed.share()) + " of its bound instead of "
                        + percent(timed.expected())).collect(Collectors.joining(", "))
                + "; run it again on a quiet machine, and if the same fall again look for them in the lines \"COMPILE SKIPPED\" of "
                + "JDK_JAVA_OPTIONS=-XX:+PrintCompilation ./tessella check";
    }

    private static String percent(double share) {
        return format(share < 0.0995 ? "%.1f %%" : "%.0f %%", 100 * share);
    }

    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
