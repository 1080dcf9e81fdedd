package tessella.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import tessella.reference.TransportOracle;

/** Columns of transport plans against columns that were sorted. */
class TransportProperties {
    /** Above and below what vectors cover, what thresholds are narrowed from, and what is parted into groups. */
    @Provide
    Arbitrary<Integer> rows() {
        return Arbitraries.oneOf(Arbitraries.integers().between(1, 40), Arbitraries.of(63, 64, 65, 600, 1500, 2100));
    }

    /** From one entry to all. */
    @Provide
    Arbitrary<Double> shares() {
        return Arbitraries.of(0.0, 0.01, 0.03, 0.1, 0.5, 1.0);
    }

    @Provide
    Arbitrary<Double> gammas() {
        return Arbitraries.of(1e-9, 1e-3, 0.1, 1.0, 10.0, 1e4);
    }

    private record Columns(int m, int n, int k, Buffer cost, double[] alpha, double[] masses, double gamma) {
        /** Column j of alpha + beta - c, rounded as the kernel rounds it. */
        double[] x(int j, double beta) {
            double[] x = new double[m];
            Arrays.setAll(x, i -> alpha[i] - cost.get(j * m + i) + beta);
            return x;
        }

        /** Runs a kernel over each half of the columns, with scratch that holds numbers of before. */
        SparseColumns run(boolean semi, double[] beta) {
            SparseColumns out = SparseColumns.of(n, k);
            SparseColumns.Scratch scratch = SparseColumns.Scratch.of(m);
            Arrays.fill(scratch.values(), Double.NaN);
            Arrays.fill(out.terms(), Double.NaN);
            for (int half = 0; half < 2; half++) {
                int from = half * (n / 2);
                int to = half == 0 ? n / 2 : n;
                if (semi) {
                    DoubleTransport.semiDual(cost.segment, cost.offset, alpha, masses, gamma, m, k, from, to, out, scratch);
                } else {
                    DoubleTransport.dual(cost.segment, cost.offset, alpha, beta, gamma, m, k, from, to, out, scratch);
                }
            }
            cost.requireGuards();
            return out;
        }
    }

    /** Ties: costs and potentials in steps of a quarter, or of two, where most groups of a column have the same largest element. */
    private static Columns columns(long seed, int m, double share, double gamma, boolean ties, double offset) {
        SplittableRandom random = new SplittableRandom(seed);
        int n = random.nextInt(1, 6);
        int k = Math.max(1, (int) Math.round(share * m));
        double step = !ties ? 0x1p-30 : random.nextBoolean() ? 0.25 : 2;
        Buffer cost = Buffer.random(Type.DOUBLE, seed, m * n, v -> Math.rint(v / step) * step);
        double[] alpha = new double[m];
        Arrays.setAll(alpha, i -> Math.rint(random.nextGaussian() / step) * step + offset);
        double[] masses = random.doubles(n, 0, 2).map(v -> v < 0.3 ? 0 : v / n).toArray();
        return new Columns(m, n, k, cost, alpha, masses, gamma);
    }

    private static void requireColumn(String what, Columns c, SparseColumns found, int j, TransportOracle.Column expected,
            double top) {
        double[] t = new double[c.m];
        int last = -1;
        assertTrue(found.counts()[j] <= c.k, what + ": " + found.counts()[j] + " entries");
        double cost = 0;
        double squares = 0;
        for (int e = j * c.k; e < j * c.k + found.counts()[j]; e++) {
            int row = found.rows()[e];
            assertTrue(row > last && found.values()[e] > 0, what + ": entry " + (e - j * c.k) + " at row " + row + " is "
                    + found.values()[e]);
            last = row;
            t[row] = found.values()[e];
            cost += t[row] * c.cost.get(j * c.m + row);
            squares += t[row] * t[row];
        }
        double scale = Arrays.stream(expected.t()).max().orElse(0);
        assertArrayEquals(expected.t(), t, 1e-9 * scale + 1e-12 * Math.max(1, Math.abs(top)) / c.gamma, what);
        double mass = Arrays.stream(expected.t()).sum();
        double allowed = 1e-9 * (1 + Math.abs(top)) * (1 + mass) * (1 + scale * c.gamma);
        assertEquals(expected.value(), found.terms()[j], allowed, what + ": value");
        assertEquals(cost, found.costs()[j], 1e-12 * (1 + mass) * 10, what + ": cost");
        assertEquals(squares, found.squares()[j], 1e-12 * (squares + 1e-300), what + ": squares");
        assertEquals(expected.margin(), found.margins()[j], 1e-12 * (1 + Math.abs(top)), what + ": margin");
    }

    @Property(tries = 600, edgeCases = EdgeCasesMode.NONE)
    void semiDualColumnsEqualThoseThatWereSorted(@ForAll("rows") int m, @ForAll("shares") double share,
            @ForAll("gammas") double gamma, @ForAll boolean ties, @ForAll long seed) {
        Columns c = columns(seed, m, share, gamma, ties, 0);
        SparseColumns found = c.run(true, null);
        for (int j = 0; j < c.n; j++) {
            double[] x = c.x(j, 0);
            double top = Arrays.stream(x).max().orElseThrow();
            String what = "column " + j + " of " + m + " rows, k = " + c.k + ", gamma = " + gamma;
            TransportOracle.Column expected = TransportOracle.semiDualColumn(x, c.masses[j], gamma, c.k);
            requireColumn(what, c, found, j, expected, top);
            assertEquals(expected.tau(), found.thresholds()[j], 1e-12 * (1 + Math.abs(expected.tau())), what + ": tau");
            double sum = Arrays.stream(found.values(), j * c.k, j * c.k + found.counts()[j]).sum();
            assertEquals(c.masses[j], sum, 1e-13 * (1 + m) * c.masses[j], what + ": mass");
        }
    }

    @Property(tries = 600, edgeCases = EdgeCasesMode.NONE)
    void dualColumnsEqualThoseThatWereSorted(@ForAll("rows") int m, @ForAll("shares") double share,
            @ForAll("gammas") double gamma, @ForAll boolean ties, @ForAll long seed) {
        Columns c = columns(seed, m, share, gamma, ties, 0);
        double[] beta = new SplittableRandom(~seed).doubles(c.n, -3, 3).map(v -> ties ? Math.rint(v) : v).toArray();
        SparseColumns found = c.run(false, beta);
        for (int j = 0; j < c.n; j++) {
            double[] x = c.x(j, beta[j]);
            TransportOracle.Column expected = TransportOracle.dualColumn(x, gamma, c.k);
            requireColumn("column " + j + " of " + m + " rows, k = " + c.k + ", gamma = " + gamma, c, found, j, expected,
                    Arrays.stream(x).max().orElseThrow());
            assertEquals(-beta[j], found.thresholds()[j]);
        }
    }

    /** Nothing is lost to potentials far from 0: the entries of the semi-dual have the same bits after a shift. */
    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void potentialsFarFromZeroLeaveThePlanAsItIs(@ForAll("rows") int m, @ForAll("shares") double share, @ForAll long seed) {
        SparseColumns near = columns(seed, m, share, 0.1, false, 0).run(true, null);
        SparseColumns far = columns(seed, m, share, 0.1, false, 0x1p20).run(true, null);
        assertArrayEquals(near.counts(), far.counts());
        assertArrayEquals(near.rows(), far.rows());
        assertArrayEquals(near.values(), far.values());
    }

    /** Masses that put the threshold where an element is: it has an entry only if rounding leaves it a mass. */
    @Property(tries = 1000, edgeCases = EdgeCasesMode.NONE)
    void everyEntryHasAMass(@ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int m = random.nextInt(2, 40);
        Buffer cost = Buffer.gaussians(Type.DOUBLE, seed, m);
        double[] x = Arrays.stream(cost.values()).map(v -> -v).sorted().toArray();
        int last = random.nextInt(m - 1);
        double mass = 0;
        for (int i = m - 1; i > last; i--) {
            mass += x[i] - x[last];
        }
        Columns c = new Columns(m, 1, random.nextInt(m - last, m + 1), cost, new double[m], new double[] {mass}, 1);
        SparseColumns found = c.run(true, null);
        int entries = found.counts()[0];
        assertTrue(entries == m - last || entries == m - last - 1, entries + " entries above element " + last + " of " + m);
        for (int e = 0; e < entries; e++) {
            assertTrue(found.values()[e] > 0, "entry " + e + " is " + found.values()[e]);
        }
    }

    @Example
    void aColumnOfNoRowsOrOfNoMassHasNoEntry() {
        Columns none = new Columns(0, 2, 1, Buffer.of(Type.DOUBLE, 0), new double[0], new double[] {1, 0}, 1);
        for (boolean semi : new boolean[] {true, false}) {
            SparseColumns found = none.run(semi, new double[2]);
            assertArrayEquals(new int[2], found.counts());
            assertArrayEquals(new double[2], found.terms());
        }
        Columns empty = new Columns(3, 1, 2, Buffer.of(Type.DOUBLE, 1, -2, 0.5), new double[3], new double[1], 1);
        SparseColumns found = empty.run(true, null);
        assertEquals(0, found.counts()[0]);
        assertEquals(2, found.thresholds()[0]);
        assertEquals(0, found.terms()[0]);
    }

    /** Half way between the least threshold and the largest element lie the k largest alone; what comes next is told all the same. */
    @Example
    void theNextOfKLargestThatStandApartIsKnown() {
        int m = 580;
        int k = 80;
        Buffer cost = Buffer.of(Type.DOUBLE, m);
        for (int i = 0; i < m; i++) {
            cost.set(i, i < k ? i / 800.0 : 0.8 + (i - k) / 10_000.0);
        }
        SparseColumns found = new Columns(m, 1, k, cost, new double[m], new double[] {80}, 1).run(true, null);
        assertEquals(k, found.counts()[0]);
        assertEquals(0.8 - 79 / 800.0, found.margins()[0], 1e-15);
    }

    @Example
    void whereTheKthLargestIsNotAloneTheLowerRowsHaveTheEntries() {
        Columns c = new Columns(5, 1, 2, Buffer.of(Type.DOUBLE, 1, 0, 0, 0, 2), new double[5], new double[] {1}, 1);
        for (boolean semi : new boolean[] {true, false}) {
            SparseColumns found = c.run(semi, new double[] {0.5});
            assertArrayEquals(new int[] {1, 2}, Arrays.copyOf(found.rows(), 2));
            assertEquals(0, found.margins()[0]);
        }
    }

    /** Five elements stand out of a long column, all others are equal: no threshold has more than k groups above it. */
    @Example
    void whereFewStandOutOfALongColumnTheLowerRowsHaveTheOtherEntries() {
        int m = 600;
        int k = 20;
        Buffer cost = Buffer.of(Type.DOUBLE, m);
        int[] expected = new int[k];
        for (int e = 0; e < k; e++) {
            expected[e] = e < k - 5 ? e : m - (k - e) * 7;
        }
        for (int i = 0; i < m; i++) {
            cost.set(i, Arrays.binarySearch(expected, k - 5, k, i) >= 0 ? -1 : 0);
        }
        Columns c = new Columns(m, 1, k, cost, new double[m], new double[] {40}, 1);
        for (boolean semi : new boolean[] {true, false}) {
            SparseColumns found = c.run(semi, new double[] {0.5});
            assertEquals(k, found.counts()[0]);
            assertArrayEquals(expected, found.rows());
            assertEquals(0, found.margins()[0]);
        }
    }
}
