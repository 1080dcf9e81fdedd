package tessella.models.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tessella.autodiff.Gradients;
import tessella.autodiff.Reductions;
import tessella.autodiff.Tape;
import tessella.autodiff.Tensor;
import tessella.engine.Memory;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.transport.Cardinality;
import tessella.engine.transport.SolverOptions;
import tessella.engine.transport.TransportProblem;
import tessella.engine.transport.TransportResult;
import tessella.engine.transport.TransportSolver;
import tessella.models.moe.Assignment;
import tessella.models.moe.Capacity;
import tessella.models.moe.GateLogits;

class TransportRouterTest {
    private static final int TOKENS = 24;
    private static final int EXPERTS = 4;

    @AfterEach
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    private static double[] logits(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        return random.doubles(TOKENS * EXPERTS).map(_ -> random.nextGaussian()).toArray();
    }

    @Test
    void pairsAreThoseOfThePlanAndWeighGatesOrTheirMass() {
        try (Scope scope = Scope.open()) {
            GateLogits logits = new GateLogits(Tensor.of(scope, Shape.of(TOKENS, EXPERTS), logits(1)));
            Tensor gates = logits.gates();
            double[] cost = Arrays.stream(gates.toDoubles()).map(g -> -g).toArray();
            double[] ones = new double[TOKENS];
            Arrays.fill(ones, 1);
            double[] even = new double[EXPERTS];
            Arrays.fill(even, (double) TOKENS / EXPERTS);
            for (Cardinality few : new Cardinality[] {Cardinality.columns(8), Cardinality.rows(2)}) {
                TransportResult expected = TransportSolver.solve(TransportProblem.of(tessella.engine.NdArray.of(scope,
                        Shape.of(TOKENS, EXPERTS), cost), ones, even, 1, few), SolverOptions.router(20));
                double[] plan = expected.plan().toDoubles();
                for (TransportRouter.Weights weights : TransportRouter.Weights.values()) {
                    TransportRouter router = few.side() == Cardinality.Side.COLUMNS
                            ? TransportRouter.expertsChoose(new Capacity.Fixed(8), weights) : TransportRouter.tokensChoose(2, weights);
                    Assignment found = router.route(logits);
                    double[] w = found.weights().toDoubles();
                    double[] g = gates.toDoubles();
                    for (int i = 0; i < w.length; i++) {
                        assertEquals(plan[i] == 0 ? 0 : weights == TransportRouter.Weights.PLAN ? plan[i] : g[i], w[i], 1e-12, router + " at " + i);
                    }
                    for (int e = 0; e < EXPERTS; e++) {
                        assertTrue(few.side() == Cardinality.Side.ROWS || found.rows(e) <= 8);
                    }
                    assertTrue(found.rows(0) > 0);
                }
            }
        }
    }

    @Test
    void theGradientGoesThroughGatesOrThroughThePlan() {
        for (TransportRouter.Weights weights : TransportRouter.Weights.values()) {
            try (Tape tape = Tape.record()) {
                Tensor x = tape.watch(Tensor.of(Scope.current(), Shape.of(TOKENS, EXPERTS), logits(2)));
                Assignment found = TransportRouter.expertsChoose(new Capacity.Fixed(8), weights).route(new GateLogits(x));
                Gradients gradients = tape.gradients(Reductions.sum(tessella.autodiff.Elementwise.square(found.weights())));
                double size = Arrays.stream(gradients.of(x).toDoubles()).map(Math::abs).max().orElse(0);
                assertTrue(size > 1e-6 && size < 10, weights + " " + size);
            }
        }
    }

    @Test
    void whatDoesNotFitIsRefused() {
        assertEquals("transport router: expected at most 3 chosen experts, as many as there are, found 4", assertThrows(
                IllegalArgumentException.class, () -> TransportRouter.tokensChoose(4, TransportRouter.Weights.GATES).check(3, 0)).getMessage());
        assertThrows(IllegalArgumentException.class, () -> TransportRouter.tokensChoose(0, TransportRouter.Weights.GATES));
        assertEquals(32, TransportRouter.expertsChoose(new Capacity.Fixed(8), TransportRouter.Weights.GATES).rows(TOKENS, EXPERTS));
        assertEquals(48, TransportRouter.tokensChoose(2, TransportRouter.Weights.GATES).rows(TOKENS, EXPERTS));
    }
}
