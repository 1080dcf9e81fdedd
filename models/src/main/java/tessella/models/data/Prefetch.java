package tessella.models.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Queue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;

/**
 * Threads that read and change the next batches while the model learns from the last one. They are outside of the team of
 * {@code Workers}, and hold no memory of the engine. What comes out, and in which order, is what the {@link Epoch} gives
 * without them.
 *
 * <p>For one consuming thread; {@link #close} may be called by any. After it no thread is left.
 */
public final class Prefetch implements AutoCloseable {
    private final int ahead;
    private final Queue<Thread> started = new ConcurrentLinkedQueue<>();
    private final ExecutorService threads;

    private Prefetch(int threads, int ahead) {
        this.ahead = ahead;
        ThreadFactory factory = Thread.ofPlatform().daemon().name("tessella-prefetch-", 0).factory();
        this.threads = Executors.newFixedThreadPool(threads, loop -> {
            Thread thread = factory.newThread(loop);
            started.add(thread);
            return thread;
        });
    }

    /**
     * Starts threads when they are needed.
     *
     * @param threads how many at most, at least 1
     * @param ahead   the most batches that are being made or wait to be taken, at least 1: the bound of the memory
     * @return to be closed
     * @throws IllegalArgumentException if one is below 1
     */
    public static Prefetch of(int threads, int ahead) {
        if (threads < 1 || ahead < 1) {
            throw new IllegalArgumentException("prefetch: expected at least 1 thread and 1 batch ahead, found " + threads + " and "
                    + ahead);
        }
        return new Prefetch(threads, ahead);
    }

    /**
     * Returns the batches of an epoch in their order. Making them begins with the iteration, whose {@code next} throws what
     * making the batch threw: a {@link RuntimeException} or {@link Error} as it is, an {@link IOException} in an
     * {@link UncheckedIOException}; the iteration is then over. It throws an {@link IllegalStateException} when this is
     * closed, and when the thread is interrupted, which it stays.
     *
     * @param epoch the batches
     * @return to be iterated while this is open
     */
    public Iterable<Batch> batches(Epoch epoch) {
        return () -> new Ahead(epoch);
    }

    /** Stops the threads and waits for their end; batches that wait are lost. A second call does nothing. */
    @Override
    public void close() {
        for (Runnable waiting : threads.shutdownNow()) {
            ((Future<?>) waiting).cancel(false); // whoever waits for it is told
        }
        threads.close();
        boolean interrupted = false;
        for (Thread thread : started) { // the executor counts a thread as ended while it still winds up
            for (boolean ended = false; !ended;) {
                try {
                    thread.join();
                    ended = true;
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private final class Ahead implements Iterator<Batch> {
        private final Epoch epoch;
        private final Queue<Future<Batch>> waiting = new ArrayDeque<>();
        private int asked;
        private int taken;

        private Ahead(Epoch epoch) {
            this.epoch = epoch;
        }

        @Override
        public boolean hasNext() {
            return taken < epoch.size();
        }

        @Override
        public Batch next() {
            if (!hasNext()) {
                throw new NoSuchElementException("epoch: expected at most " + epoch.size() + " batches to be asked for");
            }
            try {
                ask();
                Batch batch = waiting.remove().get();
                taken++;
                ask();
                return batch;
            } catch (ExecutionException e) {
                throw end(e.getCause());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw end(new IllegalStateException("prefetch: interrupted while waiting for batch " + taken, e));
            } catch (CancellationException | RejectedExecutionException e) {
                throw end(new IllegalStateException("prefetch: closed before batch " + taken + " of " + epoch.size(), e));
            }
        }

        private void ask() {
            while (asked < epoch.size() && waiting.size() < ahead) {
                int place = asked;
                waiting.add(threads.submit(() -> epoch.batch(place)));
                asked++;
            }
        }

        /** Lets go of what was asked for, and returns the exception to be thrown. */
        private RuntimeException end(Throwable cause) {
            waiting.forEach(future -> future.cancel(true));
            waiting.clear();
            taken = epoch.size();
            return switch (cause) {
                case IOException e -> new UncheckedIOException(e);
                case RuntimeException e -> e;
                case Error e -> throw e;
                default -> new IllegalStateException("prefetch: expected an unchecked exception", cause);
            };
        }
    }
}
