package tessella.reference;

/**
 * Adam with decoupled weight decay on one parameter. Step t (from 1), all elementwise:
 * {@code m = b1 m + (1 - b1) g}, {@code v = b2 v + (1 - b2) g^2},
 * {@code p = p - lr (m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps) + decay p)}.
 */
public final class AdamWOracle {
    private final double b1;
    private final double b2;
    private final double eps;
    private Array first;
    private Array second;
    private int step;

    /** An optimiser whose moments are 0. */
    public AdamWOracle(double b1, double b2, double eps) {
        this.b1 = b1;
        this.b2 = b2;
        this.eps = eps;
    }

    /** The parameter after the next step; {@code decay} is the weight decay before its product with {@code lr}. */
    public Array step(Array p, Array gradient, double lr, double decay) {
        step++;
        first = first == null ? Array.zeros(p.shape()) : first;
        second = second == null ? Array.zeros(p.shape()) : second;
        first = first.zip(gradient, (m, g) -> b1 * m + (1 - b1) * g);
        second = second.zip(gradient, (v, g) -> b2 * v + (1 - b2) * g * g);
        double correction1 = 1 - Math.pow(b1, step);
        double correction2 = 1 - Math.pow(b2, step);
        Array update = first.zip(second, (m, v) -> m / correction1 / (Math.sqrt(v / correction2) + eps));
        return p.zip(update, (x, u) -> x - lr * (u + decay * x));
    }
}
