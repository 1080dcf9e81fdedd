package tessella.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tessella.engine.Samples.illegal;
import static tessella.engine.Samples.refused;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import tessella.reference.ValueArbitraries;

@ExtendWith(MemoryReturned.class)
@Tag("one-width")
class WorkersTest {
    private static NdArray random(DType dtype, long seed, int... shape) {
        return Samples.contiguous(dtype, ValueArbitraries.normal(seed, shape));
    }

    /** Results of operators on shapes that are split into many tasks each. */
    private static Map<String, Supplier<NdArray[]>> operators(DType t) {
        NdArray a = random(t, 1, 301, 150);
        NdArray b = random(t, 2, 150, 203);
        NdArray wide = random(t, 3, 3, 41, 600);
        NdArray deep = random(t, 4, 5, 700, 33);
        NdArray gain = random(t, 5, 600);
        NdArray q = random(t, 6, 3, 61, 4, 9);
        NdArray k = random(t, 7, 3, 57, 4, 9);
        NdArray labels = random(t, 8, 300, 100);
        int[] classes = new int[300];
        Map<String, Supplier<NdArray[]>> out = new LinkedHashMap<>();
        out.put("matmul", () -> new NdArray[] {MatMul.multiply(a, b), MatMul.multiply(a, b, random(t, 9, 203))});
        out.put("batched matmul", () -> new NdArray[] {MatMul.multiply(wide, wide.transpose())});
        out.put("few rows", () -> new NdArray[] {MatMul.multiply(random(t, 10, 7, 300), random(t, 11, 300, 2000))});
        NdArray many = random(t, 18, 700, 150);
        NdArray few = random(t, 19, 150, 30);
        out.put("few columns", () -> new NdArray[] {MatMul.multiply(many, few),
            MatMul.multiply(many, PackedMatrix.of(Scope.current(), few))});
        out.put("packed matmul", () -> new NdArray[] {MatMul.multiply(a, PackedMatrix.of(Scope.current(), b)),
            MatMul.multiply(random(t, 10, 7, 300), PackedMatrix.of(Scope.current(), random(t, 11, 300, 2000))),
            MatMul.multiply(wide, PackedMatrix.of(Scope.current(), wide.transpose()))});
        if (t == DType.F32) {
            out.put("matmul of bfloat16", () -> new NdArray[] {MatMul.multiply(a, PackedMatrix.bfloat16(Scope.current(), b)),
                MatMul.multiply(random(t, 10, 7, 300), PackedMatrix.bfloat16(Scope.current(), random(t, 11, 300, 2000)))});
        }
        out.put("sums", () -> new NdArray[] {Sums.sum(deep, 1), Sums.sum(deep, 1, 1), Sums.sum(deep, 1, 0, 2),
            Sums.sum(deep, 0.5, 0, 1, 2)});
        out.put("softmax", () -> new NdArray[] {Softmaxes.forward(deep, 2), Softmaxes.forward(deep, 1),
            Softmaxes.forward(deep, 0, 2), Softmaxes.gradient(deep, deep, 1), Softmaxes.gradient(deep, deep, 2)});
        out.put("layerNorm", () -> {
            Normalizers.LayerNorm y = Normalizers.layerNorm(wide, gain, gain, 1e-6);
            Normalizers.LayerNormGradient d = Normalizers.layerNormGradient(wide, gain, gain, y, wide);
            return new NdArray[] {y.y(), y.means(), y.rs(), d.dx(), d.dgain(), d.dbias()};
        });
        out.put("l2", () -> {
            Normalizers.L2 y = Normalizers.l2(wide, 1e-6);
            return new NdArray[] {y.y(), Normalizers.l2Gradient(y, wide)};
        });
        out.put("attention", () -> {
            Heads.Attention y = Heads.forward(q, k, k, 0.3);
            Heads.Gradient d = Heads.gradient(q, k, k, y, q, 0.3);
            return new NdArray[] {y.o(), y.normalisers(), d.dq(), d.dk(), d.dv()};
        });
        out.put("einsum", () -> new NdArray[] {Einsum.of("abc,dc->adb").apply(wide, random(t, 12, 70, 600)),
            Einsum.of("abc,abc->b").apply(wide, wide)});
        out.put("cross entropy", () -> {
            CrossEntropy.Softmax y = CrossEntropy.softmax(labels, classes, 0.1);
            return new NdArray[] {y.losses(), y.probabilities(),
                CrossEntropy.softmaxGradient(y, classes, 0.1, y.losses())};
        });
        out.put("elementwise", () -> new NdArray[] {Pointwise.apply(Pointwise.Unary.GELU, deep),
            Pointwise.apply(Pointwise.Binary.MUL, wide.transpose(), random(t, 13, 41)), deep.permute(2, 0, 1).copy()});
        out.put("adam", () -> updated(t, UpdateRule.Adam.DEFAULT));
        out.put("descent", () -> updated(t, new UpdateRule.Sgd(0.9, UpdateRule.Momentum.NESTEROV, 0.1)));
        out.put("adafactor", () -> updated(t, UpdateRule.Adafactor.bigVision()));
        out.put("adafactor of T5", () -> updated(t, UpdateRule.Adafactor.t5()));
        return out;
    }

    /** The values, what is kept of them, and the norm of the gradients, after two steps. */
    private static NdArray[] updated(DType t, UpdateRule rule) {
        List<NdArray> values = List.of(random(t, 14, 100_003), random(t, 15, 300, 200), random(t, 16, 3), random(t, 17, 150, 140, 3));
        Update update = Update.of(rule, Scope.current(), values.stream().map(p -> new Update.Target(p, 1, 0.1)).toList());
        List<NdArray> out = new ArrayList<>(values);
        for (int step = 0; step < 2; step++) {
            for (int i = 0; i < values.size(); i++) {
                update.gradient(i, Pointwise.scale(values.get(i), 1 + 0.1 * i));
            }
            out.add(NdArray.full(Scope.current(), DType.F64, Shape.of(), update.norm()));
            update.step(0.1, 0.5, 1);
        }
        for (int i = 0; i < values.size(); i++) {
            out.addAll(update.state(i).values());
        }
        return out.toArray(NdArray[]::new);
    }

    private static double[][] results(Workers team, Supplier<NdArray[]> operator) {
        return Workers.with(team, () -> {
            try (Scope _ = Scope.open()) {
                NdArray[] arrays = operator.get();
                double[][] out = new double[arrays.length][];
                for (int i = 0; i < out.length; i++) {
                    out[i] = arrays[i].toDoubles();
                    // or what a task leaves out would be found where the last team put it
                    Pointwise.fill(arrays[i], Double.NaN);
                }
                return out;
            }
        });
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F64"})
    void everyOperatorGivesTheSameBitsOnAnyNumberOfThreads(DType dtype) {
        try (Scope _ = Scope.open(); Workers one = Workers.of(1)) {
            Map<String, Supplier<NdArray[]>> operators = operators(dtype);
            Map<String, double[][]> expected = new LinkedHashMap<>();
            operators.forEach((name, operator) -> expected.put(name, results(one, operator)));
            for (int threads : new int[] {2, 3, 8}) {
                try (Workers team = Workers.of(threads)) {
                    assertEquals(threads, team.size());
                    operators.forEach((name, operator) ->
                            assertArrayEquals(expected.get(name), results(team, operator), name + " on " + threads));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8})
    void everyTaskRunsExactlyOnce(int threads) {
        try (Workers team = Workers.of(threads)) {
            for (int tasks : new int[] {0, 1, 2, 7, 1000}) {
                for (int region = 0; region < 20; region++) {
                    AtomicIntegerArray runs = new AtomicIntegerArray(tasks);
                    team.run(tasks, (task, scratch) -> runs.incrementAndGet(task));
                    for (int i = 0; i < tasks; i++) {
                        assertEquals(1, runs.get(i), "task " + i + " of " + tasks);
                    }
                }
            }
        }
    }

    @Test
    @Timeout(30)
    void theCallerEndsATaskOfANewKindBeforeTheOthersBegin() {
        try (Workers workers = Workers.of(3)) {
            Thread caller = Thread.currentThread();
            AtomicInteger begun = new AtomicInteger();
            AtomicBoolean ended = new AtomicBoolean();
            CountDownLatch another = new CountDownLatch(1);
            for (int region = 0; region < 3; region++) {
                boolean cold = region < 2;
                begun.set(0);
                ended.set(false);
                // one place in the code, so one class of tasks
                workers.run(6, (index, scratch) -> {
                    boolean first = begun.getAndIncrement() == 0;
                    if (cold && first) {
                        assertSame(caller, Thread.currentThread());
                        LockSupport.parkNanos(20_000_000);
                        assertEquals(1, begun.get(), "tasks that began beside the first");
                        ended.set(true);
                    } else if (cold) {
                        assertTrue(ended.get());
                    } else if (Thread.currentThread() != caller) {
                        another.countDown();
                    } else {
                        // would have no end if the others began after this
                        await(another);
                    }
                });
                assertEquals(6, begun.get());
            }
        }
    }

    @Test
    void aRegionInsideARegionRunsInline() {
        try (Workers team = Workers.of(3)) {
            AtomicInteger inner = new AtomicInteger();
            team.run(16, (task, scratch) -> {
                Thread thread = Thread.currentThread();
                team.run(8, (nested, own) -> {
                    assertSame(thread, Thread.currentThread());
                    inner.incrementAndGet();
                });
            });
            assertEquals(128, inner.get());
        }
    }

    @Test
    void tasksSideBySideKeepTheirOperatorsInTheirThread() {
        try (Workers team = Workers.of(3); Scope shared = Scope.shared()) {
            NdArray w = NdArray.full(shared, DType.F32, Shape.of(200, 200), 0.5);
            float[][] results = new float[5][];
            Set<Integer> sizes = ConcurrentHashMap.newKeySet();
            Workers.with(team, () -> team.each(5, i -> {
                sizes.add(Workers.current().size());
                try (Scope own = Scope.open()) {
                    results[i] = MatMul.multiply(w, NdArray.full(own, DType.F32, Shape.of(200, 3), i)).toFloats();
                }
            }));
            assertEquals(Set.of(1), sizes);
            for (int i = 0; i < 5; i++) {
                float[] expected = new float[600];
                Arrays.fill(expected, 100 * i);
                assertArrayEquals(expected, results[i]);
            }
            assertEquals("2", assertThrows(IllegalStateException.class, () -> team.each(4, i -> {
                if (i == 2) {
                    throw new IllegalStateException("2");
                }
            })).getMessage());
        }
    }

    @Test
    void manyCallersShareOneTeamVirtualThreadsIncluded() throws InterruptedException {
        try (Workers team = Workers.of(3); Scope parameters = Scope.shared()) {
            NdArray w = NdArray.full(parameters, DType.F32, Shape.of(64, 200), 0.5);
            AtomicInteger right = new AtomicInteger();
            List<Throwable> failures = Collections.synchronizedList(new ArrayList<>());
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                Thread.Builder builder = i % 2 == 0 ? Thread.ofVirtual() : Thread.ofPlatform();
                int number = i;
                threads.add(builder.start(() -> Workers.with(team, () -> {
                    try {
                        for (int again = 0; again < 10; again++) {
                            try (Scope scope = Scope.open()) {
                                NdArray x = NdArray.full(scope, DType.F32, Shape.of(300, 64), number);
                                NdArray y = MatMul.multiply(x, w);
                                right.addAndGet(y.get(299, 199) == 32 * number ? 1 : 0);
                            }
                        }
                    } catch (Throwable e) {
                        failures.add(e);
                    }
                })));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertEquals(List.of(), failures);
            assertEquals(80, right.get());
        }
    }

    /** Tasks that wait for each other, of a class that is not new: all begin at once. */
    private record Meeting(Workers.Task task) implements Workers.Task {
        static Meeting of(Workers.Task task) {
            try (Workers team = Workers.of(2)) {
                for (int region = 0; region < 2; region++) {
                    team.run(2, new Meeting((index, scratch) -> { }));
                }
            }
            return new Meeting(task);
        }

        @Override
        public void run(int index, Scratch scratch) {
            task.run(index, scratch);
        }
    }

    /** While one caller's region waits, another caller's runs to its end in that caller's own thread. */
    @Test
    void aCallerThatFindsTheTeamBusyIsNotHeldUp() throws Exception {
        try (Workers team = Workers.of(2)) {
            CyclicBarrier begun = new CyclicBarrier(3);
            CountDownLatch go = new CountDownLatch(1);
            Workers.Task meeting = Meeting.of((task, scratch) -> {
                await(begun);
                await(go);
            });
            Thread first = Thread.ofVirtual().start(() -> team.run(2, meeting));
            await(begun); // both threads of the team now wait
            AtomicInteger runs = new AtomicInteger();
            Thread own = Thread.currentThread();
            team.run(50, (task, scratch) -> {
                assertSame(own, Thread.currentThread());
                runs.incrementAndGet();
            });
            assertEquals(50, runs.get());
            assertTrue(first.isAlive());
            go.countDown();
            first.join();
        }
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await();
        } catch (InterruptedException | BrokenBarrierException e) {
            throw new AssertionError(e);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Far more callers than threads that carry them: each gets the bits it would get alone. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void hundredsOfCallersGetTheBitsOfOneAlone(boolean virtual) throws InterruptedException {
        int callers = virtual ? 300 : 8;
        try (Workers team = Workers.of(3); Scope parameters = Scope.shared()) {
            NdArray w = NdArray.empty(parameters, DType.F32, Shape.of(48, 200));
            w.copyFrom(ValueArbitraries.normal(1, 48, 200).data());
            float[][] expected = new float[8][];
            for (int i = 0; i < 8; i++) {
                expected[i] = chain(w, i);
            }
            float[][] found = new float[callers][];
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < callers; i++) {
                int number = i;
                Thread.Builder builder = virtual ? Thread.ofVirtual() : Thread.ofPlatform();
                threads.add(builder.start(() -> found[number] = Workers.with(team, () -> chain(w, number % 8))));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            for (int i = 0; i < callers; i++) {
                assertArrayEquals(expected[i % 8], found[i], "caller " + i);
            }
        }
    }

    private static float[] chain(NdArray w, int seed) {
        try (Scope _ = Scope.open()) {
            NdArray x = random(DType.F32, 100 + seed, 90, 48);
            NdArray y = Softmaxes.forward(Pointwise.apply(Pointwise.Unary.GELU, MatMul.multiply(x, w)), 1);
            return Sums.sum(MatMul.multiply(y, w.transpose()), 1, 0).toFloats();
        }
    }

    @Test
    void interruptingTheCallerNeitherStopsTheRegionNorLosesTheFlag() throws InterruptedException {
        try (Workers team = Workers.of(3)) {
            for (int when = 0; when < 3; when++) {
                int interrupted = when;
                AtomicInteger runs = new AtomicInteger();
                AtomicBoolean flag = new AtomicBoolean();
                Thread caller = Thread.ofPlatform().unstarted(() -> {
                    Thread own = Thread.currentThread();
                    if (interrupted == 0) {
                        own.interrupt();
                    }
                    team.run(40, (task, scratch) -> {
                        if (interrupted == 1 && task == 20 || interrupted == 2 && task == 39) {
                            own.interrupt();
                        }
                        runs.incrementAndGet();
                    });
                    flag.set(own.isInterrupted());
                });
                caller.start();
                caller.join();
                assertEquals(40, runs.get());
                assertTrue(flag.get());
                AtomicInteger after = new AtomicInteger();
                team.run(40, (task, scratch) -> after.incrementAndGet());
                assertEquals(40, after.get(), "the team goes on");
            }
        }
    }

    @Test
    void closingLetsTheRegionUnderWayFinishAndEndsTheThreads() throws Exception {
        Workers team = Workers.of(2);
        CyclicBarrier begun = new CyclicBarrier(3);
        CountDownLatch go = new CountDownLatch(1);
        AtomicInteger runs = new AtomicInteger();
        List<Thread> threads = Collections.synchronizedList(new ArrayList<>());
        Workers.Task meeting = Meeting.of((task, scratch) -> {
            if (task == 0 || task == 3) { // the first of each share
                threads.add(Thread.currentThread());
                await(begun);
                await(go);
            }
            runs.incrementAndGet();
        });
        Thread caller = Thread.ofPlatform().start(() -> team.run(6, meeting));
        await(begun);
        team.close();
        go.countDown();
        caller.join();
        assertEquals(6, runs.get());
        illegal(() -> team.run(3, (task, scratch) -> { }), "workers", "closed");
        assertEquals(2, threads.size());
        for (Thread thread : threads) {
            thread.join(TimeUnit.MINUTES.toMillis(1));
            assertTrue(!thread.isAlive(), thread + " goes on after close");
        }
        team.close();
    }

    @Test
    @Timeout(30)
    void everyRegionHasTheWholeTeam() {
        try (Workers team = Workers.of(3)) {
            for (int region = 0; region < 5; region++) {
                // each task waits for the others
                CyclicBarrier all = new CyclicBarrier(3);
                team.run(3, Meeting.of((task, scratch) -> await(all)));
            }
        }
    }

    @Test
    @Timeout(60)
    void closingEndsThreadsThatParkToo() throws InterruptedException {
        Workers team = Workers.of(3);
        Set<Thread> threads = ConcurrentHashMap.newKeySet();
        CyclicBarrier all = new CyclicBarrier(3);
        team.run(3, Meeting.of((task, scratch) -> {
            threads.add(Thread.currentThread());
            await(all);
        }));
        threads.remove(Thread.currentThread());
        assertEquals(2, threads.size());
        for (Thread thread : threads) {
            while (thread.getState() != Thread.State.WAITING) { // it spins a little first
                Thread.sleep(1);
            }
        }
        team.close();
        for (Thread thread : threads) {
            thread.join(TimeUnit.SECONDS.toMillis(20));
            assertFalse(thread.isAlive(), thread + " goes on after close");
        }
    }

    @Test
    void theDefaultTeamIsNotClosed() {
        Workers standard = Workers.current();
        illegal(standard::close, "workers", "default team", "Workers.of");
        AtomicInteger runs = new AtomicInteger();
        standard.run(9, (task, scratch) -> runs.incrementAndGet());
        assertEquals(9, runs.get());
    }

    @Test
    void whatATaskHeldIsForgottenWhenTheRegionEnds() throws InterruptedException {
        try (Workers team = Workers.of(2)) {
            WeakReference<Object> held = region(team);
            for (int wait = 0; wait < 1000 && held.get() != null; wait++) {
                System.gc();
                Thread.sleep(5);
            }
            assertNull(held.get());
        }
    }

    private static WeakReference<Object> region(Workers team) {
        Object held = new Object();
        team.run(5, (task, scratch) -> assertTrue(held.hashCode() == held.hashCode()));
        return new WeakReference<>(held);
    }

    /** Prints the size of the default team. */
    static final class Size {
        public static void main(String[] arguments) {
            System.out.println(Workers.current().size() + " " + Workers.current().equals(Workers.with(Workers.of(1),
                    () -> Workers.current())));
        }
    }

    @Test
    void theDefaultTeamHasTheProcessorsOfTheContainer() throws Exception {
        assertEquals("3 false", Fork.output(Size.class, Fork.VECTORS, "-XX:ActiveProcessorCount=3"));
        assertEquals("1 false", Fork.output(Size.class, Fork.VECTORS, "-XX:ActiveProcessorCount=1"));
        assertEquals("2 false", Fork.output(Size.class, Fork.VECTORS, "-XX:ActiveProcessorCount=3", "-Dtessella.threads=2"));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void anExceptionOfATaskReachesTheCallerAndTheTeamStaysUsable(int threads) {
        try (Workers team = Workers.of(threads)) {
            for (int again = 0; again < 20; again++) {
                int bad = again;
                RuntimeException thrown = new RuntimeException("task " + bad);
                assertSame(thrown, assertThrows(RuntimeException.class, () -> team.run(20, (task, scratch) -> {
                    if (task == bad) {
                        throw thrown;
                    }
                })));
                Error error = new AssertionError("error");
                assertSame(error, assertThrows(Error.class, () -> team.run(2, (task, scratch) -> {
                    throw error;
                })));
                AtomicInteger runs = new AtomicInteger();
                team.run(20, (task, scratch) -> runs.incrementAndGet());
                assertEquals(20, runs.get());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void aClosedTeamSaysSo(int threads) {
        Workers team = Workers.of(threads);
        team.close();
        illegal(() -> team.run(3, (task, scratch) -> { }), "workers", "closed", "Workers.of");
        try (Scope scope = Scope.open()) {
            NdArray x = NdArray.full(scope, DType.F32, Shape.of(3), 1);
            illegal(() -> Workers.with(team, () -> Pointwise.scale(x, 2)), "closed");
            assertEquals(2, Pointwise.scale(x, 2).get(0));
        }
    }

    @Test
    void theTeamOfAThreadIsTheInnermostOneGiven() {
        Workers standard = Workers.current();
        try (Workers one = Workers.of(1); Workers two = Workers.of(2)) {
            Workers.with(one, () -> {
                assertSame(one, Workers.current());
                Workers.with(two, () -> assertSame(two, Workers.current()));
                assertSame(one, Workers.current());
            });
        }
        assertSame(standard, Workers.current());
        refused(() -> Workers.of(0).size(), "workers", "at least 1", "0");
        refused(() -> Workers.of(4097).size(), "workers", "at most 4096", "4097");
        assertTrue(standard.size() >= 1);
    }
}
