package tessella.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.function.Executable;
import tessella.reference.AdafactorOracle;
import tessella.reference.AdamWOracle;
import tessella.reference.Array;
import tessella.reference.SgdOracle;
import tessella.reference.TrainingOracle;
import tessella.reference.ValueArbitraries;

/** Steps of every rule on many arrays against the oracles. */
class UpdateProperties {
    private static final double RATE = 0.1;
    private static final double MULTIPLIER = 0.5;
    private static final double DECAY = 0.0625;

    /** A step of an oracle: the value after it. */
    private interface Oracle {
        Array step(Array p, Array gradient);
    }

    private static Oracle oracle(UpdateRule rule) {
        return switch (rule) {
            case UpdateRule.Sgd sgd -> {
                SgdOracle oracle = new SgdOracle(sgd.momentum(), sgd.kind() == UpdateRule.Momentum.NESTEROV, sgd.l2());
                yield (p, g) -> oracle.step(p, g, RATE, MULTIPLIER, DECAY);
            }
            case UpdateRule.Adam adam -> {
                AdamWOracle oracle = new AdamWOracle(adam.b1(), adam.b2(), adam.eps());
                yield (p, g) -> oracle.step(p, g, RATE * MULTIPLIER, DECAY / MULTIPLIER);
            }
            case UpdateRule.Adafactor a -> {
                AdafactorOracle oracle = new AdafactorOracle((int) a.leastFactored(), a.exponent(), a.cap(), a.eps(),
                        a.momentum(), a.clip(), a.scale() == UpdateRule.Scale.PARAMETER, a.leastScale());
                yield (p, g) -> oracle.step(p, g, RATE, MULTIPLIER, DECAY);
            }
        };
    }

    /** Ranks 0 to 4, equal extents, empty arrays, now and then one of several parts. */
    private static int[] shape(SplittableRandom random) {
        if (random.nextInt(8) == 0) {
            return random.nextBoolean() ? new int[] {130 + random.nextInt(80), 140} : new int[] {40_000 + random.nextInt(9)};
        }
        int[] shape = new int[random.nextInt(5)];
        int most = random.nextInt(1, 9);
        Arrays.setAll(shape, i -> random.nextInt(20) == 0 ? 0 : 1 + random.nextInt(most));
        return shape;
    }

    /** Steps with clipped gradients, some of them missing. */
    private static void follow(UpdateRule rule, DType dtype, int arrays, long seed, double single) {
        SplittableRandom random = new SplittableRandom(seed);
        boolean byValue = random.nextBoolean();
        double scale = byValue ? 1 : 0.25;
        double limit = byValue ? 0.5 : Double.POSITIVE_INFINITY;
        try (Scope scope = Scope.open()) {
            List<Update.Target> targets = new ArrayList<>();
            List<Oracle> oracles = new ArrayList<>();
            Array[] expected = new Array[arrays];
            for (int i = 0; i < arrays; i++) {
                expected[i] = ValueArbitraries.normal(seed + i, shape(random)).roundedToFloat();
                targets.add(new Update.Target(Samples.contiguous(dtype, expected[i]), MULTIPLIER, DECAY));
                oracles.add(oracle(rule));
            }
            Update update = Update.of(rule, scope, targets);
            for (int step = 0; step < 4; step++) {
                List<Array> present = new ArrayList<>();
                for (int i = 0; i < arrays; i++) {
                    if (step > 0 && i == 1) {
                        continue; // has no gradient any more
                    }
                    Array g = ValueArbitraries.normal(seed + 31 * step + i, expected[i].shape()).roundedToFloat();
                    present.add(g);
                    update.gradient(i, Samples.contiguous(dtype, g));
                    Array clipped = byValue ? TrainingOracle.clipValue(List.of(g), limit).getFirst() : g.times(scale);
                    expected[i] = oracles.get(i).step(expected[i], clipped);
                }
                double norm = TrainingOracle.globalNorm(present);
                assertEquals(norm, update.norm(), norm * (dtype == DType.F32 ? 1e-5 : 1e-13));
                update.step(RATE, scale, limit);
                assertEquals(step + 1, update.steps());
            }
            for (int i = 0; i < arrays; i++) {
                Samples.requireClose(rule + " " + Arrays.toString(expected[i].shape()), expected[i], targets.get(i).value(),
                        single, 1e-12);
            }
        }
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void descentEqualsTheOracle(@ForAll @From(supplier = Computed.class) DType dtype, @ForAll @IntRange(min = 1, max = 6) int arrays,
            @ForAll @IntRange(min = 0, max = 3) int kind, @ForAll long seed) {
        UpdateRule.Momentum momentum = kind % 2 == 0 ? UpdateRule.Momentum.HEAVY_BALL : UpdateRule.Momentum.NESTEROV;
        follow(new UpdateRule.Sgd(kind < 2 ? 0.75 : 0, momentum, kind == 0 ? 0 : 0.25), dtype, arrays, seed, 2e-6);
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void adamEqualsTheOracle(@ForAll @From(supplier = Computed.class) DType dtype, @ForAll @IntRange(min = 1, max = 6) int arrays,
            @ForAll long seed) {
        follow(new UpdateRule.Adam(0.8, 0.95, 1e-3), dtype, arrays, seed, 5e-6);
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void adafactorEqualsTheOracle(@ForAll @From(supplier = Computed.class) DType dtype, @ForAll @IntRange(min = 1, max = 6) int arrays,
            @ForAll @IntRange(min = 1, max = 5) int least, @ForAll boolean momentum, @ForAll boolean clipped,
            @ForAll boolean scaled, @ForAll long seed) {
        follow(new UpdateRule.Adafactor(least, 0.8, clipped ? 0.5 : 1, 1e-3, momentum ? 0.75 : 0,
                clipped ? 0.5 : Double.POSITIVE_INFINITY, scaled ? UpdateRule.Scale.PARAMETER : UpdateRule.Scale.NONE, 1e-3), dtype,
                arrays, seed, 2e-5);
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void runningMeansEqualTheOracle(@ForAll @From(supplier = Computed.class) DType dtype,
            @ForAll @IntRange(min = 1, max = 6) int arrays, @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        try (Scope _ = Scope.open()) {
            List<NdArray> means = new ArrayList<>();
            Array[] expected = new Array[arrays];
            for (int i = 0; i < arrays; i++) {
                expected[i] = ValueArbitraries.normal(seed + i, shape(random)).roundedToFloat();
                means.add(Samples.contiguous(dtype, expected[i]));
            }
            Averages averages = new Averages(means);
            for (int step = 0; step < 3; step++) {
                for (int i = 0; i < arrays; i++) {
                    if (step > 0 && i == 1) {
                        continue; // nothing comes in any more
                    }
                    Array x = ValueArbitraries.normal(seed + 31 * step + i, expected[i].shape()).roundedToFloat();
                    averages.source(i, Samples.contiguous(dtype, x));
                    expected[i] = expected[i].zip(x, (mean, one) -> 0.75 * mean + 0.5 * one);
                }
                averages.step(0.75, 0.5);
            }
            for (int i = 0; i < arrays; i++) {
                Samples.requireClose("mean", expected[i], means.get(i), 1e-6, 1e-14);
            }
        }
    }

    @Example
    void onlyFactorsAreKeptOfAFactoredArray() {
        try (Scope scope = Scope.open()) {
            UpdateRule rule = UpdateRule.Adafactor.bigVision();
            Update update = Update.of(rule, scope, List.of(target(scope, 3, 40, 32), target(scope, 40, 31), target(scope, 32, 5, 32),
                    target(scope)));
            assertEquals("{row=float32 [3, 40], column=float32 [3, 32], momentum=float32 [3, 40, 32]}", "" + update.state(0));
            assertEquals("{v=float32 [40, 31], momentum=float32 [40, 31]}", "" + update.state(1));
            assertEquals("{row=float32 [32, 5], column=float32 [5, 32], momentum=float32 [32, 5, 32]}", "" + update.state(2));
            assertEquals("{v=float32 [], momentum=float32 []}", "" + update.state(3));
            update = Update.of(UpdateRule.Adafactor.t5(), scope, List.of(target(scope, 128, 300)));
            assertEquals("{row=float32 [128], column=float32 [300]}", "" + update.state(0));
            update = Update.of(new UpdateRule.Sgd(0, UpdateRule.Momentum.HEAVY_BALL, 0), scope, List.of(target(scope, 7)));
            assertEquals("{}", "" + update.state(0));
        }
    }

    private static Update.Target target(Scope scope, long... dims) {
        return new Update.Target(NdArray.full(scope, DType.F32, Shape.of(dims), 1), 1, 0);
    }

    /** An idle parameter: what SGD, Adam and the momentum of Adafactor keep of it reaches exact 0, never a subnormal. */
    @Example
    void whatIsKeptOfAnIdleArrayReachesZero() {
        for (UpdateRule rule : List.of(new UpdateRule.Sgd(0.5, UpdateRule.Momentum.NESTEROV, 0), new UpdateRule.Adam(0.5, 0.5, 1e-8),
                new UpdateRule.Adafactor(2, 0.8, 0.5, 1e-30, 0.5, 1, UpdateRule.Scale.NONE, 0))) {
            try (Scope scope = Scope.open()) {
                Update update = Update.of(rule, scope, List.of(target(scope, 3, 7), target(scope, 5)));
                for (int step = 0; step < 200; step++) {
                    for (int i = 0; i < 2; i++) {
                        Shape shape = i == 0 ? Shape.of(3, 7) : Shape.of(5);
                        update.gradient(i, NdArray.full(Scope.current(), DType.F32, shape, step == 0 ? -1 : 0));
                    }
                    update.step(0, 1, Double.POSITIVE_INFINITY);
                    for (int i = 0; i < 2; i++) {
                        update.state(i).forEach((name, kept) -> {
                            for (float x : kept.toFloats()) {
                                assertTrue(x == 0 || Math.abs(x) >= Float.MIN_NORMAL, rule + " " + name + " " + x);
                            }
                        });
                    }
                }
                for (int i = 0; i < 2; i++) {
                    update.state(i).forEach((name, kept) -> {
                        double most = rule instanceof UpdateRule.Adafactor && !name.equals("momentum") ? 2e-30 : 0;
                        for (float x : kept.toFloats()) {
                            assertEquals(0, x, most, rule + " " + name);
                        }
                    });
                }
            }
        }
    }

    @Example
    void aStepWithAFreedArrayChangesNothing() {
        try (Scope scope = Scope.open()) {
            Update.Target first = target(scope, 3);
            Update update = Update.of(UpdateRule.Adam.DEFAULT, scope, List.of(first, target(scope, 3)));
            NdArray freed = NdArray.full(scope, DType.F32, Shape.of(3), 1);
            update.gradient(0, NdArray.full(scope, DType.F32, Shape.of(3), 1));
            update.gradient(1, freed);
            freed.free();
            Samples.requireMessage(IllegalStateException.class, () -> update.step(1, 1, 1), "float32", "made by full", "freed");
            assertArrayEquals(new float[] {1, 1, 1}, first.value().toFloats());
            assertEquals(0, update.steps());
            update.step(1, 1, 1); // the gradients were forgotten
            assertArrayEquals(new float[] {1, 1, 1}, first.value().toFloats());
        }
    }

    @Example
    void numbersOutOfRangeAreRefused() {
        refused("sgd: expected a momentum in [0, 1), found 1.0", () -> new UpdateRule.Sgd(1, UpdateRule.Momentum.NESTEROV, 0));
        refused("sgd: expected a finite l2 of at least 0, found -1.0",
                () -> new UpdateRule.Sgd(0, UpdateRule.Momentum.HEAVY_BALL, -1));
        refused("adam: expected a b1 in [0, 1), found 1.0", () -> new UpdateRule.Adam(1, 0, 1));
        refused("adam: expected a b2 in [0, 1), found -0.1", () -> new UpdateRule.Adam(0, -0.1, 1));
        refused("adam: expected a finite eps above 0, found 0.0", () -> new UpdateRule.Adam(0, 0, 0));
        refused("adafactor: expected a least extent of at least 1, found 0", () -> adafactor(0, 1, 1, 1, 0, 1, 1));
        refused("adafactor: expected an exponent in (0, 1], found 0.0", () -> adafactor(1, 0, 1, 1, 0, 1, 1));
        refused("adafactor: expected a cap in (0, 1], found 1.5", () -> adafactor(1, 1, 1.5, 1, 0, 1, 1));
        refused("adafactor: expected an eps in [1e-37, 1], found 1.0E-38", () -> adafactor(1, 1, 1, 1e-38, 0, 1, 1));
        refused("adafactor: expected a momentum in [0, 1), found NaN", () -> adafactor(1, 1, 1, 1, Double.NaN, 1, 1));
        refused("adafactor: expected a clip above 0, found 0.0", () -> adafactor(1, 1, 1, 1, 0, 0, 1));
        refused("adafactor: expected a finite least scale of at least 0, found Infinity",
                () -> adafactor(1, 1, 1, 1, 0, 1, Double.POSITIVE_INFINITY));
        try (Scope scope = Scope.open()) {
            NdArray x = NdArray.zeros(scope, DType.F32, Shape.of(2, 3));
            refused("update: expected a finite multiplier and decay of at least 0, found -1.0 and 0.0",
                    () -> new Update.Target(x, -1, 0));
            refused("adam: expected contiguous float32 or float64 arrays, found float32 [3, 2]",
                    () -> Update.of(UpdateRule.Adam.DEFAULT, scope, List.of(new Update.Target(x.transpose(), 1, 0))));
            Update update = Update.of(UpdateRule.Adam.DEFAULT, scope, List.of(new Update.Target(x, 1, 0)));
            refused("adam: expected a contiguous gradient float32 [2, 3], found float64 [2, 3]",
                    () -> update.gradient(0, NdArray.zeros(scope, DType.F64, x.shape())));
            refused("adam: expected a number of steps of at least 0, found -1", () -> update.steps(-1));
            refused("average: expected contiguous float32 or float64 arrays, found float32 [3, 2]",
                    () -> new Averages(List.of(x.transpose())));
            refused("average: expected a contiguous array float32 [2, 3], found float32 [3]",
                    () -> new Averages(List.of(x)).source(0, NdArray.zeros(scope, DType.F32, Shape.of(3))));
        }
    }

    private static UpdateRule adafactor(long least, double exponent, double cap, double eps, double momentum, double clip,
            double leastScale) {
        return new UpdateRule.Adafactor(least, exponent, cap, eps, momentum, clip, UpdateRule.Scale.NONE, leastScale);
    }

    private static void refused(String message, Executable action) {
        assertEquals(message, assertThrows(IllegalArgumentException.class, action).getMessage());
    }
}
