package tessella.engine;

import java.util.ArrayList;
import java.util.List;

/**
 * The loops of an elementwise operator over a shape: axes along which all operands advance evenly are merged, the last one
 * left is the run that a kernel takes, the others are counted by row.
 */
final class Nest {
    /** Elements of a task: large enough to hide its dispatch, small enough to share. */
    private static final long GRAIN = 1 << 14;
    /** Parts of a run begin at whole vectors. */
    private static final long UNIT = 64;

    private final long[] sizes;
    private final long[][] strides;
    /** Elements in a run, and the stride of each operand inside it. */
    final int run;
    final long[] step;
    final long rows;

    private Nest(List<long[]> axes, int operands) {
        long[] inner = axes.isEmpty() ? new long[operands + 1] : axes.getLast();
        int outer = Math.max(0, axes.size() - 1);
        run = axes.isEmpty() ? 1 : Math.toIntExact(inner[0]);
        step = new long[operands];
        System.arraycopy(inner, 1, step, 0, operands);
        sizes = new long[outer];
        strides = new long[operands][outer];
        long count = 1;
        for (int i = 0; i < outer; i++) {
            sizes[i] = axes.get(i)[0];
            count *= sizes[i];
            for (int o = 0; o < operands; o++) {
                strides[o][i] = axes.get(i)[o + 1];
            }
        }
        rows = count;
    }

    /** The loops over shape, to which every operand has been broadcast. */
    static Nest of(Shape shape, NdArray... operands) {
        List<long[]> axes = new ArrayList<>();
        for (int axis = 0; axis < shape.rank(); axis++) {
            if (shape.dim(axis) == 1) {
                continue;
            }
            long[] next = new long[operands.length + 1];
            next[0] = shape.dim(axis);
            for (int o = 0; o < operands.length; o++) {
                next[o + 1] = operands[o].stride(axis);
            }
            long[] last = axes.isEmpty() ? null : axes.getLast();
            if (last != null && merges(last, next)) {
                last[0] *= next[0];
                System.arraycopy(next, 1, last, 1, operands.length);
            } else {
                axes.add(next);
            }
        }
        return new Nest(axes, operands.length);
    }

    private static boolean merges(long[] outer, long[] inner) {
        if (outer[0] * inner[0] > Integer.MAX_VALUE) {
            return false;
        }
        for (int i = 1; i < outer.length; i++) {
            if (outer[i] != inner[i] * inner[0]) {
                return false;
            }
        }
        return true;
    }

    /** Elements from the start of operand o to row. */
    long offset(int o, long row) {
        long at = 0;
        for (int i = sizes.length - 1; i >= 0; i--) {
            at += row % sizes[i] * strides[o][i];
            row /= sizes[i];
        }
        return at;
    }

    interface Run {
        /** Elements [from, from + length) of the run of a row. */
        void run(long row, int from, int length);
    }

    /** Calls body over all rows; rows, or parts of a long one, are shared among the team. */
    void run(String op, Run body, NdArray... operands) {
        if (rows == 0 || run == 0) {
            return;
        }
        if (run >= GRAIN) {
            Split split = Split.of(run, GRAIN, UNIT);
            Region.run(op, Math.toIntExact(rows * split.parts()), (task, scratch) -> {
                int part = task % split.parts();
                body.run(task / split.parts(), (int) split.from(part), split.length(part));
            }, operands);
        } else {
            Split split = Split.rows(rows, run, GRAIN);
            Region.run(op, split.parts(), (task, scratch) -> {
                for (long row = split.from(task), end = split.to(task); row < end; row++) {
                    body.run(row, 0, run);
                }
            }, operands);
        }
    }
}
