package tessella.engine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.function.Function;

/**
 * An array of numbers in off-heap memory, seen through a shape and strides. Operators compute with float32 and float64;
 * float16 and bfloat16 arrays are moved, stored and converted.
 *
 * <p>It lives as long as its scope, or until {@link #free}; views share its memory and its lifetime. Any use after that
 * throws an {@link IllegalStateException} that names the shape and the operator that made it. An array of a confined scope
 * may be used by the scope's thread only; one of a shared scope may be read by all.
 */
public final class NdArray {
    private final Allocation allocation;
    private final DType dtype;
    private final Shape shape;
    private final long[] strides;
    /** Elements from the start of the block. */
    private final long start;

    private NdArray(Allocation allocation, DType dtype, Shape shape, long[] strides, long start) {
        this.allocation = allocation;
        this.dtype = dtype;
        this.shape = shape;
        this.strides = strides;
        this.start = start;
    }

    /** An array in scope whose elements are not set; op names it in errors. */
    static NdArray empty(Scope scope, String op, DType dtype, Shape shape) {
        long bytes;
        try {
            bytes = Math.multiplyExact(shape.size(), dtype.bytes());
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException(op + ": " + dtype + " " + shape + " takes more than 2^63 - 1 bytes", e);
        }
        return new NdArray(new Allocation(scope, bytes, op, shape), dtype, shape, shape.strides(), 0);
    }

    /** A result of an operator, in the innermost open scope, its elements not set. */
    static NdArray result(String op, DType dtype, Shape shape) {
        if (!dtype.isComputed()) {
            throw new IllegalArgumentException(op + ": expected float32 or float64, found " + dtype + " " + shape
                    + ", a type of storage; convert it with to(DType.F32) first");
        }
        return empty(Scope.current(), op, dtype, shape);
    }

    /** An array in scope whose elements are not set: memory that is used again keeps what it held. */
    public static NdArray empty(Scope scope, DType dtype, Shape shape) {
        return empty(scope, "empty", dtype, shape);
    }

    /** An array of zeros in scope. */
    public static NdArray zeros(Scope scope, DType dtype, Shape shape) {
        NdArray out = empty(scope, "zeros", dtype, shape);
        out.bytes().fill((byte) 0);
        return out;
    }

    /** An array in scope with every element set to value. */
    public static NdArray full(Scope scope, DType dtype, Shape shape, double value) {
        NdArray out = empty(scope, "full", dtype, shape);
        if (dtype.isComputed()) {
            Pointwise.fill(out, value);
        } else {
            try (Scope inner = Scope.open()) {
                Conversions.convert(full(inner, DType.F64, shape, value), out);
            }
        }
        return out;
    }

    /**
     * A float32 array in scope with these elements, row-major.
     *
     * @throws IllegalArgumentException if the number of values is not the shape's
     */
    public static NdArray of(Scope scope, Shape shape, float[] values) {
        checkLength("of", shape, values.length);
        NdArray out = empty(scope, "of", DType.F32, shape);
        out.copyFrom(values);
        return out;
    }

    /** A float64 array in scope with these elements, row-major; errors as for float32. */
    public static NdArray of(Scope scope, Shape shape, double[] values) {
        checkLength("of", shape, values.length);
        NdArray out = empty(scope, "of", DType.F64, shape);
        out.copyFrom(values);
        return out;
    }

    /** The shape. */
    public Shape shape() {
        return shape;
    }

    /** The element type. */
    public DType dtype() {
        return dtype;
    }

    /** Number of elements. */
    public long size() {
        return shape.size();
    }

    /** Whether elements lie row-major without gaps. */
    public boolean isContiguous() {
        long expected = 1;
        for (int i = strides.length - 1; i >= 0; i--) {
            if (shape.dim(i) != 1 && strides[i] != expected) {
                return shape.size() == 0;
            }
            expected *= shape.dim(i);
        }
        return true;
    }

    long stride(int axis) {
        return strides[shape.axis(axis)];
    }

    /** Bytes of the elements, those that are repeated by broadcasting once. */
    long ownBytes() {
        long elements = 1;
        for (int i = 0; i < strides.length; i++) {
            elements *= strides[i] == 0 ? Math.min(1, shape.dim(i)) : shape.dim(i);
        }
        return elements * dtype.bytes();
    }

    MemorySegment segment() {
        return allocation.segment();
    }

    /** Byte offset of the first element in {@link #segment}. */
    long offset() {
        return allocation.offset() + start * dtype.bytes();
    }

    Allocation allocation() {
        return allocation;
    }

    /** Throws unless the array is alive and this thread may use it. */
    void check(String op) {
        if (allocation.isClosed()) {
            throw new IllegalStateException(op + ": the " + dtype + " array " + shape + " made by " + allocation.op
                    + " was freed, by its scope or by the gradient that used it last; keep its scope open, or use it earlier"
                    + allocation.history());
        }
        allocation.scope().checkThread(op);
    }

    // ---- views: no copy, the same memory and lifetime

    /**
     * The same elements in another shape, a view.
     *
     * @throws IllegalArgumentException if the number of elements differs, or if the strides do not allow a view (then
     *     take {@link #contiguous} first)
     */
    public NdArray reshape(Shape target) {
        check("reshape");
        if (target.size() != shape.size()) {
            throw new IllegalArgumentException("reshape: " + shape + " has " + shape.size() + " elements, " + target + " has "
                    + target.size() + "; expected equal numbers");
        }
        long[] merged = isContiguous() ? target.strides() : stridesFor(target);
        if (merged == null) {
            throw new IllegalArgumentException("reshape: " + shape + " with strides " + Arrays.toString(strides)
                    + " has no view of shape " + target + "; call contiguous() first");
        }
        return new NdArray(allocation, dtype, target, merged, start);
    }

    /** Whether {@link #reshape} to this shape, of as many elements, is a view. */
    boolean reshapes(Shape target) {
        return isContiguous() || stridesFor(target) != null;
    }

    /** This array in another shape: a view if the strides allow one, else a contiguous copy in the innermost scope. */
    public NdArray reshaped(Shape target) {
        return target.size() != shape.size() || reshapes(target) ? reshape(target) : copy().reshape(target);
    }

    /** Strides of a view of the target shape, or null if an axis of it would span a gap. */
    private long[] stridesFor(Shape target) {
        long[] out = new long[target.rank()];
        int from = 0;
        int to = 0;
        while (from < shape.rank() || to < target.rank()) {
            // the smallest groups of axes, on both sides, with equal products
            int fromEnd = from;
            int toEnd = to;
            long left = fromEnd < shape.rank() ? shape.dim(fromEnd++) : 1;
            long right = toEnd < target.rank() ? target.dim(toEnd++) : 1;
            while (left != right) {
                if (left < right) {
                    left *= shape.dim(fromEnd++);
                } else {
                    right *= target.dim(toEnd++);
                }
            }
            long stride = 0;
            long next = -1;
            for (int i = fromEnd - 1; i >= from; i--) {
                if (shape.dim(i) != 1) {
                    if (next < 0) {
                        stride = strides[i];
                    } else if (strides[i] != next) {
                        return null;
                    }
                    next = strides[i] * shape.dim(i);
                }
            }
            for (int i = toEnd - 1; i >= to; i--) {
                out[i] = stride;
                stride *= target.dim(i);
            }
            from = fromEnd;
            to = toEnd;
        }
        return out;
    }

    /**
     * Axes reordered: axis i of the view is axis order[i] of this array.
     *
     * @throws IllegalArgumentException if order is not a permutation of the axes
     */
    public NdArray permute(int... order) {
        check("permute");
        long[] dims = new long[shape.rank()];
        long[] permuted = new long[shape.rank()];
        boolean[] seen = new boolean[shape.rank()];
        boolean valid = order.length == shape.rank();
        for (int i = 0; valid && i < order.length; i++) {
            int axis = order[i];
            valid = axis >= 0 && axis < seen.length && !seen[axis];
            if (valid) {
                seen[axis] = true;
                dims[i] = shape.dim(axis);
                permuted[i] = strides[axis];
            }
        }
        if (!valid) {
            throw new IllegalArgumentException("permute: expected each axis of " + shape + " once, found "
                    + Arrays.toString(order));
        }
        return new NdArray(allocation, dtype, Shape.of(dims), permuted, start);
    }

    /** The last two axes exchanged. */
    public NdArray transpose() {
        if (shape.rank() < 2) {
            throw new IllegalArgumentException("transpose: expected at least 2 axes, found shape " + shape);
        }
        int[] order = new int[shape.rank()];
        Arrays.setAll(order, i -> i);
        order[order.length - 1] = order.length - 2;
        order[order.length - 2] = order.length - 1;
        return permute(order);
    }

    /**
     * Elements [from, to) of an axis.
     *
     * @throws IllegalArgumentException if the range does not lie in the axis
     */
    public NdArray slice(int axis, long from, long to) {
        check("slice");
        int at = shape.axis(axis);
        if (from < 0 || to < from || to > shape.dim(at)) {
            throw new IllegalArgumentException("slice: expected a range inside [0, " + shape.dim(at) + "] of axis " + axis
                    + " of " + shape + ", found [" + from + ", " + to + ")");
        }
        return new NdArray(allocation, dtype, shape.with(at, to - from), strides, start + from * strides[at]);
    }

    /**
     * Every step-th element of [from, to) of an axis; a view.
     *
     * @throws IllegalArgumentException if the range does not lie in the axis or the step is not positive
     */
    public NdArray slice(int axis, long from, long to, long step) {
        if (step < 1) {
            throw new IllegalArgumentException("slice: expected a positive step, found " + step);
        }
        NdArray range = slice(axis, from, to);
        int at = shape.axis(axis);
        long[] stepped = strides.clone();
        stepped[at] *= step;
        return new NdArray(allocation, dtype, shape.with(at, (to - from + step - 1) / step), stepped, range.start);
    }

    /** The elements of an axis in reverse order; a view. */
    NdArray reversed(int axis) {
        check("flip");
        int at = shape.axis(axis);
        long[] back = strides.clone();
        back[at] = -back[at];
        return new NdArray(allocation, dtype, shape, back, start + Math.max(0, shape.dim(at) - 1) * strides[at]);
    }

    /** A contiguous copy in the innermost scope, the elements of the given axes in reverse order. */
    public NdArray flipped(int... axes) {
        NdArray view = this;
        for (int axis : axes) {
            view = view.reversed(axis);
        }
        return view.copy();
    }

    /**
     * The elements whose indices along two axes are equal, along the first of them; a view without the second.
     *
     * @throws IllegalArgumentException if the axes are the same or their extents differ
     */
    public NdArray diagonal(int first, int second) {
        check("diagonal");
        int a = shape.axis(first);
        int b = shape.axis(second);
        if (a == b || shape.dim(a) != shape.dim(b)) {
            throw new IllegalArgumentException("diagonal: expected two axes of one extent of " + shape + ", found " + first + " and "
                    + second);
        }
        long[] merged = new long[strides.length - 1];
        for (int axis = 0, at = 0; axis < strides.length; axis++) {
            if (axis != b) {
                merged[at++] = strides[axis] + (axis == a ? strides[b] : 0);
            }
        }
        return new NdArray(allocation, dtype, shape.without(b), merged, start);
    }

    /**
     * Axes of extent 1, and new leading axes, repeated without a copy.
     *
     * @throws IllegalArgumentException if the shapes do not broadcast to the target
     */
    public NdArray broadcastTo(Shape target) {
        check("broadcastTo");
        if (!Shape.broadcast("broadcastTo", shape, target).equals(target)) {
            throw new IllegalArgumentException("broadcastTo: " + shape + " does not broadcast to " + target);
        }
        long[] out = new long[target.rank()];
        int added = target.rank() - shape.rank();
        for (int i = added; i < out.length; i++) {
            out[i] = shape.dim(i - added) == target.dim(i) ? strides[i - added] : 0;
        }
        return new NdArray(allocation, dtype, target, out, start);
    }

    // ---- copies

    /** This array if it is contiguous, else a contiguous copy in the innermost scope. */
    public NdArray contiguous() {
        check("contiguous");
        return isContiguous() ? this : copy();
    }

    /** A contiguous copy in the innermost scope. */
    public NdArray copy() {
        check("copy");
        NdArray out = empty(Scope.current(), "copy", dtype, shape);
        Copies.copy(this, out);
        return out;
    }

    /**
     * The elements in another type, in the innermost scope: rounded to nearest, ties to even, or widened exactly. Of this type
     * already: a copy.
     */
    public NdArray to(DType target) {
        check("to");
        NdArray source = contiguous();
        NdArray out = empty(Scope.current(), "to", target, shape);
        Conversions.convert(source, out);
        source.freeUnless(this);
        return out;
    }

    /**
     * Sets every element from an array of the same shape and type; this array may be any view.
     *
     * @throws IllegalArgumentException if shapes or types differ
     */
    public void copyFrom(NdArray source) {
        if (!source.shape.equals(shape) || source.dtype != dtype) {
            throw new IllegalArgumentException("copyFrom: expected a " + dtype + " array of shape " + shape + ", found "
                    + source.dtype + " " + source.shape);
        }
        Copies.copy(source, this);
    }

    /**
     * Sets the elements of this contiguous array, row-major, converting to its type.
     *
     * @throws IllegalArgumentException if the number of values differs or the array is not contiguous
     */
    public void copyFrom(float[] values) {
        MemorySegment target = target(values.length);
        if (dtype == DType.F32) {
            MemorySegment.copy(values, 0, target, ValueLayout.JAVA_FLOAT, 0, values.length);
        } else {
            try (Scope inner = Scope.open()) {
                Conversions.convert(of(inner, shape, values), this);
            }
        }
    }

    /** Sets the elements of this contiguous array, row-major, rounding to its type; errors as for float[]. */
    public void copyFrom(double[] values) {
        MemorySegment target = target(values.length);
        if (dtype == DType.F64) {
            MemorySegment.copy(values, 0, target, ValueLayout.JAVA_DOUBLE, 0, values.length);
        } else {
            try (Scope inner = Scope.open()) {
                Conversions.convert(of(inner, shape, values), this);
            }
        }
    }

    private MemorySegment target(int length) {
        check("copyFrom");
        checkLength("copyFrom", shape, length);
        return bytes();
    }

    /** The elements row-major, rounded or widened to float32. */
    public float[] toFloats() {
        float[] out = new float[heapLength()];
        if (dtype == DType.F32) {
            read(segment -> MemorySegment.copy(segment, ValueLayout.JAVA_FLOAT, 0, out, 0, out.length));
            return out;
        }
        try (Scope _ = Scope.open()) {
            return to(DType.F32).toFloats();
        }
    }

    /** The elements row-major, widened to float64. */
    public double[] toDoubles() {
        double[] out = new double[heapLength()];
        if (dtype == DType.F64) {
            read(segment -> MemorySegment.copy(segment, ValueLayout.JAVA_DOUBLE, 0, out, 0, out.length));
            return out;
        }
        try (Scope _ = Scope.open()) {
            return to(DType.F64).toDoubles();
        }
    }

    private void read(java.util.function.Consumer<MemorySegment> reader) {
        check("reading");
        if (isContiguous()) {
            Region.using("reading", () -> reader.accept(bytes()), this);
        } else {
            try (Scope _ = Scope.open()) {
                NdArray copy = copy();
                reader.accept(copy.bytes());
            }
        }
    }

    private int heapLength() {
        if (shape.size() > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("reading: " + shape + " has " + shape.size()
                    + " elements, more than a Java array holds; read slices");
        }
        return (int) shape.size();
    }

    /**
     * The only element.
     *
     * @throws IllegalArgumentException if there is not exactly one
     */
    public double item() {
        if (shape.size() != 1) {
            throw new IllegalArgumentException("item: expected an array of one element, found shape " + shape);
        }
        return get(new long[shape.rank()]);
    }

    /**
     * One element.
     *
     * @throws IllegalArgumentException if the index does not lie in the shape
     */
    public double get(long... index) {
        check("get");
        long at = start;
        boolean valid = index.length == shape.rank();
        for (int i = 0; valid && i < index.length; i++) {
            valid = index[i] >= 0 && index[i] < shape.dim(i);
            at += index[i] * strides[i];
        }
        if (!valid) {
            throw new IllegalArgumentException("get: expected an index inside " + shape + ", found " + Arrays.toString(index));
        }
        long byteAt = allocation.offset() + at * dtype.bytes();
        return switch (dtype) {
            case F32 -> segment().get(ValueLayout.JAVA_FLOAT, byteAt);
            case F64 -> segment().get(ValueLayout.JAVA_DOUBLE, byteAt);
            case F16 -> Float.float16ToFloat(segment().get(ValueLayout.JAVA_SHORT, byteAt));
            case BF16 -> Float.intBitsToFloat(segment().get(ValueLayout.JAVA_SHORT, byteAt) << 16);
        };
    }

    /**
     * Hands the bytes of this contiguous array, in native byte order, to a function; the segment must not be kept.
     *
     * @throws IllegalArgumentException if the array is not contiguous
     */
    public <R> R withSegment(Function<MemorySegment, R> function) {
        check("withSegment");
        MemorySegment bytes = bytes();
        Object[] out = new Object[1];
        Region.using("withSegment", () -> out[0] = function.apply(bytes), this);
        @SuppressWarnings("unchecked")
        R result = (R) out[0];
        return result;
    }

    private MemorySegment bytes() {
        if (!isContiguous()) {
            throw new IllegalArgumentException("expected a contiguous array, found shape " + shape + " with strides "
                    + Arrays.toString(strides) + "; call contiguous() first");
        }
        return segment().asSlice(offset(), shape.size() * dtype.bytes());
    }

    // ---- lifetime

    /**
     * Moves the memory, views included, to another scope. Returns this array.
     *
     * @throws IllegalStateException if an operator or {@link #withSegment} is using the memory, or the scope is closed
     */
    public NdArray moveTo(Scope scope) {
        check("moveTo");
        allocation.moveTo(scope);
        return this;
    }

    /** Moves the memory to an outer scope if its own scope lies inside that and would end first. Returns this array. */
    public NdArray liveUntil(Scope outer) {
        check("liveUntil");
        if (allocation.scope().isInside(outer)) {
            allocation.moveTo(outer);
        }
        return this;
    }

    /** Returns the memory of a copy that an operator made for itself; does nothing if it shares that of the original. */
    public void freeUnless(NdArray original) {
        if (!sharesMemoryWith(original)) {
            free();
        }
    }

    /** Whether two arrays, views or not, share their memory. */
    public boolean sharesMemoryWith(NdArray other) {
        return allocation == other.allocation;
    }

    /** Whether no holder counts on the memory. */
    public boolean isUnheld() {
        return allocation.isUnheld();
    }

    /**
     * Returns the memory, views included, before the scope ends.
     *
     * @throws IllegalStateException if an operator or {@link #withSegment} is using it
     */
    public void free() {
        check("free");
        allocation.close();
    }

    /** Counts one more holder of the memory. */
    public NdArray hold() {
        check("hold");
        allocation.hold();
        return this;
    }

    /** Counts one holder less; the memory is returned when the last holder lets go. */
    public void letGo() {
        allocation.release();
    }

    /** Whether exactly one holder counts on the memory, which may then change it in place. */
    public boolean isHeldOnce() {
        return allocation.isHeldOnce();
    }

    /** The scope that bounds the lifetime. */
    public Scope scope() {
        return allocation.scope();
    }

    private static void checkLength(String op, Shape shape, long length) {
        if (shape.size() != length) {
            throw new IllegalArgumentException(op + ": expected " + shape.size() + " values for shape " + shape + ", found "
                    + length);
        }
    }

    @Override
    public String toString() {
        return dtype + " " + shape + (allocation.isClosed() ? " (freed)" : "");
    }
}
