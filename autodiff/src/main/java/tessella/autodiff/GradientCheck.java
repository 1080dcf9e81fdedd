package tessella.autodiff;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import tessella.engine.DType;
import tessella.engine.NdArray;
import tessella.engine.Random;
import tessella.engine.Scope;
import tessella.engine.Shape;

/**
 * Compares the gradients of a function with central differences, in float64. For operators of one's own:
 *
 * <pre>{@code
 * GradientCheck.Worst worst = GradientCheck.worst(x -> silu(x.getFirst()), List.of(input));
 * assertTrue(worst.error() < 1e-8, worst.toString());
 * }</pre>
 *
 * <p>The function is called twice for each element of each input, and must give the same values each time. Its memory is
 * returned; inputs stay as they are.
 */
public final class GradientCheck {
    private static final double STEP = 1e-5;

    private GradientCheck() {}

    /**
     * The entry that differs most, or input -1 and error 0 if none differs; one that is no number is worse than any other.
     *
     * @param input which of the inputs, from 0
     * @param index where in that input
     * @param analytic its gradient, 0 for an input that no recorded operator used
     * @param numeric its central difference
     * @param error |analytic - numeric| divided by the larger of 1 and the largest |numeric| of that input
     */
    public record Worst(int input, long[] index, double analytic, double numeric, double error) {
        @Override
        public String toString() {
            return "input " + input + " at " + Arrays.toString(index) + ": gradient " + analytic + ", central difference "
                    + numeric + ", error " + error;
        }
    }

    /**
     * Checks the gradient of sum(w . f(inputs)), w fixed pseudo-random weights, with respect to every element of every
     * input; (f(x + h) - f(x - h)) / 2h with h = 1e-5 max(1, |x|).
     *
     * @throws IllegalArgumentException if an input is not float64
     */
    public static Worst worst(Function<List<Tensor>, Tensor> f, List<NdArray> inputs) {
        for (NdArray input : inputs) {
            if (input.dtype() != DType.F64) {
                throw new IllegalArgumentException("gradient check: expected float64 inputs, found " + input);
            }
        }
        List<double[]> analytic = new ArrayList<>();
        try (Tape tape = Tape.record()) {
            List<Tensor> leaves = inputs.stream().map(Tensor::of).map(tape::watch).toList();
            Tensor y = f.apply(leaves);
            Gradients gradients = tape.gradients(List.of(y), List.of(weights(Scope.current(), y.shape())));
            for (Tensor leaf : leaves) {
                NdArray g = gradients.of(leaf);
                analytic.add(g == null ? new double[(int) leaf.shape().size()] : g.toDoubles());
            }
        }
        Worst worst = new Worst(-1, new long[0], 0, 0, 0);
        for (int i = 0; i < inputs.size(); i++) {
            double[] x = inputs.get(i).toDoubles();
            double[] numeric = new double[x.length];
            for (int at = 0; at < x.length; at++) {
                double h = STEP * Math.max(1, Math.abs(x[at]));
                numeric[at] = (objective(f, inputs, i, x, at, x[at] + h) - objective(f, inputs, i, x, at, x[at] - h)) / (2 * h);
            }
            double scale = Math.max(1, Arrays.stream(numeric).map(Math::abs).max().orElse(1));
            for (int at = 0; at < x.length; at++) {
                double error = Math.abs(analytic.get(i)[at] - numeric[at]) / scale;
                if (Double.compare(error, worst.error) > 0) {
                    worst = new Worst(i, index(inputs.get(i).shape(), at), analytic.get(i)[at], numeric[at], error);
                }
            }
        }
        return worst;
    }

    private static double objective(Function<List<Tensor>, Tensor> f, List<NdArray> inputs, int input, double[] x, int at,
            double value) {
        try (Scope scope = Scope.open()) {
            double[] changed = x.clone();
            changed[at] = value;
            List<Tensor> tensors = new ArrayList<>();
            for (int i = 0; i < inputs.size(); i++) {
                tensors.add(i == input ? Tensor.of(scope, inputs.get(i).shape(), changed) : Tensor.of(inputs.get(i)));
            }
            double[] y = f.apply(tensors).toDoubles();
            double[] w = weights(scope, Shape.of(y.length)).toDoubles();
            double sum = 0;
            for (int i = 0; i < y.length; i++) {
                sum += w[i] * y[i];
            }
            return sum;
        }
    }

    private static NdArray weights(Scope scope, Shape shape) {
        Random random = Random.of(0, "gradient check");
        double[] w = new double[Math.toIntExact(shape.size())];
        Arrays.setAll(w, i -> 2 * random.uniform(i) - 1);
        return NdArray.of(scope, shape, w);
    }

    private static long[] index(Shape shape, long at) {
        long[] out = new long[shape.rank()];
        for (int axis = out.length - 1; axis >= 0; axis--) {
            out[axis] = at % shape.dim(axis);
            at /= shape.dim(axis);
        }
        return out;
    }
}
