package tessella.kernels;

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

    @Example
    void rowsOfNothingMayLieBeyondTheMemory() {
        for (Type type : Type.values()) {
            type.call("Copies", "copy", Buffer.of(type, 1), 7, 1, Buffer.of(type, 1), 7, 3, 0);
        }
    }

    @Property(tries = 400, edgeCases = EdgeCasesMode.NONE)
    void rowsAndElementsArePickedByIndexAndAddedBack(@ForAll Type type, @ForAll @IntRange(min = 1, max = 6) int rows,
            @ForAll @IntRange(min = 0, max = 7) int count, @ForAll("extents") int n, @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Buffer x = Buffer.gaussians(type, seed, rows * n);
        Buffer source = Buffer.gaussians(type, seed + 1, count * n);
        int first = 3;
        int[] picks = random.ints(first + count, 0, rows).toArray();
        int[] places = random.ints(first + count * n, 0, rows).toArray();
        int from = random.nextInt(n + 1);
        int to = from + random.nextInt(n - from + 1);
        double[] picked = new double[count * n];
        double[] elements = new double[count * n];
        double[] addedRows = x.values();
        double[] addedElements = x.values();
        for (int i = 0; i < count; i++) {
            for (int j = 0; j < n; j++) {
                int at = picks[first + i] * n + j;
                int place = places[first + i * n + j] * n + j;
                picked[i * n + j] = x.get(at);
                elements[i * n + j] = x.get(place);
                if (j >= from && j < to) {
                    addedRows[at] = type.rounded(addedRows[at] + source.get(i * n + j));
                }
                addedElements[place] = type.rounded(addedElements[place] + source.get(i * n + j));
            }
        }
        Buffer y = Buffer.of(type, count * n);
        type.call("Copies", "gatherRows", x, picks, first, y, count, n);
        y.requireNear("rows", picked, new double[count * n]);
        type.call("Copies", "gatherElements", x, places, first, y, count, n);
        y.requireNear("elements", elements, new double[count * n]);
        Buffer sum = x.copy();
        type.call("Copies", "scatterAddRows", source, picks, first, sum, count, n, from, to);
        sum.requireNear("rows added", addedRows, new double[rows * n]);
        sum = x.copy();
        type.call("Copies", "scatterAddElements", source, places, first, sum, count, n);
        sum.requireNear("elements added", addedElements, new double[rows * n]);
    }
}
