package tessella.reference;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Tuple;

/** Generators of shapes for property tests. */
public final class ShapeArbitraries {
    private ShapeArbitraries() {}

    /** Extents around what vector loops and blocks split at: 1, below, at and above powers of two, odd, prime. */
    public static Arbitrary<Integer> extents() {
        return Arbitraries.frequencyOf(
                Tuple.of(4, Arbitraries.integers().between(1, 9)),
                Tuple.of(3, Arbitraries.of(1, 7, 8, 15, 16, 17, 31, 32, 33)),
                Tuple.of(1, Arbitraries.integers().between(34, 70)));
    }

    /** Extents as {@link #extents}, and 0. */
    public static Arbitrary<Integer> extentsWithZero() {
        return Arbitraries.frequencyOf(Tuple.of(1, Arbitraries.just(0)),
                Tuple.of(8, extents()));
    }

    /** Small extents, for shapes of many axes. */
    public static Arbitrary<Integer> smallExtents() {
        return Arbitraries.integers().between(1, 6);
    }

    /** Shapes of {@code minRank..maxRank} axes with small extents. */
    public static Arbitrary<int[]> shapes(int minRank, int maxRank) {
        return smallExtents().array(int[].class).ofMinSize(minRank).ofMaxSize(maxRank);
    }

    /** Matrices {@code [rows, columns]} on both sides of the size at which work is split between threads. */
    public static Arbitrary<int[]> matrices() {
        Arbitrary<int[]> small = extents().array(int[].class).ofSize(2);
        Arbitrary<int[]> large = Arbitraries.of(new int[] {300, 130}, new int[] {1031, 65}, new int[] {2, 40_001},
                new int[] {40_001, 2}, new int[] {257, 257});
        return Arbitraries.frequencyOf(Tuple.of(9, small), Tuple.of(1, large));
    }
}
