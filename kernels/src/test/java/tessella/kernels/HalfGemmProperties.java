package tessella.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.ValueLayout;
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

/** C = A B + bias of a B of bfloat16: the bits of the product of float32 with the rounded B, whole or in parts. */
class HalfGemmProperties {
    private static final Type TYPE = Type.FLOAT;
    private static final int WIDTH = HalfGemm.WIDTH;

    @Provide
    Arbitrary<Integer> extents() {
        return ShapeArbitraries.extentsWithZero();
    }

    /** The elements of B as bfloat16 holds them, where they were. */
    private static Matrix rounded(Matrix b) {
        Buffer from = b.buffer();
        Buffer half = Buffer.of(TYPE, (from.length + 1) / 2);
        Buffer to = Buffer.of(TYPE, from.length);
        Halves.toBfloat16(from.segment, from.offset, half.segment, half.offset, from.length);
        Halves.fromBfloat16(half.segment, half.offset, to.segment, to.offset, from.length);
        return new Matrix(to, b.rs(), b.cs());
    }

    /** B, packed in parts that end at the cuts; a buffer counts elements of 32 bits. */
    private static Buffer packed(Matrix b, int k, int n, int... cuts) {
        Buffer packed = Buffer.of(TYPE, (int) (HalfGemm.packedSize(k, n) / 2));
        for (int i = 0; i + 1 < cuts.length; i++) {
            HalfGemm.packB(b.buffer().segment, b.buffer().offset, b.rs(), b.cs(), k, n, cuts[i], cuts[i + 1], packed.segment,
                    packed.offset);
        }
        packed.requireGuards();
        return packed;
    }

    private static void multiply(Matrix a, int r0, int r1, Buffer b, int k, int n, int from, int to, Buffer c, int ldc, Buffer bias) {
        HalfGemm.multiply(a.buffer().segment, a.buffer().offset, a.rs(), a.cs(), r0, r1, b.segment, b.offset, k, n, from, to, c.segment,
                c.offset, ldc, bias.segment, bias.offset, (float[]) TYPE.heapA(), (float[]) TYPE.heapC());
    }

    /** The product of float32. */
    private static Buffer expected(Matrix a, Matrix b, int m, int n, int k, int ldc, Buffer bias) {
        Buffer packed = Buffer.of(TYPE, (int) FloatGemm.packedSize(k, n));
        TYPE.call("Gemm", "packB", b.buffer(), b.rs(), b.cs(), k, n, 0, FloatGemm.panels(n), packed);
        Buffer c = Buffer.of(TYPE, Math.max(0, (m - 1) * ldc + n));
        TYPE.call("Gemm", "multiply", a.buffer(), a.rs(), a.cs(), 0, m, packed, FloatGemm.PACKED, k, n, 0, FloatGemm.panels(n), c, ldc,
                1, bias, TYPE.heapA(), TYPE.heapC());
        return c;
    }

    private static void check(int m, int n, int k, Layout layoutA, Layout layoutB, boolean added, long seed) {
        Matrix a = Matrix.of(TYPE, seed, layoutA, m, k);
        Matrix b = Matrix.of(TYPE, seed + 1, layoutB, k, n);
        Buffer bias = added ? Buffer.gaussians(TYPE, seed + 2, n) : Buffer.none(TYPE);
        int ldc = n + (int) (seed & 1);
        int panels = HalfGemm.panels(n);
        String what = "bfloat16 gemm " + m + " x " + n + " x " + k + " " + layoutA + " " + layoutB;
        Buffer expected = expected(a, rounded(b), m, n, k, ldc, bias);
        Buffer whole = Buffer.of(TYPE, expected.length);
        multiply(a, 0, m, packed(b, k, n, 0, panels), k, n, 0, panels, whole, ldc, bias);
        whole.requireSameBits(what, expected);
        whole.requireGuards();

        SplittableRandom random = new SplittableRandom(seed);
        int[] rows = GemmProperties.cuts(random, m);
        int[] columns = GemmProperties.cuts(random, panels);
        Buffer packed = packed(b, k, n, columns);
        Buffer parts = Buffer.of(TYPE, expected.length);
        for (int r = 0; r + 1 < rows.length; r++) {
            for (int p = 0; p + 1 < columns.length; p++) {
                multiply(a, rows[r], rows[r + 1], packed, k, n, columns[p], columns[p + 1], parts, ldc, bias);
            }
        }
        parts.requireSameBits("split " + what, expected);
        parts.requireGuards();
    }

    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void bitsAreThoseOfFloat32WithTheRoundedBWholeAndSplit(@ForAll("extents") int m, @ForAll("extents") int n,
            @ForAll("extents") int k, @ForAll @IntRange(max = 4) int morePanels, @ForAll Layout layoutA, @ForAll Layout layoutB,
            @ForAll boolean bias, @ForAll long seed) {
        check(m, n + morePanels * WIDTH, k, layoutA, layoutB, bias, seed);
    }

    @Example
    void severalBlocksOfStepsAndRowsHaveTheSameBits() {
        for (int k : new int[] {FloatGemm.KC - 1, FloatGemm.KC, FloatGemm.KC + 1, 2 * FloatGemm.KC + 5}) {
            for (Layout layout : Layout.values()) {
                check(2, 4 * WIDTH + 3, k, layout, layout, true, k);
                check(2 * HalfGemm.MR + 1, WIDTH + 1, k, layout, layout, true, k);
            }
        }
        for (int m : new int[] {FloatGemm.ROWS, FloatGemm.ROWS + 1, 2 * FloatGemm.ROWS + HalfGemm.MR + 1}) {
            check(m, WIDTH + 5, FloatGemm.KC + 1, Layout.ROWS, Layout.COLUMNS, true, m);
            check(m, WIDTH + 5, 3, Layout.COLUMNS, Layout.ROWS, false, m);
        }
    }

    @Example
    void everyNumberOfRowsRunsOverEveryNumberOfPanels() {
        for (int m = 1; m <= 2 * HalfGemm.MR + 1; m++) {
            for (int panels = 1; panels <= 9; panels++) {
                check(m, panels * WIDTH - panels % 3, 7, Layout.ROWS, Layout.ROWS, panels % 2 == 0, m);
            }
        }
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void onlyTheGivenRowsAndPanelsAreWritten(@ForAll("extents") int m, @ForAll("extents") int n, @ForAll long seed) {
        int k = 9;
        Matrix a = Matrix.of(TYPE, seed, Layout.ROWS, m, k);
        Matrix b = Matrix.of(TYPE, seed + 1, Layout.ROWS, k, n);
        SplittableRandom random = new SplittableRandom(seed);
        int panels = HalfGemm.panels(n);
        int[] rows = GemmProperties.cuts(random, m);
        int[] columns = GemmProperties.cuts(random, panels);
        Buffer c = Buffer.of(TYPE, m * n);
        multiply(a, rows[1], rows[2], packed(b, k, n, 0, panels), k, n, columns[1], columns[2], c, n, Buffer.none(TYPE));
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                boolean inside = i >= rows[1] && i < rows[2] && j / WIDTH >= columns[1] && j / WIDTH < columns[2];
                assertTrue(inside != Double.isNaN(c.get(i * n + j)), "element " + i + ", " + j);
            }
        }
        c.requireGuards();
    }

    @Example
    void aVectorHoldsAColumnInEachHalfOfALaneAndZerosBehindTheLast() {
        int n = WIDTH + 1;
        Matrix b = Matrix.of(TYPE, 4, Layout.ROWS, 2, n);
        Buffer packed = packed(b, 2, n, 0, 2);
        for (int panel = 0; panel < 2; panel++) {
            for (int p = 0; p < 2; p++) {
                for (int lane = 0; lane < WIDTH / 2; lane++) {
                    int both = packed.segment.get(ValueLayout.JAVA_INT,
                            packed.offset + ((panel * 2L + p) * (WIDTH / 2) + lane) * Integer.BYTES);
                    assertEquals(half(b, p, panel * WIDTH + lane, n), both & 0xffff, "lower half");
                    assertEquals(half(b, p, panel * WIDTH + lane + WIDTH / 2, n), both >>> 16, "upper half");
                }
            }
        }
    }

    private static int half(Matrix b, int p, int j, int n) {
        return j < n ? Halves.bfloat16((float) b.get(p, j)) & 0xffff : 0;
    }
}
