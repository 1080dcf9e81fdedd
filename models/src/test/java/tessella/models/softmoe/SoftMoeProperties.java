package tessella.models.softmoe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterTry;
import tessella.autodiff.Elementwise;
import tessella.autodiff.GradientCheck;
import tessella.autodiff.Gradients;
import tessella.autodiff.LinearAlgebra;
import tessella.autodiff.Reductions;
import tessella.autodiff.Shapes;
import tessella.autodiff.Tape;
import tessella.autodiff.Tensor;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.engine.Random;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.models.nn.Experts;
import tessella.models.nn.Observer;

/** Properties of the Soft MoE layer that follow from its definition, in float64; m tokens, n experts of p slots. */
class SoftMoeProperties {
    private static final int TRIES = 200;

    @AfterTry
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    private static void near(double[] expected, double[] actual, double tolerance) {
        assertArrayEquals(expected, actual, tolerance);
    }

    private static SoftMoeConfig soft(int n, int p) {
        return new SoftMoeConfig(n, p, 1);
    }

    /** D[b, :, n, p] of a flat [b, m, n p] array. */
    private static double[] column(double[] d, int batch, int m, int slots, int j) {
        double[] out = new double[m];
        Arrays.setAll(out, i -> d[(batch * m + i) * slots + j]);
        return out;
    }

    private static double[] row(double[] c, int batch, int m, int slots, int i) {
        int from = (batch * m + i) * slots;
        return Arrays.copyOfRange(c, from, from + slots);
    }

    @Property(tries = TRIES)
    void sm1DispatchSumsToOneOverTokensAndCombineOverAllSlots(@ForAll long seed, @ForAll @IntRange(min = 1, max = 9) int m,
            @ForAll @IntRange(min = 1, max = 5) int n, @ForAll @IntRange(min = 1, max = 4) int p,
            @ForAll @DoubleRange(min = -8, max = 8) double s, @ForAll boolean uniform) {
        Mixing mixing = uniform ? Mixing.UNIFORM : Mixing.SOFT;
        try (Scope scope = Scope.open()) {
            SoftRouter.Routing routing =
                    Fixture.random(scope, seed, 2, m, 5, 3, new SoftMoeConfig(n, p, 1, mixing, mixing), s).route();
            double[] d = routing.dispatch().toDoubles();
            double[] c = routing.combine().toDoubles();
            for (int b = 0; b < 2; b++) {
                for (int j = 0; j < n * p; j++) {
                    assertEquals(1, Arrays.stream(column(d, b, m, n * p, j)).sum(), 1e-12);
                }
                for (int i = 0; i < m; i++) {
                    assertEquals(1, Arrays.stream(row(c, b, m, n * p, i)).sum(), 1e-12);
                }
            }
            assertTrue(Arrays.stream(d).allMatch(v -> v >= 0) && Arrays.stream(c).allMatch(v -> v >= 0));
            assertEquals(2 * n * p, Arrays.stream(d).sum(), 1e-11);
        }
    }

    @Property(tries = TRIES)
    void sm2PermutingTokensPermutesOutputs(@ForAll long seed, @ForAll @IntRange(min = 1, max = 9) int m) {
        try (Scope scope = Scope.open()) {
            Fixture f = Fixture.random(scope, seed, 1, m, 4, 6, soft(3, 2), 2);
            int[] order = Random.of(seed, "order").permutation(m);
            Tensor y = f.y();
            Tensor permuted = f.with(tokens(f.x(), order), f.phi()).y();
            near(tokens(y, order).toDoubles(), permuted.toDoubles(), 1e-12);
        }
    }

    /** Tokens order[0], order[1], ... of [1, m, d]. */
    private static Tensor tokens(Tensor x, int[] order) {
        return Shapes.concat(1, Arrays.stream(order).mapToObj(i -> Shapes.slice(x, 1, i, i + 1)).toArray(Tensor[]::new));
    }

    private static Tensor along(int axis, Tensor x, int[] order) {
        return Shapes.concat(axis, Arrays.stream(order).mapToObj(i -> Shapes.slice(x, axis, i, i + 1)).toArray(Tensor[]::new));
    }

    @Property(tries = TRIES)
    void sm3RelabellingExpertsOrSlotsChangesNothing(@ForAll long seed, @ForAll @IntRange(min = 1, max = 5) int n,
            @ForAll @IntRange(min = 1, max = 4) int p) {
        try (Scope scope = Scope.open()) {
            Fixture f = Fixture.random(scope, seed, 2, 6, 4, 5, soft(n, p), 3);
            int[] experts = Random.of(seed, "experts").permutation(n);
            int[] slots = Random.of(seed, "slots").permutation(p);
            Tensor phi = along(2, along(1, f.phi(), experts), slots);
            Fixture relabelled = new Fixture(f.config(), f.x(), phi, f.scale(), along(0, f.w1(), experts),
                    along(0, f.b1(), experts), along(0, f.w2(), experts), along(0, f.b2(), experts));
            near(f.y().toDoubles(), relabelled.y().toDoubles(), 1e-11);
        }
    }

    @Property(tries = TRIES)
    void sm4RepeatingAllTokensLeavesEachOutput(@ForAll long seed, @ForAll @IntRange(min = 1, max = 4) int times) {
        try (Scope scope = Scope.open()) {
            Fixture f = Fixture.random(scope, seed, 1, 5, 4, 5, soft(3, 2), 2);
            Tensor[] copies = new Tensor[times];
            Arrays.fill(copies, f.x());
            Tensor y = f.with(Shapes.concat(1, copies), f.phi()).y();
            for (int t = 0; t < times; t++) {
                near(f.y().toDoubles(), Shapes.slice(y, 1, 5L * t, 5L * t + 5).toDoubles(), 1e-11);
            }
        }
    }

    @Property(tries = TRIES)
    void sm5LengthsOfTokensAndSlotVectorsDoNotMatterToTheRouter(@ForAll long seed,
            @ForAll @DoubleRange(min = 0.5, max = 100) double byToken, @ForAll @DoubleRange(min = 0.5, max = 100) double bySlot) {
        try (Scope scope = Scope.open()) {
            Fixture f = Fixture.random(scope, seed, 1, 5, 16, 2, soft(3, 2), 2);
            SoftRouter.Routing before = f.route();
            SoftRouter.Routing after = f.with(Elementwise.scale(f.x(), byToken), Elementwise.scale(f.phi(), bySlot)).route();
            // up to eps = 1e-6 inside the root
            near(before.dispatch().toDoubles(), after.dispatch().toDoubles(), 1e-4);
            near(before.combine().toDoubles(), after.combine().toDoubles(), 1e-4);
        }
    }

    @Property(tries = TRIES)
    void sm6And9WeightsAreBoundedByTheScale(@ForAll long seed, @ForAll @IntRange(min = 2, max = 9) int m,
            @ForAll @DoubleRange(min = -4, max = 4) double s) {
        try (Scope scope = Scope.open()) {
            SoftRouter.Routing routing = Fixture.random(scope, seed, 1, m, 4, 2, soft(3, 2), s).route();
            double e = Math.exp(2 * Math.abs(s));
            double[] d = routing.dispatch().toDoubles();
            assertTrue(Arrays.stream(d).max().orElseThrow() <= e / (m - 1 + e) + 1e-12);
            assertTrue(Arrays.stream(routing.combine().toDoubles()).max().orElseThrow() <= e / (5 + e) + 1e-12);
            // no token has zero weight in any slot
            assertTrue(Arrays.stream(d).min().orElseThrow() >= 1 / e / (1 / e + m - 1) - 1e-12);
        }
    }

    @Property(tries = TRIES)
    void sm7WithoutScaleEverythingIsUniformAndItsSignTurnsTheOrder(@ForAll long seed, @ForAll @IntRange(min = 1, max = 7) int m) {
        try (Scope scope = Scope.open()) {
            Fixture f = Fixture.random(scope, seed, 1, m, 4, 5, soft(3, 2), 0);
            SoftRouter.Routing routing = f.route();
            assertTrue(Arrays.stream(routing.dispatch().toDoubles()).allMatch(v -> Math.abs(v - 1.0 / m) < 1e-15));
            assertTrue(Arrays.stream(routing.combine().toDoubles()).allMatch(v -> Math.abs(v - 1.0 / 6) < 1e-15));
            double[] y = f.y().toDoubles();
            for (int i = 1; i < m; i++) {
                near(Arrays.copyOf(y, 4), Arrays.copyOfRange(y, 4 * i, 4 * i + 4), 1e-12);
            }
            double[] plus = Fixture.random(scope, seed, 1, m, 4, 5, soft(3, 2), 1.5).route().dispatch().toDoubles();
            double[] minus = Fixture.random(scope, seed, 1, m, 4, 5, soft(3, 2), -1.5).route().dispatch().toDoubles();
            for (int j = 0; j < 6; j++) {
                double[] up = column(plus, 0, m, 6, j);
                double[] down = column(minus, 0, m, 6, j);
                int highest = 0;
                int lowest = 0;
                for (int i = 0; i < m; i++) {
                    highest = up[i] > up[highest] ? i : highest;
                    lowest = down[i] < down[lowest] ? i : lowest;
                }
                assertEquals(highest, lowest);
            }
        }
    }

    @Property(tries = TRIES)
    void sm8SlotsLieInTheHullOfTokensAndOutputsInThatOfExpertOutputs(@ForAll long seed, @ForAll @IntRange(min = 1, max = 7) int m) {
        try (Scope scope = Scope.open()) {
            Fixture f = Fixture.random(scope, seed, 1, m, 3, 5, soft(3, 2), 3);
            SoftRouter.Routing routing = f.route();
            Tensor slots = LinearAlgebra.einsum("bmd,bmnp->nbpd", f.x(), routing.dispatch());
            Tensor outputs = new Experts(f.w1(), f.b1(), f.w2(), f.b2()).apply(slots);
            insideHull(f.x().toDoubles(), slots.toDoubles());
            insideHull(outputs.toDoubles(), f.y().toDoubles());
        }
    }

    /** Every coordinate of the inner rows, of 3, lies between the extremes of the outer rows. */
    private static void insideHull(double[] outer, double[] inner) {
        for (int k = 0; k < 3; k++) {
            double low = Double.POSITIVE_INFINITY;
            double high = Double.NEGATIVE_INFINITY;
            for (int i = k; i < outer.length; i += 3) {
                low = Math.min(low, outer[i]);
                high = Math.max(high, outer[i]);
            }
            for (int i = k; i < inner.length; i += 3) {
                assertTrue(inner[i] >= low - 1e-12 && inner[i] <= high + 1e-12);
            }
        }
    }

    @Property(tries = TRIES)
    void sm10ASequenceGivesTheSameBitsAloneOrInABatch(@ForAll long seed, @ForAll @IntRange(min = 1, max = 9) int m) {
        try (Scope scope = Scope.open()) {
            Fixture f = Fixture.random(scope, seed, 3, m, 5, 7, soft(3, 2), 2);
            Tensor y = f.y();
            for (int b = 0; b < 3; b++) {
                Tensor alone = f.with(Shapes.slice(f.x(), 0, b, b + 1), f.phi()).y();
                assertArrayEquals(Shapes.slice(y, 0, b, b + 1).toDoubles(), alone.toDoubles());
            }
        }
    }

    @Property(tries = 20)
    void sm11EveryParameterLearnsAndPhiOnlyTurns(@ForAll long seed) {
        try (Scope scope = Scope.open()) {
            Fixture f = Fixture.random(scope, seed, 2, 4, 3, 3, soft(2, 2), 1.5);
            List<Tensor> all = List.of(f.x(), f.phi(), f.scale(), f.w1(), f.b1(), f.w2(), f.b2());
            GradientCheck.Worst worst = GradientCheck.worst(
                    t -> new Fixture(f.config(), t.get(0), t.get(1), t.get(2), t.get(3), t.get(4), t.get(5), t.get(6)).y(),
                    all.stream().map(Tensor::value).toList());
            assertTrue(worst.error() < 1e-6, worst::toString);
            try (Tape tape = Tape.record()) {
                all.forEach(tape::watch);
                Tensor y = f.y();
                Gradients g = tape.gradients(List.of(y), List.of(Fixture.normal(scope, seed, "dy", 2, 4, 3).value()));
                for (Tensor parameter : all) {
                    assertTrue(Arrays.stream(g.of(parameter).toDoubles()).anyMatch(v -> v != 0));
                }
                double[] phi = f.phi().toDoubles();
                double[] dphi = g.of(f.phi()).toDoubles();
                for (int j = 0; j < 4; j++) {
                    double dot = 0;
                    for (int k = 0; k < 3; k++) {
                        dot += phi[k * 4 + j] * dphi[k * 4 + j];
                    }
                    // eps inside the root leaves a part of 1e-6 |phi|^-2
                    assertEquals(0, dot, 1e-3);
                }
            }
        }
    }

    @Property(tries = 50)
    void sm12OneSlotGivesEqualRowsAndIdentityAppliesExpertIToTokenI(@ForAll long seed, @ForAll @IntRange(min = 1, max = 6) int m) {
        try (Scope scope = Scope.open()) {
            double[] y = Fixture.random(scope, seed, 1, m, 3, 4, soft(1, 1), 2).y().toDoubles();
            for (int i = 1; i < m; i++) {
                near(Arrays.copyOf(y, 3), Arrays.copyOfRange(y, 3 * i, 3 * i + 3), 1e-12);
            }
            SoftMoeConfig identity = new SoftMoeConfig(m, 1, 1, Mixing.IDENTITY, Mixing.IDENTITY);
            Fixture f = Fixture.random(scope, seed, 1, m, 3, 4, identity, 1);
            Tensor direct = new Experts(f.w1(), f.b1(), f.w2(), f.b2()).apply(Shapes.reshape(f.x(), m, 1, 1, 3));
            near(direct.toDoubles(), f.y().toDoubles(), 1e-14);
        }
    }

    @Property(tries = TRIES)
    void sm13CostDependsOnTheNumberOfSlotsOnly(@ForAll @IntRange(min = 1, max = 300) int m, @ForAll @IntRange(min = 1, max = 64) int d) {
        long expected = SoftMoe.multiplyAdds(m, d, 4L * d, soft(1, 48));
        assertEquals(3L * m * 48 * d + 2L * 48 * d * 4 * d, expected);
        for (int n : new int[] {2, 3, 4, 6, 8, 12, 16, 24, 48}) {
            assertEquals(expected, SoftMoe.multiplyAdds(m, d, 4L * d, soft(n, 48 / n)));
        }
    }

    @Property(tries = 20)
    void sm14IdenticalExpertsSeparateUnderLearnedDispatchOnly(@ForAll long seed) {
        assertTrue(expertsDifferAfterSteps(seed, new SoftMoeConfig(3, 1, 1), 1));
        assertTrue(!expertsDifferAfterSteps(seed, new SoftMoeConfig(3, 1, 1, Mixing.UNIFORM, Mixing.UNIFORM), 5));
    }

    private static boolean expertsDifferAfterSteps(long seed, SoftMoeConfig config, int steps) {
        try (Scope scope = Scope.open()) {
            Fixture f = Fixture.random(scope, seed, 2, 4, 3, 4, config, 2);
            Tensor[] parameters = {same(scope, f.w1()), same(scope, f.b1()), same(scope, f.w2()), same(scope, f.b2())};
            Tensor target = Fixture.normal(scope, seed, "target", 2, 4, 3);
            for (int step = 0; step < steps; step++) {
                try (Tape tape = Tape.record()) {
                    for (Tensor parameter : parameters) {
                        tape.watch(parameter);
                    }
                    Tensor y = new SoftMoe("moe", f.router(), new Experts(parameters[0], parameters[1], parameters[2],
                            parameters[3])).apply(f.x(), Observer.NONE);
                    Tensor error = Elementwise.sub(y, target);
                    Gradients g = tape.gradients(Reductions.sum(Elementwise.mul(error, error)));
                    for (Tensor parameter : parameters) {
                        double[] value = parameter.toDoubles();
                        double[] gradient = g.of(parameter).toDoubles();
                        Arrays.setAll(value, i -> value[i] - 1e-3 * gradient[i]);
                        parameter.value().copyFrom(value);
                    }
                }
            }
            double[] w1 = parameters[0].toDoubles();
            return !Arrays.equals(Arrays.copyOf(w1, 12), Arrays.copyOfRange(w1, 12, 24));
        }
    }

    /** Every expert a copy of the first. */
    private static Tensor same(Scope scope, Tensor parameter) {
        NdArray first = parameter.value().slice(0, 0, 1).broadcastTo(parameter.shape());
        return Tensor.of(scope, parameter.shape(), first.toDoubles());
    }

    @Property(tries = TRIES)
    void sm15PaddingGetsNoDispatchWeightAndChangesNothingElse(@ForAll long seed, @ForAll @IntRange(min = 1, max = 6) int m,
            @ForAll @IntRange(min = 1, max = 4) int padded) {
        try (Scope scope = Scope.open()) {
            Fixture f = Fixture.random(scope, seed, 1, m, 4, 5, soft(3, 2), 2);
            Tensor garbage = Elementwise.scale(Fixture.normal(scope, seed, "padding", 1, padded, 4), 100);
            double[] mask = new double[m + padded];
            Arrays.fill(mask, m, m + padded, Double.NEGATIVE_INFINITY);
            Tensor x = Shapes.concat(1, f.x(), garbage);
            SoftRouter.Routing routing = f.router().route(x, Tensor.of(scope, Shape.of(1, m + padded), mask));
            double[] d = routing.dispatch().toDoubles();
            assertTrue(Arrays.stream(d, m * 6, d.length).allMatch(v -> v == 0));
            near(f.route().dispatch().toDoubles(), Arrays.copyOf(d, m * 6), 1e-14);
            near(f.route().combine().toDoubles(), Arrays.copyOf(routing.combine().toDoubles(), m * 6), 1e-14);
        }
    }

    @Property(tries = TRIES)
    void sm16ASingleTokenIsDispatchedWhole(@ForAll long seed) {
        try (Scope scope = Scope.open()) {
            Fixture f = Fixture.random(scope, seed, 1, 1, 4, 5, soft(3, 2), 2);
            assertTrue(Arrays.stream(f.route().dispatch().toDoubles()).allMatch(v -> v == 1));
            double[] c = f.route().combine().toDoubles();
            double[] outputs = new Experts(f.w1(), f.b1(), f.w2(), f.b2())
                    .apply(Shapes.broadcastTo(Shapes.reshape(f.x(), 1, 1, 1, 4), 3, 1, 2, 4)).toDoubles();
            double[] expected = new double[4];
            for (int j = 0; j < 6; j++) {
                for (int k = 0; k < 4; k++) {
                    expected[k] += c[j] * outputs[j * 4 + k];
                }
            }
            near(expected, f.y().toDoubles(), 1e-12);
        }
    }

    @Property(tries = 5)
    void seedsMatter(@ForAll @IntRange(min = 0, max = 1000) int seed) {
        try (Scope scope = Scope.open()) {
            assertNotEquals(Fixture.normal(scope, seed, "x", 1).item(), Fixture.normal(scope, seed + 1L, "x", 1).item());
        }
    }
}
