package tessella.models.report;

import java.util.ArrayList;
import java.util.List;

/**
 * A linear scale with ticks at round numbers.
 *
 * @param low      the value at its beginning
 * @param high     the value at its end
 * @param step     the distance of ticks: 1, 2 or 5 times a power of ten
 * @param from     where the beginning is drawn
 * @param to       where the end is drawn
 */
record Axis(double low, double high, double step, double from, double to) {
    /** A scale that begins and ends at a tick and holds both values. */
    static Axis round(double low, double high, int ticks, double from, double to) {
        double span = high > low ? high - low : Math.max(Math.abs(low), 1) * 0.1;
        double step = step(span / ticks);
        double begin = Math.floor(low / step + 1e-9) * step;
        double end = Math.max(Math.ceil(high / step - 1e-9) * step, begin + step);
        return new Axis(begin, end, step, from, to);
    }

    /** A scale over exactly these values, with ticks at integers. */
    static Axis integers(double low, double high, int ticks, double from, double to) {
        double end = high > low ? high : low + 1;
        return new Axis(low, end, Math.max(1, step((end - low) / ticks)), from, to);
    }

    private static double step(double atLeast) {
        double power = Math.pow(10, Math.floor(Math.log10(atLeast)));
        for (double factor : new double[] {1, 2, 5}) {
            if (factor * power >= atLeast * (1 - 1e-9)) {
                return factor * power;
            }
        }
        return 10 * power;
    }

    double place(double value) {
        return from + (value - low) / (high - low) * (to - from);
    }

    List<Double> ticks() {
        List<Double> ticks = new ArrayList<>();
        for (long i = (long) Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) {
            ticks.add(i * step);
        }
        return ticks;
    }

    /** A tick's value with as many decimals as the step needs. */
    String label(double tick) {
        if (step < 1e-4 || high >= 1e6) {
            return Numbers.significant(tick);
        }
        int decimals = Math.max(0, (int) Math.ceil(-Math.log10(step) - 1e-9));
        return Numbers.fixed(tick == 0 ? 0 : tick, decimals);
    }
}
