package tessella.models.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.engine.Random;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.Workers;

/** Distributions of initial values. The draws are fixed, so the bounds are of the draws, four standard errors wide. */
class InitializerTest {
    private static final int DRAWS = 200_000;

    @AfterEach
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    @Test
    void lecunNormalHasTheVarianceOfTheFanInAfterItsCut() {
        for (long fanIn : new long[] {1, 16, 784}) {
            double[] values = draw(Initializer.lecunNormal(fanIn), "lecun");
            double std = 1 / Math.sqrt(fanIn);
            assertEquals(0, mean(values), 4 * std / Math.sqrt(DRAWS));
            // the fourth moment of the cut normal is 2.36 variances squared
            assertEquals(1.0 / fanIn, meanOfSquares(values), 4 * std * std * Math.sqrt(1.36 / DRAWS));
            double cut = 2 * std / Initializer.TRUNCATED;
            double largest = Arrays.stream(values).map(Math::abs).max().orElseThrow();
            assertTrue(largest <= cut && largest > 0.999 * cut, largest + " of " + cut);
        }
    }

    @Test
    void xavierUniformFillsItsLimitsEvenly() {
        double limit = Math.sqrt(6.0 / (64 + 256));
        double[] values = draw(Initializer.xavierUniform(64, 256), "xavier");
        assertTrue(Arrays.stream(values).allMatch(v -> Math.abs(v) <= limit));
        assertEquals(0, mean(values), 4 * limit / Math.sqrt(3.0 * DRAWS));
        assertEquals(2.0 / (64 + 256), meanOfSquares(values), 4 * limit * limit * Math.sqrt(4.0 / 45 / DRAWS));
        int[] tenths = new int[10];
        for (double v : values) {
            tenths[(int) Math.min(9, 10 * (v + limit) / (2 * limit))]++;
        }
        for (int count : tenths) {
            assertEquals(DRAWS / 10.0, count, 4 * Math.sqrt(DRAWS * 0.09));
        }
    }

    @Test
    void normalHasItsStandardDeviation() {
        double[] values = draw(Initializer.normal(0.02), "normal");
        assertEquals(0, mean(values), 4 * 0.02 / Math.sqrt(DRAWS));
        assertEquals(4e-4, meanOfSquares(values), 4 * 4e-4 * Math.sqrt(2.0 / DRAWS));
        assertTrue(Arrays.stream(values).anyMatch(v -> Math.abs(v) > 3 * 0.02), "not cut");
    }

    @Test
    void aConstantIsOne() {
        assertArrayEquals(new double[] {-0.5, -0.5, -0.5}, draw(Initializer.constant(-0.5), "c", 3));
    }

    @Test
    void repeatedBlocksAreEqualAndTheFirstIsThatOfTheUnrepeated() {
        Initializer one = Initializer.normal(1);
        double[] plain = draw(one, "r", 12);
        double[] repeated = draw(one.repeated(4), "r", 12);
        for (int i = 0; i < 12; i++) {
            assertEquals(plain[i % 4], repeated[i]);
        }
        assertFalse(Arrays.equals(plain, repeated));
    }

    @Test
    void valuesDependOnSeedNameAndIndexOnly() {
        Initializer initializer = Initializer.lecunNormal(9);
        double[] long1 = draw(initializer, "a", 100);
        assertArrayEquals(Arrays.copyOf(long1, 10), draw(initializer, "a", 10));
        assertFalse(Arrays.equals(long1, draw(initializer, "b", 100)));
        assertFalse(Arrays.equals(long1, values(initializer, Random.of(8, "a"), 100)));
        double[] backwards = new double[100];
        for (int i = 99; i >= 0; i--) {
            backwards[i] = initializer.value(Random.of(7, "a"), i);
        }
        assertArrayEquals(long1, backwards);
    }

    @Test
    @Tag("widths")
    void bothPrecisionsAreTheSameNumberRounded() {
        try (Scope scope = Scope.open()) {
            NdArray f32 = NdArray.empty(scope, DType.F32, Shape.of(3, 5));
            NdArray f64 = NdArray.empty(scope, DType.F64, Shape.of(3, 5));
            Initializer initializer = Initializer.xavierUniform(3, 5);
            initializer.fill(f32, Random.of(7, "p"));
            initializer.fill(f64, Random.of(7, "p"));
            double[] exact = f64.toDoubles();
            assertArrayEquals(draw(initializer, "p", 15), exact);
            float[] rounded = f32.toFloats();
            for (int i = 0; i < 15; i++) {
                assertEquals((float) exact[i], rounded[i]);
            }
        }
    }

    @Test
    void arraysOfManyPartsHaveTheValueOfEachElementForAnyThreads() {
        int n = 12_293;
        for (Initializer initializer : List.of(Initializer.xavierUniform(3, 5), Initializer.normal(2), Initializer.lecunNormal(4),
                Initializer.normal(1).repeated(6), Initializer.xavierUniform(3, 5).repeated(6))) {
            double[] expected = draw(initializer, "p", n);
            for (int threads = 1; threads <= 3; threads++) {
                try (Workers workers = Workers.of(threads); Scope scope = Scope.open()) {
                    NdArray array = NdArray.empty(scope, DType.F64, Shape.of(n));
                    Workers.with(workers, () -> initializer.fill(array, Random.of(7, "p")));
                    assertArrayEquals(expected, array.toDoubles());
                }
            }
        }
    }

    private static double[] draw(Initializer initializer, String name) {
        return draw(initializer, name, DRAWS);
    }

    private static double[] draw(Initializer initializer, String name, int count) {
        return values(initializer, Random.of(7, name), count);
    }

    private static double[] values(Initializer initializer, Random random, int count) {
        return IntStream.range(0, count).mapToDouble(i -> initializer.value(random, i)).toArray();
    }

    private static double mean(double[] values) {
        return Arrays.stream(values).average().orElseThrow();
    }

    private static double meanOfSquares(double[] values) {
        return Arrays.stream(values).map(v -> v * v).average().orElseThrow();
    }
}
