package tessella.autodiff;

import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;

/**
 * An array with, while a {@link Tape} records, the operator that made it.
 *
 * <p>The one type that operators take and return: with a tape they record, without one they only compute. A tensor lives
 * as long as its array. Reading one from several threads is safe when its scope is shared.
 */
public final class Tensor {
    private final NdArray value;
    /** The operator that made this, or null for a constant or a leaf. */
    final Tape.Node node;
    /** The parameter whose value this is, or null. */
    final Parameter parameter;

    Tensor(NdArray value, Tape.Node node) {
        this.value = value;
        this.node = node;
        this.parameter = null;
    }

    Tensor(NdArray value, Parameter parameter) {
        this.value = value;
        this.node = null;
        this.parameter = parameter;
    }

    /** A constant. */
    public static Tensor of(NdArray value) {
        return new Tensor(value, (Tape.Node) null);
    }

    /** A float32 constant in scope, row-major; errors as for {@link NdArray#of(Scope, Shape, float[])}. */
    public static Tensor of(Scope scope, Shape shape, float[] values) {
        return of(NdArray.of(scope, shape, values));
    }

    /** A float64 constant in scope, row-major; errors as for {@link NdArray#of(Scope, Shape, double[])}. */
    public static Tensor of(Scope scope, Shape shape, double[] values) {
        return of(NdArray.of(scope, shape, values));
    }

    /** The array. */
    public NdArray value() {
        return value;
    }

    /** The shape. */
    public Shape shape() {
        return value.shape();
    }

    /** Extent of an axis; negative axes count from the end. */
    public long dim(int axis) {
        return value.shape().dim(axis);
    }

    /** The element type. */
    public DType dtype() {
        return value.dtype();
    }

    /** The elements row-major, as float32. */
    public float[] toFloats() {
        return value.toFloats();
    }

    /** The elements row-major, as float64. */
    public double[] toDoubles() {
        return value.toDoubles();
    }

    /** The only element; throws if there is not exactly one. */
    public double item() {
        return value.item();
    }

    /** Moves the memory to another scope. Returns this tensor. */
    public Tensor moveTo(Scope scope) {
        value.moveTo(scope);
        return this;
    }

    /** Keeps the value readable after {@link Tape#gradients}, which else returns memory as it goes. Returns this tensor. */
    public Tensor keep() {
        value.hold();
        return this;
    }

    @Override
    public String toString() {
        return value.toString();
    }
}
