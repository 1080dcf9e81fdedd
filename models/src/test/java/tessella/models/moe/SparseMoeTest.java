package tessella.models.moe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tessella.autodiff.GradientCheck;
import tessella.autodiff.Gradients;
import tessella.autodiff.Parameter;
import tessella.autodiff.Shapes;
import tessella.autodiff.Tape;
import tessella.autodiff.Tensor;
import tessella.engine.DType;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.engine.Random;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.Workers;
import tessella.models.nn.Experts;
import tessella.models.nn.Observer;
import tessella.models.nn.ParameterSpec;
import tessella.models.nn.Parameters;

/** The sparse layer on examples, its capacities, its parameters, its threads, and what it refuses. */
class SparseMoeTest {
    private static final Capacity ROOMY = new Capacity.Fixed(1000);

    @AfterEach
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    private static void refused(String sentence, Executable action) {
        assertEquals(sentence, assertThrows(IllegalArgumentException.class, action).getMessage());
    }

    @ParameterizedTest
    @CsvSource({
        // choices, factor, experts, rounding, multiple, room: the examples of the published code, and the rules' own
        "64, 1, 32, UP, 4, 4", "128, 2, 32, HALF_EVEN, 1, 8", "196, 1, 8, HALF_EVEN, 1, 24", "204, 1, 8, HALF_EVEN, 1, 26",
        "196, 1, 8, UP, 1, 25", "4112, 1.05, 32, UP, 1, 135", "4112, 1.05, 32, UP, 4, 136", "8, 1, 2, UP, 4, 4", "3, 0.25, 1, UP, 1, 1"})
    void capacityFollowsTheFactor(long choices, double factor, int experts, Capacity.Rounding rounding, int multiple, int room) {
        assertEquals(room, new Capacity.Factor(factor, rounding, multiple).of(choices, experts));
        assertEquals(7, new Capacity.Fixed(7).of(choices, experts));
    }

    @Test
    void tokensCountTheirChoicesAndExpertsTheTokensAtMostAll() {
        Capacity one = new Capacity.Factor(1, Capacity.Rounding.UP, 1);
        TokensChoice tokens = new TokensChoice(2, one, Priority.POSITION, Balance.NONE);
        assertEquals(4 * 6, tokens.rows(12, 4));
        assertEquals(4 * 3, new ExpertsChoice(one).rows(12, 4));
        assertEquals(4 * 12, new ExpertsChoice(ROOMY).rows(12, 4));
        try (Scope scope = Scope.open()) {
            // all tokens alike: the first two experts get as many as they have room for
            GateLogits alike = new GateLogits(Tensor.of(scope, Shape.of(12, 4), new double[48]));
            List<Integer> first = List.of(0, 1, 2, 3, 4, 5);
            assertEquals(List.of(first, first, List.of(), List.of()), Sample.lists(tokens.route(alike)));
            assertEquals(List.of(0, 1, 2), Sample.lists(new ExpertsChoice(one).route(alike)).getLast());
        }
    }

    @Test
    void sr9AnotherImageOfTheGroupMayTakeARoomAway() {
        try (Scope scope = Scope.open()) {
            Sample f = Sample.random(scope, 3, 2, 4, 3, 4, 2);
            Router tight = new TokensChoice(1, new Capacity.Fixed(2), Priority.LARGEST_GATE, Balance.NONE);
            Tensor first = Shapes.slice(f.x(), 0, 0, 1);
            boolean changed = false;
            for (int seed = 0; seed < 10; seed++) {
                Tensor other = Shapes.concat(0, first, Sample.normal(scope, seed, "other", 1, 4, 3));
                double[] a = Shapes.slice(f.y(tight, 8), 0, 0, 1).toDoubles();
                double[] b = Shapes.slice(f.withX(other).y(tight, 8), 0, 0, 1).toDoubles();
                changed |= !Arrays.equals(a, b);
            }
            assertTrue(changed, "images of a group compete");
        }
    }

    @Test
    void aDroppedTokenGivesZero() {
        try (Scope scope = Scope.open()) {
            Sample f = Sample.random(scope, 5, 1, 6, 3, 4, 1);
            double[] y = f.y(new TokensChoice(1, new Capacity.Fixed(4), Priority.POSITION, Balance.NONE), 6).toDoubles();
            assertArrayEquals(new double[6], Arrays.copyOfRange(y, 12, 18));
            assertTrue(Arrays.stream(y, 0, 12).allMatch(v -> v != 0));
        }
    }

    @Test
    void aLayerWhereNobodyWorksGivesZero() {
        try (Scope scope = Scope.open()) {
            Sample f = Sample.random(scope, 5, 2, 3, 3, 4, 2);
            Tensor y = f.y(new Router() {
                @Override
                public Assignment route(GateLogits logits) {
                    return Assignment.ofNonzeros(Tensor.of(NdArray.zeros(Scope.current(), DType.F64, logits.clean().shape())));
                }

                @Override
                public long rows(long tokens, int experts) {
                    return 0;
                }

                @Override
                public String describe() {
                    return "a router of a test";
                }
            }, 3);
            assertEquals(f.x().shape(), y.shape());
            assertArrayEquals(new double[18], y.toDoubles());
        }
    }

    @Test
    void nothingGivesNothing() {
        try (Scope scope = Scope.open()) {
            Sample f = Sample.random(scope, 5, 0, 3, 3, 4, 2);
            assertEquals(Shape.of(0, 3, 3), f.y(new ExpertsChoice(ROOMY), 3).shape());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6})
    void gradientsAreThoseOfCentralDifferences(int seed) {
        try (Scope scope = Scope.open()) {
            Sample f = Sample.random(scope, seed, 2, 4, 3, 2, 3);
            List<Router> routers = List.of(new TokensChoice(2, new Capacity.Fixed(3), Priority.LARGEST_GATE, Balance.NONE),
                    new TokensChoice(1, ROOMY, Priority.POSITION, Balance.NONE), new ExpertsChoice(new Capacity.Fixed(2)));
            for (Router router : routers) {
                GradientCheck.Worst worst = GradientCheck.worst(t -> Sample.of(t).y(router, 4), f.all().stream().map(Tensor::value).toList());
                assertTrue(worst.error() < 1e-6, worst::toString);
            }
        }
    }

    @Test
    void anyNumberOfThreadsGivesTheSameBits() {
        List<List<float[]>> found = new ArrayList<>();
        for (int threads = 1; threads <= 3; threads++) {
            try (Workers team = Workers.of(threads)) {
                found.add(Workers.with(team, SparseMoeTest::step));
            }
        }
        for (List<float[]> other : found) {
            for (int i = 0; i < other.size(); i++) {
                assertArrayEquals(found.getFirst().get(i), other.get(i));
            }
        }
    }

    /** Large enough that operators are cut for threads. */
    private static List<float[]> step() {
        SparseMoeConfig config = new SparseMoeConfig(4, 1, Placement.LAST, 3, 0,
                new TokensChoice(2, new Capacity.Factor(1.05, Capacity.Rounding.UP, 4), Priority.LARGEST_GATE, Balance.NONE));
        try (Parameters parameters = Parameters.initialized(config.specs("moe", 64, 128), DType.F32, 1); Tape tape = Tape.record()) {
            NdArray tokens = NdArray.empty(Scope.current(), DType.F32, Shape.of(8, 50, 64));
            double[] values = new double[8 * 50 * 64];
            Arrays.setAll(values, Random.of(1, "tokens")::normal);
            tokens.copyFrom(values);
            Tensor x = tape.watch(Tensor.of(tokens));
            Tensor y = config.layer(parameters, "moe", 50).apply(x, Observer.NONE).keep();
            Gradients gradients = tape.gradients(List.of(y), List.of(tokens));
            List<float[]> out = new ArrayList<>(List.of(y.toFloats(), gradients.of(x).toFloats()));
            parameters.all().forEach(parameter -> out.add(gradients.of(parameter).toFloats()));
            return out;
        }
    }

    @Test
    void packedExpertsGiveTheSameBitsAndAreNeverCopied() {
        SparseMoeConfig config = new SparseMoeConfig(8, 1, Placement.LAST, 1, 0,
                new TokensChoice(1, ROOMY, Priority.POSITION, Balance.NONE));
        try (Parameters parameters = Parameters.initialized(config.specs("moe", 16, 32), DType.F32, 1); Scope scope = Scope.open()) {
            // of three tokens at most three of eight experts
            Tensor x = Tensor.of(scope, Shape.of(1, 3, 16), new float[48]);
            double[] values = new double[48];
            Arrays.setAll(values, Random.of(1, "tokens")::normal);
            x.value().copyFrom(values);
            float[] plain = config.layer(parameters, "moe", 3).apply(x, Observer.NONE).toFloats();
            parameters.pack(DType.F32);
            assertTrue(new Experts(parameters, "moe.experts").arePacked());
            assertArrayEquals(plain, config.layer(parameters, "moe", 3).apply(x, Observer.NONE).toFloats());
            // rounded ones too: three tokens, of few experts, get what they get beside many
            parameters.pack(DType.BF16);
            double[] many = new double[60 * 16];
            Arrays.setAll(many, Random.of(1, "tokens")::normal);
            Tensor all = Tensor.of(scope, Shape.of(20, 3, 16), new float[60 * 16]);
            all.value().copyFrom(many);
            float[] rounded = config.layer(parameters, "moe", 3).apply(x, Observer.NONE).toFloats();
            assertFalse(Arrays.equals(plain, rounded));
            SparseMoe together = new SparseMoe("moe", parameters.get("moe.router.kernel").tensor(), config.router(),
                    new Experts(parameters, "moe.experts"), 60, 0);
            assertArrayEquals(rounded, Arrays.copyOf(together.apply(all, Observer.NONE).toFloats(), 48));
        }
    }

    @Test
    void someOfTheExpertsAreTheSameExperts() {
        try (Tape tape = Tape.record()) {
            Sample f = Sample.random(Scope.current(), 1, 1, 2, 3, 4, 4);
            f.all().forEach(tape::watch);
            assertFalse(f.experts().arePacked());
            Tensor rows = Shapes.broadcastTo(Shapes.reshape(f.x(), 1, 1, 2, 3), 4, 1, 2, 3);
            double[] all = f.experts().apply(rows).toDoubles();
            Tensor two = f.experts().only(3, 1).apply(Shapes.slice(rows, 0, 0, 2)).keep();
            assertArrayEquals(Arrays.copyOfRange(all, 18, 24), Arrays.copyOf(two.toDoubles(), 6));
            assertArrayEquals(Arrays.copyOfRange(all, 6, 12), Arrays.copyOfRange(two.toDoubles(), 6, 12));
            double[] db = tape.gradients(List.of(two), List.of(NdArray.full(Scope.current(), DType.F64, two.shape(), 1))).of(f.b2()).toDoubles();
            assertArrayEquals(new double[] {0, 0, 0, 2, 2, 2, 0, 0, 0, 2, 2, 2}, db);
        }
    }

    @Test
    void expertsStartAlikeAndTheRouterByItsWidth() {
        SparseMoeConfig config = new SparseMoeConfig(3, 1, Placement.LAST, 1, 0, new ExpertsChoice(ROOMY));
        List<ParameterSpec> specs = config.specs("moe", 64, 6);
        assertEquals(List.of("moe.router.kernel", "moe.experts.in.kernel", "moe.experts.in.bias", "moe.experts.out.kernel",
                "moe.experts.out.bias"), specs.stream().map(ParameterSpec::name).toList());
        assertEquals(Shape.of(64, 3), specs.getFirst().shape());
        double sum = 0;
        for (int i = 0; i < 50_000; i++) {
            double v = specs.getFirst().initializer().value(Random.of(1, "kernel"), i);
            sum += v * v / 50_000;
        }
        assertEquals(1.0 / 64, sum, 4e-4);
        try (Parameters parameters = Parameters.initialized(specs, DType.F64, 2)) {
            for (Parameter parameter : parameters.all().stream().skip(1).toList()) {
                double[] values = parameter.value().toDoubles();
                int one = values.length / 3;
                assertArrayEquals(Arrays.copyOf(values, one), Arrays.copyOfRange(values, 2 * one, 3 * one));
            }
        }
    }

    @Test
    void blocksArePlacedLastOrAtEveryOtherPlace() {
        Router router = new ExpertsChoice(ROOMY);
        assertEquals(List.of(3, 4), new SparseMoeConfig(2, 2, Placement.LAST, 1, 0, router).blocks(5));
        assertEquals(List.of(1, 3), new SparseMoeConfig(2, 2, Placement.ODD, 1, 0, router).blocks(5));
        assertEquals(List.of(5, 7), new SparseMoeConfig(2, 2, Placement.ODD, 1, 0, router).blocks(8));
        assertEquals(List.of(1, 3), new SparseMoeConfig(2, 1, Placement.ODD, 1, 0, router).withLayers(2).blocks(4));
        refused("sparse moe: expected at most 2 mixture layers in 4 blocks placed ODD, found 3",
                () -> new SparseMoeConfig(2, 3, Placement.ODD, 1, 0, router).blocks(4));
    }

    @Test
    void multiplyAddsAreThoseOfTheRouterAndOfFullBuffers() {
        // m d E + C E / images 2 d h, C of two images of 10 tokens: 2 x 20 / 4 = 10
        SparseMoeConfig config = new SparseMoeConfig(4, 1, Placement.LAST, 2, 0,
                new TokensChoice(2, new Capacity.Factor(1, Capacity.Rounding.UP, 1), Priority.POSITION, Balance.NONE));
        assertEquals(10 * 6 * 4 + 10 * 4 / 2 * 2 * 6 * 24, config.multiplyAdds(10, 6, 24));
        assertEquals(10 * 6 * 4 + 5 * 4 * 2 * 6 * 24, new SparseMoeConfig(4, 1, Placement.LAST, 2, 0,
                new ExpertsChoice(new Capacity.Factor(2, Capacity.Rounding.UP, 1))).multiplyAdds(10, 6, 24));
    }

    @Test
    void whatDoesNotFitIsRefusedInASentence() {
        refused("capacity: expected room for at least 1 token, found 0", () -> new Capacity.Fixed(0));
        refused("capacity: expected a positive factor and a multiple of at least 1, found 0.0 and 4",
                () -> new Capacity.Factor(0, Capacity.Rounding.UP, 4));
        refused("capacity: expected a positive factor and a multiple of at least 1, found Infinity and 1",
                () -> new Capacity.Factor(Double.POSITIVE_INFINITY, Capacity.Rounding.UP, 1));
        refused("capacity: expected room for at least 1 token of an expert, found 4 choices times 0.5 over 16 experts; use larger groups, "
                + "fewer experts or a larger factor", () -> new Capacity.Factor(0.5, Capacity.Rounding.HALF_EVEN, 4).of(4, 16));
        refused("tokens choice: expected at least 1 chosen expert of a token, found 0",
                () -> new TokensChoice(0, ROOMY, Priority.POSITION, Balance.NONE));
        refused("balance: expected weights of at least 0, found 1.0, -1.0, 0.0 and 0.0", () -> new Balance(1, -1, 0, 0));
        TokensChoice three = new TokensChoice(3, ROOMY, Priority.POSITION, Balance.V_MOE);
        refused("tokens choice: expected at most 2 chosen experts, as many as there are, found 3",
                () -> new SparseMoeConfig(2, 1, Placement.LAST, 1, 0, three));
        refused("tokens choice: the load loss expects at least 3 experts, and one that is not chosen, found 3 experts of which 3 are chosen; "
                + "use gshard in its place", () -> new SparseMoeConfig(3, 1, Placement.LAST, 1, 1, three));
        refused("tokens choice: the load loss expects at least 3 experts, and one that is not chosen, found 2 experts of which 1 are chosen; "
                + "use gshard in its place", () -> new SparseMoeConfig(2, 1, Placement.LAST, 1, 1,
                        new TokensChoice(1, ROOMY, Priority.POSITION, Balance.V_MOE)));
        assertEquals(3, new SparseMoeConfig(3, 1, Placement.LAST, 1, 0, three).experts(), "without noise there is no load loss");
        refused("sparse moe: expected at least 1 expert, 0 layers, groups of 1 image and noise of 0, found 4, 1, 0 and 0.0",
                () -> new SparseMoeConfig(4, 1, Placement.LAST, 0, 0, three));
        refused("sparse moe: expected at least 1 expert, 0 layers, groups of 1 image and noise of 0, found 4, 1, 1 and NaN",
                () -> new SparseMoeConfig(4, 1, Placement.LAST, 1, Double.NaN, three));
        try (Scope scope = Scope.open()) {
            Tensor logits = Sample.logits(scope, 1, 2, 2, false);
            refused("tokens choice: expected at most 2 chosen experts, as many as there are, found 3",
                    () -> three.route(new GateLogits(logits)));
            refused("load: expected noise and chosen experts in [1, 2], found a standard deviation of 0.0 and 1; without noise use importance "
                    + "or gshard", () -> BalanceLosses.load(new GateLogits(logits), 1));
            refused("router: expected logits [tokens, experts], clean and noisy alike, and a standard deviation above 0 where they differ, "
                    + "found [2, 2], [2, 2] and 0.5", () -> new GateLogits(logits, logits, 0.5));
            refused("assignment: expected weights [tokens, experts] and a list of tokens for each expert, found [2, 2] and 1 lists",
                    () -> new Assignment(logits, new int[1][]));
            refused("assignment: expected tokens in [0, 2), each once, for expert 1, found [0, 2]",
                    () -> new Assignment(logits, new int[][] {{1, 0}, {0, 2}}));
            refused("assignment: expected tokens in [0, 2), each once, for expert 0, found [1, 1]",
                    () -> new Assignment(logits, new int[][] {{1, 1}, {}}));
            Sample f = Sample.random(scope, 1, 1, 2, 3, 4, 2);
            refused("sparse moe: expected a kernel [width, experts] and groups of at least 1 token, found [3, 2] and 0",
                    () -> f.y(three, 0));
        }
    }
}
