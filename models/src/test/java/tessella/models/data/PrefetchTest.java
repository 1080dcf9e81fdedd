package tessella.models.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tessella.engine.Random;

@Timeout(60)
class PrefetchTest {
    @AfterEach
    void noThreadIsLeft() {
        assertEquals(List.of(), alive());
    }

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void theBatchesAreThoseWithoutThreads(@ForAll @IntRange(min = 1, max = 4) int threads,
            @ForAll @IntRange(min = 1, max = 5) int ahead, @ForAll @IntRange(max = 20) int pictures, @ForAll long seed) {
        byte[] pixels = new byte[pictures * 12];
        new java.util.Random(seed).nextBytes(pixels);
        ImageSet set = ImageSet.of("noise", 3, 4, 1, pixels, new int[pictures], List.of("one"), "");
        Random augment = Random.of(seed, "augment");
        Epoch epoch = Batches.of(set, Preprocessing.symmetric(3, 4, 1), 3, Batches.Remainder.KEEP)
                .epoch(Random.of(seed, "shuffle").permutation(pictures), Augmentation.flipsAndShifts(1).then(new RandAugment(1, 9)),
                        index -> RandomSource.of(augment.at(1, index)))
                .then(new MixUp(0.5), place -> RandomSource.of(Random.of(seed, "mixup").at(1, place)));
        List<Batch> alone = new ArrayList<>();
        epoch.forEach(alone::add);
        assertEquals(epoch.size(), alone.size());
        try (Prefetch prefetch = Prefetch.of(threads, ahead)) {
            for (int pass = 0; pass < 2; pass++) { // the threads serve one epoch after the other
                int i = 0;
                for (Batch batch : prefetch.batches(epoch)) {
                    assertArrayEquals(alone.get(i).images(), batch.images());
                    assertArrayEquals(alone.get(i).targets(), batch.targets());
                    assertArrayEquals(alone.get(i++).indices(), batch.indices());
                }
                assertEquals(alone.size(), i);
            }
        }
        assertEquals(List.of(), alive());
    }

    /** While the caller works on a batch, as many as are allowed are made, and not one more. */
    @Test
    void aBoundedNumberIsMadeAhead() {
        for (int ahead = 1; ahead <= 3; ahead++) {
            AtomicInteger made = new AtomicInteger();
            Epoch epoch = new Epoch(10, place -> {
                made.incrementAndGet();
                return batch(place);
            });
            try (Prefetch prefetch = Prefetch.of(2, ahead)) {
                Iterator<Batch> batches = prefetch.batches(epoch).iterator();
                assertEquals(0, made.get(), "nothing is made before the first is asked for");
                for (int taken = 1; taken <= 10; taken++) {
                    assertEquals(taken - 1, batches.next().indices()[0]);
                    int expected = Math.min(10, taken + ahead);
                    await(() -> made.get() >= expected);
                    assertEquals(expected, made.get());
                }
                assertThrows(NoSuchElementException.class, batches::next);
            }
            assertEquals(10, made.get());
        }
    }

    @Test
    void theLoadingThreadsAreOfItsOwnAndDoNotKeepAProgramAlive() {
        AtomicReference<Thread> loader = new AtomicReference<>();
        try (Prefetch prefetch = Prefetch.of(1, 1)) {
            prefetch.batches(new Epoch(1, place -> {
                loader.set(Thread.currentThread());
                return batch(place);
            })).iterator().next();
        }
        assertTrue(loader.get().getName().startsWith("tessella-prefetch-"), loader.get().getName());
        assertTrue(loader.get().isDaemon());
    }

    @Test
    void whatALoadingThreadThrowsReachesTheCallerInItsPlace() {
        IOException damaged = new DataException("p.png: expected a picture");
        IllegalArgumentException wrong = new IllegalArgumentException("crop");
        AssertionError error = new AssertionError("bug");
        assertSame(damaged, failure(() -> {
            throw damaged;
        }, UncheckedIOException.class).getCause());
        assertSame(wrong, failure(() -> {
            throw wrong;
        }, IllegalArgumentException.class));
        assertSame(error, failure(() -> {
            throw error;
        }, AssertionError.class));
    }

    private interface Failing {
        void run() throws IOException;
    }

    /** Fails at the third batch of five; the other two come before. */
    private static <T extends Throwable> T failure(Failing failing, Class<T> type) {
        try (Prefetch prefetch = Prefetch.of(2, 4)) {
            Iterator<Batch> batches = prefetch.batches(new Epoch(5, place -> {
                if (place == 2) {
                    failing.run();
                }
                return batch(place);
            })).iterator();
            assertEquals(0, batches.next().indices()[0]);
            assertEquals(1, batches.next().indices()[0]);
            T thrown = assertThrows(type, batches::next);
            assertFalse(batches.hasNext());
            return thrown;
        }
    }

    @Test
    void closingStopsWhatIsBeingMadeAndTellsWhoWaits() throws Exception {
        CountDownLatch started = new CountDownLatch(2);
        CountDownLatch never = new CountDownLatch(1);
        AtomicInteger interrupted = new AtomicInteger();
        Prefetch prefetch = Prefetch.of(2, 4);
        Iterator<Batch> batches = prefetch.batches(new Epoch(9, place -> {
            started.countDown();
            try {
                never.await();
            } catch (InterruptedException e) {
                interrupted.incrementAndGet();
                throw new IllegalStateException("stopped", e);
            }
            return batch(place);
        })).iterator();
        AtomicReference<Throwable> seen = new AtomicReference<>();
        Thread consumer = Thread.ofPlatform().start(() -> seen.set(assertThrows(IllegalStateException.class, batches::next)));
        started.await();
        while (consumer.getState() != Thread.State.WAITING) { // it may still be asking for the batches after these
            Thread.onSpinWait();
        }
        prefetch.close();
        consumer.join();
        assertEquals(2, interrupted.get());
        assertEquals("stopped", seen.get().getMessage());
        assertEquals(List.of(), alive());
        prefetch.close();
        assertEquals("prefetch: closed before batch 0 of 3", assertThrows(IllegalStateException.class,
                () -> prefetch.batches(new Epoch(3, PrefetchTest::batch)).iterator().next()).getMessage());
    }

    /** The batch it waits for has not even been begun: nobody would ever end it. */
    @Test
    void closingTellsWhoWaitsForABatchThatWasNotBegun() throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch finish = new CountDownLatch(1);
        Prefetch prefetch = Prefetch.of(1, 4);
        Iterator<Batch> first = prefetch.batches(new Epoch(1, place -> {
            started.countDown();
            for (boolean done = false; !done;) {
                try {
                    finish.await();
                    done = true;
                } catch (InterruptedException e) {
                    // a loader that does not listen
                }
            }
            return batch(place);
        })).iterator();
        Thread one = Thread.ofPlatform().start(first::next);
        started.await();
        Iterator<Batch> second = prefetch.batches(new Epoch(1, PrefetchTest::batch)).iterator();
        AtomicReference<Throwable> seen = new AtomicReference<>();
        Thread two = Thread.ofPlatform().start(() -> seen.set(assertThrows(IllegalStateException.class, second::next)));
        await(() -> two.getState() == Thread.State.WAITING);
        Thread closing = Thread.ofPlatform().start(prefetch::close);
        two.join();
        assertEquals("prefetch: closed before batch 0 of 1", seen.get().getMessage());
        assertTrue(closing.isAlive(), "it waits for the end of the thread");
        finish.countDown();
        closing.join();
        one.join();
    }

    @Test
    void anInterruptedCallerStaysInterruptedAndIsTold() {
        try (Prefetch prefetch = Prefetch.of(1, 1)) {
            CountDownLatch never = new CountDownLatch(1);
            Iterator<Batch> batches = prefetch.batches(new Epoch(2, place -> {
                try {
                    never.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                return batch(place);
            })).iterator();
            Thread.currentThread().interrupt();
            assertEquals("prefetch: interrupted while waiting for batch 0",
                    assertThrows(IllegalStateException.class, batches::next).getMessage());
            assertTrue(Thread.interrupted());
            assertFalse(batches.hasNext());
        }
    }

    @Test
    void refusesNoThreadAndNoBatchAhead() {
        assertEquals("prefetch: expected at least 1 thread and 1 batch ahead, found 0 and 1",
                assertThrows(IllegalArgumentException.class, () -> Prefetch.of(0, 1)).getMessage());
        assertThrows(IllegalArgumentException.class, () -> Prefetch.of(1, 0));
    }

    private static Batch batch(int place) {
        return new Batch(new float[1], new float[1], new int[1], new int[] {place}, 1, 1, 1);
    }

    private static void await(BooleanSupplier condition) {
        for (long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30); !condition.getAsBoolean() && System.nanoTime() < end;) {
            Thread.onSpinWait();
        }
        assertTrue(condition.getAsBoolean());
    }

    private static List<String> alive() {
        Thread[] threads = new Thread[Thread.activeCount() + 100];
        int count = Thread.enumerate(threads);
        return IntStream.range(0, count).mapToObj(i -> threads[i].getName()).filter(name -> name.startsWith("tessella-prefetch-"))
                .toList();
    }
}
