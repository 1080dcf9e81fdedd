package tessella.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tessella.kernels.FloatGemm;

@ExtendWith(MemoryReturned.class)
class ProfileTest {
    @AfterEach
    void nobodyLooks() {
        assertFalse(Profile.isWatched());
    }

    /** What runs, in a scope of its own. */
    private interface Program {
        void run(Scope scope);
    }

    private static Profile of(Program program) {
        try (Scope scope = Scope.open()) {
            Profile profile = Profile.record();
            try (profile) {
                program.run(scope);
            }
            return profile;
        }
    }

    /** Calls, FLOP and bytes of each operator. */
    private static Map<String, List<Long>> counts(Profile profile) {
        return profile.table().stream().filter(row -> !row.operator().equals(Profile.OTHER))
                .collect(Collectors.toMap(Profile.Row::operator, row -> List.of(row.calls(), row.flops(), row.bytes())));
    }

    private static NdArray zeros(Scope scope, int... shape) {
        return NdArray.zeros(scope, DType.F32, Samples.shape(shape));
    }

    @Test
    void productsCountTheirMultiplyAddsTwiceAndEveryOperandOnce() {
        assertFalse(FloatGemm.readsInPlace(300, 100, 200, 1));
        long sizeOfB = 4 * 64 * 200;
        Map<String, List<Long>> counts = counts(of(scope -> {
            NdArray a = zeros(scope, 300, 64);
            NdArray b = zeros(scope, 64, 200);
            MatMul.multiply(a, b, zeros(scope, 200));
            MatMul.multiply(a, b, zeros(scope, 200));
            MatMul.multiply(zeros(scope, 3, 100, 64), b);
        }));
        assertEquals(Map.of("linear", List.of(2L, 2 * 2 * 300L * 64 * 200, 2 * (4 * (300 * 64 + 200 + 300 * 200) + sizeOfB)),
                "matmul", List.of(1L, 2 * 300L * 64 * 200, 4 * (300 * 64 + 300 * 200) + sizeOfB)), counts);
    }

    @Test
    void einsumsAndAttentionCountTheirProducts() {
        Map<String, List<Long>> counts = counts(of(scope -> {
            NdArray x = zeros(scope, 2, 300, 64);
            Einsum.of("bmd,bnd->bmn").apply(x, zeros(scope, 2, 100, 64));
            NdArray q = zeros(scope, 2, 30, 3, 8);
            NdArray k = zeros(scope, 2, 50, 3, 8);
            Heads.Attention o = Heads.forward(q, k, k, 0.5);
            Heads.gradient(q, k, k, o, q, 0.5);
        }));
        assertEquals(2L * 2 * 300 * 100 * 64, counts.get("einsum").get(1));
        long product = 2L * 2 * 3 * 30 * 50 * 8;
        long queries = 4 * 2 * 30 * 3 * 8;
        long keys = 4 * 2 * 50 * 3 * 8;
        long normalisers = 4 * 2 * 3 * 2 * 30;
        assertEquals(List.of(1L, 2 * product, 2 * queries + keys + normalisers), counts.get("attention"));
        // q is its own cotangent here, and v is k
        assertEquals(List.of(1L, 5 * product, queries + keys + normalisers + queries + 2 * keys), counts.get("attention gradient"));
    }

    @Test
    void eachPieceOfMemoryCountsOnce() {
        try (Scope scope = Scope.open()) {
            NdArray x = zeros(scope, 6, 10);
            assertEquals(240, Watch.bytes(x));
            assertEquals(240, Watch.bytes(x, null, x.transpose(), x.reshape(Shape.of(60))));
            assertEquals(240, Watch.bytes(x.slice(0, 0, 2), x));
            assertEquals(160, Watch.bytes(x.slice(0, 0, 2), x.slice(0, 4, 6)));
            assertEquals(240 + 480, Watch.bytes(x, NdArray.zeros(scope, DType.F64, Shape.of(60))));
            assertEquals(24, Watch.bytes(x.slice(1, 3, 4).broadcastTo(Shape.of(7, 6, 10))));
            assertEquals(0, Watch.bytes(zeros(scope, 0, 3).broadcastTo(Shape.of(5, 0, 3)), zeros(scope, 4, 0)));
        }
    }

    @Test
    void broadcastOperandsCountWhatTheyHold() {
        Map<String, List<Long>> counts = counts(of(scope -> {
            NdArray x = zeros(scope, 30, 10);
            Pointwise.apply(Pointwise.Binary.ADD, x, zeros(scope, 10));
            Pointwise.applyInto(Pointwise.Binary.MUL, x, x, x);
            Pointwise.apply(Pointwise.Unary.GELU_ERF, x);
        }));
        assertEquals(Map.of("add", List.of(1L, 0L, 4 * (300 + 10 + 300L)), "mul", List.of(1L, 0L, 4 * 300L),
                "gelu erf", List.of(1L, 0L, 4 * 600L)), counts);
    }

    @Test
    void theNormOfGradientsReadsThemAlone() {
        Map<String, List<Long>> counts = counts(of(scope -> {
            NdArray p = zeros(scope, 1000);
            Update update = Update.of(UpdateRule.Adam.DEFAULT, scope, List.of(new Update.Target(p, 1, 0)));
            update.gradient(0, zeros(scope, 1000));
            update.norm();
            update.step(0.1, 1, 1);
        }));
        assertEquals(Map.of("adam norm", List.of(1L, 0L, 4000L), "adam", List.of(1L, 0L, 16000L)), counts);
    }

    @Test
    void theTimeThatOtherThreadsTakeIsNotTheOpeners() throws InterruptedException {
        Profile profile = Profile.record();
        try (profile) {
            Thread thread = new Thread(() -> Region.run("elsewhere", 1, (task, scratch) -> LockSupport.parkNanos(1_000_000)));
            thread.start();
            thread.join();
        }
        Map<String, Long> nanos = profile.table().stream().collect(Collectors.toMap(Profile.Row::operator, Profile.Row::nanos));
        assertTrue(nanos.get("elsewhere") > 0);
        assertEquals(profile.nanos(), nanos.get(Profile.OTHER));
    }

    @Test
    void whatRunsInsideAnOperatorIsPartOfIt() throws InterruptedException {
        try (Workers team = Workers.of(3)) {
            Profile profile = of(scope -> Workers.with(team, () -> {
                NdArray x = zeros(scope, 4);
                Region.run("outer", 8, (task, scratch) -> {
                    try (Scope own = Scope.open()) {
                        NdArray.full(own, DType.F32, Shape.of(9), 2); // in the threads of the team, and in this one
                    }
                }, x);
                x.withSegment(bytes -> NdArray.full(scope, DType.F32, Shape.of(9), 2));
            }));
            assertEquals(Map.of("outer", List.of(1L, 0L, 16L), "withSegment", List.of(1L, 0L, 16L)), counts(profile));
            Profile.Row outer = profile.table().stream().filter(row -> row.operator().equals("outer")).findFirst().orElseThrow();
            assertEquals(8, outer.tasks());
        }
    }

    @Test
    void anOperatorThatFailsIsCountedAndNoneAfterItIsLost() {
        Profile profile = of(scope -> {
            NdArray x = zeros(scope, 4);
            assertThrows(IllegalStateException.class, () -> Region.run("broken", 1, (task, scratch) -> {
                throw new IllegalStateException("broken");
            }, x));
            Pointwise.apply(Pointwise.Unary.EXP, x);
        });
        assertEquals(Map.of("broken", List.of(1L, 0L, 16L), "exp", List.of(1L, 0L, 32L)), counts(profile));
    }

    @Test
    void theGradientOfAnOperatorIsToldApart() {
        Map<String, List<Long>> counts = counts(of(scope -> {
            NdArray x = zeros(scope, 4);
            Pointwise.apply(Pointwise.Unary.EXP, x);
            Profile.gradientOf("pow", () -> {
                Pointwise.apply(Pointwise.Unary.EXP, x);
                Pointwise.apply(Pointwise.Binary.GELU_GRADIENT, x, x);
                Profile.gradientOf("checkpoint", () -> Pointwise.apply(Pointwise.Unary.EXP, x));
                Pointwise.apply(Pointwise.Unary.LOG, x);
            });
            assertThrows(IllegalArgumentException.class, () -> Profile.gradientOf("pow", () -> {
                throw new IllegalArgumentException();
            }));
            Pointwise.apply(Pointwise.Unary.LOG, x);
        }));
        assertEquals(List.of("exp", "exp (checkpoint gradient)", "exp (pow gradient)", "gelu gradient", "log", "log (pow gradient)"),
                counts.keySet().stream().sorted().toList());
        counts.forEach((name, count) -> assertEquals(1, count.getFirst(), name));
    }

    @Test
    void sharesAddUpToOneAndTheLongestComesFirst() {
        Profile profile = of(scope -> {
            NdArray x = zeros(scope, 400, 300);
            for (int i = 0; i < 5; i++) {
                MatMul.multiply(x, x.transpose()).free();
                Pointwise.apply(Pointwise.Unary.EXP, x).free();
            }
        });
        List<Profile.Row> rows = profile.table();
        assertEquals(List.of("exp", "matmul", "other"), rows.stream().map(Profile.Row::operator).sorted().toList());
        assertEquals(Profile.OTHER, rows.getLast().operator());
        assertEquals(profile.nanos(), rows.stream().mapToLong(Profile.Row::nanos).sum());
        assertEquals(1, rows.stream().mapToDouble(Profile.Row::share).sum(), 1e-12);
        for (int i = 1; i < rows.size() - 1; i++) {
            assertTrue(rows.get(i - 1).nanos() >= rows.get(i).nanos(), rows.toString());
        }
        for (Profile.Row row : rows) {
            assertEquals(row.nanos(), row.share() * profile.nanos(), 1);
            assertEquals(row.flops(), row.flopRate() * row.nanos() / 1e9, 1e-6 * row.flops());
            assertEquals(row.bytes(), row.byteRate() * row.nanos() / 1e9, 1e-6 * row.bytes());
        }
    }

    /** Threads of their own add their time to the whole, so shares stay shares; teams are inside the operators of their callers. */
    @Test
    void operatorsOfAllThreadsCount() {
        Profile profile = of(scope -> {
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                Thread.Builder builder = i % 2 == 0 ? Thread.ofVirtual() : Thread.ofPlatform();
                threads.add(builder.start(() -> {
                    for (int call = 0; call < 50; call++) {
                        try (Scope own = Scope.open()) {
                            NdArray.full(own, DType.F32, Shape.of(10), 1);
                        }
                    }
                }));
            }
            NdArray.full(scope, DType.F32, Shape.of(10), 1);
            try {
                for (Thread thread : threads) {
                    thread.join();
                }
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        assertEquals(Map.of("fill", List.of(401L, 0L, 401L * 40)), counts(profile));
        List<Profile.Row> rows = profile.table();
        assertEquals(1, rows.stream().mapToDouble(Profile.Row::share).sum(), 1e-12);
        assertTrue(rows.getLast().nanos() < profile.nanos(), "one call of this thread at least is no other");
        assertTrue(rows.stream().mapToLong(Profile.Row::nanos).sum() > profile.nanos());
    }

    @Test
    void nothingIsRecordedBeforeAndAfter() {
        try (Scope scope = Scope.open()) {
            NdArray x = NdArray.full(scope, DType.F32, Shape.of(9), 2);
            Profile profile = Profile.record();
            assertTrue(Profile.isWatched());
            profile.close();
            assertFalse(Profile.isWatched());
            Pointwise.apply(Pointwise.Unary.EXP, x);
            assertEquals(List.of(new Profile.Row(Profile.OTHER, 0, 0, profile.nanos(), 1, 0, 0)), profile.table());
            profile.add("late", 1, 1, 1, 1);
            assertEquals(1, profile.table().size());
        }
    }

    @Test
    void oneRecordsAtATimeAndIsClosedOnce() {
        Profile profile = Profile.record();
        assertEquals("profile: another one records; close it first, or read that one",
                assertThrows(IllegalStateException.class, Profile::record).getMessage());
        assertTrue(Profile.isWatched());
        profile.close();
        Profile.record().close();
        Profile third = Profile.record();
        assertEquals("profile: closed twice", assertThrows(IllegalStateException.class, profile::close).getMessage());
        assertTrue(Profile.isWatched(), "the third records still");
        third.close();
    }

    @Test
    void aRowOfNoTimeHasNoRates() {
        Profile.Row row = new Profile.Row("x", 1, 1, 0, 0, 5, 6);
        assertEquals(0, row.flopRate());
        assertEquals(0, row.byteRate());
        Profile.Row slow = new Profile.Row("x", 1, 1, 2_000_000_000, 1, 5, 6);
        assertEquals(2.5, slow.flopRate());
        assertEquals(3, slow.byteRate());
    }
}
