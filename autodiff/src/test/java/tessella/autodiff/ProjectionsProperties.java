package tessella.autodiff;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AddLifecycleHook;
import tessella.engine.DType;
import tessella.engine.Regularizer;
import tessella.reference.TopKOracle;

/** The properties of projections onto the simplex and its sparse part, SX-1 to SX-5; the mass z is the lambda of the row. */
@AddLifecycleHook(MemoryReturned.class)
class ProjectionsProperties {
    private static double[] map(int n, IntToDoubleFunction f) {
        return IntStream.range(0, n).mapToDouble(f).toArray();
    }

    private static TopKRow row(long seed) {
        TopKRow any = TopKRow.any(seed);
        return any.with(Math.clamp(any.lambda(), 1e-9, 1e9), 2);
    }

    private static double[] sparse(TopKRow row) {
        return row.apply(ProjectionsProperties::sparse);
    }

    private static Tensor sparse(Tensor x, int k, Regularizer z) {
        return Projections.sparseSimplex(x, k, z.lambda());
    }

    private static double[] simplex(TopKRow row) {
        return row.apply((x, _, z) -> Projections.simplex(x, z.lambda()));
    }

    private static double distance(double[] a, double[] b) {
        return IntStream.range(0, a.length).mapToDouble(i -> (a[i] - b[i]) * (a[i] - b[i])).sum();
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void sx1ProjectionsSumToTheMassAreNotBelowZeroAndSparse(@ForAll long seed) {
        TopKRow row = row(seed);
        double[] y = sparse(row);
        assertEquals(row.lambda(), Arrays.stream(y).sum(), 1e-12 * row.n() * row.lambda(), row::toString);
        assertTrue(Arrays.stream(y).allMatch(v -> v >= 0), row::toString);
        assertTrue(Arrays.stream(y).filter(v -> v > 0).count() <= row.k(), row::toString);
        assertEquals(row.lambda(), Arrays.stream(simplex(row)).sum(), 1e-12 * row.n() * row.lambda(), row::toString);
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void sx2AProjectionStaysWhereItIs(@ForAll long seed) {
        TopKRow row = row(seed);
        double[] y = sparse(row);
        assertArrayEquals(y, sparse(row.of(y)), 1e-13 * row.n() * row.lambda(), row.toString());
        double[] dense = simplex(row);
        assertArrayEquals(dense, simplex(row.of(dense)), 1e-13 * row.n() * row.lambda(), row.toString());
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void sx3NoOtherPointIsNearer(@ForAll long seed) {
        TopKRow any = row(seed);
        TopKRow row = any.of(map(any.n(), i -> Math.clamp(any.x()[i], -50, 50))).with(Math.clamp(any.lambda(), 0.1, 10), 2);
        double[] y = sparse(row);
        double least = distance(row.x(), y);
        SplittableRandom random = new SplittableRandom(seed);
        for (int trial = 0; trial < 20; trial++) {
            // other places, or shares of the same ones
            double[] u = new double[row.n()];
            double sum = 0;
            boolean same = random.nextBoolean();
            for (int i = 0, left = row.k(); i < u.length && left > 0; i++) {
                if (same ? y[i] > 0 : random.nextInt(u.length - i) < left) {
                    u[i] = -StrictMath.log(1 - random.nextDouble()) + (same ? y[i] * 5 : 0);
                    sum += u[i];
                    left--;
                }
            }
            for (int i = 0; i < u.length; i++) {
                u[i] *= row.lambda() / sum;
            }
            assertTrue(distance(row.x(), u) >= least * (1 - 1e-12) - 1e-12, row::toString);
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void sx4WithAPlaceForEveryElementItIsTheSimplex(@ForAll long seed) {
        TopKRow row = row(seed);
        double[] y = simplex(row);
        assertArrayEquals(y, sparse(row.with(row.n())), row.toString());
        assertArrayEquals(y, sparse(row.with(row.n() + 3)), row.toString());
        assertArrayEquals(TopKOracle.simplex(row.x(), row.lambda()), y, 1e-12 * row.lambda() * row.n() + 1e-15 * size(row),
                row.toString());
        assertArrayEquals(TopKOracle.sparseSimplex(row.x(), row.k(), row.lambda()), sparse(row), 1e-12 * row.lambda() * row.n()
                + 1e-15 * size(row), row.toString());
    }

    /** The oracle subtracts the largest element from all. */
    private static double size(TopKRow row) {
        double[] s = row.sorted();
        return Math.min(row.lambda() * row.n(), s[0] - s[row.n() - 1]);
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void sx5TheGradientSumsToZeroOnTheSupport(@ForAll long seed) {
        TopKRow row = row(seed);
        double[] y = sparse(row);
        SplittableRandom random = new SplittableRandom(seed);
        double[] dy = map(row.n(), i -> random.nextGaussian());
        double[] dx = row.gradient(ProjectionsProperties::sparse, dy);
        double mean = IntStream.range(0, row.n()).filter(i -> y[i] > 0).mapToDouble(i -> dy[i]).average().orElse(0);
        assertEquals(0, Arrays.stream(dx).sum(), 1e-11 * row.n(), row::toString);
        for (int i = 0; i < row.n(); i++) {
            assertEquals(y[i] > 0 ? dy[i] - mean : 0, dx[i], 1e-11, row::toString);
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void float32IsThatOfFloat64(@ForAll long seed) {
        TopKRow any = row(seed);
        TopKRow row = any.of(map(any.n(), i -> (float) any.x()[i]));
        assertArrayEquals(sparse(row), row.apply(ProjectionsProperties::sparse, DType.F32), 2e-6 * row.lambda(), row.toString());
    }
}
