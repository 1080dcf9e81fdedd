package tessella.engine;

import java.util.Arrays;

/**
 * One parallel region over many arrays: each is cut into parts of whole units, and small parts share a task. Parts depend on
 * the extents only; a pass that runs again leaves nothing on the heap.
 */
final class Pass implements Runnable, Workers.Task {
    /** What a pass does to units [from, from + units) of an array; the parts of all arrays are counted through. */
    interface Work {
        void run(int array, long from, int units, int part);
    }

    private final String op;
    private final NdArray[] operands;
    private final Work work;
    /** The first part of each array, and the number of all. */
    private final int[] parts;
    /** The first part of each task, and the number of all. */
    private final int[] tasks;
    private final int[] arrays;
    private final long[] from;
    private final int[] lengths;

    /**
     * A pass over arrays of so many units each.
     *
     * @param units of each array, 0 for one that this pass leaves out
     * @param costs elements that a unit of each array stands for
     * @param grain elements of a part
     * @param operands what the pass reads and writes; the caller may exchange them between runs
     */
    Pass(String op, long[] units, long[] costs, long grain, NdArray[] operands, Work work) {
        this.op = op;
        this.operands = operands;
        this.work = work;
        parts = new int[units.length + 1];
        for (int i = 0; i < units.length; i++) {
            parts[i + 1] = Math.addExact(parts[i], Region.parts(units[i], perPart(costs[i], grain)));
        }
        int count = parts[units.length];
        arrays = new int[count];
        from = new long[count];
        lengths = new int[count];
        int[] starts = new int[count + 1];
        int begun = 0;
        long filled = grain;
        for (int i = 0; i < units.length; i++) {
            long step = perPart(costs[i], grain);
            for (int part = parts[i]; part < parts[i + 1]; part++) {
                arrays[part] = i;
                from[part] = (part - parts[i]) * step;
                lengths[part] = (int) Math.min(step, units[i] - from[part]);
                long cost = lengths[part] * costs[i];
                if (filled + cost > grain) {
                    starts[begun++] = part;
                    filled = 0;
                }
                filled += cost;
            }
        }
        starts[begun] = count;
        tasks = Arrays.copyOf(starts, begun + 1);
    }

    private static long perPart(long cost, long grain) {
        return Math.max(1, grain / Math.max(1, cost));
    }

    /** Runs all parts, while the scopes of the operands cannot be closed. */
    void start() {
        Region.using(op, tasks(), 0, this, operands);
    }

    /** Number of all parts. */
    int parts() {
        return arrays.length;
    }

    /** Number of tasks that the team shares. */
    int tasks() {
        return tasks.length - 1;
    }

    /** The sum of what the parts of an array gave, in their order. */
    double sum(double[] ofParts, int array) {
        double total = 0;
        for (int part = parts[array]; part < parts[array + 1]; part++) {
            total += ofParts[part];
        }
        return total;
    }

    @Override
    public void run() {
        Workers.current().run(tasks(), this);
    }

    @Override
    public void run(int task, Scratch scratch) {
        for (int part = tasks[task]; part < tasks[task + 1]; part++) {
            work.run(arrays[part], from[part], lengths[part], part);
        }
    }
}
