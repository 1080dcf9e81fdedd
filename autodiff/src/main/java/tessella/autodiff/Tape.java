package tessella.autodiff;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import tessella.engine.NdArray;
import tessella.engine.Pointwise;
import tessella.engine.Scope;
import tessella.engine.Shape;

/**
 * Records operators, and runs their gradients backwards (reverse mode, first order only: the gradients themselves are not
 * recorded).
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
    private final Scope scope = Scope.open();
    private final List<Node> nodes = new ArrayList<>();
    private final Map<Tensor, Leaf> leaves = new IdentityHashMap<>();
    private boolean taken;

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
    }

    private static final class Leaf {
        private NdArray cotangent;
    }

    /** Starts recording in this thread. */
    public static Tape record() {
        Tape tape = new Tape();
        CURRENT.set(tape);
        return tape;
    }

    /** Whether a tape records in this thread. */
    public static boolean isRecording() {
        return CURRENT.get() != null;
    }

    /** Declares that the gradient of an input is wanted. Returns the input. */
    public Tensor watch(Tensor input) {
        if (input.node != null) {
            throw new IllegalArgumentException("watch: expected a tensor that no recorded operator made, found a result of "
                    + input.node.op + " of shape " + input.shape());
        }
        leaves.computeIfAbsent(input, t -> new Leaf());
        return input;
    }

    private boolean tracks(Tensor tensor) {
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
     * @param operands the operands
     */
    public static Tensor operator(String op, NdArray y, NdArray[] saved, Vjp vjp, Tensor... operands) {
        Tape tape = CURRENT.get();
        boolean tracked = false;
        if (tape != null) {
            for (Tensor operand : operands) {
                tracked |= operand != null && tape.tracks(operand);
            }
        }
        if (!tracked) {
            free(saved, y, operands);
            return Tensor.of(y);
        }
        y.liveUntil(tape.scope);
        for (NdArray array : saved) {
            tape.hold(array.liveUntil(tape.scope));
        }
        Node node = new Node(tape, op, y.shape(), saved, vjp);
        tape.nodes.add(node);
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
            if (!shared) {
                array.free();
            }
        }
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
        if (!isRecording() && !y.value().sharesMemoryWith(x.value())) {
            x.value().free();
        }
        return y;
    }

    /**
     * The gradients of a loss of one element.
     *
     * @throws IllegalArgumentException if the loss has more elements, or no recorded operator made it
     * @throws IllegalStateException if gradients were taken from this tape before
     */
    public Gradients gradients(Tensor loss) {
        if (loss.shape().size() != 1) {
            throw new IllegalArgumentException("gradients: expected a loss of one element, found shape " + loss.shape()
                    + "; take its mean or sum, or pass cotangents");
        }
        return gradients(List.of(loss), List.of(NdArray.full(scope, loss.dtype(), loss.shape(), 1)));
    }

    /**
     * The vector-Jacobian product: gradients of sum over i of (cotangent_i . output_i). Memory of the forward pass is
     * returned as the pass goes back; what must be read afterwards is kept by {@link Tensor#keep}.
     *
     * @throws IllegalArgumentException if an output and its cotangent differ in shape or type, or nothing recorded an output
     * @throws IllegalStateException if gradients were taken from this tape before
     */
    public Gradients gradients(List<Tensor> outputs, List<NdArray> cotangents) {
        if (taken) {
            throw new IllegalStateException("gradients: taken from this tape already, its memory is returned; record again");
        }
        taken = true;
        Cotangents to = new Cotangents();
        for (int i = 0; i < outputs.size(); i++) {
            Tensor output = outputs.get(i);
            NdArray cotangent = cotangents.get(i);
            if (!output.shape().equals(cotangent.shape()) || output.dtype() != cotangent.dtype()) {
                throw new IllegalArgumentException("gradients: expected a cotangent of " + output.dtype() + " "
                        + output.shape() + " for output " + i + ", found " + cotangent.dtype() + " " + cotangent.shape());
            }
            if (!tracks(output)) {
                throw new IllegalArgumentException("gradients: output " + i + " of shape " + output.shape()
                        + " depends on no parameter or watched input of this tape");
            }
            // a copy: cotangents are added to in place
            to.add(output, cotangent.copy());
        }
        for (int i = nodes.size() - 1; i >= 0; i--) {
            Node node = nodes.get(i);
            if (node.cotangent != null) {
                node.vjp.run(node.cotangent, to);
                node.cotangent.letGo();
                node.cotangent = null;
            }
            for (NdArray array : node.saved) {
                letGo(array);
            }
        }
        nodes.clear();
        Map<Tensor, NdArray> out = new IdentityHashMap<>();
        leaves.forEach((tensor, leaf) -> {
            if (leaf.cotangent != null) {
                out.put(tensor, leaf.cotangent.contiguous());
            }
        });
        return new Gradients(out);
    }

    /** Receives the cotangents of operands. */
    public final class Cotangents {
        private Cotangents() {}

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
