package tessella.models.softmoe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tessella.autodiff.Gradients;
import tessella.autodiff.Tape;
import tessella.autodiff.Tensor;
import tessella.engine.Memory;
import tessella.engine.Random;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.models.nn.Initializer;
import tessella.models.nn.ParameterSpec;

/** The Soft MoE layer against the worked example of its specification, and its rules for slots and initial values. */
class SoftMoeTest {
    @AfterEach
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    private static Tensor tensor(Scope scope, IntToDoubleFunction value, long... dims) {
        double[] values = new double[(int) Shape.of(dims).size()];
        Arrays.setAll(values, value::applyAsDouble);
        return Tensor.of(scope, Shape.of(dims), values);
    }

    @Test
    @Tag("widths")
    void theWorkedExampleOfFourTokensAndTwoExpertsOfTwoSlots() {
        try (Scope scope = Scope.open()) {
            SoftMoeConfig config = new SoftMoeConfig(2, 2, 1);
            Tensor x = tensor(scope, i -> Math.sin(.7 * (i / 3) + 1.3 * (i % 3) + .1), 1, 4, 3);
            Tensor phi = tensor(scope, i -> Math.cos(.4 * (i / 4) + .9 * (i % 4)), 3, 2, 2);
            Tensor s = Tensor.of(scope, Shape.of(), new double[] {1.5});
            Tensor w1 = tensor(scope, i -> Math.sin(.3 * (i / 2 % 3) + .5 * (i % 2) + .9 * (i / 6) + .2), 2, 3, 2);
            Tensor b1 = tensor(scope, i -> (i / 2 == 0 ? .1 : -.1) * (i % 2 + 1), 2, 2);
            Tensor w2 = tensor(scope, i -> Math.cos(.6 * (i / 3 % 2) + .8 * (i % 3) + .5 * (i / 6)), 2, 2, 3);
            Tensor b2 = tensor(scope, i -> .05 * (i % 3 - 1), 2, 3);
            Fixture f = new Fixture(config, x, phi, s, w1, b1, w2, b2);
            assertArrayEquals(new double[] {.365377, .146934, .059616, .100996},
                    Arrays.copyOf(f.route().dispatch().toDoubles(), 4), 5e-7);
            assertArrayEquals(new double[] {.588375, .309673, .050566, .051386},
                    Arrays.copyOf(f.route().combine().toDoubles(), 4), 5e-7);
            try (Tape tape = Tape.record()) {
                tape.watch(x);
                tape.watch(s);
                Tensor y = f.y();
                assertArrayEquals(new double[] {.62591679, .22474868, -.31274896, .51977434, .18274854, -.26513007, .36883669,
                    .12715969, -.19165067, .19687204, .06701155, -.10349725}, y.toDoubles(), 5e-9);
                Tensor weights = tensor(scope, i -> (i / 3 + 1) * (i % 3 + 1), 1, 4, 3);
                double objective = 0;
                for (int i = 0; i < 12; i++) {
                    objective += weights.toDoubles()[i] * y.toDoubles()[i];
                }
                assertEquals(.54315538, objective, 5e-8);
                Gradients g = tape.gradients(List.of(y), List.of(weights.value()));
                assertEquals(1.8066614, g.of(s).item(), 5e-7);
                assertArrayEquals(new double[] {.5206901, -.1592559, .8077195}, Arrays.copyOf(g.of(x).toDoubles(), 3), 5e-7);
            }
        }
    }

    @Test
    void slotsAreRoundedHalfToEven() {
        assertEquals(24, SoftMoeConfig.slotsFor(196, 8, 1));   // 24.5
        assertEquals(26, SoftMoeConfig.slotsFor(204, 8, 1));   // 25.5
        assertEquals(3, SoftMoeConfig.slotsFor(49, 16, 1));
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> SoftMoeConfig.slotsFor(4, 16, 1));
        assertTrue(e.getMessage().contains("4 tokens") && e.getMessage().contains("16 experts"), e.getMessage());
    }

    @Test
    void identityMixingNeedsAsManySlotsAsTokens() {
        try (Scope scope = Scope.open()) {
            Fixture f = Fixture.random(scope, 1, 1, 5, 3, 4, new SoftMoeConfig(2, 2, 1, Mixing.IDENTITY, Mixing.IDENTITY), 1);
            String message = assertThrows(IllegalArgumentException.class, f::y).getMessage();
            assertTrue(message.contains("5 tokens for 2 experts of 2 slots"), message);
        }
        assertThrows(IllegalArgumentException.class,
                () -> new SoftMoeConfig(2, 2, 1, Mixing.IDENTITY, Mixing.SOFT));
    }

    @Test
    void expertsStartIdenticalWithLearnedDispatchAndIndependentWithout() {
        for (Mixing mixing : new Mixing[] {Mixing.SOFT, Mixing.UNIFORM}) {
            ParameterSpec kernel = SoftMoe.specs("moe", 4, 6, new SoftMoeConfig(3, 1, 1, mixing, Mixing.SOFT)).stream()
                    .filter(spec -> spec.name().equals("moe.experts.in.kernel")).findFirst().orElseThrow();
            Random random = Random.of(0, kernel.name());
            boolean equal = true;
            for (int i = 0; i < 24; i++) {
                equal &= kernel.initializer().value(random, i) == kernel.initializer().value(random, i + 24);
            }
            assertEquals(mixing == Mixing.SOFT, equal);
        }
    }

    @Test
    void phiStartsWithTheVarianceOfTheFanInThatThePublishedCodeCounts() {
        ParameterSpec phi = SoftRouter.specs("r", 64, new SoftMoeConfig(16, 3, 1)).getFirst();
        assertEquals(1.0 / (64 * 16), variance(phi.initializer(), Random.of(3, "r.phi")), 3e-5);
    }

    private static double variance(Initializer initializer, Random random) {
        double sum = 0;
        int n = 100_000;
        for (int i = 0; i < n; i++) {
            double v = initializer.value(random, i);
            sum += v * v;
        }
        return sum / n;
    }
}
