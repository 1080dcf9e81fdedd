package tessella.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.DoubleUnaryOperator;
import tessella.kernels.Isotonic.Penalty;

/**
 * Soft top-k of one row, or hard top-k if lambda is 0: the isotonic solution for w = 1_k, in which at most one block is pooled and lies
 * across k (Sander et al. 2023).
 * Elements s_i of the block, g &lt; s_i &lt; top(g), share the value g; those from top(g) on are selected whole, those up to g not
 * at all. For masks top(g) = g + lambda and the sum over the block of z^(q-1) is mass = k - over, for magnitudes top(g) = g + lambda
 * g^(1/(q-1)) and the sum is mass times g; z = (s - g) / lambda.
 *
 * <p>What is left over, sum z^(q-1) - mass, falls as g rises, and between two changes of the sets the g of 0 has a formula for q = 2 and 4.
 * So g goes from formula to formula inside a bracket that shrinks, and ends with the sets that its formula was made of. No order of the
 * elements is needed.
 *
 * <p>A row's threshold is kept as {@link #SIZE} doubles: reference, shift, top, mass, slopes. In a pooled row z = (s - reference) / lambda -
 * shift, the reference an element of the block, so that neither an offset nor a small lambda cancels; z from top on is whole; slopes is the sum
 * of dy / dz over the block. In a hard row shift is NaN: what is above the reference is selected, of what equals it the first top. In a
 * shared row, of infinities, shift is infinite: elements that equal the reference get top.
 */
public final class Threshold {
    /** Doubles of a row. */
    public static final int SIZE = 5;
    private static final ValueLayout.OfDouble LAYOUT = ValueLayout.JAVA_DOUBLE;
    private static final double MOST = 1e60;
    private static final double WIDE = 1e3;
    private static final int REFINED = 6;
    /** Steps by value, before those by halves of the representation begin, which are 64 at most. */
    private static final int STEPS = 60;
    /** Steps by formula, before every other one halves the bracket. */
    private static final int FREE = 8;
    /** More than the rounding of moments of a row. */
    private static final double ROUNDING = 1e-6;
    /** Below it squares may vanish. */
    private static final double TINY = 1e-140;

    private final DoubleWindow window = new DoubleWindow();
    private final TopKForm form;
    private final Norm norm;
    private final Penalty penalty;
    private final double lambda;
    private final boolean closed;
    private final MemorySegment c;
    private final long co;

    private int m;
    private double selected;
    private double equal;
    private double times;

    private double reference;
    private double shift;
    private double top;
    private double mass;
    private double slopes;

    /** For rows whose elements, or those that matter, come to lie in {@code c} as doubles. */
    Threshold(TopKForm form, Norm norm, double lambda, MemorySegment c, long co) {
        this.form = form;
        this.norm = norm;
        this.penalty = form == TopKForm.MASK ? Penalty.LINEAR : Penalty.SQUARED;
        this.lambda = lambda;
        // third powers of elements as small or as large would not be numbers
        this.closed = norm.q() == 2 || norm.q() == 4 && lambda > 1 / MOST && lambda < MOST;
        this.c = c;
        this.co = co;
    }

    static double reference(MemorySegment rows, long at) {
        return rows.get(LAYOUT, at);
    }

    static double shift(MemorySegment rows, long at) {
        return rows.get(LAYOUT, at + 8);
    }

    static double top(MemorySegment rows, long at) {
        return rows.get(LAYOUT, at + 16);
    }

    static double mass(MemorySegment rows, long at) {
        return rows.get(LAYOUT, at + 24);
    }

    static double slopes(MemorySegment rows, long at) {
        return rows.get(LAYOUT, at + 32);
    }

    void write(MemorySegment rows, long at) {
        rows.set(LAYOUT, at, reference);
        rows.set(LAYOUT, at + 8, shift);
        rows.set(LAYOUT, at + 16, top);
        rows.set(LAYOUT, at + 24, mass);
        rows.set(LAYOUT, at + 32, slopes);
    }

    /** What is above the bound is selected, and the first so many of what equals it. */
    private void hard(double bound, double first) {
        unpooled(bound, Double.NaN, first);
    }

    private void shared(double value, double share) {
        unpooled(value, Double.POSITIVE_INFINITY, share);
    }

    private void none() {
        unpooled(Double.NaN, 0, 1);
    }

    private void unpooled(double newReference, double newShift, double newTop) {
        reference = newReference;
        shift = newShift;
        top = newTop;
        mass = 0;
        slopes = 0;
    }

    double topOf(double g) {
        // what equals g is not selected, however small lambda is
        return Math.max(g + lambda * (penalty == Penalty.LINEAR ? 1 : norm.root(g)), Math.nextUp(g));
    }

    /** The g whose top is s: the least that can be where s is selected at all. */
    double groundOf(double s) {
        return penalty == Penalty.LINEAR ? s - lambda : s - lambda * norm.single(s, lambda);
    }

    /** The threshold of all n elements of a row, of which k are wanted; quantile is that of k / n in the standard normal distribution. */
    void solveWhole(int n, int k, double quantile) {
        m = n;
        times = 0;
        double centre = n == 0 ? 0 : at(0);
        window.moments(c, co, n, centre);
        DoubleWindow.pad(c, co, n);
        double mean = window.sum / n;
        double spread = Math.sqrt(Math.max(0, window.squares / n - mean * mean));
        // no element is farther from the mean; what is not finite, or has no square, has no such bounds
        double reach = spread * Math.sqrt(n) * (1 + ROUNDING) + ROUNDING * Math.abs(centre);
        if (!(spread > TINY && reach < Double.POSITIVE_INFINITY && solveFinite(n, k, centre + mean + quantile * spread,
                centre + mean - reach, centre + mean + reach, 0))) {
            solveMixed(n, k);
        }
    }

    /** Rows with infinities or NaN, and those whose squares are none: all elements equal, or very small or large. */
    private void solveMixed(int n, int k) {
        double least = Double.POSITIVE_INFINITY;
        double most = Double.NEGATIVE_INFINITY;
        int lowest = 0;
        int highest = 0;
        for (int i = 0; i < n; i++) {
            double s = at(i);
            if (s != s) {
                none();
                return;
            }
            if (Double.isInfinite(s)) {
                highest += s > 0 ? 1 : 0;
                lowest += s < 0 ? 1 : 0;
            } else {
                least = Math.min(least, s);
                most = Math.max(most, s);
            }
        }
        int rest = k - highest;
        int between = n - lowest - highest;
        boolean shares = form == TopKForm.MASK && lambda > 0;
        if (rest < 0) {
            if (shares) {
                shared(Double.POSITIVE_INFINITY, (double) k / highest);
            } else {
                hard(Double.POSITIVE_INFINITY, k);
            }
        } else if (rest > between) {
            if (shares) {
                shared(Double.NEGATIVE_INFINITY, (double) (rest - between) / lowest);
            } else {
                hard(Double.NEGATIVE_INFINITY, rest - between);
            }
        } else if (!solveFinite(between, rest, most, least, most, highest)) {
            throw new IllegalStateException("top-k: no threshold between " + least + " and " + most);
        }
    }

    /**
     * n finite elements that lie from least to most, of which k are wanted, 0 &le; k &le; n; false if the threshold is not there.
     *
     * @param above infinities, which are selected too
     */
    private boolean solveFinite(int n, int k, double guess, double least, double most, int above) {
        if (k == 0) {
            hard(Double.POSITIVE_INFINITY, above);
            return true;
        }
        if (k == n) {
            hard(above > 0 || n < m ? least : Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY);
            return true;
        }
        selected = k + above;
        if (penalty == Penalty.SQUARED) {
            int positive = DoubleWindow.positive(c, co, m);
            if (positive <= k + above) {
                hard(0, k + above - positive);
                return true;
            }
        }
        if (lambda == Double.POSITIVE_INFINITY) {
            endless(n, k);
            return true;
        }
        // the bounds are open, and lambda may be less than an ulp
        double low = penalty == Penalty.LINEAR ? Math.nextDown(Math.min(least - lambda, Math.nextDown(least))) : 0;
        return solve(low, Math.nextUp(most), guess - lambda / 2, n - k, -k);
    }

    /** A penalty without end: each element of a mask has the same share, a magnitude is the element itself, and without the bias taken off 0. */
    private void endless(int n, int k) {
        switch (form) {
            case MASK -> {
                reference = 0;
                shift = -norm.root((double) k / n);
                top = 1;
                mass = k;
                slopes = 0;
            }
            case MAGNITUDE -> hard(0, Double.POSITIVE_INFINITY);
            case RAW -> hard(Double.POSITIVE_INFINITY, 0);
        }
    }

    /**
     * The threshold of a row of which only m elements lie in memory: over elements more are selected whole whatever g is between low and high,
     * and {@code times} further elements equal {@code equal}. Returns false if g is not there.
     */
    boolean solveWithin(int m, int k, int over, double equal, int times, double low, double high) {
        this.m = m;
        this.selected = k - over;
        this.equal = equal;
        this.times = times;
        DoubleWindow.pad(c, co, m);
        return solve(low, high, equal - lambda / 2, m / 2 + 1, -m / 2 - 1);
    }

    /** What is left over, the sets being those of g; not to the last bit. */
    private double left(double g) {
        double to = topOf(g);
        look(g, to, g);
        double due = selected - window.over;
        double got;
        if (window.inside == 0) {
            got = 0;
        } else if (norm.q() == 2) {
            got = window.sum / lambda;
        } else if (closed) {
            got = window.cubes / lambda / lambda / lambda;
        } else {
            got = powers(g, to, g, 0);
        }
        return got - (penalty == Penalty.LINEAR ? due : due * g);
    }

    private void look(double g, double to, double base) {
        if (closed && norm.q() == 4) {
            window.lookAtPowers(c, co, m, g, to, base);
        } else {
            window.look(c, co, m, g, to, base);
        }
        if (times > 0 && equal > g) {
            if (equal >= to) {
                window.over += times;
            } else {
                double d = equal - base;
                window.inside += times;
                window.witness = equal;
                window.sum += times * d;
                window.squares += times * d * d;
                window.cubes += times * d * d * d;
            }
        }
    }

    /** Finds g between low and high, where about so much is left over; false if it is not there. */
    private boolean solve(double from, double to, double guess, double leftFrom, double leftTo) {
        double low = from;
        double high = to;
        double leftLow = leftFrom;
        double leftHigh = leftTo;
        double g = guess > low && guess < high ? guess : Math.clamp(low + (high - low) / 2, Math.nextUp(low), high);
        double over = -1;
        double inside = -1;
        boolean made = false; // by the formula of those sets
        for (int step = 0;; step++) {
            if (!(Math.nextUp(low) < high)) {
                // nothing is below 0 among magnitudes
                if (low == from && (from != 0 || penalty == Penalty.LINEAR) || high == to) {
                    return false;
                }
                // neighbours: lambda may be less than the distance between them, and what rounding cannot tell shares
                double end = penalty == Penalty.LINEAR ? Math.nextUp(topOf(high)) : Math.max(topOf(low), Math.nextUp(high));
                look(low, end, high);
                settle(low, end, high);
                return true;
            }
            double left = left(g);
            if (window.inside == 0 && window.over == selected || made && window.over == over && window.inside == inside) {
                settle(g, topOf(g), g);
                return true;
            }
            over = window.over;
            inside = window.inside;
            // with too many whole ones the formula of magnitudes need not fall as g rises
            boolean solvable = closed && inside > 0 && over <= selected;
            double next = solvable ? ground(g) : Double.NaN;
            if (next == g && over < selected) {
                settle(g, topOf(g), g);
                return true;
            }
            if (solvable && over < selected ? next > g : left > 0) {
                low = g;
                leftLow = left;
            } else {
                high = g;
                leftHigh = left;
            }
            made = next > low && next < high && (step < FREE || step % 2 == 0);
            if (!(Math.nextUp(low) < high)) {
                continue;
            }
            if (made) {
                g = next;
            } else if (step >= STEPS) {
                g = between(low, high);
            } else {
                // where a line through both ends would be 0, or half way
                double part = step % 3 == 2 || !(leftLow > leftHigh) ? 0.5 : Math.clamp(leftLow / (leftLow - leftHigh), 0.05, 0.95);
                g = Math.clamp(low + (high - low) * part, Math.nextUp(low), Math.nextDown(high));
            }
        }
    }

    /** Half way in the order of representations. */
    private static double between(double low, double high) {
        long a = ordered(low);
        long b = ordered(high);
        long middle = (a & b) + ((a ^ b) >> 1);
        return Double.longBitsToDouble(middle < 0 ? middle ^ Long.MAX_VALUE : middle);
    }

    private static long ordered(double x) {
        long bits = Double.doubleToRawLongBits(x + 0.0);
        return bits < 0 ? bits ^ Long.MAX_VALUE : bits;
    }

    /** The g that these sets, looked at about base, ask for. */
    private double ground(double base) {
        double mean = window.sum / window.inside;
        double g = base + (mean + lambda * shift(base, mean));
        return isWide(base, mean) ? refined(g, base) : g;
    }

    /** Whether elements of the block are so much larger than its least, and g, that the digits of g are lost beside their mean. */
    private boolean isWide(double base, double mean) {
        return penalty == Penalty.SQUARED && mean > WIDE * base && window.over < selected;
    }

    /** Newton's steps for g, as quotients of sums without a difference: (sum z^(q-1) + slopes g) / (mass + slopes). */
    private double refined(double guess, double base) {
        double first = window.sum / lambda;
        double second = window.squares / lambda / lambda;
        double third = window.cubes / lambda / lambda / lambda;
        double count = window.inside;
        double g = Math.max(guess, 0);
        for (int i = 0; i < REFINED; i++) {
            double t = (g - base) / lambda;
            double sum = norm.q() == 2 ? first - count * t : third - t * (3 * second - t * (3 * first - t * count));
            double slope = (norm.q() == 2 ? count : 3 * (second - t * (2 * first - t * count))) / lambda;
            g = (sum + slope * g) / (selected - window.over + slope);
        }
        return g;
    }

    private double shift(double base, double mean) {
        double squares = Math.max(0, window.squares - window.sum * mean);
        double cubes = window.cubes - 3 * mean * window.squares + 2 * mean * mean * window.sum;
        return Isotonic.shift(norm, penalty, lambda, window.inside, base + mean, squares / lambda / lambda,
                cubes / lambda / lambda / lambda, selected - window.over);
    }

    /** The end: the block are the elements above g and below end, looked at about base. */
    private void settle(double g, double end, double base) {
        if (penalty == Penalty.SQUARED) {
            settleMagnitudes(g, end);
        } else {
            settleBlock(g, end, base, window.witness);
        }
    }

    /** Blocks of magnitudes may be wide: beside a large element the others would lose their digits. */
    private void settleMagnitudes(double g, double end) {
        double first = leastAbove(g);
        double base = first < end ? first : g;
        double to = end;
        look(g, to, base);
        // elements whose powers are too small to move g have no place left: they share that of the least whole one
        while (window.inside > 0 && window.over >= selected && leastAbove(Math.nextDown(to)) < Double.POSITIVE_INFINITY) {
            to = Math.nextUp(leastAbove(Math.nextDown(to)));
            look(g, to, base);
        }
        settleBlock(g, to, base, base);
    }

    private double leastAbove(double g) {
        double least = DoubleWindow.leastAbove(c, co, m, g);
        return times > 0 && equal > g ? Math.min(least, equal) : least;
    }

    /** The block are the elements above g and below to, which were looked at about base; one of them becomes the reference. */
    private void settleBlock(double g, double to, double base, double element) {
        mass = selected - window.over;
        if (window.inside == 0 || mass <= 0) {
            hard(to, Double.POSITIVE_INFINITY);
            return;
        }
        if (mass >= window.inside) {
            hard(Math.nextUp(g), Double.POSITIVE_INFINITY);
            return;
        }
        if (lambda == 0) {
            hard(element, mass);
            return;
        }
        reference = element;
        if (closed) {
            double mean = window.sum / window.inside;
            double t = mean / lambda + shift(base, mean);
            t = isWide(base, mean) ? (refined(base + lambda * t, base) - base) / lambda : t;
            double about = mean / lambda - t;
            double squares = Math.max(0, window.squares - window.sum * mean);
            slopes = norm.q() == 2 ? window.inside : 3 * (squares / lambda / lambda + window.inside * about * about);
            shift = t - (reference - base) / lambda;
        } else {
            shift = byNewton(g, to, reference);
            slopes = slopes(g, to, reference, shift);
        }
        top = penalty == Penalty.LINEAR ? 1 : norm.root(reference + lambda * shift);
    }

    /** The shift for a q without a formula: Newton's steps, halves where they leave the bracket. */
    private double byNewton(double g, double to, double base) {
        boolean more = times > 0 && equal > g && equal < to;
        double least = more ? (equal - base) / lambda : 0;
        double most = least;
        for (int i = 0; i < m; i++) {
            double s = at(i);
            if (s > g && s < to) {
                least = Math.min(least, (s - base) / lambda);
                most = Math.max(most, (s - base) / lambda);
            }
        }
        // 0 <= z <= top
        double low = most - (penalty == Penalty.LINEAR ? 1 : norm.root(Math.max(0, Math.min(to, base + lambda * least))));
        double high = least;
        double t = low + (high - low) / 2;
        while (t > low && t < high) {
            double left = powers(g, to, base, t) - (penalty == Penalty.LINEAR ? mass : mass * (base + lambda * t));
            double slope = slopes(g, to, base, t) + (penalty == Penalty.LINEAR ? 0 : mass * lambda);
            if (left > 0) {
                low = t;
            } else {
                high = t;
            }
            double next = t + left / slope;
            if (Math.abs(next - t) <= Math.ulp(t)) {
                return next;
            }
            t = next > low && next < high ? next : low + (high - low) / 2;
        }
        return t;
    }

    /** sum z^(q-1) over the block, z = (s - base) / lambda - t. */
    private double powers(double g, double to, double base, double t) {
        return sum(norm::power, g, to, base, t);
    }

    private double slopes(double g, double to, double base, double t) {
        return sum(norm::slope, g, to, base, t);
    }

    private double sum(DoubleUnaryOperator ofZ, double g, double to, double base, double t) {
        double sum = times > 0 && equal > g && equal < to ? times * ofZ.applyAsDouble((equal - base) / lambda - t) : 0;
        for (int i = 0; i < m; i++) {
            double s = at(i);
            sum += s > g && s < to ? ofZ.applyAsDouble((s - base) / lambda - t) : 0;
        }
        return sum;
    }

    private double at(int i) {
        return c.get(LAYOUT, co + i * 8L);
    }
}
