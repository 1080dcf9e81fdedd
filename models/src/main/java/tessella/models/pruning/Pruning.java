package tessella.models.pruning;

import tessella.autodiff.SparseTopK;
import tessella.autodiff.Tensor;
import tessella.engine.Regularizer;
import tessella.engine.Sums;
import tessella.engine.Pointwise;
import tessella.engine.NdArray;
import tessella.engine.Shape;
import tessella.autodiff.Shapes;

/** Which weights of a kernel take part in a step of training in which it is pruned. */
public sealed interface Pruning {
    /**
     * The weights that take part, 0 for the others: of the shape of the kernel, with the gradient of the selection.
     *
     * @param kept how many
     * @param progress of pruning, 0 to 1
     */
    Tensor select(Tensor kernel, int kept, double progress);

    /** Gradual magnitude pruning: those that are largest in magnitude; the others get no gradient. */
    record Hard() implements Pruning {
        @Override
        public Tensor select(Tensor kernel, int kept, double progress) {
            return flat(kernel, x -> SparseTopK.hardMagnitude(x, kept));
        }
    }

    /**
     * The soft magnitudes, which lambda hardens as pruning goes on: lambda = from (to / from)^progress, in units that do not depend on the
     * scale of the weights, so times (mean square)^(1 - p / 2).
     *
     * @param p the exponent of the regularizer
     * @param from lambda of the first step, above 0
     * @param to lambda of the last, above 0
     */
    record Soft(double p, double from, double to) implements Pruning {
        /** Checks lambda. */
        public Soft {
            if (!(from > 0 && to > 0 && from < Double.POSITIVE_INFINITY && to <= from)) {
                throw new IllegalArgumentException("pruning: expected a lambda that falls to a number above 0, found " + from + " to " + to);
            }
        }

        @Override
        public Tensor select(Tensor kernel, int kept, double progress) {
            double lambda = from * StrictMath.pow(to / from, progress);
            double scale = p == 2 ? 1 : StrictMath.pow(meanSquare(kernel.value()), 1 - p / 2);
            return flat(kernel, x -> SparseTopK.magnitude(x, kept, new Regularizer(lambda * scale, p)));
        }

        private static double meanSquare(NdArray x) {
            NdArray squares = Pointwise.apply(Pointwise.Unary.SQUARE, x);
            NdArray mean = Sums.sum(squares, 1.0 / x.size(), 0, 1);
            double value = mean.get(0, 0);
            squares.free();
            mean.free();
            return value;
        }
    }

    private static Tensor flat(Tensor kernel, java.util.function.UnaryOperator<Tensor> select) {
        return Shapes.reshape(select.apply(Shapes.reshape(kernel, kernel.shape().size())), kernel.shape().dims());
    }
}
