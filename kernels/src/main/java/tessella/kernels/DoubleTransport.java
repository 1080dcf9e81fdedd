package tessella.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * Columns of transport plans with at most k entries (Liu, Puigcerver, Blondel 2022, sections 3 and 4): for each column c_j of
 * the costs, stored one after the other, the maximum of a regularised linear problem of x = alpha - c_j over columns of at most
 * k entries, and the entries where it is reached. Of float64 alone: thresholds of float32 would not balance.
 *
 * <p>No column is sorted. Where a column is long for its k, it is parted into groups: what more than k of their largest elements
 * are above, more than k elements are above, and hardly more if the groups are small. Everything is measured from the largest x of
 * the column, so that no potential is too large. What no vector loop covers is scalar.
 */
public final class DoubleTransport {
    private static final VectorSpecies<Double> S = DoubleVector.SPECIES_PREFERRED;
    /** The class of what a loop carries: C2 has it from a profile else, and without one leaves a call in the loop for good. */
    private static final Class<?> EXACT = S.vectorType();
    private static final int VL = S.length();
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    private static final ValueLayout.OfDouble LAYOUT = ValueLayout.JAVA_DOUBLE;
    // butterfly partners: lane i meets lane i + h, in the same order whatever compiled the code
    private static final VectorShuffle<Double> BY4 = VectorShuffle.fromOp(S, i -> (i + 4) & (VL - 1));
    private static final VectorShuffle<Double> BY2 = VectorShuffle.fromOp(S, i -> (i + 2) & (VL - 1));
    private static final VectorShuffle<Double> BY1 = VectorShuffle.fromOp(S, i -> (i + 1) & (VL - 1));
    /** So many entries are selected from as fast as another pass over the column would leave fewer of them. */
    private static final int FEW = 64;
    /** Up to so many entries a column are kept in order while the column is read, once. */
    private static final int ORDERED = 16;
    /** A column is parted into groups of at least so many elements. */
    private static final int GROUP = 4;
    /** Elements whose comparisons fill one word: a branch for each costs less than one for each vector. */
    private static final int WORD = Long.SIZE;
    /** Halvings of a range of thresholds: more only part what is nearly equal. */
    private static final int HALVINGS = 16;

    private DoubleTransport() {}

    /**
     * Columns [from, to) of the semi-dual: max { <x, t> - gamma/2 |t|^2 : t >= 0, sum t = b_j, at most k entries },
     * x = alpha - c_j. Its solution is t = (x - tau)+ / gamma on the k largest x, the lower row first where two are equal; a
     * column of mass 0 has none, and the largest x for tau.
     */
    public static void semiDual(MemorySegment cost, long co, double[] alpha, double[] masses, double gamma, int m, int k, int from,
            int to, SparseColumns out, SparseColumns.Scratch scratch) {
        for (int j = from; j < to; j++) {
            long at = co + (long) j * m * Double.BYTES;
            double mass = gamma * masses[j];
            boolean ordered = k <= ORDERED && mass > 0 && m > 0;
            int found = ordered ? largest(cost, at, alpha, 0, Double.NEGATIVE_INFINITY, m, k, scratch) : 0;
            int groups = ordered || mass <= 0 ? 0 : groups(m, k);
            double top = ordered ? scratch.values()[0]
                    : groups > 0 ? maxima(cost, at, alpha, groups, m, scratch) : top(cost, at, alpha, m);
            int kept = ordered ? ofOrder(found, top, mass, k, j, out, scratch)
                    : mass > 0 ? simplex(cost, at, alpha, top, mass, groups, m, k, j, out, scratch) : nothing(j, out);
            double threshold = kept == 0 ? 0 : threshold(out.values(), j * k, kept, mass);
            out.thresholds()[j] = top + threshold;
            finish(cost, at, gamma, threshold, kept, k, j, out);
            if (kept > 0) {
                out.terms()[j] += masses[j] * top;
            }
        }
    }

    /**
     * Columns [from, to) of the dual: delta_k(x) = 1/(2 gamma) times the sum of squares of the k largest positive x,
     * x = alpha + beta_j - c_j, and its gradient, x / gamma on those; the lower row first where two are equal.
     */
    public static void dual(MemorySegment cost, long co, double[] alpha, double[] beta, double gamma, int m, int k, int from, int to,
            SparseColumns out, SparseColumns.Scratch scratch) {
        for (int j = from; j < to; j++) {
            long at = co + (long) j * m * Double.BYTES;
            double zero = -beta[j];
            int kept;
            if (k <= ORDERED) {
                int found = largest(cost, at, alpha, zero, 0, m, k, scratch);
                kept = Math.min(found, k);
                out.margins()[j] = found > k ? scratch.values()[k - 1] - scratch.values()[k] : Double.POSITIVE_INFINITY;
            } else {
                int found = positive(cost, at, alpha, zero, m, k, scratch);
                double next = keep(found, k, scratch);
                kept = Math.min(found, k);
                out.margins()[j] = found > k ? least(kept, scratch) - next : Double.POSITIVE_INFINITY;
            }
            write(kept, k, j, out, scratch);
            out.thresholds()[j] = zero;
            finish(cost, at, gamma, 0, kept, k, j, out);
        }
    }

    /** Takes out of a column what is positive or, where that is many more than k, more than the k largest. */
    private static int positive(MemorySegment cost, long at, double[] alpha, double zero, int m, int k, SparseColumns.Scratch scratch) {
        int positive = count(cost, at, alpha, zero, 0, m, scratch);
        if (positive <= Math.max(2 * k, FEW)) {
            return take(cost, at, alpha, zero, 0, m, scratch);
        }
        int groups = groups(m, k);
        double top = groups > 0 ? maxima(cost, at, alpha, groups, m, scratch) : top(cost, at, alpha, m);
        int found = groups > 0 ? ofGroups(cost, at, alpha, zero, 0, groups, m, k, scratch) : 0;
        return found > k ? found
                : take(cost, at, alpha, zero, narrowed(cost, at, alpha, zero, 0, top - zero, positive, m, k, scratch), m, scratch);
    }

    /** The entries of a column of no mass. */
    private static int nothing(int j, SparseColumns out) {
        out.margins()[j] = Double.POSITIVE_INFINITY;
        return 0;
    }

    /** Of the largest x, descending, one more than k, those that are above the threshold of the simplex of the k first. */
    private static int ofOrder(int found, double top, double mass, int k, int j, SparseColumns out, SparseColumns.Scratch scratch) {
        double[] y = scratch.values();
        double sum = 0;
        int kept = 0;
        for (int e = 0; e < found; e++) {
            y[e] -= top;
        }
        while (kept < Math.min(found, k) && y[kept] > (sum + y[kept] - mass) / (kept + 1)) {
            sum += y[kept++];
        }
        boolean binds = found > k && kept == k && y[k] > (sum - mass) / k;
        out.margins()[j] = binds ? y[k - 1] - y[k] : Double.POSITIVE_INFINITY;
        write(kept, k, j, out, scratch);
        return kept;
    }

    /**
     * Leaves in the column what is above the threshold of its simplex, at most the k largest, as y = x - top. Where groups give the
     * k largest, those make the simplex, whatever its threshold.
     */
    private static int simplex(MemorySegment cost, long at, double[] alpha, double top, double mass, int groups, int m, int k, int j,
            SparseColumns out, SparseColumns.Scratch scratch) {
        int found = groups > 0 ? ofGroups(cost, at, alpha, top, Double.NEGATIVE_INFINITY, groups, m, k, scratch) : 0;
        found = found > k ? found : searched(cost, at, alpha, top, mass, m, k, scratch);
        double next = keep(found, k, scratch);
        int kept = shrunk(Math.min(found, k), mass, scratch);
        boolean binds = found > k && kept == k && next > threshold(scratch.values(), 0, k, mass);
        out.margins()[j] = binds ? least(k, scratch) - next : Double.POSITIVE_INFINITY;
        write(kept, k, j, out, scratch);
        return kept;
    }

    /** Groups that a column is parted into, a power of two, from 2 k to 4 k; none if they would be too small. */
    private static int groups(int m, int k) {
        long groups = 4L * Integer.highestOneBit(k - 1);
        return groups * GROUP <= m ? (int) groups : 0;
    }

    /**
     * Takes what is above a bound and above a threshold that more than k groups have their largest element above, but not many more:
     * so are more than k elements, unless too many are equal, and the k largest among them. How many.
     */
    private static int ofGroups(MemorySegment cost, long at, double[] alpha, double shift, double bound, int groups, int m, int k,
            SparseColumns.Scratch scratch) {
        double threshold = parted(scratch.order(), groups, k + 1, k + k / 8 + 1) - shift;
        return take(cost, at, alpha, shift, Math.max(bound, threshold), m, scratch);
    }

    /** A threshold that from least to most of the first n numbers are above: fewer or more if too many are equal, or nearly. */
    private static double parted(double[] x, int n, int least, int most) {
        double low = x[0];
        double high = x[0];
        for (int i = 1; i < n; i++) {
            low = x[i] < low ? x[i] : low;
            high = x[i] > high ? x[i] : high;
        }
        int left = n;
        for (int halving = 0; halving < HALVINGS && left > most; halving++) {
            double middle = low + (high - low) / 2;
            int count = count(x, n, middle);
            if (count >= least) {
                low = middle;
                left = count;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /** How many of the first n numbers are above a threshold. */
    private static int count(double[] x, int n, double threshold) {
        int whole = n / VL * VL;
        int count = 0;
        for (int i = 0; i < whole; i += VL) {
            count += DoubleVector.fromArray(S, x, i).compare(VectorOperators.GT, threshold).trueCount();
        }
        for (int i = whole; i < n; i++) {
            count += x[i] > threshold ? 1 : 0;
        }
        return count;
    }

    /**
     * Takes out of a column what is above the threshold of its simplex or, where that is many more than k, more than the k largest. The
     * threshold lies in [-mass, 0): from -mass on, that of what is above it is never too high, and what it leaves shrinks until it stays.
     */
    private static int searched(MemorySegment cost, long at, double[] alpha, double top, double mass, int m, int k,
            SparseColumns.Scratch scratch) {
        double threshold = -mass;
        int left = m + 1;
        boolean many = false;
        while (left > m / 8 && !many) {
            int above = count(cost, at, alpha, top, threshold, m, scratch);
            if (above == left) {
                break;
            }
            many = left <= m && above > Math.max(2 * k, FEW);
            left = above;
            if (!many) {
                threshold = Math.max(threshold, (scratch.order()[0] - mass) / left);
            }
        }
        if (many) {
            threshold = narrowed(cost, at, alpha, top, threshold, 0, left, m, k, scratch);
        }
        int found = take(cost, at, alpha, top, threshold, m, scratch);
        return many ? found : shrunk(found, mass, scratch);
    }

    /** Drops what is not above its own threshold, until nothing is dropped. */
    private static int shrunk(int found, double mass, SparseColumns.Scratch scratch) {
        double[] y = scratch.values();
        int[] rows = scratch.rows();
        int left = found;
        while (true) {
            double threshold = threshold(y, 0, left, mass);
            int next = 0;
            for (int e = 0; e < left; e++) {
                if (y[e] > threshold) {
                    y[next] = y[e];
                    rows[next++] = rows[e];
                }
            }
            if (next == left) {
                return left;
            }
            left = next;
        }
    }

    /** The tau at which the sum of y - tau over these entries is the mass. */
    private static double threshold(double[] y, int first, int count, double mass) {
        double sum = 0;
        for (int e = first; e < first + count; e++) {
            sum += y[e];
        }
        return (sum - mass) / count;
    }

    /** A threshold from low on that leaves more than k of the column, but not many more. */
    private static double narrowed(MemorySegment cost, long at, double[] alpha, double shift, double low, double high, int left, int m,
            int k, SparseColumns.Scratch scratch) {
        double above = high;
        for (int halving = 0; halving < HALVINGS && left > Math.max(2 * k, FEW); halving++) {
            double middle = low + (above - low) / 2;
            int count = count(cost, at, alpha, shift, middle, m, scratch);
            if (count > k) {
                low = middle;
                left = count;
            } else {
                above = middle;
            }
        }
        return low;
    }

    /** The masses (y - threshold) / gamma of the entries, without those that round to 0, and what they add to the sums of the column. */
    private static void finish(MemorySegment cost, long at, double gamma, double threshold, int kept, int k, int j,
            SparseColumns out) {
        double[] values = out.values();
        int[] rows = out.rows();
        double product = 0;
        double squares = 0;
        double linear = 0;
        int to = j * k;
        for (int e = j * k; e < j * k + kept; e++) {
            double y = values[e];
            double t = (y - threshold) / gamma;
            if (t > 0) {
                product += t * y;
                squares += t * t;
                linear += t * cost.get(LAYOUT, at + (long) rows[e] * Double.BYTES);
                rows[to] = rows[e];
                values[to++] = t;
            }
        }
        out.counts()[j] = to - j * k;
        out.terms()[j] = product - gamma / 2 * squares;
        out.costs()[j] = linear;
        out.squares()[j] = squares;
    }

    /** Copies entries to a column, rows ascending. */
    private static void write(int kept, int k, int j, SparseColumns out, SparseColumns.Scratch scratch) {
        double[] values = out.values();
        int[] rows = out.rows();
        int from = j * k;
        for (int e = 0; e < kept; e++) {
            int row = scratch.rows()[e];
            int to = from + e;
            while (to > from && rows[to - 1] > row) {
                rows[to] = rows[to - 1];
                values[to] = values[to - 1];
                to--;
            }
            rows[to] = row;
            values[to] = scratch.values()[e];
        }
    }

    /**
     * Keeps the k largest of what was found, in their order, the lower row first where two are equal; returns the largest of the
     * others.
     */
    private static double keep(int found, int k, SparseColumns.Scratch scratch) {
        double next = Double.NEGATIVE_INFINITY;
        if (found <= k) {
            return next;
        }
        double[] y = scratch.values();
        int[] rows = scratch.rows();
        // halvings of vectors, as what a selection compares is not to be predicted
        double least = parted(y, found, k, k);
        int equals = k - count(y, found, least);
        if (equals != 0) {
            System.arraycopy(y, 0, scratch.order(), 0, found);
            least = selected(scratch.order(), found, k);
            equals = k - count(y, found, least);
        }
        int to = 0;
        for (int e = 0; e < found; e++) {
            if (y[e] > least || y[e] == least && equals > 0) {
                equals -= y[e] == least ? 1 : 0;
                y[to] = y[e];
                rows[to++] = rows[e];
            } else {
                next = Math.max(next, y[e]);
            }
        }
        return next;
    }

    private static double least(int kept, SparseColumns.Scratch scratch) {
        double least = Double.POSITIVE_INFINITY;
        for (int e = 0; e < kept; e++) {
            least = Math.min(least, scratch.values()[e]);
        }
        return least;
    }

    /** The k-th largest of n numbers, which change places (Hoare's selection, pivots the median of three). */
    private static double selected(double[] y, int n, int k) {
        int low = 0;
        int high = n - 1;
        while (low < high) {
            double a = y[low];
            double b = y[low + (high - low) / 2];
            double c = y[high];
            double pivot = Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
            int i = low;
            int j = high;
            while (i <= j) {
                while (y[i] > pivot) {
                    i++;
                }
                while (y[j] < pivot) {
                    j--;
                }
                if (i <= j) {
                    double swapped = y[i];
                    y[i++] = y[j];
                    y[j--] = swapped;
                }
            }
            if (k - 1 <= j) {
                high = j;
            } else if (k - 1 >= i) {
                low = i;
            } else {
                break;
            }
        }
        return y[k - 1];
    }

    /** The largest alpha - c of each group, at the head of the order: rows of a group are so many apart as there are groups. Max of all. */
    private static double maxima(MemorySegment c, long at, double[] alpha, int groups, int m, SparseColumns.Scratch scratch) {
        double[] maxima = scratch.order();
        Arrays.fill(maxima, 0, groups, Double.NEGATIVE_INFINITY);
        int whole = m / groups * groups;
        wholeMaxima(c, at, alpha, groups, whole, maxima);
        for (int i = whole; i < m; i++) {
            double x = alpha[i] - c.get(LAYOUT, at + (long) i * Double.BYTES);
            maxima[i - whole] = x > maxima[i - whole] ? x : maxima[i - whole];
        }
        double top = Double.NEGATIVE_INFINITY;
        for (int g = 0; g < groups; g++) {
            top = maxima[g] > top ? maxima[g] : top;
        }
        return top;
    }

    private static void wholeMaxima(MemorySegment c, long at, double[] alpha, int groups, int whole, double[] maxima) {
        for (int i = 0; i < whole; i += groups) {
            for (int g = 0; g < groups; g += VL) {
                DoubleVector x = DoubleVector.fromArray(S, alpha, i + g)
                        .sub(DoubleVector.fromMemorySegment(S, c, at + (i + (long) g) * Double.BYTES, ORDER));
                DoubleVector largest = DoubleVector.fromArray(S, maxima, g);
                largest.blend(x, x.compare(VectorOperators.GT, largest)).intoArray(maxima, g);
            }
        }
    }

    /** max alpha - c. */
    private static double top(MemorySegment c, long at, double[] alpha, int m) {
        int whole = m / VL * VL;
        double top = whole == 0 ? Double.NEGATIVE_INFINITY : wholeTop(c, at, alpha, whole);
        for (int i = whole; i < m; i++) {
            top = Math.max(top, alpha[i] - c.get(LAYOUT, at + (long) i * Double.BYTES));
        }
        return top;
    }

    private static double wholeTop(MemorySegment c, long at, double[] alpha, int whole) {
        DoubleVector top0 = DoubleVector.broadcast(S, Double.NEGATIVE_INFINITY);
        DoubleVector top1 = top0;
        int pairs = whole / (2 * VL) * (2 * VL);
        for (int i = 0; i < pairs; i += 2 * VL) {
            DoubleVector x0 = DoubleVector.fromArray(S, alpha, i)
                    .sub(DoubleVector.fromMemorySegment(S, c, at + (long) i * Double.BYTES, ORDER));
            DoubleVector x1 = DoubleVector.fromArray(S, alpha, i + VL)
                    .sub(DoubleVector.fromMemorySegment(S, c, at + (i + (long) VL) * Double.BYTES, ORDER));
            top0 = ((DoubleVector) EXACT.cast(top0)).blend(x0, x0.compare(VectorOperators.GT, top0));
            top1 = ((DoubleVector) EXACT.cast(top1)).blend(x1, x1.compare(VectorOperators.GT, top1));
        }
        if (pairs < whole) {
            DoubleVector x = DoubleVector.fromArray(S, alpha, pairs)
                    .sub(DoubleVector.fromMemorySegment(S, c, at + (long) pairs * Double.BYTES, ORDER));
            top0 = ((DoubleVector) EXACT.cast(top0)).blend(x, x.compare(VectorOperators.GT, top0));
        }
        DoubleVector even = (DoubleVector) EXACT.cast(top0);
        DoubleVector odd = (DoubleVector) EXACT.cast(top1);
        return even.blend(odd, odd.compare(VectorOperators.GT, even)).reduceLanes(VectorOperators.MAX);
    }

    /** How many of y = alpha - c - shift are above a threshold; their sum is left in the first element of the order. */
    private static int count(MemorySegment c, long at, double[] alpha, double shift, double threshold, int m,
            SparseColumns.Scratch scratch) {
        int whole = m / VL * VL;
        int count = 0;
        double sum = 0;
        if (whole > 0) {
            count = wholeCount(c, at, alpha, shift, threshold, whole, scratch.order());
            sum = scratch.order()[0];
        }
        for (int i = whole; i < m; i++) {
            double y = alpha[i] - c.get(LAYOUT, at + (long) i * Double.BYTES) - shift;
            if (y > threshold) {
                sum += y;
                count++;
            }
        }
        scratch.order()[0] = sum;
        return count;
    }

    private static int wholeCount(MemorySegment c, long at, double[] alpha, double shift, double threshold, int whole, double[] sums) {
        DoubleVector sum = DoubleVector.zero(S);
        int count = 0;
        for (int i = 0; i < whole; i += VL) {
            DoubleVector y = DoubleVector.fromArray(S, alpha, i)
                    .sub(DoubleVector.fromMemorySegment(S, c, at + (long) i * Double.BYTES, ORDER)).sub(shift);
            VectorMask<Double> above = y.compare(VectorOperators.GT, threshold);
            sum = ((DoubleVector) EXACT.cast(sum)).add(y, above);
            count += above.trueCount();
        }
        DoubleVector total = (DoubleVector) EXACT.cast(sum);
        if (VL > 4) {
            total = total.add(total.rearrange(BY4));
        }
        if (VL > 2) {
            total = total.add(total.rearrange(BY2));
        }
        sums[0] = total.add(total.rearrange(BY1)).lane(0);
        return count;
    }

    /**
     * Writes the k + 1 largest y = alpha - c - shift that are above a threshold, descending, the lower row first where two are equal;
     * how many.
     */
    private static int largest(MemorySegment c, long at, double[] alpha, double shift, double threshold, int m, int k,
            SparseColumns.Scratch scratch) {
        int most = Math.min(k + 1, m);
        double[] values = scratch.values();
        int whole = m / VL * VL;
        int count = 0;
        double least = threshold;
        for (int i = 0; i < whole; i += VL) {
            VectorMask<Double> above = DoubleVector.fromArray(S, alpha, i)
                    .sub(DoubleVector.fromMemorySegment(S, c, at + (long) i * Double.BYTES, ORDER)).sub(shift)
                    .compare(VectorOperators.GT, least);
            for (long lanes = above.toLong(); lanes != 0; lanes &= lanes - 1) {
                int row = i + Long.numberOfTrailingZeros(lanes);
                double y = alpha[row] - c.get(LAYOUT, at + (long) row * Double.BYTES) - shift;
                if (y > least) {
                    count = insert(y, row, count, most, scratch);
                    least = count == most ? values[most - 1] : least;
                }
            }
        }
        for (int i = whole; i < m; i++) {
            double y = alpha[i] - c.get(LAYOUT, at + (long) i * Double.BYTES) - shift;
            if (y > least) {
                count = insert(y, i, count, most, scratch);
                least = count == most ? values[most - 1] : least;
            }
        }
        return count;
    }

    /** Puts an element behind those that are not less, and drops the last if there are too many. */
    private static int insert(double y, int row, int count, int most, SparseColumns.Scratch scratch) {
        double[] values = scratch.values();
        int[] rows = scratch.rows();
        int to = Math.min(count, most - 1);
        while (to > 0 && values[to - 1] < y) {
            values[to] = values[to - 1];
            rows[to] = rows[to - 1];
            to--;
        }
        values[to] = y;
        rows[to] = row;
        return Math.min(count + 1, most);
    }

    /** Writes those y = alpha - c - shift that are above a threshold, and their rows, in their order; how many. */
    private static int take(MemorySegment c, long at, double[] alpha, double shift, double threshold, int m,
            SparseColumns.Scratch scratch) {
        double[] values = scratch.values();
        int[] rows = scratch.rows();
        int whole = m / WORD * WORD;
        int count = 0;
        for (int i = 0; i < whole; i += WORD) {
            for (long above = above(c, at, alpha, shift, threshold, i); above != 0; above &= above - 1) {
                rows[count++] = i + Long.numberOfTrailingZeros(above);
            }
        }
        for (int e = 0; e < count; e++) {
            values[e] = alpha[rows[e]] - c.get(LAYOUT, at + (long) rows[e] * Double.BYTES) - shift;
        }
        for (int i = whole; i < m; i++) {
            double y = alpha[i] - c.get(LAYOUT, at + (long) i * Double.BYTES) - shift;
            if (y > threshold) {
                rows[count] = i;
                values[count++] = y;
            }
        }
        return count;
    }

    /** Which of y = alpha - c - shift from row i on are above a threshold: a bit each. */
    private static long above(MemorySegment c, long at, double[] alpha, double shift, double threshold, int i) {
        long above = 0;
        for (int bit = 0; bit < WORD; bit += VL) {
            above |= DoubleVector.fromArray(S, alpha, i + bit)
                    .sub(DoubleVector.fromMemorySegment(S, c, at + (i + (long) bit) * Double.BYTES, ORDER)).sub(shift)
                    .compare(VectorOperators.GT, threshold).toLong() << bit;
        }
        return above;
    }
}
