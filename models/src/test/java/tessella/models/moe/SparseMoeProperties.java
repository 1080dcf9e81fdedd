package tessella.models.moe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterTry;
import tessella.autodiff.Elementwise;
import tessella.autodiff.Gradients;
import tessella.autodiff.Indexing;
import tessella.autodiff.LinearAlgebra;
import tessella.autodiff.Shapes;
import tessella.autodiff.Softmax;
import tessella.autodiff.Tape;
import tessella.autodiff.Tensor;
import tessella.engine.Memory;
import tessella.engine.NdArray;
import tessella.engine.Random;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.models.nn.Observer;
import tessella.models.nn.TrainingPass;
import tessella.reference.Array;
import tessella.reference.Comparison;
import tessella.reference.RouterOracle;
import tessella.reference.SoftMoeOracle;

/** The sparse layer, by the specification's numbers, in float64; S tokens of a group, E experts. */
class SparseMoeProperties {
    private static final int TRIES = 200;

    @AfterTry
    void nothingIsLeft() {
        assertEquals(0, Memory.inUse());
    }

    private static TokensChoice tokens(int k, int capacity, Priority priority) {
        return new TokensChoice(k, new Capacity.Fixed(capacity), priority, Balance.NONE);
    }

    private static ExpertsChoice experts(int capacity) {
        return new ExpertsChoice(new Capacity.Fixed(capacity));
    }

    private static Array rows(Array x, int from, int to) {
        int d = x.dim(-1 + x.rank());
        return Array.of(new int[] {to - from, d}, Arrays.copyOfRange(x.data(), from * d, to * d));
    }

    private static List<List<Integer>> assigned(Array gates, Router router) {
        return switch (router) {
            case TokensChoice t -> RouterOracle.tokensChoice(gates, t.chosen(), t.capacity().of(1, 1),
                    RouterOracle.Order.valueOf(t.priority().name()));
            case ExpertsChoice e -> RouterOracle.expertsChoice(gates, e.capacity().of(1, 1));
            default -> throw new AssertionError(router);
        };
    }

    /** Groups of any size, the last one smaller; few experts may have tokens, or all. */
    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void sr4OutputsAndGradientsAreThoseOfDenseProductsWithTheDispatchTensor(@ForAll long seed, @ForAll @IntRange(min = 1, max = 3) int b,
            @ForAll @IntRange(min = 1, max = 5) int m, @ForAll @IntRange(min = 1, max = 8) int e,
            @ForAll @IntRange(min = 1, max = 3) int k, @ForAll @IntRange(min = 1, max = 5) int capacity,
            @ForAll @IntRange(min = 1, max = 15) int group, @ForAll boolean choosing, @ForAll Priority priority) {
        // the gates of all experts sum to 1, a tie that rounding breaks otherwise in the oracle
        Router router = choosing ? experts(capacity)
                : tokens(Math.min(k, e), capacity, k >= e && priority == Priority.SUM_OF_CHOSEN_GATES ? Priority.POSITION : priority);
        try (Tape tape = Tape.record()) {
            Sample f = Sample.random(Scope.current(), seed, b, m, 3, 4, e);
            f.all().forEach(tape::watch);
            Tensor y = f.y(router, group).keep();
            Tensor dy = Sample.normal(Scope.current(), seed, "dy", b, m, 3);
            Array x = Sample.array(f.x()).reshape(b * m, 3);
            Array kernel = Sample.array(f.kernel());
            Array expected = Array.zeros(b * m, 3);
            Array dx = Array.zeros(b * m, 3);
            Array dKernel = Array.zeros(3, e);
            SoftMoeOracle.Experts oracle = f.oracleExperts();
            List<Array> dExperts = new ArrayList<>(List.of(Array.zeros(e, 3, 4), Array.zeros(e, 4), Array.zeros(e, 4, 3), Array.zeros(e, 3)));
            for (int from = 0; from < b * m; from += group) {
                int to = Math.min(b * m, from + group);
                Array own = rows(x, from, to);
                Array silence = Array.zeros(to - from, e);
                var lists = assigned(RouterOracle.gates(own, kernel, silence), router);
                Array part = RouterOracle.layer(own, kernel, silence, oracle, lists);
                var g = RouterOracle.layerVjp(own, kernel, silence, oracle, lists, rows(Sample.array(dy), from, to));
                for (int i = 0; i < part.size(); i++) {
                    expected.data()[from * 3 + i] = part.data()[i];
                    dx.data()[from * 3 + i] = g.x().data()[i];
                }
                dKernel = dKernel.plus(g.kernel());
                List<Array> terms = List.of(g.experts().w1(), g.experts().b1(), g.experts().w2(), g.experts().b2());
                for (int i = 0; i < terms.size(); i++) {
                    dExperts.set(i, dExperts.get(i).plus(terms.get(i)));
                }
            }
            Comparison.of("y", expected, Array.of(expected.shape(), y.toDoubles())).requireWithin(0, 1e-11);
            Gradients g = tape.gradients(List.of(y), List.of(dy.value()));
            List<Array> wanted = List.of(dx, dKernel, dExperts.get(0), dExperts.get(1), dExperts.get(2), dExperts.get(3));
            for (int i = 0; i < wanted.size(); i++) {
                Comparison.of("gradient " + i, wanted.get(i), Array.of(wanted.get(i).shape(), g.of(f.all().get(i)).toDoubles()))
                        .requireWithin(0, 1e-10);
            }
        }
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void sr9WithRoomForAllATokenDoesNotDependOnOthers(@ForAll long seed, @ForAll @IntRange(min = 1, max = 6) int m) {
        try (Scope scope = Scope.open()) {
            Sample f = Sample.random(scope, seed, 2, m, 3, 4, 4);
            Tensor first = Shapes.slice(f.x(), 0, 0, 1);
            Tensor other = Shapes.concat(0, first, Sample.normal(scope, seed, "other", 1, m, 3));
            Router roomy = tokens(2, 2 * m, Priority.POSITION);
            assertArrayEquals(Shapes.slice(f.y(roomy, 2 * m), 0, 0, 1).toDoubles(),
                    Shapes.slice(f.withX(other).y(roomy, 2 * m), 0, 0, 1).toDoubles());
        }
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void sr9GroupsOfOneImageDoNotDependOnOtherImages(@ForAll long seed, @ForAll @IntRange(min = 2, max = 6) int m,
            @ForAll boolean choosing) {
        Router router = choosing ? experts(1) : tokens(1, 1, Priority.LARGEST_GATE);
        try (Scope scope = Scope.open()) {
            Sample f = Sample.random(scope, seed, 3, m, 3, 4, 4);
            double[] y = f.y(router, m).toDoubles();
            for (int image = 0; image < 3; image++) {
                double[] alone = f.withX(Shapes.slice(f.x(), 0, image, image + 1)).y(router, m).toDoubles();
                assertArrayEquals(alone, Arrays.copyOfRange(y, image * m * 3, (image + 1) * m * 3));
            }
        }
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void sr11WithoutNoiseSeedsDoNotMatterAndWithItTheyDo(@ForAll @IntRange(min = 0, max = 1 << 20) int seed) {
        try (Scope scope = Scope.open()) {
            Sample f = Sample.random(scope, seed, 2, 8, 3, 4, 5);
            TokensChoice router = new TokensChoice(2, new Capacity.Fixed(16), Priority.POSITION, new Balance(1, 0, 0, 0));
            double[] plain = f.y(router, 16).toDoubles();
            TrainingPass silent = new TrainingPass(seed, 0, 0);
            assertArrayEquals(plain, f.y(router, 16, 0, silent).toDoubles());
            assertArrayEquals(plain, f.y(router, 16, 1, Observer.NONE).toDoubles(), "nobody gives noise");
            TrainingPass one = new TrainingPass(seed, 3, 0);
            TrainingPass other = new TrainingPass(seed + 1, 3, 0);
            double[] noisy = f.y(router, 16, 1, one).toDoubles();
            assertArrayEquals(noisy, f.y(router, 16, 1, new TrainingPass(seed, 3, 0)).toDoubles());
            assertTrue(!Arrays.equals(noisy, f.y(router, 16, 1, other).toDoubles()));
            assertTrue(!Arrays.equals(noisy, f.y(router, 16, 1, new TrainingPass(seed, 4, 0)).toDoubles()));
            assertTrue(!Arrays.equals(noisy, plain));
            // importance is of the logits without noise
            assertEquals(silent.loss().orElseThrow().item(), one.loss().orElseThrow().item());
            assertEquals(silent.loss().orElseThrow().item(), other.loss().orElseThrow().item());
            TokensChoice byLoad = new TokensChoice(2, router.capacity(), router.priority(), new Balance(0, 1, 0, 0));
            TrainingPass load = new TrainingPass(seed, 3, 0);
            TrainingPass otherLoad = new TrainingPass(seed + 1, 3, 0);
            f.y(byLoad, 16, 1, load);
            f.y(byLoad, 16, 1, otherLoad);
            assertTrue(load.loss().orElseThrow().item() != otherLoad.loss().orElseThrow().item());
        }
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void noiseHasTheDeviationSigmaOverEAndEachExampleItsOwn(@ForAll @IntRange(min = 0, max = 1 << 20) int seed,
            @ForAll @IntRange(min = 1, max = 3) int first) {
        try (Scope scope = Scope.open()) {
            int e = 4;
            Sample f = Sample.random(scope, seed, 4, 3, 3, 4, e);
            double[] drawn = new TrainingPass(seed, 7, 0).noise("moe.noise", f.x().dtype(), Shape.of(4, 3, e)).orElseThrow().toDoubles();
            double sigma = 2;
            List<Tensor> routed = new ArrayList<>();
            f.y(new Spy(routed), 12, sigma, new TrainingPass(seed, 7, 0));
            double[] clean = routed.get(0).toDoubles();
            double[] noisy = routed.get(1).toDoubles();
            for (int i = 0; i < clean.length; i++) {
                assertEquals(clean[i] + sigma / e * drawn[i], noisy[i], 1e-14);
            }
            // the rest of the batch, on its own, draws what it draws in the whole batch
            double[] part = new TrainingPass(seed, 7, first).noise("moe.noise", f.x().dtype(), Shape.of(4 - first, 3, e)).orElseThrow().toDoubles();
            assertArrayEquals(Arrays.copyOfRange(drawn, first * 3 * e, drawn.length), part);
        }
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void theLossIsTheSumOverLayersOfTheMeanOverGroups(@ForAll long seed, @ForAll @IntRange(min = 1, max = 4) int images,
            @ForAll @IntRange(min = 1, max = 14) int group) {
        try (Scope scope = Scope.open()) {
            Sample f = Sample.random(scope, seed, images, 3, 3, 4, 4);
            TokensChoice router = new TokensChoice(2, new Capacity.Fixed(2), Priority.POSITION, new Balance(0.5, 0, 2, 0.1));
            TrainingPass pass = new TrainingPass(seed, 0, 0);
            f.y(router, group, 0, pass);
            f.y(router, 3 * images, 0, pass);
            Tensor logits = LinearAlgebra.matmul(Shapes.reshape(f.x(), 3 * images, 3), f.kernel());
            double expected = router.loss(new GateLogits(logits)).orElseThrow().item();
            int groups = Math.ceilDiv(3 * images, group);
            for (int g = 0; g < groups; g++) {
                Tensor own = Shapes.slice(logits, 0, g * group, Math.min(3 * images, (g + 1) * group));
                expected += router.loss(new GateLogits(own)).orElseThrow().item() / groups;
            }
            assertEquals(expected, pass.loss().orElseThrow().item(), 1e-11);
            assertTrue(pass.part().loss().isEmpty());
        }
    }

    /** Keeps the logits that it is given. */
    private record Spy(List<Tensor> seen) implements Router {
        @Override
        public Assignment route(GateLogits logits) {
            seen.add(logits.clean());
            seen.add(logits.noisy());
            return experts(1).route(logits);
        }

        @Override
        public long rows(long tokens, int experts) {
            return experts;
        }

        @Override
        public String describe() {
            return "a router of a test";
        }
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void sr12WithAllExpertsTheMixtureIsDenseAndASingleExpertIsItsMlp(@ForAll long seed, @ForAll @IntRange(min = 1, max = 6) int m,
            @ForAll @IntRange(min = 1, max = 5) int e) {
        try (Scope scope = Scope.open()) {
            Sample f = Sample.random(scope, seed, 2, m, 3, 4, e);
            Array x = Sample.array(f.x()).reshape(2 * m, 3);
            Array gates = RouterOracle.gates(x, Sample.array(f.kernel()), Array.zeros(2 * m, e));
            Array every = Array.fill(new int[] {1, e, 2 * m, 3}, i -> x.get(i[2], i[3]));
            Array outputs = SoftMoeOracle.experts(every, f.oracleExperts());
            Array expected = Array.zeros(2 * m, 3);
            for (int[] i : outputs.indices()) {
                expected.add(gates.get(i[2], i[1]) * outputs.get(i), i[2], i[3]);
            }
            for (Router router : List.of(tokens(e, 2 * m, Priority.POSITION), experts(2 * m))) {
                Comparison.of("y", expected, Array.of(expected.shape(), f.y(router, 2 * m).toDoubles())).requireWithin(0, 1e-12);
            }
            if (e == 1) {
                assertTrue(Arrays.stream(gates.data()).allMatch(g -> g == 1));
            }
        }
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void sr14TheLossReachesTheRouterByKeptTokensOnlyByOneExpertToo(@ForAll long seed, @ForAll @IntRange(min = 2, max = 8) int m,
            @ForAll @IntRange(min = 1, max = 2) int k) {
        try (Tape tape = Tape.record()) {
            Sample f = Sample.random(Scope.current(), seed, 1, m, 3, 4, 3);
            Tensor logits = tape.watch(Sample.logits(Scope.current(), seed, m, 3, false));
            Router router = tokens(k, 1, Priority.LARGEST_GATE);
            // the logits themselves are given, by a kernel that picks them out of tokens
            Tensor identity = Tensor.of(Scope.current(), Shape.of(3, 3), new double[] {1, 0, 0, 0, 1, 0, 0, 0, 1});
            Tensor y = new SparseMoe("moe", identity, router, f.experts(), m, 0).apply(Shapes.reshape(logits, 1, m, 3), Observer.NONE);
            Assignment assignment = router.route(new GateLogits(Tensor.of(logits.value())));
            double[] dl = tape.gradients(List.of(y), List.of(Sample.normal(Scope.current(), seed, "dy", 1, m, 3).value())).of(logits)
                    .toDoubles();
            List<Integer> kept = IntStream.range(0, 3).flatMap(e -> IntStream.of(assignment.tokens(e))).boxed().toList();
            for (int t = 0; t < m; t++) {
                boolean zero = Arrays.stream(dl, t * 3, t * 3 + 3).allMatch(v -> v == 0);
                assertEquals(!kept.contains(t), zero, "token " + t);
            }
        }
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void sr14TheGateOfAKeptTokenMovesTheLogitsOfExpertsThatItDidNotGetTo(@ForAll long seed, @ForAll @IntRange(min = 2, max = 6) int e) {
        try (Tape tape = Tape.record()) {
            Tensor logits = tape.watch(Sample.logits(Scope.current(), seed, 1, e, false));
            Assignment assignment = tokens(1, 1, Priority.POSITION).route(new GateLogits(logits));
            int chosen = IntStream.range(0, e).filter(i -> assignment.rows(i) == 1).findFirst().orElseThrow();
            Tensor gate = Indexing.indexSelect(Shapes.reshape(assignment.weights(), e), 0, chosen);
            double[] d = tape.gradients(Shapes.reshape(gate, new long[0])).of(logits).toDoubles();
            assertTrue(d[chosen] > 0);
            assertTrue(IntStream.range(0, e).filter(i -> i != chosen).allMatch(i -> d[i] < 0));
        }
    }

    /** A router of another kind: gates above a threshold, less the threshold, any number of experts a token. */
    private record Thresholded(double threshold) implements Router {
        @Override
        public Assignment route(GateLogits logits) {
            Tensor gates = logits.gates();
            Tensor limit = Tensor.of(NdArray.full(Scope.current(), gates.dtype(), Shape.of(), threshold));
            return Assignment.ofNonzeros(Elementwise.relu(Elementwise.sub(gates, limit)));
        }

        @Override
        public long rows(long tokens, int experts) {
            return tokens * experts;
        }

        @Override
        public String describe() {
            return "a router of a test";
        }
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void otherRoutersNeedNoOtherLayer(@ForAll long seed, @ForAll @IntRange(min = 1, max = 6) int m, @ForAll @IntRange(min = 1, max = 6) int e,
            @ForAll @IntRange(min = 0, max = 20) int twentieths, @ForAll @IntRange(min = 1, max = 12) int group) {
        double threshold = twentieths / 20.0;
        try (Tape tape = Tape.record()) {
            Sample f = Sample.random(Scope.current(), seed, 2, m, 3, 4, e);
            f.all().forEach(tape::watch);
            Tensor limit = Tensor.of(NdArray.full(Scope.current(), f.x().dtype(), Shape.of(), threshold));
            Tensor weights = Elementwise.relu(Elementwise.sub(Softmax.softmax(LinearAlgebra.matmul(f.x(), f.kernel()), 2), limit));
            Tensor every = f.experts().apply(Shapes.broadcastTo(Shapes.reshape(f.x(), 1, 2, m, 3), e, 2, m, 3));
            Tensor dense = LinearAlgebra.einsum("ebmd,bme->bmd", every, weights).keep();
            Tensor sparse = f.y(new Thresholded(threshold), group).keep();
            assertArrayEquals(dense.toDoubles(), sparse.toDoubles(), 1e-12);
            // the gradient of the difference is none at all
            Tensor dy = Sample.normal(Scope.current(), seed, "dy", 2, m, 3);
            Gradients g = tape.gradients(List.of(Elementwise.sub(dense, sparse)), List.of(dy.value()));
            for (Tensor input : f.all()) {
                double[] d = g.of(input).toDoubles();
                assertArrayEquals(new double[d.length], d, 1e-10);
            }
        }
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void anObserverSeesTheLogitsAndTheWeightsOfKeptPairs(@ForAll long seed, @ForAll @IntRange(min = 1, max = 6) int m,
            @ForAll @IntRange(min = 1, max = 3) int capacity) {
        try (Scope scope = Scope.open()) {
            Sample f = Sample.random(scope, seed, 2, m, 3, 4, 3);
            double[][] seen = new double[2][];
            Router router = experts(capacity);
            f.y(router, m, 0, (name, value) -> {
                assertEquals(Shape.of(2, m, 3), value.shape());
                seen[name.equals("moe.logits") ? 0 : 1] = value.toDoubles();
                assertTrue(name.equals("moe.logits") || name.equals("moe.combine"), name);
            });
            double[] logits = LinearAlgebra.matmul(f.x(), f.kernel()).toDoubles();
            assertArrayEquals(logits, seen[0], 1e-14);
            for (int image = 0; image < 2; image++) {
                Tensor own = Tensor.of(scope, Shape.of(m, 3), Arrays.copyOfRange(logits, image * m * 3, (image + 1) * m * 3));
                Assignment assignment = router.route(new GateLogits(own));
                double[] expected = new double[m * 3];
                for (int e = 0; e < 3; e++) {
                    for (int t : assignment.tokens(e)) {
                        expected[t * 3 + e] = assignment.weights().toDoubles()[t * 3 + e];
                    }
                }
                assertArrayEquals(expected, Arrays.copyOfRange(seen[1], image * m * 3, (image + 1) * m * 3), 1e-14);
            }
        }
    }

    @Property(tries = 50, edgeCases = EdgeCasesMode.NONE)
    void seedsMatter(@ForAll @IntRange(min = 0, max = 1000) int seed) {
        assertTrue(Random.of(seed, "x").normal(0) != Random.of(seed + 1L, "x").normal(0));
    }
}
