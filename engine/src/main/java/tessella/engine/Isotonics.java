package tessella.engine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import tessella.kernels.Dykstra;
import tessella.kernels.Isotonic;
import tessella.kernels.Isotonic.Penalty;
import tessella.kernels.Permutahedron;

/**
 * Isotonic optimisation of rows of the last axis, and the soft masks of any weights that it gives (Sander et al. 2023, section 4). Rows are
 * computed in float64 whatever they are stored in; those with NaN or infinities give NaN.
 */
public final class Isotonics {
    private static final long GRAIN = 1 << 11;

    private Isotonics() {}

    /**
     * v_1 &ge; v_2 &ge; .. that minimises sum |s_i - v_i|^q / (q lambda^(q-1)) + sum w_i v_i, by pooling adjacent violators.
     *
     * @param w at least 0, of the extent of the last axis or of the shape of s
     * @throws IllegalArgumentException if lambda is 0 or infinite, or w does not fit
     */
    public static NdArray mask(NdArray s, NdArray w, Regularizer regularizer) {
        return values("isotonic mask", Penalty.LINEAR, s, w, regularizer);
    }

    /** ds = dv of an element alone; in a block of several c_i (sum dv) / (sum c), c = |z|^(q-2), z = (s - v) / lambda. */
    public static NdArray maskGradient(NdArray s, NdArray w, Regularizer regularizer, NdArray dv) {
        return gradient("isotonic mask gradient", Penalty.LINEAR, s, w, regularizer, dv);
    }

    /**
     * v as for {@link #mask}, the second sum being of w_i v_i^2 / 2.
     *
     * @param s at least 0, or NaN
     * @throws IllegalArgumentException as there, or if an element of s is below 0
     */
    public static NdArray magnitude(NdArray s, NdArray w, Regularizer regularizer) {
        return values("isotonic magnitude", Penalty.SQUARED, s, w, regularizer);
    }

    /** ds as for {@link #maskGradient}, with the sum of w beside that of c, and so for an element alone. */
    public static NdArray magnitudeGradient(NdArray s, NdArray w, Regularizer regularizer, NdArray dv) {
        return gradient("isotonic magnitude gradient", Penalty.SQUARED, s, w, regularizer, dv);
    }

    private interface Body {
        /** Rows of contiguous float64 arrays at byte offset at. */
        void run(NdArray[] arrays, long at, int rows, int n);
    }

    private static NdArray values(String op, Penalty penalty, NdArray s, NdArray w, Regularizer regularizer) {
        checkWeights(op, s, w, regularizer);
        if (penalty == Penalty.SQUARED) {
            for (double size : s.toDoubles()) {
                if (size < 0) {
                    throw new IllegalArgumentException(op + ": expected sizes of at least 0, found " + size + "; take the magnitudes first");
                }
            }
        }
        return over(op, s, (a, at, rows, n) -> Isotonic.values(penalty, a[0].segment(), a[0].offset() + at, a[1].segment(),
                a[1].offset() + at, regularizer.lambda(), regularizer.norm(), a[2].segment(), a[2].offset() + at, rows, n),
                s, w.broadcastTo(s.shape()));
    }

    private static NdArray gradient(String op, Penalty penalty, NdArray s, NdArray w, Regularizer regularizer, NdArray dv) {
        checkShape(op, s, dv);
        return over(op, s, (a, at, rows, n) -> Isotonic.gradients(penalty, a[0].segment(), a[0].offset() + at, a[1].segment(),
                a[1].offset() + at, regularizer.lambda(), regularizer.norm(), a[2].segment(), a[2].offset() + at, a[3].segment(),
                a[3].offset() + at, rows, n), s, w.broadcastTo(s.shape()), dv);
    }

    private static void checkShape(String op, NdArray x, NdArray dy) {
        if (!x.shape().equals(dy.shape())) {
            throw new IllegalArgumentException(op + ": expected a cotangent of shape " + x.shape() + ", found " + dy.shape());
        }
    }

    private static void checkWeights(String op, NdArray s, NdArray w, Regularizer regularizer) {
        if (!(regularizer.lambda() > 0 && regularizer.lambda() < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(op + ": expected a finite lambda above 0, found " + regularizer.lambda());
        }
        if (s.shape().rank() == 0 || !w.shape().equals(s.shape()) && !w.shape().equals(Shape.of(s.shape().dim(-1)))) {
            throw new IllegalArgumentException(op + ": expected weights of the last axis of " + s.shape() + " or of all of it, found "
                    + w.shape());
        }
        for (double weight : w.toDoubles()) {
            if (!(weight >= 0 && weight < Double.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException(op + ": expected finite weights of at least 0, found " + weight);
            }
        }
    }

    /**
     * y = argmax of &lt;x, y&gt; - R(y) over the convex hull of all permutations of w: for w = (1, .., 1, 0, .., 0) the soft top-k mask.
     *
     * @param w [n], not rising, the last at least 0
     * @throws IllegalArgumentException if lambda is 0 or infinite, or w is not such
     */
    public static NdArray permutahedron(NdArray x, double[] w, Regularizer regularizer) {
        String op = "permutahedron mask";
        if (!(regularizer.lambda() > 0 && regularizer.lambda() < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(op + ": expected a finite lambda above 0, found " + regularizer.lambda());
        }
        if (x.shape().rank() == 0 || w.length != x.shape().dim(-1)) {
            throw new IllegalArgumentException(op + ": expected a weight for each element of the last axis of " + x.shape() + ", found "
                    + w.length);
        }
        for (int i = 0; i < w.length; i++) {
            if (!(w[i] >= 0 && w[i] < Double.POSITIVE_INFINITY && (i == 0 || w[i] <= w[i - 1]))) {
                throw new IllegalArgumentException(op + ": expected finite weights of at least 0 that do not rise, found " + w[i] + " at " + i
                        + " of " + Arrays.toString(w));
            }
        }
        return over(op, x, (a, at, rows, _) -> Permutahedron.forward(a[0].segment(), a[0].offset() + at, w, regularizer.lambda(),
                regularizer.norm(), a[1].segment(), a[1].offset() + at, rows), x);
    }

    /** dx_i = c_i (dy_i - sum c dy / sum c) in each pooled block, c the slopes of y, and 0 elsewhere. */
    public static NdArray permutahedronGradient(NdArray x, double[] w, Regularizer regularizer, NdArray dy) {
        checkShape("permutahedron mask gradient", x, dy);
        return over("permutahedron mask gradient", x, (a, at, rows, _) -> Permutahedron.gradient(a[0].segment(), a[0].offset() + at, w,
                regularizer.lambda(), regularizer.norm(), a[1].segment(), a[1].offset() + at, a[2].segment(), a[2].offset() + at, rows), x, dy);
    }

    /**
     * An approximate isotonic regression.
     *
     * @param v of the shape of s
     * @param cycles most that a row took
     * @param violation the most by which an element of v is below its right neighbour
     * @param change the most that an element moved in the last cycle
     * @param converged whether neither is above the tolerance that was asked for, in any row
     */
    public record Approximation(NdArray v, int cycles, double violation, double change, boolean converged) {}

    /**
     * v_1 &ge; v_2 &ge; .. that minimises sum u_i (s_i - v_i)^2, by Dykstra's alternating projections: until it is within the tolerance, or for so
     * many cycles, of which blocks of m elements take about m^2. Of s - lambda w with u = 1 it is {@link #mask} for p = 2, of s / (1 + lambda w)
     * with u = 1 + lambda w {@link #magnitude}.
     *
     * @param u above 0, of the extent of the last axis or of the shape of s
     * @throws IllegalArgumentException if u does not fit, or cycles or tolerance are negative
     */
    public static Approximation dykstra(NdArray s, NdArray u, int cycles, double tolerance) {
        String op = "isotonic dykstra";
        checkWeights(op, s, u, Regularizer.l2(1));
        for (double weight : u.toDoubles()) {
            if (!(weight > 0)) {
                throw new IllegalArgumentException(op + ": expected weights above 0, found " + weight);
            }
        }
        if (cycles < 0 || !(tolerance >= 0)) {
            throw new IllegalArgumentException(op + ": expected cycles and a tolerance of at least 0, found " + cycles + " and " + tolerance);
        }
        List<Dykstra.Progress> all = new ArrayList<>();
        NdArray v = over(op, s, (a, at, rows, n) -> {
            Dykstra.Progress[] some = Dykstra.values(a[0].segment(), a[0].offset() + at, a[1].segment(), a[1].offset() + at, cycles,
                    tolerance, a[2].segment(), a[2].offset() + at, rows, n);
            synchronized (all) {
                all.addAll(List.of(some));
            }
        }, s, u.broadcastTo(s.shape()));
        return new Approximation(v, all.stream().mapToInt(Dykstra.Progress::cycles).max().orElse(0),
                all.stream().mapToDouble(Dykstra.Progress::violation).max().orElse(0),
                all.stream().mapToDouble(Dykstra.Progress::change).max().orElse(0), all.stream().allMatch(p -> p.within(tolerance)));
    }

    /** Runs body over the rows of the operands in float64, with the result behind them, which comes back in the type of x. */
    private static NdArray over(String op, NdArray x, Body body, NdArray... operands) {
        for (NdArray operand : operands) {
            operand.check(op);
        }
        NdArray[] arrays = new NdArray[operands.length + 1];
        for (int i = 0; i < operands.length; i++) {
            arrays[i] = operands[i].to(DType.F64);
        }
        NdArray y = NdArray.result(op, DType.F64, x.shape());
        arrays[operands.length] = y;
        int n = Math.toIntExact(x.shape().dim(-1));
        Split split = Split.rows(x.shape().axes(0, x.shape().rank() - 1).size(), n, GRAIN);
        Region.run(op, split.parts(), (task, _) -> body.run(arrays, split.from(task) * n * 8, split.length(task), n), arrays);
        for (int i = 0; i < operands.length; i++) {
            arrays[i].free();
        }
        if (x.dtype() == DType.F64) {
            return y;
        }
        NdArray out = y.to(x.dtype());
        y.free();
        return out;
    }
}
