package tessella.kernels;

/** Rows and vectors of a full tile of the matrix product, by the registers of the machine. */
final class TileShape {
    private TileShape() {}

    /**
     * {rows, vectors}: 13 x 2 is what C2 keeps in 32 registers of 512 bits, 8 x 3 in the 32 registers of 128 bits of AArch64, and
     * 5 x 2 in the 16 registers of AVX2. A property such as "8x3" overrides the choice.
     */
    static int[] of(int vectorBytes, String property) {
        String shape = System.getProperty(property);
        if (shape == null) {
            return !manyRegisters(vectorBytes) ? new int[] {5, 2} : vectorBytes == 16 ? new int[] {8, 3} : new int[] {13, 2};
        }
        String[] sides = shape.split("x");
        int rows = sides.length == 2 ? number(sides[0]) : 0;
        int vectors = sides.length == 2 ? number(sides[1]) : 0;
        if (rows < 1 || rows > 13 || vectors < 1 || vectors > 3 || rows * vectors > 26) {
            throw new IllegalArgumentException("property " + property + ": expected ROWSxVECTORS with 1 to 13 rows, "
                    + "1 to 3 vectors and at most 26 accumulators, such as 13x2, found \"" + shape + "\"");
        }
        return new int[] {rows, vectors};
    }

    /** Tiles of A that leave room in L2: 1 MB of the 2 MB of a Xeon with AVX-512, 160 KB of 512 where there are 16 registers. */
    static int tiles(int vectorBytes) {
        return manyRegisters(vectorBytes) ? 26 : 8;
    }

    /** Rows of a tile of 2 vectors of bfloat16, which needs a vector of them and a mask besides. */
    static int rowsOfHalves(int vectorBytes) {
        return manyRegisters(vectorBytes) ? 12 : 4;
    }

    /** Whether there are 32 registers, as with AVX-512 and on AArch64, and not 16. */
    static boolean manyRegisters(int vectorBytes) {
        return vectorBytes == 64 || System.getProperty("os.arch").equals("aarch64");
    }

    private static int number(String text) {
        return text.matches("[0-9]{1,2}") ? Integer.parseInt(text) : 0;
    }
}
