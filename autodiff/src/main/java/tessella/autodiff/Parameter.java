package tessella.autodiff;

import tessella.engine.NdArray;
import tessella.engine.Shape;

/** A named tensor that is learned: tapes compute its gradient without being asked, unless it is frozen. */
public final class Parameter {
    private final String name;
    private final Tensor tensor;
    private volatile boolean frozen;

    /** A parameter with this value, which should live in a shared scope. */
    public Parameter(String name, NdArray value) {
        this.name = name;
        this.tensor = new Tensor(value, this);
    }

    static boolean isTrainable(Tensor tensor) {
        return tensor.parameter != null && !tensor.parameter.frozen;
    }

    /** The dotted name, such as "blocks.0.mlp.in.kernel". */
    public String name() {
        return name;
    }

    /** The tensor to compute with. */
    public Tensor tensor() {
        return tensor;
    }

    /** The array, which optimisers change in place. */
    public NdArray value() {
        return tensor.value();
    }

    /** The shape. */
    public Shape shape() {
        return tensor.shape();
    }

    /** Whether no gradient is computed. */
    public boolean isFrozen() {
        return frozen;
    }

    /** Stops learning: no gradient, and no memory for one. */
    public void freeze() {
        frozen = true;
    }

    /** Learns again. */
    public void unfreeze() {
        frozen = false;
    }

    @Override
    public String toString() {
        return name + " " + tensor;
    }
}
