package tessella.engine;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Repeats a pass in the background until it gets no faster, so that who waits for the first answer finds compiled kernels.
 *
 * <p>The JVM compiles what runs often, and shapes decide which kernels run: a pass is best what answers will be, of a picture without content.
 * It runs in a daemon thread with the team of {@link Workers#current} of whoever starts it; callers that compute meanwhile get the same bits, and
 * find the team busy at times. One window of passes after the other is compared by its median. It ends by itself; {@link #close} ends it earlier.
 */
public final class WarmUp implements AutoCloseable {
    /** Passes whose median is compared. */
    static final int WINDOW = 8;
    /** Windows in a row that are no faster than the best before them: compilers fall behind, and then gain all at once. */
    static final int SETTLED = 3;
    /** What counts as faster. */
    private static final double GAIN = 0.95;

    private final CompletableFuture<Report> report = new CompletableFuture<>();
    private final Thread thread;
    private volatile boolean stopped;

    /**
     * What a warm-up did.
     *
     * @param passes  how often the pass ran
     * @param first   what it took the first time
     * @param last    the median of its last passes, at most 8
     * @param settled whether it got no faster, rather than being closed or out of time
     */
    public record Report(int passes, Duration first, Duration last, boolean settled) {}

    private WarmUp(Runnable pass, Duration most) {
        Workers team = Workers.current();
        thread = Thread.ofPlatform().daemon().name("tessella-warm-up")
                .unstarted(() -> Workers.with(team, () -> run(pass, most.toNanos())));
    }

    /**
     * Begins to repeat a pass, which opens and closes its own {@link Scope}, for at most this long; the pass under way is
     * finished.
     *
     * @throws IllegalArgumentException if the time is not above 0
     */
    public static WarmUp start(Runnable pass, Duration most) {
        if (!most.isPositive()) {
            throw new IllegalArgumentException("warm-up: expected a time above 0, found " + most);
        }
        WarmUp warmUp = new WarmUp(pass, most);
        warmUp.thread.start();
        return warmUp;
    }

    private void run(Runnable pass, long most) {
        try {
            report.complete(repeat(pass, most));
        } catch (Throwable e) {
            report.completeExceptionally(e);
        }
    }

    private Report repeat(Runnable pass, long most) {
        List<Long> nanos = new ArrayList<>();
        long start = System.nanoTime();
        long best = Long.MAX_VALUE;
        int slower = 0;
        while (slower < SETTLED && (nanos.isEmpty() || !stopped && System.nanoTime() - start < most)) {
            long from = System.nanoTime();
            pass.run();
            nanos.add(System.nanoTime() - from);
            if (nanos.size() % WINDOW == 0) {
                long median = median(nanos);
                slower = median > GAIN * best ? slower + 1 : 0;
                best = Math.min(best, median);
            }
        }
        return new Report(nanos.size(), Duration.ofNanos(nanos.getFirst()), Duration.ofNanos(median(nanos)), slower == SETTLED);
    }

    /** Median of the last passes. */
    private static long median(List<Long> nanos) {
        List<Long> last = nanos.subList(Math.max(0, nanos.size() - WINDOW), nanos.size()).stream().sorted().toList();
        return last.get(last.size() / 2);
    }

    /**
     * Waits until it has ended.
     *
     * @throws InterruptedException if this thread is interrupted while it waits; the warm-up goes on
     * @throws IllegalStateException if a pass failed, with what it threw as cause; the model or its memory is not fit for an answer either
     */
    public Report await() throws InterruptedException {
        thread.join();
        try {
            return report.join();
        } catch (CompletionException e) {
            throw new IllegalStateException("warm-up: a pass failed, see the cause; the first answer would fail as well", e.getCause());
        }
    }

    /** Lets the pass under way end, waits for it, and begins no other. An interruption of this thread is kept for it. */
    @Override
    public void close() {
        stopped = true;
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
