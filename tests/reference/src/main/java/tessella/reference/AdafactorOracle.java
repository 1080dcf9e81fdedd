package tessella.reference;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Adafactor on one parameter. Step t (from 1): {@code b = min(cap, 1 - t^-exponent)}; where the two largest axes (of equal ones
 * the later) have at least {@code least} elements, {@code v} is the product of the running means of {@code g^2 + eps} over
 * either, divided by the mean of one of them over both; else it is the running mean itself. {@code w = g / sqrt(v)}, divided by
 * {@code max(1, rms(w) / clip)}, times {@code max(leastScale, rms(p))} if scaled, {@code m = momentum m + (1 - momentum) w} and
 * {@code p = p - lr (multiplier m + decay p)}.
 */
public final class AdafactorOracle {
    private final int least;
    private final double exponent;
    private final double cap;
    private final double eps;
    private final double momentum;
    private final double clip;
    private final boolean scaled;
    private final double leastScale;
    /** Running means of the shape of the parameter: whole, or over one axis and the other. */
    private Array[] means;
    private Array m;
    private int step;

    /** An optimiser that has taken no step. */
    public AdafactorOracle(int least, double exponent, double cap, double eps, double momentum, double clip, boolean scaled,
            double leastScale) {
        this.least = least;
        this.exponent = exponent;
        this.cap = cap;
        this.eps = eps;
        this.momentum = momentum;
        this.clip = clip;
        this.scaled = scaled;
        this.leastScale = leastScale;
    }

    /** The parameter after the next step. */
    public Array step(Array p, Array gradient, double lr, double multiplier, double decay) {
        step++;
        double b = Math.min(cap, 1 - Math.pow(step, -exponent));
        List<Integer> axes = new ArrayList<>();
        for (int axis = 0; axis < p.rank(); axis++) {
            axes.add(axis);
        }
        axes.sort(Comparator.comparingInt(p::dim)); // stable: of equal extents the later axis comes last
        boolean factored = p.rank() >= 2 && p.dim(axes.get(p.rank() - 2)) >= least;
        Array squares = gradient.map(g -> g * g + eps);
        Array[] now = factored ? new Array[] {mean(squares, axes.get(p.rank() - 1)), mean(squares, axes.get(p.rank() - 2))}
                : new Array[] {squares};
        if (means == null) {
            means = new Array[now.length];
        }
        for (int i = 0; i < now.length; i++) {
            means[i] = means[i] == null ? now[i].times(1 - b) : means[i].zip(now[i], (old, x) -> b * old + (1 - b) * x);
        }
        Array v = factored ? means[0].times(means[1]).zip(mean(means[0], axes.get(p.rank() - 2)), (x, y) -> x / y) : means[0];
        Array w = gradient.zip(v, (g, x) -> g / Math.sqrt(x));
        double factor = (scaled ? Math.max(leastScale, rms(p)) : 1) / Math.max(1, rms(w) / clip);
        Array moved = w.times(factor * (1 - momentum));
        m = m == null ? moved : m.zip(moved, (old, x) -> momentum * old + x);
        return p.zip(m, (x, u) -> x - lr * (multiplier * u + decay * x));
    }

    private static double rms(Array x) {
        return Math.sqrt(x.dot(x) / Math.max(1, x.size()));
    }

    /** The mean over an axis, in every place of it. */
    private static Array mean(Array x, int axis) {
        return Array.fill(x.shape(), index -> {
            double sum = 0;
            int[] at = index.clone();
            for (at[axis] = 0; at[axis] < x.dim(axis); at[axis]++) {
                sum += x.get(at);
            }
            return sum / x.dim(axis);
        });
    }
}
