package tessella.models.moe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.OptionalDouble;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tessella.autodiff.Tensor;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.engine.Random;
import tessella.engine.Regularizer;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.models.topk.SoftExpertsChoice;
import tessella.models.topk.SoftTokensChoice;
import tessella.models.transport.TransportRouter;

/** What is told of routers, by numbers worked out by hand, and by other ways to them. */
class RoutingMeasuresTest {
    private static final int SEED = 5;
    private static final double[] FOUR_BY_TWO = {2, 0, 1.05, 0, 1, 0, -3, 0};

    @AfterEach
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    private static RoutingMeasures of(Router router, int experts, double[]... groups) {
        RoutingMeasures measures = new RoutingMeasures(router, SEED);
        try (Scope scope = Scope.open()) {
            for (double[] x : groups) {
                measures.add(NdArray.of(scope, Shape.of(x.length / experts, experts), x));
            }
        }
        return measures;
    }

    @Test
    void expertsThatChooseHardHaveEvenLoadsAndNoOtherPairs() {
        // expert 0 takes tokens 0 and 1, expert 1 those of its largest gates, 3 and 2
        RoutingMeasures even = of(new ExpertsChoice(new Capacity.Fixed(2)), 2, FOUR_BY_TWO);
        assertEquals(1, even.pairs());
        assertEquals(0, even.unrouted());
        assertEquals(1, even.busiest());
        assertEquals(0, even.others());
        assertEquals(OptionalDouble.empty(), even.marginalError());
        // of one place each, tokens 0 and 3 are taken; a second group of two tokens leaves none
        RoutingMeasures one = of(new ExpertsChoice(new Capacity.Fixed(1)), 2, FOUR_BY_TWO, new double[] {1, 0, 0, 1});
        assertEquals(4.0 / 6, one.pairs());
        assertEquals(2.0 / 6, one.unrouted());
    }

    @Test
    void softChoicesAreComparedWithHardOnesOfTheSameLogits() {
        // expert 0 takes 0 and shares a place between 1 and 2; expert 1, all equal, shares two places among four, of which hard ones are 0 and 1
        RoutingMeasures soft = of(new SoftExpertsChoice(new Capacity.Fixed(2), Regularizer.l2(0.2)), 2, FOUR_BY_TWO);
        assertEquals(7.0 / 4, soft.pairs());
        assertEquals(3.0 / 7, soft.others());
        assertEquals(4 * 2.0 / 7, soft.busiest());
        assertTrue(soft.gradient() > 0.1);
        RoutingMeasures hard = of(new SoftExpertsChoice(new Capacity.Fixed(2), Regularizer.l2(0)), 2, FOUR_BY_TWO);
        assertEquals(1, hard.pairs());
        assertEquals(0, hard.others());
        // tokens 0 to 2 choose expert 0, token 3 expert 1
        RoutingMeasures tokens = of(new SoftTokensChoice(1, Regularizer.l2(0.2)), 2, FOUR_BY_TWO);
        assertEquals(1, tokens.pairs());
        assertEquals(3 * 2.0 / 4, tokens.busiest());
        assertEquals(0, tokens.others());
    }

    @Test
    void theGradientOfHardChoicesIsThatOfASoftmaxSeenThroughThem() {
        double[] x = new SplittableRandom(3).doubles(6 * 3).map(v -> 4 * v - 2).toArray();
        double squares = 0;
        double others = 0;
        Random cotangents = Random.of(SEED, "routing cotangents").at(0, 0);
        for (int t = 0; t < 6; t++) {
            double[] own = Arrays.copyOfRange(x, 3 * t, 3 * t + 3);
            double sum = Arrays.stream(own).map(Math::exp).sum();
            int chosen = IntStream.range(0, 3).reduce(0, (a, b) -> own[b] > own[a] ? b : a);
            double dw = cotangents.normal(3 * t + chosen);
            for (int e = 0; e < 3; e++) {
                // dg_c / dx_e = g_c (1[c = e] - g_e)
                double g = dw * Math.exp(own[chosen]) / sum * ((e == chosen ? 1 : 0) - Math.exp(own[e]) / sum);
                squares += g * g;
                others += e == chosen ? 0 : g * g;
            }
        }
        assertEquals(others / squares, of(new SoftTokensChoice(1, Regularizer.l2(0)), 3, x).gradient(), 1e-12);
        // the weights of this one are all gates, of which those that are not chosen are not read
        Router plain = new TokensChoice(1, new Capacity.Fixed(6), Priority.POSITION, Balance.NONE);
        assertEquals(others / squares, of(plain, 3, x).gradient(), 1e-12);
    }

    @Test
    void theMarginalErrorIsThatOfThePlanThatWeighsPairs() {
        double[] x = new SplittableRandom(4).doubles(24 * 4).map(v -> 4 * v - 2).toArray();
        for (TransportRouter router : new TransportRouter[] {
            TransportRouter.expertsChoose(new Capacity.Fixed(8), TransportRouter.Weights.PLAN),
            TransportRouter.tokensChoose(2, TransportRouter.Weights.PLAN)}) {
            double error = 0;
            try (Scope scope = Scope.open()) {
                double[] w = router.route(new GateLogits(Tensor.of(scope, Shape.of(24, 4), x))).weights().toDoubles();
                for (int t = 0; t < 24; t++) {
                    error = Math.max(error, Math.abs(1 - w[4 * t] - w[4 * t + 1] - w[4 * t + 2] - w[4 * t + 3]));
                }
                for (int e = 0; e < 4; e++) {
                    int expert = e;
                    error = Math.max(error, Math.abs(6 - IntStream.range(0, 24).mapToDouble(t -> w[4 * t + expert]).sum()));
                }
            }
            assertTrue(error > 1e-3, "something is left to tell");
            RoutingMeasures measures = of(router, 4, x);
            assertEquals(error, measures.marginalError().orElseThrow(), 1e-9, router.describe());
            assertTrue(measures.others() > 0 && measures.others() < 1, "not the choices of experts alone: " + measures.others());
        }
    }
}
