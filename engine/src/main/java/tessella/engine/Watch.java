package tessella.engine;

import java.util.HashMap;
import java.util.Map;

/**
 * Times operators while somebody looks: a {@link Profile}, or a recording of the JDK Flight Recorder. An operator that runs
 * inside another is part of that one.
 */
final class Watch {
    /** The one thing that an operator reads while nobody looks; volatile, so that a thread at work sees the change. */
    static volatile boolean on;

    private static final ThreadLocal<Place> PLACE = ThreadLocal.withInitial(Place::new);
    private static volatile Profile profile;
    private static volatile boolean flight;

    private Watch() {}

    /** Where a thread is. */
    private static final class Place {
        private boolean inside;
        /** The operator whose gradient runs, or null. */
        private String gradientOf;

        private String name(String op) {
            return gradientOf == null || op.endsWith(" gradient") ? op : op + " (" + gradientOf + " gradient)";
        }
    }

    /** Where the elements of a view begin. */
    private record Start(Allocation allocation, long offset) {}

    static synchronized void begin(Profile next) {
        if (profile != null) {
            throw new IllegalStateException("profile: another one records; close it first, or read that one");
        }
        profile = next;
        on = true;
    }

    static synchronized void end() {
        profile = null;
        on = flight;
    }

    static synchronized void flight(boolean recording) {
        flight = recording;
        on = recording || profile != null;
    }

    /** Runs the region of an operator, and tells of it unless it lies inside that of another. */
    static void run(String op, int tasks, long flops, Runnable action, NdArray... operands) {
        Place place = PLACE.get();
        if (place.inside || Workers.isWorker()) {
            action.run();
            return;
        }
        Profile reader = profile;
        OperatorEvent event = flight ? new OperatorEvent() : null;
        place.inside = true;
        if (event != null) {
            event.begin();
        }
        long start = System.nanoTime();
        try {
            action.run();
        } finally {
            long nanos = System.nanoTime() - start;
            place.inside = false;
            if (event != null) {
                event.end();
            }
            tell(reader, event, place.name(op), tasks, nanos, flops, bytes(operands));
        }
    }

    private static void tell(Profile reader, OperatorEvent event, String name, int tasks, long nanos, long flops, long bytes) {
        if (event != null && event.shouldCommit()) {
            event.operator = name;
            event.tasks = tasks;
            event.flops = flops;
            event.bytes = bytes;
            event.commit();
        }
        if (reader != null) {
            reader.add(name, tasks, nanos, flops, bytes);
        }
    }

    /** Names what runs after the operator whose gradient it serves. */
    static void gradientOf(String op, Runnable gradient) {
        Place place = PLACE.get();
        String before = place.gradientOf;
        place.gradientOf = op;
        try {
            gradient.run();
        } finally {
            place.gradientOf = before;
        }
    }

    /** Bytes of arrays, of views that begin in the same place those of the largest. */
    static long bytes(NdArray... operands) {
        Map<Start, Long> largest = new HashMap<>();
        for (NdArray operand : operands) {
            if (operand != null) {
                largest.merge(new Start(operand.allocation(), operand.offset()), operand.ownBytes(), Math::max);
            }
        }
        return largest.values().stream().mapToLong(bytes -> bytes).sum();
    }
}
