package tessella.autodiff;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Pointwise;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.reference.Array;
import tessella.reference.Comparison;
import tessella.reference.ValueArbitraries;

/** What a tape records, whose gradients it gives, and what it refuses. */
@ExtendWith(MemoryReturned.class)
class TapeTest {
    private static final Shape SHAPE = Shape.of(2, 3);

    private static NdArray random(Scope scope, long seed, int... shape) {
        return NdArray.of(scope, Operator.shape(shape), ValueArbitraries.normal(seed, shape).data());
    }

    private static void requireMessage(Class<? extends Exception> type, Executable action, String... parts) {
        String message = assertThrows(type, action).getMessage();
        for (String part : parts) {
            assertTrue(message.contains(part), "expected \"" + part + "\" in: " + message);
        }
        assertFalse(message.contains("\n") || message.endsWith("."), "one sentence: " + message);
    }

    @Test
    void aTensorUsedManyTimesAccumulatesItsGradients() {
        try (Tape tape = Tape.record()) {
            Tensor x = tape.watch(Tensor.of(Scope.current(), Shape.of(), new double[] {3}));
            // y = x^3 + 2x + x, dy = 3 x^2 + 3
            Tensor cube = Elementwise.mul(Elementwise.mul(x, x), x);
            Tensor y = Elementwise.add(Elementwise.add(cube, Elementwise.scale(x, 2)), x);
            assertEquals(36, y.item());
            assertEquals(30, tape.gradients(y).of(x).item());
        }
    }

    @Test
    void gradientsOfTheSameProgramHaveTheSameBits() {
        double[] first = null;
        for (int run = 0; run < 5; run++) {
            try (Tape tape = Tape.record()) {
                Tensor x = tape.watch(Tensor.of(random(Scope.current(), 1, 50, 60)));
                Tensor y = Softmax.softmax(Elementwise.add(Elementwise.mul(x, x), Elementwise.exp(x)), -1);
                double[] gradient = tape.gradients(Reductions.sum(Elementwise.mul(y, x))).of(x).toDoubles();
                first = first == null ? gradient : first;
                assertArrayEquals(first, gradient);
            }
        }
    }

    @Test
    void parametersAreTrackedUnaskedAndFrozenOnesGetNoGradientAndNoMemory() {
        try (Scope parameters = Scope.shared()) {
            Parameter w = new Parameter("w", random(parameters, 1, 40, 50));
            Parameter frozen = new Parameter("frozen", random(parameters, 2, 300, 40));
            frozen.freeze();
            long[] bytes = new long[2];
            for (int pass = 0; pass < 2; pass++) {
                try (Tape tape = Tape.record()) {
                    Tensor y = LinearAlgebra.matmul(LinearAlgebra.matmul(
                            Tensor.of(random(Scope.current(), 3, 5, 300)), frozen.tensor()), w.tensor());
                    Scope scope = Scope.current();
                    Gradients gradients = tape.gradients(Reductions.sum(y));
                    assertNotNull(gradients.of(w));
                    assertEquals(w.value().shape(), gradients.of(w).shape());
                    if (pass == 0) {
                        assertNull(gradients.of(frozen));
                        assertNull(gradients.of(frozen.tensor()));
                    } else {
                        assertEquals(frozen.value().shape(), gradients.of(frozen).shape());
                    }
                    bytes[pass] = scope.bytes();
                }
                frozen.unfreeze();
            }
            // what is left holds a gradient of the large parameter only when it learns
            long size = frozen.value().size() * 8;
            assertTrue(bytes[0] < size && size <= bytes[1], bytes[0] + " and " + bytes[1]);
            assertEquals("w", w.name());
        }
    }

    @Test
    void cotangentsStayTheCallers() {
        try (Scope scope = Scope.open()) {
            NdArray c = NdArray.of(scope, Shape.of(2), new double[] {3, 4});
            try (Tape tape = Tape.record()) {
                NdArray own = NdArray.of(Scope.current(), Shape.of(2), new double[] {1, 2});
                Tensor x = tape.watch(Tensor.of(scope, Shape.of(2), new double[] {5, 6}));
                Tensor y = Elementwise.scale(x, 2);
                Tensor z = Elementwise.scale(y, 5);
                Gradients found = tape.gradients(List.of(y, z), List.of(c, own));
                assertArrayEquals(new double[] {16, 28}, found.of(x).toDoubles());
                assertArrayEquals(new double[] {1, 2}, own.toDoubles());
            }
            assertArrayEquals(new double[] {3, 4}, c.toDoubles());
        }
    }

    @Test
    void onlyFrozenParametersRecordNothing() {
        try (Scope parameters = Scope.shared()) {
            Parameter frozen = new Parameter("frozen", random(parameters, 2, 2, 3));
            frozen.freeze();
            assertTrue(frozen.isFrozen());
            try (Tape tape = Tape.record()) {
                Tensor y = Elementwise.exp(frozen.tensor());
                assertNull(y.node);
                requireMessage(IllegalArgumentException.class, () -> tape.gradients(Reductions.sum(y)), "gradients",
                        "[]",
                        "no parameter or watched input");
            }
        }
    }

    @Test
    void anInputThatNothingUsedHasNoGradient() {
        try (Tape tape = Tape.record()) {
            Tensor x = tape.watch(Tensor.of(random(Scope.current(), 1, 2, 3)));
            Tensor unused = tape.watch(Tensor.of(random(Scope.current(), 2, 2, 3)));
            Tensor constant = Tensor.of(random(Scope.current(), 3, 2, 3));
            Tensor dead = Elementwise.exp(unused);
            Gradients gradients = tape.gradients(Reductions.sum(Elementwise.mul(x, constant)));
            assertNotNull(gradients.of(x));
            assertNull(gradients.of(unused));
            assertNull(gradients.of(constant));
            assertNull(gradients.of(dead));
        }
    }

    @Test
    void misuseIsRefusedInOneSentence() {
        try (Tape tape = Tape.record()) {
            Tensor x = tape.watch(Tensor.of(random(Scope.current(), 1, 2, 3)));
            Tensor y = Elementwise.exp(x);
            requireMessage(IllegalArgumentException.class, () -> tape.gradients(y), "gradients", "one element",
                    "[2, 3]",
                    "mean or sum");
            requireMessage(IllegalArgumentException.class, () -> tape.watch(y), "watch", "exp", "[2, 3]");
            Tensor loss = Reductions.sum(y);
            tape.gradients(loss);
            requireMessage(IllegalStateException.class, () -> tape.gradients(loss), "gradients", "already",
                    "record again");
        }
        try (Tape tape = Tape.record()) {
            Tensor x = tape.watch(Tensor.of(random(Scope.current(), 1, 2, 3)));
            Tensor y = Elementwise.exp(x);
            requireMessage(IllegalArgumentException.class,
                    () -> tape.gradients(List.of(y), List.of(random(Scope.current(), 1, 3, 2))), "cotangent",
                    "output 0",
                    "[2, 3]", "[3, 2]");
        }
        try (Tape tape = Tape.record()) {
            Tensor x = tape.watch(Tensor.of(random(Scope.current(), 1, 2, 3)));
            Tensor y = Elementwise.exp(x);
            requireMessage(IllegalArgumentException.class, () -> tape.gradients(List.of(y),
                    List.of(NdArray.zeros(Scope.current(), DType.F32, SHAPE))), "float64", "float32");
        }
        try (Tape tape = Tape.record()) {
            Tensor constant = Tensor.of(random(Scope.current(), 1, 2, 3));
            requireMessage(IllegalArgumentException.class, () -> tape.gradients(List.of(Elementwise.exp(constant)),
                    List.of(constant.value())), "output 0", "[2, 3]", "no parameter or watched input");
        }
    }

    @Test
    void whatIsRefusedLeavesTheTapeAsItWas() {
        try (Tape tape = Tape.record()) {
            Tensor x = tape.watch(Tensor.of(random(Scope.current(), 1, 2, 3)));
            Tensor y = Elementwise.exp(x);
            NdArray dy = NdArray.full(Scope.current(), DType.F64, SHAPE, 1);
            Tensor constant = Tensor.of(dy);
            requireMessage(IllegalArgumentException.class, () -> tape.gradients(List.of(y, y), List.of(dy)), "gradients",
                    "each of 2 outputs", "found 1");
            requireMessage(IllegalArgumentException.class, () -> tape.gradients(List.of(y), List.of(dy, dy)), "found 2");
            requireMessage(IllegalArgumentException.class, () -> tape.gradients(List.of(y, constant), List.of(dy, dy)),
                    "output 1");
            // no cotangent of the refused calls is left in the sum
            assertArrayEquals(y.keep().toDoubles(), tape.gradients(List.of(y), List.of(dy)).of(x).toDoubles());
        }
    }

    @Test
    void aTapeIsUsedByItsThreadOnly() throws InterruptedException {
        try (Tape tape = Tape.record(); Scope shared = Scope.shared()) {
            Tensor x = tape.watch(Tensor.of(random(shared, 1, 2, 3)));
            Tensor loss = Reductions.sum(Elementwise.exp(x));
            AtomicReference<Throwable> failure = new AtomicReference<>();
            Thread thread = Thread.ofPlatform().name("elsewhere").start(() -> {
                try (Scope scope = Scope.open()) {
                    String[] said = {"in thread elsewhere", "the tape belongs to thread", "record one in each thread"};
                    requireMessage(IllegalStateException.class, () -> tape.watch(Tensor.of(random(scope, 2, 2, 3))), said);
                    requireMessage(IllegalStateException.class, () -> tape.gradients(loss), said);
                    requireMessage(IllegalStateException.class, () -> tape.gradients(List.of(x), List.of(x.value())), said);
                } catch (Throwable e) {
                    failure.set(e);
                }
            });
            thread.join();
            assertNull(failure.get());
            assertEquals(SHAPE, tape.gradients(loss).of(x).shape());
        }
    }

    @Test
    void tapesNestCloseInOrderAndKeepToTheirThread() throws InterruptedException {
        assertFalse(Tape.isRecording());
        Tape outer = Tape.record();
        Tape inner = Tape.record();
        assertTrue(Tape.isRecording());
        requireMessage(IllegalStateException.class, outer::close, "tape", "closed");
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        Thread thread = Thread.ofPlatform().start(() -> {
            try {
                assertFalse(Tape.isRecording());
                inner.close();
            } catch (Throwable e) {
                thrown.set(e);
            }
        });
        thread.join();
        assertTrue(thrown.get() instanceof IllegalStateException, "" + thrown.get());
        inner.close();
        requireMessage(IllegalStateException.class, inner::close, "tape", "twice");
        outer.close();
        assertFalse(Tape.isRecording());
    }

    @Test
    void anOuterTapeDoesNotSeeWhatAnInnerOneWatches() {
        try (Tape outer = Tape.record()) {
            Tensor x = outer.watch(Tensor.of(random(Scope.current(), 1, 2, 3)));
            Tensor z = Elementwise.exp(x);
            try (Tape inner = Tape.record()) {
                Tensor own = inner.watch(Tensor.of(random(Scope.current(), 2, 2, 3)));
                Gradients gradients = inner.gradients(Reductions.sum(Elementwise.mul(own, z)));
                assertArrayEquals(z.toDoubles(), gradients.of(own).toDoubles());
                assertNull(gradients.of(x));
            }
            assertArrayEquals(z.toDoubles(), outer.gradients(Reductions.sum(z.keep())).of(x).toDoubles());
        }
    }

    @Test
    void aTensorOfAnotherThreadsScopeIsRefused() throws InterruptedException {
        try (Scope scope = Scope.open()) {
            Tensor x = Tensor.of(random(scope, 1, 2, 3));
            AtomicReference<Throwable> failure = new AtomicReference<>();
            Thread thread = Thread.ofPlatform().name("elsewhere").start(() -> {
                try (Tape tape = Tape.record()) {
                    tape.watch(x);
                    requireMessage(IllegalStateException.class, () -> Elementwise.exp(x), "exp", "elsewhere",
                            "belongs to thread", "Scope.shared()");
                } catch (Throwable e) {
                    failure.set(e);
                }
            });
            thread.join();
            assertNull(failure.get());
        }
    }

    @Test
    void keptValuesAreReadableAfterTheGradientsAndOthersSaySoIfNot() {
        try (Tape tape = Tape.record()) {
            Tensor x = tape.watch(Tensor.of(random(Scope.current(), 1, 2, 3)));
            Tensor kept = Elementwise.exp(x).keep();
            Tensor gone = Elementwise.exp(kept);
            Tensor loss = Reductions.sum(gone);
            tape.gradients(loss);
            assertEquals(6, kept.toDoubles().length);
            requireMessage(IllegalStateException.class, gone::toDoubles, "[2, 3]", "exp", "freed");
        }
    }

    /** SiLU as a user writes it: y = x s(x), dx = dy s(x) (1 + x (1 - s(x))), s the logistic function. */
    private static Tensor silu(Tensor x) {
        NdArray s = Pointwise.apply(Pointwise.Unary.SIGMOID, x.value());
        NdArray y = Pointwise.apply(Pointwise.Binary.MUL, x.value(), s);
        return Tape.operator("silu", y, Tape.saved(x.value(), s, y), (dy, to) -> to.add(x, () -> {
            NdArray bend = Pointwise.apply(Pointwise.Binary.MUL, y, s);
            NdArray slope = Pointwise.apply(Pointwise.Binary.SUB, Pointwise.apply(Pointwise.Binary.ADD, s, y), bend);
            return Pointwise.apply(Pointwise.Binary.MUL, dy, slope);
        }), x);
    }

    @Test
    void anOperatorOfAUserIsOnePlace() {
        Array x = ValueArbitraries.normal(5, 4, 7);
        Array expected = x.map(v -> v / (1 + Math.exp(-v)));
        try (Scope scope = Scope.open()) {
            NdArray input = NdArray.of(scope, Shape.of(4, 7), x.data());
            Tensor y = silu(Tensor.of(input));
            Comparison.of("silu", expected, y.toDoubles()).requireWithin(1e-14, 1e-14);
            // without a tape nothing is kept: what stays is the result
            assertEquals(2 * 256, scope.bytes());
            GradientCheck.Worst worst = GradientCheck.worst(t -> silu(t.getFirst()), List.of(input));
            assertTrue(worst.error() < 1e-8, worst.toString());
        }
    }

    @Test
    void theGradientCheckFindsAWrongGradientAndWhere() {
        try (Scope scope = Scope.open()) {
            NdArray x = NdArray.of(scope, Shape.of(2, 2), new double[] {1, 2, 3, 4});
            // dx = dy but for one element
            GradientCheck.Worst worst = GradientCheck.worst(t -> Tape.operator("bad", t.getFirst().value().copy(),
                    Tape.saved(), (dy, to) -> to.add(t.getFirst(), () -> {
                        NdArray d = dy.copy();
                        NdArray corner = d.slice(0, 1, 2).slice(1, 0, 1);
                        corner.copyFrom(Pointwise.scale(corner, 1.5));
                        return d;
                    }), t.getFirst()), List.of(x));
            assertArrayEquals(new long[] {1, 0}, worst.index());
            assertEquals(0, worst.input());
            assertEquals(1.5, worst.analytic() / worst.numeric(), 1e-6);
            requireMessage(IllegalArgumentException.class, () -> GradientCheck.worst(List::getFirst,
                    List.of(NdArray.zeros(scope, DType.F32, SHAPE))), "gradient check", "float64", "float32 [2, 3]");
        }
    }

    @Test
    void theGradientCheckLooksAtEveryInput() {
        try (Scope scope = Scope.open()) {
            NdArray x = NdArray.of(scope, Shape.of(2), new double[] {1, 2});
            // y = a + 2 b, of which the second gradient says 1
            GradientCheck.Worst worst = GradientCheck.worst(t -> Tape.operator("bad", Pointwise.apply(Pointwise.Binary.ADD,
                    t.get(0).value(), Pointwise.scale(t.get(1).value(), 2)), Tape.saved(), (dy, to) -> {
                to.add(t.get(0), dy);
                to.add(t.get(1), dy);
            }, t.get(0), t.get(1)), List.of(x, x.copy()));
            assertEquals(1, worst.input());
            assertEquals(2, worst.numeric() / worst.analytic(), 1e-6);
        }
    }

    @Test
    void theGradientCheckTakesWhatIsNoNumberForTheWorst() {
        try (Scope scope = Scope.open()) {
            NdArray x = NdArray.of(scope, Shape.of(3), new double[] {1, 2, 3});
            for (int at = 0; at < 3; at++) {
                int bad = at;
                GradientCheck.Worst worst = GradientCheck.worst(t -> Tape.operator("bad", t.getFirst().value().copy(),
                        Tape.saved(), (dy, to) -> to.add(t.getFirst(), () -> {
                            NdArray d = dy.copy();
                            double[] values = d.toDoubles();
                            values[bad] = Double.NaN;
                            values[(bad + 1) % 3] *= 1.5;
                            d.copyFrom(values);
                            return d;
                        }), t.getFirst()), List.of(x));
                assertArrayEquals(new long[] {bad}, worst.index());
                assertTrue(Double.isNaN(worst.error()) && Double.isNaN(worst.analytic()), worst.toString());
            }
            GradientCheck.Worst none = GradientCheck.worst(t -> Shapes.reshape(t.getFirst(), 3, 1), List.of(x));
            assertTrue(none.error() < 1e-9, none.toString());
            assertArrayEquals(new double[] {1, 2, 3}, x.toDoubles());
        }
    }

    /** First order only: a gradient is an array without a history, in this tape and in one around it. */
    @Test
    void gradientsOfGradientsAreRefusedInASentence() {
        String[] said = {"output 0 of shape []", "no parameter or watched input", "gradients of gradients", "first order only"};
        try (Tape outer = Tape.record()) {
            Scope scope = Scope.current();
            Tensor x = outer.watch(Tensor.of(random(scope, 1, 2, 3)));
            Tensor slope;
            try (Tape inner = Tape.record()) {
                inner.watch(x);
                slope = Tensor.of(inner.gradients(Reductions.sum(Elementwise.mul(x, x))).of(x)).moveTo(scope);
            }
            Tensor penalty = Reductions.sum(Elementwise.mul(slope, slope));
            requireMessage(IllegalArgumentException.class, () -> outer.gradients(penalty), said);
        }
        try (Tape tape = Tape.record()) {
            Tensor x = tape.watch(Tensor.of(random(Scope.current(), 1, 2, 3)));
            Gradients first = tape.gradients(Reductions.sum(Elementwise.mul(x, x)));
            requireMessage(IllegalStateException.class, () -> tape.gradients(Reductions.sum(Tensor.of(first.of(x)))), "gradients",
                    "already", "record again");
        }
    }

    /** Without a tape, and under one that tracks nothing, an operator returns only what it made itself. */
    @Test
    void constantTargetsOfALossStay() {
        try (Scope scope = Scope.open()) {
            Tensor logits = Tensor.of(random(scope, 1, 2, 3));
            Tensor targets = Tensor.of(NdArray.full(scope, DType.F64, SHAPE, 0.25));
            for (int again = 0; again < 2; again++) {
                assertEquals(2, Losses.softmaxCrossEntropy(logits, targets).toDoubles().length);
                assertEquals(2, Losses.sigmoidCrossEntropy(logits, targets).toDoubles().length);
            }
            try (Tape tape = Tape.record()) {
                assertEquals(2, Losses.sigmoidCrossEntropy(logits, targets).toDoubles().length);
                Tensor x = tape.watch(logits);
                Gradients gradients = tape.gradients(Reductions.sum(Elementwise.add(Losses.softmaxCrossEntropy(x, targets),
                        Losses.sigmoidCrossEntropy(x, targets))));
                assertEquals(SHAPE, gradients.of(x).shape());
            }
            assertEquals(0.25, targets.toDoubles()[5]);
        }
    }

    @Test
    void operatorsRefuseShapesThatDoNotFit() {
        try (Scope scope = Scope.open()) {
            Tensor x = Tensor.of(random(scope, 1, 2, 3));
            Tensor four = Tensor.of(random(scope, 1, 1, 4, 4, 1));
            Class<IllegalArgumentException> refused = IllegalArgumentException.class;
            requireMessage(refused, () -> LinearAlgebra.linear(x, x, null), "linear", "[2, 3]");
            requireMessage(refused, () -> LinearAlgebra.linear(x, Shapes.permute(x, 1, 0), Tensor.of(random(scope, 1, 3))),
                    "linear", "[2, 3], [3, 2] and [3]");
            requireMessage(refused, () -> LinearAlgebra.linear(x, Tensor.of(random(scope, 1, 3, 3, 4)), null), "linear",
                    "[2, 3], [3, 3, 4]");
            requireMessage(refused, () -> LinearAlgebra.matmul(x, x), "matmul", "[2, 3] times [2, 3]");
            requireMessage(refused, () -> Shapes.concat(0), "concat", "at least one");
            requireMessage(refused, () -> Shapes.concat(0, x, Shapes.permute(x, 1, 0)), "concat", "[2, 3]", "[3, 2]");
            requireMessage(refused, () -> Shapes.reshape(x, 4), "reshape", "[2, 3]", "[4]");
            requireMessage(refused, () -> Shapes.slice(x, 1, 0, 4), "slice", "[2, 3]");
            requireMessage(refused, () -> Reductions.mean(Shapes.slice(x, 0, 0, 0)), "mean", "[0, 3]");
            requireMessage(refused, () -> Patches.patchify(x, 2), "patchify", "[2, 3]");
            requireMessage(refused, () -> Patches.patchify(four, 5), "patchify", "5 x 5", "[1, 4, 4, 1]");
            requireMessage(refused, () -> Patches.patchify(Shapes.slice(four, 1, 0, 2), 3), "patchify", "3 x 3", "[1, 2, 4, 1]");
            requireMessage(refused, () -> Patches.patchify(Shapes.slice(four, 2, 0, 2), 3), "patchify", "3 x 3", "[1, 4, 2, 1]");
            requireMessage(refused, () -> Patches.unpatchify(x, 2, 1, 1), "unpatchify", "[2, 3]");
            requireMessage(refused, () -> Elementwise.add(x, Tensor.of(NdArray.zeros(scope, DType.F32, SHAPE))), "add",
                    "float64", "float32");
            requireMessage(refused, () -> Softmax.softmax(x), "softmax", "at least one axis");
            requireMessage(refused, () -> Losses.softmaxCrossEntropy(x, new int[] {0, 3}, 0), "labels in [0, 3)",
                    "3 at row 1");
        }
    }
}
