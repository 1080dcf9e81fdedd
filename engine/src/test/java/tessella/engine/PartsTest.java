package tessella.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tessella.reference.Array;
import tessella.reference.NormOracle;
import tessella.reference.ReductionOracle;
import tessella.reference.ValueArbitraries;

/** Operators on rows, of more rows than one task takes, against the oracles: later parts find their own rows. */
@ExtendWith(MemoryReturned.class)
class PartsTest {
    private static final int ROWS = 5_003;
    private static final int N = 11;
    private static final double EPS = 1e-6;

    private final Array x = ValueArbitraries.normal(1, ROWS, N);
    private final Array dy = ValueArbitraries.normal(2, ROWS, N);
    private final Array drow = ValueArbitraries.normal(3, ROWS, 1);
    private final Array gain = ValueArbitraries.normal(4, N);
    private final Array bias = ValueArbitraries.normal(5, N);

    private static void close(String what, Array expected, NdArray found) {
        Samples.requireClose(what, expected, found, 1e-4, 1e-11);
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F64"})
    void norms(DType dtype) {
        try (Scope _ = Scope.open()) {
            NdArray a = Samples.contiguous(dtype, x);
            NdArray g = Samples.contiguous(dtype, gain);
            NdArray b = Samples.contiguous(dtype, bias);
            NdArray d = Samples.contiguous(dtype, dy);
            Normalizers.LayerNorm layer = Normalizers.layerNorm(a, g, b, EPS);
            close("layerNorm", NormOracle.layerNorm(x, gain, bias, EPS), layer.y());
            NormOracle.Gradients expected = NormOracle.layerNormVjp(x, gain, bias, EPS, dy);
            Normalizers.LayerNormGradient gradient = Normalizers.layerNormGradient(a, g, b, layer, d);
            close("layerNorm dx", expected.x(), gradient.dx());
            close("layerNorm dgain", expected.scale(), gradient.dgain());
            close("layerNorm dbias", expected.bias(), gradient.dbias());
            Normalizers.Rms rms = Normalizers.rms(a, g, EPS);
            close("rms", NormOracle.rmsNorm(x, 1, gain, EPS), rms.y());
            List<Array> rmsExpected = NormOracle.rmsNormVjp(x, 1, gain, EPS, dy);
            Normalizers.RmsGradient rmsGradient = Normalizers.rmsGradient(a, g, rms, d);
            close("rms dx", rmsExpected.get(0), rmsGradient.dx());
            close("rms dgain", rmsExpected.get(1), rmsGradient.dgain());
            Normalizers.L2 l2 = Normalizers.l2(a, EPS);
            close("l2", NormOracle.l2Normalize(x, 1, EPS), l2.y());
            close("l2 dx", NormOracle.l2NormalizeVjp(x, 1, EPS, dy), Normalizers.l2Gradient(l2, d));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F64"})
    void reductions(DType dtype) {
        try (Scope _ = Scope.open()) {
            NdArray a = Samples.contiguous(dtype, x);
            NdArray d = Samples.contiguous(dtype, drow);
            Array exact = Array.of(x.shape(), a.toDoubles()); // rounded, so that the places of extremes are the same
            Array top = ReductionOracle.max(exact, 1);
            NdArray max = Extremes.max(a, 1);
            close("max", top, max);
            close("max dx", ReductionOracle.maxVjp(exact, drow, 1), Extremes.gradient(a, max, d, 1));
            assertArrayEquals(IntStream.range(0, ROWS).map(row -> IntStream.range(0, N)
                    .filter(i -> exact.get(row, i) == top.get(row, 0)).findFirst().orElseThrow()).toArray(),
                    Extremes.argmax(a, 1));
            Moments.Variance variance = Moments.variance(a, 0, 1);
            close("variance", ReductionOracle.variance(exact, 1), variance.y());
            close("variance dx", ReductionOracle.varianceVjp(exact, drow, 1),
                    Moments.varianceGradient(a, variance, 0, d, 1));
            close("cumulative sum", ReductionOracle.cumulativeSum(x, 1), Moments.cumulative(a, 1));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F64"})
    void picks(DType dtype) {
        SplittableRandom random = new SplittableRandom(6);
        int picked = 4;
        int[] indices = random.ints(ROWS * picked, 0, N).toArray();
        Array at = Array.fill(new int[] {ROWS, picked}, i -> x.get(i[0], indices[i[0] * picked + i[1]]));
        int wide = 4_999;
        int[] rows = {2, 0, 2};
        Array added = ValueArbitraries.normal(7, 3, wide);
        Array sums = Array.fill(new int[] {3, wide},
                i -> i[0] == 0 ? added.get(1, i[1]) : i[0] == 1 ? 0 : added.get(0, i[1]) + added.get(2, i[1]));
        try (Scope _ = Scope.open()) {
            close("pick", at, Gathers.selectEach(Samples.contiguous(dtype, x), 1, indices));
            NdArray y = NdArray.zeros(Scope.current(), dtype, Shape.of(3, wide));
            Gathers.addSelected(y, 0, rows, Samples.contiguous(dtype, added));
            close("add", sums, y);
        }
    }
}
