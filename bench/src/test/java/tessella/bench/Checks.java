package tessella.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tessella.bench.ModelReference.array;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import tessella.autodiff.Parameter;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.models.nn.Parameters;
import tessella.models.vit.VisionTransformer;
import tessella.models.vit.VitConfig;
import tessella.reference.AdamWOracle;
import tessella.reference.Array;
import tessella.reference.AttentionOracle;
import tessella.reference.CentralDifference;
import tessella.reference.Comparison;
import tessella.reference.ElementwiseOracle;
import tessella.reference.IsotonicOracle;
import tessella.reference.LossOracle;
import tessella.reference.MatmulOracle;
import tessella.reference.NormOracle;
import tessella.reference.ReductionOracle;
import tessella.reference.SoftMoeOracle;
import tessella.reference.SoftmaxOracle;
import tessella.reference.TopKOracle;
import tessella.reference.TrainingOracle;
import tessella.reference.TransportOracle;

/** What each benchmark computes on its smallest parameters, by float64 references, and what a call is said to cost. */
final class Checks {
    /** By "Class.method". */
    static final Map<String, Check> ALL = new TreeMap<>();
    /** The smallest parameters of each class; every combination runs. */
    static final Map<Class<? extends EngineBenchmark>, Map<String, String[]>> SMALLEST = Map.ofEntries(
            Map.entry(GemmBenchmark.class, Map.of("mkn", of("5x7x3"), "dtype", of("F32", "F64"), "threads", of("1", "2"))),
            Map.entry(PackedGemmBenchmark.class, Map.of("mkn", of("5x7x3"), "threads", of("1", "2"))),
            Map.entry(AttentionBenchmark.class, Map.of("bhnd", of("2x3x5x4"), "dtype", of("F32", "F64"))),
            Map.entry(SoftmaxBenchmark.class, Map.of("shape", of("5x7"), "dtype", of("F32", "F64"))),
            Map.entry(NormsBenchmark.class, Map.of("shape", of("5x7"), "dtype", of("F32", "F64"))),
            Map.entry(PointwiseBenchmark.class, Map.of("shape", of("5x7"), "dtype", of("F32", "F64"),
                    "op", Arrays.stream(PointwiseBenchmark.Op.values()).map(Enum::name).toArray(String[]::new))),
            Map.entry(LossesBenchmark.class, Map.of("shape", of("5x7"), "dtype", of("F32", "F64"))),
            Map.entry(TopKBenchmark.class, Map.of("shape", of("5x16"), "dtype", of("F32", "F64"), "lambda", of("0.5"),
                    "thirds", of("4", "6"), "order", Arrays.stream(TopKBenchmark.Order.values()).map(Enum::name).toArray(String[]::new))),
            Map.entry(IsotonicBenchmark.class, Map.of("shape", of("5x16"), "lambda", of("0.5"))),
            Map.entry(ReductionsBenchmark.class, Map.of("shape", of("5x7"), "dtype", of("F32", "F64"))),
            Map.entry(TransportBenchmark.class, Map.of("shape", of("5x3x2"))),
            Map.entry(OptimizerBenchmark.class, Map.of("preset", of("vit-mu16"))),
            Map.entry(SoftMoeBenchmark.class, Map.of("layer", of("SMALLEST"))),
            Map.entry(ModelBenchmark.class, Map.of("model", of("smallest/2"))),
            Map.entry(IdleExpertBenchmark.class, Map.of("model", of("smallest/2"), "idle", of("false", "true"))));

    private Checks() {}

    /** Compares results, and the cost of float32. */
    record Check(double flop, double bytes, Results results) {}

    /** Compares what a benchmark computed. */
    interface Results {
        void require(EngineBenchmark benchmark, NdArray... results);
    }

    private static String[] of(String... values) {
        return values;
    }

    static {
        gemm();
        attention();
        softmax();
        norms();
        losses();
        topK();
        reductions();
        transport();
        isotonic();
        models();
        put("PointwiseBenchmark.apply", 35, Double.NaN, (of, y) -> pointwise((PointwiseBenchmark) of, y[0]));
    }

    private static void put(String name, double flop, double bytes, Results results) {
        ALL.put(name, new Check(flop, bytes, results));
    }

    private static void near(Array expected, NdArray found) {
        double tolerance = found.dtype() == DType.F64 ? 1e-13 : 1e-5;
        Comparison.of("result", expected.reshape(array(found).shape()), array(found)).requireWithin(tolerance, tolerance);
    }

    private static void gemm() {
        put("GemmBenchmark.multiply", 210, 284, (of, y) -> {
            GemmBenchmark b = (GemmBenchmark) of;
            near(MatmulOracle.matmul(array(b.x), array(b.w)), y[0]);
        });
        put("GemmBenchmark.inputGradient", 210, 284, (of, y) -> {
            GemmBenchmark b = (GemmBenchmark) of;
            near(MatmulOracle.matmulVjp(array(b.x), array(b.w), array(b.dy)).a(), y[0]);
        });
        put("GemmBenchmark.weightGradient", 210, 284, (of, y) -> {
            GemmBenchmark b = (GemmBenchmark) of;
            near(MatmulOracle.matmulVjp(array(b.x), array(b.w), array(b.dy)).b(), y[0]);
        });
        put("PackedGemmBenchmark.multiply", 210, 284, (of, y) -> {
            PackedGemmBenchmark b = (PackedGemmBenchmark) of;
            near(MatmulOracle.matmul(array(b.x), array(b.w)), y[0]);
        });
        put("PackedGemmBenchmark.bfloat16", 210, 242, (of, y) -> {
            PackedGemmBenchmark b = (PackedGemmBenchmark) of;
            near(MatmulOracle.matmul(array(b.x), array(b.w.to(DType.BF16))), y[0]);
        });
    }

    private static void attention() {
        put("AttentionBenchmark.forward", 2400, 1920, (of, y) -> {
            AttentionBenchmark b = (AttentionBenchmark) of;
            near(AttentionOracle.attention(array(b.q), array(b.k), array(b.v), 0.5), y[0]);
        });
        put("AttentionBenchmark.forwardAndBackward", 7200, 5280, (of, y) -> {
            AttentionBenchmark b = (AttentionBenchmark) of;
            AttentionOracle.Gradients d = AttentionOracle.attentionVjp(array(b.q), array(b.k), array(b.v), 0.5, null, null,
                    array(b.dO));
            near(d.q(), y[0]);
            near(d.k(), y[1]);
            near(d.v(), y[2]);
        });
    }

    private static void ofSoftmax(String method, double flop, double bytes, UnaryOperator<Array> oracle) {
        put("SoftmaxBenchmark." + method, flop, bytes, (of, y) -> near(oracle.apply(array(((SoftmaxBenchmark) of).x)), y[0]));
    }

    private static void softmax() {
        ofSoftmax("rows", 140, 280, x -> SoftmaxOracle.softmax(x, 1));
        ofSoftmax("columns", 140, 280, x -> SoftmaxOracle.softmax(x, 0));
        ofSoftmax("logSoftmax", 140, 280, x -> SoftmaxOracle.logSoftmax(x, 1));
        ofSoftmax("logSumExp", 105, 160, x -> SoftmaxOracle.logSumExp(x, 1));
        put("SoftmaxBenchmark.rowsGradient", 140, 420, (of, y) -> {
            SoftmaxBenchmark b = (SoftmaxBenchmark) of;
            near(SoftmaxOracle.softmaxVjp(array(b.x), array(b.dy), 1), y[0]);
        });
    }

    private static void isotonic() {
        put("IsotonicBenchmark.pooling", 320, 640, (of, y) -> requireIsotonic((IsotonicBenchmark) of, y[0], 1e-13));
        put("IsotonicBenchmark.dykstra", 320, 640, (of, y) -> requireIsotonic((IsotonicBenchmark) of, y[0], 1e-5));
    }

    private static void requireIsotonic(IsotonicBenchmark of, NdArray v, double tolerance) {
        double[] expected = Arrays.stream(rows(of.s)).map(row -> IsotonicOracle.mask(row, of.w.toDoubles(), of.regularizer.lambda(), 2))
                .flatMapToDouble(Arrays::stream).toArray();
        Comparison.of("v", Array.of(new int[] {5, 16}, expected), v.toDoubles()).requireWithin(tolerance, tolerance);
    }

    private static void transport() {
        put("TransportBenchmark.semiDual", 30, 100, (of, y) -> {
            TransportBenchmark b = (TransportBenchmark) of;
            near(Array.of(new int[] {5}, TransportOracle.semiDual(rows(b.cost), filled(5, 0.2), filled(3, 1 / 3.0), 1, 2, b.alpha)
                    .alphaGradient()), y[0]);
        });
        put("TransportBenchmark.routerStep", 630, 80, (of, y) -> {
            TransportBenchmark b = (TransportBenchmark) of;
            double[] alpha = new double[5];
            double[] m = new double[5];
            double[] v = new double[5];
            for (int t = 1; t <= 20; t++) {
                double[] g = TransportOracle.semiDual(rows(b.cost), filled(5, 1), filled(3, 5 / 3.0), 1, 2, alpha).alphaGradient();
                for (int i = 0; i < 5; i++) {
                    m[i] = 0.9 * m[i] + 0.1 * g[i];
                    v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i];
                    alpha[i] += 0.01 * m[i] / (1 - Math.pow(0.9, t)) / (Math.sqrt(v[i] / (1 - Math.pow(0.999, t))) + 1e-8);
                }
            }
            Comparison.of("potentials", Array.of(new int[] {5}, alpha), y[0].toDoubles()).requireWithin(1e-10, 1e-10);
        });
    }

    private static double[] filled(int n, double value) {
        double[] out = new double[n];
        Arrays.fill(out, value);
        return out;
    }

    private static double[][] rows(NdArray x) {
        int n = (int) x.shape().dim(1);
        double[] data = x.toDoubles();
        return IntStream.range(0, data.length / n).mapToObj(i -> Arrays.copyOfRange(data, i * n, (i + 1) * n)).toArray(double[][]::new);
    }

    private static void norms() {
        put("NormsBenchmark.layerNorm", 280, 336, (of, y) -> {
            NormsBenchmark b = (NormsBenchmark) of;
            near(NormOracle.layerNorm(array(b.x), array(b.gain), array(b.bias), NormsBenchmark.EPS), y[0]);
        });
        put("NormsBenchmark.layerNormGradient", 455, 504, (of, y) -> {
            NormsBenchmark b = (NormsBenchmark) of;
            NormOracle.Gradients d = NormOracle.layerNormVjp(array(b.x), array(b.gain), array(b.bias), NormsBenchmark.EPS,
                    array(b.dy));
            near(d.x(), y[0]);
            near(d.scale(), y[1]);
            near(d.bias(), y[2]);
        });
        put("NormsBenchmark.rmsNorm", 140, 308, (of, y) -> {
            NormsBenchmark b = (NormsBenchmark) of;
            near(NormOracle.rmsNorm(array(b.x), 1, array(b.gain), NormsBenchmark.EPS), y[0]);
        });
        put("NormsBenchmark.rmsNormGradient", 315, 476, (of, y) -> {
            NormsBenchmark b = (NormsBenchmark) of;
            List<Array> d = NormOracle.rmsNormVjp(array(b.x), 1, array(b.gain), NormsBenchmark.EPS, array(b.dy));
            near(d.get(0), y[0]);
            near(d.get(1), y[1]);
        });
        put("NormsBenchmark.l2Normalize", 105, 280, (of, y) ->
                near(NormOracle.l2Normalize(array(((NormsBenchmark) of).x), 1, NormsBenchmark.EPS), y[0]));
        put("NormsBenchmark.l2NormalizeGradient", 175, 420, (of, y) -> {
            NormsBenchmark b = (NormsBenchmark) of;
            near(NormOracle.l2NormalizeVjp(array(b.x), 1, NormsBenchmark.EPS, array(b.dy)), y[0]);
        });
    }

    private static void pointwise(PointwiseBenchmark of, NdArray y) {
        Array x = array(of.x);
        Array b = array(of.b);
        near(switch (of.op) {
            case ADD -> ElementwiseOracle.add(x, b);
            case BIAS -> ElementwiseOracle.add(x, array(of.row));
            case MUL -> ElementwiseOracle.mul(x, b);
            case EXP -> x.map(Math::exp);
            case TANH -> x.map(Math::tanh);
            case SIGMOID -> ElementwiseOracle.sigmoid(x);
            case SILU -> x.times(ElementwiseOracle.sigmoid(x));
            case GELU -> ElementwiseOracle.geluTanh(x);
            case GELU_GRADIENT -> ElementwiseOracle.geluTanhVjp(x, b);
            case GELU_ERF -> ElementwiseOracle.geluErf(x);
            case GELU_ERF_GRADIENT -> ElementwiseOracle.geluErfVjp(x, b);
        }, y);
    }

    /** The bytes that an elementwise operator moves of 5 x 7 elements, in units of four. */
    static double pointwiseBytes(PointwiseBenchmark.Op op) {
        return switch (op) {
            case ADD, MUL, GELU_GRADIENT, GELU_ERF_GRADIENT -> 420;
            case BIAS -> 308;
            case EXP, TANH, SIGMOID, SILU, GELU, GELU_ERF -> 280;
        };
    }

    private static void losses() {
        put("LossesBenchmark.softmaxCrossEntropy", 175, 300, (of, y) -> {
            LossesBenchmark b = (LossesBenchmark) of;
            near(LossOracle.softmaxCrossEntropy(array(b.logits), LossOracle.targets(b.labels, 7, 0.1)), y[0]);
            near(SoftmaxOracle.softmax(array(b.logits), 1), y[1]);
        });
        put("LossesBenchmark.softmaxCrossEntropyGradient", 175, 300, (of, y) -> {
            LossesBenchmark b = (LossesBenchmark) of;
            near(LossOracle.softmaxCrossEntropyVjp(array(b.logits), LossOracle.targets(b.labels, 7, 0.1), array(b.dlosses)), y[0]);
        });
        put("LossesBenchmark.sigmoidCrossEntropy", 175, 300, (of, y) -> {
            LossesBenchmark b = (LossesBenchmark) of;
            near(LossOracle.sigmoidCrossEntropy(array(b.logits), LossOracle.targets(b.labels, 7, 0)), y[0]);
        });
        put("LossesBenchmark.sigmoidCrossEntropyGradient", 175, 440, (of, y) -> {
            LossesBenchmark b = (LossesBenchmark) of;
            near(LossOracle.sigmoidCrossEntropyVjp(array(b.logits), LossOracle.targets(b.labels, 7, 0), array(b.dlosses)), y[0]);
        });
    }

    /** Row by row. */
    private static Array rows(Array x, UnaryOperator<double[]> ofRow) {
        int n = x.shape()[1];
        double[] out = new double[x.size()];
        for (int row = 0; row < out.length; row += n) {
            System.arraycopy(ofRow.apply(Arrays.copyOfRange(x.data(), row, row + n)), 0, out, row, n);
        }
        return Array.of(x.shape(), out);
    }

    private static Array mask(TopKBenchmark b, Array x) {
        return rows(x, row -> TopKOracle.mask(row, b.k, b.regularizer.lambda(), b.regularizer.p()));
    }

    private static Array magnitude(TopKBenchmark b, Array x) {
        return rows(x, row -> TopKOracle.magnitude(row, b.k, b.regularizer.lambda(), b.regularizer.p()));
    }

    private static void topK() {
        put("TopKBenchmark.mask", 320, 640, (of, y) -> selected(mask((TopKBenchmark) of, array(((TopKBenchmark) of).x)), y[0]));
        put("TopKBenchmark.magnitude", 320, 640, (of, y) -> selected(magnitude((TopKBenchmark) of, array(((TopKBenchmark) of).x)), y[0]));
        put("TopKBenchmark.maskGradient", 320, 960, (of, y) -> gradient((TopKBenchmark) of, Checks::mask, y[0]));
        put("TopKBenchmark.magnitudeGradient", 320, 960, (of, y) -> gradient((TopKBenchmark) of, Checks::magnitude, y[0]));
    }

    private static void selected(Array expected, NdArray found) {
        double tolerance = found.dtype() == DType.F64 ? 1e-10 : 1e-5;
        Comparison.of("selection", expected, found.toDoubles()).requireWithin(tolerance, tolerance);
    }

    private static void gradient(TopKBenchmark b, BiFunction<TopKBenchmark, Array, Array> oracle, NdArray found) {
        Array expected = CentralDifference.vjp(x -> oracle.apply(b, x), array(b.x), array(b.dy));
        Comparison.of("gradient", expected, found.toDoubles()).requireWithin(2e-3, 2e-3);
    }

    private static void ofReductions(String method, double flop, double bytes, UnaryOperator<Array> oracle) {
        put("ReductionsBenchmark." + method, flop, bytes, (of, y) -> near(oracle.apply(array(((ReductionsBenchmark) of).x)), y[0]));
    }

    private static void reductions() {
        ofReductions("sum", 35, 144, x -> ReductionOracle.sum(x, 0, 1));
        ofReductions("sumOfRows", 35, 160, x -> ReductionOracle.sum(x, 1));
        ofReductions("sumOfColumns", 35, 168, x -> ReductionOracle.sum(x, 0));
        ofReductions("maxOfRows", 35, 160, x -> ReductionOracle.max(x, 1));
        ofReductions("varianceOfRows", 140, 160, x -> ReductionOracle.variance(x, 1).times(7.0 / 6));
        ofReductions("cumulativeSum", 35, 280, x -> ReductionOracle.cumulativeSum(x, 1));
    }

    private static void models() {
        long mu = VitConfig.preset("vit-mu16").parameterCount();
        put("OptimizerBenchmark.adamW", 18.0 * mu, 32.0 * mu, (of, y) -> adamW((OptimizerBenchmark) of, y));
        put("SoftMoeBenchmark.forward", 2816, 2628, (of, y) -> {
            SoftMoeBenchmark b = (SoftMoeBenchmark) of;
            near(ModelReference.moe(array(b.tokens.value()), b.parameters, "moe"), y[0]);
        });
        put("SoftMoeBenchmark.gradients", 7936, 7500, (of, y) -> softMoe((SoftMoeBenchmark) of, y));
        // patches 512, attention 2 x 1280, MLP 768, mixture 1152, head 24: 5016 multiply-adds a picture
        put("ModelBenchmark.forward", 20_064, 4.0 * (parametersOfTheSmallest() + 128 + 6), (of, y) -> {
            ModelRun run = ((ModelBenchmark) of).run;
            near(reference(run).logits(array(run.images.value())), y[0]);
        });
        put("ModelBenchmark.trainingStep", 60_192, 4.0 * (10 * parametersOfTheSmallest() + 128), (of, y) ->
                trained(((ModelBenchmark) of).run, y));
        put("IdleExpertBenchmark.trainingStep", 60_192, 4.0 * (10 * parametersOfTheSmallest() + 128), (of, y) ->
                idle((IdleExpertBenchmark) of, y));
    }

    /** Embedding, two blocks with their norms and attention, MLP, mixture, last norm, head: counted by hand. */
    private static long parametersOfTheSmallest() {
        long attention = 4 * (8 * 8 + 8) + 2 * 4;
        long mlp = 8 * 12 + 12 + 12 * 8 + 8;
        long mixture = 8 * 4 + 1 + 2 * mlp;
        return 16 * 8 + 8 + 2 * (2 * 16 + attention) + mlp + mixture + 16 + 8 * 3 + 3;
    }

    private static void adamW(OptimizerBenchmark of, NdArray... y) {
        List<Array> gradients = of.gradients.stream().map(ModelReference::array).toList();
        double scale = Math.min(1, 1 / TrainingOracle.globalNorm(gradients));
        try (Parameters before = Parameters.initialized(VisionTransformer.specs(VitConfig.preset(of.preset)), DType.F32,
                OptimizerBenchmark.SEED)) {
            int i = 0;
            for (Parameter parameter : before.all()) {
                Array start = array(parameter.value());
                Array moved = new AdamWOracle(0.9, 0.999, 1e-8).step(start, gradients.get(i).times(scale), OptimizerBenchmark.RATE,
                        OptimizerBenchmark.DECAY);
                // the step itself, whose size is that of the rate
                Comparison.of(parameter.name(), moved.plus(start.times(-1)), array(y[i]).plus(start.times(-1)))
                        .requireWithin(0.02, 1e-7);
                i++;
            }
            assertEquals(y.length, i);
        }
    }

    private static void softMoe(SoftMoeBenchmark of, NdArray... y) {
        Array x = array(of.tokens.value());
        Array out = ModelReference.moe(x, of.parameters, "moe");
        SoftMoeOracle.LayerGradients d = SoftMoeOracle.layerVjp(x, ModelReference.router(of.parameters, "moe"),
                ModelReference.experts(of.parameters, "moe"), out.times(2.0 / out.size()));
        near(d.router().mu(), y[0]);
        near(d.router().scale(), y[1]);
        near(d.experts().w1(), y[2]);
        near(d.experts().b1(), y[3]);
        near(d.experts().w2(), y[4]);
        near(d.experts().b2(), y[5]);
    }

    private static ModelReference reference(ModelRun run) {
        return new ModelReference(run.config, run.model.parameters());
    }

    /** Loss and gradients of the first step; the step that was taken since is too short to be seen. */
    private static void trained(ModelRun run, NdArray... y) {
        ModelReference reference = reference(run);
        Array images = array(run.images.value());
        assertEquals(reference.loss(images, run.labels), y[0].item(), 1e-4);
        Array kernel = array(run.parameter("embedding.kernel").value());
        for (int at : new int[] {0, 37, 127}) {
            double h = 1e-4;
            Array plus = kernel.copy();
            plus.data()[at] += h;
            Array minus = kernel.copy();
            minus.data()[at] -= h;
            double slope = (reference.loss(images, run.labels, plus) - reference.loss(images, run.labels, minus)) / (2 * h);
            assertEquals(slope, y[1].toDoubles()[at], 1e-3 * Math.abs(slope) + 1e-6);
        }
        Array logits = reference.logits(images);
        Array dLogits = LossOracle.softmaxCrossEntropyVjp(logits, LossOracle.targets(run.labels, 3, 0),
                Array.full(new int[] {2}, 0.5));
        Comparison.of("head.bias", ReductionOracle.sum(dLogits, 0).reshape(3), array(y[2])).requireWithin(1e-4, 1e-5);
    }

    private static void idle(IdleExpertBenchmark of, NdArray... y) {
        ModelRun run = of.run;
        assertEquals(reference(run).loss(array(run.images.value()), run.labels), y[0].item(), 1e-3);
        Map<String, NdArray> state = run.optimizer.state();
        double[] gradient = y[1].toDoubles();
        double[] m = state.get("optimizer.m." + of.kernel()).toDoubles();
        int half = m.length / 2;
        assertEquals(of.idle, IntStream.range(0, half).allMatch(i -> gradient[i] == 0), "no gradient of the first expert");
        assertEquals(of.idle, IntStream.range(0, half).allMatch(i -> m[i] == 0), "no moments of the first expert");
        assertTrue(IntStream.range(half, m.length).anyMatch(i -> m[i] != 0), "moments of the second expert");
        state.forEach((name, array) -> assertTrue(Arrays.stream(array.toDoubles())
                .noneMatch(v -> v != 0 && Math.abs(v) < Float.MIN_NORMAL), "nothing below the normal range in " + name));
    }
}
