package tessella.models.moe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterTry;
import tessella.autodiff.Elementwise;
import tessella.autodiff.GradientCheck;
import tessella.autodiff.Softmax;
import tessella.autodiff.Tape;
import tessella.autodiff.Tensor;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.reference.LossOracle;
import tessella.reference.ReductionOracle;
import tessella.reference.RouterOracle;

/** The balance losses against their definitions and central differences; S tokens, E experts. */
class BalanceLossesProperties {
    private static final int TRIES = 200;

    @AfterTry
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    private static GateLogits noisy(Scope scope, long seed, int s, int e, double std) {
        Tensor clean = Sample.logits(scope, seed, s, e, false);
        return new GateLogits(clean, Elementwise.add(clean, Elementwise.scale(Sample.normal(scope, seed, "noise", s, e), std)), std);
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void lossesAreThoseOfTheOracles(@ForAll long seed, @ForAll @IntRange(min = 1, max = 20) int s, @ForAll @IntRange(min = 1, max = 8) int e,
            @ForAll @IntRange(min = 1, max = 8) int k, @ForAll @DoubleRange(min = 0.05, max = 2) double std) {
        try (Scope scope = Scope.open()) {
            GateLogits logits = noisy(scope, seed, s, e, std);
            Tensor gates = Softmax.softmax(logits.clean(), 1);
            int chosen = Math.min(k, e);
            assertEquals(RouterOracle.importance(Sample.array(gates)), BalanceLosses.importance(gates).item(), 1e-12);
            assertEquals(RouterOracle.load(Sample.array(logits.clean()), Sample.array(logits.noisy()), chosen, std),
                    BalanceLosses.load(logits, chosen).item(), 1e-9);
            assertEquals(RouterOracle.gshard(Sample.array(gates)), BalanceLosses.gshard(gates).item(), 1e-12);
            assertEquals(ReductionOracle.mean(LossOracle.zLoss(Sample.array(logits.clean())), new int[] {0}).item(),
                    BalanceLosses.routerZ(logits.clean()).item(), 1e-11);
        }
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void gradientsAreThoseOfCentralDifferences(@ForAll long seed, @ForAll @IntRange(min = 1, max = 5) int s,
            @ForAll @IntRange(min = 2, max = 5) int e, @ForAll @IntRange(min = 1, max = 5) int k,
            @ForAll @DoubleRange(min = 0.3, max = 2) double std) {
        try (Scope scope = Scope.open()) {
            GateLogits logits = noisy(scope, seed, s, e, std);
            NdArray gates = logits.gates().value();
            small(GradientCheck.worst(t -> BalanceLosses.importance(t.getFirst()), List.of(gates)));
            small(GradientCheck.worst(t -> BalanceLosses.gshard(t.getFirst()), List.of(gates)));
            small(GradientCheck.worst(t -> BalanceLosses.routerZ(t.getFirst()), List.of(logits.clean().value())));
            small(GradientCheck.worst(t -> BalanceLosses.load(new GateLogits(t.get(0), t.get(1), std), Math.min(k, e)),
                    List.of(logits.clean().value(), logits.noisy().value())));
        }
    }

    private static void small(GradientCheck.Worst worst) {
        assertTrue(worst.error() < 1e-5, worst::toString);
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void sr10SquaredVariationIsOfScaleNoneAndBetweenZeroAndOneHot(@ForAll long seed, @ForAll @IntRange(min = 1, max = 9) int e,
            @ForAll @DoubleRange(min = 0.01, max = 1000) double factor) {
        try (Scope scope = Scope.open()) {
            double[] v = Arrays.stream(Sample.normal(scope, seed, "v", e).toDoubles()).map(Math::abs).toArray();
            Tensor tensor = Tensor.of(scope, Shape.of(e), v);
            double cv2 = BalanceLosses.squaredVariation(tensor).item();
            double sum = Arrays.stream(v).sum();
            double squares = Arrays.stream(v).map(x -> x * x).sum();
            assertEquals(e * squares / (sum * sum) - 1, cv2, 1e-10);
            assertEquals(RouterOracle.squaredVariation(v), cv2, 1e-10);
            assertTrue(cv2 >= 0 && cv2 <= e - 1 + 1e-10);
            assertEquals(cv2, BalanceLosses.squaredVariation(Elementwise.scale(tensor, factor)).item(), 1e-10);
            double[] oneHot = new double[e];
            oneHot[e / 2] = factor;
            assertEquals(e - 1, BalanceLosses.squaredVariation(Tensor.of(scope, Shape.of(e), oneHot)).item(), 1e-10);
        }
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void sr10AtPerfectBalanceLossAndGradientAreZeroAndFinite(@ForAll @IntRange(min = 1, max = 9) int e, @ForAll @IntRange(min = 1, max = 9) int s) {
        try (Tape tape = Tape.record()) {
            // a router of zeros: all gates alike
            Tensor logits = tape.watch(Tensor.of(Scope.current(), Shape.of(s, e), new double[s * e]));
            Tensor loss = BalanceLosses.importance(Softmax.softmax(logits, 1)).keep();
            double[] d = tape.gradients(loss).of(logits).toDoubles();
            assertEquals(0, loss.item(), 1e-15);
            assertArrayEquals(new double[d.length], d, 1e-15);
        }
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void sr15TheLossOfGshardIsOneWhereSharesAreEqualAndAtMostE(@ForAll long seed, @ForAll @IntRange(min = 1, max = 6) int e,
            @ForAll @IntRange(min = 1, max = 4) int times) {
        try (Scope scope = Scope.open()) {
            int s = e * times;
            double[] logits = Sample.normal(scope, seed, "logits", s, e).toDoubles();
            double[] uniform = logits.clone();
            for (int t = 0; t < s; t++) {
                uniform[t * e + t % e] = 10;
            }
            Tensor balanced = Softmax.softmax(Tensor.of(scope, Shape.of(s, e), uniform), 1);
            assertEquals(1, BalanceLosses.gshard(balanced).item(), 1e-12);
            double loss = BalanceLosses.gshard(Softmax.softmax(Tensor.of(scope, Shape.of(s, e), logits), 1)).item();
            assertTrue(loss > 0 && loss <= e + 1e-12);
            double[] oneExpert = new double[s * e];
            for (int t = 0; t < s; t++) {
                oneExpert[t * e] = 1;
            }
            assertEquals(e, BalanceLosses.gshard(Tensor.of(scope, Shape.of(s, e), oneExpert)).item(), 1e-12);
        }
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void theBalanceOfAGroupIsTheWeightedSumOfThoseThatCount(@ForAll long seed, @ForAll @DoubleRange(min = 0.01, max = 3) double a,
            @ForAll @DoubleRange(min = 0.01, max = 3) double b, @ForAll @DoubleRange(min = 0.01, max = 3) double c,
            @ForAll @DoubleRange(min = 0.01, max = 3) double d) {
        try (Scope scope = Scope.open()) {
            GateLogits logits = noisy(scope, seed, 6, 4, 0.25);
            double importance = BalanceLosses.importance(Softmax.softmax(logits.clean(), 1)).item();
            double load = BalanceLosses.load(logits, 2).item();
            double gshard = BalanceLosses.gshard(logits.gates()).item();
            double z = BalanceLosses.routerZ(logits.clean()).item();
            assertEquals(a * importance + b * load + c * gshard + d * z, new Balance(a, b, c, d).of(logits, 2).orElseThrow().item(), 1e-10);
            assertEquals(c * gshard, new Balance(0, 0, c, 0).of(logits, 2).orElseThrow().item(), 1e-12);
            // without noise there is no load
            assertEquals(a * importance, new Balance(a, b, 0, 0).of(new GateLogits(logits.clean()), 2).orElseThrow().item(), 1e-12);
            assertEquals(Optional.empty(), new Balance(0, b, 0, 0).of(new GateLogits(logits.clean()), 2));
            assertEquals(Optional.empty(), Balance.NONE.of(logits, 2));
        }
    }
}
