package tessella.models.topk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterTry;
import tessella.autodiff.GradientCheck;
import tessella.autodiff.Gradients;
import tessella.autodiff.Reductions;
import tessella.autodiff.Tape;
import tessella.autodiff.Tensor;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.engine.Regularizer;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.models.moe.Assignment;
import tessella.models.moe.Capacity;
import tessella.models.moe.ExpertsChoice;
import tessella.models.moe.GateLogits;
import tessella.models.moe.Router;
import tessella.reference.TopKOracle;

/** Routers that choose softly: the weights are those of the oracle's masks, and hard choices are their end. */
class SoftRoutersProperties {
    @AfterTry
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    private static double[] logits(long seed, int size) {
        SplittableRandom random = new SplittableRandom(seed);
        return random.doubles(size).map(_ -> random.nextGaussian()).toArray();
    }

    private static double gate(double[] logits, int t, int e, int experts) {
        double sum = 0;
        for (int i = 0; i < experts; i++) {
            sum += Math.exp(logits[t * experts + i] - logits[t * experts + e]);
        }
        return 1 / sum;
    }

    private static double[] column(double[] logits, int e, int experts) {
        double[] out = new double[logits.length / experts];
        Arrays.setAll(out, t -> logits[t * experts + e]);
        return out;
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void pairsWeighTheirMaskTimesTheirGate(@ForAll long seed, @ForAll @IntRange(min = 1, max = 12) int tokens,
            @ForAll @IntRange(min = 1, max = 6) int experts) {
        double[] x = logits(seed, tokens * experts);
        SplittableRandom random = new SplittableRandom(seed);
        double p = random.nextBoolean() ? 2 : 4.0 / 3;
        double lambda = Math.exp(random.nextDouble(-3, 1));
        int room = random.nextInt(1, tokens + 1);
        int chosen = random.nextInt(1, experts + 1);
        Regularizer regularizer = new Regularizer(lambda, p);
        try (Scope scope = Scope.open()) {
            GateLogits logits = new GateLogits(Tensor.of(scope, Shape.of(tokens, experts), x));
            Assignment byExperts = new SoftExpertsChoice(new Capacity.Fixed(room), regularizer).route(logits);
            Assignment byTokens = new SoftTokensChoice(chosen, regularizer).route(logits);
            double[] w = byExperts.weights().toDoubles();
            double[] v = byTokens.weights().toDoubles();
            for (int e = 0; e < experts; e++) {
                double[] mask = TopKOracle.mask(column(x, e, experts), room, lambda, p);
                assertTrue(byExperts.rows(e) >= room, "an expert has at least its places");
                for (int t = 0; t < tokens; t++) {
                    int at = t * experts + e;
                    assertEquals(mask[t] * gate(x, t, e, experts), w[at], 1e-9);
                    double[] own = TopKOracle.mask(Arrays.copyOfRange(x, t * experts, (t + 1) * experts), chosen, lambda, p);
                    assertEquals(own[e] * gate(x, t, e, experts), v[at], 1e-9);
                    int token = t;
                    assertEquals(w[at] != 0, Arrays.stream(byExperts.tokens(e)).anyMatch(one -> one == token));
                }
            }
        }
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void withASmallLambdaExpertsChooseAsHardOnesDoByLogits(@ForAll long seed, @ForAll @IntRange(min = 2, max = 20) int tokens) {
        // one expert beside a constant one: its gates have the order of its logits
        double[] x = logits(seed, tokens * 2);
        for (int t = 0; t < tokens; t++) {
            x[2 * t + 1] = 0;
        }
        int room = new SplittableRandom(seed).nextInt(1, tokens);
        try (Scope scope = Scope.open()) {
            GateLogits logits = new GateLogits(Tensor.of(scope, Shape.of(tokens, 2), x));
            int[] soft = new SoftExpertsChoice(new Capacity.Fixed(room), Regularizer.l2(1e-12)).route(logits).tokens(0);
            int[] hard = new ExpertsChoice(new Capacity.Fixed(room)).route(logits).tokens(0);
            Arrays.sort(hard);
            assertEquals(Arrays.toString(hard), Arrays.toString(soft));
        }
    }

    @Property(tries = 50, edgeCases = EdgeCasesMode.NONE)
    void gradientsEqualCentralDifferences(@ForAll long seed) {
        double[] x = logits(seed, 5 * 3);
        for (Router router : List.of(new SoftExpertsChoice(new Capacity.Fixed(2), Regularizer.smooth(20)),
                new SoftTokensChoice(1, Regularizer.smooth(20)))) {
            try (Scope scope = Scope.open()) {
                // so large a lambda pools everything: no kink is near
                GradientCheck.Worst worst = GradientCheck.worst(in -> router.route(new GateLogits(in.get(0))).weights(),
                        List.of(NdArray.of(scope, Shape.of(5, 3), x)));
                assertTrue(worst.error() < 1e-6, router + ": " + worst);
            }
        }
    }

    @Example
    void theGradientReachesPairsThatAHardRouterLeavesOut() {
        double[] x = {2, 0, 1.05, 0, 1, 0, -3, 0};
        assertEquals(3, reached(new SoftExpertsChoice(new Capacity.Fixed(2), Regularizer.l2(0.2)), x));
        assertEquals(2, reached(new ExpertsChoice(new Capacity.Fixed(2)), x));
    }

    /** Tokens whose pair with the first expert passes a gradient back from the weights of that expert. */
    private static int reached(Router router, double[] x) {
        try (Tape tape = Tape.record()) {
            Tensor logits = tape.watch(Tensor.of(Scope.current(), Shape.of(4, 2), x));
            Assignment assignment = router.route(new GateLogits(logits));
            double[] first = new double[8];
            for (int token : assignment.tokens(0)) {
                first[2 * token] = 1;
            }
            NdArray kept = NdArray.of(Scope.current(), Shape.of(4, 2), first);
            Gradients gradients = tape.gradients(Reductions.sum(tessella.autodiff.Elementwise.mul(assignment.weights(), Tensor.of(kept))));
            double[] d = gradients.of(logits).toDoubles();
            return (int) java.util.stream.IntStream.range(0, 4).filter(t -> d[2 * t] != 0).count();
        }
    }

    @Example
    void whatDoesNotFitIsRefused() {
        assertEquals("soft tokens choice: expected at most 3 chosen experts, as many as there are, found 4",
                assertThrows(IllegalArgumentException.class, () -> new SoftTokensChoice(4, Regularizer.l2(1)).check(3, 0)).getMessage());
        assertThrows(IllegalArgumentException.class, () -> new SoftTokensChoice(0, Regularizer.l2(1)));
        assertEquals(5L * 4, new SoftExpertsChoice(new Capacity.Fixed(9), Regularizer.l2(1)).rows(4, 5));
        assertEquals(12, new SoftTokensChoice(3, Regularizer.l2(1)).rows(4, 5));
    }
}
