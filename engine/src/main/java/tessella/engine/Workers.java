package tessella.engine;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * A team of threads that runs the independent tasks of one operator.
 *
 * <p>The tasks depend on shapes, never on the number of threads, so the results have the same bits for any team. The
 * caller takes part. A team that is busy with another caller's region, or a region inside a region, runs its tasks inline.
 * Threads spin for some microseconds after a region, then park; they are daemons. Any thread, virtual ones included, may
 * call. Interrupting the caller does not stop a region.
 */
public final class Workers implements AutoCloseable {
    private static final ScopedValue<Workers> TEAM = ScopedValue.newInstance();
    /** Longer than the gap between two operators of a small model, shorter than anyone else's need of the core. */
    private static final long SPIN_NANOS = 30_000;

    private final Worker[] threads;
    private final AtomicBoolean busy = new AtomicBoolean();
    private volatile Region region;
    private volatile boolean closed;

    /** A task of a region; index is in [0, tasks). */
    interface Task {
        void run(int index, Scratch scratch);
    }

    private static final class Default {
        static final Workers TEAM = new Workers(
                Integer.getInteger("tessella.threads", Runtime.getRuntime().availableProcessors()));
    }

    private Workers(int size) {
        threads = new Worker[size - 1];
        for (int i = 0; i < threads.length; i++) {
            threads[i] = new Worker(i);
            threads[i].start();
        }
    }

    /**
     * A team of this many threads, the caller counted.
     *
     * @throws IllegalArgumentException if threads is not positive
     */
    public static Workers of(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("workers: expected at least 1 thread, found " + threads);
        }
        return new Workers(threads);
    }

    /** The team of this thread: that of the enclosing {@link #with}, or the default one, sized from the CPU quota. */
    public static Workers current() {
        return TEAM.isBound() ? TEAM.get() : Default.TEAM;
    }

    /** Runs an action whose operators use this team. */
    public static void with(Workers workers, Runnable action) {
        ScopedValue.where(TEAM, workers).run(action);
    }

    /** Computes a value with operators that use this team. */
    public static <T> T with(Workers workers, Supplier<T> action) {
        return ScopedValue.where(TEAM, workers).call(action::get);
    }

    /** Number of threads, the caller counted. */
    public int size() {
        return threads.length + 1;
    }

    /** Runs tasks [0, tasks), each once, in any order; returns when all have ended. The first exception is thrown on. */
    void run(int tasks, Task task) {
        if (closed) {
            throw new IllegalStateException("workers: this team is closed; open another with Workers.of(threads)");
        }
        if (tasks <= 1 || threads.length == 0 || Thread.currentThread() instanceof Worker
                || !busy.compareAndSet(false, true)) {
            inline(tasks, task);
            return;
        }
        try {
            Region mine = new Region(tasks, task);
            region = mine;
            for (int i = 0; i < threads.length && i < tasks - 1; i++) {
                threads[i].wake();
            }
            mine.take();
            mine.await();
        } finally {
            busy.set(false);
        }
    }

    private static void inline(int tasks, Task task) {
        Scratch scratch = Scratch.take();
        try {
            for (int i = 0; i < tasks; i++) {
                task.run(i, scratch);
            }
        } finally {
            scratch.giveBack();
        }
    }

    /** Ends the threads; a region under way finishes first. */
    @Override
    public void close() {
        closed = true;
        for (Worker worker : threads) {
            LockSupport.unpark(worker);
        }
    }

    private static final class Region {
        private final int tasks;
        private final Task task;
        private final AtomicInteger next = new AtomicInteger();
        private final AtomicInteger ended = new AtomicInteger();
        private volatile Throwable failure;

        Region(int tasks, Task task) {
            this.tasks = tasks;
            this.task = task;
        }

        void take() {
            if (next.get() >= tasks) {
                return;
            }
            Scratch scratch = Scratch.take();
            int done = 0;
            for (int i = next.getAndIncrement(); i < tasks; i = next.getAndIncrement()) {
                try {
                    if (failure == null) {
                        task.run(i, scratch);
                    }
                } catch (Throwable e) {
                    failure = e;
                }
                done++;
            }
            // before the tasks count as ended: the caller may then trim all memory
            scratch.giveBack();
            ended.addAndGet(done);
        }

        void await() {
            for (int spins = 0; ended.get() < tasks; spins++) {
                // a task of another thread lasts microseconds; yielding helps when that thread has lost its core
                if (spins < 10_000) {
                    Thread.onSpinWait();
                } else {
                    Thread.yield();
                }
            }
            switch (failure) {
                case null -> { }
                case RuntimeException e -> throw e;
                case Error e -> throw e;
                case Throwable e -> throw new IllegalStateException(e);
            }
        }
    }

    private final class Worker extends Thread {
        private volatile boolean parked;

        Worker(int index) {
            super("tessella-worker-" + index);
            setDaemon(true);
        }

        void wake() {
            if (parked) {
                LockSupport.unpark(this);
            }
        }

        @Override
        public void run() {
            Region seen = null;
            while (!closed) {
                Region mine = awaitOther(seen);
                if (mine != null) {
                    mine.take();
                }
                seen = mine;
            }
        }

        private Region awaitOther(Region seen) {
            long start = System.nanoTime();
            while (region == seen && !closed) {
                if (System.nanoTime() - start < SPIN_NANOS) {
                    Thread.onSpinWait();
                    continue;
                }
                parked = true;
                // looked at again after the flag is up: a region set in between would not wake us
                if (region == seen && !closed) {
                    LockSupport.park(this);
                }
                parked = false;
                start = System.nanoTime();
            }
            return region;
        }
    }
}
