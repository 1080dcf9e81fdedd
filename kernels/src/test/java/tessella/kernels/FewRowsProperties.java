package tessella.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.SplittableRandom;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import tessella.kernels.GemmProperties.Layout;
import tessella.kernels.GemmProperties.Matrix;
import tessella.reference.ShapeArbitraries;

/** Products of few rows with a B that is read from memory: the bits of products with a packed B, which equal naive loops. */
class FewRowsProperties {
    @Provide
    Arbitrary<Integer> extents() {
        return ShapeArbitraries.extentsWithZero();
    }

    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void rowsOfBThatAreReadByStripsGiveTheBitsOfPackedOnes(@ForAll Type type, @ForAll @IntRange(min = 1, max = 24) int m,
            @ForAll @IntRange(min = 1, max = 9) int vectors, @ForAll("extents") int k, @ForAll Layout layoutA, @ForAll boolean repeated,
            @ForAll boolean deep, @ForAll long seed) {
        check(type, m, vectors * type.lanes(), k, layoutA, repeated ? Layout.REPEATED : Layout.ROWS, deep, seed);
    }

    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void columnsOfBInATransposedProductGiveTheBitsOfPackedOnes(@ForAll Type type, @ForAll @IntRange(min = 1, max = 65) int m,
            @ForAll @IntRange(min = 1, max = 70) int n, @ForAll("extents") int k, @ForAll Layout layoutA, @ForAll boolean deep,
            @ForAll long seed) {
        // columns of one element would be rows, of which fewer are taken
        check(type, m, n, Math.max(2, k), layoutA, Layout.COLUMNS, deep, seed);
    }

    @Example
    void moreColumnsThanAStripGiveTheBitsOfPackedOnes() {
        for (Type type : Type.values()) {
            for (int n : new int[] {4096, 4096 + type.lanes(), 3 * 4096 - type.lanes()}) {
                check(type, 3, n, 19, Layout.ROWS, Layout.ROWS, false, n);
            }
        }
    }

    /** Some rows and panels at a time; a call is given room for its own share of the columns only. */
    private static void check(Type type, int m, int n, int k, Layout layoutA, Layout layoutB, boolean deep, long seed) {
        int depth = Math.max(1, deep ? k + type.constant("Gemm", "KC") : k);
        Matrix a = Matrix.of(type, seed, layoutA, m, depth);
        Matrix b = Matrix.of(type, seed + 1, layoutB, depth, n);
        Buffer bias = (seed & 4) == 0 ? Buffer.none(type) : Buffer.gaussians(type, seed + 2, n);
        Buffer whole = GemmProperties.whole(type, a, b, m, n, depth, bias);
        SplittableRandom random = new SplittableRandom(seed);
        int[] rows = GemmProperties.cuts(random, m);
        int[] columns = GemmProperties.cuts(random, (Integer) type.call("Gemm", "panels", n));
        Buffer c = Buffer.of(type, m * n);
        for (int r = 0; r + 1 < rows.length; r++) {
            for (int p = 0; p + 1 < columns.length; p++) {
                long room = (Long) type.call("FewRows", "scratch", rows[r + 1] - rows[r], depth, columns[p + 1] - columns[p]);
                Buffer scratch = Buffer.of(type, (int) room);
                type.call("FewRows", "multiply", a.buffer(), a.rs(), a.cs(), rows[r], rows[r + 1], b.buffer(), b.rs(), b.cs(), depth, n,
                        columns[p], columns[p + 1], c, n, 0.7, bias, scratch, type.heapA(), type.heapC());
                scratch.requireGuards();
            }
        }
        c.requireSameBits("few rows " + m + " x " + n + " x " + depth, whole);
        c.requireGuards();
    }

    /** What a product with a B that nobody packed takes by itself, on both sides of each limit. */
    @Example
    void productsOfFewRowsWithALargeBTakeIt() {
        for (Type type : Type.values()) {
            int n = 8 * type.lanes();
            int k = (1 << 20) / type.bytes / n + 1;
            assertEquals(true, type.call("FewRows", "suits", 24, k, n, n, 1));
            assertEquals(false, type.call("FewRows", "suits", 25, k, n, n, 1), "more rows");
            assertEquals(false, type.call("FewRows", "suits", 24, k - 1, n, n, 1), "it fits a cache");
            assertEquals(false, type.call("FewRows", "suits", 24, k, n + 1, n + 1, 1), "the last vector would leave the matrix");
            assertEquals(false, type.call("FewRows", "suits", 24, k, n, 2 * n, 2), "neither rows nor columns lie together");
            assertEquals(true, type.call("FewRows", "suits", 64, k, n + 1, 1, k));
            assertEquals(false, type.call("FewRows", "suits", 65, k, n + 1, 1, k), "more rows than the transposed product takes");
            for (Layout layout : new Layout[] {Layout.ROWS, Layout.COLUMNS}) {
                Matrix a = Matrix.of(type, 4, Layout.ROWS, 5, k);
                Matrix b = Matrix.of(type, 8, layout, k, n);
                Buffer bias = Buffer.gaussians(type, 3, n);
                Buffer whole = GemmProperties.whole(type, a, b, 5, n, k, bias);
                int panels = (Integer) type.call("Gemm", "panels", n);
                GemmProperties.fresh(type, a, b, 0, 5, n, k, 0, panels, bias, Buffer.of(type, 5 * n))
                        .requireSameBits("a large B by " + layout, whole);
            }
        }
    }
}
