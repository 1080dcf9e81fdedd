package tessella.autodiff;

import static tessella.autodiff.Tape.operator;
import static tessella.autodiff.Tape.saved;

import java.util.Arrays;
import tessella.engine.Gathers;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;

/**
 * Elements picked by index, and added back. Indices are constants, row-major, copied when the operator is called; one that
 * does not lie in its axis throws IllegalArgumentException. Cotangents that meet are added in the order of the indices, so
 * their bits do not depend on threads. Results are in the innermost scope.
 */
public final class Indexing {
    private Indexing() {}

    /** y[.., i, ..] = x[.., indices[i], ..] along an axis; dx is dy added at the indices. */
    public static Tensor indexSelect(Tensor x, int axis, int... indices) {
        int[] at = indices.clone();
        return operator("indexSelect", Gathers.select(x.value(), axis, at), saved(), (dy, to) -> to.add(x, () -> {
            NdArray dx = NdArray.zeros(Scope.current(), x.dtype(), x.shape());
            Gathers.addSelected(dx, axis, at, dy);
            return dx;
        }), x);
    }

    /**
     * Rows of a table [n, d] by their ids, in the given shape: [shape.., d]; dtable is dy added at the ids.
     *
     * @throws IllegalArgumentException if the table is not a matrix, or the number of ids not that of the shape
     */
    public static Tensor embedding(Tensor table, int[] ids, long... shape) {
        if (table.shape().rank() != 2 || Shape.of(shape).size() != ids.length) {
            throw new IllegalArgumentException("embedding: expected a table [n, d] and one id for each element of "
                    + Shape.of(shape) + ", found " + table.shape() + " and " + ids.length + " ids");
        }
        return Shapes.reshape(indexSelect(table, 0, ids), Shape.of(shape).then(Shape.of(table.dim(1))).dims());
    }

    /**
     * y[b, i, ..] = x[b, indices[b, i], ..] along an axis, b standing for all axes before it; dx is dy added at the indices.
     *
     * @throws IllegalArgumentException if the number of indices is not a multiple of the members b
     */
    public static Tensor gatherRows(Tensor x, int axis, int... indices) {
        int[] at = indices.clone();
        return operator("gatherRows", Gathers.selectEach(x.value(), axis, at), saved(), (dy, to) -> to.add(x, () -> {
            NdArray dx = NdArray.zeros(Scope.current(), x.dtype(), x.shape());
            Gathers.addSelectedEach(dx, axis, at, dy);
            return dx;
        }), x);
    }

    /**
     * y[.., i, ..] = x[.., indices[.., i, ..], ..], one index an element of the result; dx is dy added at the indices.
     *
     * @param shape of indices and result, which agrees with that of x except along the axis
     */
    public static Tensor gather(Tensor x, int axis, int[] indices, long... shape) {
        int[] at = indices.clone();
        NdArray y = Gathers.elements(x.value(), axis, at, Shape.of(shape));
        return operator("gather", y, saved(), (dy, to) -> to.add(x, () -> {
            NdArray dx = NdArray.zeros(Scope.current(), x.dtype(), x.shape());
            Gathers.addElements(dx, axis, at, dy);
            return dx;
        }), x);
    }

    /** y = x, then y[.., indices[i], ..] += source[.., i, ..] along an axis; dx = dy, dsource = dy at the indices. */
    public static Tensor scatterAdd(Tensor x, int axis, int[] indices, Tensor source) {
        int[] at = indices.clone();
        NdArray y = x.value().copy();
        Gathers.addSelected(y, axis, at, source.value());
        return operator("scatterAdd", y, saved(), (dy, to) -> {
            to.add(source, () -> Gathers.select(dy, axis, at));
            to.add(x, dy);
        }, x, source);
    }

    /** y = x, then y[.., indices[.., i, ..], ..] += source[.., i, ..]; dx = dy, dsource = dy at the indices. */
    public static Tensor scatterAddElements(Tensor x, int axis, int[] indices, Tensor source) {
        int[] at = indices.clone();
        NdArray y = x.value().copy();
        Gathers.addElements(y, axis, at, source.value());
        return operator("scatterAddElements", y, saved(), (dy, to) -> {
            to.add(source, () -> Gathers.elements(dy, axis, at, source.shape()));
            to.add(x, dy);
        }, x, source);
    }

    /** y[s] = sum of the rows x[i] with segments[i] = s, for s in [0, count): [count, ..]; dx[i] = dy[segments[i]]. */
    public static Tensor segmentSum(Tensor x, int[] segments, int count) {
        checkSegments(x, segments, count);
        NdArray zeros = NdArray.zeros(Scope.current(), x.dtype(), x.shape().with(0, count));
        int[] at = segments.clone();
        Gathers.addSelected(zeros, 0, at, x.value());
        return operator("segmentSum", zeros, saved(), (dy, to) -> to.add(x, () -> Gathers.select(dy, 0, at)), x);
    }

    /** y[s] = mean of the rows x[i] with segments[i] = s, 0 where there is none; dx[i] = dy[s] / rows of s. */
    public static Tensor segmentMean(Tensor x, int[] segments, int count) {
        double[] sizes = new double[count];
        Tensor sum = segmentSum(x, segments, count);
        for (int segment : segments) {
            sizes[segment]++;
        }
        long[] dims = new long[x.shape().rank()];
        Arrays.fill(dims, 1);
        dims[0] = count;
        NdArray inverse = NdArray.empty(Scope.current(), x.dtype(), Shape.of(dims));
        inverse.copyFrom(Arrays.stream(sizes).map(n -> n == 0 ? 0 : 1 / n).toArray());
        return Elementwise.mul(sum, Tensor.of(inverse));
    }

    /** Softmax over the rows of each segment: y[i] = e^x[i] / sum of e^x[j] over the j of the segment of i, elementwise. */
    public static Tensor segmentSoftmax(Tensor x, int[] segments, int count) {
        checkSegments(x, segments, count);
        // the largest of all rows of the segment is taken off, a constant that the quotient does not feel
        NdArray rows = x.value().contiguous().reshape(Shape.of(x.dim(0), x.shape().size() / Math.max(1, x.dim(0))));
        double[] values = rows.toDoubles();
        int n = Math.toIntExact(rows.shape().dim(1));
        double[] top = new double[count * n];
        Arrays.fill(top, Double.NEGATIVE_INFINITY);
        for (int i = 0; i < segments.length; i++) {
            for (int j = 0; j < n; j++) {
                top[segments[i] * n + j] = Math.max(top[segments[i] * n + j], values[i * n + j]);
            }
        }
        double[] shifts = new double[values.length];
        for (int i = 0; i < segments.length; i++) {
            System.arraycopy(top, segments[i] * n, shifts, i * n, n);
        }
        rows.freeUnless(x.value());
        NdArray shift = NdArray.empty(Scope.current(), x.dtype(), x.shape());
        shift.copyFrom(shifts);
        Tensor exp = Elementwise.exp(Elementwise.sub(x, Tensor.of(shift)));
        return Elementwise.div(exp, indexSelect(segmentSum(exp, segments, count), 0, segments));
    }

    private static void checkSegments(Tensor x, int[] segments, int count) {
        boolean valid = x.shape().rank() > 0 && segments.length == x.dim(0);
        for (int segment : segments) {
            valid &= segment >= 0 && segment < count;
        }
        if (!valid) {
            throw new IllegalArgumentException("segments: expected a segment in [0, " + count + ") for each row of " + x.shape()
                    + ", found " + Arrays.toString(segments));
        }
    }

    /** The k largest elements of each row of the last axis, descending, and their places [rows, k], which are constants. */
    public record TopK(Tensor values, int[] indices) {}

    /**
     * The k largest elements along the last axis: [.., k]; of equal ones the first come first, NaN before all numbers. dx is
     * dy at their places and 0 elsewhere.
     *
     * @throws IllegalArgumentException if k is not in [0, n]
     */
    public static TopK topK(Tensor x, int k) {
        int n = Math.toIntExact(x.dim(-1));
        if (k < 0 || k > n) {
            throw new IllegalArgumentException("topK: expected k in [0, " + n + "] for shape " + x.shape() + ", found " + k);
        }
        int[] order = Gathers.argsort(x.value());
        int[] first = new int[n == 0 ? 0 : order.length / n * k];
        for (int i = 0; i < first.length; i++) {
            first[i] = order[i / k * n + i % k];
        }
        return new TopK(gather(x, -1, first, x.shape().with(-1, k).dims()), first);
    }

    /** The indices that sort each row of the last axis, the largest first; equal elements in the order of their places. */
    public static int[] argsort(Tensor x) {
        return Gathers.argsort(x.value());
    }
}
