package tessella.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.SplittableRandom;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import tessella.reference.Array;
import tessella.reference.ShapeArbitraries;
import tessella.reference.ShapeOracle;
import tessella.reference.ValueArbitraries;

class NdArrayProperties {
    @Provide
    Arbitrary<int[]> shapes() {
        return ShapeArbitraries.shapes(1, 5);
    }

    @Provide
    Arbitrary<int[]> matrices() {
        return ShapeArbitraries.matrices();
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void chainsOfViewsReadWhatTheOracleReads(@ForAll("shapes") int[] shape, @ForAll DType dtype, @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Array expected = ValueArbitraries.normal(seed, shape).map(v -> Math.rint(16 * v) / 16); // exact in 8 bits
        try (Scope _ = Scope.open()) {
            NdArray x = Samples.any(dtype, expected, seed);
            for (int step = 0; step < 5; step++) {
                int rank = expected.rank();
                switch (random.nextInt(3)) {
                    case 0 -> {
                        int[] order = IntStream.range(0, rank).toArray();
                        for (int i = 0; i < rank; i++) {
                            int j = random.nextInt(i + 1);
                            int swap = order[i];
                            order[i] = order[j];
                            order[j] = swap;
                        }
                        x = x.permute(order);
                        expected = expected.permute(order);
                    }
                    case 1 -> {
                        int axis = random.nextInt(rank);
                        int from = random.nextInt(expected.dim(axis) + 1);
                        int to = from + random.nextInt(expected.dim(axis) - from + 1);
                        x = x.slice(axis, from, to);
                        expected = ShapeOracle.slice(expected, axis, from, to);
                    }
                    default -> {
                        int[] dims = {expected.size() == 0 ? 0 : expected.dim(0),
                            expected.size() == 0 ? 3 : expected.size() / Math.max(1, expected.dim(0))};
                        x = x.reshaped(Samples.shape(dims));
                        expected = expected.reshape(dims);
                    }
                }
            }
            assertEquals(Samples.shape(expected.shape()), x.shape());
            assertArrayEquals(expected.data(), x.toDoubles());
            assertArrayEquals(expected.toFloats(), x.contiguous().toFloats());
            for (int[] index : expected.indices()) {
                assertEquals(expected.get(index), x.get(IntStream.of(index).asLongStream().toArray()));
            }
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void copyingIntoAViewWritesItsElementsOnly(@ForAll("shapes") int[] shape, @ForAll DType dtype, @ForAll long seed) {
        Array values = ValueArbitraries.normal(seed, shape).map(v -> Math.rint(16 * v) / 16); // exact in 8 bits
        SplittableRandom random = new SplittableRandom(seed);
        try (Scope scope = Scope.open()) {
            int axis = random.nextInt(shape.length);
            int[] larger = shape.clone();
            larger[axis] += 3;
            NdArray target = NdArray.full(scope, dtype, Samples.shape(larger), 42);
            target.slice(axis, 2, 2 + shape[axis]).copyFrom(Samples.any(dtype, values, seed));
            int[] before = new int[shape.length];
            int[] after = new int[shape.length];
            before[axis] = 2;
            after[axis] = 1;
            assertArrayEquals(ShapeOracle.pad(values, before, after, 42).data(), target.toDoubles());
        }
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void largeTransposesMoveEveryElement(@ForAll("matrices") int[] shape, @ForAll DType dtype) {
        try (Scope _ = Scope.open()) {
            double[] numbers = new double[shape[0] * shape[1]];
            for (int i = 0; i < numbers.length; i++) {
                numbers[i] = i;
            }
            NdArray x = NdArray.of(Scope.current(), Samples.shape(shape), numbers);
            if (dtype == DType.F32) {
                NdArray single = NdArray.empty(Scope.current(), DType.F32, x.shape());
                single.copyFrom(numbers);
                x = single;
            }
            double[] turned = x.transpose().copy().toDoubles();
            for (int i = 0; i < shape[0]; i++) {
                for (int j = 0; j < shape[1]; j++) {
                    if (turned[j * shape[0] + i] != numbers[i * shape[1] + j]) {
                        assertEquals(numbers[i * shape[1] + j], turned[j * shape[0] + i], i + ", " + j);
                    }
                }
            }
        }
    }
}
