package tessella.reference;

import java.util.Arrays;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.ToDoubleFunction;

/**
 * A dense row-major array of float64 numbers: {@code data[((i0 * n1 + i1) * n2 + i2) ...]} is element
 * {@code [i0, i1, i2, ...]} of an array of shape {@code [n0, n1, n2, ...]}.
 *
 * <p>The shape is fixed, the elements can be changed. Rank 0 (shape {@code []}) is one number; a dimension of 0 is
 * allowed and makes the array empty.
 */
public final class Array {
    private final int[] shape;
    private final double[] data;

    private Array(int[] shape, double[] data) {
        this.shape = shape;
        this.data = data;
    }

    /** The array of the given shape over a copy of {@code data}, whose length must be the product of the shape. */
    public static Array of(int[] shape, double... data) {
        if (data.length != sizeOf(shape)) {
            throw new IllegalArgumentException("Array.of: " + data.length + " values for the shape "
                    + Arrays.toString(shape) + " of " + sizeOf(shape) + " elements");
        }
        return new Array(shape.clone(), data.clone());
    }

    /** The array of the given shape over the widened {@code data}. */
    public static Array of(int[] shape, float[] data) {
        double[] wide = new double[data.length];
        for (int i = 0; i < data.length; i++) {
            wide[i] = data[i];
        }
        return of(shape, wide);
    }

    /** An array of zeros. */
    public static Array zeros(int... shape) {
        return new Array(shape.clone(), new double[sizeOf(shape)]);
    }

    /** An array whose every element is {@code value}. */
    public static Array full(int[] shape, double value) {
        return fill(shape, index -> value);
    }

    /** An array of rank 0. */
    public static Array scalar(double value) {
        return new Array(new int[0], new double[] {value});
    }

    /** An array whose element at {@code index} is {@code value.applyAsDouble(index)}. */
    public static Array fill(int[] shape, ToDoubleFunction<int[]> value) {
        Array result = zeros(shape);
        int position = 0;
        for (int[] index : indices(shape)) {
            result.data[position++] = value.applyAsDouble(index);
        }
        return result;
    }

    /** The product of the dimensions: 1 for rank 0. */
    public static int sizeOf(int... shape) {
        int size = 1;
        for (int dim : shape) {
            size = Math.multiplyExact(size, dim);
        }
        return size;
    }

    /** Every index of an array of this shape in row-major order; each step yields an array of its own. */
    public static Iterable<int[]> indices(int... shape) {
        return () -> new Iterator<>() {
            private final int[] next = new int[shape.length];
            private int left = sizeOf(shape);

            @Override
            public boolean hasNext() {
                return left > 0;
            }

            @Override
            public int[] next() {
                if (left-- <= 0) {
                    throw new NoSuchElementException("no index left in the shape " + Arrays.toString(shape));
                }
                int[] current = next.clone();
                for (int axis = shape.length - 1; axis >= 0 && ++next[axis] == shape[axis]; axis--) {
                    next[axis] = 0;
                }
                return current;
            }
        };
    }

    /** A copy of the dimensions. */
    public int[] shape() {
        return shape.clone();
    }

    /** The number of dimensions. */
    public int rank() {
        return shape.length;
    }

    /** The extent of one axis; a negative axis counts from the end. */
    public int dim(int axis) {
        return shape[axis < 0 ? axis + shape.length : axis];
    }

    /** The number of elements. */
    public int size() {
        return data.length;
    }

    /** The elements themselves, not a copy: a change is seen by this array. */
    public double[] data() {
        return data;
    }

    /** The elements rounded to float32. */
    public float[] toFloats() {
        float[] narrow = new float[data.length];
        for (int i = 0; i < data.length; i++) {
            narrow[i] = (float) data[i];
        }
        return narrow;
    }

    /** This array with every element rounded to the nearest float32, so that both precisions can start from it. */
    public Array roundedToFloat() {
        return map(x -> (float) x);
    }

    /** Every index of this array in row-major order. */
    public Iterable<int[]> indices() {
        return indices(shape);
    }

    /** The position of an index in {@link #data()}. */
    public int offset(int... index) {
        if (index.length != shape.length) {
            throw new IllegalArgumentException("Array.offset: index " + Arrays.toString(index) + " into the shape "
                    + Arrays.toString(shape));
        }
        int offset = 0;
        for (int axis = 0; axis < shape.length; axis++) {
            if (index[axis] < 0 || index[axis] >= shape[axis]) {
                throw new IndexOutOfBoundsException("Array.offset: index " + Arrays.toString(index)
                        + " into the shape " + Arrays.toString(shape));
            }
            offset = offset * shape[axis] + index[axis];
        }
        return offset;
    }

    /** The index of a position in {@link #data()}: the inverse of {@link #offset}. */
    public int[] indexAt(int position) {
        int[] index = new int[shape.length];
        int rest = position;
        for (int axis = shape.length - 1; axis >= 0; axis--) {
            index[axis] = rest % shape[axis];
            rest /= shape[axis];
        }
        return index;
    }

    /** One element. */
    public double get(int... index) {
        return data[offset(index)];
    }

    /** Sets one element. */
    public void set(double value, int... index) {
        data[offset(index)] = value;
    }

    /** Adds to one element. */
    public void add(double value, int... index) {
        data[offset(index)] += value;
    }

    /** The only element of an array of size 1. */
    public double item() {
        if (data.length != 1) {
            throw new IllegalStateException("Array.item: the shape " + Arrays.toString(shape) + " has "
                    + data.length + " elements, expected 1");
        }
        return data[0];
    }

    /**
     * The element that broadcasting pairs with {@code index} of a larger result: axes are aligned at the right, an
     * axis of extent 1 is read at 0 whatever the index says.
     */
    public double getBroadcast(int... index) {
        return data[offset(broadcastIndex(index))];
    }

    int[] broadcastIndex(int... index) {
        int[] own = new int[shape.length];
        for (int axis = 0; axis < shape.length; axis++) {
            own[axis] = shape[axis] == 1 ? 0 : index[index.length - shape.length + axis];
        }
        return own;
    }

    /** The sum over everything that broadcasting to {@code this} repeated: the inverse direction of a broadcast. */
    public Array sumTo(int... target) {
        Array sum = zeros(target);
        for (int[] index : indices()) {
            sum.add(get(index), sum.broadcastIndex(index));
        }
        return sum;
    }

    /** The shape to which both shapes broadcast; refuses dimensions that differ and are not 1. */
    public static int[] broadcastShape(int[] a, int[] b) {
        int[] result = new int[Math.max(a.length, b.length)];
        for (int back = 1; back <= result.length; back++) {
            int left = back <= a.length ? a[a.length - back] : 1;
            int right = back <= b.length ? b[b.length - back] : 1;
            if (left != right && left != 1 && right != 1) {
                throw new IllegalArgumentException("Array.broadcastShape: " + Arrays.toString(a) + " and "
                        + Arrays.toString(b) + " do not broadcast");
            }
            result[result.length - back] = left == 1 ? right : left;
        }
        return result;
    }

    /** {@code f} of every element. */
    public Array map(DoubleUnaryOperator f) {
        Array result = zeros(shape);
        for (int i = 0; i < data.length; i++) {
            result.data[i] = f.applyAsDouble(data[i]);
        }
        return result;
    }

    /** {@code f} of every pair of elements, both sides broadcast. */
    public Array zip(Array other, DoubleBinaryOperator f) {
        return fill(broadcastShape(shape, other.shape),
                index -> f.applyAsDouble(getBroadcast(index), other.getBroadcast(index)));
    }

    /** The sum, both sides broadcast. */
    public Array plus(Array other) {
        return zip(other, Double::sum);
    }

    /** The product, both sides broadcast. */
    public Array times(Array other) {
        return zip(other, (x, y) -> x * y);
    }

    /** Every element times {@code factor}. */
    public Array times(double factor) {
        return map(x -> x * factor);
    }

    /** The sum of {@code this * other} over all elements: the scalar that a cotangent stands for. */
    public double dot(Array other) {
        if (!Arrays.equals(shape, other.shape)) {
            throw new IllegalArgumentException("Array.dot: the shapes " + Arrays.toString(shape) + " and "
                    + Arrays.toString(other.shape) + " differ");
        }
        double sum = 0;
        for (int i = 0; i < data.length; i++) {
            sum += data[i] * other.data[i];
        }
        return sum;
    }

    /** The same elements in the same order under another shape of the same size. */
    public Array reshape(int... target) {
        return of(target, data);
    }

    /** The array whose axis {@code i} is axis {@code axes[i]} of this one. */
    public Array permute(int... axes) {
        int[] target = new int[axes.length];
        for (int i = 0; i < axes.length; i++) {
            target[i] = shape[axes[i]];
        }
        return fill(target, index -> {
            int[] source = new int[axes.length];
            for (int i = 0; i < axes.length; i++) {
                source[axes[i]] = index[i];
            }
            return get(source);
        });
    }

    /** The last two axes exchanged. */
    public Array transposed() {
        int[] axes = new int[shape.length];
        for (int i = 0; i < axes.length; i++) {
            axes[i] = i;
        }
        axes[axes.length - 1] = axes.length - 2;
        axes[axes.length - 2] = axes.length - 1;
        return permute(axes);
    }

    /** A copy. */
    public Array copy() {
        return of(shape, data);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Array that && Arrays.equals(shape, that.shape) && Arrays.equals(data, that.data);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(shape) + Arrays.hashCode(data);
    }

    /** The shape and the first elements. */
    @Override
    public String toString() {
        String some = Arrays.toString(Arrays.copyOf(data, Math.min(data.length, 8)));
        return Arrays.toString(shape) + " " + some + (data.length > 8 ? "..." : "");
    }
}
