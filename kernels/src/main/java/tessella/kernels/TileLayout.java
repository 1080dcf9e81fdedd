package tessella.kernels;

/** How a tile finds A in the heap, row by row or step by step, and B in native memory, packed into panels or in place. */
enum TileLayout {
    ROWS(false, true),
    STEPS(true, true),
    ROWS_IN_PLACE(false, false),
    STEPS_IN_PLACE(true, false);

    final boolean bySteps;
    final boolean packed;

    TileLayout(boolean bySteps, boolean packed) {
        this.bySteps = bySteps;
        this.packed = packed;
    }

    static TileLayout of(boolean bySteps, boolean packed) {
        return bySteps ? packed ? STEPS : STEPS_IN_PLACE : packed ? ROWS : ROWS_IN_PLACE;
    }
}
