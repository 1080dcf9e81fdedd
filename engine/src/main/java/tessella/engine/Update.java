package tessella.engine;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tessella.kernels.ReductionsKernels;

/**
 * The steps of an optimiser on many arrays in place: p -= lr (multiplier u + decay p), where the {@link UpdateRule} makes u
 * of the gradients. The number of parallel regions of a step does not depend on the number of arrays, and after the first
 * steps nothing is left on the heap. Bits depend on the shapes only, not on the threads. One thread at a time may use it.
 *
 * <p>What it keeps between steps lives in the scope that {@link #of} was given; numbers below the normal range are kept as 0.
 */
public abstract sealed class Update permits SgdUpdate, AdamUpdate, AdafactorUpdate {
    /** Elements of a part of work. */
    static final int PART = 1 << 14;
    /** Elements of a part of a sum of squares. */
    static final int SQUARES = 1 << 16;

    final String op;
    final int count;
    /** Values, gradients of this step, then each kind of state, count of each; null where there is none. */
    final NdArray[] operands;
    final double[] multipliers;
    final double[] decays;
    /** The learning rate of this step, what gradients are multiplied by, and the largest of their elements before. */
    double rate;
    double scale;
    double limit;
    private final Pass squares;
    /** The gradients again, which is all that their norm reads. */
    private final NdArray[] read;
    private final double[] sums;
    private long steps;

    /**
     * An array that is learned.
     *
     * @param value what moves
     * @param multiplier of its learning rate, not of its decay
     * @param decay share of itself that it loses a step, times the learning rate
     */
    public record Target(NdArray value, double multiplier, double decay) {
        /** Checks the ranges. */
        public Target {
            if (!(multiplier >= 0 && Double.isFinite(multiplier) && decay >= 0 && Double.isFinite(decay))) {
                throw new IllegalArgumentException("update: expected a finite multiplier and decay of at least 0, found "
                        + multiplier + " and " + decay);
            }
        }
    }

    Update(String op, List<Target> targets, int kinds) {
        this.op = op;
        count = targets.size();
        operands = new NdArray[(2 + kinds) * count];
        multipliers = targets.stream().mapToDouble(Target::multiplier).toArray();
        decays = targets.stream().mapToDouble(Target::decay).toArray();
        long[] sizes = new long[count];
        for (int i = 0; i < count; i++) {
            NdArray value = targets.get(i).value();
            value.check(op);
            if (!value.dtype().isComputed() || !value.isContiguous()) {
                throw new IllegalArgumentException(op + ": expected contiguous float32 or float64 arrays, found " + value);
            }
            operands[i] = value;
            sizes[i] = value.size();
        }
        read = new NdArray[count];
        squares = new Pass(op + " norm", sizes, ones(), SQUARES, read, this::addSquares);
        sums = new double[squares.parts()];
    }

    /**
     * The steps of a rule on these arrays; what it keeps of them begins at 0, in scope.
     *
     * @throws IllegalArgumentException if an array is not contiguous, or not float32 or float64
     */
    public static Update of(UpdateRule rule, Scope scope, List<Target> targets) {
        return switch (rule) {
            case UpdateRule.Sgd sgd -> new SgdUpdate(sgd, scope, targets);
            case UpdateRule.Adam adam -> new AdamUpdate(adam, scope, targets);
            case UpdateRule.Adafactor adafactor -> new AdafactorUpdate(adafactor, scope, targets);
        };
    }

    /**
     * Sets the gradient of an array for the next step; null: the array and what is kept of it stay as they are.
     *
     * @throws IllegalArgumentException if its shape or type differs, or it is not contiguous
     */
    public final void gradient(int index, NdArray gradient) {
        NdArray value = operands[index];
        if (gradient != null && (gradient.dtype() != value.dtype() || !gradient.shape().equals(value.shape())
                || !gradient.isContiguous())) {
            throw new IllegalArgumentException(op + ": expected a contiguous gradient " + value.dtype() + " " + value.shape()
                    + ", found " + gradient);
        }
        operands[count + index] = gradient;
    }

    /** Forgets the gradients that were set. */
    public final void forget() {
        Arrays.fill(operands, count, 2 * count, null);
    }

    /** The global norm of the gradients that were set: sqrt of the sum of all their squares, in float64. */
    public final double norm() {
        System.arraycopy(operands, count, read, 0, count);
        try {
            squares.start();
        } finally {
            Arrays.fill(read, null);
        }
        double total = 0;
        for (int i = 0; i < count; i++) {
            total += gradient(i) == null ? 0 : squares.sum(sums, i);
        }
        return Math.sqrt(total);
    }

    private void addSquares(int i, long from, int n, int part) {
        NdArray g = gradient(i);
        if (g != null) {
            sums[part] = ReductionsKernels.sumOfSquares(g.dtype().precision(), g.segment(), at(g, from), n);
        }
    }

    /**
     * Takes a step with the gradients that were set, and forgets them.
     *
     * @param rate the learning rate
     * @param scale what the gradients are multiplied by, for clipping by norm; 1 for none
     * @param limit what their elements are limited to before, for clipping by value; positive infinity for none
     * @throws IllegalStateException if an array was freed; nothing has changed then
     */
    public final void step(double rate, double scale, double limit) {
        this.rate = rate;
        this.scale = scale;
        this.limit = limit;
        try {
            update(steps + 1);
            steps++;
        } finally {
            forget();
        }
    }

    /** Steps taken. */
    public final long steps() {
        return steps;
    }

    /**
     * Goes on as if so many steps had been taken.
     *
     * @throws IllegalArgumentException if they are negative
     */
    public final void steps(long taken) {
        if (taken < 0) {
            throw new IllegalArgumentException(op + ": expected a number of steps of at least 0, found " + taken);
        }
        steps = taken;
    }

    /** What is kept of an array, by name; empty if nothing is. To go on later, these and {@link #steps} must come back. */
    public final Map<String, NdArray> state(int index) {
        Map<String, NdArray> state = new LinkedHashMap<>();
        List<String> names = names();
        for (int kind = 0; kind < names.size(); kind++) {
            if (state(kind, index) != null) {
                state.put(names.get(kind), state(kind, index));
            }
        }
        return state;
    }

    /** Moves all arrays, t counting from 1. */
    abstract void update(long t);

    /** Names of the kinds of state, in their order; a kind beyond them is no state but working memory. */
    abstract List<String> names();

    final NdArray value(int index) {
        return operands[index];
    }

    final NdArray gradient(int index) {
        return operands[count + index];
    }

    final NdArray state(int kind, int index) {
        return operands[(2 + kind) * count + index];
    }

    final void keep(int kind, int index, Scope scope, Shape shape) {
        operands[(2 + kind) * count + index] = NdArray.zeros(scope, value(index).dtype(), shape);
    }

    /** A pass over all elements of all values. */
    final Pass elements(Pass.Work work) {
        long[] sizes = new long[count];
        Arrays.setAll(sizes, i -> value(i).size());
        return new Pass(op, sizes, ones(), PART, operands, work);
    }

    private long[] ones() {
        long[] ones = new long[count];
        Arrays.fill(ones, 1);
        return ones;
    }

    static long at(NdArray x, long element) {
        return x.offset() + element * x.dtype().bytes();
    }
}
