package tessella.reference;

/**
 * Gradient descent with momentum on one parameter, all elementwise: {@code h = g + l2 p}, {@code m = momentum m + h}, then
 * {@code u = m}, or {@code u = h + momentum m} after Nesterov, and {@code p = p - lr (multiplier u + decay p)}.
 */
public final class SgdOracle {
    private final double momentum;
    private final boolean nesterov;
    private final double l2;
    private Array m;

    /** A descent at rest. */
    public SgdOracle(double momentum, boolean nesterov, double l2) {
        this.momentum = momentum;
        this.nesterov = nesterov;
        this.l2 = l2;
    }

    /** The parameter after the next step. */
    public Array step(Array p, Array gradient, double lr, double multiplier, double decay) {
        Array h = gradient.zip(p, (g, x) -> g + l2 * x);
        m = m == null ? h : m.zip(h, (old, now) -> momentum * old + now);
        Array u = nesterov ? h.zip(m, (now, mean) -> now + momentum * mean) : m;
        return p.zip(u, (x, move) -> x - lr * (multiplier * move + decay * x));
    }
}
