package tessella.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;

/**
 * C = A B + bias for a B that was packed as bfloat16 and is multiplied often: half the bytes of {@link FloatGemm}, which is what
 * products of few rows wait for; sums are of float32.
 *
 * <p>B [k, n] is packed into panels of WIDTH columns, the last one padded with zeros, in the blocks of k of {@link FloatGemm}; a step of
 * a panel is one vector of ints, column j in the lower half of lane j and column j + WIDTH / 2 in the upper one. The bits of C are those of
 * {@link FloatGemm#multiply} with the rounded B. All offsets are in bytes, all strides in elements.
 */
public final class HalfGemm {
    private static final int VL = FloatVector.SPECIES_PREFERRED.length();
    /** Columns of a panel. */
    public static final int WIDTH = 2 * VL;
    /** Rows of a full tile: two registers more than a tile of float32 needs. */
    public static final int MR = TileShape.rowsOfHalves(VL * Float.BYTES);

    private HalfGemm() {}

    /** Number of panels of n columns. */
    public static int panels(long n) {
        return Math.toIntExact((n + WIDTH - 1) / WIDTH);
    }

    /** Elements, of 16 bits, that a packed B [k, n] takes. */
    public static long packedSize(long k, long n) {
        return k * ((n + WIDTH - 1) / WIDTH * WIDTH);
    }

    /** Where a panel begins in its block of k, which begins with step k0 and has kb steps. */
    private static long at(int k0, int kb, int n, int panel) {
        return ((long) k0 * panels(n) + (long) panel * kb) * WIDTH * Short.BYTES;
    }

    /** Packs panels [from, to) of a float32 B [k, n], element (p, j) at p * rs + j * cs, rounded to nearest and even. */
    public static void packB(MemorySegment b, long bo, long rs, long cs, int k, int n, int from, int to,
            MemorySegment packed, long po) {
        for (int block = 0; block < FloatGemm.blocks(k); block++) {
            int k0 = FloatGemm.start(k, block);
            int kb = FloatGemm.start(k, block + 1) - k0;
            for (int panel = from; panel < to; panel++) {
                long first = bo + (k0 * rs + (long) panel * WIDTH * cs) * Float.BYTES;
                packPanel(b, first, rs, cs, kb, n - panel * WIDTH, packed, po + at(k0, kb, n, panel));
            }
        }
    }

    private static void packPanel(MemorySegment b, long bo, long rs, long cs, int kb, int columns, MemorySegment packed, long po) {
        for (int p = 0; p < kb; p++) {
            long row = bo + p * rs * Float.BYTES;
            for (int j = 0; j < VL; j++) {
                int both = rounded(b, row, cs, j, columns) | rounded(b, row, cs, j + VL, columns) << 16;
                packed.set(ValueLayout.JAVA_INT, po + ((long) p * VL + j) * Integer.BYTES, both);
            }
        }
    }

    private static int rounded(MemorySegment b, long row, long cs, int j, int columns) {
        return j < columns ? Halves.bfloat16(b.get(ValueLayout.JAVA_FLOAT, row + j * cs * Float.BYTES)) & 0xffff : 0;
    }

    /**
     * C[rows, panels] = A B + bias for rows [r0, r1) and panels [from, to); a null bias adds nothing.
     *
     * @param rs row stride of A, cs its column stride
     * @param b as packB left it
     * @param ldc row stride of C
     * @param bias n elements added to each row, or null
     * @param heapA {@link FloatGemm#A_SCRATCH} elements
     * @param heapC {@link FloatGemm#C_SCRATCH} elements
     */
    public static void multiply(MemorySegment a, long ao, long rs, long cs, int r0, int r1, MemorySegment b, long bo, int k, int n,
            int from, int to, MemorySegment c, long co, long ldc, MemorySegment bias, long biasAt, float[] heapA, float[] heapC) {
        if (k == 0 && from < to) {
            FloatGemm.sumOfNothing(c, co, ldc, r0, r1, from * WIDTH, Math.min(n, to * WIDTH), bias, biasAt);
        }
        for (int block = 0; block < FloatGemm.blocks(k); block++) {
            int k0 = FloatGemm.start(k, block);
            int kb = FloatGemm.start(k, block + 1) - k0;
            MemorySegment last = k0 + kb == k ? bias : null;
            for (int row = r0; row < r1; row += FloatGemm.ROWS) {
                int end = Math.min(r1, row + FloatGemm.ROWS);
                FloatGemm.copyRows(a, ao + (row * rs + k0 * cs) * Float.BYTES, rs, cs, end - row, kb, heapA);
                rows(end - row, b, bo + at(k0, kb, n, from), kb, n, from, to, c, co + row * ldc * Float.BYTES, ldc, k0, last,
                        biasAt, heapA, heapC);
            }
        }
    }

    /** Adds kb steps of k, of the rows of A that were copied, to panels [from, to), the first of which lies at bo. */
    private static void rows(int rows, MemorySegment b, long bo, int kb, int n, int from, int to, MemorySegment c, long co, long ldc,
            int before, MemorySegment bias, long biasAt, float[] heapA, float[] heapC) {
        FloatTiles.place(heapC);
        int tiles = (rows + MR - 1) / MR;
        int fewest = rows / tiles;
        int longer = rows - tiles * fewest;
        long apart = (long) kb * WIDTH * Short.BYTES;
        int most = FloatHalfTiles.panels(longer == 0 ? fewest : fewest + 1);
        for (int panel = from; panel < to;) {
            int np = to - panel < most ? 1 : most;
            long column = (long) panel * WIDTH;
            for (int tile = 0; tile < tiles; tile++) {
                int row = FloatGemm.rowOf(tile, fewest, longer);
                int mr = tile < longer ? fewest + 1 : fewest;
                FloatHalfTiles.rows(mr, np, heapA, row * FloatTiles.ROW, b, bo + (panel - from) * apart, apart, kb, heapC);
                FloatGemm.merge(heapC, mr, 2 * np, (int) Math.min(np * WIDTH, n - column), c, co + (row * ldc + column) * Float.BYTES,
                        ldc, 1, before, bias, biasAt + column * Float.BYTES);
            }
            panel += np;
        }
    }
}
