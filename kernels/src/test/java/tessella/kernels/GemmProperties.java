package tessella.kernels;

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
import net.jqwik.api.constraints.IntRange;
import tessella.reference.ShapeArbitraries;

/** C = alpha A B + bias against three nested loops in float64, and its bits under any split. */
class GemmProperties {
    private static final long PACKED = FloatGemm.PACKED;

    /** Where element (i, j) of a matrix [rows, columns] lies: at i * rs + j * cs. */
    enum Layout { ROWS, COLUMNS, STRIDED, REPEATED }

    /** A matrix of random elements in a layout. */
    record Matrix(Buffer buffer, int rs, int cs) {
        static Matrix of(Type type, long seed, Layout layout, int rows, int columns) {
            int gap = (int) (seed & 3);
            int rs = switch (layout) {
                case ROWS -> columns + gap;
                case COLUMNS -> 1;
                case STRIDED -> 2 * columns + gap;
                case REPEATED -> 0;
            };
            int cs = switch (layout) {
                case ROWS, REPEATED -> 1;
                case COLUMNS -> rows + gap;
                case STRIDED -> 2;
            };
            int length = rows == 0 || columns == 0 ? 0 : (rows - 1) * rs + (columns - 1) * cs + 1;
            Buffer buffer = Buffer.of(type, length);
            SplittableRandom random = new SplittableRandom(seed);
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < columns; j++) {
                    buffer.set(i * rs + j * cs, random.nextGaussian());
                }
            }
            return new Matrix(buffer, rs, cs);
        }

        Matrix toTheEnd() {
            return new Matrix(buffer.toTheEnd(), rs, cs);
        }

        double get(int i, int j) {
            return buffer.get((long) i * rs + (long) j * cs);
        }
    }

    @Provide
    Arbitrary<Integer> extents() {
        return ShapeArbitraries.extentsWithZero();
    }

    @Provide
    Arbitrary<Double> factors() {
        return Arbitraries.of(1.0, -0.5, 0.3, 0.0);
    }

    private static Buffer packed(Type type, Matrix b, int k, int n, int... cuts) {
        Buffer packed = Buffer.of(type, (int) (long) (Long) type.call("Gemm", "packedSize", k, n));
        int panels = (Integer) type.call("Gemm", "panels", n);
        for (int i = 0; i < cuts.length; i++) {
            int to = i + 1 < cuts.length ? cuts[i + 1] : panels;
            type.call("Gemm", "packB", b.buffer, b.rs, b.cs, k, n, cuts[i], to, packed);
        }
        packed.requireGuards();
        return packed;
    }

    private static void check(Type type, int m, int n, int k, Layout layoutA, Layout layoutB, double alpha,
            boolean bias,
            boolean accumulate, long seed) {
        Matrix a = Matrix.of(type, seed, layoutA, m, k).toTheEnd();
        Matrix b = Matrix.of(type, seed + 1, layoutB, k, n).toTheEnd();
        Buffer added = bias ? Buffer.gaussians(type, seed + 2, n) : Buffer.none(type);
        int ldc = n + (int) (seed & 1);
        Buffer c = Buffer.of(type, Math.max(0, (m - 1) * ldc + n));
        double factor = type.rounded(alpha);
        double[] expected = new double[c.length];
        double[] allowed = new double[c.length];
        Arrays.fill(expected, Double.NaN);
        SplittableRandom random = new SplittableRandom(seed + 3);
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                double sum = 0;
                double sizes = 0;
                for (int p = 0; p < k; p++) {
                    sum += a.get(i, p) * b.get(p, j);
                    sizes += Math.abs(a.get(i, p) * b.get(p, j));
                }
                double more = accumulate ? random.nextGaussian() : bias ? added.get(j) : 0;
                if (accumulate) {
                    c.set(i * ldc + j, more);
                    more = c.get(i * ldc + j);
                }
                expected[i * ldc + j] = factor * sum + more;
                allowed[i * ldc + j] = 2 * (k + 3) * type.unit * (Math.abs(factor) * sizes + Math.abs(more));
            }
        }
        Buffer packed = packed(type, b, k, n, 0);
        int panels = (Integer) type.call("Gemm", "panels", n);
        if (accumulate) {
            type.call("Gemm", "accumulate", a.buffer, a.rs, a.cs, 0, m, packed, PACKED, k, n, 0, panels, c, ldc, alpha,
                    type.heapA(),
                    type.heapC());
        } else {
            type.call("Gemm", "multiply", a.buffer, a.rs, a.cs, 0, m, packed, PACKED, k, n, 0, panels, c, ldc, alpha, added,
                    type.heapA(), type.heapC());
        }
        c.requireNear("gemm " + m + " x " + n + " x " + k + " " + layoutA + " " + layoutB, expected, allowed);
    }

    @Property(tries = 600, edgeCases = EdgeCasesMode.NONE)
    void productsOfAnyLayoutEqualNaiveLoops(@ForAll Type type, @ForAll("extents") int m, @ForAll("extents") int n,
            @ForAll("extents") int k, @ForAll Layout a, @ForAll Layout b, @ForAll("factors") double alpha,
            @ForAll boolean bias, @ForAll long seed) {
        check(type, m, n, k, a, b, alpha, bias, false, seed);
    }

    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void accumulatingAddsToWhatIsThere(@ForAll Type type, @ForAll("extents") int m, @ForAll("extents") int n,
            @ForAll("extents") int k, @ForAll Layout a, @ForAll Layout b, @ForAll("factors") double alpha,
            @ForAll long seed) {
        check(type, m, n, k, a, b, alpha, false, true, seed);
    }

    @Example
    void innerExtentsAboveABlockEqualNaiveLoops() {
        for (Type type : Type.values()) {
            int kc = type.constant("Gemm", "KC");
            for (int k : new int[] {kc - 1, kc, kc + 1, 800, 2 * kc + 5}) {
                for (Layout layout : Layout.values()) {
                    check(type, 17, 35, k, layout, layout, 0.3, true, false, k);
                    check(type, 15, 33, k, layout, Layout.ROWS, -0.5, false, true, k);
                }
            }
        }
    }

    @Example
    void moreColumnsThanTheBlockOfPanelsEqualNaiveLoops() {
        for (Type type : Type.values()) {
            int k = type.constant("Gemm", "KC");
            int width = type.constant("Gemm", "WIDTH");
            long most = (Long) type.call("Gemm", "freshScratch", 50, k, 3, 1, 1, 1 << 20) / ((long) k * width);
            int panels = (int) (2 * most + 1);
            int n = width * panels + 3;
            check(type, 50, n, k, Layout.ROWS, Layout.COLUMNS, 1, true, false, 1);
            Matrix a = Matrix.of(type, 1, Layout.ROWS, 50, k);
            Matrix b = Matrix.of(type, 2, Layout.ROWS, k, n);
            Buffer bias = Buffer.gaussians(type, 3, n);
            Buffer whole = whole(type, a, b, 50, n, k, bias);
            fresh(type, a, b, 0, 50, n, k, 0, panels + 1, bias, whole(type, a, b, 50, n, k, bias))
                    .requireSameBits("in blocks", whole);
        }
    }

    @Example
    void moreRowsThanTheBlockOfTilesEqualThoseOfAPackedB() {
        for (Type type : Type.values()) {
            int m = 27 * type.constant("Gemm", "MR") + 5;
            int n = 2 * type.constant("Gemm", "WIDTH") + 3;
            Matrix a = Matrix.of(type, 1, Layout.ROWS, m, 40);
            Matrix b = Matrix.of(type, 2, Layout.ROWS, 40, n);
            Buffer bias = Buffer.gaussians(type, 3, n);
            Buffer whole = whole(type, a, b, m, n, 40, bias);
            fresh(type, a, b, 0, m, n, 40, 0, 3, bias, Buffer.of(type, m * n)).requireSameBits("many rows", whole);
        }
    }

    @Example
    void aTransposedAOfManyTilesEqualsNaiveLoops() {
        for (Type type : Type.values()) {
            for (int m : new int[] {5 * type.constant("Gemm", "MR"), 29 * type.constant("Gemm", "MR") + 3}) {
                check(type, m, 35, type.constant("Gemm", "KC") + 7, Layout.COLUMNS, Layout.ROWS, 0.3, true, false, m);
            }
        }
    }

    /** C of a packed B. */
    static Buffer whole(Type type, Matrix a, Matrix b, int m, int n, int k, Buffer bias) {
        Buffer c = Buffer.of(type, m * n);
        type.call("Gemm", "multiply", a.buffer, a.rs, a.cs, 0, m, packed(type, b, k, n, 0), PACKED, k, n, 0,
                type.call("Gemm", "panels", n), c, n, 0.7, bias, type.heapA(), type.heapC());
        return c;
    }

    /** Writes rows and panels of C from a B that nobody packed. */
    static Buffer fresh(Type type, Matrix a, Matrix b, int r0, int r1, int n, int k, int from, int to, Buffer bias,
            Buffer c) {
        Buffer scratch = Buffer.of(type, (int) (long) (Long) type.call("Gemm", "freshScratch", r1 - r0, k, n, b.rs, b.cs, to - from));
        type.call("Gemm", "multiplyFresh", a.buffer, a.rs, a.cs, r0, r1, b.buffer, b.rs, b.cs, k, n, from, to, c, n, 0.7, bias,
                scratch, type.heapA(), type.heapC());
        scratch.requireGuards();
        return c;
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void bitsAreThoseOfTheWholeForAnySplitOfRowsAndPanels(@ForAll Type type, @ForAll("extents") int m,
            @ForAll("extents") int n, @ForAll("extents") int k, @ForAll Layout layoutA, @ForAll Layout layoutB,
            @ForAll boolean deep, @ForAll long seed) {
        int depth = deep ? k + type.constant("Gemm", "KC") : k;
        Matrix a = Matrix.of(type, seed, layoutA, m, depth);
        Matrix b = Matrix.of(type, seed + 1, layoutB, depth, n);
        Buffer bias = Buffer.gaussians(type, seed + 2, n);
        int panels = (Integer) type.call("Gemm", "panels", n);
        Buffer whole = whole(type, a, b, m, n, depth, bias);
        SplittableRandom random = new SplittableRandom(seed);
        int[] rows = cuts(random, m);
        int[] columns = cuts(random, panels);
        Buffer packed = packed(type, b, depth, n, Arrays.copyOf(columns, columns.length - 1));
        Buffer parts = Buffer.of(type, m * n);
        Buffer fresh = Buffer.of(type, m * n);
        for (int r = 0; r + 1 < rows.length; r++) {
            for (int p = 0; p + 1 < columns.length; p++) {
                type.call("Gemm", "multiply", a.buffer, a.rs, a.cs, rows[r], rows[r + 1], packed, PACKED, depth, n, columns[p],
                        columns[p + 1], parts, n, 0.7, bias, type.heapA(), type.heapC());
                fresh(type, a, b, rows[r], rows[r + 1], n, depth, columns[p], columns[p + 1], bias, fresh);
            }
        }
        fresh.requireSameBits("split gemm of a B that nobody packed " + m + " x " + n + " x " + depth, whole);
        fresh.requireGuards();
        parts.requireSameBits("split gemm " + m + " x " + n + " x " + depth, whole);
        parts.requireGuards();
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void rowsReadWhereTheyLieGiveTheBitsOfPackedOnes(@ForAll Type type, @ForAll("extents") int m,
            @ForAll @IntRange(min = 1, max = 7) int vectors, @ForAll("extents") int k, @ForAll Layout layoutA,
            @ForAll boolean repeated, @ForAll boolean deep, @ForAll boolean accumulate, @ForAll long seed) {
        int n = vectors * type.lanes();
        int depth = deep ? k + type.constant("Gemm", "KC") : k;
        Matrix a = Matrix.of(type, seed, layoutA, m, depth);
        Matrix b = Matrix.of(type, seed + 1, repeated ? Layout.REPEATED : Layout.ROWS, depth, n);
        int panels = (Integer) type.call("Gemm", "panels", n);
        Buffer bias = Buffer.gaussians(type, seed + 2, n);
        Buffer[] results = new Buffer[2];
        for (int way = 0; way < 2; way++) {
            Buffer right = way == 0 ? packed(type, b, depth, n, 0) : b.buffer;
            long ldb = way == 0 ? PACKED : b.rs;
            Buffer c = Buffer.gaussians(type, seed + 3, m * n);
            if (accumulate) {
                type.call("Gemm", "accumulate", a.buffer, a.rs, a.cs, 0, m, right, ldb, depth, n, 0, panels, c, n, 0.7,
                        type.heapA(), type.heapC());
            } else {
                type.call("Gemm", "multiply", a.buffer, a.rs, a.cs, 0, m, right, ldb, depth, n, 0, panels, c, n, 0.7,
                        bias, type.heapA(), type.heapC());
            }
            results[way] = c;
        }
        results[1].requireSameBits("in place gemm " + m + " x " + n + " x " + depth, results[0]);
        results[1].requireGuards();
    }

    @Example
    void onlyFewRowsOverWholeContiguousVectorsReadInPlace() {
        for (Type type : Type.values()) {
            int few = 5 * type.constant("Gemm", "MR");
            int n = 3 * type.lanes();
            assertEquals(true, type.call("Gemm", "readsInPlace", few, 64, n, 1));
            assertEquals(false, type.call("Gemm", "readsInPlace", few + 1, 64, n, 1), "more rows");
            assertEquals(false, type.call("Gemm", "readsInPlace", few, 64, n + 1, 1), "the last vector would leave the matrix");
            assertEquals(false, type.call("Gemm", "readsInPlace", few, 64, n, n), "columns lie apart");
            assertEquals(false, type.call("Gemm", "readsInPlace", few, 1L << 20, n, 1), "beyond the second cache");
        }
    }

    /** 0, some numbers below n in order, n. */
    static int[] cuts(SplittableRandom random, int n) {
        int[] out = new int[4];
        for (int i = 1; i < 3; i++) {
            out[i] = random.nextInt(n + 1);
        }
        out[3] = n;
        Arrays.sort(out);
        return out;
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void onlyTheGivenRowsAndPanelsAreWritten(@ForAll Type type, @ForAll("extents") int m, @ForAll("extents") int n,
            @ForAll long seed) {
        int k = 9;
        Matrix a = Matrix.of(type, seed, Layout.ROWS, m, k);
        Matrix b = Matrix.of(type, seed + 1, Layout.ROWS, k, n);
        SplittableRandom random = new SplittableRandom(seed);
        int panels = (Integer) type.call("Gemm", "panels", n);
        int[] rows = cuts(random, m);
        int[] columns = cuts(random, panels);
        Buffer c = Buffer.of(type, m * n);
        type.call("Gemm", "multiply", a.buffer, a.rs, a.cs, rows[1], rows[2], packed(type, b, k, n, 0), PACKED, k, n,
                columns[1],
                columns[2], c, n, 1, Buffer.none(type), type.heapA(), type.heapC());
        int width = type.constant("Gemm", "WIDTH");
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                boolean inside = i >= rows[1] && i < rows[2] && j / width >= columns[1] && j / width < columns[2];
                assertTrue(inside != Double.isNaN(c.get(i * n + j)), type + " element " + i + ", " + j);
            }
        }
        c.requireGuards();
    }
}
