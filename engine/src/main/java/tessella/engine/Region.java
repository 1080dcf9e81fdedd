package tessella.engine;

/** Runs the tasks of one operator on the team of this thread, with its operands checked and kept from being closed. */
final class Region {
    static {
        FlightWatch.begin();
    }

    private Region() {}

    static void run(String op, int tasks, Workers.Task task, NdArray... operands) {
        run(op, tasks, 0, task, operands);
    }

    /** With the floating-point operations of its products, for {@link Profile}. */
    static void run(String op, int tasks, long flops, Workers.Task task, NdArray... operands) {
        using(op, tasks, flops, () -> Workers.current().run(tasks, task), operands);
    }

    /** Runs an action of one task while the scopes of the operands cannot be closed. */
    static void using(String op, Runnable action, NdArray... operands) {
        using(op, 1, 0, action, operands);
    }

    /** Runs an action while the scopes of the operands cannot be closed. */
    static void using(String op, int tasks, long flops, Runnable action, NdArray... operands) {
        int entered = 0;
        try {
            for (NdArray operand : operands) {
                if (operand != null) {
                    operand.allocation().scope().enter(operand.allocation());
                }
                entered++;
                if (operand != null) {
                    operand.check(op);
                }
            }
            if (Watch.on) {
                Watch.run(op, tasks, flops, action, operands);
            } else {
                action.run();
            }
        } finally {
            for (int i = 0; i < entered; i++) {
                if (operands[i] != null) {
                    operands[i].allocation().scope().exit(operands[i].allocation());
                }
            }
        }
    }

    /** Number of parts of at most grain elements. */
    static int parts(long size, long grain) {
        return Math.toIntExact((size + grain - 1) / grain);
    }
}
