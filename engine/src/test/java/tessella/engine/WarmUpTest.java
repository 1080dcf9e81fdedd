package tessella.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(MemoryReturned.class)
class WarmUpTest {
    private static final Duration LONG = Duration.ofMinutes(10);

    @Test
    void itEndsWhenThePassGetsNoFaster() throws InterruptedException {
        AtomicInteger passes = new AtomicInteger();
        WarmUp.Report report = WarmUp.start(() -> {
            try (Scope scope = Scope.open()) {
                NdArray x = NdArray.zeros(scope, DType.F32, Shape.of(64, 64));
                MatMul.multiply(x, x);
                passes.incrementAndGet();
            }
        }, LONG).await();
        assertTrue(report.settled());
        assertEquals(passes.get(), report.passes());
        assertEquals(0, report.passes() % WarmUp.WINDOW);
        assertTrue(report.passes() > WarmUp.SETTLED * WarmUp.WINDOW, report.toString());
        assertTrue(report.first().isPositive() && report.last().isPositive(), report.toString());
    }

    @Test
    void onePassIsMadeHoweverShortTheTime() throws InterruptedException {
        AtomicInteger passes = new AtomicInteger();
        WarmUp.Report report = WarmUp.start(passes::incrementAndGet, Duration.ofNanos(1)).await();
        assertEquals(1, passes.get());
        assertEquals(1, report.passes());
        assertFalse(report.settled());
        assertEquals(report.first(), report.last());
    }

    @Test
    void closingWaitsForThePassUnderWayAndBeginsNoOther() throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        AtomicInteger ended = new AtomicInteger();
        WarmUp warmUp = WarmUp.start(() -> {
            begun.countDown();
            try {
                go.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            ended.incrementAndGet();
        }, LONG);
        begun.await();
        AtomicInteger endedAtClose = new AtomicInteger(-1);
        Thread closing = Thread.ofPlatform().start(() -> {
            Thread.currentThread().interrupt();
            warmUp.close();
            endedAtClose.set(Thread.interrupted() ? ended.get() : -2);
        });
        while (closing.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
        }
        assertEquals(-1, endedAtClose.get());
        go.countDown();
        closing.join();
        assertEquals(1, endedAtClose.get(), "passes that had ended when close returned; -2: the interruption was lost");
        assertEquals(1, warmUp.await().passes());
        assertFalse(warmUp.await().settled());
    }

    @Test
    void itUsesTheTeamOfWhoStartedIt() throws InterruptedException {
        AtomicInteger size = new AtomicInteger();
        try (Workers team = Workers.of(3)) {
            Workers.with(team, () -> WarmUp.start(() -> size.set(Workers.current().size()), Duration.ofNanos(1))).await();
        }
        assertEquals(3, size.get());
    }

    @Test
    void aPassThatFailsIsToldToWhoWaits() {
        RuntimeException failure = new IllegalArgumentException("no such shape");
        try (WarmUp warmUp = WarmUp.start(() -> {
            throw failure;
        }, LONG)) {
            IllegalStateException e = assertThrows(IllegalStateException.class, warmUp::await);
            assertSame(failure, e.getCause());
            assertTrue(e.getMessage().startsWith("warm-up: a pass failed"), e.getMessage());
        }
    }

    @Test
    void aTimeOfNothingIsRefused() {
        Runnable never = () -> {
            throw new AssertionError("ran");
        };
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> WarmUp.start(never, Duration.ZERO));
        assertEquals("warm-up: expected a time above 0, found PT0S", e.getMessage());
    }
}
