package tessella.engine.transport;

/** Gradient ascent; see {@link Ascent.GradientAscent}. */
final class GradientClimb extends Climb {
    private static final double ENOUGH = 1e-4;
    private static final int HALVINGS = 60;

    private double length;

    GradientClimb(Hill hill, double[] start, double first) {
        super(hill, start);
        length = first / 2;
    }

    @Override
    boolean step() {
        double slope = dot(gradient, gradient);
        double[] next = new double[x.length];
        length *= 2;
        for (int halving = 0; halving < HALVINGS && slope > 0; halving++) {
            double[] there = moved(x, gradient, length);
            double risen = hill.evaluate(there, next);
            if (risen > value && risen >= value + ENOUGH * length * slope) {
                x = there;
                value = risen;
                gradient = next;
                return true;
            }
            length /= 2;
        }
        hill.evaluate(x, gradient);
        return false;
    }
}
