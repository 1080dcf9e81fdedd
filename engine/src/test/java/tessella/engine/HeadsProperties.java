package tessella.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tessella.engine.Samples.refused;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import tessella.reference.Array;
import tessella.reference.AttentionOracle;
import tessella.reference.ShapeArbitraries;
import tessella.reference.ValueArbitraries;

/** Attention under masks of every kind and with a bias, against the oracle with its whole matrix. */
class HeadsProperties {
    private static final double SCALE = 0.5;

    @Provide
    Arbitrary<Integer> extents() {
        return ShapeArbitraries.extents();
    }

    /** Operands, mask and bias of one call, and the same for the oracle. */
    private record Call(DType dtype, Array q, Array k, Array v, Array dO, Array bias, Array visible, NdArray[] x,
            AttentionMask mask, NdArray added) {
        Heads.Attention forward() {
            return Heads.forward(x[0], x[1], x[2], SCALE, mask, added);
        }

        Heads.Gradient gradient(Heads.Attention saved) {
            return added == null ? Heads.gradient(x[0], x[1], x[2], saved, x[3], SCALE, mask, null)
                    : Heads.gradientWithBias(x[0], x[1], x[2], saved, x[3], SCALE, mask, added);
        }
    }

    private static Call call(DType dtype, int n, int m, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int batch = random.nextInt(1, 4);
        int heads = random.nextInt(1, 4);
        int d = new int[] {1, 4, 7, 16}[random.nextInt(4)];
        boolean square = n == m;
        Array q = ValueArbitraries.normal(seed, batch, n, heads, d);
        Array k = ValueArbitraries.normal(seed + 1, batch, m, heads, d);
        Array v = ValueArbitraries.normal(seed + 2, batch, m, heads, d);
        Array dO = ValueArbitraries.normal(seed + 3, batch, n, heads, d);
        Array visible = Array.full(new int[] {batch, heads, n, m}, 1);
        AttentionMask mask = AttentionMask.none();
        for (int kept = random.nextInt(3); kept > 0; kept--) {
            Array keep = ValueArbitraries.normal(random.nextLong(), broadcasting(random, batch, heads, n, m))
                    .map(e -> e < -0.3 ? 0 : e);
            visible = visible.zip(keep, (a, b) -> b == 0 ? 0 : a);
            mask = mask.and(AttentionMask.keep(Samples.any(dtype, keep, random.nextLong())));
        }
        if (random.nextBoolean()) {
            int[][] queries = ids(random, batch, n);
            int[][] keys = square ? queries : ids(random, batch, m);
            visible = visible.times(Array.fill(new int[] {batch, 1, n, m},
                    i -> queries[i[0]][i[2]] > 0 && queries[i[0]][i[2]] == keys[i[0]][i[3]] ? 1 : 0));
            mask = mask.and(square ? AttentionMask.segments(queries) : AttentionMask.segments(queries, keys));
        }
        if (square && random.nextBoolean()) {
            visible = visible.times(Array.fill(new int[] {n, m}, i -> i[1] <= i[0] ? 1 : 0));
            mask = AttentionMask.causal().and(mask);
        }
        Array bias = random.nextBoolean() ? null
                : ValueArbitraries.normal(random.nextLong(), broadcasting(random, batch, heads, n, m));
        return new Call(dtype, q, k, v, dO, bias, visible, new NdArray[] {Samples.any(dtype, q, seed),
            Samples.any(dtype, k, seed >> 1), Samples.any(dtype, v, seed >> 2), Samples.any(dtype, dO, seed >> 3)}, mask,
                bias == null ? null : Samples.any(dtype, bias, seed >> 4));
    }

    /** Some last axes of four, each perhaps 1. */
    private static int[] broadcasting(SplittableRandom random, int... shape) {
        int[] out = Arrays.copyOfRange(shape, random.nextInt(3), 4);
        for (int i = 0; i < out.length; i++) {
            out[i] = random.nextInt(3) == 0 ? 1 : out[i];
        }
        return out;
    }

    /** Runs of equal ids, padding among them. */
    private static int[][] ids(SplittableRandom random, int batch, int n) {
        int[][] out = new int[batch][n];
        for (int[] row : out) {
            int id = random.nextInt(3);
            for (int i = 0; i < n; i++) {
                id = random.nextInt(10) == 0 ? random.nextInt(5) : id;
                row[i] = id;
            }
        }
        return out;
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void masksAndBiasesEqualTheOracle(@ForAll(supplier = Computed.class) DType dtype, @ForAll("extents") int n,
            @ForAll("extents") int other,
            @ForAll boolean square, @ForAll long seed) {
        try (Scope _ = Scope.open()) {
            Call call = call(dtype, n, square ? n : other, seed);
            Heads.Weighted found = Heads.forwardWithWeights(call.x[0], call.x[1], call.x[2], SCALE, call.mask, call.added);
            Samples.requireClose("o", AttentionOracle.attention(call.q, call.k, call.v, SCALE, call.bias, call.visible),
                    found.attention().o(), 2e-5, 1e-12);
            Samples.requireClose("weights", AttentionOracle.weights(call.q, call.k, SCALE, call.bias, call.visible),
                    found.weights(), 2e-5, 1e-12);
            assertArrayEquals(found.attention().o().toDoubles(), call.forward().o().toDoubles(), "without the weights");
            AttentionOracle.Gradients expected = AttentionOracle.attentionVjp(call.q, call.k, call.v, SCALE, call.bias,
                    call.visible, call.dO);
            Heads.Gradient gradient = call.gradient(found.attention());
            Samples.requireClose("dq", expected.q(), gradient.dq(), 2e-4, 1e-11);
            Samples.requireClose("dk", expected.k(), gradient.dk(), 2e-4, 1e-11);
            Samples.requireClose("dv", expected.v(), gradient.dv(), 2e-4, 1e-11);
            if (call.bias != null) {
                Samples.requireClose("dBias", expected.bias(), gradient.dBias(), 2e-4, 1e-11);
                Heads.Gradient constant = Heads.gradient(call.x[0], call.x[1], call.x[2], found.attention(), call.x[3], SCALE,
                        call.mask, call.added);
                assertArrayEquals(gradient.dk().toDoubles(), constant.dk().toDoubles(), "dk, the bias a constant");
            }
        }
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void bitsAreTheSameOnAnyNumberOfThreads(@ForAll(supplier = Computed.class) DType dtype, @ForAll("extents") int n,
            @ForAll("extents") int other,
            @ForAll boolean square, @ForAll long seed) {
        double[][] expected = null;
        for (int threads = 1; threads <= 3; threads++) {
            try (Workers team = Workers.of(threads)) {
                double[][] found = Workers.with(team, () -> results(dtype, n, square ? n : other, seed));
                expected = expected == null ? found : expected;
                assertEquals(expected.length, found.length);
                for (int i = 0; i < found.length; i++) {
                    assertArrayEquals(expected[i], found[i], "result " + i + " on " + threads);
                }
            }
        }
    }

    private static double[][] results(DType dtype, int n, int m, long seed) {
        try (Scope _ = Scope.open()) {
            Call call = call(dtype, n, m, seed);
            Heads.Attention y = call.forward();
            Heads.Gradient d = call.gradient(y);
            return new double[][] {y.o().toDoubles(), d.dq().toDoubles(), d.dk().toDoubles(), d.dv().toDoubles(),
                d.dBias() == null ? new double[0] : d.dBias().toDoubles()};
        }
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void aMaskThatHidesNothingLeavesTheBits(@ForAll(supplier = Computed.class) DType dtype, @ForAll("extents") int n,
            @ForAll("extents") int m,
            @ForAll boolean perQuery, @ForAll long seed) {
        try (Scope scope = Scope.open()) {
            NdArray q = Samples.any(dtype, ValueArbitraries.normal(seed, 2, n, 2, 8), seed);
            NdArray k = Samples.any(dtype, ValueArbitraries.normal(seed + 1, 2, m, 2, 8), seed >> 1);
            AttentionMask all = AttentionMask.keep(NdArray.full(scope, dtype, Shape.of(perQuery ? n : 1, perQuery ? 1 : m),
                    -2));
            Heads.Attention plain = Heads.forward(q, k, k, SCALE);
            Heads.Attention masked = Heads.forward(q, k, k, SCALE, all, null);
            assertArrayEquals(plain.o().toDoubles(), masked.o().toDoubles());
            Heads.Gradient expected = Heads.gradient(q, k, k, plain, q, SCALE);
            Heads.Gradient found = Heads.gradient(q, k, k, masked, q, SCALE, all, null);
            assertArrayEquals(expected.dq().toDoubles(), found.dq().toDoubles());
            assertArrayEquals(expected.dk().toDoubles(), found.dk().toDoubles());
            assertArrayEquals(expected.dv().toDoubles(), found.dv().toDoubles());
        }
    }

    @Example
    void batchesAndSequencesMayBeEmpty() {
        try (Scope scope = Scope.open()) {
            for (Shape shape : new Shape[] {Shape.of(0, 3, 2, 4), Shape.of(2, 0, 2, 4), Shape.of(2, 3, 0, 4)}) {
                NdArray q = NdArray.zeros(scope, DType.F32, shape);
                NdArray k = NdArray.zeros(scope, DType.F32, shape.with(1, 3));
                int[][] queries = new int[(int) shape.dim(0)][(int) shape.dim(1)];
                AttentionMask mask = AttentionMask.segments(queries, new int[queries.length][3]);
                NdArray bias = NdArray.full(scope, DType.F32, Shape.of(1, 3), 1);
                Heads.Attention y = Heads.forward(q, k, k, 1, mask, bias);
                Heads.Gradient d = Heads.gradientWithBias(q, k, k, y, q, 1, mask, bias);
                assertEquals(0, y.o().size());
                assertArrayEquals(new double[(int) k.size()], d.dk().toDoubles());
                assertArrayEquals(new double[3], d.dBias().toDoubles());
            }
        }
    }

    /** As sequences packed by hand: each segment alone, padding left out, gives the same rows. */
    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void packedSegmentsGiveWhatEachGivesAlone(@ForAll(supplier = Computed.class) DType dtype, @ForAll("extents") int first,
            @ForAll("extents") int second, @ForAll("extents") int padding, @ForAll boolean causal, @ForAll long seed) {
        int n = first + second + padding;
        int[][] ids = new int[1][n];
        Arrays.fill(ids[0], 0, first, 7);
        Arrays.fill(ids[0], first, first + second, 3);
        AttentionMask order = causal ? AttentionMask.causal() : AttentionMask.none();
        try (Scope _ = Scope.open()) {
            NdArray q = Samples.contiguous(dtype, ValueArbitraries.normal(seed, 1, n, 2, 8));
            NdArray k = Samples.contiguous(dtype, ValueArbitraries.normal(seed + 1, 1, n, 2, 8));
            NdArray v = Samples.contiguous(dtype, ValueArbitraries.normal(seed + 2, 1, n, 2, 8));
            NdArray packed = Heads.forward(q, k, v, SCALE, AttentionMask.segments(ids).and(order), null).o();
            for (int[] part : new int[][] {{0, first}, {first, first + second}}) {
                NdArray alone = Heads.forward(q.slice(1, part[0], part[1]), k.slice(1, part[0], part[1]),
                        v.slice(1, part[0], part[1]), SCALE, order, null).o();
                double[] found = packed.slice(1, part[0], part[1]).toDoubles();
                assertArrayEquals(alone.toDoubles(), found, dtype == DType.F32 ? 1e-5 : 1e-13);
            }
            double[] rest = packed.slice(1, first + second, n).toDoubles();
            assertArrayEquals(new double[rest.length], rest);
        }
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void hiddenKeysDoNotReachTheBits(@ForAll(supplier = Computed.class) DType dtype, @ForAll("extents") int n,
            @ForAll("extents") int m,
            @ForAll long seed) {
        try (Scope _ = Scope.open()) {
            Array q = ValueArbitraries.normal(seed, 1, n, 2, 5);
            Array k = ValueArbitraries.normal(seed + 1, 1, m, 2, 5);
            Array v = ValueArbitraries.normal(seed + 2, 1, m, 2, 5);
            Array dO = ValueArbitraries.normal(seed + 3, 1, n, 2, 5);
            Array keep = Array.fill(new int[] {1, 1, 1, m}, i -> i[3] % 3 == 1 ? 0 : 1);
            Array byKey = keep.reshape(1, m, 1, 1);
            NdArray mask = Samples.contiguous(dtype, keep);
            double[][] before = null;
            for (double other : new double[] {1, 1e3}) {
                // hidden keys and values are times this
                Array factor = byKey.map(e -> e == 0 ? other : 1);
                NdArray[] x = {Samples.contiguous(dtype, q), Samples.contiguous(dtype, k.times(factor)),
                    Samples.contiguous(dtype, v.times(factor))};
                Heads.Attention y = Heads.forward(x[0], x[1], x[2], SCALE, AttentionMask.keep(mask), null);
                Heads.Gradient d = Heads.gradient(x[0], x[1], x[2], y, Samples.contiguous(dtype, dO), SCALE,
                        AttentionMask.keep(mask), null);
                double[][] found = {y.o().toDoubles(), d.dq().toDoubles(), d.dk().toDoubles(), d.dv().toDoubles()};
                for (int i = 0; before != null && i < found.length; i++) {
                    assertArrayEquals(before[i], found[i], "result " + i);
                }
                before = found;
                for (int j = 1; j < m; j += 3) {
                    assertArrayEquals(new double[10], d.dv().slice(1, j, j + 1).toDoubles(), "dv of a hidden key");
                }
            }
        }
    }

    @Example
    void aQueryWithoutAKeyGivesZerosAndPassesNothingBack() {
        for (DType dtype : List.of(DType.F32, DType.F64)) {
            try (Scope scope = Scope.open()) {
                NdArray q = Samples.contiguous(dtype, ValueArbitraries.normal(1, 2, 70, 3, 4));
                NdArray bias = Samples.contiguous(dtype, ValueArbitraries.normal(2, 70, 70));
                for (AttentionMask mask : List.of(AttentionMask.keep(NdArray.zeros(scope, dtype, Shape.of())),
                        AttentionMask.segments(new int[2][70]), AttentionMask.segments(new int[2][70])
                                .and(AttentionMask.causal()))) {
                    Heads.Weighted y = Heads.forwardWithWeights(q, q, q, 1, mask, bias);
                    Heads.Gradient d = Heads.gradientWithBias(q, q, q, y.attention(), q, 1, mask, bias);
                    for (NdArray zero : List.of(y.attention().o(), y.weights(), d.dq(), d.dk(), d.dv(), d.dBias())) {
                        assertArrayEquals(new double[(int) zero.size()], zero.toDoubles());
                    }
                }
            }
        }
    }

    /** 128 heads of [400, 400] logits: what is taken is a block of them, the results, and the 16 sums of the shared bias. */
    @Example
    void theLogitsOfABatchAreNeverStored() {
        try (Workers one = Workers.of(1); Scope scope = Scope.open()) {
            int batch = 64;
            int n = 400;
            NdArray q = NdArray.full(scope, DType.F32, Shape.of(batch, n, 2, 1), 0.5);
            int[][] ids = new int[batch][n];
            for (int[] row : ids) {
                Arrays.fill(row, 1);
            }
            NdArray keep = NdArray.full(scope, DType.F32, Shape.of(batch, 1, n, 1), 1);
            NdArray bias = NdArray.zeros(scope, DType.F32, Shape.of(n, n));
            AttentionMask mask = AttentionMask.segments(ids).and(AttentionMask.causal()).and(AttentionMask.keep(keep));
            Memory.trim();
            long matrix = 4L * n * n;
            long before = Memory.inUse();
            long reserved = Memory.reserved();
            Workers.with(one, () -> {
                Heads.Attention y = Heads.forward(q, q, q, 1, mask, bias);
                Heads.gradientWithBias(q, q, q, y, q, 1, mask, bias);
            });
            double most = (Memory.reserved() - reserved) / (double) matrix;
            double kept = (Memory.inUse() - before) / (double) matrix;
            assertTrue(most < 32, most + " matrices of one head were taken");
            assertTrue(kept < 4, kept + " matrices of one head stay");
        }
    }

    @Example
    void masksThatDoNotFitAreRefused() {
        try (Scope scope = Scope.open()) {
            NdArray q = NdArray.zeros(scope, DType.F32, Shape.of(2, 3, 1, 4));
            NdArray k = NdArray.zeros(scope, DType.F32, Shape.of(2, 5, 1, 4));
            long before = Memory.inUse();
            refused(() -> Heads.forward(q, k, k, 1, AttentionMask.causal(), null), "attention", "causal", "5 keys",
                    "3 queries");
            refused(() -> Heads.forwardWithWeights(q, k, k, 1, AttentionMask.causal(), null), "attention", "causal");
            refused(() -> Heads.gradientWithBias(q, k, k, null, q, 1, AttentionMask.causal(), q), "attention", "causal");
            assertEquals(before, Memory.inUse(), "refused before memory is taken");
            refused(() -> Heads.forward(q, k, k, 1, AttentionMask.keep(NdArray.zeros(scope, DType.F32, Shape.of(3, 4))), null),
                    "attention mask", "[3, 4]", "[2, 1, 3, 5]");
            refused(() -> Heads.forward(q, k, k, 1, AttentionMask.keep(NdArray.zeros(scope, DType.F64, Shape.of(3, 5))), null),
                    "attention", "mask of float32", "float64 [3, 5]");
            refused(() -> Heads.forward(q, k, k, 1, AttentionMask.none(),
                    NdArray.zeros(scope, DType.F32, Shape.of(1, 2, 1, 3, 5))), "attention", "a bias of float32",
                            "[1, 2, 1, 3, 5]");
            refused(() -> Heads.forward(q, k, k, 1, AttentionMask.none(), NdArray.zeros(scope, DType.F32, Shape.of(3, 2, 3,
                    5))),
                    "attention bias", "[3, 2, 3, 5]", "[2, 1, 3, 5]");
            refused(() -> Heads.forward(q, k, k, 1, AttentionMask.segments(new int[2][3]), null), "attention", "segment ids",
                    "5 keys", "found 2 of 3");
            refused(() -> Heads.forward(q, k, k, 1, AttentionMask.none()
                    .and(AttentionMask.segments(new int[1][3], new int[1][5])), null), "attention", "2 sequences of 3 queries",
                            "found 1 of 3");
            refused(() -> AttentionMask.segments(new int[][] {{1, 1}, {1}}), "segments", "one length", "2 and 1",
                    "sequences 0 and 1");
            refused(() -> AttentionMask.segments(new int[][] {{1, -1}}), "segments", "-1 at tokens 1 of sequence 0");
            refused(() -> AttentionMask.segments(new int[][] {{1}}, new int[][] {{1 << 24}, {(1 << 24) + 1}}), "segments",
                    "16777217 at keys 0 of sequence 1");
            NdArray freed = NdArray.zeros(scope, DType.F32, Shape.of(3, 5));
            AttentionMask late = AttentionMask.keep(freed);
            freed.free();
            Samples.illegal(() -> AttentionMask.keep(freed), "attention mask", "freed");
            Samples.illegal(() -> Heads.forward(q, k, k, 1, late, null), "attention mask", "freed");
            Samples.illegal(() -> Heads.forward(q, k, k, 1, AttentionMask.none(), freed), "attention bias", "freed");
        }
    }

    @Example
    void segmentIdsAreCopied() {
        int[][] ids = {{1, 1, 2}};
        AttentionMask mask = AttentionMask.segments(ids);
        ids[0][2] = 1;
        try (Scope _ = Scope.open()) {
            NdArray x = Samples.contiguous(DType.F64, ValueArbitraries.normal(1, 1, 3, 1, 2));
            double[] o = Heads.forward(x, x, x, 1, mask, null).o().toDoubles();
            assertEquals(x.get(0, 2, 0, 0), o[4]);
        }
    }
}
