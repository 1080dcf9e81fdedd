package tessella.engine;

import static tessella.engine.Samples.refused;

import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import tessella.reference.Array;
import tessella.reference.ElementwiseOracle;
import tessella.reference.NormOracle;
import tessella.reference.ReductionOracle;
import tessella.reference.ShapeArbitraries;
import tessella.reference.SoftmaxOracle;
import tessella.reference.ValueArbitraries;

/** Sums, softmaxes, norms and elementwise operators over any axes and layouts, against the oracles. */
class AxesProperties {
    @Provide
    Arbitrary<int[]> shapes() {
        return ShapeArbitraries.shapes(1, 5);
    }

    @Provide
    Arbitrary<int[]> matrices() {
        return ShapeArbitraries.matrices();
    }

    /** A set of axes, some counted from the end. */
    private static int[] axes(SplittableRandom random, int rank, int fewest) {
        int[] axes = IntStream.range(0, rank).filter(i -> random.nextBoolean()).map(i -> random.nextBoolean() ? i : i
                - rank)
                .toArray();
        return axes.length < fewest ? new int[] {random.nextInt(rank)} : axes;
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void sumsOverAnyAxesEqualTheOracle(@ForAll(supplier = Computed.class) DType dtype, @ForAll("shapes") int[] shape,
            @ForAll long seed) {
        int[] axes = axes(new SplittableRandom(seed), shape.length, 0);
        Array x = ValueArbitraries.normal(seed, shape);
        try (Scope _ = Scope.open()) {
            NdArray y = Sums.sum(Samples.any(dtype, x, seed), 0.5, axes);
            Samples.requireClose("sum", ReductionOracle.sum(x, axes).times(0.5), y, 1e-5, 1e-14);
        }
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void largeMatricesAreSummedAndSoftmaxedAlongEitherAxis(@ForAll(supplier = Computed.class) DType dtype,
            @ForAll("matrices") int[] shape,
            @ForAll long seed) {
        int axis = (int) (seed >> 5 & 1);
        Array x = ValueArbitraries.normal(seed, shape);
        try (Scope _ = Scope.open()) {
            NdArray array = Samples.any(dtype, x, seed);
            Samples.requireClose("sum", ReductionOracle.sum(x, axis), Sums.sum(array, 1, axis), 1e-5, 1e-13);
            Samples.requireClose("softmax", SoftmaxOracle.softmax(x, axis), Softmaxes.forward(array, axis), 1e-5,
                    1e-13);
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void softmaxesOverAnyAxesEvenScatteredOnesEqualTheOracle(@ForAll(supplier = Computed.class) DType dtype,
            @ForAll("shapes") int[] shape,
            @ForAll ValueArbitraries.Kind kind, @ForAll long seed) {
        int[] axes = axes(new SplittableRandom(seed), shape.length, 1);
        Array x = ValueArbitraries.array(seed, kind, shape);
        Array dy = ValueArbitraries.normal(seed + 1, shape);
        try (Scope _ = Scope.open()) {
            NdArray y = Softmaxes.forward(Samples.any(dtype, x, seed), axes);
            Array expected = SoftmaxOracle.softmax(x, axes);
            Samples.requireClose("softmax", expected, y, 2e-5, 1e-12);
            Array own = Array.of(shape, y.toDoubles());
            double[] want = new double[dy.size()];
            Array weighted = own.times(dy);
            Array dots = ReductionOracle.sum(weighted, axes);
            int at = 0;
            for (int[] index : dy.indices()) {
                want[at++] = own.get(index) * (dy.get(index) - dots.getBroadcast(index));
            }
            Samples.requireClose("gradient", Array.of(shape, want), Softmaxes.gradient(y, Samples.any(dtype, dy,
                    seed >> 1),
                    axes), 1e-5, 1e-13);
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void normsOverTheLastAxisEqualTheOracle(@ForAll(supplier = Computed.class) DType dtype, @ForAll("shapes") int[] shape,
            @ForAll boolean gained,
            @ForAll long seed) {
        Array x = ValueArbitraries.normal(seed, shape);
        Array dy = ValueArbitraries.normal(seed + 1, shape);
        int n = x.dim(-1);
        Array gain = gained ? ValueArbitraries.normal(seed + 2, n) : Array.full(new int[] {n}, 1);
        Array bias = gained ? ValueArbitraries.normal(seed + 3, n) : Array.zeros(n);
        double eps = 0.01;
        try (Scope _ = Scope.open()) {
            NdArray array = Samples.any(dtype, x, seed);
            NdArray cotangent = Samples.any(dtype, dy, seed >> 1);
            NdArray g = gained ? Samples.contiguous(dtype, gain) : null;
            NdArray b = gained ? Samples.contiguous(dtype, bias) : null;
            Normalizers.LayerNorm found = Normalizers.layerNorm(array, g, b, eps);
            Samples.requireClose("layerNorm", NormOracle.layerNorm(x, gain, bias, eps), found.y(), 2e-5, 1e-13);
            Normalizers.LayerNormGradient d = Normalizers.layerNormGradient(array, g, b, found, cotangent);
            NormOracle.Gradients expected = NormOracle.layerNormVjp(x, gain, bias, eps, dy);
            Samples.requireClose("dx", expected.x(), d.dx(), 1e-4, 1e-12);
            if (gained) {
                Samples.requireClose("dgain", expected.scale(), d.dgain(), 1e-4, 1e-12);
                Samples.requireClose("dbias", expected.bias(), d.dbias(), 1e-4, 1e-12);
            }
            Normalizers.L2 l2 = Normalizers.l2(array, eps);
            Samples.requireClose("l2", NormOracle.l2Normalize(x, -1, eps), l2.y(), 1e-5, 1e-14);
            Samples.requireClose("l2 gradient", NormOracle.l2NormalizeVjp(x, -1, eps, dy), Normalizers.l2Gradient(l2,
                    cotangent),
                    1e-4, 1e-13);
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void elementwiseOperatorsBroadcastAnyLayouts(@ForAll(supplier = Computed.class) DType dtype, @ForAll("shapes") int[] shape,
            @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Array a = ValueArbitraries.normal(seed, part(random, shape));
        Array b = ValueArbitraries.normal(seed + 1, part(random, shape)).map(v -> v < 0 ? v - 1 : v + 1);
        b = b.roundedToFloat();
        try (Scope _ = Scope.open()) {
            NdArray x = Samples.any(dtype, a, seed);
            NdArray y = Samples.any(dtype, b, seed >> 1);
            Samples.requireClose("add", ElementwiseOracle.add(a, b), Pointwise.apply(Pointwise.Binary.ADD, x, y), 2e-7,
                    1e-15);
            Samples.requireClose("sub", ElementwiseOracle.sub(a, b), Pointwise.apply(Pointwise.Binary.SUB, x, y), 2e-7,
                    1e-15);
            Samples.requireClose("mul", ElementwiseOracle.mul(a, b), Pointwise.apply(Pointwise.Binary.MUL, x, y), 2e-7,
                    1e-15);
            Samples.requireClose("div", ElementwiseOracle.div(a, b), Pointwise.apply(Pointwise.Binary.DIV, x, y), 2e-7,
                    1e-15);
            Samples.requireClose("gelu", ElementwiseOracle.geluTanh(a), Pointwise.apply(Pointwise.Unary.GELU, x), 2e-6,
                    1e-14);
            Samples.requireClose("sigmoid", ElementwiseOracle.sigmoid(a), Pointwise.apply(Pointwise.Unary.SIGMOID, x),
                    1e-6,
                    1e-15);
            Samples.requireClose("scale", a.times(0.25), Pointwise.scale(x, 0.25), 0, 0);
        }
    }

    private static int[] part(SplittableRandom random, int[] shape) {
        return IntStream.range(random.nextInt(shape.length + 1), shape.length).map(i -> random.nextInt(3) == 0 ? 1
                : shape[i])
                .toArray();
    }

    @Example
    void axesAndShapesThatDoNotExistAreRefused() {
        try (Scope scope = Scope.open()) {
            NdArray x = NdArray.zeros(scope, DType.F32, Shape.of(2, 3));
            refused(() -> Sums.sum(x, 1, 2), "[2, 3]", "2");
            refused(() -> Softmaxes.forward(x), "softmax", "at least one axis", "[2, 3]");
            refused(() -> Softmaxes.forward(x, -3), "[2, 3]", "-3");
            refused(() -> Pointwise.apply(Pointwise.Binary.ADD, x, x.slice(1, 0, 2)), "add", "[2, 3]", "[2, 2]");
            refused(() -> Normalizers.layerNorm(x, x, null, 1), "layerNorm", "gain", "[3]");
            refused(() -> Normalizers.layerNorm(x, null, NdArray.zeros(scope, DType.F32, Shape.of(3)), 1), "layerNorm",
                    "gain");
            refused(() -> Normalizers.l2(NdArray.zeros(scope, DType.F32, Shape.of()), 1), "l2Normalize", "[]");
            refused(() -> CrossEntropy.softmax(x, new int[] {0}, 0), "softmaxCrossEntropy", "2 labels", "[2, 3]", "1");
            refused(() -> CrossEntropy.softmax(x, new int[] {0, 3}, 0), "[0, 3)", "3 at row 1");
            refused(() -> CrossEntropy.softmax(x, new int[2], Double.NaN), "smoothing", "NaN");
            refused(() -> Update.of(UpdateRule.Adam.DEFAULT, scope, List.of(new Update.Target(x, 1, 0)))
                    .gradient(0, x.transpose()), "adam", "[2, 3]", "[3, 2]");
        }
    }
}
