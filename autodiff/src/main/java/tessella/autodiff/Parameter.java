package tessella.autodiff;

import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.PackedMatrix;
import tessella.engine.Scope;
import tessella.engine.Shape;

/** A named tensor that is learned: tapes compute its gradient without being asked, unless it is frozen. */
public final class Parameter {
    private final String name;
    private final Tensor tensor;
    private volatile boolean frozen;
    private volatile PackedMatrix packed;

    /** A parameter with this value, which should live in a shared scope. */
    public Parameter(String name, NdArray value) {
        this.name = name;
        this.tensor = new Tensor(value, this);
    }

    static boolean isTrainable(Tensor tensor) {
        return tensor.parameter != null && !tensor.parameter.frozen;
    }

    /** The packed copy that products with this tensor on their right read, or null. */
    static PackedMatrix packed(Tensor tensor) {
        return tensor.parameter == null ? null : tensor.parameter.packed;
    }

    /** Whether products with this tensor on their right read a packed copy of it ({@link #pack}). */
    public static boolean isPacked(Tensor tensor) {
        return packed(tensor) != null;
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

    /**
     * Freezes it, and copies its value [.., k, n] into scope, in the order in which products read their right operand: those of
     * {@link LinearAlgebra#linear} and {@link LinearAlgebra#matmul} with this tensor on their right use the copy from now on, and pack
     * nothing themselves. Their bits stay the same, or become those of rounded weights if stored is BF16. What the array holds later does
     * not matter to them.
     *
     * @param scope  where the copy lives, for as long as the parameter is used; shared, if threads share the parameter
     * @param stored the type of the value, or BF16 for one of float32
     * @throws IllegalArgumentException if the value has less than two axes, or no such type
     */
    public void pack(Scope scope, DType stored) {
        if (stored != value().dtype() && stored != DType.BF16) {
            throw new IllegalArgumentException("pack: expected " + value().dtype() + " or BF16 for " + this + ", found " + stored);
        }
        PackedMatrix copy = stored == DType.BF16 ? PackedMatrix.bfloat16(scope, value()) : PackedMatrix.of(scope, value());
        unpack();
        freeze();
        packed = copy;
    }

    private void unpack() {
        PackedMatrix copy = packed;
        packed = null;
        if (copy != null) {
            copy.free();
        }
    }

    /** Learns again; a packed copy is returned. */
    public void unfreeze() {
        unpack();
        frozen = false;
    }

    @Override
    public String toString() {
        return name + " " + tensor;
    }
}
