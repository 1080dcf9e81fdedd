package tessella.autodiff;

import static tessella.autodiff.Tape.operator;
import static tessella.autodiff.Tape.saved;

import java.util.Arrays;
import java.util.function.Supplier;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Scope;
import tessella.engine.Shape;
import tessella.engine.transport.Cardinality;
import tessella.engine.transport.PlanGradient;
import tessella.engine.transport.SolverOptions;
import tessella.engine.transport.TransportProblem;
import tessella.engine.transport.TransportResult;
import tessella.engine.transport.TransportSolver;

/**
 * Sparsity-constrained optimal transport (Liu, Puigcerver, Blondel 2022) as a loss and as a layer: costs [m, n], masses of rows [m] and of
 * columns [n]. Solved in float64 whatever the type; of float32 the masses of the columns are scaled to the sum of those of the rows, which
 * rounding parts. Results are in the innermost scope.
 *
 * <p>Both throw IllegalArgumentException for what is no transport problem: shapes that do not fit, costs that are not finite, negative
 * masses, sums that differ, a gamma that is not above 0. Only the sum of the gradients of a row's and a column's mass is determined, for
 * neither sum of masses can change without the other.
 */
public final class Transport {
    private Transport() {}

    /**
     * The least cost, a scalar: max over the potentials of the dual function, of the relaxed problem where k binds. With T the plan and
     * alpha, beta the potentials that were found: dcost = dy T, da = dy alpha, db = dy beta.
     */
    public static Tensor transportCost(Tensor cost, Tensor a, Tensor b, double gamma, Cardinality k, SolverOptions options) {
        TransportResult found = solve(cost, a, b, gamma, k, options);
        NdArray y = array(cost.dtype(), Shape.of(), found.value());
        return operator("transportCost", y, saved(), (dy, to) -> {
            to.add(cost, () -> scaled(cost, found.plan().toDoubles(), dy));
            to.add(a, () -> scaled(a, found.alpha(), dy));
            to.add(b, () -> scaled(b, found.beta(), dy));
        }, cost, a, b);
    }

    /**
     * The plan T [m, n] itself, with exact zeros. With u_i + v_j the offsets that fit dT best on the entries of T: dcost = -(dT - u - v) / gamma
     * there and 0 elsewhere, da = u, db = v. That is the derivative where no entry is about to come or go; a plan that a solver left off its
     * marginals has that of its entries.
     */
    public static Tensor transportPlan(Tensor cost, Tensor a, Tensor b, double gamma, Cardinality k, SolverOptions options) {
        TransportResult found = solve(cost, a, b, gamma, k, options);
        NdArray y = array(cost.dtype(), cost.shape(), found.plan().toDoubles());
        return operator("transportPlan", y, saved(), (dy, to) -> {
            PlanGradient gradient = PlanGradient.of(found.plan(), gamma, dy.toDoubles());
            to.add(cost, part(cost, gradient.cost()));
            to.add(a, part(a, gradient.a()));
            to.add(b, part(b, gradient.b()));
        }, cost, a, b);
    }

    private static TransportResult solve(Tensor cost, Tensor a, Tensor b, double gamma, Cardinality k, SolverOptions options) {
        double[] rows = masses("row", a);
        double[] columns = masses("column", b);
        if (b.dtype() == DType.F32) {
            double scale = Arrays.stream(rows).sum() / Arrays.stream(columns).sum();
            if (Math.abs(scale - 1) < 1e-5) {
                Arrays.setAll(columns, j -> scale * columns[j]);
            }
        }
        try (Scope _ = Scope.open()) {
            return TransportSolver.solve(TransportProblem.of(cost.value(), rows, columns, gamma, k), options);
        }
    }

    private static double[] masses(String what, Tensor masses) {
        if (masses.shape().rank() != 1) {
            throw new IllegalArgumentException("transport: expected the " + what + " masses as one axis, found shape " + masses.shape());
        }
        return masses.toDoubles();
    }

    private static NdArray array(DType dtype, Shape shape, double... values) {
        NdArray out = NdArray.empty(Scope.current(), dtype, shape);
        out.copyFrom(values);
        return out;
    }

    private static Supplier<NdArray> part(Tensor operand, double[] gradient) {
        return () -> array(operand.dtype(), operand.shape(), gradient);
    }

    private static NdArray scaled(Tensor operand, double[] gradient, NdArray dy) {
        double factor = dy.item();
        return array(operand.dtype(), operand.shape(), Arrays.stream(gradient).map(g -> factor * g).toArray());
    }
}
