package tessella.kernels;

import java.util.Arrays;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/** Copies between layouts move every element and touch nothing else. */
class CopiesProperties {
    @Provide
    Arbitrary<Integer> extents() {
        return Arbitraries.oneOf(Arbitraries.integers().between(0, 40), Arbitraries.of(63, 64, 65, 130));
    }

    @Property(tries = 500, edgeCases = EdgeCasesMode.NONE)
    void everyElementGoesToItsPlaceForAnyStrides(@ForAll Type type, @ForAll("extents") int rows,
            @ForAll("extents") int n,
            @ForAll @IntRange(min = 0, max = 3) int layout, @ForAll @IntRange(min = 0, max = 3) int gap,
            @ForAll long seed) {
        int rs = new int[] {n + gap, 1, 2 * n + gap, 0}[layout];
        int cs = new int[] {1, rows + gap, 2, gap}[layout];
        int length = rows == 0 || n == 0 ? 0 : (rows - 1) * rs + (n - 1) * cs + 1;
        Buffer x = Buffer.gaussians(type, seed, length);
        int yrs = n + gap;
        Buffer y = Buffer.of(type, rows == 0 ? 0 : (rows - 1) * yrs + n);
        double[] expected = new double[y.length];
        Arrays.fill(expected, Double.NaN);
        for (int r = 0; r < rows; r++) {
            for (int j = 0; j < n; j++) {
                expected[r * yrs + j] = x.get((long) r * rs + (long) j * cs);
            }
        }
        type.call("Copies", "copy", x, rs, cs, y, yrs, rows, n);
        y.requireNear("copy of " + rows + " x " + n + ", strides " + rs + ", " + cs, expected, new double[y.length]);
    }
}
