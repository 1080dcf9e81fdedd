package tessella.autodiff;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.BiFunction;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import tessella.autodiff.Operator.Library;
import tessella.autodiff.Operator.Oracle;
import tessella.autodiff.Operator.OracleGradient;
import tessella.autodiff.Operator.Sample;
import tessella.engine.Random;
import tessella.engine.transport.Cardinality;
import tessella.engine.transport.SolverOptions;
import tessella.reference.Array;
import tessella.reference.CentralDifference;
import tessella.reference.EinsumOracle;
import tessella.reference.ElementwiseOracle;
import tessella.reference.IndexOracle;
import tessella.reference.LossOracle;
import tessella.reference.NormOracle;
import tessella.reference.PatchOracle;
import tessella.reference.ReductionOracle;
import tessella.reference.ResizeOracle;
import tessella.reference.ShapeOracle;
import tessella.reference.SoftmaxOracle;
import tessella.reference.ValueArbitraries;

/**
 * Operators with random operands, their oracles, and the oracles of their gradients: written out, or for an operator that is
 * linear in each operand found by applying the oracle to unit vectors, or by differences of the oracle.
 */
final class Operators {
    private static final double EPS = 0.01;
    /** What a gradient found by differences of the oracle is good to. */
    private static final double DIFFERENCES = 1e-7;

    private Operators() {}

    /**
     * An operator under the name of its method.
     *
     * @param tolerance relative, of the oracle's gradient
     */
    record Tested(String name, double tolerance, Function<SplittableRandom, Sample> samples) {
        Sample sample(long seed) {
            return samples.apply(new SplittableRandom(seed));
        }

        @Override
        public String toString() {
            return name;
        }
    }

    /** Every operator. */
    static List<Tested> all() {
        return Stream.of(Arrays.stream(Operator.values()).map(o -> new Tested(o.name(), 1e-11, r -> o.sample(r.nextLong()))),
                functions(), pairs(), rows(), shapes(), indexing(), losses(), resizes(), SparseTopKOperators.all(), transport())
                .flatMap(s -> s).toList();
    }

    // ---- how gradients of oracles are found

    /** Of a map that is affine in each operand: the cotangent of an element is what a unit of it adds to dy . y. */
    private static OracleGradient affine(Oracle f) {
        return (x, dy) -> {
            List<Array> out = new ArrayList<>();
            for (int o = 0; o < x.size(); o++) {
                Array operand = x.get(o);
                Array base = f.apply(with(x, o, operand.times(0)));
                double[] gradient = new double[operand.size()];
                for (int i = 0; i < gradient.length; i++) {
                    double[] unit = new double[gradient.length];
                    unit[i] = 1;
                    gradient[i] = dy.dot(f.apply(with(x, o, Array.of(operand.shape(), unit))).plus(base.times(-1)));
                }
                out.add(Array.of(operand.shape(), gradient));
            }
            return out;
        };
    }

    private static OracleGradient differences(Oracle f) {
        return (x, dy) -> {
            List<Array> out = new ArrayList<>();
            for (int o = 0; o < x.size(); o++) {
                int at = o;
                out.add(CentralDifference.vjp(v -> f.apply(with(x, at, v)), x.get(o), dy));
            }
            return out;
        };
    }

    private static List<Array> with(List<Array> x, int at, Array value) {
        List<Array> out = new ArrayList<>(x);
        out.set(at, value);
        return out;
    }

    private static Array normal(SplittableRandom r, int... shape) {
        return ValueArbitraries.normal(r.nextLong(), shape);
    }

    private static int[] dims(SplittableRandom r) {
        return new int[] {r.nextInt(1, 5), r.nextInt(1, 5), r.nextInt(1, 6)};
    }

    // ---- elementwise

    private static Tested function(String name, UnaryOperator<Tensor> library, DoubleUnaryOperator f, DoubleUnaryOperator slope,
            DoubleUnaryOperator domain) {
        return new Tested(name, 1e-11, r -> new Sample(List.of(normal(r, dims(r)).map(domain).roundedToFloat()),
                x -> library.apply(x.get(0)), x -> x.get(0).map(f), (x, dy) -> List.of(dy.times(x.get(0).map(slope)))));
    }

    private static Stream<Tested> functions() {
        DoubleUnaryOperator all = x -> 2 * x;
        DoubleUnaryOperator positive = x -> Math.abs(x) + 0.25;
        DoubleUnaryOperator apart = x -> x < 0 ? x - 0.25 : x + 0.25;
        DoubleUnaryOperator s = x -> 1 / (1 + Math.exp(-x));
        double root = Math.sqrt(Math.PI);
        DoubleUnaryOperator phi = x -> (1 + ElementwiseOracle.erf(x / Math.sqrt(2))) / 2;
        return Stream.of(
                function("abs", Elementwise::abs, Math::abs, Math::signum, apart),
                function("expm1", Elementwise::expm1, Math::expm1, Math::exp, all),
                function("log", Elementwise::log, Math::log, x -> 1 / x, positive),
                function("log1p", Elementwise::log1p, Math::log1p, x -> 1 / (1 + x), x -> Math.abs(x) - 0.75),
                function("sqrt", Elementwise::sqrt, Math::sqrt, x -> 0.5 / Math.sqrt(x), positive),
                function("rsqrt", Elementwise::rsqrt, x -> 1 / Math.sqrt(x), x -> -0.5 / (x * Math.sqrt(x)), positive),
                function("square", Elementwise::square, x -> x * x, x -> 2 * x, all),
                function("sin", Elementwise::sin, Math::sin, Math::cos, all),
                function("cos", Elementwise::cos, Math::cos, x -> -Math.sin(x), all),
                function("tanh", Elementwise::tanh, Math::tanh, x -> 1 / (Math.cosh(x) * Math.cosh(x)), all),
                function("erf", Elementwise::erf, ElementwiseOracle::erf, x -> 2 / root * Math.exp(-x * x), all),
                function("sigmoid", Elementwise::sigmoid, s, x -> s.applyAsDouble(x) * s.applyAsDouble(-x), all),
                function("logSigmoid", Elementwise::logSigmoid, x -> -Math.log1p(Math.exp(-x)), x -> s.applyAsDouble(-x), all),
                function("softplus", Elementwise::softplus, x -> Math.log1p(Math.exp(x)), s, all),
                function("silu", Elementwise::silu, x -> x * s.applyAsDouble(x),
                        x -> s.applyAsDouble(x) * (1 + x * s.applyAsDouble(-x)), all),
                function("relu", Elementwise::relu, x -> Math.max(x, 0), x -> x > 0 ? 1 : 0, apart),
                function("geluErf", Elementwise::geluErf, x -> x * phi.applyAsDouble(x),
                        x -> phi.applyAsDouble(x) + x * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI), all),
                function("clamp", x -> Elementwise.clamp(x, -0.5, 0.75), x -> Math.clamp(x, -0.5, 0.75),
                        x -> x >= -0.5 && x <= 0.75 ? 1 : 0, x -> Math.abs(Math.abs(x) - 0.6) < 0.2 ? 0.1 : x),
                function("pow", x -> Elementwise.pow(x, -1.5), x -> Math.pow(x, -1.5), x -> -1.5 * Math.pow(x, -2.5), positive),
                new Tested("dropout", 1e-11, Operators::dropout));
    }

    private static Sample dropout(SplittableRandom r) {
        Random random = Random.of(r.nextLong(), "dropout").at(r.nextInt(100), 3);
        Array x = normal(r, dims(r));
        Array mask = Array.of(x.shape(), IntStream.range(0, x.size())
                .mapToDouble(i -> random.uniform(i) < 0.75 ? 1 / 0.75 : 0).toArray());
        return new Sample(List.of(x), t -> Elementwise.dropout(t.get(0), 0.25, random), a -> a.get(0).times(mask),
                (a, dy) -> List.of(dy.times(mask)));
    }

    private static Tested pair(String name, BiFunction<Tensor, Tensor, Tensor> library, DoubleBinaryOperator f,
            DoubleBinaryOperator slopeA, DoubleBinaryOperator slopeB, DoubleUnaryOperator domain) {
        return new Tested(name, 1e-11, r -> {
            boolean flip = r.nextBoolean();
            int[] d = dims(r);
            // values on a grid: some of them tie
            Array a = normal(r, flip ? new int[] {d[0], 1, d[2]} : new int[] {d[2]}).map(domain).roundedToFloat();
            Array b = normal(r, flip ? new int[] {d[1], 1} : d).map(domain).roundedToFloat();
            return new Sample(List.of(a, b), x -> library.apply(x.get(0), x.get(1)), x -> x.get(0).zip(x.get(1), f),
                    (x, dy) -> List.of(dy.times(x.get(0).zip(x.get(1), slopeA)).sumTo(a.shape()),
                            dy.times(x.get(0).zip(x.get(1), slopeB)).sumTo(b.shape())));
        });
    }

    private static Stream<Tested> pairs() {
        DoubleUnaryOperator grid = x -> Math.rint(4 * x) / 4;
        DoubleBinaryOperator above = (a, b) -> a > b ? 1 : a == b ? 0.5 : 0;
        DoubleBinaryOperator below = (a, b) -> a < b ? 1 : a == b ? 0.5 : 0;
        // equal, or so far apart that no difference crosses the kink
        DoubleUnaryOperator coarse = x -> Math.rint(4 * x) / 4;
        return Stream.of(
                pair("max", Elementwise::max, Math::max, above, below, coarse),
                pair("min", Elementwise::min, Math::min, below, above, coarse),
                pair("powTensors", Elementwise::pow, Math::pow, (a, b) -> b * Math.pow(a, b - 1),
                        (a, b) -> Math.pow(a, b) * Math.log(a), x -> Math.abs(grid.applyAsDouble(x)) + 0.25),
                new Tested("gatedGelu", 1e-11, r -> {
                    int[] d = dims(r);
                    return new Sample(List.of(normal(r, d), normal(r, d)), x -> Elementwise.gatedGelu(x.get(0), x.get(1)),
                            x -> ElementwiseOracle.geluTanh(x.get(0)).times(x.get(1)),
                            (x, dy) -> List.of(ElementwiseOracle.geluTanhVjp(x.get(0), dy.times(x.get(1))),
                                    dy.times(ElementwiseOracle.geluTanh(x.get(0)))));
                }),
                new Tested("where", 1e-11, r -> {
                    int[] d = dims(r);
                    Array c = normal(r, r.nextBoolean() ? d : new int[] {d[1], 1}).map(v -> v > 0 ? 1 : 0);
                    Oracle f = x -> c.times(x.get(0)).plus(c.map(v -> 1 - v).times(x.get(1)));
                    return new Sample(List.of(normal(r, d[2]), normal(r, d)), x -> Elementwise.where(
                            Tensor.of(Operator.array(x.get(0).dtype(), c)), x.get(0), x.get(1)), f, affine(f));
                }));
    }

    // ---- along axes

    private static Stream<Tested> rows() {
        return Stream.of(
                axes("maskedSoftmax", (x, axes, mask) -> Softmax.maskedSoftmax(x, mask, axes),
                        (x, axes, mask) -> SoftmaxOracle.maskedSoftmax(x, mask, axes),
                        (x, axes, mask, dy) -> SoftmaxOracle.maskedSoftmaxVjp(x, mask, dy, axes)),
                axes("logSoftmax", (x, axes, mask) -> Softmax.logSoftmax(x, axes),
                        (x, axes, mask) -> SoftmaxOracle.logSoftmax(x, axes),
                        (x, axes, mask, dy) -> SoftmaxOracle.logSoftmaxVjp(x, dy, axes)),
                axes("logSumExp", (x, axes, mask) -> Softmax.logSumExp(x, axes),
                        (x, axes, mask) -> dropped(x, SoftmaxOracle.logSumExp(x, axes), axes),
                        (x, axes, mask, dy) -> SoftmaxOracle.logSumExpVjp(x, kept(x, dy, axes), axes)),
                axes("maxOverAxes", (x, axes, mask) -> Reductions.max(x, axes),
                        (x, axes, mask) -> dropped(x, ReductionOracle.max(x, axes), axes),
                        (x, axes, mask, dy) -> ReductionOracle.maxVjp(x, kept(x, dy, axes), axes)),
                axes("minOverAxes", (x, axes, mask) -> Reductions.min(x, axes),
                        (x, axes, mask) -> dropped(x, ReductionOracle.max(x.times(-1), axes).times(-1), axes),
                        (x, axes, mask, dy) -> ReductionOracle.maxVjp(x.times(-1), kept(x, dy, axes), axes)),
                axes("variance", (x, axes, mask) -> Reductions.variance(x, 0.5, axes),
                        (x, axes, mask) -> dropped(x, ReductionOracle.variance(x, axes).times(correction(x, axes)), axes),
                        (x, axes, mask, dy) -> ReductionOracle.varianceVjp(x, kept(x, dy, axes).times(correction(x, axes)), axes)),
                new Tested("meanOverAxes", 1e-11, r -> {
                    // axes that are not neighbours: two sums, of which one is scaled
                    Oracle f = x -> dropped(x.get(0), ReductionOracle.mean(x.get(0), 0, 2), 0, 2);
                    return new Sample(List.of(normal(r, dims(r))), x -> Reductions.mean(x.get(0), 2, 0), f, affine(f));
                }),
                new Tested("cumulativeSum", 1e-11, r -> {
                    int axis = r.nextInt(3);
                    Oracle f = x -> ReductionOracle.cumulativeSum(x.get(0), axis);
                    return new Sample(List.of(normal(r, dims(r))), x -> Reductions.cumulativeSum(x.get(0), axis), f, affine(f));
                }),
                new Tested("rmsNorm", 1e-11, r -> {
                    int axis = r.nextInt(3);
                    int[] d = dims(r);
                    return new Sample(List.of(normal(r, d), normal(r, d[axis])),
                            x -> Norms.rmsNorm(x.get(0), axis, x.get(1), EPS),
                            x -> NormOracle.rmsNorm(x.get(0), axis, x.get(1), EPS),
                            (x, dy) -> NormOracle.rmsNormVjp(x.get(0), axis, x.get(1), EPS, dy));
                }),
                new Tested("rmsNormPlain", 1e-11, r -> {
                    int[] d = dims(r);
                    Array one = Array.full(new int[] {d[2]}, 1);
                    return new Sample(List.of(normal(r, d)), x -> Norms.rmsNorm(x.get(0), null, EPS),
                            x -> NormOracle.rmsNorm(x.get(0), -1, one, EPS),
                            (x, dy) -> NormOracle.rmsNormVjp(x.get(0), -1, one, EPS, dy).subList(0, 1));
                }),
                new Tested("layerNormOverAxis", 1e-11, r -> {
                    int[] d = dims(r);
                    d[1]++;
                    return new Sample(List.of(normal(r, d), normal(r, d[1]), normal(r, d[1])),
                            x -> Norms.layerNorm(x.get(0), 1, x.get(1), x.get(2), EPS),
                            x -> NormOracle.layerNorm(x.get(0).permute(0, 2, 1), x.get(1), x.get(2), EPS).permute(0, 2, 1),
                            (x, dy) -> {
                                NormOracle.Gradients g = NormOracle.layerNormVjp(x.get(0).permute(0, 2, 1), x.get(1), x.get(2),
                                        EPS, dy.permute(0, 2, 1));
                                return List.of(g.x().permute(0, 2, 1), g.scale(), g.bias());
                            });
                }));
    }

    private interface AxesLibrary {
        Tensor apply(Tensor x, int[] axes, Tensor mask);
    }

    private interface AxesOracle {
        Array apply(Array x, int[] axes, Array mask);
    }

    private interface AxesGradient {
        Array apply(Array x, int[] axes, Array mask, Array dy);
    }

    private static Tested axes(String name, AxesLibrary library, AxesOracle oracle, AxesGradient gradient) {
        return new Tested(name, 1e-11, r -> {
            int[][] choices = {{-1}, {0}, {1}, {0, 1}, {1, 2}, {0, 2}, {2, 0, 1}};
            int[] axes = choices[r.nextInt(choices.length)];
            int[] d = dims(r);
            // some slices are masked whole
            Array mask = normal(r, d).map(v -> v > 0.5 ? 1 : 0);
            return new Sample(List.of(normal(r, d)),
                    x -> library.apply(x.get(0), axes, Tensor.of(Operator.array(x.get(0).dtype(), mask))),
                    x -> oracle.apply(x.get(0), axes, mask), (x, dy) -> List.of(gradient.apply(x.get(0), axes, mask, dy)));
        });
    }

    private static Array dropped(Array x, Array y, int... axes) {
        return y.reshape(ReductionOracle.droppedShape(x, axes));
    }

    private static Array kept(Array x, Array dy, int... axes) {
        return dy.reshape(ReductionOracle.max(x, axes).shape());
    }

    /** n / (n - 1/2): from the biased variance to that with correction 1/2. */
    private static double correction(Array x, int... axes) {
        double n = x.size() / (double) ReductionOracle.max(x, axes).size();
        return n / (n - 0.5);
    }

    // ---- moves of elements

    private static Tested linear(String name, Library library, Oracle oracle, int[]... shapes) {
        return new Tested(name, 1e-11, r -> new Sample(Arrays.stream(shapes).map(s -> normal(r, s)).toList(), library, oracle,
                affine(oracle)));
    }

    private static Tested diagonal(String equation, int[]... shapes) {
        return new Tested("einsum " + equation, 1e-11, r -> new Sample(Arrays.stream(shapes).map(s -> normal(r, s)).toList(),
                x -> LinearAlgebra.einsum(equation, x.toArray(Tensor[]::new)),
                x -> EinsumOracle.einsum(equation, x.toArray(Array[]::new)),
                affine(x -> EinsumOracle.einsum(equation, x.toArray(Array[]::new)))));
    }

    private static Stream<Tested> shapes() {
        int[] d = {3, 4, 5};
        return Stream.of(
                diagonal("iij,jk->ik", new int[] {4, 4, 3}, new int[] {3, 2}),
                diagonal("ijji->j", new int[] {3, 4, 4, 3}),
                diagonal("ii->", new int[] {4, 4}),
                diagonal("iji,jj->i", new int[] {3, 4, 3}, new int[] {4, 4}),
                linear("slice", x -> Shapes.slice(x.get(0), 1, 1, 4, 2), x -> IndexOracle.select(x.get(0), 1, 1, 3), d),
                linear("split", x -> Shapes.split(x.get(0), -1, 1, 3, 1).get(1),
                        x -> ShapeOracle.slice(x.get(0), 2, 1, 4), d),
                linear("stack", x -> Shapes.stack(1, x.get(0), x.get(1)), x -> ShapeOracle.concat(1,
                        x.get(0).reshape(3, 1, 4, 5), x.get(1).reshape(3, 1, 4, 5)), d, d),
                linear("stackLast", x -> Shapes.stack(-1, x.get(0), x.get(1)), x -> ShapeOracle.concat(3,
                        x.get(0).reshape(3, 4, 5, 1), x.get(1).reshape(3, 4, 5, 1)), d, d),
                linear("pad", x -> Shapes.pad(x.get(0), new long[] {1, 0, 2}, new long[] {0, 0, 3}, 0.5),
                        x -> ShapeOracle.pad(x.get(0), new int[] {1, 0, 2}, new int[] {0, 0, 3}, 0.5), d),
                linear("flip", x -> Shapes.flip(x.get(0), 0, -1), x -> IndexOracle.select(IndexOracle.select(x.get(0), 0, 2, 1,
                        0), 2, 4, 3, 2, 1, 0), d),
                linear("tile", x -> Shapes.tile(x.get(0), 2, 1, 3), x -> IndexOracle.select(IndexOracle.select(x.get(0), 0, 0,
                        1, 2, 0, 1, 2), 2, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4), d),
                linear("patchifyRectangles", x -> Patches.patchify(x.get(0), 2, 3),
                        x -> PatchOracle.patchify(x.get(0), 2, 3), new int[] {2, 5, 6, 2}));
    }

    private static Stream<Tested> indexing() {
        int[] picks = {2, 0, 2, 3};
        int[] each = {3, 1, 1, 0, 0, 2};
        int[] elements = {0, 1, 3, 2, 2, 2, 1, 0, 3, 3, 1, 1, 0, 3, 2, 1, 1, 1, 2, 0, 0, 3, 3, 0, 1, 2, 2, 0, 1, 3};
        int[] segments = {1, 0, 1, 3};
        int[] d = {3, 4, 5};
        return Stream.of(
                linear("indexSelect", x -> Indexing.indexSelect(x.get(0), 1, picks),
                        x -> IndexOracle.select(x.get(0), 1, picks), d),
                linear("embedding", x -> Indexing.embedding(x.get(0), picks, 2, 2),
                        x -> IndexOracle.select(x.get(0), 0, picks).reshape(2, 2, 5), new int[] {4, 5}),
                linear("gatherRows", x -> Indexing.gatherRows(x.get(0), 1, each),
                        x -> IndexOracle.selectEach(x.get(0), each), d),
                linear("gather", x -> Indexing.gather(x.get(0), 1, elements, 3, 2, 5),
                        x -> IndexOracle.elements(x.get(0), 1, elements, 3, 2, 5), d),
                linear("scatterAdd", x -> Indexing.scatterAdd(x.get(0), 1, picks, x.get(1)),
                        x -> IndexOracle.add(x.get(0), 1, picks, x.get(1)), d, new int[] {3, 4, 5}),
                linear("scatterAddElements", x -> Indexing.scatterAddElements(x.get(0), 1, elements, x.get(1)),
                        x -> IndexOracle.addElements(x.get(0), 1, elements, x.get(1)), d, new int[] {3, 2, 5}),
                linear("segmentSum", x -> Indexing.segmentSum(x.get(0), segments, 5),
                        x -> IndexOracle.add(Array.zeros(5, 3), 0, segments, x.get(0)), new int[] {4, 3}),
                linear("segmentMean", x -> Indexing.segmentMean(x.get(0), segments, 4),
                        x -> IndexOracle.add(Array.zeros(4, 3), 0, segments, x.get(0))
                                .times(Array.of(new int[] {4, 1}, new double[] {1, 0.5, 0, 1})), new int[] {4, 3}),
                new Tested("segmentSoftmax", DIFFERENCES, r -> {
                    Oracle f = x -> IndexOracle.segmentSoftmax(x.get(0), segments);
                    return new Sample(List.of(normal(r, 4, 3)), x -> Indexing.segmentSoftmax(x.get(0), segments, 4), f,
                            differences(f));
                }),
                new Tested("topK", 1e-11, r -> {
                    Array x = normal(r, 4, 6);
                    int[] top = IndexOracle.topK(x, 3);
                    Oracle f = v -> IndexOracle.elements(v.get(0), 1, top, 4, 3);
                    return new Sample(List.of(x), v -> Indexing.topK(v.get(0), 3).values(), f, affine(f));
                }));
    }

    private static Stream<Tested> losses() {
        int[] labels = {2, 0, 1, 1, 4, 3};
        double[] weights = {1, 0, 0.5, 1, 0, 2};
        boolean[] real = {true, false, true, true};
        return Stream.of(
                composed("meanSquaredError", x -> Losses.meanSquaredError(x.get(0), x.get(1)),
                        x -> LossOracle.meanSquaredError(x.get(0), x.get(1)), new int[] {3, 4}, new int[] {3, 4}),
                composed("zLoss", x -> Losses.zLoss(x.get(0)), x -> LossOracle.zLoss(x.get(0)), new int[] {3, 5}),
                composed("tokenCrossEntropy", x -> Losses.tokenCrossEntropy(x.get(0), labels, weights, 0.25),
                        x -> LossOracle.tokenCrossEntropy(x.get(0), labels, weights, 0.25), new int[] {2, 3, 5}),
                composed("logits", x -> Contrastive.logits(x.get(0), x.get(1), x.get(2), EPS),
                        x -> LossOracle.contrastiveLogits(x.get(0), x.get(1), x.get(2), EPS), new int[] {4, 3}, new int[] {4, 3},
                        new int[] {}),
                composed("softmaxLoss", x -> Contrastive.softmaxLoss(x.get(0)),
                        x -> LossOracle.contrastive(x.get(0), new boolean[] {true, true, true, true}), new int[] {4, 4}),
                composed("softmaxLossMasked", x -> Contrastive.softmaxLoss(x.get(0), real),
                        x -> LossOracle.contrastive(x.get(0), real), new int[] {4, 4}),
                composed("sigmoidLoss", x -> Contrastive.sigmoidLoss(x.get(0)),
                        x -> LossOracle.contrastiveSigmoid(x.get(0)), new int[] {4, 4}));
    }

    private static Tested composed(String name, Library library, Oracle oracle, int[]... shapes) {
        return new Tested(name, DIFFERENCES, r -> new Sample(Arrays.stream(shapes).map(s -> normal(r, s)).toList(), library,
                oracle, differences(oracle)));
    }

    private static Stream<Tested> resizes() {
        return Arrays.stream(Resize.values()).map(method -> new Tested("apply" + method, 1e-11, r -> {
            int[] size = {r.nextInt(1, 6), r.nextInt(1, 6)};
            Oracle f = x -> ResizeOracle.resize(x.get(0), method.name(), size[0], size[1]);
            return new Sample(List.of(normal(r, 2, r.nextInt(1, 6), r.nextInt(1, 6), 2)),
                    x -> method.apply(x.get(0), size[0], size[1]), f, affine(f));
        }));
    }

    // ---- transport

    /**
     * Of a gamma so large that no entry is 0: T = a_i / n + b_j / m - mass / (m n) - (C less the means of its rows and columns) / gamma.
     * TransportTest has the others.
     */
    private static Stream<Tested> transport() {
        double gamma = 500;
        return Stream.of(true, false).map(plan -> new Tested(plan ? "transportPlan" : "transportCost", 1e-11, r -> {
            int m = r.nextInt(1, 4);
            int n = r.nextInt(1, 4);
            Array a = Array.fill(new int[] {m, 1}, i -> n + i[0] * n);
            double mass = a.map(v -> v / n).dot(Array.full(new int[] {m, 1}, n));
            Array b = Array.full(new int[] {1, n}, mass / n);
            Oracle t = x -> a.map(v -> v / n).plus(b.map(v -> (v - mass / n) / m)).plus(centred(x.get(0)).times(-1 / gamma));
            Library library = x -> {
                Tensor rows = Tensor.of(Operator.array(x.get(0).dtype(), a.reshape(m)));
                Tensor columns = Tensor.of(Operator.array(x.get(0).dtype(), b.reshape(n)));
                return plan ? Transport.transportPlan(x.get(0), rows, columns, gamma, Cardinality.unlimited(), SolverOptions.DEFAULT)
                        : Transport.transportCost(x.get(0), rows, columns, gamma, Cardinality.unlimited(), SolverOptions.DEFAULT);
            };
            return plan ? new Sample(List.of(normal(r, m, n)), library, t, affine(t)) : new Sample(List.of(normal(r, m, n)), library,
                    x -> Array.scalar(t.apply(x).dot(x.get(0)) + gamma / 2 * t.apply(x).dot(t.apply(x))),
                    (x, dy) -> List.of(t.apply(x).times(dy.data()[0])));
        }));
    }

    private static Array centred(Array c) {
        return c.plus(ReductionOracle.mean(c, 0).times(-1)).plus(ReductionOracle.mean(c, 1).times(-1)).plus(ReductionOracle.mean(c, 0, 1));
    }
}
