package tessella.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Array;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every shape of a tile, whichever of them this machine uses. */
class TilesTest {
    private static final String TILE = "tessella.test.tile";

    @AfterEach
    void clear() {
        System.clearProperty(TILE);
    }

    @ParameterizedTest
    @EnumSource
    void everyTileShapeEqualsNaiveLoopsInAllLayoutsAndPlainLoopsToTheBit(Type type) {
        int tiles = 0;
        int step = type.constant("Tiles", "STEP");
        for (int nv = 1; nv <= 3; nv++) {
            for (int mr = 1; mr <= 13; mr++) {
                if (mr * nv <= 26) {
                    for (int k : new int[] {0, 1, 2, 37}) {
                        for (int gap : new int[] {0, 5}) {
                            tile(type, "rows", mr, nv, k, gap, type.constant("Tiles", "ROW"), 1);
                            if (mr <= step) {
                                tile(type, "steps", mr, nv, k, gap, 1, step);
                            }
                        }
                    }
                    tiles++;
                }
            }
        }
        assertEquals(13 + 13 + 8, tiles);
    }

    @ParameterizedTest
    @EnumSource
    void everyShapeThatStreamsEqualsFusedLoops(Type type) {
        for (int nv = 1; nv <= 3; nv++) {
            for (int mr = 1; mr <= 8; mr++) {
                for (int k : new int[] {0, 1, 2, 19}) {
                    if (mr * nv <= 16) {
                        along(type, mr, nv, k);
                    }
                    down(type, mr, nv, k);
                }
            }
        }
        for (String name : new String[] {"along", "down"}) {
            Object[] along = {6, 3, type.heap(1), 0, Buffer.of(type, 1), 0, 0, 0, Buffer.of(type, 1), 0};
            Object[] down = {9, 2, Buffer.of(type, 1), 0, Buffer.of(type, 1), 0, type.heap(1)};
            RuntimeException e = assertThrows(IllegalArgumentException.class,
                    () -> type.call("Streams", name, name.equals("along") ? along : down));
            assertTrue(e.getMessage().contains(name.equals("along") ? "6 rows by 3" : "9 rows by 2"), e.getMessage());
        }
    }

    /** Three places along the columns, onto sums that are there. */
    private static void along(Type type, int mr, int nv, int k) {
        int width = 3 * nv * type.lanes();
        int row = type.constant("Tiles", "ROW");
        Object a = type.heap(3 + mr * row);
        SplittableRandom random = new SplittableRandom(mr * 100 + nv);
        for (int i = 0; i < Array.getLength(a); i++) {
            set(a, i, i < 3 || (i - 3) % row >= k ? Double.NaN : random.nextGaussian());
        }
        Buffer b = Buffer.gaussians(type, 1, k * (width + 5));
        Buffer sums = Buffer.gaussians(type, 2, mr * (width + 7));
        Buffer expected = Buffer.gaussians(type, 2, mr * (width + 7));
        for (int r = 0; r < mr; r++) {
            for (int j = 0; j < width; j++) {
                double sum = sums.get(r * (width + 7) + j);
                for (int p = 0; p < k; p++) {
                    sum = fused(type, ((Number) Array.get(a, 3 + r * row + p)).doubleValue(), b.get(p * (width + 5) + j), sum);
                }
                expected.set(r * (width + 7) + j, sum);
            }
        }
        type.call("Streams", "along", mr, nv, a, 3, b, (long) (width + 5) * type.bytes, k, width, sums,
                (long) (width + 7) * type.bytes);
        sums.requireSameBits("along " + mr + "x" + nv + " k " + k, expected);
        sums.requireGuards();
    }

    private static void down(Type type, int mr, int nv, int k) {
        int width = nv * type.lanes();
        Buffer a = Buffer.gaussians(type, 3, mr * (k + 2));
        Buffer b = Buffer.gaussians(type, 4, k * width);
        Object c = type.heap(mr * width + 1);
        set(c, mr * width, 42);
        type.call("Streams", "down", mr, nv, a, (long) (k + 2) * type.bytes, b, k, c);
        for (int r = 0; r < mr; r++) {
            for (int j = 0; j < width; j++) {
                double sum = 0;
                for (int p = 0; p < k; p++) {
                    sum = fused(type, a.get(r * (k + 2) + p), b.get(p * width + j), sum);
                }
                assertEquals(sum, ((Number) Array.get(c, r * width + j)).doubleValue(), "down " + mr + "x" + nv + " k " + k);
            }
        }
        assertEquals(42, ((Number) Array.get(c, mr * width)).doubleValue(), "written behind the tile");
    }

    private static double fused(Type type, double a, double b, double c) {
        return type == Type.FLOAT ? Math.fma((float) a, (float) b, (float) c) : Math.fma(a, b, c);
    }

    private static void tile(Type type, String layout, int mr, int nv, int k, int gap, int rs, int ps) {
        int start = 3;
        int width = nv * type.lanes();
        int ldb = width + gap;
        Object a = type.heap(start + mr * rs + k * ps + 1);
        Buffer b = Buffer.gaussians(type, mr * 7 + nv, k * ldb);
        SplittableRandom random = new SplittableRandom(mr * 100 + nv);
        for (int i = 0; i < Array.getLength(a); i++) {
            set(a, i, Double.NaN);
        }
        for (int r = 0; r < mr; r++) {
            for (int p = 0; p < k; p++) {
                set(a, start + r * rs + p * ps, random.nextGaussian());
            }
        }
        Object c = type.heapC();
        set(c, mr * width, 42);
        if (gap == 0) {
            type.call("Tiles", layout, mr, nv, a, start, b, k, c);
        } else {
            type.call("Tiles", layout + "InPlace", mr, nv, a, start, b, (long) ldb * type.bytes, k, c);
        }
        Object plain = type.heapC();
        set(plain, mr * width, 42);
        type.call("ColdTiles", "plain", TileLayout.of(layout.equals("steps"), gap == 0), mr, width, a, start, b, (long) ldb * type.bytes, k, plain);
        for (int r = 0; r < mr; r++) {
            for (int j = 0; j < width; j++) {
                double sum = 0;
                double sizes = 0;
                for (int p = 0; p < k; p++) {
                    double product = ((Number) Array.get(a, start + r * rs + p * ps)).doubleValue() * b.get(p * ldb + j);
                    sum += product;
                    sizes += Math.abs(product);
                }
                assertEquals(sum, ((Number) Array.get(c, r * width + j)).doubleValue(), 2 * (k + 1) * type.unit * sizes,
                        type + " " + layout + " " + mr + "x" + nv + " k " + k + " element " + r + ", " + j);
                assertEquals(Array.get(c, r * width + j), Array.get(plain, r * width + j),
                        type + " " + layout + " " + mr + "x" + nv + " k " + k + " by plain loops, element " + r + ", " + j);
            }
        }
        assertEquals(42, ((Number) Array.get(c, mr * width)).doubleValue(), "written behind the tile");
        assertEquals(42, ((Number) Array.get(plain, mr * width)).doubleValue(), "written behind the tile by plain loops");
    }

    @Test
    void everyTileOfBfloat16EqualsNaiveLoops() {
        for (int mr = 1; mr <= 12; mr++) {
            // also those that a machine of 16 registers does not take
            for (int np : new int[] {1, mr == 1 ? 4 : mr <= 4 ? 2 : 1}) {
                for (int k : new int[] {0, 1, 2, 37}) {
                    halfTile(mr, np, k);
                }
            }
        }
        RuntimeException e = assertThrows(IllegalArgumentException.class,
                () -> FloatHalfTiles.rows(5, 2, new float[1], 0, null, 0, 0, 0, new float[1]));
        assertTrue(e.getMessage().contains("5 rows by 2 panels"), e.getMessage());
    }

    private static void halfTile(int mr, int np, int k) {
        int start = 3;
        int vl = Type.FLOAT.lanes();
        int panel = k * vl + 5;
        float[] a = new float[start + mr * FloatTiles.ROW];
        Arrays.fill(a, Float.NaN);
        SplittableRandom random = new SplittableRandom(mr * 100 + np);
        for (int r = 0; r < mr; r++) {
            for (int p = 0; p < k; p++) {
                a[start + r * FloatTiles.ROW + p] = (float) random.nextGaussian();
            }
        }
        // an element stands for two of bfloat16, whose bits are its upper and its lower half
        Buffer b = Buffer.gaussians(Type.FLOAT, mr * 7 + np, np * panel);
        float[] c = new float[FloatTiles.C_SCRATCH];
        c[mr * np * 2 * vl] = 42;
        FloatHalfTiles.rows(mr, np, a, start, b.segment, b.offset, (long) panel * Float.BYTES, k, c);
        for (int r = 0; r < mr; r++) {
            for (int j = 0; j < np * 2 * vl; j++) {
                float sum = 0;
                for (int p = 0; p < k; p++) {
                    int both = Float.floatToRawIntBits((float) b.get(j / (2 * vl) * panel + p * vl + j % vl));
                    float element = Float.intBitsToFloat(j / vl % 2 == 0 ? both << 16 : both & 0xffff0000);
                    sum = Math.fma(a[start + r * FloatTiles.ROW + p], element, sum);
                }
                assertEquals(sum, c[r * np * 2 * vl + j], mr + "x" + np + " k " + k + " element " + r + ", " + j);
            }
        }
        assertEquals(42, c[mr * np * 2 * vl], "written behind the tile");
    }

    private static void set(Object heap, int i, double value) {
        if (heap instanceof float[] floats) {
            floats[i] = (float) value;
        } else {
            Array.setDouble(heap, i, value);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aTileThatDoesNotExistIsRefused(Type type) {
        for (int[] shape : new int[][] {{14, 1}, {0, 1}, {9, 3}}) {
            RuntimeException e = assertThrows(IllegalArgumentException.class, () -> type.call("Tiles", "rows", shape[0],
                    shape[1], type.heap(1), 0, Buffer.of(type, 1), 0, type.heap(1)));
            assertTrue(e.getMessage().contains(shape[0] + " rows by " + shape[1]), e.getMessage());
        }
    }

    @Test
    void theTileOfAMachineIsTheOneThatFillsItsRegisters() {
        boolean arm = System.getProperty("os.arch").equals("aarch64");
        assertArrayEquals(new int[] {13, 2}, TileShape.of(64, TILE));
        assertArrayEquals(arm ? new int[] {13, 2} : new int[] {5, 2}, TileShape.of(32, TILE));
        assertArrayEquals(arm ? new int[] {8, 3} : new int[] {5, 2}, TileShape.of(16, TILE));
        System.setProperty(TILE, "8x3");
        assertArrayEquals(new int[] {8, 3}, TileShape.of(64, TILE));
        assertEquals(26, TileShape.tiles(64));
        assertEquals(arm ? 26 : 8, TileShape.tiles(32));
        assertEquals(12, TileShape.rowsOfHalves(64));
        assertEquals(arm ? 12 : 4, TileShape.rowsOfHalves(32));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "8", "8x", "x3", "14x1", "0x2", "9x3", "8x4", "8x3x1", "ax2", "-1x2", "8X3"})
    void aTilePropertyThatFitsNoTileIsRefusedByName(String value) {
        System.setProperty(TILE, value);
        RuntimeException e = assertThrows(IllegalArgumentException.class, () -> TileShape.of(64, TILE));
        assertTrue(e.getMessage().contains(TILE) && e.getMessage().contains("\"" + value + "\""), e.getMessage());
    }
}
