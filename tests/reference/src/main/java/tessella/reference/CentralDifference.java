package tessella.reference;

import java.util.function.ToDoubleFunction;
import java.util.function.UnaryOperator;

/** Gradients by central differences, to check the formulas of the oracles and of the library. */
public final class CentralDifference {
    private static final double STEP = 1e-3;

    private CentralDifference() {}

    /**
     * The gradient of the scalar function {@code f} at {@code x}, coordinate by coordinate, by the four-point rule
     * {@code (f(x - 2h) - 8 f(x - h) + 8 f(x + h) - f(x + 2h)) / 12h}, {@code h = 1e-3 max(1, |x_i|)}: its error is of
     * the order h^4. The array handed to {@code f} is valid for that call only.
     */
    public static Array gradient(ToDoubleFunction<Array> f, Array x) {
        Array gradient = Array.zeros(x.shape());
        Array moved = x.copy();
        for (int i = 0; i < x.size(); i++) {
            double at = x.data()[i];
            double h = STEP * Math.max(1, Math.abs(at));
            double difference = probe(f, moved, i, at - 2 * h) - 8 * probe(f, moved, i, at - h)
                    + 8 * probe(f, moved, i, at + h) - probe(f, moved, i, at + 2 * h);
            gradient.data()[i] = difference / (12 * h);
            moved.data()[i] = at;
        }
        return gradient;
    }

    /** The gradient at {@code x} of {@code sum(dy f(x))}: what the vjp of {@code f} must return for {@code dy}. */
    public static Array vjp(UnaryOperator<Array> f, Array x, Array dy) {
        return gradient(at -> f.apply(at).dot(dy), x);
    }

    private static double probe(ToDoubleFunction<Array> f, Array moved, int i, double value) {
        moved.data()[i] = value;
        return f.applyAsDouble(moved);
    }
}
