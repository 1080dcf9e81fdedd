package tessella.engine;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Where the time goes: the operators that ran while it recorded, in all threads, with what they computed and moved.
 *
 * <pre>{@code
 * Profile profile = Profile.record();
 * try (profile) {
 *     model.logits(images);
 * }
 * profile.table().forEach(System.out::println);
 * }</pre>
 *
 * <p>The time of an operator is that of the thread that called it, from its first task to the end of its last; one that runs
 * inside another, or in a thread of a team, is part of that which is under way. Results do not depend on whether a profile
 * records, and operators pay nothing while none does. One profile records at a time; thread-safe.
 */
public final class Profile implements AutoCloseable {
    /** What the last row of a table is called: the time in which no operator ran. */
    public static final String OTHER = "other";

    static {
        FlightWatch.begin();
    }

    private final Thread opener = Thread.currentThread();
    private final long start = System.nanoTime();
    private final Map<String, Totals> totals = new HashMap<>();
    /** Of operators that the opener called, and others. */
    private long own;
    private long foreign;
    private long end;
    private boolean closed;

    private Profile() {}

    private static final class Totals {
        private long calls;
        private long tasks;
        private long nanos;
        private long flops;
        private long bytes;
    }

    /**
     * An operator, all its calls together.
     *
     * @param operator its name; inside a gradient, with that of the operator whose gradient it is
     * @param calls    how often it ran
     * @param tasks    parts that the team shared
     * @param nanos    time of the threads that called it
     * @param share    of the time of all rows, from 0 to 1
     * @param flops    multiplications and additions of matrix products, 0 for other operators; of attention those of all keys,
     *                 hidden ones too
     * @param bytes    what operands and results hold, each piece of memory once a call; what is repeated by broadcasting counts once
     */
    public record Row(String operator, long calls, long tasks, long nanos, double share, long flops, long bytes) {
        /** FLOP a second; 0 if no time passed. */
        public double flopRate() {
            return nanos == 0 ? 0 : flops * 1e9 / nanos;
        }

        /** Bytes a second; 0 if no time passed. */
        public double byteRate() {
            return nanos == 0 ? 0 : bytes * 1e9 / nanos;
        }
    }

    /**
     * Begins to record the operators of all threads.
     *
     * @throws IllegalStateException if another profile records
     */
    public static Profile record() {
        Profile profile = new Profile();
        Watch.begin(profile);
        return profile;
    }

    /** Whether anybody looks: a profile, or a recording of the JDK Flight Recorder. */
    public static boolean isWatched() {
        return Watch.on;
    }

    /** Runs the gradient of an operator: the operators inside are then told apart from the same elsewhere. */
    public static void gradientOf(String operator, Runnable gradient) {
        Watch.gradientOf(operator, gradient);
    }

    synchronized void add(String operator, int tasks, long nanos, long flops, long bytes) {
        if (closed) {
            return;
        }
        Totals sum = totals.computeIfAbsent(operator, name -> new Totals());
        sum.calls++;
        sum.tasks += tasks;
        sum.nanos += nanos;
        sum.flops += flops;
        sum.bytes += bytes;
        if (Thread.currentThread() == opener) {
            own += nanos;
        } else {
            foreign += nanos;
        }
    }

    /** Nanoseconds from the start to the end, or to now. */
    public synchronized long nanos() {
        return (closed ? end : System.nanoTime()) - start;
    }

    /**
     * The operators by their time, the longest first, and last {@link #OTHER}: what the thread that began the profile spent outside
     * of operators. The times of all rows add up to the time of the profile, and those of operators that other threads called.
     */
    public synchronized List<Row> table() {
        long other = Math.max(0, nanos() - own);
        double all = Math.max(1, own + foreign + other);
        List<Row> rows = new ArrayList<>();
        totals.forEach((name, sum) ->
                rows.add(new Row(name, sum.calls, sum.tasks, sum.nanos, sum.nanos / all, sum.flops, sum.bytes)));
        rows.sort(Comparator.comparingLong(Row::nanos).reversed().thenComparing(Row::operator));
        rows.add(new Row(OTHER, 0, 0, other, other / all, 0, 0));
        return List.copyOf(rows);
    }

    /**
     * Ends the recording; the table stays.
     *
     * @throws IllegalStateException if it has ended already
     */
    @Override
    public synchronized void close() {
        if (closed) {
            throw new IllegalStateException("profile: closed twice");
        }
        end = System.nanoTime();
        closed = true;
        Watch.end();
    }
}
