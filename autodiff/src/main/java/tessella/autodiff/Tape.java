package tessella.autodiff;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import tessella.engine.NdArray;
import tessella.engine.Pointwise;
import tessella.engine.Profile;
import tessella.engine.Scope;
import tessella.engine.Shape;

/**
 * Records operators, and runs their gradients backwards (reverse mode, first order only: the gradients themselves are not
 * recorded, and no gradient of a gradient can be taken).
 *
 * <pre>{@code
 * try (Tape tape = Tape.record()) {
 *     Tensor loss = ...;
 *     optimizer.step(tape.gradients(loss));
 * }
 * }</pre>
 *
 * <p>A tape belongs to the thread that opened it and has a scope of its own: all that the step took is returned when it
 * closes. Cotangents are added in the reverse order of recording, so their bits are reproducible.
 */
public final class Tape implements AutoCloseable {
    private static final ThreadLocal<Tape> CURRENT = new ThreadLocal<>();

    private final Tape outer = CURRENT.get();
    private final Thread owner = Thread.currentThread();
    private final Scope scope = Scope.open();
    private final List<Node> nodes = new ArrayList<>();
    private final Map<Tensor, Leaf> leaves = new IdentityHashMap<>();
    private boolean taken;
    /** The checkpointed block that runs now, unrecorded, or null. */
    private Block block;
    /** Results of the checkpointed block that is being run again, or null. */
    private List<NdArray> again;

    private Tape() {}

    /** The gradient of an operator: hands the cotangent of each operand to the receiver, given that of the result. */
    @FunctionalInterface
    public interface Vjp {
        /** Computes the cotangents; dy is the cotangent of the result. */
        void run(NdArray dy, Cotangents to);
    }

    /** A recorded operator: what its gradient keeps, and the gradient. */
    static final class Node {
        private final Tape tape;
        private final String op;
        private final Shape shape;
        private final NdArray[] saved;
        private final Vjp vjp;
        private NdArray cotangent;

        private Node(Tape tape, String op, Shape shape, NdArray[] saved, Vjp vjp) {
            this.tape = tape;
            this.op = op;
            this.shape = shape;
            this.saved = saved;
            this.vjp = vjp;
        }

        private void run(Cotangents to) {
            if (Profile.isWatched()) {
                Profile.gradientOf(op, () -> vjp.run(cotangent, to));
            } else {
                vjp.run(cotangent, to);
            }
        }
    }

    private static final class Leaf {
        private NdArray cotangent;
    }

    /** A checkpointed block while it runs unrecorded: its memory, and what it reads of the memory of the tape. */
    private final class Block {
        private final Scope inside;
        private final List<NdArray> read = new ArrayList<>();
        /** Results, by identity, that a recorded run would track. */
        private final Map<Tensor, Boolean> tracked = new IdentityHashMap<>();

        private Block(Scope inside) {
            this.inside = inside;
        }

        private boolean made(NdArray array) {
            return array.scope() == inside || array.scope().isInside(inside);
        }

        private void reads(NdArray array) {
            if (!made(array) && array.liveUntil(scope).scope() == scope) {
                read.add(array);
            }
        }

        private void reads(NdArray[] saved, Tensor[] operands) {
            for (NdArray array : saved) {
                reads(array);
            }
            for (Tensor operand : operands) {
                if (operand != null) {
                    reads(operand.value());
                }
            }
        }
    }

    /** Starts recording in this thread. */
    public static Tape record() {
        Tape tape = new Tape();
        CURRENT.set(tape);
        return tape;
    }

    /** Whether a tape records in this thread; not while the block of a {@link #checkpoint} runs for the first time. */
    public static boolean isRecording() {
        Tape tape = CURRENT.get();
        return tape != null && tape.block == null;
    }

    /**
     * Declares that the gradient of an input is wanted. Returns the input.
     *
     * @throws IllegalArgumentException if a recorded operator made it
     * @throws IllegalStateException in another thread than that of the tape
     */
    public Tensor watch(Tensor input) {
        checkThread("watch");
        if (input.node != null) {
            throw new IllegalArgumentException("watch: expected a tensor that no recorded operator made, found a result of "
                    + input.node.op + " of shape " + input.shape());
        }
        leaves.computeIfAbsent(input, t -> new Leaf());
        return input;
    }

    private void checkThread(String what) {
        if (Thread.currentThread() != owner) {
            throw new IllegalStateException(what + " in thread " + Thread.currentThread().getName() + ": the tape belongs to thread "
                    + owner.getName() + "; record one in each thread");
        }
    }

    private boolean tracks(Tensor tensor) {
        if (block != null && block.tracked.containsKey(tensor)) {
            return true;
        }
        return tensor.node != null ? tensor.node.tape == this : leaves.containsKey(tensor) || watchParameter(tensor);
    }

    private boolean watchParameter(Tensor tensor) {
        if (Parameter.isTrainable(tensor)) {
            leaves.put(tensor, new Leaf());
            return true;
        }
        return false;
    }

    /** What a gradient keeps of its forward pass; arrays of its own (statistics, probabilities) are freed if unused. */
    public static NdArray[] saved(NdArray... arrays) {
        return arrays;
    }

    /**
     * The result of an operator: recorded with its gradient if a tape records and an operand is tracked.
     *
     * @param op name for errors
     * @param y the result
     * @param saved the arrays that vjp reads; they stay alive until it has run
     * @param vjp the gradient
     * @param operands every tensor that it was given, those without a gradient too: what else is saved is the operator's own
     */
    public static Tensor operator(String op, NdArray y, NdArray[] saved, Vjp vjp, Tensor... operands) {
        Tape tape = CURRENT.get();
        for (Tape around = tape; around != null; around = around.outer) {
            if (around.block != null) {
                around.block.reads(saved, operands);
            }
        }
        boolean tracked = false;
        if (tape != null) {
            for (Tensor operand : operands) {
                tracked |= operand != null && tape.tracks(operand);
            }
        }
        if (tracked && tape.block == null) {
            return tape.append(op, y, saved, vjp);
        }
        free(saved, y, operands);
        Tensor result = Tensor.of(y);
        if (tracked) {
            tape.block.tracked.put(result, true);
        }
        return result;
    }

    private Tensor append(String op, NdArray y, NdArray[] saved, Vjp vjp) {
        y.liveUntil(scope);
        for (NdArray array : saved) {
            hold(array.liveUntil(scope));
        }
        if (again != null) {
            hold(y);
            again.add(y);
        }
        Node node = new Node(this, op, y.shape(), saved, vjp);
        nodes.add(node);
        return new Tensor(y, node);
    }

    /** Arrays of outer scopes are their owner's: the tape neither counts on them nor returns them. */
    private void hold(NdArray array) {
        if (array.scope() == scope) {
            array.hold();
        }
    }

    private void letGo(NdArray array) {
        if (array.scope() == scope) {
            array.letGo();
        }
    }

    /** Frees what only the gradient would have read. */
    private static void free(NdArray[] saved, NdArray y, Tensor[] operands) {
        for (NdArray array : saved) {
            boolean shared = array.sharesMemoryWith(y);
            for (Tensor operand : operands) {
                shared |= operand != null && operand.value().sharesMemoryWith(array);
            }
            if (!shared && mayFree(array)) {
                array.free();
            }
        }
    }

    /** Whether no checkpointed block that runs now was given the memory from outside, and will read it again. */
    private static boolean mayFree(NdArray array) {
        for (Tape tape = CURRENT.get(); tape != null; tape = tape.outer) {
            if (tape.block != null && !tape.block.made(array)) {
                return false;
            }
        }
        return true;
    }

    /**
     * Runs a part of a forward pass, such as a block of a deep model: without a tape, all its memory but the result is
     * returned at once, so that inference needs a few activations, not all.
     */
    public static Tensor local(Supplier<Tensor> part) {
        if (isRecording()) {
            return part.get();
        }
        Scope outer = Scope.current();
        try (Scope _ = Scope.open()) {
            Tensor result = part.get();
            result.value().liveUntil(outer);
            return result;
        }
    }

    /**
     * Runs one step of a chain, such as a block of a deep model, on an intermediate value that nothing reads afterwards:
     * as {@link #local}, and without a tape the memory of x is returned too.
     */
    public static Tensor consume(Tensor x, UnaryOperator<Tensor> step) {
        Tensor y = local(() -> step.apply(x));
        if (!isRecording() && !y.value().sharesMemoryWith(x.value()) && mayFree(x.value())) {
            x.value().free();
        }
        return y;
    }

    /**
     * y = block(x), of which the tape keeps only what the block reads from outside, x above all: the gradient runs the block
     * a second time, recorded, and goes back through it at once. The gradients are those of block.apply(x) to the bit, of
     * parameters and of other tensors that the block reads too; a stack of such blocks needs one x a block and the
     * activations of one block, for about a third more computing. Blocks may be checkpointed inside a block.
     *
     * <p>The block must compute the same in both runs: its random numbers come from {@link tessella.engine.Random}, whose
     * keys replay them. Without a tape, this is {@link #local}. The result is in the innermost scope.
     *
     * @throws IllegalStateException from {@link #gradients}, if the second run gives another shape or type, or a result
     *     that depends on nothing tracked
     */
    public static Tensor checkpoint(Tensor x, UnaryOperator<Tensor> block) {
        return isRecording() ? CURRENT.get().unrecorded(x, block) : local(() -> block.apply(x));
    }

    private Tensor unrecorded(Tensor x, UnaryOperator<Tensor> part) {
        Scope around = Scope.current();
        try (Scope inside = Scope.open()) {
            block = new Block(inside);
            Tensor y = part.apply(x);
            y.value().liveUntil(around);
            // a result that was there before the block keeps the node it has
            return block.tracked.containsKey(y)
                    ? append("checkpoint", y.value(), block.read.toArray(NdArray[]::new), (dy, to) -> runAgain(x, part, dy, to))
                    : y;
        } finally {
            block = null;
        }
    }

    /** Records the block; its operators, now the last of the tape, are those that the gradient goes through next. */
    private void runAgain(Tensor x, UnaryOperator<Tensor> part, NdArray dy, Cotangents to) {
        Tape current = CURRENT.get();
        List<NdArray> results = new ArrayList<>();
        CURRENT.set(this);
        again = results;
        Tensor y;
        try (Scope _ = Scope.open()) {
            y = part.apply(x);
            if (!y.shape().equals(dy.shape()) || y.dtype() != dy.dtype() || !tracks(y)) {
                throw new IllegalStateException("checkpoint: the block gave " + dy.dtype() + " " + dy.shape()
                        + " first and, for the gradient, " + y + (tracks(y) ? "" : " that depends on nothing tracked")
                        + "; it must compute the same in both runs");
            }
        } finally {
            again = null;
            CURRENT.set(current);
        }
        to.add(y, dy);
        // what no gradient keeps goes at once
        results.forEach(this::letGo);
    }

    /**
     * The gradients of a loss of one element.
     *
     * @throws IllegalArgumentException if the loss has more elements, or no recorded operator made it
     * @throws IllegalStateException if gradients were taken from this tape before
     */
    public Gradients gradients(Tensor loss) {
        return gradients(loss, 1);
    }

    /** The gradients of a loss of one element, times a weight; errors as for {@link #gradients(Tensor)}. */
    public Gradients gradients(Tensor loss, double weight) {
        checkThread("gradients");
        if (loss.shape().size() != 1) {
            throw new IllegalArgumentException("gradients: expected a loss of one element, found shape " + loss.shape()
                    + "; take its mean or sum, or pass cotangents");
        }
        return gradients(List.of(loss), List.of(NdArray.full(scope, loss.dtype(), loss.shape(), weight)));
    }

    /**
     * The vector-Jacobian product: gradients of sum over i of (cotangent_i . output_i). Memory of the forward pass is
     * returned as the pass goes back; what must be read afterwards is kept by {@link Tensor#keep}. A gradient that equals a
     * cotangent that was passed (of a sum, for example) may share its memory; the cotangents are not written to.
     *
     * @throws IllegalArgumentException if there is not one cotangent for each output, of its shape and type, or nothing
     *     recorded an output; the tape then is as it was
     * @throws IllegalStateException if gradients were taken from this tape before, or in another thread than that of the tape
     */
    public Gradients gradients(List<Tensor> outputs, List<NdArray> cotangents) {
        checkThread("gradients");
        if (taken) {
            throw new IllegalStateException("gradients: taken from this tape already, its memory is returned; record again");
        }
        if (outputs.size() != cotangents.size()) {
            throw new IllegalArgumentException("gradients: expected a cotangent for each of " + outputs.size()
                    + " outputs, found " + cotangents.size());
        }
        for (int i = 0; i < outputs.size(); i++) {
            Tensor output = outputs.get(i);
            NdArray cotangent = cotangents.get(i);
            if (!output.shape().equals(cotangent.shape()) || output.dtype() != cotangent.dtype()) {
                throw new IllegalArgumentException("gradients: expected a cotangent of " + output.dtype() + " "
                        + output.shape() + " for output " + i + ", found " + cotangent.dtype() + " " + cotangent.shape());
            }
            if (!tracks(output)) {
                throw new IllegalArgumentException("gradients: output " + i + " of shape " + output.shape()
                        + " depends on no parameter or watched input of this tape; watch the input before the operators, and "
                        + "take no gradients of gradients, which are of first order only and not recorded");
            }
        }
        taken = true;
        Cotangents to = new Cotangents();
        for (int i = 0; i < outputs.size(); i++) {
            // one more holder, to the end: nothing is then added in place to what is the caller's
            to.add(outputs.get(i), cotangents.get(i).hold());
        }
        // a checkpointed block adds its operators at the end while the pass goes back
        while (!nodes.isEmpty()) {
            Node node = nodes.removeLast();
            if (node.cotangent != null) {
                node.run(to);
                node.cotangent.letGo();
                node.cotangent = null;
            }
            for (NdArray array : node.saved) {
                letGo(array);
            }
        }
        Map<Tensor, NdArray> out = new IdentityHashMap<>();
        leaves.forEach((tensor, leaf) -> {
            if (leaf.cotangent != null) {
                NdArray gradient = leaf.cotangent.contiguous();
                // held by one, so that others may be added to it in place
                out.put(tensor, gradient == leaf.cotangent ? gradient : gradient.hold());
            }
        });
        return new Gradients(out);
    }

    /** Receives the cotangents of operands. */
    public final class Cotangents {
        private Cotangents() {}

        /** Whether the cotangent of an operand is wanted: where one computation gives several, to leave out what is not. */
        public boolean wants(Tensor operand) {
            return tracks(operand);
        }

        /** Adds a cotangent that is computed only if it is wanted. */
        public void add(Tensor operand, Supplier<NdArray> cotangent) {
            if (tracks(operand)) {
                add(operand, cotangent.get());
            }
        }

        /** Adds a cotangent; the array, if nothing else holds it, then belongs to the tape. */
        public void add(Tensor operand, NdArray cotangent) {
            if (!cotangent.shape().equals(operand.shape())) {
                throw new IllegalStateException("gradient: cotangent of shape " + cotangent.shape() + " for an operand of shape "
                        + operand.shape());
            }
            if (operand.node != null && operand.node.tape == Tape.this) {
                operand.node.cotangent = sum(operand.node.cotangent, cotangent);
            } else if (operand.node == null && tracks(operand)) {
                Leaf leaf = leaves.get(operand);
                leaf.cotangent = sum(leaf.cotangent, cotangent);
            } else if (cotangent.isUnheld()) {
                cotangent.free();
            }
        }

        private NdArray sum(NdArray sum, NdArray next) {
            if (sum == null) {
                return next.liveUntil(scope).hold();
            }
            if (sum.isHeldOnce() && sum.isContiguous()) {
                Pointwise.applyInto(Pointwise.Binary.ADD, sum, next, sum);
                if (next.isUnheld()) {
                    next.free();
                }
                return sum;
            }
            NdArray fresh = Pointwise.apply(Pointwise.Binary.ADD, sum, next).hold();
            sum.letGo();
            if (next.isUnheld()) {
                next.free();
            }
            return fresh;
        }
    }

    /** Stops recording and returns all memory of the step. */
    @Override
    public void close() {
        if (CURRENT.get() != this) {
            throw new IllegalStateException("tape: closed in another thread, twice, or before a tape opened after it");
        }
        scope.close();
        CURRENT.set(outer);
    }
}
