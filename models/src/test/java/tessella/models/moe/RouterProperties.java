package tessella.models.moe;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterTry;
import tessella.autodiff.Shapes;
import tessella.autodiff.Tensor;
import tessella.engine.Memory;
import tessella.engine.Random;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.reference.RouterOracle;

/** Who works on what, by the specification's numbers; S tokens, E experts, K of them chosen by a token, room for C. */
class RouterProperties {
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

    private static int pairs(Assignment assignment) {
        return IntStream.range(0, assignment.experts()).map(assignment::rows).sum();
    }

    @Property(tries = 500, edgeCases = EdgeCasesMode.NONE)
    void tokensChooseAsTheOracleDoesTiesToo(@ForAll long seed, @ForAll @IntRange(min = 1, max = 24) int s,
            @ForAll @IntRange(min = 1, max = 7) int e, @ForAll @IntRange(min = 1, max = 7) int k,
            @ForAll @IntRange(min = 1, max = 12) int capacity, @ForAll Priority priority, @ForAll boolean coarse) {
        int chosen = Math.min(k, e);
        try (Scope scope = Scope.open()) {
            GateLogits logits = new GateLogits(Sample.logits(scope, seed, s, e, coarse));
            // the oracle sees the library's gates: one unit in the last place would turn a tie
            List<List<Integer>> expected = RouterOracle.tokensChoice(Sample.array(logits.gates()), chosen, capacity,
                    RouterOracle.Order.valueOf(priority.name()));
            assertEquals(expected, Sample.lists(tokens(chosen, capacity, priority).route(logits)));
        }
    }

    @Property(tries = 500, edgeCases = EdgeCasesMode.NONE)
    void expertsChooseAsTheOracleDoesTiesToo(@ForAll long seed, @ForAll @IntRange(min = 1, max = 24) int s,
            @ForAll @IntRange(min = 1, max = 7) int e, @ForAll @IntRange(min = 1, max = 30) int capacity, @ForAll boolean coarse) {
        try (Scope scope = Scope.open()) {
            GateLogits logits = new GateLogits(Sample.logits(scope, seed, s, e, coarse));
            assertEquals(RouterOracle.expertsChoice(Sample.array(logits.gates()), capacity), Sample.lists(experts(capacity).route(logits)));
        }
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void sr1NoExpertHasMoreThanItsRoomAndExpertsThatChooseFillIt(@ForAll long seed, @ForAll @IntRange(min = 1, max = 30) int s,
            @ForAll @IntRange(min = 1, max = 6) int e, @ForAll @IntRange(min = 1, max = 10) int capacity, @ForAll Priority priority) {
        try (Scope scope = Scope.open()) {
            GateLogits logits = new GateLogits(Sample.logits(scope, seed, s, e, false));
            Assignment chosen = tokens(Math.min(2, e), capacity, priority).route(logits);
            Assignment choosing = experts(capacity).route(logits);
            for (int expert = 0; expert < e; expert++) {
                assertTrue(chosen.rows(expert) <= capacity);
                assertEquals(Math.min(capacity, s), choosing.rows(expert));
            }
        }
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void sr2And3ATokenHasAtMostKExpertsAndKeptGatesAreThoseOfTheSoftmax(@ForAll long seed, @ForAll @IntRange(min = 1, max = 20) int s,
            @ForAll @IntRange(min = 1, max = 6) int e, @ForAll @IntRange(min = 1, max = 6) int k,
            @ForAll @IntRange(min = 1, max = 8) int capacity) {
        int chosen = Math.min(k, e);
        try (Scope scope = Scope.open()) {
            Tensor raw = Sample.logits(scope, seed, s, e, false);
            Assignment assignment = tokens(chosen, capacity, Priority.LARGEST_GATE).route(new GateLogits(raw));
            double[] l = raw.toDoubles();
            double[] w = assignment.weights().toDoubles();
            int[] count = new int[s];
            double[] mass = new double[s];
            for (int expert = 0; expert < e; expert++) {
                assertEquals(assignment.rows(expert), Arrays.stream(assignment.tokens(expert)).distinct().count());
                for (int t : assignment.tokens(expert)) {
                    double sum = 0;
                    for (int j = 0; j < e; j++) {
                        sum += Math.exp(l[t * e + j]);
                    }
                    assertEquals(Math.exp(l[t * e + expert]) / sum, w[t * e + expert], 1e-14);
                    mass[t] += w[t * e + expert];
                    count[t]++;
                }
            }
            assertTrue(Arrays.stream(count).allMatch(n -> n <= chosen));
            assertTrue(Arrays.stream(mass).allMatch(m -> m <= 1 + 1e-12));
        }
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void sr5WithRoomForAllNothingIsDropped(@ForAll long seed, @ForAll @IntRange(min = 1, max = 20) int s,
            @ForAll @IntRange(min = 1, max = 6) int e, @ForAll @IntRange(min = 1, max = 6) int k, @ForAll Priority priority) {
        int chosen = Math.min(k, e);
        try (Scope scope = Scope.open()) {
            GateLogits logits = new GateLogits(Sample.logits(scope, seed, s, e, false));
            assertEquals(s * chosen, pairs(tokens(chosen, s, priority).route(logits)));
            assertEquals(s * e, pairs(experts(s).route(logits)));
        }
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void sr6FirstChoicesAreServedBeforeSecondOnes(@ForAll long seed, @ForAll @IntRange(min = 1, max = 20) int s,
            @ForAll @IntRange(min = 2, max = 5) int e, @ForAll @IntRange(min = 1, max = 6) int capacity, @ForAll Priority priority) {
        try (Scope scope = Scope.open()) {
            GateLogits logits = new GateLogits(Sample.logits(scope, seed, s, e, false));
            Assignment assignment = tokens(2, capacity, priority).route(logits);
            for (int expert = 0; expert < e; expert++) {
                List<Integer> kept = IntStream.of(assignment.tokens(expert)).boxed().toList();
                int worstKept = 0;
                int bestDropped = 2;
                for (int t = 0; t < s; t++) {
                    int rank = RouterOracle.choices(Sample.array(logits.gates()), t, 2).indexOf(expert);
                    worstKept = kept.contains(t) ? Math.max(worstKept, rank) : worstKept;
                    bestDropped = rank >= 0 && !kept.contains(t) ? Math.min(bestDropped, rank) : bestDropped;
                }
                assertTrue(worstKept <= bestDropped, "expert " + expert);
            }
        }
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void sr7PermutingTokensPermutesTheirExpertsByGateAndWhereExpertsChoose(@ForAll long seed, @ForAll @IntRange(min = 1, max = 20) int s,
            @ForAll @IntRange(min = 2, max = 5) int e, @ForAll @IntRange(min = 1, max = 6) int capacity) {
        try (Scope scope = Scope.open()) {
            Tensor raw = Sample.logits(scope, seed, s, e, false);
            int[] order = Random.of(seed, "order").permutation(s);
            Tensor moved = Shapes.concat(0, IntStream.of(order).mapToObj(i -> Shapes.slice(raw, 0, i, i + 1)).toArray(Tensor[]::new));
            // the gates of all experts sum to 1: only the sum of some of them tells tokens apart
            TokensChoice bySum = tokens(e == 2 ? 1 : 2, capacity, Priority.SUM_OF_CHOSEN_GATES);
            for (Router router : List.of(tokens(2, capacity, Priority.LARGEST_GATE), bySum, experts(capacity))) {
                List<List<Integer>> before = Sample.lists(router.route(new GateLogits(raw)));
                List<List<Integer>> after = Sample.lists(router.route(new GateLogits(moved))).stream()
                        .map(list -> list.stream().map(i -> order[i]).toList()).toList();
                assertEquals(before, after);
            }
        }
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void sr7TheLastTokenLosesItsPlaceWhenPlacesCount(@ForAll long seed, @ForAll @IntRange(min = 2, max = 12) int s) {
        try (Scope scope = Scope.open()) {
            double[] values = Sample.normal(scope, seed, "logits", s).toDoubles();
            GateLogits logits = new GateLogits(Tensor.of(scope, Shape.of(s, 1), values));
            // one expert, room for all but one: the last is dropped, whoever it is
            assertEquals(List.of(IntStream.range(0, s - 1).boxed().toList()),
                    Sample.lists(tokens(1, s - 1, Priority.POSITION).route(logits)));
        }
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void sr8OfOneChoicePriorityKeepsAsManyButTheMostGateMass(@ForAll long seed, @ForAll @IntRange(min = 1, max = 24) int s,
            @ForAll @IntRange(min = 1, max = 5) int e, @ForAll @IntRange(min = 1, max = 6) int capacity) {
        try (Scope scope = Scope.open()) {
            GateLogits logits = new GateLogits(Sample.logits(scope, seed, s, e, false));
            double[] g = logits.gates().toDoubles();
            Assignment plain = tokens(1, capacity, Priority.POSITION).route(logits);
            Assignment first = tokens(1, capacity, Priority.LARGEST_GATE).route(logits);
            Assignment all = tokens(1, s, Priority.POSITION).route(logits);
            for (int expert = 0; expert < e; expert++) {
                int at = expert;
                assertEquals(plain.rows(expert), first.rows(expert));
                double kept = IntStream.of(first.tokens(expert)).mapToDouble(t -> g[t * e + at]).sum();
                assertTrue(kept >= IntStream.of(plain.tokens(expert)).mapToDouble(t -> g[t * e + at]).sum() - 1e-12);
                double least = IntStream.of(first.tokens(expert)).mapToDouble(t -> g[t * e + at]).min().orElse(1);
                List<Integer> served = IntStream.of(first.tokens(expert)).boxed().toList();
                assertTrue(IntStream.of(all.tokens(expert)).filter(t -> !served.contains(t)).allMatch(t -> g[t * e + at] <= least));
            }
        }
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void sr13WhatHasRoomHasItAlsoWhereThereIsMore(@ForAll long seed, @ForAll @IntRange(min = 1, max = 24) int s,
            @ForAll @IntRange(min = 2, max = 5) int e, @ForAll @IntRange(min = 1, max = 8) int capacity, @ForAll Priority priority) {
        try (Scope scope = Scope.open()) {
            GateLogits logits = new GateLogits(Sample.logits(scope, seed, s, e, false));
            for (List<Router> pair : List.<List<Router>>of(List.of(tokens(2, capacity, priority), tokens(2, capacity + 1, priority)),
                    List.of(experts(capacity), experts(capacity + 1)))) {
                Assignment less = pair.getFirst().route(logits);
                Assignment more = pair.getLast().route(logits);
                for (int expert = 0; expert < e; expert++) {
                    assertArrayEquals(less.tokens(expert), Arrays.copyOf(more.tokens(expert), less.rows(expert)));
                }
            }
        }
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void theAssignmentOfNonzerosHasThemAll(@ForAll long seed, @ForAll @IntRange(min = 1, max = 12) int s,
            @ForAll @IntRange(min = 1, max = 6) int e) {
        try (Scope scope = Scope.open()) {
            double[] w = Arrays.stream(Sample.normal(scope, seed, "w", s, e).toDoubles()).map(v -> Math.max(0, v)).toArray();
            Assignment assignment = Assignment.ofNonzeros(Tensor.of(scope, Shape.of(s, e), w));
            List<List<Integer>> expected = new ArrayList<>();
            for (int expert = 0; expert < e; expert++) {
                expected.add(new ArrayList<>());
                for (int t = 0; t < s; t++) {
                    if (w[t * e + expert] != 0) {
                        expected.getLast().add(t);
                    }
                }
            }
            assertEquals(expected, Sample.lists(assignment));
        }
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void aRankingIsAStableSortWithWhatIsNoNumberFirst(@ForAll long seed, @ForAll @IntRange(min = 0, max = 40) int n,
            @ForAll @IntRange(min = 1, max = 3) int stride) {
        Random random = Random.of(seed, "scores");
        double[] choice = {0.0, -0.0, 1, -1, 2, Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY};
        double[] scores = new double[1 + n * stride];
        Arrays.setAll(scores, i -> choice[random.below(choice.length, i)]);
        Integer[] expected = new Integer[n];
        Arrays.setAll(expected, i -> i);
        Arrays.sort(expected, (i, j) -> {
            double a = scores[1 + i * stride];
            double b = scores[1 + j * stride];
            return Double.isNaN(a) || Double.isNaN(b) ? Boolean.compare(Double.isNaN(b), Double.isNaN(a)) : a > b ? -1 : a < b ? 1 : 0;
        });
        assertArrayEquals(Arrays.stream(expected).mapToInt(i -> i).toArray(), Ranking.descending(scores, 1, stride, n));
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void whatHasNoNumbersIsRoutedNevertheless(@ForAll long seed, @ForAll @IntRange(min = 1, max = 12) int s) {
        try (Scope scope = Scope.open()) {
            double[] values = Sample.normal(scope, seed, "logits", s, 3).toDoubles();
            values[Random.of(seed, "place").below(values.length, 0)] = Double.NaN;
            GateLogits logits = new GateLogits(Tensor.of(scope, Shape.of(s, 3), values));
            assertEquals(2 * s, pairs(tokens(2, s, Priority.LARGEST_GATE).route(logits)));
            assertEquals(3, pairs(experts(1).route(logits)));
        }
    }

    @Property(tries = 20)
    void differentSeedsGiveDifferentAssignments(@ForAll @IntRange(min = 0, max = 1000) int seed) {
        try (Scope scope = Scope.open()) {
            List<List<Integer>> one = Sample.lists(experts(8).route(new GateLogits(Sample.logits(scope, seed, 40, 3, false))));
            List<List<Integer>> other = Sample.lists(experts(8).route(new GateLogits(Sample.logits(scope, seed + 1L, 40, 3, false))));
            assertNotEquals(one.stream().map(HashSet::new).toList(), other.stream().map(HashSet::new).toList());
        }
    }
}
