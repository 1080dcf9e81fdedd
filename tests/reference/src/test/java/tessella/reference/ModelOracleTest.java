package tessella.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static tessella.reference.ValueArbitraries.normal;

import java.util.List;
import org.junit.jupiter.api.Test;

/** The oracles of whole layers, of the optimiser and of the schedule. */
final class ModelOracleTest {
    @Test
    void softMoeLayerVjp() {
        Array x = normal(1, 2, 4, 3);
        var router = new SoftMoeOracle.Router(normal(2, 3, 2, 3), Array.scalar(1.5));
        var e = new SoftMoeOracle.Experts(normal(3, 2, 3, 4), normal(4, 2, 4), normal(5, 2, 4, 3), normal(6, 2, 3));
        Array dy = normal(7, 2, 4, 3);
        var g = SoftMoeOracle.layerVjp(x, router, e, dy);
        Vjps.require("x", v -> SoftMoeOracle.layer(v, router, e), x, dy, g.x());
        Vjps.require("mu", v -> SoftMoeOracle.layer(x, new SoftMoeOracle.Router(v, router.scale()), e),
                router.mu(), dy, g.router().mu());
        Vjps.require("scale", v -> SoftMoeOracle.layer(x, new SoftMoeOracle.Router(router.mu(), v), e),
                router.scale(), dy, g.router().scale());
        Vjps.require("w1", v -> SoftMoeOracle.layer(x, router, new SoftMoeOracle.Experts(v, e.b1(), e.w2(), e.b2())),
                e.w1(), dy, g.experts().w1());
        Vjps.require("b1", v -> SoftMoeOracle.layer(x, router, new SoftMoeOracle.Experts(e.w1(), v, e.w2(), e.b2())),
                e.b1(), dy, g.experts().b1());
        Vjps.require("w2", v -> SoftMoeOracle.layer(x, router, new SoftMoeOracle.Experts(e.w1(), e.b1(), v, e.b2())),
                e.w2(), dy, g.experts().w2());
        Vjps.require("b2", v -> SoftMoeOracle.layer(x, router, new SoftMoeOracle.Experts(e.w1(), e.b1(), e.w2(), v)),
                e.b2(), dy, g.experts().b2());
    }

    /** A small layer with closed-form parameters, whose output was computed elsewhere to 8 digits. */
    @Test
    void softMoeLayerGoldenVector() {
        Array x = Array.fill(new int[] {1, 4, 3}, i -> Math.sin(0.7 * i[1] + 1.3 * i[2] + 0.1));
        var router = new SoftMoeOracle.Router(
                Array.fill(new int[] {3, 2, 2}, i -> Math.cos(0.4 * i[0] + 0.9 * (2 * i[1] + i[2]))),
                Array.scalar(1.5));
        var experts = new SoftMoeOracle.Experts(
                Array.fill(new int[] {2, 3, 2}, i -> Math.sin(0.3 * i[1] + 0.5 * i[2] + 0.9 * i[0] + 0.2)),
                Array.fill(new int[] {2, 2}, i -> (i[0] == 0 ? 0.1 : -0.1) * (i[1] + 1)),
                Array.fill(new int[] {2, 2, 3}, i -> Math.cos(0.6 * i[1] + 0.8 * i[2] + 0.5 * i[0])),
                Array.fill(new int[] {2, 3}, i -> 0.05 * (i[1] - 1)));
        Array want = Array.of(new int[] {1, 4, 3}, .62591679, .22474868, -.31274896, .51977434, .18274854, -.26513007,
                .36883669, .12715969, -.19165067, .19687204, .06701155, -.10349725);
        Comparison.of("y", want, SoftMoeOracle.layer(x, router, experts)).requireWithin(0, 1e-8);
        Array dy = Array.fill(x.shape(), i -> (i[1] + 1) * (i[2] + 1));
        var g = SoftMoeOracle.layerVjp(x, router, experts, dy);
        assertEquals(1.8066614, g.router().scale().item(), 1e-7);
        assertEquals(.5206901, g.x().get(0, 0, 0), 1e-7);
        assertEquals(-.1592559, g.x().get(0, 0, 1), 1e-7);
        assertEquals(.8077195, g.x().get(0, 0, 2), 1e-7);
    }

    @Test
    void sparseLayerVjp() {
        Array x = normal(1, 6, 3);
        Array kernel = normal(2, 3, 4);
        Array noise = normal(3, 6, 4);
        var e = new SoftMoeOracle.Experts(normal(4, 4, 3, 2), normal(5, 4, 2), normal(6, 4, 2, 3), normal(7, 4, 3));
        Array dy = normal(8, 6, 3);
        var assigned = RouterOracle.tokensChoice(RouterOracle.gates(x, kernel, noise), 2, 2, RouterOracle.Order.LARGEST_GATE);
        var g = RouterOracle.layerVjp(x, kernel, noise, e, assigned, dy);
        Vjps.require("x", v -> RouterOracle.layer(v, kernel, noise, e, assigned), x, dy, g.x());
        Vjps.require("kernel", v -> RouterOracle.layer(x, v, noise, e, assigned), kernel, dy, g.kernel());
        Vjps.require("w1", v -> RouterOracle.layer(x, kernel, noise, new SoftMoeOracle.Experts(v, e.b1(), e.w2(), e.b2()), assigned),
                e.w1(), dy, g.experts().w1());
    }

    /** The examples of the published code's own tests. */
    @Test
    void sparseRoutersOnPublishedGates() {
        Array gates = Array.of(new int[] {3, 3}, .4, 0, .2, .5, .1, .4, .3, .2, .6);
        assertEquals(List.of(List.of(0, 1), List.of(), List.of(2, 0)),
                RouterOracle.tokensChoice(gates, 2, 2, RouterOracle.Order.POSITION));
        assertEquals(List.of(List.of(1, 0), List.of(), List.of(2, 1)),
                RouterOracle.tokensChoice(gates, 2, 2, RouterOracle.Order.LARGEST_GATE));
        assertEquals(List.of(List.of(1, 0), List.of(2, 1), List.of(2, 1)), RouterOracle.expertsChoice(gates, 2));
        Array more = Array.of(new int[] {4, 3}, .5, .4, .1, .3, .3, .4, .1, .2, .7, .8, .2, 0);
        assertEquals(1.0875, RouterOracle.gshard(more), 1e-12);
        assertEquals(.03875, RouterOracle.importance(more), 1e-12);
        Array clean = Array.of(new int[] {3, 3}, .9, .06, .04, .7, .18, .12, .85, .05, .1);
        Array noise = Array.of(new int[] {3, 3}, -.037, .026, -.018, -.074, .045, -.015, -.067, -.059, .073);
        // computed there in float32
        assertEquals(.48573865, RouterOracle.load(clean, clean.plus(noise), 2, .1), 5e-7);
    }

    @Test
    void softMoeIdentityWeightsArePermutations() {
        Array w = SoftMoeOracle.identityWeights(1, 6, 3, 2);
        Comparison.of("tokens", Array.full(new int[] {1, 6, 1, 1}, 1), ReductionOracle.sum(w, 2, 3)).requireEqual();
        Comparison.of("slots", Array.full(new int[] {1, 1, 3, 2}, 1), ReductionOracle.sum(w, 1)).requireEqual();
        assertEquals(1, w.get(0, 4, 1, 1));
    }

    @Test
    void vitBlockVjp() {
        Array x = normal(1, 2, 3, 4);
        var attention = new VitBlockOracle.Attention(normal(2, 4, 2, 3), normal(3, 2, 3), normal(4, 4, 2, 3),
                normal(5, 2, 3), normal(6, 4, 2, 3), normal(7, 2, 3), normal(8, 2, 3, 4), normal(9, 4),
                normal(10, 3), normal(11, 3), VitBlockOracle.HeadNorm.LAYER);
        var block = new VitBlockOracle.Block(new VitBlockOracle.Norm(normal(12, 4), normal(13, 4)), attention,
                new VitBlockOracle.Norm(normal(14, 4), normal(15, 4)),
                new VitBlockOracle.Mlp(normal(16, 4, 5), normal(17, 5), normal(18, 5, 4), normal(19, 4)));
        Array dy = normal(20, 2, 3, 4);
        var g = VitBlockOracle.blockVjp(x, block, dy);
        Vjps.require("x", v -> VitBlockOracle.block(v, block), x, dy, g.x());
        Vjps.require("scale 1", v -> VitBlockOracle.block(x, new VitBlockOracle.Block(
                new VitBlockOracle.Norm(v, block.norm1().bias()), attention, block.norm2(), block.mlp())),
                block.norm1().scale(), dy, g.block().norm1().scale());
        Vjps.require("bias 2", v -> VitBlockOracle.block(x, new VitBlockOracle.Block(
                block.norm1(), attention, new VitBlockOracle.Norm(block.norm2().scale(), v), block.mlp())),
                block.norm2().bias(), dy, g.block().norm2().bias());
        Vjps.require("w1", v -> VitBlockOracle.block(x, new VitBlockOracle.Block(block.norm1(), attention,
                block.norm2(), new VitBlockOracle.Mlp(v, block.mlp().b1(), block.mlp().w2(), block.mlp().b2()))),
                block.mlp().w1(), dy, g.block().mlp().w1());
        requireAttention(attention, normal(21, 2, 3, 4), dy);
    }

    private static VitBlockOracle.Attention withoutBiases(VitBlockOracle.HeadNorm norm) {
        return new VitBlockOracle.Attention(normal(2, 4, 2, 3), null, normal(4, 4, 2, 3), null, normal(6, 4, 2, 3), null,
                normal(8, 2, 3, 4), null, normal(10, 3), normal(11, 3), norm);
    }

    private static void requireAttention(VitBlockOracle.Attention p, Array inner, Array dy) {
        var a = VitBlockOracle.selfAttentionVjp(inner, p, dy).attention();
        Vjps.require("query kernel", v -> VitBlockOracle.selfAttention(inner, new VitBlockOracle.Attention(
                v, p.queryBias(), p.keyKernel(), p.keyBias(), p.valueKernel(), p.valueBias(), p.outKernel(), p.outBias(),
                p.queryGain(), p.keyGain(), p.headNorm())), p.queryKernel(), dy, a.queryKernel());
        Vjps.require("key gain", v -> VitBlockOracle.selfAttention(inner, new VitBlockOracle.Attention(
                p.queryKernel(), p.queryBias(), p.keyKernel(), p.keyBias(), p.valueKernel(), p.valueBias(), p.outKernel(),
                p.outBias(), p.queryGain(), v, p.headNorm())), p.keyGain(), dy, a.keyGain());
        Vjps.require("out kernel", v -> VitBlockOracle.selfAttention(inner, new VitBlockOracle.Attention(
                p.queryKernel(), p.queryBias(), p.keyKernel(), p.keyBias(), p.valueKernel(), p.valueBias(), v, p.outBias(),
                p.queryGain(), p.keyGain(), p.headNorm())), p.outKernel(), dy, a.outKernel());
    }

    @Test
    void parallelBlockVjp() {
        for (var norm : VitBlockOracle.HeadNorm.values()) {
            Array x = normal(1, 2, 3, 4);
            var attention = withoutBiases(norm);
            var mlp = new VitBlockOracle.Mlp(normal(16, 4, 5), normal(17, 5), normal(18, 5, 4), normal(19, 4));
            var block = new VitBlockOracle.Parallel(normal(12, 4), attention, mlp);
            Array dy = normal(20, 2, 3, 4);
            var g = VitBlockOracle.parallelVjp(x, block, dy);
            Vjps.require("x", v -> VitBlockOracle.parallel(v, block), x, dy, g.x());
            Vjps.require("gain", v -> VitBlockOracle.parallel(x, new VitBlockOracle.Parallel(v, attention, mlp)),
                    block.gain(), dy, g.block().gain());
            Vjps.require("w1", v -> VitBlockOracle.parallel(x, new VitBlockOracle.Parallel(block.gain(), attention,
                    new VitBlockOracle.Mlp(v, mlp.b1(), mlp.w2(), mlp.b2()))), mlp.w1(), dy, g.block().mlp().w1());
            requireAttention(attention, normal(21, 2, 3, 4), dy);
        }
    }

    @Test
    void mapHeadVjp() {
        Array tokens = normal(1, 2, 3, 4);
        var attention = withoutBiases(VitBlockOracle.HeadNorm.LAYER);
        var head = new MapHeadOracle.Head(normal(30, 1, 1, 4), attention,
                new VitBlockOracle.Norm(normal(12, 4), normal(13, 4)),
                new VitBlockOracle.Mlp(normal(16, 4, 5), normal(17, 5), normal(18, 5, 4), normal(19, 4)));
        Array dy = normal(20, 2, 4);
        var g = MapHeadOracle.poolVjp(tokens, head, dy);
        Vjps.require("tokens", v -> MapHeadOracle.pool(v, head), tokens, dy, g.tokens());
        Vjps.require("probe", v -> MapHeadOracle.pool(tokens, new MapHeadOracle.Head(v, attention, head.norm(), head.mlp())),
                head.probe(), dy, g.head().probe());
        Vjps.require("scale", v -> MapHeadOracle.pool(tokens, new MapHeadOracle.Head(head.probe(), attention,
                new VitBlockOracle.Norm(v, head.norm().bias()), head.mlp())), head.norm().scale(), dy, g.head().norm().scale());
        Vjps.require("w2", v -> MapHeadOracle.pool(tokens, new MapHeadOracle.Head(head.probe(), attention, head.norm(),
                new VitBlockOracle.Mlp(head.mlp().w1(), head.mlp().b1(), v, head.mlp().b2()))), head.mlp().w2(), dy,
                g.head().mlp().w2());
    }

    @Test
    void adamMovesByTheLearningRateFirst() {
        // with bias correction the first step is lr * sign(g), whatever the size of g, and decay adds lr * decay * p
        AdamWOracle adam = new AdamWOracle(0.9, 0.999, 0);
        Array p = Array.of(new int[] {3}, 1, -2, 3);
        Array after = adam.step(p, Array.of(new int[] {3}, 1e-4, -7, 0.5), 0.1, 0.5);
        Array want = Array.of(new int[] {3}, 1 - 0.1 - 0.05, -2 + 0.1 + 0.1, 3 - 0.1 - 0.15);
        Comparison.of("first step", want, after).requireWithin(1e-14, 0);
    }

    @Test
    void descentRollsOn() {
        Array p = Array.of(new int[] {1}, 2);
        Array g = Array.of(new int[] {1}, 4);
        SgdOracle ball = new SgdOracle(0.5, false, 1);
        // h = 4 + 2, then 4 - 1: m is 6, then 6
        assertEquals(-1, ball.step(p, g, 0.5, 1, 0).item());
        assertEquals(-1 - 0.5 * 6, ball.step(Array.of(new int[] {1}, -1), g, 0.5, 1, 0).item());
        assertEquals(2 - 0.5 * (0.5 * 9 + 0.25 * 2), new SgdOracle(0.5, true, 1).step(p, g, 0.5, 0.5, 0.25).item());
    }

    @Test
    void adafactorOfAnOuterProductMovesBySigns() {
        // at t = 1 nothing of the past counts, and the squares of an outer product are one: v is exactly g^2
        Array g = Array.of(new int[] {2, 3}, 1, -2, 3, -10, 20, -30);
        Array signs = g.map(Math::signum);
        Array zero = Array.zeros(2, 3);
        Array after = new AdafactorOracle(2, 0.8, 1, 1e-30, 0, Double.POSITIVE_INFINITY, false, 0).step(zero, g, 1, 1, 0);
        Comparison.of("first step", signs.times(-1), after).requireWithin(1e-14, 0);
        // clipped to rms 0.5, scaled by the least scale, and three tenths of it taken by the momentum
        after = new AdafactorOracle(4, 0.8, 1, 1e-30, 0.7, 0.5, true, 0.1).step(zero, g, 1, 1, 0);
        Comparison.of("first step", signs.times(-0.5 * 0.1 * 0.3), after).requireWithin(1e-14, 0);
    }

    @Test
    void clippingShortensOnlyWhatIsTooLong() {
        List<Array> gradients = List.of(Array.of(new int[] {1}, 3), Array.of(new int[] {1}, -4));
        assertEquals(5, TrainingOracle.globalNorm(gradients), 1e-15);
        assertEquals(1, TrainingOracle.globalNorm(TrainingOracle.clipGlobalNorm(gradients, 1)), 1e-15);
        assertEquals(gradients, TrainingOracle.clipGlobalNorm(gradients, 5.1));
    }

    @Test
    void cosineStartsAtTheWarmUpAndEndsAtZero() {
        assertEquals(0, TrainingOracle.warmupCosine(0, 10, 60, 2));
        assertEquals(1, TrainingOracle.warmupCosine(5, 10, 60, 2), 1e-15);
        assertEquals(2, TrainingOracle.warmupCosine(10, 10, 60, 2), 1e-15);
        assertEquals(1, TrainingOracle.warmupCosine(35, 10, 60, 2), 1e-15);
        assertEquals(0, TrainingOracle.warmupCosine(60, 10, 60, 2), 1e-15);
        assertEquals(0, TrainingOracle.warmupCosine(99, 10, 60, 2), 1e-15);
    }

    @Test
    void sincosTable() {
        Array table = PositionOracle.sincos2d(2, 3, 8, 10000);
        assertEquals(Math.sin(2), table.get(5, 0), 1e-15);
        assertEquals(Math.cos(2e-4), table.get(5, 3), 1e-15);
        assertEquals(Math.sin(1), table.get(5, 4), 1e-15);
        assertEquals(Math.cos(1e-4), table.get(5, 7), 1e-15);
    }
}
