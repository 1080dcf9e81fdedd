package tessella.models.transport;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.Workers;
import tessella.engine.transport.LeastCost;

/** The reference numbers are of other code, a linear program and an L-BFGS (experiment E3 of the specification). */
class DemoPlansTest {
    private static final TransportDemo.Bins BINS = TransportDemo.Bins.gaussians();

    @AfterEach
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    @Test
    void theBinsHaveTheLeastCostOfTheReference() {
        try (Scope scope = Scope.open()) {
            double least = LeastCost.of(NdArray.of(scope, Shape.of(32, 32), BINS.cost()), BINS.a(), BINS.b()).value();
            assertEquals(0.0380418922, least, 1e-10);
            assertEquals(0.0663317401, least + Arrays.stream(BINS.b()).map(mass -> mass * mass).sum() / 2, 1e-10);
        }
    }

    @Test
    void theBinsReachTheValuesOfTheReferenceForEachK() {
        List<DemoPlan> plans = DemoPlans.of(BINS, List.of(1, 2, 3, 4, 8), 1, 0.02, 2000);
        double[] reached = {0.065804, 0.052422, 0.048263, 0.046593};
        for (int i = 0; i < reached.length; i++) {
            DemoPlan plan = plans.get(i);
            assertTrue(plan.value() >= reached[i], plan.label() + " reached " + plan.value());
            // P_1 >= P_2 >= ... : no lower bound is above the upper bound of a smaller k, and of its own
            assertTrue(plan.value() <= plan.upperBound() && plan.upperBound() <= (i == 0 ? 0.0663317402 : plans.get(i - 1).upperBound() + 1e-12),
                    plan.label() + " is bounded by " + plan.upperBound());
            assertTrue(i == 0 || plan.value() <= plans.get(i - 1).value(), plan.label() + " is above the value of the next smaller k");
            assertEquals(i + 1, plan.densest());
            assertTrue(plan.marginalError() > 1e-3 && plan.ties() > 0, plan.label() + " binds, and its columns tie");
        }
        assertEquals(0.0663317401, plans.getFirst().upperBound(), 1e-9);
        DemoPlan eight = plans.get(4);
        DemoPlan quadratic = plans.get(5);
        assertEquals(0.0457701364, quadratic.value(), 1e-10);
        assertEquals(0.0457701364, eight.value(), 1e-10);
        assertEquals(0.0404386286, quadratic.cost(), 1e-9);
        assertEquals(10, quadratic.densest());
        assertEquals("converged", quadratic.stop());
        // what the densest column has beyond 8 entries is that small
        assertArrayEquals(quadratic.plan(), eight.plan(), 2e-6);
        DemoPlan entropic = plans.get(6);
        assertEquals(32 * 32, entropic.entries());
        assertTrue(entropic.cost() > quadratic.cost() && Double.isNaN(entropic.gap()) && entropic.gaps().length == 0);
    }

    @Test
    void aTraceEndsAtTheNumbersOfThePlan() {
        for (DemoPlan plan : DemoPlans.of(TransportDemo.Points.clouds(3), List.of(1, 2), 1, 0.02, 200).subList(0, 3)) {
            assertEquals(plan.iterations() + 1, plan.gaps().length);
            assertEquals(plan.gap(), plan.gaps()[plan.iterations()]);
            assertEquals(plan.marginalError(), plan.errors()[plan.iterations()], 1e-15);
        }
    }

    @Test
    void kOfEightBindsOnThePointsAndIsCertified() {
        DemoPlan eight = DemoPlans.of(TransportDemo.Points.clouds(1), List.of(8), 1, 0.02, 2000).getFirst();
        DemoPlan quadratic = DemoPlans.of(TransportDemo.Points.clouds(1), List.of(20), 1, 0.02, 2000).getFirst();
        assertTrue(quadratic.densest() > 8 && eight.densest() == 8);
        assertTrue(eight.gap() < 1e-9 && eight.marginalError() < 1e-9 && eight.value() > quadratic.value() + 1e-6);
    }

    @Test
    void pointsDependOnTheSeedAndBitsNotOnThreads() {
        double[] cost = TransportDemo.Points.clouds(1).cost();
        assertArrayEquals(cost, TransportDemo.Points.clouds(1).cost());
        assertNotEquals(cost[0], TransportDemo.Points.clouds(2).cost()[0]);
        assertEquals(1, Arrays.stream(cost).max().orElseThrow());
        double[] alone = DemoPlans.of(BINS, List.of(3), 1, 0.02, 50).getFirst().plan();
        try (Workers workers = Workers.of(3)) {
            assertArrayEquals(alone, Workers.with(workers, () -> DemoPlans.of(BINS, List.of(3), 1, 0.02, 50)).getFirst().plan());
        }
    }

    @Test
    void whatDoesNotFitIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> DemoPlans.of(BINS, List.of(0), 1, 0.02, 10));
        assertThrows(IllegalArgumentException.class, () -> DemoPlans.of(BINS, List.of(1), 0, 0.02, 10));
        assertThrows(IllegalArgumentException.class, () -> DemoPlans.of(BINS, List.of(1), 1, 0, 10));
    }
}
