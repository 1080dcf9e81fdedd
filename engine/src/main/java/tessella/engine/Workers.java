package tessella.engine;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
import java.util.function.Supplier;

/**
 * A team of threads that runs the independent tasks of one operator.
 *
 * <p>The tasks depend on shapes, or are cut where no bit can change, so the results have the same bits for any team. The
 * caller takes part. A team that is busy with another caller's region, or a region inside a region, runs its tasks inline.
 * Threads spin for some microseconds after a region, then park; they are daemons. Any thread, virtual ones included, may
 * call. In the first two regions of an operator the caller ends one task before the others begin. Interrupting the caller does not stop a region.
 */
public final class Workers implements AutoCloseable {
    static final String THREADS = "tessella.threads";
    /** More threads than any machine has: a larger number is a slip. */
    static final int MOST = 1 << 12;

    private static final ScopedValue<Workers> TEAM = ScopedValue.newInstance();
    /** Longer than the gap between two operators of a small model, shorter than anyone else's need of the core. */
    private static final long SPIN_NANOS = 30_000;

    /** First regions of a class of tasks, in which the caller runs one task alone before the others begin. */
    private static final int COLD = 2;

    /** Regions of a class of tasks so far, counted up to {@link #COLD}. */
    private static final ClassValue<AtomicInteger> REGIONS = new ClassValue<>() {
        @Override
        protected AtomicInteger computeValue(Class<?> type) {
            return new AtomicInteger();
        }
    };

    /** For operators inside a task. */
    private static final Workers ALONE = new Workers(1, true);

    private final Worker[] threads;
    private final boolean shared;
    private final AtomicBoolean busy = new AtomicBoolean();
    private volatile Region region;
    private volatile boolean closed;

    /** A task of a region; index is in [0, tasks). */
    interface Task {
        void run(int index, Scratch scratch);
    }

    private static final class Default {
        static final Workers TEAM = new Workers((int) Platform.setting(THREADS,
                Runtime.getRuntime().availableProcessors(), MOST), true);
    }

    private Workers(int size, boolean shared) {
        this.shared = shared;
        threads = new Worker[size - 1];
        for (int i = 0; i < threads.length; i++) {
            threads[i] = new Worker(i);
            threads[i].start();
        }
    }

    /**
     * A team of this many threads, the caller counted.
     *
     * @throws IllegalArgumentException if there is not at least one, or more than 4,096
     */
    public static Workers of(int threads) {
        if (threads < 1 || threads > MOST) {
            throw new IllegalArgumentException("workers: expected at least 1 thread and at most " + MOST + ", found " + threads);
        }
        return new Workers(threads, false);
    }

    /**
     * The team of this thread: that of the enclosing {@link #with}, or the default one, which has as many threads as
     * {@code -Dtessella.threads} says or, without it, as the machine or container has processors for this JVM.
     */
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

    /**
     * Runs tasks [0, tasks), each once, in any order and side by side; the operators of a task stay in its thread. For many small
     * operators, each too short to be shared. The first exception is thrown on when all tasks have ended; scopes and
     * tapes of the caller are not those of a task, whose results leave it in a {@link Scope#shared} one.
     */
    public void each(int tasks, IntConsumer task) {
        run(tasks, (index, scratch) -> with(ALONE, () -> task.accept(index)));
    }

    /** Whether this thread belongs to a team, and so runs a task of somebody's region. */
    static boolean isWorker() {
        return Thread.currentThread() instanceof Worker;
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
        if (tasks <= 1 || threads.length == 0 || isWorker()
                || !busy.compareAndSet(false, true)) {
            inline(tasks, task);
            return;
        }
        try {
            Region mine = new Region(tasks, task, Math.min(tasks, size()));
            Scratch.prepare(size());
            if (isCold(task)) {
                // until its vectors are compiled a task is slow, and the others would take the cores of the compilers
                mine.take(0, 1);
            }
            region = mine;
            for (int i = 0; i < threads.length && i < tasks - 1; i++) {
                threads[i].wake();
            }
            mine.take(0, tasks);
            mine.await();
        } finally {
            busy.set(false);
        }
    }

    private static boolean isCold(Task task) {
        AtomicInteger regions = REGIONS.get(task.getClass());
        return regions.get() < COLD && regions.getAndIncrement() < COLD;
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

    /**
     * Ends the threads; a region under way finishes first. A team that is closed already stays so.
     *
     * @throws IllegalStateException for the default team, which all threads of the program share
     */
    @Override
    public void close() {
        if (shared) {
            throw new IllegalStateException("workers: the default team belongs to the whole program and is never closed; "
                    + "close only a team that Workers.of(threads) gave");
        }
        closed = true;
        for (Worker worker : threads) {
            LockSupport.unpark(worker);
        }
    }

    private static final class Region {
        private final int tasks;
        /** Forgotten at the end, for with it go the arrays of the operator. */
        private Task task;
        /** The next task of each thread's share. */
        private final AtomicIntegerArray next;
        private final AtomicInteger ended = new AtomicInteger();
        private final AtomicReference<Throwable> failure = new AtomicReference<>();

        Region(int tasks, Task task, int shares) {
            this.tasks = tasks;
            this.task = task;
            next = new AtomicIntegerArray(shares);
            for (int share = 0; share < shares; share++) {
                next.setPlain(share, start(share));
            }
        }

        private int start(int share) {
            return (int) ((long) tasks * share / next.length());
        }

        /** Runs this many tasks, or fewer when none is left to begin. */
        void take(int share, int most) {
            int index = claim(share);
            if (index < 0) {
                return;
            }
            Scratch scratch = Scratch.take();
            int done = 0;
            for (; index >= 0; index = done < most ? claim(share) : -1) {
                try {
                    if (failure.getPlain() == null) {
                        task.run(index, scratch);
                    }
                } catch (Throwable e) {
                    failure.compareAndSet(null, e);
                }
                done++;
            }
            // before the tasks count as ended: the caller may then trim all memory
            scratch.giveBack();
            ended.addAndGet(done);
        }

        /**
         * A task that nobody has begun, or -1: one of the thread's own share while there is one, so that the next operator
         * finds in the cache of the core what this one wrote, then one of another's.
         */
        private int claim(int share) {
            for (int s = 0; s < next.length(); s++) {
                int from = (share + s) % next.length();
                int end = start(from + 1);
                if (next.get(from) < end) {
                    int index = next.getAndIncrement(from);
                    if (index < end) {
                        return index;
                    }
                }
            }
            return -1;
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
            task = null;
            switch (failure.get()) {
                case null -> { }
                case RuntimeException e -> throw e;
                case Error e -> throw e;
                case Throwable e -> throw new IllegalStateException(e);
            }
        }
    }

    private final class Worker extends Thread {
        private final int share;
        private volatile boolean parked;

        Worker(int index) {
            super("tessella-worker-" + index);
            share = index + 1; // the caller has share 0
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
                    mine.take(share, mine.tasks);
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
