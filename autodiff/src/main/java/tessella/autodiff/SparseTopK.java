package tessella.autodiff;

import static tessella.autodiff.Tape.operator;
import static tessella.autodiff.Tape.saved;

import tessella.engine.Isotonics;
import tessella.engine.NdArray;
import tessella.engine.Pointwise;
import tessella.engine.Regularizer;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.TopK;

/**
 * Top-k that is differentiable and sparse (Sander, Puigcerver, Djolonga, Peyré, Blondel, Fast, Differentiable and Sparse Top-k: a Convex
 * Analysis Perspective, 2023), over the last axis, the others being a batch. Write s for the elements from the largest to the smallest, q = p /
 * (p - 1).
 *
 * <p>Where s_k - s_(k+1) is at least lambda the mask is exactly the hard one, and its gradient 0; for a lambda of 0 all of them are the hard
 * operators. Gradients are exact where the operator is differentiable, which for p = 2 is not so where an element just reaches 0 or 1, and for
 * p = 4/3 where it just reaches 1; there they are those of the side on which it is not pooled. A mask in float32 is good to about 1e-7 |x| /
 * lambda. Rows with NaN are NaN. Results are in the innermost scope; a k that is not from 0 to the extent of the axis throws
 * IllegalArgumentException.
 */
public final class SparseTopK {
    private SparseTopK() {}

    /**
     * y = argmax of &lt;x, y&gt; - R(y) over 0 &le; y &le; 1, sum y = k (section 4): y_i = clip((x_i - tau) / lambda, 0, 1)^(q-1). With c_i =
     * (q - 1) z_i^(q-2) / lambda where 0 &lt; y_i &lt; 1 and 0 elsewhere, z^(q-1) = y: dx_i = c_i (dy_i - sum c dy / sum c).
     */
    public static Tensor mask(Tensor x, int k, Regularizer regularizer) {
        TopK.Selection forward = TopK.mask(x.value(), k, regularizer);
        return operator("topKMask", forward.y(), saved(x.value(), forward.thresholds()),
                (dy, to) -> to.add(x, () -> TopK.maskGradient(x.value(), regularizer, forward, dy)), x);
    }

    /**
     * The k elements that are largest in magnitude, 0 elsewhere: y = sign(x) (|r| + lambda |r|^(p-1)), r the {@link #rawMagnitude}; x itself
     * where an element is selected and shares its place with none. The larger lambda, the less is selected against: in the end y = x. dx = dy
     * where y = x; in the block that shares, signs taken off, (c_i + 1) dy_i - c_i sum (c + 1) dy / (sum c + W), W the places it shares.
     */
    public static Tensor magnitude(Tensor x, int k, Regularizer regularizer) {
        TopK.Selection forward = TopK.magnitude(x.value(), k, regularizer);
        return operator("topKMagnitude", forward.y(), saved(x.value(), forward.thresholds()),
                (dy, to) -> to.add(x, () -> TopK.magnitudeGradient(x.value(), regularizer, forward, dy)), x);
    }

    /**
     * y = argmax of &lt;x, y&gt; - |y|_k^2 / 2 - R(y), |y|_k the k-support norm (section 3): the gradient of a convex function, but smaller than x.
     * dx = c dy / (c + 1) where an element is selected alone; in the block that shares, signs taken off, c_i (dy_i - sum c dy / (sum c + W)).
     */
    public static Tensor rawMagnitude(Tensor x, int k, Regularizer regularizer) {
        TopK.Selection forward = TopK.raw(x.value(), k, regularizer);
        return operator("topKRawMagnitude", forward.y(), saved(x.value(), forward.thresholds()),
                (dy, to) -> to.add(x, () -> TopK.rawGradient(x.value(), regularizer, forward, dy)), x);
    }

    /** y = 1 for the k largest, those that come first among equals, and 0 elsewhere; dx = 0. */
    public static Tensor hardMask(Tensor x, int k) {
        return mask(x, k, Regularizer.l2(0));
    }

    /** y = x for the k largest in magnitude, those that come first among equals, and 0 elsewhere; dx = dy where y = x. */
    public static Tensor hardMagnitude(Tensor x, int k) {
        return magnitude(x, k, Regularizer.l2(0));
    }

    /** f(x) = max &lt;x, y&gt; - R(y) over 0 &le; y &le; 1, sum y = k: [..]; dx = df y. */
    public static Tensor value(Tensor x, int k, Regularizer regularizer) {
        NdArray y = masked(x.value(), k, regularizer);
        return operator("topKValue", TopK.value(x.value(), y, regularizer), saved(y), (df, to) -> to.add(x, () -> weighted(df, y)), x);
    }

    /**
     * The mask of any weights w instead of k ones: y = argmax of &lt;x, y&gt; - R(y) over the convex hull of all permutations of w. dx as for
     * {@link #mask}, in each block that shares.
     *
     * @param w [n], not rising, the last at least 0
     * @throws IllegalArgumentException if lambda is 0 or infinite, or w is not such
     */
    public static Tensor permutahedron(Tensor x, double[] w, Regularizer regularizer) {
        double[] weights = w.clone();
        return operator("permutahedron", Isotonics.permutahedron(x.value(), weights, regularizer), saved(x.value()),
                (dy, to) -> to.add(x, () -> Isotonics.permutahedronGradient(x.value(), weights, regularizer, dy)), x);
    }

    /**
     * v_1 &ge; v_2 &ge; .. that minimises sum |s_i - v_i|^q / (q lambda^(q-1)) + sum w_i v_i. ds = dv of an element alone; in a block c_i (sum
     * dv) / (sum c).
     *
     * @param w at least 0, of the extent of the last axis or of the shape of s; a constant
     * @throws IllegalArgumentException if lambda is 0 or infinite, or w does not fit
     */
    public static Tensor isotonicMask(Tensor s, Tensor w, Regularizer regularizer) {
        return operator("isotonicMask", Isotonics.mask(s.value(), w.value(), regularizer), saved(s.value(), w.value()),
                (dv, to) -> to.add(s, () -> Isotonics.maskGradient(s.value(), w.value(), regularizer, dv)), s, w);
    }

    /**
     * v as for {@link #isotonicMask} with w_i v_i^2 / 2; ds with the sum of w beside that of c.
     *
     * @param s at least 0
     * @throws IllegalArgumentException as there, or if an element of s is below 0
     */
    public static Tensor isotonicMagnitude(Tensor s, Tensor w, Regularizer regularizer) {
        return operator("isotonicMagnitude", Isotonics.magnitude(s.value(), w.value(), regularizer), saved(s.value(), w.value()),
                (dv, to) -> to.add(s, () -> Isotonics.magnitudeGradient(s.value(), w.value(), regularizer, dv)), s, w);
    }

    /**
     * The Fenchel-Young loss of targets t that select k, such as k ones: f(x) + R(t) - &lt;x, t&gt;, at least 0, and 0 where the mask of x is t:
     * [..]; dx = dloss (y - t), y the mask. For one label of several places see {@link #labelLoss}.
     *
     * @param targets of the shape of x, of sum k in each row; constants
     * @throws IllegalArgumentException if targets are of another shape or type
     */
    public static Tensor fenchelYoungLoss(Tensor x, Tensor targets, int k, Regularizer regularizer) {
        if (!targets.shape().equals(x.shape()) || targets.dtype() != x.dtype()) {
            throw new IllegalArgumentException("fenchelYoungLoss: expected targets of type " + x.dtype() + " and shape " + x.shape()
                    + ", found " + targets.dtype() + " and " + targets.shape());
        }
        return gap("fenchelYoungLoss", x, masked(x.value(), k, regularizer), targets.value(), regularizer, targets);
    }

    /**
     * How much is lost if one label must be among the k selected: f(x) - max { &lt;x, u&gt; - R(u) : 0 &le; u &le; 1, sum u = k, u_label = 1 }, at
     * least 0, and 0 where the mask of x selects the label whole. For logits [.., classes], one label a row: [..]; dx = dloss (y - u).
     *
     * @throws IllegalArgumentException if there is not one label in [0, classes) a row, or k is 0
     */
    public static Tensor labelLoss(Tensor x, int[] labels, int k, Regularizer regularizer) {
        int n = Math.toIntExact(x.dim(-1));
        if (k < 1 || (long) labels.length * n != x.shape().size()) {
            throw new IllegalArgumentException("labelLoss: expected a k of at least 1 and one label for each row of " + x.shape()
                    + ", found " + k + " and " + labels.length + " labels");
        }
        double[] others = x.toDoubles();
        double[] own = new double[others.length];
        for (int row = 0; row < labels.length; row++) {
            if (labels[row] < 0 || labels[row] >= n) {
                throw new IllegalArgumentException("labelLoss: expected labels in [0, " + n + "), found " + labels[row] + " at row " + row);
            }
            others[row * n + labels[row]] = Double.NEGATIVE_INFINITY;
            own[row * n + labels[row]] = 1;
        }
        NdArray y = masked(x.value(), k, regularizer);
        NdArray rest = NdArray.empty(Scope.current(), x.dtype(), x.shape());
        rest.copyFrom(others);
        // the label aside, the k - 1 others
        NdArray u = masked(rest, k - 1, regularizer);
        rest.free();
        double[] selected = u.toDoubles();
        for (int i = 0; i < own.length; i++) {
            selected[i] = own[i] == 1 ? 1 : selected[i];
        }
        u.copyFrom(selected);
        return gap("labelLoss", x, y, u, regularizer);
    }

    private static NdArray masked(NdArray x, int k, Regularizer regularizer) {
        TopK.Selection forward = TopK.mask(x, k, regularizer);
        forward.thresholds().free();
        return forward.y();
    }

    private static Tensor gap(String op, Tensor x, NdArray y, NdArray u, Regularizer regularizer, Tensor... constants) {
        NdArray loss = TopK.gap(x.value(), y, u, regularizer);
        Tensor[] operands = new Tensor[constants.length + 1];
        operands[0] = x;
        System.arraycopy(constants, 0, operands, 1, constants.length);
        return operator(op, loss, saved(y, u), (dloss, to) -> to.add(x, () -> {
            NdArray difference = Pointwise.apply(Pointwise.Binary.SUB, y, u);
            NdArray dx = weighted(dloss, difference);
            difference.free();
            return dx;
        }), operands);
    }

    /** y scaled by a number for each row. */
    private static NdArray weighted(NdArray rows, NdArray y) {
        NdArray column = rows.reshaped(rows.shape().then(Shape.of(1)));
        NdArray out = Pointwise.apply(Pointwise.Binary.MUL, column.broadcastTo(y.shape()), y);
        column.freeUnless(rows);
        return out;
    }
}
