package tessella.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Dykstra's alternating projections onto { v_1 >= v_2, v_3 >= v_4, .. } and { v_2 >= v_3, .. }: the isotonic regression of p = 2 in half
 * steps without a branch between elements (Sander et al. 2023, section 5.2). It converges slowly, about the square of a block in cycles, so
 * the result tells how far it is.
 *
 * <p>A half step replaces each pair that rises, after its own correction of the last cycle is put back, by its weighted mean. The weighted
 * sum of v stays what it was in every half step. Elements at even and at odd places lie apart, so that a half step runs over whole vectors
 * of pairs.
 */
public final class Dykstra {
    private static final VectorSpecies<Double> S = DoubleVector.SPECIES_PREFERRED;
    private static final ValueLayout.OfDouble LAYOUT = ValueLayout.JAVA_DOUBLE;
    private static final int CHECKED = 16;

    /** v, u, and the corrections of pairs that begin there, at even and at odd places. */
    private final double[][] v = new double[2][];
    private final double[][] u = new double[2][];
    private final double[][] corrections = new double[2][];
    private int n;

    /**
     * Where a row stands.
     *
     * @param cycles that were run
     * @param violation the most that an element is below its right neighbour
     * @param change the most that an element moved in the last cycle
     */
    public record Progress(int cycles, double violation, double change) {
        /** Whether neither is above the tolerance. */
        public boolean within(double tolerance) {
            return violation <= tolerance && change <= tolerance;
        }
    }

    /** Memory for rows of at most n elements. */
    public Dykstra(int n) {
        for (int side = 0; side < 2; side++) {
            v[side] = new double[n / 2 + 1];
            u[side] = new double[n / 2 + 1];
            corrections[side] = new double[n / 2 + 1];
        }
    }

    /**
     * v of rows of n, float64, for weights u of the same shape; where each row stands.
     */
    public static Progress[] values(MemorySegment s, long so, MemorySegment u, long uo, int cycles, double tolerance, MemorySegment v,
            long vo, int rows, int n) {
        Dykstra row = new Dykstra(n);
        double[] x = new double[n];
        double[] w = new double[n];
        Progress[] out = new Progress[rows];
        for (int i = 0; i < rows; i++) {
            long at = (long) i * n * 8;
            MemorySegment.copy(s, LAYOUT, so + at, x, 0, n);
            MemorySegment.copy(u, LAYOUT, uo + at, w, 0, n);
            out[i] = row.solve(x, w, n, cycles, tolerance);
            for (int j = 0; j < n; j++) {
                v.set(LAYOUT, vo + at + j * 8L, row.value(j));
            }
        }
        return out;
    }

    /**
     * Projects s [n] onto the rows that do not rise, in the norm sum u_i (v_i - s_i)^2, u positive; until {@link Progress#within} the tolerance,
     * which is looked at every so many cycles, or for so many cycles.
     */
    public Progress solve(double[] s, double[] weights, int n, int cycles, double tolerance) {
        this.n = n;
        for (int i = 0; i < n; i++) {
            v[i & 1][i >> 1] = s[i];
            u[i & 1][i >> 1] = weights[i];
        }
        Arrays.fill(corrections[0], 0);
        Arrays.fill(corrections[1], 0);
        int evens = n / 2;
        int odds = (n - 1) / 2;
        double change = 0;
        for (int cycle = 0; cycle < cycles;) {
            change = Math.max(half(v[0], u[0], v[1], u[1], 0, corrections[0], evens),
                    half(v[1], u[1], v[0], u[0], 1, corrections[1], odds));
            cycle++;
            // a row with NaN goes on to the end, for none of these is true
            if ((cycle % CHECKED == 0 || cycle == cycles) && change <= tolerance && violation() <= tolerance) {
                return new Progress(cycle, violation(), change);
            }
        }
        return new Progress(cycles, violation(), change);
    }

    /** v of an element. */
    public double value(int i) {
        return v[i & 1][i >> 1];
    }

    /** How hard the constraint between an element and the next one pushes: above 0 if they share a value. */
    public double correction(int i) {
        return corrections[i & 1][i >> 1];
    }

    /** Pairs (a_i, b_(i + ahead)); the most that an element moved. */
    private static double half(double[] a, double[] ua, double[] b, double[] ub, int ahead, double[] corrections, int pairs) {
        double most = 0;
        int i = 0;
        if (pairs >= S.length()) {
            DoubleVector moved = DoubleVector.zero(S);
            for (int whole = S.loopBound(pairs); i < whole; i += S.length()) {
                DoubleVector oldA = DoubleVector.fromArray(S, a, i);
                DoubleVector oldB = DoubleVector.fromArray(S, b, i + ahead);
                DoubleVector wa = DoubleVector.fromArray(S, ua, i);
                DoubleVector wb = DoubleVector.fromArray(S, ub, i + ahead);
                DoubleVector c = DoubleVector.fromArray(S, corrections, i);
                DoubleVector x = oldA.sub(c.div(wa));
                DoubleVector y = oldB.add(c.div(wb));
                DoubleVector mean = wa.mul(x).add(wb.mul(y)).div(wa.add(wb));
                VectorMask<Double> rises = x.compare(VectorOperators.LT, y);
                DoubleVector newA = x.blend(mean, rises);
                DoubleVector newB = y.blend(mean, rises);
                // the move of this pair first: of what a loop carries C2 may not know the class
                moved = newA.sub(oldA).abs().lanewise(VectorOperators.MAX, moved)
                        .lanewise(VectorOperators.MAX, newB.sub(oldB).abs());
                wa.mul(mean.sub(x)).blend(0, rises.not()).intoArray(corrections, i);
                newA.intoArray(a, i);
                newB.intoArray(b, i + ahead);
            }
            most = moved.reduceLanes(VectorOperators.MAX);
        }
        for (; i < pairs; i++) {
            double x = a[i] - corrections[i] / ua[i];
            double y = b[i + ahead] + corrections[i] / ub[i + ahead];
            double mean = (ua[i] * x + ub[i + ahead] * y) / (ua[i] + ub[i + ahead]);
            double left = x < y ? mean : x;
            double right = x < y ? mean : y;
            most = Math.max(most, Math.max(Math.abs(left - a[i]), Math.abs(right - b[i + ahead])));
            corrections[i] = x < y ? ua[i] * (mean - x) : 0;
            a[i] = left;
            b[i + ahead] = right;
        }
        return most;
    }

    private double violation() {
        double most = 0;
        for (int i = 0; i + 1 < n; i++) {
            most = Math.max(most, value(i + 1) - value(i));
        }
        return most;
    }
}
