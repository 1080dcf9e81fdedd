package tessella.autodiff;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import tessella.engine.AttentionMask;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.reference.Array;
import tessella.reference.AttentionOracle;
import tessella.reference.EinsumOracle;
import tessella.reference.ElementwiseOracle;
import tessella.reference.LossOracle;
import tessella.reference.MatmulOracle;
import tessella.reference.NormOracle;
import tessella.reference.PatchOracle;
import tessella.reference.ReductionOracle;
import tessella.reference.ShapeOracle;
import tessella.reference.SoftmaxOracle;
import tessella.reference.ValueArbitraries;

/** Every operator with random operands, its oracle, and that of its gradient. */
enum Operator {
    ADD, SUB, MUL, DIV, SCALE, NEG, EXP, RECIPROCAL, GELU, MATMUL, MATMUL_BATCHED, LINEAR, LINEAR_WITHOUT_BIAS,
    LINEAR_SIDE_BY_SIDE, EINSUM_2, EINSUM_3, EINSUM_SUMMED, SOFTMAX, SOFTMAX_SCATTERED, LAYER_NORM, LAYER_NORM_PLAIN,
    L2_NORMALIZE, ATTENTION, RESHAPE, PERMUTE,
    SLICE,
    CONCAT, BROADCAST, SUM, SUM_ALL, MEAN, PATCHIFY, UNPATCHIFY, SOFTMAX_CROSS_ENTROPY, SOFT_CROSS_ENTROPY,
    SIGMOID_CROSS_ENTROPY,
    ATTENTION_BIASED, ATTENTION_MASKED, ATTENTION_WITH_WEIGHTS;

    /** The operator of the library. */
    interface Library {
        Tensor apply(List<Tensor> x);
    }

    /** The operator, and its cotangents given that of the result, of the oracles. */
    interface Oracle {
        Array apply(List<Array> x);
    }

    interface OracleGradient {
        List<Array> apply(List<Array> x, Array dy);
    }

    record Sample(List<Array> operands, Library library, Oracle oracle, OracleGradient gradient) {}

    static Shape shape(int... dims) {
        return Shape.of(Arrays.stream(dims).asLongStream().toArray());
    }

    static NdArray array(DType dtype, Array x) {
        NdArray out = NdArray.empty(Scope.current(), dtype, shape(x.shape()));
        out.copyFrom(x.data());
        return out;
    }

    Sample sample(long seed) {
        SplittableRandom r = new SplittableRandom(seed);
        int a = r.nextInt(1, 5);
        int b = r.nextInt(1, 5);
        int c = r.nextInt(1, 6);
        int d = r.nextInt(1, 4);
        boolean flip = r.nextBoolean();
        List<Array> x = new ArrayList<>();
        switch (this) {
            case ADD, SUB, MUL, DIV -> {
                x.add(normal(r, flip ? new int[] {a, 1, c} : new int[] {c}));
                x.add(away(normal(r, flip ? new int[] {b, 1} : new int[] {a, b, c})));
            }
            case SCALE, NEG, EXP, GELU, RESHAPE, PERMUTE, SLICE, SUM, SUM_ALL, MEAN, SOFTMAX, SOFTMAX_SCATTERED,
                    L2_NORMALIZE ->
                x.add(normal(r, a, b, c));
            case RECIPROCAL -> x.add(away(normal(r, a, b, c)));
            case MATMUL -> x.addAll(List.of(normal(r, a, b), normal(r, b, c)));
            case MATMUL_BATCHED -> x.addAll(List.of(normal(r, flip ? 1 : d, a, b), normal(r, d, b, c)));
            case LINEAR -> x.addAll(List.of(normal(r, a, b, c), normal(r, c, d), normal(r, d)));
            case LINEAR_WITHOUT_BIAS -> x.addAll(List.of(normal(r, a, c), normal(r, c, d)));
            case LINEAR_SIDE_BY_SIDE -> x.addAll(List.of(normal(r, d, a, b), normal(r, d, b, c), normal(r, d, c)));
            case EINSUM_2 -> x.addAll(List.of(normal(r, a, b, c), normal(r, a, b, d, 2)));
            case EINSUM_3 -> x.addAll(List.of(normal(r, a, b), normal(r, b, c), normal(r, c, d)));
            case EINSUM_SUMMED -> x.addAll(List.of(normal(r, a, b, c), normal(r, d, b)));
            case LAYER_NORM -> x.addAll(List.of(normal(r, a, b, c + 1), normal(r, c + 1), normal(r, c + 1)));
            case LAYER_NORM_PLAIN -> x.add(normal(r, a, b, c + 1));
            case ATTENTION -> x.addAll(List.of(normal(r, a, b, d, c), normal(r, a, b + 1, d, c), normal(r, a, b + 1, d,
                    c)));
            case CONCAT -> x.addAll(List.of(normal(r, a, b, c), normal(r, a, d, c), normal(r, a, 1, c)));
            case BROADCAST -> x.add(normal(r, b, 1));
            case PATCHIFY -> x.add(normal(r, a, 2 * b + 1, 2 * c, d));
            case UNPATCHIFY -> x.add(normal(r, a, b * c, 4 * d));
            case SOFTMAX_CROSS_ENTROPY, SOFT_CROSS_ENTROPY, SIGMOID_CROSS_ENTROPY -> x.add(normal(r, a, c));
            case ATTENTION_BIASED -> x.addAll(List.of(normal(r, a, b, d, c), normal(r, a, b + 1, d, c), normal(r, a, b + 1, d,
                    c), normal(r, flip ? new int[] {a, 1, b, b + 1} : new int[] {d, 1, b + 1})));
            case ATTENTION_MASKED, ATTENTION_WITH_WEIGHTS -> x.addAll(List.of(normal(r, a, b, d, c), normal(r, a, b, d, c),
                    normal(r, a, b, d, c), normal(r, flip ? new int[] {1, d, b, b} : new int[] {b, b})));
        }
        return new Sample(List.copyOf(x), library(a, b, c, flip), oracle(a, b, c, flip), gradient(a, b, c, flip));
    }

    private static Array normal(SplittableRandom random, int... shape) {
        return ValueArbitraries.normal(random.nextLong(), shape);
    }

    /** Numbers at least 1/2 from zero. */
    private static Array away(Array x) {
        return x.map(v -> v < 0 ? v - 0.5 : v + 0.5).roundedToFloat();
    }

    private static int[] labels(int rows, int classes) {
        int[] out = new int[rows];
        Arrays.setAll(out, i -> (i * 7 + 3) % classes);
        return out;
    }

    private static Array targets(int rows, int classes) {
        return Array.fill(new int[] {rows, classes}, i -> (i[0] + 2 * i[1] + 1) % 4 / 4.0);
    }

    private static final double SCALE_BY = -0.75;
    private static final double EPS = 0.01;

    private Library library(int a, int b, int c, boolean flip) {
        return switch (this) {
            case ADD -> x -> Elementwise.add(x.get(0), x.get(1));
            case SUB -> x -> Elementwise.sub(x.get(0), x.get(1));
            case MUL -> x -> Elementwise.mul(x.get(0), x.get(1));
            case DIV -> x -> Elementwise.div(x.get(0), x.get(1));
            case SCALE -> x -> Elementwise.scale(x.get(0), SCALE_BY);
            case NEG -> x -> Elementwise.neg(x.get(0));
            case EXP -> x -> Elementwise.exp(x.get(0));
            case RECIPROCAL -> x -> Elementwise.reciprocal(x.get(0));
            case GELU -> x -> Elementwise.gelu(x.get(0));
            case MATMUL, MATMUL_BATCHED -> x -> LinearAlgebra.matmul(x.get(0), x.get(1));
            case LINEAR, LINEAR_SIDE_BY_SIDE -> x -> LinearAlgebra.linear(x.get(0), x.get(1), x.get(2));
            case LINEAR_WITHOUT_BIAS -> x -> LinearAlgebra.linear(x.get(0), x.get(1), null);
            case EINSUM_2, EINSUM_3, EINSUM_SUMMED -> x -> LinearAlgebra.einsum(equation(), x.toArray(Tensor[]::new));
            case SOFTMAX -> x -> Softmax.softmax(x.get(0), flip ? new int[] {-1} : new int[] {0, 1});
            case SOFTMAX_SCATTERED -> x -> Softmax.softmax(x.get(0), 0, 2);
            case LAYER_NORM -> x -> Norms.layerNorm(x.get(0), x.get(1), x.get(2), EPS);
            case LAYER_NORM_PLAIN -> x -> Norms.layerNorm(x.get(0), null, null, EPS);
            case L2_NORMALIZE -> x -> Norms.l2Normalize(x.get(0), flip ? -1 : 0, EPS);
            case ATTENTION -> x -> Attention.attention(x.get(0), x.get(1), x.get(2), 0.5);
            case RESHAPE -> x -> Shapes.reshape(x.get(0), b, (long) a * c);
            case PERMUTE -> x -> Shapes.permute(x.get(0), 2, 0, 1);
            case SLICE -> x -> Shapes.slice(x.get(0), 2, c / 2, c);
            case CONCAT -> x -> Shapes.concat(1, x.toArray(Tensor[]::new));
            case BROADCAST -> x -> Shapes.broadcastTo(x.get(0), a, b, c);
            case SUM -> x -> Reductions.sum(x.get(0), 0, -1);
            case SUM_ALL -> x -> Reductions.sum(x.get(0));
            case MEAN -> x -> Reductions.mean(x.get(0), 1);
            case PATCHIFY -> x -> Patches.patchify(x.get(0), 2);
            case UNPATCHIFY -> x -> Patches.unpatchify(x.get(0), 2, b, c);
            case SOFTMAX_CROSS_ENTROPY -> x -> Losses.softmaxCrossEntropy(x.get(0), labels(a, c), 0.1);
            case SOFT_CROSS_ENTROPY -> x -> Losses.softmaxCrossEntropy(x.get(0),
                    Tensor.of(array(x.get(0).dtype(), targets(a, c))));
            case SIGMOID_CROSS_ENTROPY -> x -> Losses.sigmoidCrossEntropy(x.get(0),
                    Tensor.of(array(x.get(0).dtype(), targets(a, c))));
            case ATTENTION_BIASED -> x -> Attention.attention(x.get(0), x.get(1), x.get(2), 0.5, AttentionMask.none(),
                    x.get(3));
            case ATTENTION_MASKED -> x -> Attention.attention(x.get(0), x.get(1), x.get(2), 0.5, mask(x.get(0)), x.get(3));
            case ATTENTION_WITH_WEIGHTS -> x -> {
                Attention.Weighted y = Attention.attentionWithWeights(x.get(0), x.get(1), x.get(2), 0.5, mask(x.get(0)),
                        x.get(3));
                return Shapes.concat(0, Shapes.reshape(y.o(), y.o().shape().size()),
                        Shapes.reshape(y.weights(), y.weights().shape().size()));
            };
        };
    }

    /** The segment of token i of sequence s; 0 is padding. */
    private static int segment(int s, int i) {
        return (s + i) % 5 < 4 ? i / 2 % 2 + 1 : 0;
    }

    private static Array kept(int a, int b) {
        return Array.fill(new int[] {a, 1, 1, b}, i -> (i[0] + i[3]) % 3 == 2 ? 0 : 1);
    }

    /** Causal, of segments, and with hidden keys, for q [a, b, ..]. */
    private static AttentionMask mask(Tensor q) {
        int a = (int) q.dim(0);
        int b = (int) q.dim(1);
        int[][] ids = new int[a][b];
        for (int s = 0; s < a; s++) {
            for (int i = 0; i < b; i++) {
                ids[s][i] = segment(s, i);
            }
        }
        return AttentionMask.segments(ids).and(AttentionMask.keep(array(q.dtype(), kept(a, b)))).and(AttentionMask.causal());
    }

    /** What {@link #mask} shows. */
    private static Array visible(Array q) {
        int b = q.dim(1);
        Array segments = Array.fill(new int[] {q.dim(0), 1, b, b}, i -> segment(i[0], i[2]) > 0
                && segment(i[0], i[2]) == segment(i[0], i[3]) && i[3] <= i[2] ? 1 : 0);
        return segments.times(kept(q.dim(0), b));
    }

    private String equation() {
        return switch (this) {
            case EINSUM_2 -> "bmd,bmnp->bnpd";
            case EINSUM_3 -> "ab,bc,cd->ad";
            // a letter that one operand has alone, and the result has not
            case EINSUM_SUMMED -> "abc,db->ca";
            default -> throw new AssertionError(this);
        };
    }

    private Oracle oracle(int a, int b, int c, boolean flip) {
        return switch (this) {
            case ADD -> x -> ElementwiseOracle.add(x.get(0), x.get(1));
            case SUB -> x -> ElementwiseOracle.sub(x.get(0), x.get(1));
            case MUL -> x -> ElementwiseOracle.mul(x.get(0), x.get(1));
            case DIV -> x -> ElementwiseOracle.div(x.get(0), x.get(1));
            case SCALE -> x -> x.get(0).times(SCALE_BY);
            case NEG -> x -> ElementwiseOracle.neg(x.get(0));
            case EXP -> x -> x.get(0).map(Math::exp);
            case RECIPROCAL -> x -> x.get(0).map(v -> 1 / v);
            case GELU -> x -> ElementwiseOracle.geluTanh(x.get(0));
            case MATMUL, MATMUL_BATCHED -> x -> MatmulOracle.matmul(x.get(0), x.get(1));
            case LINEAR -> x -> EinsumOracle.einsum("abc,cd->abd", x.get(0), x.get(1)).plus(x.get(2));
            case LINEAR_WITHOUT_BIAS -> x -> MatmulOracle.matmul(x.get(0), x.get(1));
            case LINEAR_SIDE_BY_SIDE -> x -> MatmulOracle.matmul(x.get(0), x.get(1)).plus(rows(x.get(2)));
            case EINSUM_2, EINSUM_3, EINSUM_SUMMED -> x -> EinsumOracle.einsum(equation(), x.toArray(Array[]::new));
            case SOFTMAX -> x -> SoftmaxOracle.softmax(x.get(0), flip ? new int[] {-1} : new int[] {0, 1});
            case SOFTMAX_SCATTERED -> x -> SoftmaxOracle.softmax(x.get(0), 0, 2);
            case LAYER_NORM -> x -> NormOracle.layerNorm(x.get(0), x.get(1), x.get(2), EPS);
            case LAYER_NORM_PLAIN -> x -> NormOracle.layerNorm(x.get(0), ones(x.get(0)), Array.zeros(x.get(0).dim(-1)),
                    EPS);
            case L2_NORMALIZE -> x -> NormOracle.l2Normalize(x.get(0), flip ? -1 : 0, EPS);
            case ATTENTION -> x -> AttentionOracle.attention(x.get(0), x.get(1), x.get(2), 0.5);
            case RESHAPE -> x -> x.get(0).reshape(b, a * c);
            case PERMUTE -> x -> x.get(0).permute(2, 0, 1);
            case SLICE -> x -> ShapeOracle.slice(x.get(0), 2, c / 2, c);
            case CONCAT -> x -> ShapeOracle.concat(1, x.toArray(Array[]::new));
            case BROADCAST -> x -> x.get(0).plus(Array.zeros(a, b, c));
            case SUM -> x -> ReductionOracle.sum(x.get(0), 0, -1).reshape(b);
            case SUM_ALL -> x -> ReductionOracle.sum(x.get(0), 0, 1, 2).reshape();
            case MEAN -> x -> ReductionOracle.mean(x.get(0), 1).reshape(a, c);
            case PATCHIFY -> x -> PatchOracle.patchify(x.get(0), 2, 2);
            case UNPATCHIFY -> x -> PatchOracle.unpatchify(x.get(0), new int[] {a, 2 * b, 2 * c, x.get(0).dim(-1) / 4},
                    2, 2);
            case SOFTMAX_CROSS_ENTROPY -> x -> LossOracle.softmaxCrossEntropy(x.get(0),
                    LossOracle.targets(labels(a, c), c, 0.1));
            case SOFT_CROSS_ENTROPY -> x -> LossOracle.softmaxCrossEntropy(x.get(0), targets(a, c));
            case SIGMOID_CROSS_ENTROPY -> x -> LossOracle.sigmoidCrossEntropy(x.get(0), targets(a, c));
            case ATTENTION_BIASED -> x -> AttentionOracle.attention(x.get(0), x.get(1), x.get(2), 0.5, x.get(3), null);
            case ATTENTION_MASKED -> x -> AttentionOracle.attention(x.get(0), x.get(1), x.get(2), 0.5, x.get(3),
                    visible(x.get(0)));
            case ATTENTION_WITH_WEIGHTS -> x -> {
                Array o = AttentionOracle.attention(x.get(0), x.get(1), x.get(2), 0.5, x.get(3), visible(x.get(0)));
                Array weights = AttentionOracle.weights(x.get(0), x.get(1), 0.5, x.get(3), visible(x.get(0)));
                return ShapeOracle.concat(0, o.reshape(o.size()), weights.reshape(weights.size()));
            };
        };
    }

    /** [n, out] as [n, 1, out]. */
    private static Array rows(Array bias) {
        return bias.reshape(bias.dim(0), 1, bias.dim(1));
    }

    private static Array ones(Array x) {
        return Array.full(new int[] {x.dim(-1)}, 1);
    }

    private OracleGradient gradient(int a, int b, int c, boolean flip) {
        return switch (this) {
            case ADD -> (x, dy) -> pair(ElementwiseOracle.addVjp(x.get(0), x.get(1), dy));
            case SUB -> (x, dy) -> pair(ElementwiseOracle.subVjp(x.get(0), x.get(1), dy));
            case MUL -> (x, dy) -> pair(ElementwiseOracle.mulVjp(x.get(0), x.get(1), dy));
            case DIV -> (x, dy) -> pair(ElementwiseOracle.divVjp(x.get(0), x.get(1), dy));
            case SCALE -> (x, dy) -> List.of(dy.times(SCALE_BY));
            case NEG -> (x, dy) -> List.of(ElementwiseOracle.negVjp(dy));
            case EXP -> (x, dy) -> List.of(dy.times(x.get(0).map(Math::exp)));
            case RECIPROCAL -> (x, dy) -> List.of(dy.times(x.get(0).map(v -> -1 / (v * v))));
            case GELU -> (x, dy) -> List.of(ElementwiseOracle.geluTanhVjp(x.get(0), dy));
            case MATMUL, MATMUL_BATCHED, LINEAR_WITHOUT_BIAS -> (x, dy) -> {
                MatmulOracle.Gradients g = MatmulOracle.matmulVjp(x.get(0), x.get(1), dy);
                return List.of(g.a(), g.b());
            };
            case LINEAR -> (x, dy) -> {
                List<Array> g = EinsumOracle.einsumVjp("abc,cd->abd", dy, x.get(0), x.get(1));
                return List.of(g.get(0), g.get(1), dy.sumTo(x.get(2).shape()));
            };
            case LINEAR_SIDE_BY_SIDE -> (x, dy) -> {
                MatmulOracle.Gradients g = MatmulOracle.matmulVjp(x.get(0), x.get(1), dy);
                return List.of(g.a(), g.b(), dy.sumTo(rows(x.get(2)).shape()).reshape(x.get(2).shape()));
            };
            case EINSUM_2, EINSUM_3, EINSUM_SUMMED -> (x, dy) -> EinsumOracle.einsumVjp(equation(), dy,
                    x.toArray(Array[]::new));
            case SOFTMAX -> (x, dy) -> List.of(SoftmaxOracle.softmaxVjp(x.get(0), dy, flip ? new int[] {-1}
                    : new int[] {0, 1}));
            case SOFTMAX_SCATTERED -> (x, dy) -> List.of(SoftmaxOracle.softmaxVjp(x.get(0), dy, 0, 2));
            case LAYER_NORM -> (x, dy) -> {
                NormOracle.Gradients g = NormOracle.layerNormVjp(x.get(0), x.get(1), x.get(2), EPS, dy);
                return List.of(g.x(), g.scale(), g.bias());
            };
            case LAYER_NORM_PLAIN -> (x, dy) -> List.of(NormOracle.layerNormVjp(x.get(0), ones(x.get(0)),
                    Array.zeros(x.get(0).dim(-1)), EPS, dy).x());
            case L2_NORMALIZE -> (x, dy) -> List.of(NormOracle.l2NormalizeVjp(x.get(0), flip ? -1 : 0, EPS, dy));
            case ATTENTION -> (x, dy) -> {
                AttentionOracle.Gradients g = AttentionOracle.attentionVjp(x.get(0), x.get(1), x.get(2), 0.5, null,
                        null, dy);
                return List.of(g.q(), g.k(), g.v());
            };
            case RESHAPE -> (x, dy) -> List.of(dy.reshape(x.get(0).shape()));
            case PERMUTE -> (x, dy) -> List.of(dy.permute(1, 2, 0));
            case SLICE -> (x, dy) -> List.of(ShapeOracle.sliceVjp(x.get(0), 2, c / 2, dy));
            case CONCAT -> (x, dy) -> ShapeOracle.concatVjp(1, dy, x.toArray(Array[]::new));
            case BROADCAST -> (x, dy) -> List.of(dy.sumTo(x.get(0).shape()));
            case SUM -> (x, dy) -> List.of(ReductionOracle.sumVjp(x.get(0), dy, 0, -1));
            case SUM_ALL -> (x, dy) -> List.of(ReductionOracle.sumVjp(x.get(0), dy, 0, 1, 2));
            case MEAN -> (x, dy) -> List.of(ReductionOracle.meanVjp(x.get(0), dy, 1));
            case PATCHIFY -> (x, dy) -> List.of(PatchOracle.patchifyVjp(x.get(0), 2, 2, dy));
            case UNPATCHIFY -> (x, dy) -> List.of(PatchOracle.patchify(dy, 2, 2));
            case SOFTMAX_CROSS_ENTROPY -> (x, dy) -> List.of(LossOracle.softmaxCrossEntropyVjp(x.get(0),
                    LossOracle.targets(labels(a, c), c, 0.1), dy));
            case SOFT_CROSS_ENTROPY -> (x, dy) -> List.of(LossOracle.softmaxCrossEntropyVjp(x.get(0), targets(a, c),
                    dy));
            case SIGMOID_CROSS_ENTROPY -> (x, dy) -> List.of(LossOracle.sigmoidCrossEntropyVjp(x.get(0), targets(a, c),
                    dy));
            case ATTENTION_BIASED, ATTENTION_MASKED -> (x, dy) -> list(AttentionOracle.attentionVjp(x.get(0), x.get(1),
                    x.get(2), 0.5, x.get(3), this == ATTENTION_MASKED ? visible(x.get(0)) : null, dy));
            case ATTENTION_WITH_WEIGHTS -> (x, dy) -> {
                int size = x.get(0).size();
                Array dO = ShapeOracle.slice(dy, 0, 0, size).reshape(x.get(0).shape());
                int[] logits = {x.get(0).dim(0), x.get(0).dim(2), x.get(0).dim(1), x.get(1).dim(1)};
                Array dP = ShapeOracle.slice(dy, 0, size, dy.size()).reshape(logits);
                List<Array> direct = list(AttentionOracle.attentionVjp(x.get(0), x.get(1), x.get(2), 0.5, x.get(3),
                        visible(x.get(0)), dO));
                AttentionOracle.WeightsGradients through = AttentionOracle.weightsVjp(x.get(0), x.get(1), 0.5, x.get(3),
                        visible(x.get(0)), dP);
                return List.of(direct.get(0).plus(through.q()), direct.get(1).plus(through.k()), direct.get(2),
                        direct.get(3).plus(through.bias()));
            };
        };
    }

    private static List<Array> list(AttentionOracle.Gradients gradients) {
        return List.of(gradients.q(), gradients.k(), gradients.v(), gradients.bias());
    }

    private static List<Array> pair(ElementwiseOracle.Gradients gradients) {
        return List.of(gradients.a(), gradients.b());
    }
}
