package tessella.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static tessella.reference.ValueArbitraries.normal;

import org.junit.jupiter.api.Test;

/** Every vjp of the operator oracles is what central differences of the forward say. */
final class OracleVjpTest {
    @Test
    void matmulBroadcastsItsBatches() {
        Array a = normal(1, 3, 1, 4, 5);
        Array b = normal(2, 2, 5, 3);
        Array dy = normal(3, 3, 2, 4, 3);
        var g = MatmulOracle.matmulVjp(a, b, dy);
        Vjps.require("a", x -> MatmulOracle.matmul(x, b), a, dy, g.a());
        Vjps.require("b", x -> MatmulOracle.matmul(a, x), b, dy, g.b());
    }

    @Test
    void matmulIsTheSumOfProducts() {
        Array a = normal(1, 2, 3, 4);
        Array b = normal(2, 2, 4, 5);
        Comparison.of("matmul", EinsumOracle.einsum("bik,bkj->bij", a, b), MatmulOracle.matmul(a, b)).requireEqual();
    }

    @Test
    void linear() {
        Array x = normal(1, 2, 3, 4);
        Array w = normal(2, 4, 5);
        Array bias = normal(3, 5);
        Array dy = normal(4, 2, 3, 5);
        var g = MatmulOracle.linearVjp(x, w, bias, dy);
        Vjps.require("x", v -> MatmulOracle.linear(v, w, bias), x, dy, g.x());
        Vjps.require("weight", v -> MatmulOracle.linear(x, v, bias), w, dy, g.weight());
        Vjps.require("bias", v -> MatmulOracle.linear(x, w, v), bias, dy, g.bias());
    }

    @Test
    void einsumOfThreeOperandsWithADiagonal() {
        Array a = normal(1, 3, 3, 2);
        Array b = normal(2, 2, 4);
        Array c = normal(3, 4);
        Array dy = normal(4, 3);
        String equation = "iij,jk,k->i";
        var g = EinsumOracle.einsumVjp(equation, dy, a, b, c);
        Vjps.require("a", v -> EinsumOracle.einsum(equation, v, b, c), a, dy, g.get(0));
        Vjps.require("b", v -> EinsumOracle.einsum(equation, a, v, c), b, dy, g.get(1));
        Vjps.require("c", v -> EinsumOracle.einsum(equation, a, b, v), c, dy, g.get(2));
    }

    @Test
    void elementwiseBinary() {
        Array a = normal(1, 2, 1, 4);
        Array b = normal(2, 3, 1).map(v -> v + Math.copySign(1, v));
        Array dy = normal(3, 2, 3, 4);
        var add = ElementwiseOracle.addVjp(a, b, dy);
        Vjps.require("add a", v -> ElementwiseOracle.add(v, b), a, dy, add.a());
        Vjps.require("add b", v -> ElementwiseOracle.add(a, v), b, dy, add.b());
        var sub = ElementwiseOracle.subVjp(a, b, dy);
        Vjps.require("sub a", v -> ElementwiseOracle.sub(v, b), a, dy, sub.a());
        Vjps.require("sub b", v -> ElementwiseOracle.sub(a, v), b, dy, sub.b());
        var mul = ElementwiseOracle.mulVjp(a, b, dy);
        Vjps.require("mul a", v -> ElementwiseOracle.mul(v, b), a, dy, mul.a());
        Vjps.require("mul b", v -> ElementwiseOracle.mul(a, v), b, dy, mul.b());
        var div = ElementwiseOracle.divVjp(a, b, dy);
        Vjps.require("div a", v -> ElementwiseOracle.div(v, b), a, dy, div.a());
        Vjps.require("div b", v -> ElementwiseOracle.div(a, v), b, dy, div.b());
    }

    @Test
    void elementwiseUnary() {
        Array x = normal(1, 40).times(2);
        Array dy = normal(2, 40);
        Vjps.require("neg", ElementwiseOracle::neg, x, dy, ElementwiseOracle.negVjp(dy));
        Vjps.require("gelu tanh", ElementwiseOracle::geluTanh, x, dy, ElementwiseOracle.geluTanhVjp(x, dy));
        Vjps.require("gelu erf", ElementwiseOracle::geluErf, x, dy, ElementwiseOracle.geluErfVjp(x, dy));
        Vjps.require("sigmoid", ElementwiseOracle::sigmoid, x, dy, ElementwiseOracle.sigmoidVjp(x, dy));
    }

    @Test
    void geluIsFiniteAndExactFarOut() {
        Array x = Array.of(new int[] {4}, 1e4, -1e4, 1e200, -1e200);
        Array slope = Array.of(new int[] {4}, 1, 0, 1, 0);
        Comparison.of("tanh", slope, ElementwiseOracle.geluTanhVjp(x, Array.full(x.shape(), 1))).requireEqual();
        Comparison.of("erf", slope, ElementwiseOracle.geluErfVjp(x, Array.full(x.shape(), 1))).requireEqual();
    }

    @Test
    void erfAgreesWithTabulatedValues() {
        // erf to 16 digits, from tables of the error function
        assertEquals(0.1124629160182849, ElementwiseOracle.erf(0.1), 2e-16);
        assertEquals(0.5204998778130465, ElementwiseOracle.erf(0.5), 2e-16);
        assertEquals(0.8427007929497149, ElementwiseOracle.erf(1), 3e-16);
        assertEquals(-0.9953222650189527, ElementwiseOracle.erf(-2), 3e-16);
        assertEquals(0.9999779095030014, ElementwiseOracle.erf(3), 2e-16);
        assertEquals(ElementwiseOracle.erf(Math.nextDown(2.0)), ElementwiseOracle.erf(2), 4e-16);
        assertEquals(1, ElementwiseOracle.erf(1e300), 0);
    }

    @Test
    void reductions() {
        Array x = normal(1, 2, 3, 4);
        Array dy = normal(2, 1, 3, 1);
        Vjps.require("sum", v -> ReductionOracle.sum(v, 0, -1), x, dy, ReductionOracle.sumVjp(x, dy, 0, -1));
        Vjps.require("mean", v -> ReductionOracle.mean(v, 0, -1), x, dy, ReductionOracle.meanVjp(x, dy, 0, -1));
    }

    @Test
    void softmaxFamily() {
        Array x = normal(1, 2, 3, 4).times(3);
        Array dy = normal(2, 2, 3, 4);
        int[][] axes = {{2}, {0}, {1, 2}, {0, -1}};
        for (int[] over : axes) {
            Vjps.require("softmax", v -> SoftmaxOracle.softmax(v, over), x, dy, SoftmaxOracle.softmaxVjp(x, dy, over));
            Vjps.require("log", v -> SoftmaxOracle.logSoftmax(v, over), x, dy,
                    SoftmaxOracle.logSoftmaxVjp(x, dy, over));
            Array dsum = ReductionOracle.sum(dy, over);
            Vjps.require("sum", v -> SoftmaxOracle.logSumExp(v, over), x, dsum,
                    SoftmaxOracle.logSumExpVjp(x, dsum, over));
        }
    }

    @Test
    void maskedSoftmaxGivesZerosWhereNothingIsVisible() {
        Array x = normal(1, 3, 4);
        Array dy = normal(2, 3, 4);
        Array mask = Array.of(new int[] {3, 4}, 1, 0, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1);
        Array y = SoftmaxOracle.maskedSoftmax(x, mask, -1);
        Comparison.of("sums", Array.of(new int[] {3, 1}, 1, 0, 1), ReductionOracle.sum(y, 1)).requireWithin(0, 1e-15);
        assertEquals(0, y.get(0, 1));
        Vjps.require("masked", v -> SoftmaxOracle.maskedSoftmax(v, mask, -1), x, dy,
                SoftmaxOracle.maskedSoftmaxVjp(x, mask, dy, -1));
    }

    @Test
    void norms() {
        Array x = normal(1, 2, 3, 5);
        Array scale = normal(2, 5);
        Array bias = normal(3, 5);
        Array dy = normal(4, 2, 3, 5);
        var g = NormOracle.layerNormVjp(x, scale, bias, 1e-6, dy);
        Vjps.require("x", v -> NormOracle.layerNorm(v, scale, bias, 1e-6), x, dy, g.x());
        Vjps.require("scale", v -> NormOracle.layerNorm(x, v, bias, 1e-6), scale, dy, g.scale());
        Vjps.require("bias", v -> NormOracle.layerNorm(x, scale, v, 1e-6), bias, dy, g.bias());
        Vjps.require("plain", v -> NormOracle.layerNorm(v, null, null, 1e-2), x, dy,
                NormOracle.layerNormVjp(x, null, null, 1e-2, dy).x());
        for (int axis = 0; axis < 3; axis++) {
            int over = axis;
            Vjps.require("l2", v -> NormOracle.l2Normalize(v, over, 1e-6), x, dy,
                    NormOracle.l2NormalizeVjp(x, over, 1e-6, dy));
        }
    }

    @Test
    void attentionWithBiasAndMask() {
        Array q = normal(1, 2, 3, 2, 4);
        Array k = normal(2, 2, 5, 2, 4);
        Array v = normal(3, 2, 5, 2, 4);
        Array bias = normal(4, 1, 2, 3, 5);
        Array mask = Array.fill(new int[] {2, 1, 3, 5}, i -> i[2] == 1 && i[0] == 0 || (i[2] + i[3]) % 3 == 0 ? 0 : 1);
        Array dy = normal(5, 2, 3, 2, 4);
        var g = AttentionOracle.attentionVjp(q, k, v, 0.5, bias, mask, dy);
        Vjps.require("q", x -> AttentionOracle.attention(x, k, v, 0.5, bias, mask), q, dy, g.q());
        Vjps.require("k", x -> AttentionOracle.attention(q, x, v, 0.5, bias, mask), k, dy, g.k());
        Vjps.require("v", x -> AttentionOracle.attention(q, k, x, 0.5, bias, mask), v, dy, g.v());
        Vjps.require("bias", x -> AttentionOracle.attention(q, k, v, 0.5, x, mask), bias, dy, g.bias());
        Array weights = AttentionOracle.weights(q, k, 0.5, bias, mask);
        Array dw = normal(6, weights.shape());
        var through = AttentionOracle.weightsVjp(q, k, 0.5, bias, mask, dw);
        Vjps.require("q of weights", x -> AttentionOracle.weights(x, k, 0.5, bias, mask), q, dw, through.q());
        Vjps.require("k of weights", x -> AttentionOracle.weights(q, x, 0.5, bias, mask), k, dw, through.k());
        Vjps.require("bias of weights", x -> AttentionOracle.weights(q, k, 0.5, x, mask), bias, dw, through.bias());
        assertEquals(0, AttentionOracle.attention(q, k, v, 0.5, bias, mask).get(0, 1, 0, 0));
    }

    @Test
    void losses() {
        Array logits = normal(1, 4, 5).times(2);
        Array hard = LossOracle.targets(new int[] {0, 4, 2, 2}, 5, 0.1);
        Array soft = normal(2, 4, 5).map(Math::abs);
        Array dloss = normal(3, 4);
        for (Array targets : new Array[] {hard, soft}) {
            Vjps.require("softmax", v -> LossOracle.softmaxCrossEntropy(v, targets), logits, dloss,
                    LossOracle.softmaxCrossEntropyVjp(logits, targets, dloss));
            Vjps.require("sigmoid", v -> LossOracle.sigmoidCrossEntropy(v, targets), logits, dloss,
                    LossOracle.sigmoidCrossEntropyVjp(logits, targets, dloss));
        }
    }

    @Test
    void patches() {
        Array x = normal(1, 2, 7, 9, 3);
        Array dy = normal(2, 2, 6, 24);
        Vjps.require("patchify", v -> PatchOracle.patchify(v, 2, 4), x, normal(3, 2, 6, 24),
                PatchOracle.patchifyVjp(x, 2, 4, normal(3, 2, 6, 24)));
        Comparison.of("there and back", dy,
                PatchOracle.patchify(PatchOracle.unpatchify(dy, new int[] {2, 7, 9, 3}, 2, 4), 2, 4)).requireEqual();
        assertEquals(x.get(1, 2 + 1, 4 + 3, 2), PatchOracle.patchify(x, 2, 4).get(1, 1 * 2 + 1, (1 * 4 + 3) * 3 + 2));
    }

    @Test
    void shapes() {
        Array x = normal(1, 2, 5, 3);
        Array dy = normal(2, 2, 2, 3);
        Vjps.require("slice", v -> ShapeOracle.slice(v, 1, 2, 4), x, dy, ShapeOracle.sliceVjp(x, 1, 2, dy));
        Array other = normal(3, 2, 1, 3);
        Array dall = normal(4, 2, 6, 3);
        var parts = ShapeOracle.concatVjp(1, dall, x, other);
        Vjps.require("concat 0", v -> ShapeOracle.concat(1, v, other), x, dall, parts.get(0));
        Vjps.require("concat 1", v -> ShapeOracle.concat(1, x, v), other, dall, parts.get(1));
        int[] before = {0, 1, 2};
        int[] after = {1, 0, 0};
        Array dpad = normal(5, 3, 6, 5);
        Vjps.require("pad", v -> ShapeOracle.pad(v, before, after, 7), x, dpad, ShapeOracle.padVjp(x, before, dpad));
        Array back = x.permute(2, 0, 1).permute(1, 2, 0);
        Comparison.of("permute", x, back).requireEqual();
    }
}
