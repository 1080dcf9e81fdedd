package tessella.bench;

/**
 * How one benchmark moved between two runs.
 *
 * @param before the old result
 * @param after the new result
 * @param speed the new speed over the old, with its interval; null if a side has one sample
 */
record Change(JmhResult before, JmhResult after, Ratio speed) {
    /** Confidence of the interval: of a thousand benchmarks that did not move, one looks as if it had. */
    static final double CONFIDENCE = 0.999;
    /** Forks from which on their means are the samples. */
    static final int FORKS = 3;

    /** What can be said. */
    enum Verdict { SLOWER, FASTER, SAME, UNKNOWN }

    static Change of(JmhResult before, JmhResult after) {
        boolean forks = before.scores().size() >= FORKS && after.scores().size() >= FORKS;
        double[] a = before.speeds(forks);
        double[] b = after.speeds(forks);
        return new Change(before, after, a.length < 2 || b.length < 2 ? null : Ratio.of(a, b, CONFIDENCE));
    }

    /** Moved is what the interval tells from 1, and is off it by this share or more. */
    Verdict verdict(double least) {
        if (speed == null) {
            return Verdict.UNKNOWN;
        }
        if (!speed.excludesOne()) {
            return Verdict.SAME;
        }
        return speed.ratio() <= 1 / (1 + least) ? Verdict.SLOWER : speed.ratio() >= 1 + least ? Verdict.FASTER : Verdict.SAME;
    }
}
